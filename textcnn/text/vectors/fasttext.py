"""fastText's binary format: words and buckets of character n-grams.

A word's vector is the mean of its own row and those of its n-grams; a word that the file lacks has
the mean of its n-grams (Bojanowski et al. 2017). Only the rows that are needed are read.
"""

import mmap
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from textcnn.errors import InputError
from textcnn.text.vectors.finite import check_finite
from textcnn.text.vectors.token_vectors import MOST_DIMENSIONS, SourceVectors

MAGIC = struct.pack("<i", 793_712_314)
VERSIONS = (11, 12)
SUPERVISED = 3
END_OF_SENTENCE = b"</s>"  # has no n-grams
LONGEST_WORD = 10_000  # bytes
# bytes before the dictionary: magic, version, twelve whole numbers and a double
DICTIONARY = 4 + 4 + 12 * 4 + 8
COUNTS = "<3i2q"  # entries, words among them, labels, tokens, pruned n-grams


def is_fasttext(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


@dataclass(frozen=True)
class Layout:
    """What the file holds, and where.

    The rows of the matrix are the words', then the buckets'.
    """

    words: dict[bytes, int]  # of our tokens, to their rows
    num_words: int
    buckets: int
    shortest: int  # characters of an n-gram
    longest: int  # 0: no n-grams
    offset: int  # of the matrix, in bytes
    dim: int

    @property
    def shape(self) -> tuple[int, int]:
        """Of the matrix."""
        return self.num_words + self.buckets, self.dim

    @property
    def end(self) -> int:
        """Of the matrix, in bytes."""
        return self.offset + 4 * self.shape[0] * self.shape[1]

    def rows_of(self, word: bytes) -> list[int]:
        """The rows whose mean is the vector of a word; none if it has none."""
        own = [self.words[word]] if word in self.words else []
        if not (self.buckets and self.longest) or word == END_OF_SENTENCE:
            return own
        hashes = ngram_hashes(b"<" + word + b">", self.shortest, self.longest)
        return own + [self.num_words + each % self.buckets for each in hashes]


def ngram_hashes(word: bytes, shortest: int, longest: int) -> Iterator[int]:
    """The 32-bit FNV-1a hashes of a word's n-grams of characters, as fastText computes them.

    Args:
        word: in UTF-8, with `<` and `>` around it, which are no n-grams alone.
    """
    starts = [place for place, byte in enumerate(word) if byte & 0xC0 != 0x80]
    ends = [*starts[1:], len(word)]  # of the characters
    for first, start in enumerate(starts):
        value, place = 2_166_136_261, start
        for last in range(first, min(first + longest, len(starts))):
            for byte in word[place : ends[last]]:
                # fastText's bytes are signed
                value = (value ^ (byte if byte < 128 else byte | 0xFFFFFF00)) * 16_777_619
                value &= 0xFFFFFFFF
            place = ends[last]
            size = last - first + 1
            if size >= shortest and (size > 1 or 0 < first < len(starts) - 1):
                yield value


def read_fasttext(name: str, path: Path, rows: Mapping[str, int]) -> SourceVectors:
    """
    Args:
        name: of the source.
        rows: the place of each token.

    Raises:
        InputError: the file is truncated or damaged, compressed, or a number is not finite.
    """
    # bytes are compared, as most words of the file needn't be decoded
    wanted = {token.encode(): row for token, row in rows.items()}
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            layout = read_layout(path, data, wanted)
        except struct.error:
            raise InputError(truncated(path)) from None
    matrix = np.memmap(path, dtype="<f4", mode="r", offset=layout.offset, shape=layout.shape)
    places, vectors, composed = [], [], []
    for word, row in wanted.items():
        pieces = layout.rows_of(word)
        if pieces:
            vector = matrix[pieces].mean(axis=0)
            check_finite(path, word.decode(), vector)
            places.append(row)
            vectors.append(vector)
            composed.append(word not in layout.words)
    values = np.stack(vectors).astype(np.float32) if vectors else np.zeros((0, layout.dim), "f4")
    return SourceVectors(
        name,
        np.array(places, dtype=np.int64),
        values,
        np.array(composed, dtype=bool),
        "character n-grams alone",
    )


def fasttext_words(path: Path) -> Iterator[str]:
    """The words of the file, in its order.

    Raises:
        InputError: the file is truncated.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            _, num_words, *_ = struct.unpack_from(COUNTS, data, DICTIONARY)
            at = DICTIONARY + struct.calcsize(COUNTS)
            for word, _ in islice(entries_from(path, data, at), max(num_words, 0)):
                yield word.decode(errors="replace")
        except struct.error:
            raise InputError(truncated(path)) from None


def read_layout(path: Path, data: mmap.mmap, wanted: Mapping[bytes, int]) -> Layout:
    """
    Raises:
        InputError: the header is wrong, or the matrix is compressed.
        struct.error: the file ends before the matrix.
    """
    version, dim = struct.unpack_from("<2i", data, 4)
    *_, kind, buckets, shortest, longest, _ = struct.unpack_from("<10i", data, 16)
    entries, num_words, _, _, pruned = struct.unpack_from(COUNTS, data, DICTIONARY)
    if version == 11 and kind == SUPERVISED:
        longest = 0  # that version had no n-grams of characters in classifiers
    sound = (
        version in VERSIONS
        and 0 < dim <= MOST_DIMENSIONS
        and 0 < num_words <= entries <= len(data)
        and buckets >= 0
        and shortest >= 0
        and 0 <= longest <= LONGEST_WORD
    )
    if not sound:
        raise InputError(
            f"{path}: the header of this fastText file is damaged or of an unknown version; copy "
            "the file again"
        )
    words: dict[bytes, int] = {}
    at = DICTIONARY + struct.calcsize(COUNTS)
    for place, (word, end) in enumerate(islice(entries_from(path, data, at), entries)):
        if place < num_words and word in wanted:
            words[word] = place
        at = end
    if pruned > 0 or struct.unpack_from("<?", data, at)[0]:
        raise InputError(
            f"{path} is compressed by fastText's quantize; give the .bin file from before, or .vec"
        )
    layout = Layout(words, num_words, buckets, shortest, longest, at + 17, dim)
    height, width = struct.unpack_from("<2q", data, at + 1)
    if (height, width) != layout.shape:
        raise InputError(
            f"{path}: {height:,} vectors of {width:,} numbers, but its header announces "
            f"{layout.shape[0]:,} of {dim:,}; copy the file again"
        )
    # the matrix of outputs comes last
    height, width = struct.unpack_from("<2q", data, layout.end + 1)
    if len(data) < layout.end + 17 + 4 * height * width:
        raise InputError(truncated(path))
    return layout


def entries_from(path: Path, data: mmap.mmap, at: int) -> Iterator[tuple[bytes, int]]:
    """The words, then the labels, each with the place in bytes where the next one begins.

    Args:
        at: where the first one begins.
    """
    while True:
        end = data.find(b"\0", at, at + LONGEST_WORD)
        if end < 0:
            raise InputError(truncated(path))
        word, at = data[at:end], end + 1 + 8 + 1  # and the word's count and kind
        yield word, at


def truncated(path: Path) -> str:
    return f"{path}: this fastText file is truncated; copy the file again"
