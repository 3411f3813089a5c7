"""What convolutions make of each token, kept: for weights that stay as they are."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from textcnn.errors import InputError
from textcnn.models.layers.convolution import Convolution
from textcnn.models.layers.embedding import Embedding

# Tokens whose rows are computed at a time, always the same ones together: what a row holds, to the
# last bit, does not depend on which texts came before.
TOKENS_AT_ONCE = 32


class TokenTable:
    """W_j · e of every token, for all offsets j of some convolutions over its embedding e.

    A window's feature is the sum of a row for each of its tokens. Rows are computed when a text
    first needs them, so one line doesn't pay for a vocabulary, and memory that no text has needed
    is never touched. Several threads may use a table: two that compute the same rows write the
    same numbers.
    """

    def __init__(
        self,
        embedding: Embedding,
        convolutions: Sequence[Convolution],
        *,
        memory: int,
        half: bool = False,
    ):
        """
        Args:
            convolutions: of as many filters each.
            memory: bytes that the rows may take; tokens from `known` on have none.
            half: keep rows as float16.
        """
        self.embedding, self.convolutions = embedding, tuple(convolutions)
        self.filters = len(convolutions[0].weight)
        self.offsets = sum(each.kernel_size for each in convolutions)  # rows of a token
        self.dtype = np.dtype(np.float16 if half else np.float32)
        token_bytes = self.offsets * self.filters * self.dtype.itemsize
        self.known = min(embedding.vocabulary_size, memory // token_bytes - 1)
        self.nowhere = self.known  # stands for no token: a window that holds it is never largest
        rows = max(self.known + 1, 1) * self.offsets
        # half as many bytes to build and to read, of which a window has as many as it has tokens
        self.index = torch.int32 if rows < 2**31 else torch.int64
        # NumPy asks the system for large pages: with small ones each row costs a page walk more
        self.rows = torch.from_numpy(np.empty((rows, self.filters), self.dtype))
        self.rows[-self.offsets :] = -torch.inf
        self.ready = np.zeros(-(-max(self.known, 0) // TOKENS_AT_ONCE), bool)
        self.made_of = self.weights()

    def weights(self) -> list[tuple[int, int]]:
        """Where the weights are and how often they were changed."""
        tensors = [*self.embedding.parameters(), *(each.weight for each in self.convolutions)]
        return [(t.data_ptr(), 0 if t.is_inference() else t._version) for t in tensors]

    def prepare(self, ids: Tensor) -> None:
        """See to the rows of these tokens, all below `known`."""
        weights = self.weights()
        if weights != self.made_of:  # somebody trained on
            self.ready[:] = False
            self.made_of = weights
        if self.ready.all():
            return
        needed = np.zeros_like(self.ready)
        needed[ids.numpy() // TOKENS_AT_ONCE] = True
        needed[0] = True  # windows see padding where the ids hold none, too
        missing = np.flatnonzero(needed & ~self.ready)
        if len(missing):
            # from anywhere on, so that threads don't do the same
            start = np.random.default_rng().integers(len(missing))
            self.fill(np.roll(missing, -start))

    @torch.no_grad()
    def fill(self, blocks: np.ndarray) -> None:
        kernels = torch.cat(
            [each.weight.permute(1, 2, 0).flatten(1) for each in self.convolutions], dim=1
        )  # (channels, offsets x filters)
        for block in blocks:
            if self.ready[block]:
                continue
            first, last = (
                int(block) * TOKENS_AT_ONCE,
                min((int(block) + 1) * TOKENS_AT_ONCE, self.known),
            )
            vectors = self.embedding(torch.arange(first, last)[None])[0]  # (tokens, channels)
            made = (vectors @ kernels).view(-1, self.filters)  # (tokens x offsets, filters)
            if self.dtype == np.float16:
                check_range(made, max(each.kernel_size for each in self.convolutions))
            self.rows[first * self.offsets : last * self.offsets] = made
            self.ready[block] = True


def check_range(made: Tensor, kernel_size: int) -> None:
    """
    Raises:
        InputError: float16 can't hold the sum of so many of these numbers.
    """
    if float(made.abs().max()) * kernel_size > torch.finfo(torch.float16).max:
        raise InputError(
            f"half precision holds numbers up to 65504, got {float(made.abs().max()):.3g} "
            f"{kernel_size} times; use half=false"
        )
