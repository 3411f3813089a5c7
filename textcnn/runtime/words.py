"""The words of `basic_english` in many texts at once, as ids, by a few passes over all bytes.

It finds the same words as `textcnn.text.many_words`, without Arrow: a known word is found by a hash
of its bytes, so no string is made of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from textcnn.runtime.hash_table import NO_KEY, HashTable
from textcnn.text.many_words import END, KINDS, LETTER, LOWER, plain
from textcnn.text.vocabulary import SPECIALS, UNKNOWN

# An odd number. The hash of the bytes a, b, c is (a + 1) + (b + 1) BASE + (c + 1) BASE², modulo
# 2^64: an unknown word has the hash of a known one about once in 2^64 words per word known.
BASE = 0x9E3779B97F4A7C15
BYTES_AT_ONCE = 2**16  # the powers of BASE up to here stay in the cache


@dataclass(frozen=True)
class Spans:
    """Where words lie in the bytes of many texts."""

    raw: bytes
    starts: np.ndarray  # (words,)
    ends: np.ndarray  # (words,)

    def words(self, places: np.ndarray) -> list[str]:
        """The words at some places."""
        pairs = zip(self.starts[places].tolist(), self.ends[places].tolist(), strict=True)
        return [self.raw[start:end].decode() for start, end in pairs]


class WordTable:
    """The ids of words, by the hashes of their bytes."""

    def __init__(self, known_tokens: Sequence[str]):
        self.powers, self.inverses = (
            np.multiply.accumulate(np.full(BYTES_AT_ONCE + 1, base, np.uint64))
            for base in (BASE, pow(BASE, -1, 2**64))
        )
        # half of a surrogate pair has no bytes; texts with one are split otherwise
        encoded = [token.encode("utf-8", "surrogatepass") for token in known_tokens]
        hashes = np.concatenate([np.empty(0, np.uint64), *map(self.hashes_of, blocks(encoded))])
        ids = np.arange(len(SPECIALS), len(SPECIALS) + len(hashes), dtype=np.int32)
        kept = np.unique(hashes, return_index=True)[1]  # of equal hashes the first
        self.ids = np.concatenate([[UNKNOWN], ids[kept]]).astype(np.int32)
        self.table = HashTable(hashes[kept], 1)

    def hashes_of(self, words: Sequence[bytes]) -> np.ndarray:
        """The hash of each word, of BYTES_AT_ONCE bytes together."""
        lengths = np.fromiter(map(len, words), np.int64, len(words))
        ends = np.cumsum(lengths)
        return self.hashes(b"".join(words), ends - lengths, ends)

    def hashes(self, raw: bytes, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """(words,) uint64: the hashes of parts of `raw`, which has at most BYTES_AT_ONCE bytes."""
        values = np.frombuffer(raw, np.uint8).astype(np.uint64)
        values += np.uint64(1)
        values *= self.powers[: len(values)]
        before = np.zeros(len(values) + 1, np.uint64)
        np.cumsum(values, out=before[1:])
        hashes: np.ndarray = (before.take(ends) - before.take(starts)) * self.inverses.take(starts)
        return np.where(hashes == NO_KEY, np.uint64(0), hashes)

    def split(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray, Spans] | None:
        """The words of texts.

        Returns:
            None if a text holds a null character or half of a surrogate pair, or if there are more
            bytes than BYTES_AT_ONCE; otherwise
            ids: (all words,) int32;
            lengths: (texts,) int64, the number of words of each text;
            spans: where the words are.
        """
        joined = "\0".join([text if text.isascii() else plain(text) for text in texts])
        try:
            raw = joined.encode()
        except UnicodeEncodeError:
            return None
        if raw.count(END) != len(texts) - 1:
            return None
        raw = raw.translate(LOWER).replace(b'"', b"").replace(b"<br />", b" ") + END
        if len(raw) > BYTES_AT_ONCE:
            return None
        kinds = np.frombuffer(b"\0" + raw.translate(KINDS) + b"\0", np.uint8)
        letters = kinds & LETTER
        # a word begins or ends between two letters unless both belong to it
        starts = np.flatnonzero(kinds[1:-1] > letters[:-2])
        ends = np.flatnonzero(kinds[1:-1] > letters[2:]) + 1
        within = np.frombuffer(raw, np.uint8).take(starts) != END[0]  # (words and ends of texts,)
        lengths = np.diff(np.flatnonzero(~within), prepend=-1) - 1  # (texts,)
        starts, ends = starts[within], ends[within]
        ids = self.ids.take(self.table.look_up(self.hashes(raw, starts, ends)))
        return ids, lengths, Spans(raw, starts, ends)


def blocks(words: Sequence[bytes]) -> list[list[bytes]]:
    """The words in lists of at most BYTES_AT_ONCE bytes; longer words are left out at the end."""
    found: list[list[bytes]] = [[]]
    size = 0
    for word in words:
        size += len(word)
        if size > BYTES_AT_ONCE:
            found.append([])
            size = len(word)
        found[-1].append(word)
    return found
