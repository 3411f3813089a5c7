"""Tokens as numbers: every token of every text can be read back."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from textcnn.data.tokenized import TokenizedTexts, tokenize, tokenize_list
from textcnn.text.tokenizers import Tokenizer, build_tokenizer

WORDS = build_tokenizer("word", tokenizer="whitespace")
TOKENIZERS = {
    "whitespace": WORDS,
    "basic_english": build_tokenizer("word", tokenizer="basic_english"),
    "english": build_tokenizer("word", tokenizer="english"),
    "kim": build_tokenizer("word", tokenizer="kim"),
    "zhang": build_tokenizer("char", alphabet="zhang", lowercase=True),
    "learned": build_tokenizer("char", alphabet="learned", lowercase=False),
    "custom": build_tokenizer("char", alphabet="ab א", lowercase=True),
    "byte": build_tokenizer("byte"),
}
every_tokenizer = pytest.mark.parametrize("tokenizer", TOKENIZERS.values(), ids=TOKENIZERS)

ODD_TEXTS = [
    "",
    "\0",
    "a\0b \0",
    "שלום עולם",  # right to left
    "\u202eabc\u202c",  # written from right to left by force
    "e\u0301 \u0301",  # combining characters, the second with nothing to combine with
    "İSTANBUL",  # one character longer in lower case
    "👩\u200d👩\u200d👧 \U0010ffff",
    "\ufeffa",
    " \t\r\n\x85\u00a0\u3000",
]
HALVES = ["\ud800", "\udfff a", "\ud83d\ude00"]  # half surrogates, the last two of one character
arrow_text = st.text() | st.sampled_from(ODD_TEXTS)
any_text = st.text(st.characters(exclude_categories=[])) | st.sampled_from(ODD_TEXTS + HALVES)
cuts = st.lists(st.integers(0, 8), max_size=3)


def read_back(tokenized: TokenizedTexts) -> list[list[str]]:
    ends = tokenized.offsets.tolist()
    return [
        [tokenized.table[place] for place in tokenized.places[start:end]]
        for start, end in pairwise(ends)
    ]


def plain(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[str]]:
    return [list(tokenizer(text)) for text in texts]


def in_chunks(texts: Sequence[str], at: Sequence[int]) -> pa.ChunkedArray:
    """A column that is cut at these places; chunks may be empty."""
    ends = [0, *sorted(min(cut, len(texts)) for cut in at), len(texts)]
    parts = [texts[start:end] for start, end in pairwise(ends)]
    return pa.chunked_array(parts, pa.string())


def through_file(tokenized: TokenizedTexts, path: Path) -> TokenizedTexts:
    table = tokenized.to_arrow()
    with pa.ipc.new_file(str(path), table.schema) as writer:
        writer.write_table(table)
    return TokenizedTexts.from_arrow(pa.ipc.open_file(pa.memory_map(str(path))).read_all())


def assert_types(tokenized: TokenizedTexts) -> None:
    assert tokenized.places.dtype == np.int32
    assert tokenized.offsets.dtype == np.int64


def assert_same(got: TokenizedTexts, expected: TokenizedTexts) -> None:
    assert got.table == expected.table
    for ours, theirs in ((got.places, expected.places), (got.offsets, expected.offsets)):
        assert ours.dtype == theirs.dtype
        assert ours.tolist() == theirs.tolist()


def test_tokens_are_places_in_a_table_of_the_distinct_ones() -> None:
    tokenized = tokenize_list(WORDS, ["to be or", "", "not to be"])
    assert tokenized.table == ("to", "be", "or", "not")
    assert tokenized.places.tolist() == [0, 1, 2, 3, 0, 1]
    assert tokenized.offsets.tolist() == [0, 3, 3, 6]
    assert tokenized.lengths.tolist() == [3, 0, 3]
    assert len(tokenized) == 3
    assert_types(tokenized)


@every_tokenizer
@given(texts=st.lists(any_text, max_size=8))
@example(texts=[])
@example(texts=["", ""])
@example(texts=ODD_TEXTS + HALVES)
def test_tokens_of_a_few_texts_are_read_back(tokenizer: Tokenizer, texts: list[str]) -> None:
    tokenized = tokenize_list(tokenizer, texts)
    assert read_back(tokenized) == plain(tokenizer, texts)
    assert set(tokenized.table) == {token for text in texts for token in tokenizer(text)}
    assert len(set(tokenized.table)) == len(tokenized.table)
    assert_types(tokenized)


@every_tokenizer
@given(texts=st.lists(arrow_text, max_size=8), at=cuts, chunk_bytes=st.integers(1, 40))
@example(texts=[], at=[], chunk_bytes=1)
@example(texts=["", "", ""], at=[1], chunk_bytes=1)
@example(texts=ODD_TEXTS, at=[2, 2, 5], chunk_bytes=8)
def test_tokens_of_a_column_are_read_back(
    tokenizer: Tokenizer, texts: list[str], at: list[int], chunk_bytes: int
) -> None:
    # several tables become one
    tokenized = tokenize(in_chunks(texts, at), tokenizer, chunk_bytes=chunk_bytes)
    assert read_back(tokenized) == plain(tokenizer, texts)
    assert len(set(tokenized.table)) == len(tokenized.table)
    assert_types(tokenized)


def test_a_column_without_chunks_has_no_texts() -> None:
    tokenized = tokenize(pa.chunked_array([], pa.string()), WORDS)
    assert (len(tokenized), tokenized.table, tokenized.offsets.tolist()) == (0, (), [0])


@pytest.mark.parametrize(
    ("tokenizer", "tokens"),
    [("whitespace", ["naïve"]), ("zhang", list("naïve ")), ("byte", list("na\xc3\xafve "))],
)
def test_a_text_of_ten_megabytes_is_a_text(tokenizer: str, tokens: list[str]) -> None:
    times = 1_500_000
    long = "naïve " * times
    assert len(long.encode()) > 10_000_000
    column = pa.chunked_array([["naïve", long, "ve"]], pa.string())
    tokenized = tokenize(column, TOKENIZERS[tokenizer])
    start, end = tokenized.offsets[1:3]
    pattern = tokenized.places[start : start + len(tokens)]
    assert [tokenized.table[place] for place in pattern] == tokens
    assert end - start == times * len(tokens)
    assert (tokenized.places[start:end].reshape(times, -1) == pattern).all()
    short = TokenizedTexts(
        tokenized.table,
        np.concatenate([tokenized.places[:start], tokenized.places[end:]]),
        tokenized.offsets[[0, 1, 3]] - [0, 0, end - start],
    )
    assert read_back(short) == plain(TOKENIZERS[tokenizer], ["naïve", "ve"])


# Arrow


@every_tokenizer
@given(texts=st.lists(arrow_text, max_size=8))
@example(texts=[])
@example(texts=["", " "])
@example(texts=ODD_TEXTS)
def test_arrow_gives_back_what_it_got(tokenizer: Tokenizer, texts: list[str]) -> None:
    tokenized = tokenize_list(tokenizer, texts)
    assert_same(TokenizedTexts.from_arrow(tokenized.to_arrow()), tokenized)


@every_tokenizer
@pytest.mark.parametrize("texts", [[], [""], [" "], ["a"], ["", "a b", ""], ODD_TEXTS])
def test_a_file_gives_back_what_it_got(
    tokenizer: Tokenizer, texts: list[str], tmp_path: Path
) -> None:
    tokenized = tokenize_list(tokenizer, texts)
    assert_same(through_file(tokenized, tmp_path / "tokens.arrow"), tokenized)


def test_texts_that_were_found_on_the_disk_stay_there(tmp_path: Path) -> None:
    tokenized = tokenize_list(WORDS, ["a b c d"] * 100_000)
    before = pa.total_allocated_bytes()
    mapped = through_file(tokenized, tmp_path / "tokens.arrow")
    held = pa.total_allocated_bytes() - before
    assert mapped.counts(np.array([5])) == dict.fromkeys("abcd", 1)
    assert held < mapped.places.nbytes / 10


# Counts


@given(st.lists(st.text("ab ", max_size=6), min_size=1, max_size=6), st.data(), st.integers(1, 4))
def test_counts_are_those_of_the_rows_asked_for(
    texts: list[str], data: st.DataObject, block: int
) -> None:
    rows = data.draw(st.lists(st.integers(0, len(texts) - 1), max_size=9))
    counts = tokenize_list(WORDS, texts).counts(np.array(rows, np.int64), texts_at_once=block)
    assert counts == Counter(token for row in rows for token in texts[row].split())


def test_a_token_of_other_rows_is_not_counted() -> None:
    tokenized = tokenize_list(WORDS, ["a b a", "c", "b"])
    assert tokenized.counts(np.array([2, 0, 0])) == {"a": 4, "b": 3}
    assert tokenized.counts(np.array([], np.int64)) == {}
