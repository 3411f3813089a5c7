"""Words of languages without spaces, found by dictionaries of other packages."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Lock
from typing import Any

from textcnn.errors import InputError
from textcnn.system.paths import expanded
from textcnn.text.word_boundaries import unicode_words

# The packages that each tokenizer needs; the extra of the same name installs them.
DICTIONARIES: dict[str, tuple[str, ...]] = {
    "icu": ("icu4py",),
    "jieba": ("jieba",),
    "japanese": ("fugashi", "unidic-lite"),
    "thai": ("pythainlp",),
}


def dictionary_tokenizer(name: str) -> Callable[[str], list[str]]:
    """
    Args:
        name: `icu` (Chinese, Japanese, Thai, Lao, Khmer, Burmese, and all other languages),
            `jieba` (Chinese), `japanese` (MeCab's dictionary UniDic) or `thai` (PyThaiNLP).

    Raises:
        InputError: its package is missing.
    """
    builders: dict[str, Callable[[], Callable[[str], list[str]]]] = {
        "icu": icu,
        "jieba": jieba,
        "japanese": japanese,
        "thai": thai,
    }
    try:
        return builders[name]()
    except ImportError as error:
        needed = " and ".join(DICTIONARIES[name])
        raise InputError(
            f"text.tokenizer={name} needs {needed}: pip install 'textcnn[{name}]'; or use "
            "text.tokenizer=unicode, which takes characters"
        ) from error


def icu() -> Callable[[str], list[str]]:
    from icu4py.breakers import WordBreaker

    def words(text: str) -> list[str]:
        # ICU takes no half of a surrogate pair
        segments = WordBreaker(text.encode("utf-8", "replace").decode(), "en")
        return [segment for segment in segments if not segment.isspace()]

    return words


def jieba() -> Callable[[str], list[str]]:
    import jieba as package

    package.setLogLevel("CRITICAL")  # it reports how long its dictionary takes to load
    tokenizer = package.Tokenizer()
    # Its cache lies in the folder for temporary files, where anybody could change the words.
    folder = expanded("~/.cache/textcnn")
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    tokenizer.tmp_dir = str(folder)
    tokenizer.initialize()
    return in_runs(r"(\p{Han}+)", tokenizer.lcut)


def japanese() -> Callable[[str], list[str]]:
    from fugashi import Tagger

    tagger: Any = Tagger("-Owakati")
    alone = Lock()  # the words of a text refer to memory that the next text overwrites

    def words(run: str) -> list[str]:
        with alone:
            return [str(word.surface) for word in tagger(run)]

    return in_runs(r"([\p{Han}\p{Hiragana}\p{Katakana}ー]+)", words)


def thai() -> Callable[[str], list[str]]:
    from pythainlp.tokenize import word_tokenize

    return in_runs(r"(\p{Thai}+)", partial(word_tokenize, engine="newmm"))


def in_runs(pattern: str, segments: Callable[[str], list[str]]) -> Callable[[str], list[str]]:
    """Words by a dictionary in runs of its script, and by Unicode's boundaries elsewhere.

    Args:
        pattern: a group that matches a run.
    """
    import regex

    runs = regex.compile(f"(?V1){pattern}")

    def words(text: str) -> list[str]:
        if text.isascii():
            return unicode_words(text)
        pieces = runs.split(text)  # every second one is a run
        return [
            word
            for number, piece in enumerate(pieces)
            for word in (segments if number % 2 else unicode_words)(piece)
        ]

    return words
