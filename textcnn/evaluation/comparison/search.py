"""The runs in directories: a run itself, the folds of a cross-validation, the jobs of a sweep."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from textcnn.errors import InputError
from textcnn.system.paths import expanded
from textcnn.system.run_dir import CONFIG, METRICS

DEEPEST = 4  # folders below a given directory in which runs are found
MANIFEST = "manifest.json"  # of a checkpoint
SWEEP = "multirun.yaml"  # Hydra's record of a sweep


def run_directories(paths: Sequence[str], most: int) -> list[Path]:
    """The directories of single runs, in the order given; those of a folder sorted by name.

    Args:
        paths: of runs, checkpoints, cross-validations, or folders that hold such.
        most: how many there may be.

    Raises:
        InputError: a path is no directory, holds no run, or there are too many.
    """
    found: dict[Path, None] = {}
    for path in paths:
        directory = expanded(path)
        if not directory.is_dir():
            what = "is a file" if directory.exists() else "does not exist"
            raise InputError(f"{path} {what}; give directories of runs, checkpoints or sweeps")
        inside = list(islice(runs_in(directory, DEEPEST), most + 1))
        if not inside:
            raise InputError(
                f"{path} holds no run: no {CONFIG} and no {MANIFEST} in it or in its folders"
            )
        found |= dict.fromkeys(each for each in inside)
        if len(found) > most:
            raise InputError(f"{path}: more than {most:,} runs can't be compared; give fewer")
    return list(found)


def runs_in(directory: Path, depth: int) -> Iterator[Path]:
    """
    Args:
        depth: levels of folders to search.
    """
    if is_run(directory):
        yield from folds_of(directory) or [directory]
        return
    if not depth:
        return
    is_sweep = (directory / SWEEP).is_file()
    for folder in sorted(folders_in(directory), key=natural):
        inside = runs_in(folder, depth - 1)
        first = next(inside, None)
        if first is not None:
            yield first
            yield from inside
        elif is_sweep and folder.name.isdecimal():
            yield folder  # a job that failed before it wrote anything


def is_run(directory: Path) -> bool:
    return any((directory / name).is_file() for name in (CONFIG, METRICS, MANIFEST))


def folds_of(directory: Path) -> list[Path]:
    """The runs of a cross-validation, in `fold-1` and so on."""
    folds = [each for each in folders_in(directory) if re.fullmatch(r"fold-\d+", each.name)]
    return sorted(filter(is_run, folds), key=natural)


def folders_in(directory: Path) -> list[Path]:
    try:
        return [
            each for each in directory.iterdir() if each.is_dir() and not each.name.startswith(".")
        ]
    except OSError:  # not readable
        return []


def natural(path: Path) -> list[tuple[int, str]]:
    """Sorts job 10 behind job 9."""
    parts = re.split(r"(\d{1,18})", path.name)
    return [(int(part), "") if place % 2 else (0, part) for place, part in enumerate(parts)]
