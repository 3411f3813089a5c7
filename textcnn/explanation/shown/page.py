"""Explanations as one HTML page, without scripts, fonts or pictures from elsewhere."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

import textcnn
from textcnn.explanation.explanation import Explanation
from textcnn.explanation.learned.summary import Summary
from textcnn.explanation.shown.rows import table_rows
from textcnn.system.escapes import escaped

LEVELS = 4  # shades of each colour
CLASSES = 1000  # on the page of a summary, those that are predicted most
OPENED = 12  # classes whose n-grams are shown at once
FILTERS = 100  # on the page of a summary


class Piece(NamedTuple):
    """Some characters of a text."""

    text: str
    style: str  # a class of the style sheet; "" for characters that add little
    title: str  # what they add, as a number


class View(NamedTuple):
    """A text as the page shows it."""

    explanation: Explanation
    answer: str
    texts: dict[str, list[Piece]]  # by class
    rows: list[tuple[str, dict[str, float]]]


def shown(value: Any) -> Any:
    """Texts with escapes for characters that a reader can't see, or that reverse letters."""
    return escaped(value) if type(value) is str else value


def environment() -> Environment:
    """Escapes everything."""
    return Environment(
        loader=PackageLoader("textcnn.explanation.shown"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page_parts(explanations: Iterable[Explanation], top: int) -> Iterator[str]:
    """The page, in parts; only one explanation is in memory at a time.

    Args:
        top: n-grams in a table.
    """
    views = (view(each, top) for each in explanations)
    template = environment().get_template("explanations.html.j2")
    return template.generate(views=views, version=textcnn.__version__)


def summary_page(summary: Summary) -> str:
    """The page of what a classifier has learned."""
    template = environment().get_template("summary.html.j2")
    return template.render(
        summary=summary,
        classes=summary.most_predicted(CLASSES),
        opened=OPENED,
        shown=FILTERS,
        version=textcnn.__version__,
    )


def view(explanation: Explanation, top: int) -> View:
    return View(
        explanation,
        ", ".join(explanation.predicted) or "no label",
        {label: pieces(explanation, label) for label in explanation.logits},
        table_rows(explanation, top),
    )


def pieces(explanation: Explanation, label: str) -> list[Piece]:
    """The text in pieces, coloured by what they add to the logit of a class."""
    shares = explanation.of_tokens(label)
    largest = max(map(abs, shares), default=0.0)
    found, cursor, text = [], 0, explanation.text
    for span, share in zip(explanation.spans, shares, strict=True):
        if span is None or span[0] < cursor:
            continue
        found.append(Piece(text[cursor : span[0]], "", ""))
        found.append(Piece(text[slice(*span)], shade(share, largest), f"{share:+.3f}"))
        cursor = span[1]
    found.append(Piece(text[cursor:], "", ""))
    return [piece for piece in found if piece.text]


def shade(share: float, largest: float) -> str:
    """The class of the style sheet: `for` or `against` with a level from 1; "" below that."""
    level = round(LEVELS * abs(share) / largest) if largest else 0
    return f"{'for' if share > 0 else 'against'}{level}" if level else ""
