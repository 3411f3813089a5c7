"""Embeddings of each kind, and word dropout."""

import pytest
import torch

from textcnn.models.layers.embedding import Embedding, WordDropout
from textcnn.text.vocabulary import PADDING, UNKNOWN

IDS = torch.tensor([[2, 3, UNKNOWN, 4], [4, 2, PADDING, PADDING]])
VECTORS = torch.tensor([[1.0, 2.0], [3.0, 4.0], [-5.0, -6.0]])  # of the ids 2, 3 and 4


def learnable(embedding: Embedding) -> set[str]:
    return {name for name, tensor in embedding.named_parameters() if tensor.requires_grad}


@pytest.mark.parametrize(
    ("kind", "dim", "learned"),
    [
        ("random", 2, {"table.weight"}),
        ("nonstatic", 2, {"table.weight"}),
        ("static", 2, set()),
        ("multichannel", 4, {"table.weight"}),
        ("onehot", 3, set()),
    ],
)
def test_kind_says_how_many_channels_there_are_and_which_are_learned(
    kind: str, dim: int, learned: set[str]
) -> None:
    embedding = Embedding(5, 2, kind)
    assert embedding.dim == dim
    assert embedding(IDS).shape == (2, 4, dim)
    assert learnable(embedding) == learned


@pytest.mark.parametrize("kind", ["random", "nonstatic", "static", "multichannel", "onehot"])
def test_padding_is_the_zero_vector(kind: str) -> None:
    embedded = Embedding(5, 2, kind)(IDS)
    assert embedded[1, 2:].count_nonzero() == 0
    assert embedded[0, :2].count_nonzero() > 0


@pytest.mark.parametrize("kind", ["nonstatic", "static"])
def test_tokens_have_the_vectors_that_were_set(kind: str) -> None:
    embedding = Embedding(5, 2, kind)
    embedding.set_vectors(VECTORS)
    embedded = embedding(IDS)
    assert embedded[0, [0, 1, 3]].tolist() == VECTORS.tolist()
    assert embedded[1].tolist() == [[-5, -6], [1, 2], [0, 0], [0, 0]]


def test_both_channels_begin_with_the_same_vectors() -> None:
    embedding = Embedding(5, 2, "multichannel")
    embedding.set_vectors(VECTORS)
    embedded = embedding(IDS)
    assert embedded[0, [0, 1, 3]].tolist() == torch.cat([VECTORS, VECTORS], dim=1).tolist()
    assert torch.equal(embedded[..., :2], embedded[..., 2:])  # that of the unknown token too


def test_unknown_tokens_get_a_random_vector_with_the_variance_of_the_others() -> None:
    embedding = Embedding(402, 300, "static")
    vectors = 0.4 * torch.randn(400, 300, generator=torch.Generator().manual_seed(0))
    embedding.set_vectors(vectors)
    unknown = embedding(torch.tensor([[UNKNOWN]]))
    assert unknown.std().item() == pytest.approx(0.4, rel=0.2)
    assert unknown.abs().max() <= 3**0.5 * vectors.std() * (1 + 1e-6)


def test_vectors_begin_uniform_up_to_a_quarter() -> None:
    embedding = Embedding(1000, 20, "random")
    tokens = embedding(torch.arange(1, 1000)[None])
    assert 0.249 < tokens.abs().max() <= 0.25
    assert tokens.std().item() == pytest.approx(0.25 / 3**0.5, rel=0.05)


@pytest.mark.parametrize("kind", ["random", "nonstatic", "multichannel"])
def test_padding_row_stays_zero_in_training_while_others_move(kind: str) -> None:
    embedding = Embedding(5, 2, kind)
    optimizer = torch.optim.AdamW(embedding.parameters(), lr=0.1, weight_decay=0.5)
    before = embedding(IDS).detach().clone()
    for _ in range(3):
        optimizer.zero_grad()
        embedding(IDS).sum().backward()
        optimizer.step()
    assert embedding.table is not None
    assert embedding.table.weight[PADDING].tolist() == [0, 0]
    after = embedding(IDS)
    assert after[0, :, :2].ne(before[0, :, :2]).all()
    assert torch.equal(after[..., 2:], before[..., 2:])  # the fixed channel


@pytest.mark.parametrize("kind", ["static", "multichannel"])
def test_fixed_tables_get_no_gradient(kind: str) -> None:
    embedding = Embedding(5, 2, kind)
    fixed = embedding.table if kind == "static" else embedding.fixed
    assert fixed is not None
    (embedding(IDS) * torch.ones(1, requires_grad=True)).sum().backward()
    assert fixed.weight.grad is None


def test_onehot_is_1_in_the_channel_of_the_token() -> None:
    embedded = Embedding(5, 2, "onehot")(IDS)
    assert embedded[0].tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 0], [0, 0, 1]]
    assert embedded[1].tolist() == [[0, 0, 1], [1, 0, 0], [0, 0, 0], [0, 0, 0]]


def test_onehot_of_an_empty_vocabulary_is_one_channel_of_zeros() -> None:
    embedding = Embedding(2, 2, "onehot")
    assert embedding.dim == 1
    assert embedding(torch.tensor([[UNKNOWN, PADDING]])).tolist() == [[[0], [0]]]


def test_word_dropout_makes_padding_of_a_share_of_the_tokens() -> None:
    torch.manual_seed(0)
    ids = torch.full((100, 50), 2)
    dropped = WordDropout(0.3)(ids)
    assert set(dropped.unique().tolist()) == {PADDING, 2}
    assert dropped.eq(PADDING).float().mean().item() == pytest.approx(0.3, abs=0.03)
    assert dropped.float().std(dim=0).min() > 0  # texts lose different tokens


def test_word_dropout_is_for_training_only() -> None:
    ids = torch.randint(1, 9, (4, 5))
    assert torch.equal(WordDropout(1.0).eval()(ids), ids)
    assert torch.equal(WordDropout(1.0)(ids), torch.full_like(ids, PADDING))
    assert torch.equal(WordDropout(0.0)(ids), ids)


def test_dropped_tokens_are_zero_and_get_no_gradient() -> None:
    embedding = Embedding(5, 2, "random")
    embedded = embedding(WordDropout(1.0)(torch.tensor([[2, 3]])))
    assert embedded.count_nonzero() == 0
    embedded.sum().backward()
    assert embedding.table is not None
    assert embedding.table.weight.grad is not None
    assert embedding.table.weight.grad.count_nonzero() == 0
