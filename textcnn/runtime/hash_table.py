"""A hash table of 64-bit keys that NumPy looks up."""

import numpy as np

# An odd number that spreads keys over the table: 2^64 over the golden ratio (Knuth 1998, 6.4).
SPREAD = np.uint64(0x9E3779B97F4A7C15)
NO_NUMBER = 0
NO_KEY = np.uint64(2**64 - 1)  # in empty slots


class HashTable:
    """The number of each key: `first_number` plus its place."""

    def __init__(self, keys: np.ndarray, first_number: int):
        """
        Args:
            keys: (keys,) uint64, all different, none of them NO_KEY.
            first_number: at least 1: a key that is not there has the number 0.
        """
        bits = max(2 * len(keys), 1).bit_length()  # from 2 to 4 slots for each key
        self.shift = np.uint64(64 - bits)
        self.keys = np.full(1 << bits, NO_KEY)
        self.numbers = np.zeros(1 << bits, np.int32)
        self.last = (1 << bits) - 1
        waiting = np.arange(len(keys))  # places in `keys`
        slots = self.first_slots(keys)
        while len(waiting):
            free = self.keys[slots] == NO_KEY
            # of several keys for one free slot, one stays, and the others see that it isn't theirs
            self.keys[slots[free]] = keys[waiting[free]]
            own = self.keys[slots] == keys[waiting]
            self.numbers[slots[own]] = waiting[own] + first_number
            waiting, slots = waiting[~own], (slots[~own] + 1) & self.last

    def first_slots(self, keys: np.ndarray) -> np.ndarray:
        """The slot where the search for each key begins: the high bits are the most mixed."""
        slots: np.ndarray = ((keys * SPREAD) >> self.shift).view(np.int64)
        return slots

    def look_up(self, keys: np.ndarray) -> np.ndarray:
        """(keys,) uint64 to int32 numbers, NO_NUMBER for unknown ones."""
        slots = self.first_slots(keys)
        found = self.keys.take(slots)
        numbers = self.numbers.take(slots)
        wrong = found != keys
        numbers[wrong] = NO_NUMBER
        searching = np.flatnonzero(wrong & (found != NO_KEY))
        slots = (slots[searching] + 1) & self.last
        while len(searching):
            found, sought = self.keys.take(slots), keys[searching]
            hit = found == sought
            numbers[searching[hit]] = self.numbers[slots[hit]]
            further = ~hit & (found != NO_KEY)
            searching, slots = searching[further], (slots[further] + 1) & self.last
        return numbers
