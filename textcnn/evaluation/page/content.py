"""What the report says, ready to print: the template only arranges it."""

from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True)
class Grid:
    """A table. Its first column names the rows, the others hold numbers unless `words` is set."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    words: bool = False


@dataclass(frozen=True)
class Confusion:
    """Counts of texts: true classes in rows, predicted classes in columns."""

    names: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    @property
    def shares(self) -> tuple[tuple[float, ...], ...]:
        """Each count as a fraction of its row."""
        return tuple(tuple(cell / max(sum(row), 1) for cell in row) for row in self.counts)


@dataclass(frozen=True)
class Piece:
    """A part of a text, and what it adds to the logit of the predicted class."""

    text: str
    share: float = 0.0  # of the strongest contribution in this text, -1 to 1


@dataclass(frozen=True)
class Example:
    """A text with its prediction."""

    row: int
    label: str
    prediction: str
    probability: str
    pieces: tuple[Piece, ...]
    ngrams: tuple[tuple[str, str], ...] = ()  # those that decided, with their contributions


@dataclass(frozen=True)
class Figure:
    """A drawing, its alternative text, and how to read it."""

    svg: Markup
    alternative: str
    caption: str


@dataclass(frozen=True)
class Check:
    """A section of an audit."""

    title: str
    conclusion: str
    table: Grid
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Content:
    """The report of one classifier on one split. An empty section is left out."""

    name: str
    facts: tuple[str, ...]  # model, data and size, a phrase each
    conclusions: tuple[str, ...]
    commands: tuple[tuple[str, str], ...]  # what for, and what to type
    measures: Grid | None = None
    classes: Grid | None = None
    warnings: tuple[str, ...] = ()
    confusion: Confusion | None = None
    confused: Grid | None = None  # the most frequent confusions
    calibration: Figure | None = None
    probabilities: Grid | None = None
    slices: tuple[Grid, ...] = ()
    mistakes: tuple[Example, ...] = ()
    unsure: tuple[Example, ...] = ()
    deciding: tuple[Grid, ...] = ()
    audit: tuple[Check, ...] = ()
    curves: Figure | None = None
    data: Grid | None = None
    notes: tuple[str, ...] = ()
    layers: Grid | None = None
    config: str = ""  # YAML

    @property
    def deciding_marks(self) -> bool:
        """Whether some text has marks."""
        return any(piece.share for each in self.mistakes + self.unsure for piece in each.pieces)
