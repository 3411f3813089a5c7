"""What sources have for the tokens of a vocabulary, side by side."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from textcnn.errors import InputError

MOST_DIMENSIONS = 65_536  # the largest `model.embedding_dim`


@dataclass(frozen=True)
class SourceVectors:
    """What one source has for a vocabulary."""

    name: str  # as in `text.vectors`
    rows: np.ndarray  # (found,) int64, places in the vocabulary, each once
    values: np.ndarray  # (found, dim) float32, finite
    composed: np.ndarray | None = None  # (found,) bool, which of them are means of pieces
    pieces: str = ""  # what the pieces are, as in "from several pieces"

    @classmethod
    def gather(cls, name: str, pairs: Iterable[tuple[int, np.ndarray]]) -> "SourceVectors":
        """From pairs of a row and its vector (dim,); the last vector of a row counts."""
        known = dict(pairs)
        values = np.stack(list(known.values())) if known else np.zeros((0, 1), np.float32)
        return cls(name, np.array(list(known), dtype=np.int64), values)

    @property
    def dim(self) -> int:
        return int(self.values.shape[1])

    def summary(self, tokens: int) -> str:
        """How many of the first tokens have a vector."""
        own = self.rows < tokens
        share = 100 * own.sum() / tokens
        composed = 0.0 if self.composed is None else 100 * self.composed[own].sum() / tokens
        return (
            f"{self.name}: {self.dim}-dimensional vectors for {share:.1f} % of {tokens:,} tokens"
            + (f" ({composed:.1f} % from {self.pieces})" if self.pieces else "")
        )


@dataclass(frozen=True)
class VectorSource:
    """A value of `text.vectors`; nothing is read before one of the functions is called."""

    # the words that it lists, in its order: files begin with the most frequent ones
    words: Callable[[], Iterator[str]]
    # its vectors for the tokens of a vocabulary, whose places are given
    vectors: Callable[[Mapping[str, int]], SourceVectors]


@dataclass(frozen=True)
class TokenVectors:
    """One vector per known token of a vocabulary, with a part for each source.

    As the parts lie side by side in the dimension, a convolution over them adds up the responses of
    the sources, as one over several channels does (Yin & Schütze 2015).
    """

    values: np.ndarray  # (tokens, sum of the sources' dims) float32
    found: np.ndarray  # (tokens,) bool, True for tokens that a source has
    sources: tuple[SourceVectors, ...]
    added: int = 0  # of the last tokens: words of the sources, not of the training texts

    @property
    def learned(self) -> int:
        """How many tokens come from the training texts."""
        return len(self.found) - self.added

    @property
    def coverage(self) -> float:
        """The fraction of the training texts' tokens that a source has."""
        return float(self.found[: self.learned].mean())

    @property
    def sizes(self) -> tuple[int, ...]:
        """The dimension of each source."""
        return tuple(source.dim for source in self.sources)

    @property
    def summary(self) -> tuple[str, ...]:
        """A line for each source, and one for all if there are several; one for added words."""
        tokens = self.learned
        lines = [source.summary(tokens) for source in self.sources]
        if len(lines) > 1:
            lines.append(
                f"side by side: {sum(self.sizes)}-dimensional vectors; {100 * self.coverage:.1f} % "
                f"of {tokens:,} tokens are in at least one source"
            )
        if self.added:
            lines.append(
                f"known beside these tokens: {self.added:,} frequent words of the vectors "
                "(text.vectors_words)"
            )
        return tuple(lines)


def join(
    sources: Sequence[SourceVectors],
    tokens: int,
    seed: int,
    added: int = 0,
    std: float | None = None,
) -> TokenVectors:
    """The vectors of all sources side by side.

    What a source lacks is drawn from U(-a, a) with the variance of what it has.

    Args:
        tokens: the number of known tokens.
        seed: for the random vectors.
        added: how many of the last tokens come from the sources, not from the training texts.
        std: the standard deviation to which the numbers of each source are scaled; None: they stay.

    Raises:
        InputError: a source has no token of the training texts, or its numbers are all the same; or
            the sources have too many dimensions.
    """
    if (dim := sum(source.dim for source in sources)) > MOST_DIMENSIONS:
        raise InputError(
            f"text.vectors={','.join(source.name for source in sources)}: {dim:,} dimensions, "
            f"expected at most {MOST_DIMENSIONS:,}; give other vectors, or fewer sources"
        )
    found = np.zeros(tokens, dtype=bool)
    parts = []
    for place, source in enumerate(sources):
        # one source alone draws what it always has
        generator = np.random.default_rng(seed if place == 0 else [seed, place])
        check_found(source, tokens - added)
        parts.append(filled(source, tokens, generator, std))
        found[source.rows] = True
    values = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
    return TokenVectors(values, found, tuple(sources), added)


def check_found(source: SourceVectors, tokens: int) -> None:
    """
    Args:
        tokens: how many tokens, the first ones, come from the training texts.
    """
    if not (source.rows < tokens).any():
        raise InputError(
            f"text.vectors={source.name} has no vector for any of the {tokens:,} training tokens; "
            "give vectors for the language and spelling of the texts"
        )


def filled(
    source: SourceVectors, tokens: int, generator: np.random.Generator, std: float | None
) -> np.ndarray:
    """(tokens, dim) float32: the vectors of a source, and random ones for the tokens it lacks."""
    variance = source.values.var(dtype=np.float64)
    if variance == 0:
        raise InputError(
            f"text.vectors={source.name}: every number found is {source.values.flat[0]:g}, so the "
            "vectors are not trained; give another file"
        )
    bound = np.sqrt(3 * variance)  # U(-a, a) has the variance a²/3
    values = generator.uniform(-bound, bound, (tokens, source.dim)).astype(np.float32)
    values[source.rows] = source.values
    if std is not None:
        values *= np.float32(std / np.sqrt(variance))
    return values
