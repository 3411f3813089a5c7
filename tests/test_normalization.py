"""Normalization of texts before they are split."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textcnn.text.normalization import Normalization, visible, without_accents
from textcnn.text.tokenizers import build_tokenizer

ANY = st.text(st.characters(exclude_categories=[]))


@pytest.mark.parametrize(
    ("form", "text", "expected"),
    [
        ("none", "ﬁ e\u0301", "ﬁ e\u0301"),
        ("NFC", "ﬁ e\u0301", "ﬁ é"),
        ("NFKC", "ﬁ e\u0301 ｶﾞ Ａ", "fi é ガ A"),
        ("NFKC", "it´s “so”", 'it\'s "so"'),
        ("NFKC", "น้ำทำ ນ້ຳ", "น้ำทำ ນ້ຳ"),  # as dictionaries write it
    ],
)
def test_forms_are_those_of_unicode(form: str, text: str, expected: str) -> None:
    assert Normalization(form)(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Café naïve Ångström", "Cafe naive Angstrom"),
        ("ёж й", "еж и"),
        ("كِتَاب שָׁלוֹם", "كتاب שלום"),
        ("ดี น้ำ हिन्दी ガ", "ดี น้ำ हिन्दी ガ"),  # vowels and voicing are no accents
        ("한국 ø ß", "한국 ø ß"),
    ],
)
def test_accents_are_marks_that_words_do_without(text: str, expected: str) -> None:
    assert without_accents(text) == expected


def test_invisible_characters_vanish_and_a_zero_width_space_ends_a_word() -> None:
    assert visible("a\u00adb\u200c\u200d\u2060\ufeffc\u202e❤\ufe0f") == "abc❤"
    assert visible("ดี\u200bมาก") == "ดี มาก"


@given(ANY)
def test_a_normal_text_stays_as_it_is(text: str) -> None:
    for normalize in (
        Normalization("NFC", strip_accents=True),
        Normalization("NFKC", lowercase=True, strip_invisible=True),
    ):
        once = normalize(text)
        assert normalize(once) == once or "İ" in text


@given(ANY)
def test_nothing_is_changed_by_default_and_only_case_of_ascii(text: str) -> None:
    assert Normalization()(text) == text
    shown = text.encode("ascii", "ignore").decode()
    every = Normalization("NFKC", lowercase=True, strip_accents=True, strip_invisible=True)
    assert every(shown) == shown.lower()


def test_keys_overrule_what_a_tokenizer_does_by_default() -> None:
    text = "CAFE\u0301 a\u200db"
    assert build_tokenizer("word", tokenizer="unicode")(text) == ["café", "ab"]
    as_it_is = {"normalize": "none", "lowercase": False, "strip_invisible": False}
    assert build_tokenizer("word", tokenizer="unicode", **as_it_is)(text) == text.split()
    assert build_tokenizer("word", tokenizer="whitespace")(text) == text.split()
    changed = {"normalize": "NFC", "lowercase": True, "strip_accents": True}
    assert build_tokenizer("word", tokenizer="whitespace", **changed)(text) == ["cafe", "a\u200db"]
    assert build_tokenizer("word", tokenizer="basic", strip_accents=True)(text) == ["cafe", "ab"]


def test_characters_are_normalized_on_request() -> None:
    plain = build_tokenizer("char", alphabet="learned", lowercase=True)
    assert plain("ＡE\u0301") == "ａe\u0301"
    changed = build_tokenizer("char", alphabet="learned", lowercase=True, normalize="NFKC")
    assert changed("ＡE\u0301") == unicodedata.normalize("NFC", "ae\u0301")
