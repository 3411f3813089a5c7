"""Words of many texts at once: the same as of each text alone."""

import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from textcnn.text.many_words import SPACES, many_basic_english_words
from textcnn.text.tokenizers import BASIC_ENGLISH, basic_english_words

PIECES = [string for string, _ in BASIC_ENGLISH] + list(" \t\n\x0b\x0c\r\x1c\x1d\x1e\x1f\x85\xa0")
PIECES += [
    "<br",
    "/>",
    " />",
    "<BR />",
    "a",
    "B",
    "ß",
    "İ",
    "ΑΣ",
    "ﬁ",
    "新",
    "😀",
    "\u3000",
    "\x00",
]
texts_of = st.lists(
    st.lists(st.sampled_from(PIECES), max_size=12).map("".join) | st.text(max_size=12), min_size=1
)


@given(texts_of)
@example(["<br;/>", '<br" />', "<br:/> a"])
@example(["", "", "a"])
@example([" a b", "  "])
def test_words_are_those_of_each_text_alone(texts: list[str]) -> None:
    words = many_basic_english_words(texts)
    if words is None:
        assert any("\0" in text or has_surrogate(text) for text in texts)
        return
    table, places, lengths = words
    expected = [basic_english_words(text) for text in texts]
    assert lengths.tolist() == [len(each) for each in expected]
    assert [table[place] for place in places] == [word for each in expected for word in each]


def has_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


@pytest.mark.parametrize("text", ["a\0b", "a\ud800"])
def test_texts_with_what_stands_between_texts_are_left_to_others(text: str) -> None:
    assert many_basic_english_words(["a", text]) is None


def test_white_space_is_all_that_python_knows() -> None:
    known = [chr(code) for code in range(sys.maxunicode + 1) if chr(code).isspace()]
    assert [space for space in known if not space.isascii()] == SPACES
    (_, places, _) = many_basic_english_words(["".join(known)]) or pytest.fail("refused")
    assert len(places) == 0
