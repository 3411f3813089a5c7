"""From texts to ids: the same as `TextEncoder` of each text, for many texts at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np

from textcnn.runtime.words import Spans, WordTable
from textcnn.text.encoder import TextEncoder, cut
from textcnn.text.ranges import ranges
from textcnn.text.tokenizers import basic_english_words
from textcnn.text.vocabulary import UNKNOWN

# Characters: from the first number on texts are split together, up to the second, which have at
# most as many bytes as `WordTable` takes unless they are not English.
MIN_TOGETHER, TOGETHER = 1000, 2**15


@dataclass(frozen=True)
class Encoded:
    """The ids of texts, end to end."""

    ids: np.ndarray  # (all tokens,) int32
    lengths: np.ndarray  # (texts,) int64, tokens of each text
    words: Sequence[str] = ()  # the words behind UNKNOWN ids, in their order, if they are needed

    @property
    def starts(self) -> np.ndarray:
        """(texts,) int64: where each text begins."""
        starts: np.ndarray = np.cumsum(self.lengths) - self.lengths
        return starts


class Encoding:
    """A text encoder that splits many texts together where its tokenizer allows it."""

    def __init__(self, encoder: TextEncoder):
        self.encoder = encoder
        self.together = encoder.tokenizer.split is basic_english_words
        self.table: WordTable | None = None  # made for the first texts that are split together

    def __call__(self, texts: Sequence[str]) -> Encoded:
        if not self.together or sum(map(len, texts)) < MIN_TOGETHER:
            return self.one_by_one(texts)
        sizes = np.fromiter(map(len, texts), np.int64, len(texts)) + 1  # one for what separates
        ends = parts(sizes, TOGETHER)
        found = [self.split(texts[a:b]) for a, b in pairwise([0, *ends])]
        return found[0] if len(found) == 1 else joined(found)

    def split(self, texts: Sequence[str]) -> Encoded:
        """The ids of texts that are split together, if that can be."""
        if self.table is None:
            self.table = WordTable(self.encoder.vocabulary.known_tokens)
        prepare = self.encoder.tokenizer.prepare
        found = self.table.split([text if text.isascii() else prepare(text) for text in texts])
        if found is not None:
            return self.cut(*found)
        if len(texts) == 1:
            return self.one_by_one(texts)
        half = len(texts) // 2  # too many bytes, or a text with a rare character
        return joined([self.split(texts[:half]), self.split(texts[half:])])

    def one_by_one(self, texts: Sequence[str]) -> Encoded:
        encoder = self.encoder
        ids: list[int] = []
        lengths: list[int] = []
        words: list[str] = []
        for text in texts:
            tokens = cut(encoder.tokenizer(text), encoder.max_length, encoder.truncate)
            own = encoder.vocabulary.encode(tokens)
            if encoder.subwords and UNKNOWN in own:
                words += [t for t, id in zip(tokens, own, strict=True) if id == UNKNOWN]
            ids += own
            lengths.append(len(own))
        return Encoded(np.array(ids, np.int32), np.array(lengths, np.int64), words)

    def cut(self, ids: np.ndarray, lengths: np.ndarray, spans: Spans) -> Encoded:
        """The ids up to the maximum length of a text; see `textcnn.text.encoder.cut`."""
        places, limit = None, self.encoder.max_length
        if limit is not None and lengths.max(initial=0) > limit:
            short = np.minimum(lengths, limit)
            back = {"head": 0 * short, "tail": short, "both": short // 2}[self.encoder.truncate]
            ends = np.cumsum(lengths)
            starts = np.stack([ends - lengths, ends - back], axis=1)  # (texts, 2)
            places = ranges(starts.ravel(), np.stack([short - back, back], axis=1).ravel())
            ids, lengths = ids[places], short
        words: Sequence[str] = ()
        if self.encoder.subwords:
            unknown = np.flatnonzero(ids == UNKNOWN)
            words = spans.words(unknown if places is None else places[unknown])
        return Encoded(ids, lengths, words)


def joined(parts: Sequence[Encoded]) -> Encoded:
    return Encoded(
        np.concatenate([part.ids for part in parts]),
        np.concatenate([part.lengths for part in parts]),
        list(chain.from_iterable(part.words for part in parts)),
    )


def parts(sizes: np.ndarray, most: int) -> list[int]:
    """Where each part of texts ends, whose sizes add up to at most `most`, or that is one text."""
    ends, last = np.cumsum(sizes), [0]
    while last[-1] < len(sizes):
        before = int(ends[last[-1] - 1]) if last[-1] else 0
        end = int(np.searchsorted(ends, before + most, side="right"))
        last.append(max(end, last[-1] + 1))
    return last[1:]
