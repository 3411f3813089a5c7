"""Corrections of labels: rows to leave out or to relabel, from the list of `textcnn.audit_data`."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import pyarrow as pa

from textcnn.data.input_texts import ROW
from textcnn.data.labels.spelling import same_label, spellings
from textcnn.data.same_text import normalize
from textcnn.data.sources.carried import OTHERS
from textcnn.data.sources.csv_rows import csv_rows
from textcnn.data.sources.decoding import decode
from textcnn.errors import InputError
from textcnn.system.paths import expanded

SPLIT, TEXT, LABEL, SUGGESTED = "split", "text", "label", "suggested"


@dataclass(frozen=True)
class Correction:
    """What a line of the list says about a row."""

    where: str  # the line, for messages
    text: str | None  # of the row, to check that the list was made of these rows; None: not given
    label: str | None  # the new label; None: leave the row out
    # whether the new label differs from the one that the list shows; None: the list shows none
    changes: bool | None = True


@dataclass(frozen=True)
class Corrections:
    """By key (data.train and others) and row, from 1, what to change."""

    excluded: dict[str, dict[int, Correction]] = field(default_factory=dict)
    relabelled: dict[str, dict[int, Correction]] = field(default_factory=dict)
    separator: str | None = None  # of several labels in one string
    given: tuple[str, ...] = ()  # the keys that name a list
    known: set[str] = field(default_factory=set)  # labels of the rows read so far, as they were
    new: set[str] = field(default_factory=set)  # labels that these rows got

    @property
    def notes(self) -> list[str]:
        """For the user: how many rows are changed."""
        lists = {
            "data.exclude": (self.excluded, "left out", "it lists none"),
            "data.relabel": (self.relabelled, "relabelled", f"its column {SUGGESTED!r} is empty"),
        }
        said = []
        for key in self.given:
            rows, done, nothing = lists[key]
            listed = [change for each in rows.values() for change in each.values()]
            changed = sum(change.changes is not False for change in listed)
            of = "" if changed == len(listed) else f"of {len(listed):,} "
            note = "" if listed else f"; {nothing}"
            if any(change.changes is None for change in listed):
                note = (
                    f"; the list has no column {LABEL!r}, so rows that keep their label count, too"
                )
            said.append(f"{key}: {changed:,} {of}rows {done}{note}")
        return said

    @property
    def new_classes(self) -> list[str]:
        """For the user, once the rows are read: labels that no row had, perhaps misspelled."""
        known = set(map(same_label, self.known))
        plain = {name.casefold(): name for name in self.known}
        said = []
        for name in sorted(self.new):
            if same_label(name) in known:
                continue
            close = get_close_matches(name.casefold(), plain, n=1)
            hint = f"; did you mean {plain[close[0]]!r}?" if close else ""
            said.append(f"data.relabel: {name!r} is a label that no row had{hint}")
        return said

    def check_splits(self, keys: Collection[str]) -> None:
        """
        Raises:
            InputError: a row is in a split that has no rows.
        """
        for changes in (self.excluded, self.relabelled):
            for key, rows in changes.items():
                if key not in keys:
                    (first, *_) = rows.values()
                    raise InputError(
                        f"{first.where}: there is no {key}; the splits are {', '.join(keys)}"
                    )

    def numbers(self, key: str, count: int) -> np.ndarray:
        """(count,) int64: the numbers, from 1, that the corrected rows of a key had before."""
        excluded = list(self.excluded.get(key, ()))
        return np.delete(np.arange(count + len(excluded)), np.array(excluded, np.int64) - 1) + 1

    def corrected(self, key: str, read: Callable[[], pa.Table]) -> pa.Table:
        """The rows of a key, without the excluded ones and with the new labels.

        Raises:
            InputError: there is no such row, it has another text, or labels are probabilities.
        """
        table = read()
        if self.relabelled:
            self.known.update(spellings(table["label"]))
        relabelled, excluded = self.relabelled.get(key, {}), self.excluded.get(key, {})
        for number, change in (relabelled | excluded).items():
            check_row(table, key, number, change)
        if relabelled:
            table = self.with_labels(table, relabelled)
        if not excluded:
            return table
        kept = np.ones(len(table), dtype=bool)
        kept[np.array(list(excluded)) - 1] = False
        return table.filter(pa.array(kept))

    def with_labels(self, table: pa.Table, changes: dict[int, Correction]) -> pa.Table:
        if set(table.column_names) - {"text", "label", "weight", ROW, OTHERS}:
            where = next(iter(changes.values())).where
            raise InputError(
                f"{where}: data.relabel gives names of classes, but data.label holds "
                "probabilities; leave it out"
            )
        kind = table["label"].type
        labels = table["label"].to_pylist()
        for number, change in changes.items():
            assert change.label is not None
            labels[number - 1] = change.label
            if pa.types.is_list(kind):
                parts = change.label.split(self.separator or ",")
                labels[number - 1] = [part.strip() for part in parts if part.strip()]
        place = table.column_names.index("label")
        corrected = pa.chunked_array([pa.array(labels, kind)])
        places = pa.array([number - 1 for number in changes])
        self.new.update(spellings(corrected.take(places)))
        return table.set_column(place, "label", corrected)


def check_row(table: pa.Table, key: str, number: int, change: Correction) -> None:
    if number > len(table):
        raise InputError(f"{change.where}: row {number}, but {key} has {len(table):,} rows")
    text = table["text"][number - 1].as_py()
    if change.text is not None and normalize(change.text) != normalize(text):
        raise InputError(
            f"{change.where}: row {number} of {key} has another text; the list was made of other "
            "rows, so run textcnn.audit_data again"
        )


def read_corrections(
    exclude: str | None, relabel: str | None, separator: str | None
) -> Corrections:
    """
    Args:
        exclude, relabel: CSV files with the columns `row` and, for `relabel`, `suggested`; `split`
            (train if missing) and `text` are used if they are there. A relabelled row whose
            `suggested` is empty keeps its label.
        separator: of several labels in one string.

    Raises:
        InputError: a file can't be read or lacks a column, or a row is no number.
    """
    excluded = {} if exclude is None else read_list("data.exclude", exclude, needs_label=False)
    relabelled = {} if relabel is None else read_list("data.relabel", relabel, needs_label=True)
    lists = {"data.exclude": exclude, "data.relabel": relabel}
    given = tuple(key for key, file in lists.items() if file is not None)
    return Corrections(excluded, relabelled, separator, given)


def read_list(key: str, given: str, *, needs_label: bool) -> dict[str, dict[int, Correction]]:
    path = expanded(given)
    if path.is_dir():
        raise InputError(f"{key}={given} is a directory; give a file")
    if not path.is_file():
        raise InputError(f"{key}={given}: no such file (looked from {Path.cwd()})")
    wanted = [ROW, SUGGESTED] if needs_label else [ROW]
    found: dict[str, dict[int, Correction]] = {}
    with path.open("rb") as file:
        rows = csv_rows(decode(file, str(path)), str(path), ",", wanted)
        names = next(rows, [])
        for name in wanted:
            if name not in names:
                raise InputError(
                    f"{key}={given}: no column {name!r}; it has {', '.join(names) or 'none'}"
                )
        for line, cells in enumerate(rows, start=1):
            if not any(map(str.strip, cells)):  # spreadsheets leave such lines behind
                continue
            row = dict(zip(names, cells, strict=True))
            where = f"{path}, entry {line}"
            number = row[ROW].strip()
            if not number.isascii() or not number.isdecimal() or int(number) == 0:
                raise InputError(f"{where}: row takes a whole number from 1, got {number!r:.40}")
            split = row.get(SPLIT, "").strip() or "train"
            if needs_label and not row[SUGGESTED].strip():
                continue
            label = row[SUGGESTED] if needs_label else None
            changes: bool | None = True
            if label is not None:
                changes = row[LABEL].strip() != label.strip() if LABEL in row else None
            change = Correction(where, row.get(TEXT), label, changes)
            rows_of_split = found.setdefault(f"data.{split}", {})
            if rows_of_split.setdefault(int(number), change) is not change:
                raise InputError(f"{where}: row {number} of {split} occurs twice; drop one")
    return found
