"""Where tokens are in their text."""

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textcnn.text.spans import token_spans
from textcnn.text.tokenizers import Tokenizer, build_tokenizer

TOKENIZERS = {
    name: build_tokenizer("word", tokenizer=name)
    for name in ("basic", "english", "basic_english", "whitespace", "kim", "unicode")
}
BYTES = build_tokenizer("byte")
CHARACTERS = build_tokenizer("char", alphabet="learned", lowercase=True)

# words of several scripts, signs that some tokenizers drop, and characters that change their length
pieces = st.sampled_from(
    [
        *("Film", "isn't", "naïve", "e\u0301tude", "我爱北京", "ภาษาไทย", "ΟΔΟΣ", "İstanbul"),
        *(
            " ",
            "  ",
            "\n",
            ".",
            ",",
            ";",
            ":",
            '"',
            "'",
            "<br />",
            "br",
            "(",
            "?!",
            "🙂",
            "x\u00ady",
        ),
        *("ﬁne", "１２", "\u200b"),
    ]
)
texts = st.lists(pieces, max_size=12).map("".join)


def found(tokenizer: Tokenizer, text: str) -> list[str | None]:
    spans = token_spans(tokenizer, text)
    assert len(spans) == len(tokenizer(text))
    return [None if span is None else text[slice(*span)] for span in spans]


@pytest.mark.parametrize(
    ("tokenizer", "text", "expected"),
    [
        ("basic", 'It\'s <br />a br, "so"', ["It", "'", "s", "a", "br", ",", "so"]),
        ("basic", 'say"hello"', ['say"hello']),
        ("basic", "x 我爱", ["x", "我", "爱"]),
        ("kim", "l'été isn't bad", ["l'", "t", "is", "n't", "bad"]),
        (
            "english",
            "L'été isn't “bad”; I’m 🙂",
            ["L'été", "is", "n't", "bad", "I", "’m", "🙂"],
        ),
        (
            "english",
            "good ……… bad <br /> ％％％％％％％％％ a…b it's",
            ["good", "bad", "a", "b", "it", "'s"],
        ),
        ("unicode", "Cafe\u0301 ﬁne", ["Cafe\u0301", "ﬁne"]),
        ("whitespace", " A  b ", ["A", "b"]),
    ],
)
def test_tokens_are_found_as_they_were_written(
    tokenizer: str, text: str, expected: list[str]
) -> None:
    assert found(TOKENIZERS[tokenizer], text) == expected


@given(texts)
@pytest.mark.parametrize("name", TOKENIZERS)
def test_spans_follow_each_other_and_hold_their_token(name: str, text: str) -> None:
    tokenizer = TOKENIZERS[name]
    spans = token_spans(tokenizer, text)
    known = [span for span in spans if span is not None]
    assert all(start < end <= len(text) for start, end in known)
    assert all(one[0] <= two[0] for one, two in pairwise(known))
    for token, written in zip(tokenizer(text), found(tokenizer, text), strict=True):
        if written is not None:
            assert plain(token) in plain(written)


def plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKC", text).lower().replace("ς", "σ")
    return decomposed.replace('"', "").replace("\u00ad", "")


@given(texts)
def test_every_word_of_english_is_found(text: str) -> None:
    for name in ("basic", "kim"):
        assert None not in found(TOKENIZERS[name], text.encode("ascii", "ignore").decode())


def test_bytes_and_characters_have_the_place_of_their_character() -> None:
    assert token_spans(BYTES, "aé") == [(0, 1), (1, 2), (1, 2)]
    assert token_spans(CHARACTERS, "Aé") == [(0, 1), (1, 2)]
    assert found(CHARACTERS, "İb") == ["İ", "İ", "b"]  # lower case has two characters


def test_a_word_that_is_not_in_the_text_has_no_place() -> None:
    made = Tokenizer(lambda text: ["fine", "&quot;", "film"], " ".join)
    assert found(made, 'fine " film') == ["fine", None, "film"]
    assert found(Tokenizer(lambda text: [], " ".join), "") == []
