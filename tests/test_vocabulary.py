"""Which tokens are known, in which order, and what becomes of the others."""

import json
from collections import Counter
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textcnn.text.vocabulary import PADDING, UNKNOWN, Vocabulary

COUNTS = {"b": 2, "a": 1, "d": 1, "c": 3}

token_counts = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 9))


def test_frequent_tokens_come_first_and_ties_are_broken_by_spelling() -> None:
    vocabulary = Vocabulary.build(COUNTS)
    assert vocabulary.known_tokens == ("c", "b", "a", "d")
    assert vocabulary.encode(["a", "b", "c", "d"]) == [4, 3, 2, 5]


def test_padding_is_0_unknown_is_1_and_both_count_as_ids() -> None:
    vocabulary = Vocabulary.build(COUNTS)
    assert (PADDING, UNKNOWN) == (0, 1)
    assert len(vocabulary) == 6
    assert vocabulary.encode(["z", "c"]) == [1, 2]
    assert vocabulary.decode([0, 1, 2, 5]) == ["<pad>", "<unk>", "c", "d"]


@given(token_counts)
def test_tokens_are_indexed_by_id_specials_included(counts: dict[str, int]) -> None:
    vocabulary = Vocabulary.build(counts)
    assert len(vocabulary.tokens) == len(vocabulary) == len(counts) + 2
    for id, token in enumerate(vocabulary.tokens):
        assert vocabulary.decode([id]) == [token]
    assert vocabulary.tokens == ("<pad>", "<unk>", *vocabulary.known_tokens)
    known = vocabulary.known_tokens
    assert [vocabulary.tokens[id] for id in vocabulary.encode(known)] == list(known)


def test_an_id_that_is_too_large_has_no_token() -> None:
    with pytest.raises(IndexError):
        Vocabulary(["a"]).decode([3])


def test_tokens_rarer_than_min_frequency_are_unknown() -> None:
    vocabulary = Vocabulary.build(COUNTS, min_frequency=2)
    assert vocabulary.known_tokens == ("c", "b")
    assert vocabulary.encode(["a", "b"]) == [UNKNOWN, 3]


def test_max_vocabulary_keeps_the_most_frequent_and_does_not_count_specials() -> None:
    vocabulary = Vocabulary.build(COUNTS, max_vocabulary=3)
    assert vocabulary.known_tokens == ("c", "b", "a")
    assert len(vocabulary) == 5


def test_both_cuts_hold_together() -> None:
    assert Vocabulary.build(COUNTS, min_frequency=2, max_vocabulary=1).known_tokens == ("c",)
    assert Vocabulary.build(COUNTS, min_frequency=2, max_vocabulary=9).known_tokens == ("c", "b")


@pytest.mark.parametrize("counts", [{}, {"a": 1, "b": 1}])
def test_a_vocabulary_may_be_empty(counts: dict[str, int]) -> None:
    vocabulary = Vocabulary.build(counts, min_frequency=2)
    assert len(vocabulary) == 2
    assert vocabulary.encode(["a"]) == [UNKNOWN]


def test_a_text_that_spells_a_special_is_a_text_as_any_other() -> None:
    assert Vocabulary(["a"]).encode(["<pad>", "<unk>"]) == [UNKNOWN, UNKNOWN]
    vocabulary = Vocabulary.build({"<pad>": 1, "<unk>": 1})
    assert vocabulary.encode(["<pad>", "<unk>"]) == [2, 3]
    assert vocabulary.decode([2, 3]) == ["<pad>", "<unk>"]


def test_a_token_given_twice_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="each token once, got 'b' again"):
        Vocabulary(["a", "b", "c", "b"])


def test_the_order_in_which_tokens_came_does_not_matter() -> None:
    backwards = dict(reversed(COUNTS.items()))
    assert Vocabulary.build(backwards).known_tokens == Vocabulary.build(COUNTS).known_tokens


def test_tokens_in_json_make_the_same_vocabulary() -> None:
    tokens = ["ß", "\u2028", '"', "a b", "", "<pad>"]
    again = Vocabulary(json.loads(json.dumps(Vocabulary(tokens).known_tokens)))
    assert again.encode(tokens) == [2, 3, 4, 5, 6, 7]


@given(token_counts, st.integers(1, 4), st.none() | st.integers(1, 9))
def test_what_is_kept_is_at_least_as_frequent_as_what_is_not(
    counts: dict[str, int], min_frequency: int, max_vocabulary: int | None
) -> None:
    vocabulary = Vocabulary.build(counts, min_frequency, max_vocabulary)
    kept = [counts[token] for token in vocabulary.known_tokens]
    dropped = [count for token, count in counts.items() if token not in vocabulary.known_tokens]
    assert kept == sorted(kept, reverse=True)
    assert min(kept, default=min_frequency) >= min_frequency
    if max_vocabulary is None or len(kept) < max_vocabulary:
        assert max(dropped, default=0) < min_frequency
    else:
        assert len(kept) == max_vocabulary
        assert max(dropped, default=0) <= min(kept)


@given(st.lists(st.lists(st.sampled_from("abcdefgh"))))
def test_decode_gives_back_what_was_encoded(texts: list[list[str]]) -> None:
    vocabulary = Vocabulary.build(Counter(chain(*texts)))
    for tokens in texts:
        ids = vocabulary.encode(tokens)
        assert vocabulary.decode(ids) == tokens
        assert all(2 <= id < len(vocabulary) for id in ids)
