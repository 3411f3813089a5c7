"""From token ids to vectors."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from textcnn.text.vocabulary import PADDING, SPECIALS, UNKNOWN


class Embedding(nn.Module):
    """A vector for each token, as Kim 2014 names the ways.

    `random` and `nonstatic` learn the vectors, `nonstatic` from pretrained ones; `static` keeps the
    pretrained ones; `multichannel` has both side by side, so a filter has weights for each.
    `onehot` is 1 in the channel of the token, without channels for padding and unknown tokens,
    which are zero vectors: the quantization of Zhang 2015.
    """

    def __init__(self, vocabulary_size: int, dim: int, kind: str):
        super().__init__()
        self.kind = kind
        self.vocabulary_size = vocabulary_size
        tables = {"onehot": 0, "multichannel": 2}.get(kind, 1)
        self.dim = tables * dim if tables else max(vocabulary_size - len(SPECIALS), 1)
        self.table = build_table(vocabulary_size, dim) if tables else None
        self.fixed = build_table(vocabulary_size, dim) if tables == 2 else None
        fixed = {"static": self.table, "multichannel": self.fixed}.get(kind)
        if fixed is not None:
            fixed.weight.requires_grad_(False)

    def set_vectors(self, vectors: Tensor) -> None:
        """Begin with pretrained vectors (tokens, dim), those of the ids after the specials; the one
        of unknown tokens is random, with the same variance."""
        assert self.table is not None
        with torch.no_grad():
            self.table.weight[len(SPECIALS) :] = vectors
            bound = (3 * vectors.var(correction=0)).sqrt().item()
            self.table.weight[UNKNOWN].uniform_(-bound, bound)
            if self.fixed is not None:
                self.fixed.weight.copy_(self.table.weight)

    def forward(self, ids: Tensor) -> Tensor:
        """(batch, time) to (batch, time, dim), zero for padding."""
        if self.table is None:
            ones = torch.zeros(*ids.shape, self.dim + len(SPECIALS), device=ids.device)
            return ones.scatter_(-1, ids[..., None], 1.0)[..., len(SPECIALS) :]
        if self.fixed is None:
            embedded: Tensor = self.table(ids)
            return embedded
        return torch.cat([self.table(ids), self.fixed(ids)], dim=-1)

    def distinct(self, tokens: Tensor) -> Tensor:
        """(tokens,) int64 to (tokens, dim), for tokens that each occur once, PADDING first."""
        if self.table is None:
            vectors: Tensor = self(tokens[None])[0]
            return vectors
        learned: Tensor = DistinctRows.apply(self.table.weight, tokens, self.table.sparse)
        if self.fixed is None:
            return learned
        return torch.cat([learned, self.fixed.weight[tokens]], dim=1)


class DistinctRows(torch.autograd.Function):
    """Rows of a table, each once, that of padding first: it gets no gradient.

    Knowing that they differ, it has nothing to sum: the gradient is handed on as it is.
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
    """Vectors from U(-0.25, 0.25), as Kim 2014 begins; that of padding is and stays zero."""
    # nn.Embedding would draw normal numbers first, which on the meta device takes 2 seconds
    weight = torch.empty(vocabulary_size, dim)
    table = nn.Embedding.from_pretrained(weight, freeze=False, padding_idx=PADDING)
    nn.init.uniform_(table.weight, -0.25, 0.25)
    nn.init.zeros_(table.weight[PADDING])
    return table


class WordDropout(nn.Module):
    """In training, makes padding of tokens, the zero vector, each with the probability `p`."""

    def __init__(self, p: float):
        super().__init__()
        self.p = p

    def forward(self, ids: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return ids
        dropped = torch.rand(ids.shape, device=ids.device) < self.p
        return ids.masked_fill(dropped, PADDING)
