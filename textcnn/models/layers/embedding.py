"""From token ids to vectors."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from textcnn.data.unknown_words import UnknownWords
from textcnn.models.layers.subword_table import SubwordTable
from textcnn.text.vocabulary import PADDING, SPECIALS, UNKNOWN


class Embedding(nn.Module):
    """A vector for each token; the kinds are those of Kim 2014, and `onehot`.

    `random` learns random vectors, `nonstatic` learns pretrained ones, `static` keeps pretrained
    ones fixed. `multichannel` has the last two side by side; a filter has weights for both.
    `onehot` is 1 in the channel of the token (the quantization of Zhang 2015). Padding and unknown
    tokens have no channel: they are zero vectors.
    """

    def __init__(self, vocabulary_size: int, dim: int, kind: str):
        super().__init__()
        self.kind = kind
        self.vocabulary_size = vocabulary_size
        tables = {"onehot": 0, "multichannel": 2}.get(kind, 1)
        self.dim = tables * dim if tables else max(vocabulary_size - len(SPECIALS), 1)
        self.table = build_table(vocabulary_size, dim) if tables else None
        self.fixed = build_table(vocabulary_size, dim) if tables == 2 else None
        self.subwords: SubwordTable | None = None  # gives unknown words vectors
        fixed = {"static": self.table, "multichannel": self.fixed}.get(kind)
        if fixed is not None:
            fixed.weight.requires_grad_(False)

    def compose(self, unknown: UnknownWords) -> Tensor | None:
        """Vectors (words, dim) from the subwords of unknown words; None if subwords have none.

        A word without a known subword has the vector of unknown tokens.
        """
        if self.subwords is None:
            return None
        means = self.subwords.means(unknown.keys, unknown.offsets)
        composed = means if self.fixed is None else torch.cat([means, means], dim=1)
        token = torch.tensor([[UNKNOWN]], device=means.device)
        return torch.where(means.any(dim=1, keepdim=True), composed, self(token)[0])

    def set_vectors(self, vectors: Tensor, sizes: Sequence[int] | None = None) -> None:
        """Start from pretrained vectors (tokens, dim) of the ids after the special tokens.

        Unknown tokens get a random vector of the same variance.

        Args:
            sizes: of the parts of a vector, if they come from several sources; each has a variance
                of its own.
        """
        assert self.table is not None
        with torch.no_grad():
            self.table.weight[len(SPECIALS) :] = vectors
            sizes = list(sizes or [vectors.shape[1]])
            unknown = self.table.weight[UNKNOWN].split(sizes)
            for part, own in zip(vectors.split(sizes, dim=1), unknown, strict=True):
                bound = (3 * part.var(correction=0)).sqrt().item()
                own.uniform_(-bound, bound)
            if self.fixed is not None:
                self.fixed.weight.copy_(self.table.weight)

    def with_more(self, ids: Tensor, more: Tensor) -> Tensor:
        """As `forward`, with the vectors (words, dim) of the ids from `vocabulary_size` on."""
        beyond = ids >= self.vocabulary_size
        embedded: Tensor = self(ids.masked_fill(beyond, UNKNOWN))
        embedded[beyond] = more[ids[beyond] - self.vocabulary_size].to(embedded.dtype)
        return embedded

    def forward(self, ids: Tensor) -> Tensor:
        """(batch, time) int64 to (batch, time, dim), zero for padding."""
        if self.table is None:
            ones = torch.zeros(*ids.shape, self.dim + len(SPECIALS), device=ids.device)
            return ones.scatter_(-1, ids[..., None], 1.0)[..., len(SPECIALS) :]
        if self.fixed is None:
            own: Tensor = self.table(ids)
            return own
        return torch.cat([self.table(ids), self.fixed(ids)], dim=-1)

    def distinct(self, tokens: Tensor) -> Tensor:
        """(tokens,) int64 to (tokens, dim), for distinct tokens with PADDING first."""
        if self.table is None:
            vectors: Tensor = self(tokens[None])[0]
            return vectors
        learned: Tensor = DistinctRows.apply(self.table.weight, tokens, self.table.sparse)
        if self.fixed is None:
            return learned
        return torch.cat([learned, self.fixed.weight[tokens]], dim=1)


class DistinctRows(torch.autograd.Function):
    """Distinct rows of a table, the row of padding first, which gets no gradient.

    As no row occurs twice, the backward pass sums nothing.
    """

    @staticmethod
    def forward(ctx: Any, table: Tensor, tokens: Tensor, sparse: bool) -> Tensor:
        ctx.tokens, ctx.shape, ctx.sparse = tokens[1:], table.shape, sparse
        return table.index_select(0, tokens)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        rows = gradient[1:]
        if not ctx.sparse:
            return rows.new_zeros(ctx.shape).index_copy_(0, ctx.tokens, rows), None, None
        seen = torch.sparse_coo_tensor(
            ctx.tokens[None], rows, ctx.shape, check_invariants=False, is_coalesced=True
        )
        return seen, None, None


def build_table(vocabulary_size: int, dim: int) -> nn.Embedding:
    """Vectors from U(-0.25, 0.25) (Kim 2014); the vector of padding is zero and never learns."""
    # nn.Embedding would first draw normal numbers, which takes 2 seconds on the meta device
    weight = torch.empty(vocabulary_size, dim)
    table = nn.Embedding.from_pretrained(weight, freeze=False, padding_idx=PADDING)
    nn.init.uniform_(table.weight, -0.25, 0.25)
    nn.init.zeros_(table.weight[PADDING])
    return table


class WordDropout(nn.Module):
    """Replaces each token by padding, the zero vector, with probability `p`; only in training."""

    def __init__(self, p: float):
        super().__init__()
        self.p = p

    def forward(self, ids: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return ids
        dropped = torch.rand(ids.shape, device=ids.device) < self.p
        return ids.masked_fill(dropped, PADDING)
