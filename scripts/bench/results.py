"""What was measured, part by part, each with its day and machine: a run renews only its parts."""

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
    """Those of earlier runs; none if there were none.

    Raises:
        InputError: the file can't be read, or holds something else.
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
            f"--output {file} holds no results of the benchmark, or damaged ones; remove it, or "
            "give another file"
        ) from error
    return loaded


def check_output(file: Path) -> None:
    """Refuse what `save_results` could not write; leaves nothing but the folder.

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
    """A run that is interrupted here leaves the earlier file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new_file(file).write_text(json.dumps(results, indent=1), encoding="utf-8")
    new_file(file).replace(file)


def measured(rows: Sequence[Any], repetitions: int, others: float) -> dict[str, Any]:
    """
    Args:
        others: the share of the machine that other programs took beforehand.
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
    """A line over a part's table: when, where and how."""
    how = repeated(part, result["repetitions"])
    busy = f"; other programs took {result['others']:.0%} of the machine"
    return (
        f"*{result['when']}; {result['machine']}; {how}{busy if result['others'] > 0.1 else ''}.*"
    )


def repeated(part: str, repetitions: int) -> str:
    turns = f"medians of {repetitions} alternating repetitions; ± is half the range"
    match part:
        case "same":
            return "one run for each seed and way"
        case "reach" if repetitions == 1:
            return "one run each"
        case "reach":
            return f"textcnn: {turns}; the others: one run"
        case _:
            return turns
