"""Cells that say more than one class name: probabilities, votes, indicators, and weights.

A cell is a string of CSV, or a value of JSON or Arrow.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from textcnn.data.labelled import PRESENCES, SHARES
from textcnn.data.sources.lines import SURROGATE, RepeatedKeys, is_empty, json_object, parse_json
from textcnn.data.sources.missing_labels import is_missing
from textcnn.errors import InputError

if TYPE_CHECKING:
    from textcnn.data.sources.columns import Columns

# How far the sum of a text's probabilities may be from 1: they may be rounded to two decimals.
TOLERANCE = 0.01
ROUNDING = 1e-6  # of a single probability
LARGEST_WEIGHT = 1e6  # far larger ones make the loss overflow
# scikit-learn's checks look for the word zero
ALL_WEIGHTS_ARE_ZERO = (
    "the weights of all training texts are zero; give at least one a positive weight"
)
NAMES_A_CLASS_TWICE = "holds an object that names a class twice; leave one out"
DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")  # as Excel writes numbers in much of Europe
INDICATORS = {
    "0": False,
    "1": True,
    "0.0": False,
    "1.0": True,
    "0,0": False,
    "1,0": True,
    "false": False,
    "true": True,
}


def label_cells(where: str, cells: Sequence[Any], columns: "Columns") -> dict[str, Any]:
    """What a row of `columns.schema` holds besides text and weight, unless it holds names.

    If all cells are empty the row has no label: None.

    Args:
        where: the row, for messages.
        cells: of the label columns.

    Raises:
        InputError: a cell can't be used.
    """
    if all(map(is_missing, cells)):
        soft = (
            {}
            if columns.kind == "indicators"
            else {PRESENCES if columns.multi_label else SHARES: None}
        )
        return {"label": None} | soft
    if columns.kind == "indicators":
        return {"label": indicated(where, cells, columns)}
    read = votes if columns.kind == "votes" else probabilities
    of_class = read(where, cells, columns)
    share = PRESENCES if columns.multi_label else SHARES
    return {"label": list(of_class), share: list(of_class.values())}


def indicated(where: str, cells: Sequence[Any], columns: "Columns") -> list[str]:
    """The labels of the columns that hold 1."""
    has_it = []
    for column, cell in zip(columns.labels, cells, strict=True):
        if cell is None or cell == "":
            raise InputError(is_empty(where, column, null=cell is None))
        value = INDICATORS.get(str(cell).strip().lower())
        if value is None:
            raise InputError(
                f"{where}: column {column!r} holds {cell!r:.40}; an indicator is 0 or 1, or false "
                "or true; of other columns set data.label_kind=votes or probabilities"
            )
        has_it.append(value)
    return [name for name, has in zip(columns.known_classes, has_it, strict=True) if has]


def votes(where: str, cells: Sequence[Any], columns: "Columns") -> dict[str, float]:
    """The share of each class in the votes of the annotators who voted."""
    given = [
        class_name(where, column, cell)
        for column, cell in zip(columns.labels, cells, strict=True)
        if not is_missing(cell)
    ]
    return {name: given.count(name) / len(given) for name in dict.fromkeys(given)}


def probabilities(where: str, cells: Sequence[Any], columns: "Columns") -> dict[str, float]:
    """The probability of each class that the cells name; a class name alone has 1."""
    several = columns.multi_label
    if len(columns.labels) > 1:
        triples = zip(columns.known_classes, columns.labels, cells, strict=True)
        given = {name: probability(where, column, cell) for name, column, cell in triples}
        return checked_sum(where, ", ".join(columns.labels), given, several)
    (column,), (cell,) = columns.labels, cells
    cell = parsed(where, column, cell)
    if isinstance(cell, RepeatedKeys):
        raise InputError(f"{where}: column {column!r} {NAMES_A_CLASS_TWICE}")
    if isinstance(cell, Mapping):
        # Arrow fills up objects that lack a key with nulls
        given = {
            class_name(where, column, name): probability(where, column, value)
            for name, value in cell.items()
            if value is not None
        }
        check_known(where, column, given, columns)
        return checked_sum(where, column, given, several)
    if not isinstance(cell, list):
        given = {class_name(where, column, cell): 1.0}
    elif several and all(isinstance(name, str) for name in cell):
        given = {class_name(where, column, name): 1.0 for name in cell}
    else:
        return checked_sum(where, column, in_order(where, column, cell, columns), several)
    check_known(where, column, given, columns)
    return given


def in_order(where: str, column: str, cell: Sequence[Any], columns: "Columns") -> dict[str, float]:
    """The probability of each class of `data.classes`, from a list in their order."""
    if columns.classes is None:
        raise InputError(
            f"{where}: column {column!r} holds a list of {len(cell)} probabilities; name their "
            "classes in this order, for example data.classes=[a,b]"
        )
    if len(cell) != len(columns.classes):
        raise InputError(
            f"{where}: column {column!r} holds a list of {len(cell)} probabilities, but "
            f"data.classes names {len(columns.classes)} classes"
        )
    values = [probability(where, column, value) for value in cell]
    return dict(zip(columns.classes, values, strict=True))


def check_known(where: str, column: str, given: Mapping[str, float], columns: "Columns") -> None:
    for name in given:
        if columns.classes is not None and name not in columns.classes:
            raise InputError(
                f"{where}: column {column!r} names the class {name!r}, which is not in "
                f"data.classes=[{','.join(columns.classes)}]"
            )


def checked_sum(
    where: str, held_by: str, given: dict[str, float], several: bool
) -> dict[str, float]:
    """Probabilities that add up to 1 exactly; of label sets each is independent.

    Raises:
        InputError: their sum is not 1 within TOLERANCE.
    """
    if several:
        return given
    total = math.fsum(given.values())
    if not abs(total - 1) <= TOLERANCE + 1e-9:
        raise InputError(
            f"{where}: the probabilities in {held_by} add up to {total:.6g}, not to 1 (within "
            f"{TOLERANCE}); correct them or drop the row"
        )
    return {name: value / total for name, value in given.items()}


def parsed(where: str, column: str, cell: Any) -> Any:
    """A cell, from JSON if it is a string with an object or a list."""
    if isinstance(cell, str) and cell.lstrip()[:1] in ("{", "["):
        try:
            return parse_json(cell)
        except (ValueError, RecursionError) as error:
            reason = " ".join(str(error).split())
            raise InputError(f"{where}: column {column!r} holds invalid JSON: {reason}") from None
    if isinstance(cell, list) and cell and isinstance(cell[0], tuple):
        return json_object(cell)  # a map of Arrow
    return cell


def class_name(where: str, column: str, cell: Any) -> str:
    if cell is None or cell == "":
        raise InputError(is_empty(where, column, null=cell is None))
    if isinstance(cell, int):  # also true and false
        return json.dumps(cell)
    if not isinstance(cell, str):
        raise InputError(
            f"{where}: column {column!r} holds {cell!r:.40}; labels are strings, whole numbers, or "
            "true and false"
        )
    try:
        cell.encode()
    except UnicodeEncodeError:
        raise InputError(f"{where}: column {column!r} {SURROGATE}") from None
    return cell


def probability(where: str, column: str, cell: Any) -> float:
    value = number(where, column, cell)
    if not 0 <= value <= 1 + ROUNDING:
        raise InputError(
            f"{where}: column {column!r} holds {cell!r:.40}; a probability is a number from 0 to 1"
        )
    return min(value, 1.0)


def weight(where: str, column: str, cell: Any) -> float:
    """
    Raises:
        InputError: it is not a number from 0 to LARGEST_WEIGHT.
    """
    value = number(where, column, cell)
    if not 0 <= value <= LARGEST_WEIGHT:
        raise InputError(
            f"{where}: column {column!r} holds {cell!r:.40}; a weight is a number from 0 to "
            f"{LARGEST_WEIGHT:,.0f}"
        )
    return value


def number(where: str, column: str, cell: Any) -> float:
    """A cell as a number; NaN if it is none.

    Raises:
        InputError: it is empty.
    """
    if cell is None or cell == "":
        raise InputError(is_empty(where, column, null=cell is None))
    if isinstance(cell, bool):
        return math.nan
    if isinstance(cell, str) and DECIMAL_COMMA.fullmatch(cell.strip()):
        cell = cell.replace(",", ".")
    try:
        return float(cell)
    except (TypeError, ValueError, OverflowError):
        return math.nan
