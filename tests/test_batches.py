"""What the loop goes through: each text once an epoch, the same again from any position."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textcnn.data.batching import EncodedTexts
from textcnn.data.row_stream import RowStream
from textcnn.text.encoder import TextEncoder
from textcnn.text.tokenizers import build_tokenizer
from textcnn.text.vocabulary import Vocabulary
from textcnn.training.batches import (
    EpochBatches,
    StreamBatches,
    TrainingBatches,
    batches_of_rank,
)

Build = Callable[..., TrainingBatches]


def numbered_texts(count: int) -> EncodedTexts:
    """Text i has i % 7 + 1 tokens, all of them i."""
    lengths = np.arange(count) % 7 + 1
    ids = np.repeat(np.arange(count, dtype=np.int32), lengths)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    return EncodedTexts(ids, offsets, lengths, np.zeros(count, np.int64))


def epoch_batches(**settings: Any) -> EpochBatches:
    defaults: dict[str, Any] = {
        "epochs": 3,
        "max_steps": None,
        "batch_size": 4,
        "batch_tokens": None,
        "sampling_weights": None,
        "seed": 0,
        "rank": 0,
        "count": 1,
    }
    return EpochBatches(numbered_texts(30), **defaults | settings)


def stream_batches(**settings: Any) -> StreamBatches:
    """Text i is the word i, which has the id i + 2."""

    def read() -> Iterator[pa.Table]:
        for start in range(0, 30, 10):
            texts = [str(number) for number in range(start, start + 10)]
            yield pa.table({"text": texts, "label": ["a"] * 10})

    nothing = np.empty(0, np.int64)
    stream = RowStream(read, ("a",), nothing, nothing.astype(np.uint64), "drop", None)
    vocabulary = Vocabulary([str(number) for number in range(30)])
    encoder = TextEncoder(build_tokenizer("word", tokenizer="whitespace"), vocabulary, None, "head")
    defaults: dict[str, Any] = {
        "window": 12,
        "max_steps": None,
        "validate_every": 3,
        "batch_size": 4,
        "batch_tokens": None,
        "seed": 0,
        "rank": 0,
        "count": 1,
    }
    return StreamBatches(stream, encoder, **defaults | settings)


def numbers(batches: TrainingBatches) -> list[list[int]]:
    """The texts in each batch until the next validation."""
    return [batch.ids[:, 0].tolist() for batch in batches]


def everything(batches: TrainingBatches) -> list[list[list[int]]]:
    stretches = []
    while not batches.finished:
        stretches.append(numbers(batches))
    return stretches


def test_an_epoch_has_every_text_once_and_no_two_are_alike() -> None:
    epochs = everything(epoch_batches())
    assert len(epochs) == 3
    for epoch in epochs:
        assert len(epoch) == 8
        assert sorted(text for batch in epoch for text in batch) == list(range(30))
    assert epochs[0] != epochs[1]


def test_a_stream_is_gone_through_once_in_stretches() -> None:
    stretches = everything(stream_batches())
    # windows of 12, 12 and 6 texts: 3, 3 and 2 batches
    assert [len(stretch) for stretch in stretches] == [3, 3, 2]
    texts = [sorted(text for batch in stretch for text in batch) for stretch in stretches]
    assert texts == [list(range(2, 14)), list(range(14, 26)), list(range(26, 32))]


def test_a_stream_begins_again_where_more_steps_are_asked_for() -> None:
    batches = stream_batches(max_steps=20, validate_every=8)
    first, second = numbers(batches), numbers(batches)
    assert not batches.finished
    assert sorted(t for b in first for t in b) == sorted(t for b in second for t in b)
    assert first != second


@pytest.mark.parametrize("build", [epoch_batches, stream_batches])
@given(done=st.integers(0, 23))
def test_from_a_position_the_same_batches_follow(build: Build, done: int) -> None:
    settings = {"max_steps": 24}
    whole = list(islice(everything_of(build(**settings)), 24))
    begun = build(**settings)
    before = list(islice(everything_of(begun), done))
    later = build(**settings)
    later.go_to(begun.position())
    assert before + list(islice(everything_of(later), 24 - done)) == whole


def everything_of(batches: TrainingBatches) -> Iterator[list[int]]:
    while not batches.finished:
        for batch in batches:
            yield batch.ids[:, 0].tolist()


@pytest.mark.parametrize("build", [epoch_batches, stream_batches])
def test_processes_have_as_many_batches_and_together_every_text(build: Build) -> None:
    parts = []
    for rank in range(3):
        batches = build(rank=rank, count=3)
        parts.append(numbers(batches) + ([] if batches.finished else numbers(batches)))
    assert len({len(part) for part in parts}) == 1
    texts = {text for part in parts for batch in part for text in batch}
    assert len(texts) == 30


def test_steps_are_those_of_all_epochs_or_fewer() -> None:
    assert epoch_batches().steps == 24
    assert epoch_batches(max_steps=5).steps == 5
    assert epoch_batches(max_steps=50).steps == 24
    assert stream_batches().steps is None
    assert stream_batches(max_steps=50).steps == 50


def test_batches_of_so_many_tokens_hold_many_short_texts_or_few_long_ones() -> None:
    for batch in epoch_batches(batch_tokens=14):
        assert batch.ids.numel() <= 14
        assert len(batch.ids) in {14 // batch.ids.shape[1]} or len(batch.ids) < 5


def test_weights_draw_texts_in_their_proportion() -> None:
    weights = np.where(np.arange(30) < 3, 9.0, 1.0)  # half of the weight lies on three texts
    batches = epoch_batches(sampling_weights=weights, epochs=40)
    texts = np.array([t for s in everything(batches) for b in s for t in b])
    assert len(texts) == 40 * 30
    assert np.mean(texts < 3) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("build", [epoch_batches, stream_batches])
@pytest.mark.parametrize(
    "stored", [{}, {"epoch": 1}, {"epoch": 1, "batch": "2"}, {"epoch": -1, "batch": 0}]
)
def test_what_is_no_position_is_refused(build: Build, stored: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="not a position"):
        build().go_to(stored)


def test_a_stream_of_which_nothing_is_left_is_refused() -> None:
    batches = stream_batches()
    batches.stream = RowStream(
        batches.stream.read, ("a",), np.arange(30), np.empty(0, np.uint64), "drop", None
    )
    with pytest.raises(ValueError, match=r"every text of data\.train occurs in validation or test"):
        numbers(batches)


@given(st.integers(0, 12), st.integers(1, 9))
def test_every_process_gets_the_same_number_of_batches_and_together_they_get_all(
    size: int, count: int
) -> None:
    batches = [np.array([number]) for number in range(size)]
    parts = [batches_of_rank(batches, rank, count) for rank in range(count)]
    assert {len(part) for part in parts} == {-(-size // count)}
    assert {int(batch[0]) for part in parts for batch in part} == set(range(size))


def test_one_batch_is_seen_by_each_of_four_processes() -> None:
    batches = [np.array([7])]
    assert [batches_of_rank(batches, rank, 4) for rank in range(4)] == [batches] * 4
