"""Products of tokens and kernels, kept for prediction with weights that don't change.

Must agree with `Embedding` and `Convolution`: a window's feature is a sum of rows.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any

import numpy as np
import torch
from torch import Tensor

from textcnn.data.unknown_words import UnknownWords
from textcnn.errors import InputError
from textcnn.models.layers.convolution import Convolution
from textcnn.models.layers.embedding import Embedding
from textcnn.system.private_torch import version

# Tokens whose rows are computed together, always the same ones: so a row is the same to the last
# bit, whatever texts came before.
TOKENS_AT_ONCE = 32
# Rows for the unknown words of a batch, at most, in as many batches as may run at the same time.
SPARE_WORDS, SPARE_PARTS = 4096, 4


class TokenTable:
    """W_j · e of every token, for all places j in the windows of some convolutions.

    Several networks that read the same tokens share a table: each row has their filters side by
    side, each computed with the network's own embedding.

    Rows are computed when a text first needs them: a single line doesn't pay for a vocabulary, and
    memory that no text needs is never touched. Several threads may share a table: two that compute
    the same rows write the same numbers.
    """

    def __init__(
        self,
        networks: Sequence[tuple[Embedding, Sequence[Convolution]]],
        *,
        memory: int,
        half: bool = False,
    ):
        """
        Args:
            networks: of each the embedding and the convolutions that read it. All convolutions have
                equally many filters, and those of all networks the same kernel sizes.
            memory: limit in bytes for the rows; tokens from `known` on have none.
            half: keep rows as float16.
        """
        self.networks = [(embedding, tuple(layers)) for embedding, layers in networks]
        embedding, convolutions = self.networks[0]
        self.vocabulary_size = embedding.vocabulary_size
        self.filters = len(self.networks) * convolutions[0].num_filters  # of a row
        self.kernel_sizes = [each.kernel_size for each in convolutions]
        self.offsets = sum(self.kernel_sizes)  # rows of a token
        self.dtype = np.dtype(np.float16 if half else np.float32)
        token_bytes = self.offsets * self.filters * self.dtype.itemsize
        tokens = memory // token_bytes - 1  # that have room
        self.spare_words = min(SPARE_WORDS, tokens // 2 // SPARE_PARTS) if self.composes else 0
        spare = max(self.spare_words, 0) * SPARE_PARTS
        self.known = min(self.vocabulary_size, tokens - spare)
        self.nowhere = self.known  # stands for no token: a window that contains it never wins
        rows = max(self.known + 1, 1) * self.offsets
        # half as many bytes to write and to read: a window has an index for each of its tokens
        self.index = torch.int32 if rows + spare * self.offsets < 2**31 else torch.int64
        self.shape = (rows + spare * self.offsets, self.filters)
        self.allocate()

    def allocate(self) -> None:
        """Memory for the rows, none of which is computed yet."""
        # NumPy asks the system for large pages; with small ones each row costs another page walk
        self.rows = torch.from_numpy(np.empty(self.shape, self.dtype))
        nowhere = max(self.known, 0) * self.offsets
        self.rows[nowhere : nowhere + self.offsets] = -torch.inf
        self.ready = np.zeros(-(-max(self.known, 0) // TOKENS_AT_ONCE), bool)
        self.spare, self.process = self.spare_parts(), os.getpid()
        self.computed_from = self.weights()

    @property
    def composes(self) -> bool:
        """Whether unknown words get vectors from their subwords."""
        return any(embedding.subwords is not None for embedding, _ in self.networks)

    def spare_parts(self) -> SimpleQueue[int]:
        """The first ids of the parts of the spare rows, all of which are free."""
        parts: SimpleQueue[int] = SimpleQueue()
        for part in range(SPARE_PARTS if self.composes else 0):
            parts.put(self.known + 1 + part * self.spare_words)
        return parts

    def __getstate__(self) -> dict[str, Any]:
        """What copies and pickles hold: no rows, which are computed again if needed."""
        left_out = {"rows", "ready", "spare", "process", "computed_from"}
        return {name: value for name, value in self.__dict__.items() if name not in left_out}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ |= state
        self.allocate()

    @contextmanager
    def spare_rows(self, unknown: UnknownWords) -> Iterator[int]:
        """Give up to `spare_words` unknown words rows for a while.

        Yields:
            The id that stands for the first word; the others follow.
        """
        if self.process != os.getpid():  # after a fork, whose threads can give nothing back
            self.spare, self.process = self.spare_parts(), os.getpid()
        spare = self.spare
        first = spare.get()  # waits until a part is free
        try:
            vectors = [embedding.compose(unknown) for embedding, _ in self.networks]
            start = first * self.offsets
            rows = self.products([each for each in vectors if each is not None])
            self.rows[start : start + len(rows)] = rows
            yield first
        finally:
            spare.put(first)

    def weights(self) -> list[tuple[int, int]]:
        """The addresses and versions of the weights."""
        tensors: list[Tensor] = []
        for embedding, convolutions in self.networks:
            tensors += [*embedding.parameters(), *(each.weight for each in convolutions)]
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
        kernels = self.kernels()
        for block in blocks:
            if self.ready[block]:
                continue
            first = int(block) * TOKENS_AT_ONCE
            last = min(first + TOKENS_AT_ONCE, self.known)
            tokens = torch.arange(first, last)
            vectors = [embedding(tokens[None])[0] for embedding, _ in self.networks]
            rows = self.products(vectors, kernels)
            self.rows[first * self.offsets : last * self.offsets] = rows
            self.ready[block] = True

    def kernels(self) -> list[Tensor]:
        """The weights of each network's convolutions: (channels, offsets x filters)."""
        return [
            torch.cat([each.weight.permute(1, 2, 0).flatten(1) for each in convolutions], dim=1)
            for _, convolutions in self.networks
        ]

    @torch.no_grad()
    def products(self, vectors: list[Tensor], kernels: list[Tensor] | None = None) -> Tensor:
        """Rows (tokens x offsets, filters) of vectors (tokens, channels), one for each network."""
        pairs = zip(vectors, kernels or self.kernels(), strict=True)
        products = [(each @ own).view(len(each) * self.offsets, -1) for each, own in pairs]
        rows = torch.cat(products, dim=1)
        if self.dtype == np.float16:
            check_range(rows, max(self.kernel_sizes))
        return rows


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
