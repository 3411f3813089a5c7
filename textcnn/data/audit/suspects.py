"""The rows to look at, the most doubtful label first, and the file that lists them."""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from textcnn.data.audit.label_errors import LabelErrors
from textcnn.data.audit.oddities import boilerplate, cut_texts, empty_texts, other_scripts
from textcnn.data.audit.pool import Pool
from textcnn.system.atomic import new_file

COLUMNS = ("row", "text", "label", "suggested", "score", "why", "split")
WRONG, DOUBTFUL = "label likely wrong", "label in doubt"
OTHER_LABEL, OTHER_SPLIT = "near-duplicate, other label", "near-duplicate in another split"


@dataclass(frozen=True)
class Suspect:
    """A row that a person should look at."""

    row: int  # in its split, from 1, without the header
    split: str
    text: str
    label: list[str]
    suggested: list[str]  # the label itself if nothing speaks against it
    score: float  # from 0 to 1, how likely another label fits better
    why: str

    def cells(self, separator: str) -> list[str]:
        """In the order of COLUMNS."""
        labels = [separator.join(self.label), separator.join(self.suggested)]
        return [str(self.row), self.text, *labels, f"{self.score:.4f}", self.why, self.split]


@dataclass(frozen=True)
class Findings:
    """The suspects, most doubtful first, and how many rows have which fault."""

    suspects: list[Suspect]
    counts: dict[str, int]
    repeated: int  # rows that an earlier row repeats, nearly
    rows: int  # that were examined


def collect(pool: Pool, errors: LabelErrors, groups: np.ndarray) -> Findings:
    """
    Args:
        errors: what the models think of each row.
        groups: see `near_duplicates`.
    """
    suggested, score = errors.suggested.copy(), errors.score.copy()
    reasons: dict[int, list[str]] = {}
    counts: Counter[str] = Counter()

    def note(kind: str, found: Mapping[int, str]) -> None:
        counts[kind] += len(found)
        for row, why in found.items():
            reasons.setdefault(row, []).append(why)

    note(WRONG, label_reasons(pool, errors, errors.wrong, "likely"))
    note(DOUBTFUL, label_reasons(pool, errors, errors.doubtful & ~errors.wrong, "perhaps"))
    differing = differing_labels(pool, groups)
    for row, (share, label, _) in differing.items():
        # the row's own text decides only if the group is of two minds
        if share > score[row]:
            score[row], suggested[row] = share, label
    note(OTHER_LABEL, {row: why for row, (_, _, why) in differing.items()})
    note(OTHER_SPLIT, crossing_splits(pool, groups))
    note("empty", empty_texts(pool.texts))
    note("cut", cut_texts(pool.texts))
    note("boilerplate", boilerplate(pool.texts))
    note("another script", other_scripts(pool.texts))
    suspects = [
        Suspect(
            int(pool.number[row]),
            pool.split_name(row),
            pool.texts[row],
            pool.label(row),
            pool.label(row, suggested),
            float(score[row]),
            "; ".join(reasons[row]),
        )
        for row in sorted(reasons, key=lambda row: (-score[row], row))
    ]
    return Findings(suspects, dict(counts), len(pool) - len(np.unique(groups)), len(pool))


def label_reasons(pool: Pool, errors: LabelErrors, chosen: np.ndarray, how: str) -> dict[int, str]:
    """By row, how probable its label and the suggested one are."""
    return {
        row: (
            f"{how} {joined(pool.label(row, errors.suggested))} "
            f"({100 * errors.other[row]:.0f} %), not {joined(pool.label(row))} "
            f"({100 * errors.given[row]:.0f} %)"
        )
        for row in np.flatnonzero(chosen).tolist()
    }


def joined(labels: list[str]) -> str:
    return " + ".join(labels) or "no label"


def differing_labels(pool: Pool, groups: np.ndarray) -> dict[int, tuple[float, np.ndarray, str]]:
    """Near-duplicates that disagree about the label.

    Returns:
        By row the share of the others with the most frequent other label, that label, and why.
    """
    found = {}
    for members in repeated(groups):
        labels = [tuple(np.atleast_1d(pool.labels[row]).tolist()) for row in members]
        if len(set(labels)) == 1:
            continue
        for row, own in zip(members, labels, strict=True):
            others = [(at, label) for at, label in zip(members, labels, strict=True) if at != row]
            votes = Counter(label for _, label in others)
            label, count = max(votes.items(), key=lambda each: (each[1], each[0] != own))
            if label == own:
                continue
            other = next(at for at, each in others if each == label)
            found[row] = (
                count / len(others) if len(others) > 1 else 0.5,
                pool.labels[other],
                f"near-duplicate of {place(pool, other)}, which has {joined(pool.label(other))}",
            )
    return found


def crossing_splits(pool: Pool, groups: np.ndarray) -> dict[int, str]:
    """By row, why: near-duplicates that lie in different splits, so that scores are too good."""
    found = {}
    for members in repeated(groups):
        splits = pool.split[members]
        if (splits == splits[0]).all():
            continue
        for row in members:
            other = next(at for at in members if pool.split[at] != pool.split[row])
            found[row] = f"near-duplicate of {place(pool, other)}"
    return found


def repeated(groups: np.ndarray) -> Iterable[list[int]]:
    """The rows of each group that has several."""
    order = np.argsort(groups, kind="stable")
    borders = np.flatnonzero(np.diff(groups[order])) + 1
    return (part.tolist() for part in np.split(order, borders) if len(part) > 1)


def place(pool: Pool, row: int) -> str:
    return f"row {pool.number[row]:,} of {pool.split_name(row)}"


def write_suspects(path: Path, findings: Findings, separator: str) -> None:
    """Write CSV with a byte order mark, from which spreadsheets know that it is UTF-8."""
    with (
        new_file(path) as temporary,
        temporary.open("w", encoding="utf-8-sig", newline="") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(suspect.cells(separator) for suspect in findings.suspects)
