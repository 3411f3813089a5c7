"""Poolings, by hand and against a plain one of each text alone."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_features import GARBAGE, batch_of
from torch import Tensor

from textcnn.models.layers.activations import ACTIVATIONS, MONOTONE
from textcnn.models.layers.features import Features
from textcnn.models.layers.pooling import (
    AttentionPooling,
    ChunkMaxPooling,
    FlattenPooling,
    KMaxPooling,
    MaxPooling,
    MeanPooling,
    Pooling,
    SumPooling,
)

KINDS = ("max", "k_max", "chunk_max", "mean", "sum", "attention", "flatten")


def build(kind: str, places: int = 3, channels: int = 2) -> Pooling:
    if kind == "attention":
        return AttentionPooling(channels)
    several = {"k_max": KMaxPooling, "chunk_max": ChunkMaxPooling, "flatten": FlattenPooling}
    if kind in several:
        return several[kind](places)
    return {"max": MaxPooling, "mean": MeanPooling, "sum": SumPooling}[kind]()


def pool_alone(kind: str, pooling: Pooling, text: Tensor) -> list[float]:
    """The numbers of one text (channels, positions), channel after channel."""
    if isinstance(pooling, AttentionPooling):
        scores = [pooling.score(torch.tanh(pooling.project(h))).exp() for h in text.T]
        weighted = [score * h for score, h in zip(scores, text.T, strict=True)]
        return list((torch.stack(weighted).sum(0) / torch.stack(scores).sum(0)).tolist())
    return [x for row in text.tolist() for x in pool_row(kind, row, pooling.factor)]


def pool_row(kind: str, row: list[float], places: int) -> list[float]:
    if kind == "max":
        return [max(row)]
    if kind in ("mean", "sum"):
        return [sum(row) / (len(row) if kind == "mean" else 1)]
    if kind == "chunk_max":
        parts: list[list[float]] = [[] for _ in range(places)]
        for position, number in enumerate(row):
            parts[position * places // len(row)].append(number)
        return [max(part, default=0.0) for part in parts]
    if kind == "k_max":
        best = sorted(range(len(row)), key=lambda position: -row[position])[:places]
        row = [row[position] for position in sorted(best)]
    return [*row[:places], *[0.0] * (places - len(row))]  # k_max, flatten


def pool(pooling: Pooling, *rows: list[float]) -> tuple[list[list[float]], list[list[int]]]:
    """What texts of one channel become, and the winners."""
    pooled, winners = pooling(batch_of([torch.tensor([row]) for row in rows], extra=2))
    return pooled.tolist(), [] if winners is None else winners.tolist()


def test_max_is_the_largest_of_each_texts_own_and_of_equals_the_first() -> None:
    expected = [[5], [-3], [2]], [[1], [0], [1]]
    assert pool(MaxPooling(), [1.0, 5, 2], [-3.0], [0.0, 2, 2, 2]) == expected


def test_each_channel_has_its_own_winner() -> None:
    pooled, winners = MaxPooling()(batch_of([torch.tensor([[1.0, 5, 2], [0.5, -1, 4]])]))
    assert (pooled.tolist(), winners.tolist()) == ([[5, 4]], [[1, 2]])


def test_k_max_keeps_the_order_of_the_text() -> None:
    expected = [[9, 3, 7], [-1, -2, 0], [2, 2, 2]], [[1, 2, 4], [0, 1, -1], [0, 2, 3]]
    assert pool(KMaxPooling(3), [1.0, 9, 3, 2, 7], [-1.0, -2], [2.0, 1, 2, 2, 2]) == expected


def test_chunk_max_is_the_largest_of_each_part() -> None:
    # of 5 positions 0 1 | 2 3 | 4, of 6 two each, of 2 the parts 0 and 1
    texts = [1.0, 4, -3, -2, 0], [1.0, 2, 4, 3, 5, 5], [-7.0, -8], [-9.0]
    pooled, winners = pool(ChunkMaxPooling(3), *texts)
    assert pooled == [[4, -2, 0], [2, 4, 5], [-7, -8, 0], [-9, 0, 0]]
    assert winners == [[1, 3, 4], [1, 2, 4], [0, 1, -1], [0, -1, -1]]


def test_numbers_of_a_channel_stand_side_by_side() -> None:
    text = batch_of([torch.tensor([[1.0, 2, 3, 4], [8.0, 7, 6, 5]])])
    for pooling in (KMaxPooling(2), ChunkMaxPooling(2)):
        expected = [3, 4, 8, 7] if isinstance(pooling, KMaxPooling) else [2, 4, 8, 6]
        assert pooling(text)[0].tolist() == [expected]
    assert FlattenPooling(2)(text)[0].tolist() == [[1, 2, 8, 7]]


def test_mean_and_sum_count_only_a_texts_own() -> None:
    assert pool(MeanPooling(), [1.0, 2, 6], [4.0]) == ([[3], [4]], [])
    assert pool(SumPooling(), [1.0, 2, 6], [4.0]) == ([[9], [4]], [])


def test_flatten_cuts_long_texts_and_fills_short_ones() -> None:
    assert pool(FlattenPooling(2), [1.0, 2, 3], [4.0]) == ([[1, 2], [4, 0]], [])
    assert pool(FlattenPooling(6), [1.0, 2, 3]) == ([[1, 2, 3, 0, 0, 0]], [])


def test_attention_weighs_positions_by_their_scores() -> None:
    pooling = AttentionPooling(1)
    pooling.load_state_dict(
        {
            "project.weight": torch.tensor([[1.0]]),
            "project.bias": torch.tensor([0.0]),
            "score.weight": torch.tensor([[2.0]]),
        }
    )
    pooled, winners = pooling(batch_of([torch.tensor([[0.0, 0.5493061]]), torch.tensor([[7.0]])]))
    # tanh(0.549...) = 1/2, so the weights are as 1 to e
    assert pooled[:, 0].tolist() == pytest.approx([0.5493061 * 2.7182818 / 3.7182818, 7.0])
    assert winners is None


@given(
    kind=st.sampled_from(KINDS),
    places=st.integers(1, 6),
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=5),
    extra=st.integers(0, 9),
    garbage=st.sampled_from(GARBAGE),
    seed=st.integers(0, 2**31),
)
def test_texts_of_a_batch_are_pooled_as_if_alone(
    kind: str, places: int, lengths: list[int], extra: int, garbage: float, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    # few different numbers, so many are equal
    texts = [torch.randint(-2, 3, (2, length), generator=generator).float() for length in lengths]
    pooling, batch = build(kind, places), batch_of(texts, extra, garbage)
    pooled, winners = pooling(batch)
    expected = torch.tensor([pool_alone(kind, pooling, text) for text in texts])
    torch.testing.assert_close(pooled, expected)
    assert pooled.shape == (len(texts), 2 * pooling.factor)
    if winners is not None:
        places_won = winners.unflatten(1, (2, -1))
        won = batch.values.gather(2, places_won.clamp(min=0)).masked_fill(places_won < 0, 0.0)
        assert torch.equal(won.flatten(1), pooled)


@pytest.mark.parametrize("garbage", GARBAGE)
@pytest.mark.parametrize("kind", KINDS)
def test_garbage_behind_texts_gets_no_gradient_and_spoils_none(kind: str, garbage: float) -> None:
    pooling = build(kind)
    texts = [torch.randn(2, length) for length in (5, 1, 2)]
    batch = batch_of(texts, 2, garbage)
    batch.values.requires_grad_()
    pooling(batch)[0].square().sum().backward()
    assert batch.values.grad is not None
    for row, text in zip(batch.values.grad, texts, strict=True):
        alone = text.clone().requires_grad_()
        pooling(Features(alone[None], torch.tensor([text.shape[1]])))[0].square().sum().backward()
        assert alone.grad is not None
        torch.testing.assert_close(row[:, : text.shape[1]], alone.grad)
        assert row[:, text.shape[1] :].eq(0).all()
    for parameter in pooling.parameters():
        assert parameter.grad is not None
        assert parameter.grad.isfinite().all()


@pytest.mark.parametrize("kind", KINDS)
def test_values_that_others_need_are_left_as_they_are(kind: str) -> None:
    batch = batch_of([torch.randn(2, length) for length in (5, 1, 2)], extra=3)
    before = batch.values.clone()
    build(kind)(batch)
    assert torch.equal(batch.values, before)


def test_max_changes_disposable_values_in_place() -> None:
    batch = batch_of([torch.tensor([[1.0, 2]]), torch.tensor([[3.0]])])
    pooled, winners = MaxPooling()(batch._knowing(disposable=True))
    assert (pooled.tolist(), winners.tolist()) == ([[2], [3]], [[1], [0]])
    assert batch.values.tolist() == [[[1, 2]], [[3, -torch.inf]]]


@pytest.mark.parametrize("activation", sorted(MONOTONE))
@pytest.mark.parametrize("kind", [kind for kind in KINDS if build(kind).commutes])
def test_pooling_that_commutes_may_come_before_the_activation(kind: str, activation: str) -> None:
    pooling, function = build(kind), ACTIVATIONS[activation]
    batch = batch_of([torch.randn(2, length) for length in (5, 1, 2)])
    torch.testing.assert_close(function(pooling(batch)[0]), pooling(batch.each(function))[0])
