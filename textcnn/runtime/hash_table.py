"""A hash table of 64-bit keys that NumPy looks up.

Each key lies in one of two slots (cuckoo hashing, Pagh & Rodler 2004), so that a look-up of many
keys takes the same few operations for all of them: five times as fast as probing on.
"""

from itertools import pairwise

import numpy as np

# Odd numbers that spread keys over the slots: powers of 2^64 over the golden ratio (Knuth 1998,
# 6.4). Two are used, and other ones if the keys don't fit.
SPREADS = tuple(pow(0x9E3779B97F4A7C15, power, 2**64) for power in range(1, 21))
NO_NUMBER = 0
NO_KEY = np.uint64(2**64 - 1)  # in no slot
ROOM = 1.3  # slots on each of the two sides, for each key, at least
ROUNDS = 200  # to find a slot for every key; ten are enough but for bad luck


class HashTable:
    """The number of each key: `first_number` plus its place."""

    def __init__(self, keys: np.ndarray, first_number: int):
        """
        Args:
            keys: (keys,) uint64, all different, none of them NO_KEY.
            first_number: at least 1: a key that is not there has the number 0.

        Raises:
            ValueError: a key is repeated, or keys were made to collide.
        """
        ordered = np.sort(keys)
        if (ordered[1:] == ordered[:-1]).any():  # no spread finds a slot for each
            raise ValueError("expected different keys")
        self.first_number = first_number
        self.keys = np.concatenate([[NO_KEY], keys])  # that of an empty slot is the first
        self.bits = max(int(ROOM * len(keys)), 1).bit_length()
        self.shift = np.uint64(64 - self.bits)
        for first, second in pairwise(SPREADS):
            self.spreads = np.uint64(first), np.uint64(second)
            if (sides := self.filled()) is not None:
                self.sides = sides
                return
        raise ValueError("no slot for every key")

    def filled(self) -> tuple[np.ndarray, np.ndarray] | None:
        """For each side, the place in `keys` of each slot's key; None: they don't fit."""
        slots = np.zeros(2 << self.bits, np.int32)  # both sides, one behind the other
        waiting, side = np.arange(1, len(self.keys)), np.zeros(len(self.keys) - 1, np.int64)
        for _ in range(ROUNDS):
            if not len(waiting):
                return slots[: 1 << self.bits], slots[1 << self.bits :]
            keys = self.keys[waiting]
            place = np.where(side == 0, *(self.slots(keys, spread) for spread in self.spreads))
            place += side << self.bits
            before = slots[place]
            slots[place] = waiting  # of several keys for one slot, one wins
            won = slots[place] == waiting
            # the others, and the keys that were there, try their other slot
            moved = won & (before > 0)
            waiting = np.concatenate([waiting[~won], before[moved]])
            side = 1 - np.concatenate([side[~won], side[moved]])
        return None

    def slots(self, keys: np.ndarray, spread: np.uint64) -> np.ndarray:
        """The slot of each key on one side: the high bits of the product are the most mixed."""
        slots: np.ndarray = ((keys * spread) >> self.shift).view(np.int64)
        return slots

    def look_up(self, keys: np.ndarray) -> np.ndarray:
        """(keys,) uint64 to int32 numbers, NO_NUMBER for unknown ones."""
        found = np.zeros(len(keys), np.int32)
        for slots, spread in zip(self.sides, self.spreads, strict=True):
            place = slots.take(self.slots(keys, spread))
            # of a key that is repeated, one place is as good as the other
            np.maximum(found, place * (self.keys.take(place) == keys), out=found)
        if self.first_number == 1:
            return found
        return np.where(found > 0, found + np.int32(self.first_number - 1), np.int32(NO_NUMBER))
