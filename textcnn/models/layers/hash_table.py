"""A hash table of 64-bit keys that PyTorch looks up."""

import torch
from torch import Tensor

# An odd number that spreads keys over the table: 2^64 over the golden ratio (Knuth 1998, 6.4).
SPREAD = -7046029254386353131
NO_KEY = -1
NO_NUMBER = 0
LOAD = 0.4  # the largest fraction of slots in use: more would need longer searches


class HashTable:
    """The number of each key: `first_number` plus its place."""

    def __init__(self, keys: Tensor, first_number: int):
        """
        Args:
            keys: (keys,) int64, at least 0, all different.
            first_number: at least 1: a key that is not there has the number 0.
        """
        self.keys, self.first_number = keys, first_number
        self.slots: tuple[Tensor, Tensor] | None = None  # made when they are first needed

    def look_up(self, keys: Tensor) -> Tensor:
        """The number of each key, NO_NUMBER for an unknown one; int64, of the shape of `keys`."""
        if self.slots is None or self.slots[0].device != keys.device:
            self.slots = slots_of(self.keys.to(keys.device), self.first_number)
        slot_keys, slot_numbers = self.slots
        wanted = keys.flatten()
        slots = first_slots(wanted, len(slot_keys))
        found = slot_keys.index_select(0, slots)
        numbers = slot_numbers.index_select(0, slots).long()
        # NO_NUMBER is also the number in an empty slot
        numbers.masked_fill_(found != wanted, NO_NUMBER)
        searching = ((found != wanted) & (found != NO_KEY) & (wanted != NO_KEY)).nonzero()[:, 0]
        slots = slots[searching]
        while len(searching):
            slots = (slots + 1) & (len(slot_keys) - 1)
            found, sought = slot_keys[slots], wanted[searching]
            hit = found == sought
            numbers[searching[hit]] = slot_numbers[slots[hit]].long()
            further = ~hit & (found != NO_KEY)
            searching, slots = searching[further], slots[further]
        return numbers.view_as(keys)


def first_slots(keys: Tensor, slots: int) -> Tensor:
    """The slot where the search for each key begins; `slots` is a power of 2."""
    # the high bits of the product are the most mixed
    return ((keys * SPREAD) >> (64 - slots.bit_length())) & (slots - 1)


def slots_of(keys: Tensor, first_number: int) -> tuple[Tensor, Tensor]:
    """The slots, with linear probing: the key and the number in each.

    Returns:
        keys: (slots,) int64, NO_KEY in empty slots.
        numbers: (slots,) int32, NO_NUMBER in empty slots.
    """
    count = 1 << max(int(len(keys) / LOAD), 1).bit_length()
    slot_keys = torch.full((count,), NO_KEY, device=keys.device)
    slot_numbers = torch.full((count,), NO_NUMBER, dtype=torch.int32, device=keys.device)
    waiting = torch.arange(len(keys), device=keys.device)  # places in `keys`
    slots = first_slots(keys, count)
    while len(waiting):
        free = slot_keys[slots] == NO_KEY
        # of several keys for one free slot, one stays, and the others see that it isn't theirs
        slot_keys[slots[free]] = keys[waiting[free]]
        own = slot_keys[slots] == keys[waiting]
        slot_numbers[slots[own]] = (waiting[own] + first_number).to(torch.int32)
        waiting, slots = waiting[~own], (slots[~own] + 1) & (count - 1)
    return slot_keys, slot_numbers
