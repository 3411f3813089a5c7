"""From tokens to padded batches: hand-worked numbers, and every row once."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from textcnn.data.batching import (
    WINDOW,
    EncodedTexts,
    padded_time,
    shuffled_batches,
    sorted_batches,
)
from textcnn.data.encoding import encode_texts
from textcnn.text.encoder import TextEncoder
from textcnn.text.tokenizers import build_tokenizer
from textcnn.text.vocabulary import PADDING, Vocabulary

VOCABULARY = Vocabulary(["a", "b"])  # a is 2, b is 3
TEXTS = ["a b a", "", "z b"]

id_lists = st.lists(st.lists(st.integers(1, 9), max_size=40), min_size=1, max_size=20)
length_lists = st.lists(st.integers(0, 50), max_size=200)
seeds = st.integers(0, 2**32 - 1)


def encoder(max_length: int | None = None) -> TextEncoder:
    words = build_tokenizer("word", tokenizer="whitespace")
    return TextEncoder(words, VOCABULARY, max_length, "head")


def encoded(texts: list[list[int]]) -> EncodedTexts:
    ids = np.array(list(itertools.chain(*texts)), np.int32)
    offsets = np.cumsum([0, *map(len, texts)])
    return EncodedTexts(ids, offsets, np.diff(offsets), np.arange(len(texts)) + 100)


def shuffled(lengths: np.ndarray, batch_size: int, seed: int, epoch: int) -> list[np.ndarray]:
    return shuffled_batches(
        lengths, batch_size=batch_size, batch_tokens=None, seed=seed, epoch=epoch
    )


def as_lists(batches: list[np.ndarray]) -> list[list[int]]:
    return [batch.tolist() for batch in batches]


def test_texts_are_encoded_end_to_end() -> None:
    texts = encode_texts(TEXTS, encoder())
    assert texts.ids.tolist() == [2, 3, 2, 1, 3]
    assert texts.offsets.tolist() == [0, 3, 3, 5]
    assert texts.lengths.tolist() == [3, 0, 2]
    assert len(texts) == 3


def test_tokens_behind_max_length_are_cut() -> None:
    texts = encode_texts(TEXTS, encoder(2))
    assert texts.ids.tolist() == [2, 3, 1, 3]
    assert texts.lengths.tolist() == [2, 0, 2]
    assert texts.full_lengths.tolist() == [3, 0, 2]
    assert texts.truncated_rate == 1 / 3
    assert texts.unknown_rate == 1 / 4  # z


@pytest.mark.parametrize("given_texts", [[], [""], ["", " "]])
def test_no_texts_and_empty_texts_are_encoded(given_texts: list[str]) -> None:
    texts = encode_texts(given_texts, encoder(3))
    assert texts.lengths.tolist() == texts.full_lengths.tolist() == [0] * len(given_texts)
    assert texts.ids.dtype == np.int32
    assert texts.unknown_rate == texts.truncated_rate == 0
    batch = texts.batch(np.arange(len(given_texts)))
    assert batch.ids.shape == (len(given_texts), 0)


def test_a_batch_holds_its_rows_in_order_padded_behind() -> None:
    texts = encode_texts(TEXTS, encoder(), labels=np.array([7, 8, 9]))
    batch = texts.batch(np.array([2, 0, 1]))
    assert batch.ids.tolist() == [[1, 3, 0], [2, 3, 2], [0, 0, 0]]
    assert batch.lengths.tolist() == [2, 3, 0]
    assert batch.labels is not None
    assert batch.labels.tolist() == [9, 7, 8]
    assert {batch.ids.dtype, batch.lengths.dtype, batch.labels.dtype} == {torch.int64}


def test_texts_without_labels_make_batches_without_labels() -> None:
    batch = encode_texts(TEXTS, encoder()).batch(np.array([0]))
    assert batch.labels is None
    assert batch.to(torch.device("cpu")).labels is None


def test_a_batch_goes_to_a_device_whole() -> None:
    batch = encoded([[5, 6], [7]]).batch(np.array([1, 0])).to(torch.device("meta"))
    assert batch.labels is not None
    devices = {batch.ids.device.type, batch.lengths.device.type, batch.labels.device.type}
    assert devices == {"meta"}


@given(id_lists, st.data())
def test_every_text_can_be_read_back_from_a_batch(
    texts: list[list[int]], data: st.DataObject
) -> None:
    rows = data.draw(st.lists(st.integers(0, len(texts) - 1), min_size=1))
    batch = encoded(texts).batch(np.array(rows))
    assert batch.labels is not None
    assert batch.labels.tolist() == [100 + row for row in rows]
    for row, ids, length in zip(rows, batch.ids.tolist(), batch.lengths.tolist(), strict=True):
        assert ids[:length] == texts[row]
        assert set(ids[length:]) <= {PADDING}


def test_batches_come_in_eight_sizes_per_doubling() -> None:
    times = {longest: padded_time(longest) for longest in range(257)}
    assert [times[longest] for longest in range(17)] == list(range(17))
    assert sorted(set(times.values())) == [
        *range(16),
        *(16, 18, 20, 22, 24, 26, 28, 30),
        *(32, 36, 40, 44, 48, 52, 56, 60),
        *(64, 72, 80, 88, 96, 104, 112, 120),
        *(128, 144, 160, 176, 192, 208, 224, 240, 256),
    ]
    assert (times[17], times[33], times[100], times[255]) == (18, 36, 104, 256)


def test_no_texts_take_no_time() -> None:
    assert encoded([]).batch(np.array([], np.int64)).ids.shape == (0, 0)


@given(st.integers(0, 100_000))
def test_padding_is_at_most_an_eighth_more_than_the_longest_text(longest: int) -> None:
    assert longest <= padded_time(longest) <= longest * 9 / 8


@given(id_lists)
def test_the_time_of_a_batch_is_that_of_its_longest_text_wherever_it_stands(
    texts: list[list[int]],
) -> None:
    batch = encoded(texts).batch(np.arange(len(texts)))
    assert batch.ids.shape == (len(texts), padded_time(max(map(len, texts))))


def test_texts_of_one_length_batch_in_their_own_order() -> None:
    assert as_lists(sorted_batches(np.array([3, 1, 2, 1, 1]), 2)) == [[1, 3], [4, 2], [0]]


def test_named_rows_alone_are_batched() -> None:
    rows = np.array([4, 0, 2])
    assert as_lists(sorted_batches(np.array([3, 1, 2, 1, 1]), 2, rows=rows)) == [[4, 2], [0]]


def test_no_texts_make_no_batches() -> None:
    assert sorted_batches(np.array([], np.int64), 2) == []
    assert shuffled(np.array([], np.int64), 2, seed=0, epoch=0) == []


@given(length_lists, st.integers(1, 9))
def test_sorted_batches_hold_every_row_once_shortest_first(
    lengths: list[int], batch_size: int
) -> None:
    batches = as_lists(sorted_batches(np.array(lengths, np.int64), batch_size))
    rows = [row for batch in batches for row in batch]
    assert rows == sorted(range(len(lengths)), key=lambda row: lengths[row])
    assert all(len(batch) == batch_size for batch in batches[:-1])


@given(length_lists, st.integers(1, 9), seeds, st.integers(0, 50))
def test_an_epoch_holds_every_row_once(
    lengths: list[int], batch_size: int, seed: int, epoch: int
) -> None:
    batches = as_lists(shuffled(np.array(lengths, np.int64), batch_size, seed, epoch))
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    assert len(batches) == -(-len(lengths) // batch_size)
    assert all(1 <= len(batch) <= batch_size for batch in batches)


def test_the_order_depends_on_seed_and_epoch_and_nothing_else() -> None:
    lengths = np.arange(60) % 7

    def order(seed: int, epoch: int) -> list[list[int]]:
        return as_lists(shuffled(lengths, 4, seed, epoch))

    np.random.seed(0)
    first = order(seed=3, epoch=5)
    np.random.seed(1)
    assert order(seed=3, epoch=5) == first
    orders = [order(seed, epoch) for seed in range(4) for epoch in range(4)]
    assert all(one != other for one, other in itertools.combinations(orders, 2))


def test_texts_of_similar_length_share_a_batch() -> None:
    lengths = np.random.default_rng(0).permutation(WINDOW * 5)  # one window of 20 batches of 5
    batches = shuffled(lengths, 5, seed=0, epoch=0)
    spans = [sorted(lengths[batch].tolist()) for batch in batches]
    assert sorted(spans) == [list(range(start, start + 5)) for start in range(0, 100, 5)]
    assert spans != sorted(spans)  # but long texts don't always come last


def test_one_batch_of_an_epoch_is_short_not_one_of_each_window() -> None:
    batches = shuffled(np.ones(3 * WINDOW * 4 + 2), batch_size=4, seed=1, epoch=0)
    assert sorted(map(len, batches)) == [2, *[4] * (3 * WINDOW)]


def test_batch_mates_change_from_epoch_to_epoch() -> None:
    lengths = np.ones(100)
    first, second = (shuffled(lengths, 5, seed=0, epoch=epoch) for epoch in (0, 1))
    assert {frozenset(batch.tolist()) for batch in first}.isdisjoint(
        frozenset(batch.tolist()) for batch in second
    )


def test_a_long_text_does_not_make_its_whole_batch_as_long() -> None:
    lengths = np.array([5] * 10 + [70, 200])
    batches = sorted_batches(lengths, 8, 160)
    assert [batch.tolist() for batch in batches] == [list(range(8)), [8, 9], [10], [11]]
