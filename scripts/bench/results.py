"""What was measured, part by part, each with its day and machine: a run renews only its parts."""

import json
import os
import platform
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

# part: {"when": "2026-11-24", "machine": "2 cores, ...", "rows": [...]}
Results = dict[str, dict[str, Any]]


def load_results(file: Path) -> Results:
    """Those of earlier runs; none if there were none."""
    loaded: Results = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return loaded


def save_results(results: Results, file: Path) -> None:
    """A run that is interrupted here leaves the earlier file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix(".new")
    new.write_text(json.dumps(results, indent=1), encoding="utf-8")
    new.replace(file)


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
    how = (
        "one run each"
        if part == "reach"
        else f"medians of {result['repetitions']} alternating repetitions; ± is half the range"
    )
    busy = f"; other programs took {result['others']:.0%} of the machine"
    return (
        f"*{result['when']}; {result['machine']}; {how}{busy if result['others'] > 0.1 else ''}.*"
    )
