"""The audit as tables and as JSON."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console

from textcnn.evaluation.audit.exported import ExportCheck
from textcnn.evaluation.audit.invariance import Invariance
from textcnn.evaluation.audit.rates import SURE, Change, points
from textcnn.evaluation.audit.robustness import Robustness
from textcnn.evaluation.audit.shortcuts import Shortcuts
from textcnn.evaluation.audit.word_order import WordOrder
from textcnn.system.terminal import build_table

NONE = "–"  # in a cell
CHANGES = "* more than chance (McNemar); flips: other answers; texts: that the change alters"


@dataclass(frozen=True)
class Section:
    """A kind of check: a table, notes and one conclusion in words."""

    name: str  # in audit.json
    title: str
    rows: list[list[str]]  # the first is the header
    notes: list[str]
    conclusion: str
    values: dict[str, Any]  # for audit.json

    def as_json(self) -> dict[str, Any]:
        return self.values | {"title": self.title, "notes": self.notes, "table": self.rows}

    def show(self, console: Console) -> None:
        if len(self.rows) > 1:
            console.print(build_table(self.title, self.rows))
        for note in self.notes:
            console.print(f"note: {note}")
        console.print(f"{self.title}: {self.conclusion}\n")


def invariance_section(found: Invariance) -> Section:
    verdicts = {True: "holds", False: "BROKEN", None: "reported only"}
    rows = [["", "change of a logit", "flips", "verdict"]]
    rows += [
        [each.name, f"{each.largest_change:.2g}", f"{each.flipped:,}", verdicts[each.holds]]
        for each in found.checks
    ]
    values = asdict(found) | {"holds": found.holds, "conclusion": found.conclusion}
    notes = list(found.notes)
    return Section("invariance", "Invariance", rows, notes, found.conclusion, values)


def export_section(found: ExportCheck) -> Section:
    rows = change_rows(found.change.accuracy - found.change.difference, [found.change])
    values = asdict(found) | {"holds": found.holds, "conclusion": found.conclusion}
    notes = [f"its weights are {found.dtype}", CHANGES]
    return Section("export", "Export", rows, notes, found.conclusion, values)


def word_order_section(found: WordOrder) -> Section:
    changes = [*found.changes, *([] if found.bag is None else [found.bag])]
    rows = change_rows(found.accuracy, changes)
    notes = [*found.notes, CHANGES]
    return Section("word_order", "Word order", rows, notes, found.conclusion, asdict(found))


def robustness_section(found: Robustness) -> Section:
    rows = change_rows(found.accuracy, found.changes)
    notes = [*found.notes, CHANGES, *advice(found.changes)]
    return Section("robustness", "Robustness", rows, notes, found.conclusion, asdict(found))


def shortcuts_section(found: Shortcuts) -> Section:
    rows = [["", "accuracy %", "wrong on", "followed %", "by chance %"]]
    rows += [["the most frequent answer", f"{100 * found.majority:.1f}", *[NONE] * 3]]
    rows += [
        [
            each.name,
            starred(f"{100 * each.accuracy:.1f}", each.is_better),
            f"{each.wrong:,}",
            starred(f"{100 * each.followed:.1f}", each.is_followed),
            f"{100 * each.by_chance:.1f}",
        ]
        for each in found.models
    ]
    notes = [*found.notes, *found.features]
    if found.models:
        notes.insert(0, "* more than chance; followed: the classifier gives the same wrong answer")
    return Section("shortcuts", "Shortcuts", rows, notes, found.conclusion, asdict(found))


def change_rows(accuracy: float, changes: Sequence[Change]) -> list[list[str]]:
    """One row for each change of the texts."""
    rows = [["", "accuracy %", "95 %", "change", "flips", "texts"]]
    rows += [["the texts as they are", f"{100 * accuracy:.1f}", *[NONE] * 4]]
    for each in changes:
        changed = NONE if each.texts_changed is None else f"{each.texts_changed:,}"
        cells = [f"{100 * each.accuracy:.1f}", f"{100 * each.low:.1f}–{100 * each.high:.1f}"]
        cells += [starred(points(each.difference), each.p_value < SURE), f"{each.flipped:,}"]
        rows.append([each.name, *cells, changed])
    return rows


def starred(cell: str, sure: bool) -> str:
    """Numbers stay below each other."""
    return cell + ("*" if sure else " ")


def advice(changes: Sequence[Change]) -> list[str]:
    """What would help, a line for each setting."""
    helps: dict[str, list[str]] = {}
    for each in changes:
        if each.advice is not None:
            helps.setdefault(each.advice, []).append(each.name)
    return [f"train with {setting} against {', '.join(named)}" for setting, named in helps.items()]
