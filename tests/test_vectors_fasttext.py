"""Vectors in fastText's binary format."""

import struct
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from tiny_data import refusal

from textcnn.errors import InputError
from textcnn.text.vectors import load_vectors
from textcnn.text.vectors.fasttext import ngram_hashes

MATRIX = np.arange(14, dtype=np.float32).reshape(7, 2) ** 2  # of 2 words and 5 buckets


def model(
    words: tuple[str, ...] = ("cat", "</s>"),
    matrix: np.ndarray = MATRIX,
    sizes: tuple[int, int] = (3, 3),
    version: int = 12,
    pruned: int = -1,
    compressed: bool = False,
    outputs: tuple[int, int] = (2, 2),
) -> bytes:
    """A file as fastText's `save_model` writes it.

    Args:
        sizes: the shortest and the longest n-gram.
    """
    buckets = len(matrix) - len(words)
    arguments = (matrix.shape[1], 5, 5, 1, 5, 1, 1, 2, buckets, *sizes, 100)
    entries = b"".join(word.encode() + b"\0" + struct.pack("<qb", 9, 0) for word in words)
    return (
        struct.pack("<2i", 793_712_314, version)
        + struct.pack("<12id", *arguments, 1e-4)
        + struct.pack("<3i2q", len(words), len(words), 0, 100, pruned)
        + entries
        + struct.pack("<?2q", compressed, *matrix.shape)
        + matrix.astype("<f4").tobytes()
        + struct.pack("<?2q", False, *outputs)
        + bytes(4 * outputs[0] * outputs[1])
    )


def write(tmp_path: Path, content: bytes) -> str:
    path = tmp_path / "model.bin"
    path.write_bytes(content)
    return str(path)


def test_hashes_are_those_of_fasttext() -> None:
    # FNV-1a; the bytes of é are negative numbers in fastText
    assert [*ngram_hashes(b"<a>", 3, 3)] == [fnv(b"<a>")]
    assert [*ngram_hashes("<é>".encode(), 2, 2)] == [fnv("<é".encode()), fnv("é>".encode())]
    single = [fnv(b"<a"), fnv(b"a"), fnv(b"ab"), fnv(b"b"), fnv(b"b>")]
    assert [*ngram_hashes(b"<ab>", 1, 2)] == single
    assert [*ngram_hashes(b"<ab>", 3, 6)] == [fnv(b"<ab"), fnv(b"<ab>"), fnv(b"ab>")]


def fnv(word: bytes) -> int:
    value = 2_166_136_261
    for (byte,) in struct.iter_unpack("b", word):
        value = ((value ^ (byte % 2**32)) * 16_777_619) % 2**32
    return value


def test_a_word_is_the_mean_of_its_row_and_its_ngrams(tmp_path: Path) -> None:
    vectors = load_vectors(write(tmp_path, model()), ["cat", "</s>", "cab", "é"], seed=0)
    rows = {word: [2 + fnv(part) % 5 for part in parts] for word, parts in NGRAMS.items()}
    assert vectors.found.all()
    assert vectors.values[0].tolist() == pytest.approx(MATRIX[[0, *rows["cat"]]].mean(0))
    assert vectors.values[1].tolist() == MATRIX[1].tolist()  # the end of a line has no n-grams
    assert vectors.values[2].tolist() == pytest.approx(MATRIX[rows["cab"]].mean(0))
    assert vectors.summary == (
        f"{tmp_path / 'model.bin'}: 2-dimensional vectors for 100.0 % of 4 tokens (50.0 % from "
        "character n-grams alone)",
    )


NGRAMS = {"cat": [b"<ca", b"cat", b"at>"], "cab": [b"<ca", b"cab", b"ab>"]}


def test_without_ngrams_other_words_have_no_vector(tmp_path: Path) -> None:
    path = write(tmp_path, model(sizes=(0, 0)))
    vectors = load_vectors(path, ["cat", "cab"], seed=0)
    assert vectors.found.tolist() == [True, False]
    assert vectors.values[0].tolist() == MATRIX[0].tolist()
    no_buckets = write(tmp_path, model(matrix=MATRIX[:2]))
    assert load_vectors(no_buckets, ["cat", "cab"], seed=0).found.tolist() == [True, False]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (model(pruned=3), "is compressed by fastText's quantize; give the .bin file from before"),
        (model(compressed=True), "is compressed by fastText's quantize; give the .bin file from"),
        (model(version=13), "the header of this fastText file is damaged or of an unknown version"),
        (
            model()[:84] + struct.pack("<q", 2**62) + model()[92:],
            "is compressed by fastText's quantize",
        ),
        (
            model().replace(struct.pack("<2q", 7, 2), struct.pack("<2q", 2**40, 2)),
            "1,099,511,627,776 vectors of 2 numbers, but its header announces 7 of 2; copy the",
        ),
        (
            model(matrix=np.where(MATRIX == 0, np.nan, MATRIX)),
            "the vector of 'cat' holds nan, which is not a finite number",
        ),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = write(tmp_path, content)
    got = refusal(lambda: load_vectors(path, ["cat"], seed=0))
    assert got.startswith(path)
    assert message in got


def test_a_file_that_is_cut_anywhere_is_refused(tmp_path: Path) -> None:
    content = model()
    for length in range(4, len(content)):
        path = write(tmp_path, content[:length])
        assert refusal(partial(load_vectors, path, ["cat"], seed=0)) == (
            f"{path}: this fastText file is truncated; copy the file again"
        )


def test_huge_sizes_in_the_header_allocate_nothing(tmp_path: Path) -> None:
    content = bytearray(model())
    for place in range(4, 100, 4):
        forged = bytes(content[:place]) + b"\xff\xff\xff\x7f" + bytes(content[place + 4 :])
        path = write(tmp_path, forged)
        with suppress(InputError):  # some numbers mean nothing to a reader
            load_vectors(path, ["cat"], seed=0)
