"""Other names for classes: `data.rename`, which merges classes that get the same name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property

import pyarrow as pa

from textcnn.data.labels.spelling import renamed, same_label, spellings
from textcnn.errors import InputError

SHOWN = 20  # classes


@dataclass(frozen=True)
class Renaming:
    """Gives classes other names, all at once: `{a: b, b: a}` swaps two."""

    names: Mapping[str, str]  # the new name by the old one

    @cached_property
    def by_label(self) -> dict[str, str]:
        return {same_label(old): new for old, new in self.names.items()}

    def __call__(self, name: str) -> str:
        """The new name of a class, however the old one is spelled; its own without a new one."""
        return self.by_label.get(same_label(name), name)

    def unify(self, rows: pa.Table) -> pa.Table:
        """Rows whose `label` has the new names."""
        if not self.names:
            return rows
        changed = {name: self(name) for name in spellings(rows["label"]) if self(name) != name}
        if not changed:
            return rows
        place = rows.column_names.index("label")
        return rows.set_column(place, "label", renamed(rows["label"], changed))

    def unknown(self, given: Sequence[str]) -> list[str]:
        """The old names that are none of the given classes, each with the nearest ones."""
        known = {same_label(name) for name in given}
        return [
            f"{old!r}{nearest(old, given)}" for old in self.names if same_label(old) not in known
        ]

    def check(self, given: Sequence[str], where: str) -> None:
        """
        Args:
            given: all classes, by their old names.
            where: these are found, for the message.

        Raises:
            InputError: an old name is no class.
        """
        if unknown := self.unknown(given):
            more = f" and {len(given) - SHOWN:,} more" if len(given) > SHOWN else ""
            raise InputError(
                f"data.rename: {where} have no class {unknown[0]}; the classes are "
                f"{', '.join(given[:SHOWN])}{more}"
            )

    def notes(self, given: Sequence[str]) -> list[str]:
        """One line about the classes that got other names.

        Args:
            given: all classes, by their old names.
        """
        olds: dict[str, list[str]] = {}
        for name in given:
            olds.setdefault(self(name), []).append(name)
        told = [
            f"{' and '.join(map(repr, old))} {'count as' if len(old) > 1 else 'is now'} {new!r}"
            for new, old in olds.items()
            if old != [new]
        ]
        return [f"data.rename: {'; '.join(told)}"] if told else []


def nearest(name: str, given: Sequence[str]) -> str:
    """What somebody may have meant, in brackets."""
    lower = {each.lower(): each for each in given}
    close = [lower[each] for each in get_close_matches(name.lower(), lower, n=2)]
    return f" (did you mean {' or '.join(map(repr, close))}?)" if close else ""


def renamed_tables(
    tables: dict[str, pa.Table], renaming: Renaming, known: Sequence[str] = ()
) -> tuple[dict[str, pa.Table], list[str]]:
    """The tables with the new names of classes, and a note for the user.

    Args:
        tables: by key, as `label_texts` takes them.
        known: classes that need no row, by their old names.

    Raises:
        InputError: an old name is no class of any row, and not known.
    """
    if not renaming.names:
        return tables, []
    found = [name for rows in tables.values() for name in spellings(rows["label"])]
    given = list(dict.fromkeys([*sorted(found), *known]))
    renaming.check(given, "the rows and the checkpoint" if known else "the rows")
    unified = {key: renaming.unify(rows) for key, rows in tables.items()}
    return unified, renaming.notes(given)
