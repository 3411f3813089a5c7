"""docs/results.json: an entry for each row of the tables, made from the results of its jobs."""

import json
import math
import shlex
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from baseline_names import BASELINE_NAMES
from experiments import EXPERIMENTS, find, paper
from jobs import TRAIN, Job
from sources import DATA

from textcnn.errors import InputError
from textcnn.system.atomic import new_file

Entry = dict[str, Any]
# what a results.json must hold to be used
NUMBERS = {"mean", "seconds", "megabytes"}
NUMBERS_OR_NONE = {"paper", "sd", "texts_per_second"}
NEEDED = NUMBERS | NUMBERS_OR_NONE | {"data", "name", "runs", "hardware", "date"}


def make_entry(name: str, data: str, jobs: Sequence[Job], folder: Path | None) -> Entry | None:
    """The entry of an experiment or baseline on a data set; None while a job is not finished.

    Accuracies are in percent, times are of the median run, and the size is that of the first run.
    """
    results = [job.result() for job in jobs]
    if any(result is None for result in results):
        return None
    found = [result for result in results if result is not None]
    runs = [
        {
            "run": job.run.name,
            "accuracy": percent(result["accuracy"]),
            "validation": percent(result["validation"]),
            "seconds": round(result["seconds"], 2),
        }
        for job, result in zip(jobs, found, strict=True)
    ]
    accuracies = [100 * result["accuracy"] for result in found]
    speed = jobs[0].speed()
    last = max(found, key=lambda result: float(result["finished"]))
    return {
        "data": data,
        "name": name,
        "paper": paper(name, data) if jobs[0].program == TRAIN else None,
        "settings": list(find(name).settings.get(data, ())) if jobs[0].program == TRAIN else [],
        "origin": origin_of(name) if jobs[0].program == TRAIN else None,
        "mean": round(statistics.mean(accuracies), 4),
        "sd": round(statistics.stdev(accuracies), 4) if len(accuracies) > 1 else None,
        "seconds": round(statistics.median(result["seconds"] for result in found), 2),
        "texts_per_second": None if speed is None else round(speed),
        "megabytes": round(found[0]["size"] / 1e6, 3),
        "runs": runs,
        "texts": found[0]["texts"],
        "hardware": last["hardware"],
        "date": last["date"],
        "commit": last["commit"],
        "command": f"make reproduce ARGS='--only {name} --data {data}'",
        "training": shown(jobs[0], folder) if jobs[0].program == TRAIN else None,
    }


def origin_of(name: str) -> str | None:
    """Which checkpoint an experiment starts from, for the page."""
    origin = find(name).origin
    if origin is None:
        return None
    settings = "".join(f" {setting}" for setting in origin.settings)
    return f"`experiment={origin.experiment}{settings}` on {DATA[origin.data].title}"


def percent(value: float | None) -> float | None:
    return None if value is None else round(100 * value, 4)


def shown(job: Job, folder: Path | None) -> str:
    """The command of the first training, with names of files instead of paths.

    An experiment that starts from a checkpoint has the command of that training before it.
    """
    first = [] if job.origin is None else [f"{shown(job.origin, folder)} run_dir=outputs/origin"]
    start = () if job.origin is None else ("init_from=outputs/origin",)
    keys = shlex.join([*job.base, *start, *job.run.overrides])
    if folder is not None:
        keys = keys.replace(f"{folder}/", "")
    return " && ".join([*first, f"python -m textcnn.train {keys}"])


def merge(before: Sequence[Entry], new: Sequence[Entry]) -> tuple[list[Entry], list[str]]:
    """All entries in the order of the tables, and lines about those of fewer runs.

    A new entry replaces the one of its row, unless that one has more runs.
    """
    rows, lines = {(each["data"], each["name"]): each for each in before}, []
    for each in new:
        held = len(rows.get((each["data"], each["name"]), each)["runs"])
        if held > len(each["runs"]):
            lines.append(
                f"{DATA[each['data']].title}, {each['name']}: results.json keeps its {held} runs, "
                f"got {len(each['runs'])}; give another --output for these"
            )
        else:
            rows[each["data"], each["name"]] = each
    return sorted(rows.values(), key=place), lines


def place(entry: Mapping[str, Any]) -> tuple[int, int, str]:
    order = [*BASELINE_NAMES, *EXPERIMENTS]
    sets, name = list(DATA), str(entry["name"])
    return (
        sets.index(entry["data"]) if entry["data"] in sets else len(sets),
        order.index(name) if name in order else len(order),
        name,
    )


def load_entries(file: Path) -> list[Entry]:
    """The entries of earlier runs; none if there were none.

    Raises:
        InputError: as `load_rows`.
    """
    return load_rows(file, "entries", is_usable)


def load_rows(file: Path, key: str, usable: Callable[[Any], bool]) -> list[Any]:
    """The rows of a JSON file that an earlier run has written; none if there is no file.

    Args:
        key: of the rows.
        usable: whether the page can be made from a row.

    Raises:
        InputError: the file can't be read, or doesn't hold such rows.
    """
    try:
        rows: list[Any] = json.loads(file.read_text(encoding="utf-8"))[key]
        if not all(map(usable, rows)):
            raise KeyError
    except FileNotFoundError:
        return []
    except OSError as error:
        raise InputError(f"{file} can't be read: {error.strerror}; give another folder") from error
    except (ValueError, AttributeError, TypeError, KeyError) as error:
        raise InputError(
            f"{file} holds no results of make reproduce, or damaged ones; restore or remove it"
        ) from error
    return rows


def is_usable(entry: Mapping[str, Any]) -> bool:
    """Whether the page can be made from an entry."""
    return (
        entry.keys() >= NEEDED
        and entry["data"] in DATA
        and isinstance(entry["name"], str)
        and all(is_number(entry[key]) for key in NUMBERS)
        and all(entry[key] is None or is_number(entry[key]) for key in NUMBERS_OR_NONE)
        and entry["hardware"].keys() >= {"device", "cpu", "cores", "threads", "torch"}
        and bool(entry["runs"])
        and all("run" in run for run in entry["runs"])
    )


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def save_json(file: Path, content: Any) -> None:
    """Write a file in one step, and not at all if it would stay the same."""
    save_text(file, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def save_text(file: Path, text: str) -> None:
    """As `save_json`.

    Raises:
        InputError: it can't be written.
    """
    try:
        if file.is_file() and file.read_text(encoding="utf-8") == text:
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        with new_file(file) as temporary:
            temporary.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"{file} can't be written: {error.strerror}; give another folder"
        ) from error
