"""A comparison as CSV, one row for each group, or as JSON."""

import csv
from pathlib import Path

from textcnn.errors import InputError
from textcnn.evaluation.comparison.groups import Mean
from textcnn.evaluation.comparison.page import write_page
from textcnn.evaluation.comparison.result import Result
from textcnn.evaluation.comparison.run import SPLITS
from textcnn.system.atomic import new_file, write_json
from textcnn.system.escapes import in_one_line


def check_output(path: Path, overwrite: bool) -> None:
    """Check before minutes of work.

    Raises:
        InputError: the file exists, or its directory doesn't.
    """
    if path.exists() and not overwrite:
        raise InputError(f"output={path} exists; give another output, or overwrite=true")
    if path.is_dir():
        raise InputError(f"output={path} is a directory; give a file in it")
    if not path.parent.is_dir():
        raise InputError(f"output={path}: there is no directory {path.parent}; create it first")


def write(path: Path, result: Result) -> None:
    """Write what the ending of the file says."""
    kind = path.suffix.lower()
    if kind == ".json":
        write_json(path, result.as_json())
    elif kind == ".html":
        write_page(path, result)
    else:
        write_table(path, result)


def write_table(path: Path, result: Result) -> None:
    """Write CSV with a byte order mark, from which spreadsheets know that it is UTF-8."""
    with (
        new_file(path) as temporary,
        temporary.open("w", encoding="utf-8-sig", newline="") as file,
    ):
        csv.writer(file).writerows(table(result))


def table(result: Result) -> list[list[object]]:
    """Means, deviations and differences as numbers; what is unknown stays empty."""
    scores = [(split, name) for split in SPLITS for name in result.measures]
    keys = result.differing
    by_name = {each.ours: each for each in result.comparisons}
    header: list[object] = ["name", "runs", *map(in_one_line, keys)]
    header += [f"{split}_{name}{end}" for split, name in scores for end in ("", "_std")]
    header += ["train_seconds", "checkpoint_bytes", "texts_per_second"]
    header += ["reference", "points", "low", "high", "p", "p_holm", "only_this", "only_reference"]
    rows = [header]
    for group in result.groups:
        settings = (group.settings.get(key) for key in keys)
        row: list[object] = [group.name, len(group.runs)]
        row += [None if value is None else in_one_line(value) for value in settings]
        for split, name in scores:
            row += pair(group.score(split, name))
        row += [pair(group.seconds)[0], pair(group.size)[0], result.speeds.get(group.name)]
        if (found := by_name.get(group.name)) is None:
            row += [None] * 8
        else:
            over = found.over_texts
            row += [found.theirs, over.points, over.low, over.high, found.p, found.adjusted]
            row += [found.only_ours, found.only_theirs]
        rows.append(row)
    return rows


def pair(value: Mean | None) -> list[float | None]:
    return [None, None] if value is None else [value.mean, value.deviation]
