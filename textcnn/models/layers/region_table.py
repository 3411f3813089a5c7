"""The weights of a one-hot convolution: a row for each token and place, instead of vectors."""

import math

import torch
from torch import Tensor, nn

from textcnn.models.layers.embedding import Embedding
from textcnn.text.vocabulary import PADDING, UNKNOWN

DEVIATION = 0.01  # of initial weights
NEVER = 2**31 - 1  # more tokens than a text has


class RegionTable(Embedding):
    """What each token adds to the regions that contain it (Johnson & Zhang 2015).

    A convolution over one-hot vectors multiplies nothing: each token of a region adds its own
    weights to the filters. So the weights are a table of rows (filters,), and these are looked up.

    `seq`: a token has a row for each place in a region. `bow`: a token has a row for each region
    size, which is added once however often the region contains the token.

    Padding and unknown tokens add nothing: their one-hot vectors are zero. They share row 0.
    """

    def __init__(
        self, vocabulary_size: int, kernel_sizes: tuple[int, ...], num_filters: int, region: str
    ):
        """
        Args:
            kernel_sizes: tokens of each region size.
            num_filters: filters of each region size.
            region: `seq` or `bow`.
        """
        bags = region == "bow"
        rows = len(kernel_sizes) if bags else sum(kernel_sizes)
        super().__init__(vocabulary_size * rows, num_filters, "random")
        self.kind, self.vocabulary_size = "onehot", vocabulary_size
        self.rows = rows  # of each token
        self.bags = bags
        # for all places of the first region size, then for those of the next
        self.inner = tuple(place for size in kernel_sizes for place in range(size))
        sizes = [number for number, size in enumerate(kernel_sizes) for _ in range(size)]
        self.places = tuple(sizes if bags else range(rows))  # the row of a token at that place
        self.dim = len(self.places) * num_filters
        assert self.table is not None
        bound = DEVIATION * math.sqrt(3)
        nn.init.uniform_(self.table.weight, -bound, bound)
        nn.init.zeros_(self.table.weight[: (UNKNOWN + 1) * rows])

    def known(self, ids: Tensor) -> Tensor:
        """Ids of tokens that add something; PADDING for the others."""
        return ids.masked_fill(ids == UNKNOWN, PADDING)

    def forward(self, ids: Tensor) -> Tensor:
        """What each token adds, at each place that it may have in a region.

        Args:
            ids: (batch, time) int64

        Returns:
            (batch, time, places of all region sizes x filters)
        """
        assert self.table is not None
        tokens = self.known(ids)[..., None]  # (batch, time, 1)
        rows = tokens * self.rows + torch.tensor(self.places, device=ids.device)
        nothing = tokens == PADDING
        if self.bags:
            inner = torch.tensor(self.inner, device=ids.device)
            nothing = nothing | (since_last(ids)[..., None] <= inner)
        added: Tensor = self.table(rows.masked_fill(nothing, 0))  # (batch, time, places, filters)
        return added.flatten(2)


def since_last(ids: Tensor) -> Tensor:
    """How many tokens ago each token last occurred in its text; NEVER if it didn't.

    A token at place j of a region is a repetition if that is at most j.

    Args:
        ids: (batch, time) int64
    """
    ordered, position = ids.sort(dim=1, stable=True)
    again = ordered[:, 1:] == ordered[:, :-1]
    gaps = (position[:, 1:] - position[:, :-1]).masked_fill(~again, NEVER)
    return torch.full_like(ids, NEVER).scatter(1, position[:, 1:], gaps)
