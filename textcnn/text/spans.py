"""Where the tokens of a text lie in it, in characters."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from itertools import pairwise
from string import punctuation as ASCII_SIGNS

from textcnn.text.tokenizer_file import FileSplitter
from textcnn.text.tokenizers import (
    ENGLISH_BLANKS,
    Tokenizer,
    basic_english_words,
    english_words,
    kim_words,
    split_bytes,
)

Split = Callable[[str], Sequence[str]]
Span = tuple[int, int]  # the first character, and the one after the last

# What a tokenizer replaces by blanks before it splits, and which could hold later tokens.
BLANKS: dict[Split, re.Pattern[str]] = {
    basic_english_words: re.compile(r"<br />", re.IGNORECASE),
    english_words: ENGLISH_BLANKS,
    kim_words: re.compile(r"[^A-Za-z0-9(),!?'`]"),
}
# Characters that a tokenizer drops, even within a token or after NFKC has made them of others.
DROPPED: dict[Split, str] = {
    basic_english_words: '"',
    english_words: "".join(sign for sign in ASCII_SIGNS if ENGLISH_BLANKS.match(sign)),
}
# Marks of pieces and clitics that are not in the text.
MARKS = re.compile(r"^(##|[▁Ġ])|</w>$")
LONGEST_GAP = 8  # characters between two tokens, besides blanks, that a tokenizer may drop


def token_spans(tokenizer: Tokenizer, text: str) -> list[Span | None]:
    """Where each token of `tokenizer(text)` lies in the text.

    None for a token that is not found, because the tokenizer changes more than case, accents, forms
    of Unicode and white space.
    """
    if tokenizer.split is split_bytes:
        sizes = [len(character.encode("utf-8", "surrogatepass")) for character in text]
        return [(place, place + 1) for place, size in enumerate(sizes) for _ in range(size)]
    if isinstance(tokenizer.split, FileSplitter) and tokenizer.prepare is str:
        return [*tokenizer.split.offsets(text)]
    tokens = tokenizer(text)
    if isinstance(tokens, str) and len(tokens) == len(text):  # characters
        return [(place, place + 1) for place in range(len(text))]
    blanks = BLANKS.get(tokenizer.split)
    masked = text if blanks is None else blanks.sub(lambda match: " " * len(match[0]), text)
    return aligned(tokens, Folded(masked, tokenizer.prepare, DROPPED.get(tokenizer.split, "")))


class Folded:
    """A text in lower case and prepared as by a tokenizer, with the place of each character."""

    def __init__(self, text: str, prepare: Callable[[str], str], dropped: str):
        kept: list[str] = []
        self.places: list[Span] = []  # of each character of `characters`, in the text
        for start, end in clusters(text):
            folded = fold(prepare(text[start:end]))
            if not folded.isspace():
                folded = "".join(folded.split())  # preparation puts blanks around some characters
            for character in folded:
                if character not in dropped:
                    kept.append(character)
                    self.places.append((start, end))
        self.characters = "".join(kept)

    def span(self, start: int, end: int) -> Span:
        return self.places[start][0], self.places[end - 1][1]


def fold(text: str) -> str:
    """In lower case, in which a sigma at the end of a word is like any other."""
    return text.lower().replace("ς", "σ")


def clusters(text: str) -> list[Span]:
    """Each character with the marks that combine with it."""
    starts = [
        place
        for place, character in enumerate(text)
        if not place or not unicodedata.combining(character)
    ]
    return list(pairwise([*starts, len(text)]))


def aligned(tokens: Sequence[str], folded: Folded) -> list[Span | None]:
    """The places of tokens that follow each other, each as early as possible."""
    characters, cursor = folded.characters, 0
    spans: list[Span | None] = []
    for token in tokens:
        wanted = fold(MARKS.sub("", token)) if len(token) > 1 else fold(token)
        found = characters.find(wanted, cursor) if wanted else -1
        skipped = "".join(characters[cursor : max(found, 0)].split())
        if found < 0 or len(skipped) > LONGEST_GAP:
            spans.append(None)
            continue
        end = found + len(wanted)
        spans.append(folded.span(found, end))
        cursor = end
    return spans
