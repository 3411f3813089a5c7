"""Words, characters and bytes."""

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_data import refusal
from torchtext.data.utils import get_tokenizer

from textcnn.config import text as text_keys
from textcnn.errors import InputError
from textcnn.text.tokenizers import ALWAYS_LOWER, build_tokenizer

WORDS = build_tokenizer("word", tokenizer="basic_english")
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
    assert WORDS(text) == tokens


@pytest.mark.parametrize("text", ["", " \n\t ", "<br />", '":;"'])
def test_a_text_without_words_has_no_tokens(text: str) -> None:
    assert WORDS(text) == []


@given(st.text())
def test_tokens_are_never_empty_and_hold_no_white_space(text: str) -> None:
    for token in WORDS(text):
        assert token.split() == [token]


def test_only_tokenizers_and_vectors_import_torchtext() -> None:
    own = {"text/tokenizers.py", "text/vectors/torchtext_names.py"}
    package = ROOT / "textcnn"
    sources = [p for p in package.rglob("*.py") if p.relative_to(package).as_posix() not in own]
    assert len(sources) > 20
    for words in ("import torchtext\n", "from torchtext"):
        assert [path for path in sources if words in path.read_text("utf-8")] == []


def test_whitespace_keeps_case_and_punctuation() -> None:
    split = build_tokenizer("word", tokenizer="whitespace")
    assert split("A fine  film,\nreally") == ["A", "fine", "film,", "really"]


def test_kims_cleaning_splits_clitics_and_drops_other_signs() -> None:
    split = build_tokenizer("word", tokenizer="kim")
    text = "It's (really) *good*, isn't it? I'd say we'll; they're 9.5"
    expected = "it 's ( really ) good , is n't it ? i 'd say we 'll they 're 9 5"
    assert split(text) == expected.split()


def test_english_splits_clitics_as_vectors_know_them_and_keeps_other_scripts() -> None:
    split = build_tokenizer("word", tokenizer="english")
    text = "It's *good*, isn’t it? I'm O'Sullivan’s naïve friend; can't 9.5% <b>l'été</b>"
    expected = "it 's good , is n't it ? i 'm o'sullivan 's naïve friend ca n't 9 5 b l'été b"
    assert split(text) == expected.split()
    assert split("我爱北京 🙂 ﬁne") == ["我", "爱", "北", "京", "🙂", "fine"]
    assert split("हिन्दी भाषा") == ["हिन्दी", "भाषा"]
    assert split("l'sépare Ankara'dır isn't1 a<br />b") == [
        "l'sépare",
        "ankara'dır",
        "isn't1",
        "a",
        "b",
    ]


@given(st.text("aInt'sdv re,!?(9.5)*;"))
def test_english_and_kim_split_ascii_alike_but_for_clitics_within_words(text: str) -> None:
    english, kim = (build_tokenizer("word", tokenizer=name) for name in ("english", "kim"))
    assert "".join(english(text)) == "".join(kim(text))


@pytest.mark.parametrize(
    ("name", "package"),
    [("moses", "sacremoses"), ("toktok", "nltk"), ("revtok", "revtok"), ("spacy", "spacy")],
)
def test_a_tokenizer_without_its_package_names_it(
    name: str, package: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(InputError, match=rf"text.tokenizer={name} needs {package}.* is not inst"):
        build_tokenizer("word", tokenizer=name)
    assert capfd.readouterr().out == ""


def test_characters_are_those_of_zhang_in_lower_case() -> None:
    tokenizer = build_tokenizer("char", alphabet="zhang", lowercase=True)
    assert tokenizer("It: É\n") == "it: é\n"
    assert tokenizer.alphabet is not None
    assert len(tokenizer.alphabet) == len(set(tokenizer.alphabet)) == 69
    assert " " not in tokenizer.alphabet


def test_a_learnt_alphabet_is_left_to_the_texts_and_may_keep_case() -> None:
    tokenizer = build_tokenizer("char", alphabet="learned", lowercase=False)
    assert tokenizer.alphabet is None
    assert tokenizer("Aé") == "Aé"


@pytest.mark.parametrize(
    ("alphabet", "message"),
    [
        ("abca", "text.alphabet holds 'a' twice; give each character once"),
        (
            "aA",
            "text.alphabet holds 'a' twice in lower case (text.lowercase=true); give each "
            "character once",
        ),
        ("learnt", "text.alphabet=learnt: did you mean learned?"),
        ("leraned", "text.alphabet=leraned: did you mean learned?"),
        ("", "text.alphabet is empty; set it to zhang, learned or the characters themselves"),
    ],
)
def test_an_alphabet_has_each_character_once(alphabet: str, message: str) -> None:
    said = refusal(lambda: build_tokenizer("char", alphabet=alphabet, lowercase=True))
    assert said == message


def test_an_alphabet_is_in_lower_case_if_the_texts_are() -> None:
    assert build_tokenizer("char", alphabet="ABç", lowercase=True).alphabet == "abç"
    assert build_tokenizer("char", alphabet="aA", lowercase=False).alphabet == "aA"


def test_bytes_are_those_of_utf8() -> None:
    tokenizer = build_tokenizer("byte")
    assert [ord(token) for token in tokenizer("é€")] == [0xC3, 0xA9, 0xE2, 0x82, 0xAC]
    assert tokenizer.join("\xc3\xa9\xe2\x82") == "é\ufffd"  # cut within a character


@given(st.text(st.characters(exclude_categories=[])))
def test_bytes_give_every_text_back(text: str) -> None:
    tokenizer = build_tokenizer("byte")
    assert tokenizer.join(tokenizer(text)) == text


@given(st.text(st.characters(exclude_categories=[])))
def test_every_unit_takes_every_text(text: str) -> None:
    for tokenizer in (
        WORDS,
        build_tokenizer("word", tokenizer="whitespace"),
        build_tokenizer("word", tokenizer="kim"),
        build_tokenizer("char", alphabet="zhang", lowercase=True),
    ):
        assert all(tokenizer(text))


@given(
    st.text()
    | st.lists(st.sampled_from([*"'\".,()!?;: \n<>/\x1c", "<br />", "<BR", "İ"])).map("".join)
)
def test_basic_english_is_torchtext_s(text: str) -> None:
    reference = get_tokenizer("basic_english")
    assert build_tokenizer("word", tokenizer="basic_english")(text) == reference(text)


@pytest.mark.parametrize("name", ALWAYS_LOWER)
def test_tokenizers_that_always_convert_to_lower_case_do(name: str) -> None:
    assert list(build_tokenizer("word", tokenizer=name, lowercase=False)("A Dog")) == ["a", "dog"]
    assert name in text_keys.ALWAYS_LOWER
