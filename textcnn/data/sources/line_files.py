"""Rows of CSV, TSV, JSON and fastText's format, one after another."""

from collections.abc import Iterable, Iterator
from typing import Any

from textcnn.data.sources.carried import OTHERS, others_json
from textcnn.data.sources.columns import (
    WANTS_LISTS,
    WANTS_PROBABILITIES,
    WANTS_SEPARATOR,
    Columns,
    check_columns,
)
from textcnn.data.sources.csv_rows import csv_rows
from textcnn.data.sources.fasttext import split_labels
from textcnn.data.sources.formats import DELIMITERS, FASTTEXT, format_of
from textcnn.data.sources.label_cells import label_cells, weight
from textcnn.data.sources.lines import check_has, is_empty, json_cell, json_rows, json_text
from textcnn.data.sources.missing_labels import is_missing, is_to_fill_in
from textcnn.errors import InputError, NoLabelsError


def line_rows(lines: Iterable[str], path: str, columns: Columns) -> Iterator[dict[str, Any]]:
    """The rows of a file as `columns.schema` says; `label` is None where there is none."""
    ending = format_of(path)
    if ending == FASTTEXT:
        yield from fasttext_rows(lines, path, columns)
    elif ending in DELIMITERS:
        yield from delimited_rows(lines, path, columns, DELIMITERS[ending])
    else:
        for where, row in json_rows(lines, path):
            text = " ".join(json_text(where, row, column) for column in columns.text)
            yield (
                {"text": text}
                | json_labels(where, row, columns)
                | json_weight(where, row, columns)
                | carried(row, columns)
            )


def delimited_rows(
    lines: Iterable[str], path: str, columns: Columns, delimiter: str
) -> Iterator[dict[str, Any]]:
    rows = csv_rows(lines, path, delimiter, columns.names, columns.header)
    header = next(rows, None)
    if header is None:
        return
    check_columns(path, header, columns.names, columns.weight, columns.header, columns.labels)
    text_places = [header.index(column) for column in columns.text]
    label_places = [header.index(column) for column in columns.labels]
    to_fill_in = is_to_fill_in(header) and columns.kind == "names"
    weight_place = None if columns.weight is None else header.index(columns.weight)
    for number, cells in enumerate(rows, start=1):
        where = f"{path}, row {number}"
        made: dict[str, Any] = {"text": " ".join([cells[place] for place in text_places])}
        if to_fill_in and is_missing(cells[label_places[0]]):
            made |= {"label": None}
        elif columns.kind == "names":
            made["label"] = csv_label(where, cells[label_places[0]], columns)
        else:
            made |= label_cells(where, [cells[place] for place in label_places], columns)
        if weight_place is not None:
            assert columns.weight is not None
            made["weight"] = weight(where, columns.weight, cells[weight_place])
        yield made | carried(
            dict(zip(header, cells, strict=True)) if columns.carry else {}, columns
        )


def carried(row: dict[str, Any], columns: Columns) -> dict[str, str]:
    """The other columns of a row, if they are wanted."""
    return {OTHERS: others_json(row, columns.names)} if columns.carry else {}


def fasttext_rows(lines: Iterable[str], path: str, columns: Columns) -> Iterator[dict[str, Any]]:
    """A row per line: `__label__a __label__b text`. Blank lines are skipped.

    Raises:
        InputError: a line has several labels without `data.multi_label`, or other kinds of labels
            are wanted.
    """
    if columns.kind != "names" or columns.weight is not None:
        key = "data.weight" if columns.weight is not None else f"data.label_kind={columns.kind}"
        raise InputError(f"{path}: a .txt file holds names of labels only, got {key}; leave it out")
    found = False
    for number, line in enumerate(filter(str.strip, lines), start=1):
        labels, text = split_labels(line)
        found = found or bool(labels)
        if len(labels) > 1 and not columns.multi_label:
            raise InputError(
                f"{path}, row {number}: {len(labels)} labels ({', '.join(labels)}); {WANTS_LISTS}"
            )
        if number == 1 and not labels:
            raise NoLabelsError(
                f"{path}, row 1: no label; a .txt file is read in fastText's format, such as "
                "'__label__spam buy now'"
            )
        label: Any = labels if columns.multi_label else next(iter(labels), None)
        yield {"text": text, "label": label}


def json_labels(where: str, row: dict[str, Any], columns: Columns) -> dict[str, Any]:
    for column in columns.labels:
        try:
            check_has(where, row, column)
        except InputError as error:
            raise NoLabelsError(str(error)) from None
    if columns.kind == "names":
        return {"label": json_label(where, row, columns)}
    return label_cells(where, [row[column] for column in columns.labels], columns)


def json_weight(where: str, row: dict[str, Any], columns: Columns) -> dict[str, float]:
    if columns.weight is None:
        return {}
    check_has(where, row, columns.weight)
    return {"weight": weight(where, columns.weight, row[columns.weight])}


def csv_label(where: str, cell: str, columns: Columns) -> str | list[str] | None:
    if columns.multi_label:
        return several(where, cell, columns)
    return None if is_missing(cell) else cell


def json_label(where: str, row: dict[str, Any], columns: Columns) -> str | list[str] | None:
    value = row.get(columns.label)
    missing = value is None if columns.multi_label else is_missing(value)
    if missing and columns.label in row:
        return None
    if columns.multi_label:
        return json_label_set(where, row, value, columns)
    if isinstance(value, list):
        raise InputError(f"{where}: column {columns.label!r} holds lists; {WANTS_LISTS}")
    if isinstance(value, dict):
        raise InputError(
            f"{where}: column {columns.label!r} holds an object; {WANTS_PROBABILITIES}"
        )
    if isinstance(value, float):
        if not value.is_integer():
            raise InputError(
                f"{where}: column {columns.label!r} holds {value}; labels are strings, whole "
                "numbers, or true and false"
            )
        return str(int(value))
    return json_cell(where, row, columns.label)


def json_label_set(where: str, row: dict[str, Any], value: Any, columns: Columns) -> list[str]:
    if not isinstance(value, list):
        return several(where, json_cell(where, row, columns.label), columns)
    labels = [json_cell(where, {columns.label: item}, columns.label) for item in value]
    if "" in labels:
        raise InputError(is_empty(where, columns.label))
    return labels


def several(where: str, cell: str, columns: Columns) -> list[str]:
    """The labels in a string, without surrounding white space and empty ones."""
    if columns.separator is None:
        raise InputError(f"{where}: column {columns.label!r} holds {cell!r:.40}{WANTS_SEPARATOR}")
    return [label for label in map(str.strip, cell.split(columns.separator)) if label]
