"""Products of tokens and kernels, kept for prediction with weights that don't change.

Must agree with `Embedding` and `Convolution`: a window's feature is a sum of rows.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from textcnn.errors import InputError
from textcnn.models.layers.convolution import Convolution
from textcnn.models.layers.embedding import Embedding
from textcnn.system.private_torch import version

# Tokens whose rows are computed together, always the same ones: so a row is the same to the last
# bit, whatever texts came before.
TOKENS_AT_ONCE = 32


class TokenTable:
    """W_j · e of every token, for all places j in the windows of some convolutions.

    Rows are computed when a text first needs them: a single line doesn't pay for a vocabulary, and
    memory that no text needs is never touched. Several threads may share a table: two that compute
    the same rows write the same numbers.
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
            convolutions: with equally many filters.
            memory: limit in bytes for the rows; tokens from `known` on have none.
            half: keep rows as float16.
        """
        self.embedding, self.convolutions = embedding, tuple(convolutions)
        self.filters = convolutions[0].num_filters
        self.offsets = sum(each.kernel_size for each in convolutions)  # rows of a token
        self.dtype = np.dtype(np.float16 if half else np.float32)
        token_bytes = self.offsets * self.filters * self.dtype.itemsize
        self.known = min(embedding.vocabulary_size, memory // token_bytes - 1)
        self.nowhere = self.known  # stands for no token: a window that contains it never wins
        rows = max(self.known + 1, 1) * self.offsets
        # half as many bytes to write and to read: a window has an index for each of its tokens
        self.index = torch.int32 if rows < 2**31 else torch.int64
        # NumPy asks the system for large pages; with small ones each row costs another page walk
        self.rows = torch.from_numpy(np.empty((rows, self.filters), self.dtype))
        self.rows[-self.offsets :] = -torch.inf
        self.ready = np.zeros(-(-max(self.known, 0) // TOKENS_AT_ONCE), bool)
        self.computed_from = self.weights()

    def weights(self) -> list[tuple[int, int]]:
        """The addresses and versions of the weights."""
        tensors = [*self.embedding.parameters(), *(each.weight for each in self.convolutions)]
        return [(tensor.data_ptr(), version(tensor)) for tensor in tensors]

    def prepare(self, ids: Tensor) -> None:
        """Compute the rows of these tokens that aren't ready; all ids are below `known`."""
        weights = self.weights()
        if weights != self.computed_from:  # the model was trained further
            self.ready[:] = False
            self.computed_from = weights
        if self.ready.all():
            return
        needed = np.zeros_like(self.ready)
        needed[ids.numpy() // TOKENS_AT_ONCE] = True
        needed[0] = True  # windows may read padding even if no id is
        missing = np.flatnonzero(needed & ~self.ready)
        if len(missing):
            # from a random start, so that threads don't do the same work
            start = np.random.default_rng().integers(len(missing))
            self.fill(np.roll(missing, -start))

    @torch.no_grad()
    def fill(self, blocks: np.ndarray) -> None:
        """Compute the rows of blocks of TOKENS_AT_ONCE tokens."""
        kernels = torch.cat(
            [each.weight.permute(1, 2, 0).flatten(1) for each in self.convolutions], dim=1
        )  # (channels, offsets x filters)
        for block in blocks:
            if self.ready[block]:
                continue
            first = int(block) * TOKENS_AT_ONCE
            last = min(first + TOKENS_AT_ONCE, self.known)
            vectors = self.embedding(torch.arange(first, last)[None])[0]  # (tokens, channels)
            products = (vectors @ kernels).view(-1, self.filters)  # (tokens x offsets, filters)
            if self.dtype == np.float16:
                check_range(products, max(each.kernel_size for each in self.convolutions))
            self.rows[first * self.offsets : last * self.offsets] = products
            self.ready[block] = True


def check_range(products: Tensor, kernel_size: int) -> None:
    """
    Raises:
        InputError: float16 can't hold the sum of kernel_size such numbers.
    """
    largest = float(products.abs().max())
    if largest * kernel_size > torch.finfo(torch.float16).max:
        raise InputError(
            f"half precision holds numbers up to 65504, got sums of {kernel_size} products up to "
            f"{largest:.3g}; use half=false"
        )
