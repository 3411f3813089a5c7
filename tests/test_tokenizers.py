"""Word tokens as torchtext's basic_english splits them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textcnn.text.tokenizers import build_tokenizer

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("A fine Film", ["a", "fine", "film"]),
        ("Don't", ["don", "'", "t"]),
        ("(Really?) Yes, now!", ["(", "really", "?", ")", "yes", ",", "now", "!"]),
        ("3.14", ["3", ".", "14"]),
        ('one: "two"; three', ["one", "two", "three"]),
        ("up<br />down", ["up", "down"]),
        ("e-mail a--b", ["e-mail", "a--b"]),
        ("\ttabs\n\nlines\u00a0and  spaces ", ["tabs", "lines", "and", "spaces"]),
        ("ÉCOLE naïve 你好", ["école", "naïve", "你好"]),
    ],
)
def test_words_are_lower_case_with_punctuation_split_off(text: str, tokens: list[str]) -> None:
    assert build_tokenizer("word")(text) == tokens


@pytest.mark.parametrize("text", ["", " \n\t ", "<br />", '":;"'])
def test_a_text_without_words_has_no_tokens(text: str) -> None:
    assert build_tokenizer("word")(text) == []


@given(st.text())
def test_tokens_are_never_empty_and_hold_no_white_space(text: str) -> None:
    for token in build_tokenizer("word")(text):
        assert token.split() == [token]


def test_only_the_tokenizers_import_torchtext() -> None:
    sources = [path for path in ROOT.glob("textcnn/**/*.py") if path.name != "tokenizers.py"]
    assert len(sources) > 20
    assert [path for path in sources if "import torchtext" in path.read_text("utf-8")] == []
    assert [path for path in sources if "from torchtext" in path.read_text("utf-8")] == []
