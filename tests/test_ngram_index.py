"""Numbers of n-grams against a plain dictionary, with any texts, limits and keys."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from tiny_models import batch
from torch import Tensor

from textcnn.models.ngrams.index import Counted, NgramIndex, distinct
from textcnn.text.vocabulary import PADDING, UNKNOWN

SIZE = 6  # token ids: padding, unknown and four words
LONGEST = 4
Ids = list[int]
texts_of_ids = st.lists(st.lists(st.integers(UNKNOWN, SIZE - 1), max_size=7), max_size=8)


def plain_ngrams(text: Ids, longest: int) -> list[tuple[int, ...]]:
    """All n-grams of a text without unknown tokens, PADDING at both ends of longer ones."""
    found: list[tuple[int, ...]] = [(token,) for token in text]
    around = [PADDING, *text, PADDING] if text else []
    for tokens in range(2, longest + 1):
        found += [
            tuple(around[start : start + tokens]) for start in range(len(around) - tokens + 1)
        ]
    return [ngram for ngram in found if UNKNOWN not in ngram]


def known(texts: list[Ids], longest: int, min_count: int = 1) -> set[tuple[int, ...]]:
    counts = Counter(ngram for text in texts for ngram in plain_ngrams(text, longest))
    return {ngram for ngram, count in counts.items() if len(ngram) > 1 and count >= min_count}


def in_batches(texts: list[Ids], size: int) -> Iterator[tuple[Tensor, Tensor]]:
    for start in range(0, len(texts), size):
        yield batch(texts[start : start + size])


def learn(texts: list[Ids], longest: int = LONGEST, size: int = 3, **limits: Any) -> NgramIndex:
    return NgramIndex.learn(lambda: in_batches(texts, size), SIZE, longest, **limits)


def read(index: NgramIndex, texts: list[Ids], padding: int = 0) -> list[list[tuple[int, ...]]]:
    """The n-grams of each text, decoded."""
    numbers = index.numbers(*batch(texts, padding))
    return [
        [tuple(index.tokens(number)) for number in row if number != PADDING]
        for row in numbers.tolist()
    ]


@given(texts_of_ids, texts_of_ids, st.integers(1, LONGEST), st.integers(1, 3), st.integers(1, 9))
@example([[2, 3]], [[2]], 3, 1, 1)
@example([[], []], [[], []], 1, 1, 1)  # no token at all
@example([[1]], [[1, 1], []], LONGEST, 1, 1)  # only unknown tokens
def test_numbers_are_those_of_a_plain_dictionary(
    texts: list[Ids], others: list[Ids], longest: int, min_count: int, collected: int
) -> None:
    index = learn(texts, longest, min_count=min_count, collected=collected)
    expected = known(texts, longest, min_count)
    assert len(index) == SIZE + len(expected)
    assert {tuple(index.tokens(number)) for number in range(SIZE, len(index))} == expected
    for read_texts in filter(None, (texts, others)):
        for text, found in zip(read_texts, read(index, read_texts, padding=2), strict=True):
            there = {
                ngram
                for ngram in plain_ngrams(text, longest)
                if len(ngram) == 1 or ngram in expected
            }
            assert len(found) == len(there)  # each once
            assert set(found) == there


def test_ends_of_a_text_belong_to_longer_ngrams_only() -> None:
    index = learn([[2, 3]], longest=3)
    (found,) = read(index, [[2, 3]])
    # single tokens, then pairs and triples in the order of their keys
    assert found == [(2,), (3,), (0, 2), (2, 3), (3, 0), (0, 2, 3), (2, 3, 0)]
    assert read(index, [[3], [2]]) == [[(3,), (3, 0)], [(2,), (0, 2)]]
    assert read(learn([[2]], longest=4), [[2]]) == [[(2,), (0, 2), (2, 0), (0, 2, 0)]]


def test_the_number_of_a_single_token_is_its_id() -> None:
    index = learn([[5, 2, 2]], longest=1)
    assert index.numbers(*batch([[5, 2, 2], [1, 3]])).tolist() == [[2, 0, 5], [0, 0, 3]]


def test_rare_ngrams_are_counted_over_all_batches_and_inside_texts() -> None:
    texts = [[2, 3], [4], [2, 3, 2, 3], [5, 4]]
    for size in (1, 4):
        index = learn(texts, longest=2, size=size, min_count=3, collected=2)
        assert [index.tokens(number) for number in range(SIZE, len(index))] == [[2, 3]]


@given(st.lists(st.lists(st.integers(0, 9), max_size=6), max_size=6), st.integers(1, 7))
def test_keys_are_counted_however_often_they_are_merged(
    parts: list[list[int]], collected: int
) -> None:
    counted = Counted(collected)
    for part in parts:
        counted.add(torch.tensor(part, dtype=torch.int64).numpy())
    counts = Counter(key for part in parts for key in part)
    for least in (1, 2, 3):
        expected = sorted(key for key, count in counts.items() if count >= least)
        assert counted.at_least(least).tolist() == expected


@given(st.sets(st.integers(0, 2**62), max_size=60), st.randoms())
@example({key << 40 for key in range(50)}, None)  # alike in their low bits
def test_a_key_is_found_at_its_place_in_any_order(keys: set[int], random: Any) -> None:
    order = list(keys)
    if random is not None:
        random.shuffle(order)
    index = NgramIndex(torch.tensor(order, dtype=torch.int64), SIZE, 2)
    wanted = torch.tensor([[*order, 2**62 + 1, -1]])
    expected = [*range(SIZE, SIZE + len(order)), PADDING, PADDING]
    assert index.table.look_up(wanted).tolist() == [expected]


@given(st.lists(st.integers(-3, 30) | st.integers(-(2**63), 2**63 - 1), max_size=20))
@example([7] * 20)
@example([-1, -1, 0])
def test_hostile_keys_give_numbers_in_range_and_no_endless_search(keys: list[int]) -> None:
    index = NgramIndex(torch.tensor(keys, dtype=torch.int64), SIZE, LONGEST)
    numbers = index.numbers(*batch([[2, 3, 1, 5], [], [4]]))
    assert int(numbers.min()) >= 0
    assert int(numbers.max()) < len(index)


@pytest.mark.parametrize("limit", [100, 2**31])  # with NumPy and with PyTorch
def test_repeated_numbers_become_padding(limit: int) -> None:
    numbers = torch.tensor([[5, 3, 5, 0], [9, 9, 9, 9]])
    assert distinct(numbers, limit).tolist() == [[0, 3, 5, 0], [9, 0, 0, 0]]
    assert distinct(torch.empty(2, 0, dtype=torch.int64), limit).shape == (2, 0)


@pytest.mark.parametrize(
    ("keys", "fits"),
    [
        ([], True),
        ([2 * SIZE + 3, SIZE * SIZE + 2], True),  # a pair, and a triple that begins with it
        ([SIZE * SIZE + 2], False),  # begins with itself
        ([-1], False),
        ([2**62], False),
    ],
)
def test_keys_must_begin_with_an_ngram_before_them(keys: list[int], fits: bool) -> None:
    index = NgramIndex(torch.tensor(keys, dtype=torch.int64), SIZE, 3)
    assert index.is_sound() == fits
