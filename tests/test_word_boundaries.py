"""Words of every script: `basic` and `unicode`."""

import sys
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_data import refusal, run

from textcnn.data.encoding import tokenize_texts
from textcnn.text.dictionaries import in_runs
from textcnn.text.tokenizers import build_tokenizer
from textcnn.text.word_boundaries import ASCII_WORDS, boundaries, unicode_words

BASIC = build_tokenizer("word", tokenizer="basic")
UNICODE = build_tokenizer("word", tokenizer="unicode")
ENGLISH = build_tokenizer("word", tokenizer="basic_english")
# of all kinds that the tokenizers distinguish
CHARACTERS = "aZé ß9_.,;:'\"’“、。؟-‐今ひカー้กำ\u200b\u200d\ufe0f👩🏽🇩🇪\u0301\0\n\xa0ـа́한"


@pytest.mark.parametrize(
    ("text", "basic", "by_boundaries"),
    [
        ("Don't pay 3.14!", "don ' t pay 3 . 14 !", "don't pay 3.14 !"),
        ("DON’T say “no”", "don ' t say no", 'don\'t say " no "'),
        ("e‑mail für £5", "e-mail für £5", "e - mail für £ 5"),
        ("¡Hola, «qué» tal?", "¡ hola , qué tal ?", '¡ hola , " qué " tal ?'),
        ("这部电影好看，真的。", "这 部 电 影 好 看 , 真 的 。", "这 部 电 影 好 看 , 真 的 。"),
        ("東京タワーへ行く", "東 京 タワー へ 行 く", "東 京 タワー へ 行 く"),
        ("ดีมาก", "ดี ม า ก", "ดี ม า ก"),
        ("我用iPhone14拍", "我 用 iphone14 拍", "我 用 iphone14 拍"),
        ("رائع؟ نعم، جدا", "رائع ؟ نعم ، جدا", "رائع ؟ نعم ، جدا"),
        ("좋아요 정말", "좋아요 정말", "좋아요 정말"),
        ("great👍🏽👍 5❤️", "great 👍🏽 👍 5 ❤", "great 👍🏽 👍 5 ❤"),
        ("ＡＢＣ ﬁne ①", "abc fine 1", "abc fine 1"),
        ("soft\u00adhyphen zero\u200bwidth", "softhyphen zero width", "softhyphen zero width"),
        ("cafe\u0301", "café", "café"),
    ],
)
def test_words_of_every_script(text: str, basic: str, by_boundaries: str) -> None:
    assert BASIC(text) == basic.split()
    assert UNICODE(text) == by_boundaries.split()


@given(st.text(st.characters(max_codepoint=127)))
def test_basic_is_basic_english_of_ascii(text: str) -> None:
    assert BASIC(text) == ENGLISH(text)


@given(st.text(st.characters(max_codepoint=127)) | st.text("aZ09_.,;:'\"-\r\n "))
def test_ascii_is_split_as_by_all_of_unicode(text: str) -> None:
    by_boundaries = [word for word in boundaries().split(text) if word and not word.isspace()]
    assert ASCII_WORDS.findall(text) == by_boundaries


@given(st.lists(st.sampled_from(["🇩", "🇪\u0301", "🇩🇪" * 20, "a"])).map("".join))
def test_runs_of_flags_are_split_as_by_all_of_unicode(text: str) -> None:
    assert unicode_words(text) == [word for word in boundaries().split(text) if word]


def test_a_long_run_of_flags_takes_no_square_of_its_length() -> None:
    assert unicode_words("🇩🇪" * 50_000 + "🇩") == ["🇩🇪"] * 50_000 + ["🇩"]  # else minutes


@given(st.text(CHARACTERS) | st.text(st.characters(exclude_categories=[])))
def test_no_character_is_lost_between_boundaries(text: str) -> None:
    words = unicode_words(text)
    assert all(words)
    assert not any(word.isspace() for word in words)
    assert "".join("".join(words).split()) == "".join(text.split())


@given(st.lists(st.text(CHARACTERS) | st.text(st.characters(exclude_categories=[])), min_size=1))
def test_many_texts_have_the_words_of_each_alone(texts: list[str]) -> None:
    for tokenizer in (BASIC, UNICODE):
        tokenized = tokenize_texts(tokenizer, texts, min_together=0)
        words = [tokenized.table[place] for place in tokenized.places]
        assert words == [word for text in texts for word in tokenizer(text)]
        assert tokenized.lengths.tolist() == [len(tokenizer(text)) for text in texts]


def test_a_dictionary_splits_runs_of_its_script_and_boundaries_the_rest() -> None:
    split = in_runs(r"(\p{Han}+)", partial(str.split, sep="的"))
    assert split("Mr. 好的人 don't 的ดี") == ["Mr", ".", "好", "人", "don't", "", "", "ดี"]


@pytest.mark.parametrize(
    ("name", "module", "text", "words"),
    [
        ("icu", "icu4py", "我喜欢电影", "我 喜欢 电影"),
        ("icu", "icu4py", "ภาษาไทยดีมาก น้ำ", "ภาษา ไทย ดี มาก น้ำ"),
        ("icu", "icu4py", "Don't 東京へ行く", "don't 東京 へ 行く"),
        ("jieba", "jieba", "我喜欢电影ABC", "我 喜欢 电影 abc"),
        ("japanese", "fugashi", "東京タワーへ行きました", "東京 タワー へ 行き まし た"),
        ("thai", "pythainlp", "ภาษาไทยดีมาก น้ำ", "ภาษาไทย ดีมาก น้ำ"),
    ],
)
def test_dictionaries_find_words(name: str, module: str, text: str, words: str) -> None:
    pytest.importorskip(module)  # extras; the tools of developers include icu
    split = build_tokenizer("word", tokenizer=name)
    assert split(text) == words.split()
    for strange in ("", "\ud800", "a\0b"):
        assert all(split(strange))


@pytest.mark.parametrize(
    ("name", "module", "packages"),
    [
        ("icu", "icu4py.breakers", "icu4py"),
        ("jieba", "jieba", "jieba"),
        ("japanese", "fugashi", "fugashi and unidic-lite"),
        ("thai", "pythainlp.tokenize", "pythainlp"),
    ],
)
def test_a_dictionary_without_its_package_names_the_command(
    name: str, module: str, packages: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    assert refusal(lambda: build_tokenizer("word", tokenizer=name)) == (
        f"text.tokenizer={name} needs {packages}: pip install 'textcnn[{name}]'; or use "
        "text.tokenizer=unicode, which takes characters"
    )


def test_what_always_converts_to_lower_case_says_so(capfd: pytest.CaptureFixture[str]) -> None:
    assert run("describe", "text.lowercase=false") == 2
    assert capfd.readouterr().err == (
        "text.tokenizer=basic always converts to lower case, got text.lowercase=false; try "
        "text.tokenizer=unicode\n"
    )
