"""The stored results, each part with its date and machine; a run renews only its own parts."""

import json
import os
import platform
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from textcnn.errors import InputError

# part: {"when": "2026-11-24", "machine": "2 cores, ...", "rows": [...]}
Results = dict[str, dict[str, Any]]


def load_results(file: Path) -> Results:
    """The results of earlier runs; empty if there were none.

    Raises:
        InputError: the file can't be read, or doesn't hold results.
    """
    try:
        loaded: Results = json.loads(file.read_text(encoding="utf-8"))
        for part in loaded.values():
            part["when"], part["machine"], part["repetitions"], part["others"], list(part["rows"])
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise InputError(cannot_be_written(file, error)) from error
    except (ValueError, AttributeError, TypeError, KeyError) as error:
        raise InputError(
            f"--output {file} holds no results of this benchmark, or damaged ones; remove it, or "
            "give another file"
        ) from error
    return loaded


def check_output(file: Path) -> None:
    """Refuse a file that `save_results` could not write; creates only the folder.

    Raises:
        InputError
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        new_file(file).touch()
        new_file(file).unlink()
    except OSError as error:
        raise InputError(cannot_be_written(file, error)) from error


def cannot_be_written(file: Path, error: OSError) -> str:
    return f"--output {file} can't be read and written: {error.strerror}; give another file"


def new_file(file: Path) -> Path:
    return file.with_name(f"{file.name}.new")


def save_results(results: Results, file: Path) -> None:
    """Write the file in one step: an interruption leaves the earlier file intact."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new_file(file).write_text(json.dumps(results, indent=1), encoding="utf-8")
    new_file(file).replace(file)


def measured(rows: Sequence[Any], repetitions: int, others: float) -> dict[str, Any]:
    """The results of a part, with date and machine.

    Args:
        others: the fraction of the machine that other programs used just before.
    """
    return {
        "when": time.strftime("%Y-%m-%d"),
        "machine": machine(),
        "repetitions": repetitions,
        "others": others,
        "rows": list(rows),
    }


def machine() -> str:
    return (
        f"{os.cpu_count()} cores, {torch.get_num_threads()} threads, {platform.machine()}, "
        f"{torch.backends.cpu.get_cpu_capability()}; "
        f"Python {platform.python_version()}, torch {torch.__version__}"
    )


def heading(part: str, result: dict[str, Any]) -> str:
    """The line above a part's table: date, machine and method."""
    how = repeated(part, result["repetitions"])
    busy = f"; other programs used {result['others']:.0%} of the machine"
    return (
        f"*{result['when']}; {result['machine']}; {how}{busy if result['others'] > 0.1 else ''}.*"
    )


def repeated(part: str, repetitions: int) -> str:
    turns = f"medians of {repetitions} alternating repetitions; ± is half the range"
    match part:
        case "same":
            return "one run per seed and path"
        case "reach" if repetitions == 1:
            return "one run each"
        case "reach":
            return f"textcnn: {turns}; other programs: one run"
        case _:
            return turns
