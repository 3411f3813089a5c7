"""Vectors in word2vec's binary format, as word2vec (newlines) and gensim (none) write it."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from tiny_data import refusal

from textcnn.text.vectors import load_vectors, word2vec


def binary(words: list[str], numbers: np.ndarray, line_end: bytes = b"\n") -> bytes:
    rows = zip(words, numbers.astype("<f4"), strict=True)
    return b"%d %d\n" % numbers.shape + b"".join(
        word.encode() + b" " + row.tobytes() + line_end for word, row in rows
    )


@pytest.mark.parametrize("line_end", [b"", b"\n"])
@pytest.mark.parametrize("dim", [1, 3, 50])
@pytest.mark.parametrize("name", ["v.bin", "vectors"])
def test_each_word_has_its_vector(tmp_path: Path, line_end: bytes, dim: int, name: str) -> None:
    numbers = np.random.default_rng(dim).normal(0, 0.1, (200, dim)).astype(np.float32)
    words = [*(f"word{n}" for n in range(199)), "naïve"]
    path = tmp_path / name
    path.write_bytes(binary(words, numbers, line_end))
    vectors = load_vectors(str(path), ["naïve", "new", "word0", "word7"], seed=0)
    assert vectors.found.tolist() == [True, False, True, True]
    assert np.array_equal(vectors.values[vectors.found], numbers[[199, 0, 7]])


def test_numbers_may_hold_the_bytes_of_blanks_and_newlines(tmp_path: Path) -> None:
    number = struct.unpack("<f", b" \n \n")[0]
    path = tmp_path / "v.bin"
    path.write_bytes(binary(["a", "the"], np.array([[number, 1], [2, number]])))
    vectors = load_vectors(str(path), ["the", "a"], seed=0)
    assert vectors.values.tolist() == [[2, number], [number, 1]]


@pytest.mark.parametrize("block", [1, 5, 64])
def test_the_file_is_read_block_by_block(
    tmp_path: Path, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = np.arange(30).reshape(10, 3)
    path = tmp_path / "v.bin"
    path.write_bytes(binary([f"word{n}" for n in range(10)], numbers))
    monkeypatch.setattr(word2vec, "BLOCK", block)
    assert load_vectors(str(path), ["word9", "word0"], seed=0).values.tolist() == [
        [27, 28, 29],
        [0, 1, 2],
    ]


def test_only_one_block_is_held_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word2vec, "BLOCK", 1000)
    numbers = np.zeros((500, 20), np.float32)
    content = binary([f"word{n}" for n in range(500)], numbers)
    read = []

    class Watched(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            read.append(size)
            return super().read(size)

    file = Watched(content)
    file.readline()
    assert len([*word2vec.records(tmp_path, file, 500, 80)]) == 500
    assert max(size or 0 for size in read) == 1000
    assert len(read) >= len(content) // 1000


WHOLE = binary(["a", "the", "of"], np.array([[1, 2], [3, 4], [5, 6]]))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            WHOLE[:-1] + b"\n\n",
            None,
        ),
        (
            WHOLE[:-6],
            "{path} ends after 2 of the 3 vectors that its first line announces; copy the file "
            "again",
        ),
        (
            WHOLE[:20],
            "{path}: its first line announces 3 vectors of 2 numbers, which need at least 34 "
            "bytes, got 20; copy the file again",
        ),
        (
            b"2" + WHOLE[1:],
            "{path} goes on after the 2 vectors that its first line announces; fix that line or "
            "copy the file again",
        ),
        (
            b"99999999999 300" + WHOLE[3:],
            "{path}: its first line announces 99,999,999,999 vectors of 300 numbers, which need at "
            "least 120,199,999,998,814 bytes, got 52; copy the file again",
        ),
        (
            b"1 99999999999" + WHOLE[3:],
            "{path}: the first line announces 1 vectors of 99,999,999,999 numbers; expected at "
            "least one vector of 1 to 65,536 numbers",
        ),
        (
            b"3 0" + WHOLE[3:],
            "{path}: the first line announces 3 vectors of 0 numbers; expected at least one vector "
            "of 1 to 65,536 numbers",
        ),
        (
            b"1 2\n" + bytes(20_000),
            "{path}: word 1 has no blank at its end, so the file is damaged or its first line "
            "announces a wrong size; copy the file again",
        ),
        (
            binary(["a", "the"], np.array([[1, 2], [3, np.nan]])),
            "{path}: the vector of 'the' holds nan, which is not a finite number; copy the file "
            "again or give another one",
        ),
        (
            binary(["a"], np.array([[1, -np.inf]])),
            "{path}: the vector of 'a' holds -inf, which is not a finite number; copy the file "
            "again or give another one",
        ),
    ],
)
def test_a_damaged_file_is_refused_in_one_line(
    tmp_path: Path, content: bytes, message: str | None
) -> None:
    path = tmp_path / "v.bin"
    path.write_bytes(content)
    if message is None:
        assert load_vectors(str(path), ["a", "the"], seed=0).coverage == 1
        return
    got = refusal(lambda: load_vectors(str(path), ["a", "the"], seed=0))
    assert got == message.format(path=path)


def test_text_is_text_under_any_name(tmp_path: Path) -> None:
    path = tmp_path / "v.bin"
    path.write_text("2 2\na 1 2\nthe 3 4\n")
    assert load_vectors(str(path), ["the"], seed=0).values.tolist() == [[3, 4]]


def test_numbers_that_nobody_needs_are_not_checked(tmp_path: Path) -> None:
    path = tmp_path / "v.bin"
    path.write_bytes(binary(["a", "the"], np.array([[1, 2], [3, np.nan]])))
    assert load_vectors(str(path), ["a"], seed=0).values.tolist() == [[1, 2]]
