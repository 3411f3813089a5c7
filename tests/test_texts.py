"""All texts of a source: what is computed of them is kept, if they are many."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from textcnn.data import texts as texts_module
from textcnn.data.texts import Texts
from textcnn.data.tokenized import TokenizedTexts
from textcnn.text.tokenizers import build_tokenizer

WORDS = build_tokenizer("word", tokenizer="whitespace")
CHARACTERS = build_tokenizer("char", alphabet="learnt", lowercase=False)
SENTENCES = ["A fine film", "a  fine\tFILM ", "", "another", "שלום"]

some_texts = st.lists(st.text(max_size=5), max_size=6)


def column(*chunks: Sequence[str]) -> pa.ChunkedArray:
    return pa.chunked_array([list(chunk) for chunk in chunks], pa.string())


def fingerprint(*texts: str) -> str:
    return Texts(column(texts)).fingerprint


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of the cache; and few texts are as many, so that they are kept there."""
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path))
    monkeypatch.setattr(texts_module, "CACHED_BYTES", 0)
    return tmp_path / "textcnn"


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


# Folded


def test_texts_fold_alike_but_for_case_and_white_space() -> None:
    folded = Texts(
        column(["A fine Film", " a\u00a0fine\n"], [], ["FILM", "a fine film"])
    ).text_hashes
    assert folded[0] == folded[3]
    assert len(set(folded.tolist())) == 3
    straße, strasse = Texts(column(["Straße", "STRASSE"])).text_hashes
    assert straße == strasse


@given(some_texts, some_texts)
@example(["a b"], ["ab"])
@example(["e\u0301"], ["é"])  # combining characters are not composed
def test_texts_fold_alike_only_then(one: list[str], other: list[str]) -> None:
    hashes = Texts(column(one, other)).text_hashes.tolist()
    folded = [" ".join(text.casefold().split()) for text in one + other]
    for ours, our_hash in zip(folded, hashes, strict=True):
        for theirs, their_hash in zip(folded, hashes, strict=True):
            assert (ours == theirs) == (our_hash == their_hash)


# What is kept


def test_what_was_computed_is_read_by_the_next(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Texts(column(SENTENCES))
    folded, tokenized = first.text_hashes.tolist(), read_back(first.tokenized(WORDS))
    assert tokenized == [text.split() for text in SENTENCES]
    assert files(folder) == 2

    def refuse(*_: object) -> None:
        raise AssertionError("computed again")

    for name in ("tokenize", "tokenize_list", "map_texts", "text_hashes"):
        monkeypatch.setattr(texts_module, name, refuse)
    again = Texts(column(SENTENCES[:2], SENTENCES[2:]))  # the same, in other chunks
    assert again.text_hashes.tolist() == folded
    assert read_back(again.tokenized(WORDS)) == tokenized
    with pytest.raises(AssertionError, match="computed again"):
        Texts(column(SENTENCES[1:])).tokenized(WORDS)
    with pytest.raises(AssertionError, match="computed again"):
        Texts(column(SENTENCES[1:])).text_hashes  # noqa: B018


def test_every_tokenizer_has_its_own_tokens(folder: Path) -> None:
    texts = Texts(column(SENTENCES))
    for _ in range(2):
        assert read_back(texts.tokenized(WORDS)) == [text.split() for text in SENTENCES]
        assert read_back(texts.tokenized(CHARACTERS)) == [list(text) for text in SENTENCES]
    assert files(folder) == 2


def test_what_is_not_to_be_kept_is_not(folder: Path) -> None:
    texts = Texts(column(SENTENCES), kept=False)
    assert read_back(texts.tokenized(WORDS)) == [text.split() for text in SENTENCES]
    assert texts.text_hashes.tolist() == Texts(column(SENTENCES)).text_hashes.tolist()
    assert files(folder) == 1  # of the second, which may be kept


def test_few_texts_are_not_kept_and_give_the_same(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts_module, "CACHED_BYTES", 2**20)
    few = Texts(column(SENTENCES))
    tokenized, folded = few.tokenized(WORDS), few.text_hashes
    assert files(folder) == 0
    monkeypatch.setattr(texts_module, "CACHED_BYTES", 0)
    many = Texts(column(SENTENCES))
    assert read_back(many.tokenized(WORDS)) == read_back(tokenized)
    assert many.text_hashes.tolist() == folded.tolist()
    assert files(folder) == 2


@pytest.mark.parametrize("sentences", [[], [""], [" ", "\n"]])
def test_texts_without_tokens_are_kept_too(folder: Path, sentences: list[str]) -> None:
    for _ in range(2):
        texts = Texts(column(sentences))
        assert read_back(texts.tokenized(WORDS)) == [[] for _ in sentences]
        assert len(texts.text_hashes) == len(sentences)
    assert files(folder) == 2
