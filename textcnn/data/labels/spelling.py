"""Labels that are spelled differently but are the same, and those that differ only in case."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

WHOLE = re.compile(r"([+-]?\d+)[.,]0{1,2}")  # 1.0, as pandas writes 1 beside a missing label
DECIMAL = re.compile(r"([+-]?\d+),(\d{1,2}|\d{4,})")  # with three digits the comma is of thousands
SHOWN = 3
VARIATION_SELECTORS = "\ufe0e\ufe0f"


def same_label(name: str) -> str:
    """What labels that are the same have in common.

    Blanks around and several in a row, invisible characters (of zero width, marks of direction) and
    Unicode's forms of composition don't count; nor does how a number or truth value is written:
    `1.0`, `1,0` and `1`, `True` and `true`.
    """
    visible = "".join(letter for letter in name if not is_invisible(letter))
    plain = " ".join(unicodedata.normalize("NFC", visible).split())
    if whole := WHOLE.fullmatch(plain):
        return whole[1]
    if decimal := DECIMAL.fullmatch(plain):
        return f"{decimal[1]}.{decimal[2]}"
    return plain.lower() if plain.lower() in ("true", "false") else plain


def is_invisible(letter: str) -> bool:
    if letter in VARIATION_SELECTORS:
        return True
    return unicodedata.category(letter) in ("Cf", "Cc") and not letter.isspace()


def trimmed(name: str) -> str:
    """A label without blanks and invisible characters around it, in Unicode's composed form."""
    start, end = 0, len(name)
    while start < end and (name[start].isspace() or is_invisible(name[start])):
        start += 1
    while start < end and (name[end - 1].isspace() or is_invisible(name[end - 1])):
        end -= 1
    return unicodedata.normalize("NFC", name[start:end])


def spellings(labels: pa.ChunkedArray) -> list[str]:
    """The different labels in a column of strings or lists of strings, as they are spelled."""
    flat = pc.list_flatten(labels) if pa.types.is_list(labels.type) else labels
    names: list[str] = pc.unique(flat.drop_null()).to_pylist()
    return names


class Spelling:
    """How the labels of the training rows are spelled, each in one way."""

    def __init__(self, names: Sequence[str], known: bool = False) -> None:
        """
        Args:
            names: the labels of the training rows, as they are spelled.
            known: these are the classes of a trained classifier, which keep their names.
        """
        by_label: dict[str, list[str]] = {}
        for name in names:
            by_label.setdefault(same_label(name), []).append(name if known else trimmed(name))
        # the plainest spelling of several
        self.names = {
            label: min(given, key=lambda name: (name != label, len(name), name))
            for label, given in by_label.items()
        }
        self.found: dict[str, str] = {name: name for name in names} if known else {}

    def __call__(self, name: str) -> str:
        """The spelling of a label; of one that training lacks its own, trimmed."""
        if name not in self.found:
            self.found[name] = self.names.get(same_label(name)) or trimmed(name) or name
        return self.found[name]

    def unify(self, rows: pa.Table) -> pa.Table:
        """Rows whose labels are spelled as in training."""
        labels = rows["label"]
        given = spellings(labels)
        changed = {name: self(name) for name in given if self(name) != name}
        if not changed:
            return rows
        place = rows.column_names.index("label")
        return rows.set_column(place, "label", renamed(labels, changed))


def renamed(labels: pa.ChunkedArray, names: Mapping[str, str]) -> pa.ChunkedArray:
    """A column of strings or lists of strings in which some have other names."""
    if pa.types.is_list(labels.type):
        chunks = [
            pa.ListArray.from_arrays(
                pc.subtract(chunk.offsets, chunk.offsets[0]),
                renamed(pa.chunked_array([chunk.flatten()]), names).combine_chunks(),
                mask=chunk.is_null() if chunk.null_count else None,
            )
            for chunk in labels.chunks
        ]
        return pa.chunked_array(chunks, labels.type)
    places = pc.index_in(labels, pa.array(list(names), pa.string()))
    others = pc.take(pa.array(list(names.values()), pa.string()), places)
    return pc.coalesce(others, labels)


def spelling_warnings(tables: Mapping[str, pa.Table], spelling: Callable[[str], str]) -> list[str]:
    """What was merged, in one warning; and which classes differ in nothing but case, in another.

    Args:
        tables: by key, as they were read.
    """
    given = [name for rows in tables.values() for name in spellings(rows["label"])]
    by_label: dict[str, set[str]] = {}
    for name in given:
        by_label.setdefault(spelling(name), set()).add(name)
    warnings = []
    merged = {name: found for name, found in by_label.items() if len(found) > 1}
    if merged:
        shown = [
            f"{' and '.join(map(shown_as, sorted(found)))} as {name!r}"
            for name, found in sorted(merged.items())
        ]
        warnings.append(f"labels that are spelled differently count as one: {listed(shown)}")
    by_case: dict[str, list[str]] = {}
    for name in sorted(by_label):
        by_case.setdefault(unicodedata.normalize("NFKC", name).casefold(), []).append(name)
    alike = [" and ".join(map(repr, names)) for names in by_case.values() if len(names) > 1]
    if alike:
        warnings.append(
            f"these labels differ only in case or width: {listed(alike)}; if they mean the same, "
            "spell them alike"
        )
    return warnings


def shown_as(name: str) -> str:
    """A label in quotes, in ASCII if it looks like its composed form."""
    return repr(name) if unicodedata.is_normalized("NFC", name) else ascii(name)


def listed(shown: Sequence[str]) -> str:
    more = f"; and {len(shown) - SHOWN:,} more" if len(shown) > SHOWN else ""
    return "; ".join(shown[:SHOWN]) + more
