"""Cross-validation: a run for each fold, and their means."""

import json
import os
from dataclasses import replace
from pathlib import Path
from statistics import mean
from typing import Any

from rich.table import Table

import textcnn
from textcnn.config.programs import TrainConfig
from textcnn.config.stored import dump
from textcnn.system.atomic import existing, write_json
from textcnn.system.memory import peak_memory_bytes
from textcnn.system.run_dir import METRICS, create_run_dir, runs_inside
from textcnn.system.terminal import build_console
from textcnn.training.curves import Curves
from textcnn.training.many_runs.spread import MEASURES, mean_cells, over_runs, score_cells
from textcnn.training.runs import build_run, carry_out


def cross_validate(config: TrainConfig, run_dir: Path, resume: bool) -> None:
    """Train and test a run for each of `data.folds`, in `run_dir/fold-1` and so on.

    `metrics.json` has means and standard deviations. A resumed cross-validation skips the folds
    that are complete.

    Raises:
        InputError, KeyboardInterrupt: as `train`.
    """
    assert config.data.folds is not None
    for fold in range(1, config.data.folds + 1):
        directory = run_dir / f"fold-{fold}"
        if resume and (directory / METRICS).is_file():
            continue
        # a fold that was killed before its first checkpoint starts again
        begun = existing(directory / "last").is_dir() or runs_inside(directory)
        resumed = resume and bool(begun)
        data = replace(config.data, fold=fold)
        run = build_run(replace(config, data=data, overwrite=resume), directory, resumed)
        run_dir = run.run_dir.parent  # that of the first process
        run.console.print(f"fold {fold} of {config.data.folds}")
        if fold == 1 and not resume and run.is_first:
            create_run_dir(run_dir, dump(config), config.overwrite)
        carry_out(run, resume_from=run_dir)
    if os.environ.get("RANK", "0") == "0":
        conclude(run_dir, config.data.folds)


def conclude(run_dir: Path, count: int) -> None:
    """Summarize the folds in `metrics.json`, TensorBoard and the terminal."""
    directories = [run_dir / f"fold-{fold}" for fold in range(1, count + 1)]
    folds = [json.loads((each / METRICS).read_text(encoding="utf-8")) for each in directories]
    splits = {
        # with training.final=all there are no validation scores
        split: over_folds([fold[split] for fold in folds]) if folds[0][split] else None
        for split in ("test", "validation")
    }
    test = splits["test"]
    assert test is not None
    names = ("epochs", "best_epoch", "steps", "seconds", "texts_per_second")
    baselines = [fold["baseline"]["test"] for fold in folds if "baseline" in fold]
    baseline = over_folds(baselines) if len(baselines) == count else None
    result: dict[str, Any] = splits | {
        **({} if baseline is None else {"baseline": {"model": "ngrams", "test": baseline}}),
        "train": {name: mean(fold["train"][name] for fold in folds) for name in names},
        "seconds": sum(fold["seconds"] for fold in folds),
        "peak_memory_bytes": peak_memory_bytes(),
        "folds": [
            {"run_dir": each.name, **{name: fold[name] for name in ("test", "validation", "train")}}
            for each, fold in zip(directories, folds, strict=True)
        ],
        "data": {"labels": folds[0]["data"]["labels"]},
        "textcnn": textcnn.__version__,
    }
    write_json(run_dir / METRICS, result)
    curves = Curves(run_dir)
    for number, fold in enumerate(folds, start=1):
        curves.scalars("folds", {f"test_{name}": fold["test"][name] for name in MEASURES}, number)
    curves.close()
    console = build_console()
    console.print(fold_table(folds, test, baseline))
    console.print(f"saved in {run_dir}; the checkpoints are in {run_dir / 'fold-1'} and so on")


def over_folds(scores: list[dict[str, Any]]) -> dict[str, Any]:
    """Mean and standard deviation of each measure, and the number of examples."""
    return {"examples": sum(each["examples"] for each in scores)} | over_runs(scores)


def fold_table(
    folds: list[dict[str, Any]], test: dict[str, Any], baseline: dict[str, Any] | None
) -> Table:
    """
    Args:
        test, baseline: as `over_folds` returns them; the baseline may be missing.
    """
    table = Table(title="Test", title_justify="left")
    for name in ("fold", "accuracy %", "macro-F1 %", "loss", "examples"):
        table.add_column(name, justify="right")
    for number, fold in enumerate(folds, start=1):
        scores = fold["test"]
        table.add_row(str(number), *score_cells(scores), f"{scores['examples']:,}")
    table.add_section()
    table.add_row("mean ± sd", *mean_cells(test), f"{test['examples']:,}", style="bold")
    if baseline is not None:
        table.add_row("baseline", *mean_cells(baseline), f"{baseline['examples']:,}")
    return table
