"""All texts of a source: what is computed of them is kept, if they are many."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from textcnn.data.texts import Texts
from textcnn.data.tokenized import TokenizedTexts
from textcnn.text.tokenizers import build_tokenizer

WORDS = build_tokenizer("word", tokenizer="whitespace")
CHARACTERS = build_tokenizer("char", alphabet="learned", lowercase=False)
SENTENCES = ["A fine film", "a  fine\tFILM ", "", "another", "שלום"]

some_texts = st.lists(st.text(max_size=5), max_size=6)


def column(*chunks: Sequence[str]) -> pa.ChunkedArray:
    return pa.chunked_array([list(chunk) for chunk in chunks], pa.string())


def fingerprint(*texts: str) -> str:
    return Texts(column(texts)).fingerprint


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of the cache."""
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path))
    return tmp_path / "textcnn"


def many(column: pa.ChunkedArray, kept: bool = True) -> Texts:
    """Texts that are kept in the cache, however few they are."""
    return Texts(column, kept, cached_bytes=0)


def files(folder: Path) -> int:
    return len(list(folder.iterdir())) if folder.exists() else 0


def read_back(tokenized: TokenizedTexts) -> list[list[str]]:
    pieces = zip(tokenized.offsets[:-1], tokenized.offsets[1:], strict=True)
    return [[tokenized.table[place] for place in tokenized.places[a:b]] for a, b in pieces]


def test_texts_are_found_by_row() -> None:
    texts = Texts(column(["a", ""], [], ["c"]))
    assert [texts[row] for row in range(len(texts))] == ["a", "", "c"]


# The fingerprint


@given(some_texts, st.integers(0, 6), some_texts, some_texts)
@example(["a"], 0, [], [])
@example(["", ""], 1, [""], [""])
def test_a_fingerprint_is_that_of_the_texts_however_they_lie(
    texts: list[str], cut: int, before: list[str], behind: list[str]
) -> None:
    expected = fingerprint(*texts)
    assert Texts(column(texts[:cut], [], texts[cut:])).fingerprint == expected
    middle = column([*before, *texts, *behind]).slice(len(before), len(texts))
    assert Texts(middle).fingerprint == expected
    assert Texts(column(before, [*texts, *behind]).slice(len(before), len(texts))).fingerprint == (
        expected
    )


@given(some_texts, some_texts)
@example(["ab", ""], ["a", "b"])  # the same letters, other texts
@example(["ab"], ["ab", ""])
@example([], [""])
@example(["a", "b"], ["b", "a"])
@example(["a\0", "b"], ["a", "\0b"])
@example(["a"], ["A"])
def test_other_texts_have_another_fingerprint(one: list[str], other: list[str]) -> None:
    assert (fingerprint(*one) == fingerprint(*other)) == (one == other)


def test_no_texts_have_a_fingerprint() -> None:
    assert Texts(column()).fingerprint == Texts(column([])).fingerprint == fingerprint()


# Hashes


def test_texts_that_differ_in_case_and_white_space_have_one_hash() -> None:
    normalized = Texts(
        column(["A fine Film", " a\u00a0fine\n"], [], ["FILM", "a fine film"])
    ).text_hashes
    assert normalized[0] == normalized[3]
    assert len(set(normalized.tolist())) == 3
    straße, strasse = Texts(column(["Straße", "STRASSE"])).text_hashes
    assert straße == strasse
