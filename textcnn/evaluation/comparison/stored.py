"""What the directory of a run says about it, parsed with care: it may come from anywhere."""

import math
import re
from pathlib import Path
from typing import Any

from textcnn.checkpoint import FILES, OPTIONAL, read_json
from textcnn.config.keys import command_line, walk
from textcnn.config.programs import TrainConfig
from textcnn.config.stored import read_config
from textcnn.errors import InputError
from textcnn.evaluation.comparison.run import MEASURES, SPLITS, Run
from textcnn.system.atomic import existing
from textcnn.system.run_dir import CONFIG, METRICS

# Keys in which runs of one configuration may differ.
OUTSIDE = {
    *("seed", "data.fold", "training.member"),
    *("run_dir", "resume", "overwrite", "report"),  # they don't change what is learned
}
LONGEST = 1e12  # seconds


def read_run(directory: Path) -> Run:
    """The run, or the checkpoint, in a directory.

    Raises:
        InputError: it is not finished, not a training run, or a file is not what training writes.
    """
    manifest, checkpoint = read_manifest(directory)
    if not (directory / CONFIG).is_file():
        raise InputError(f"no {CONFIG}: the run failed before it began")
    with (directory / CONFIG).open("rb") as content:
        if re.search(rb"^study:", content.read(2**16), re.MULTILINE):
            raise InputError("it is a run of illustrate, not of train")
    config = read_config(directory / CONFIG, TrainConfig)
    if (directory / METRICS).is_file():
        file = directory / METRICS
        metrics = read_json(file)
    elif checkpoint == directory:
        file = directory / "manifest.json"
        metrics = manifest.get("metrics")
    else:
        raise InputError(f"no {METRICS}: interrupted, failed or still training")
    try:
        scores = {split: read_scores(metrics, split) for split in SPLITS}
        seconds = read_seconds(metrics)
    except (ValueError, OverflowError) as error:
        raise InputError(f"{file} is not what training writes: {error}") from error
    except (AttributeError, KeyError, TypeError) as error:
        raise InputError(
            f"{file} is not what training writes: an entry is missing, or is not of its type"
        ) from error
    if not any(scores.values()):
        raise InputError(f"{file} has no scores")
    return Run(
        directory,
        name=str(directory),
        settings={key: command_line(value) for key, _, value in walk(config) if key not in OUTSIDE},
        seed=config.seed,
        part=(config.data.fold or 0, config.training.member or 0),
        scores={split: values for split, (values, _) in scores.items() if values},
        examples={split: count for split, (values, count) in scores.items() if values},
        multi_label=config.data.multi_label,
        test_data=read_fingerprint(manifest),
        checkpoint=checkpoint,
        size=None if checkpoint is None else size_of(checkpoint),
        seconds=seconds,
    )


def read_manifest(directory: Path) -> tuple[dict[str, Any], Path | None]:
    """The manifest of the checkpoint in a directory, and its directory; none: ({}, None).

    Raises:
        InputError: it is no JSON object.
    """
    for place in (existing(directory / "best"), directory):
        file = place / "manifest.json"
        if file.is_file():
            manifest = read_json(file)
            if not isinstance(manifest, dict):
                raise InputError(f"{file} is not the manifest of a textcnn checkpoint")
            return manifest, place
    return {}, None


def read_fingerprint(manifest: dict[str, Any]) -> str | None:
    data = manifest.get("data")
    found = data.get("test") if isinstance(data, dict) else None
    return found if isinstance(found, str) else None


def read_scores(metrics: Any, split: str) -> tuple[dict[str, float], int]:
    """The measures of a split and its number of texts; no measures without scores.

    Raises:
        ValueError, KeyError, TypeError: they are not scores.
    """
    block = metrics.get(split)
    if block is None:
        return {}, 0
    values: dict[str, float] = {}
    for name, (_, is_share) in MEASURES.items():
        if block.get(name) is None and name != "accuracy":  # null: infinite
            continue
        value = number(f"{split} {name}", block[name])
        if value < 0 or (is_share and value > 1):
            raise ValueError(f"{split} {name} is {value:.6g}")
        values[name] = value
    examples = block["examples"]
    if type(examples) is not int or not 0 < examples < 2**53:
        raise ValueError(f"{split} examples is {str(examples)[:40]}")
    return values, examples


def read_seconds(metrics: Any) -> float | None:
    """Of training and validation; None for a checkpoint, whose manifest doesn't have them."""
    if "train" not in metrics:
        return None
    seconds = number("train seconds", metrics["train"]["seconds"])
    if not 0 <= seconds <= LONGEST:
        raise ValueError(f"train seconds is {seconds:.6g}")
    return seconds


def number(name: str, value: Any) -> float:
    """
    Raises:
        ValueError: it is not a finite number.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{name} is {str(value)[:40]}")
    return float(value)


def size_of(checkpoint: Path) -> int:
    """Bytes of the files that prediction reads."""
    files = [checkpoint / name for name in (*FILES, *OPTIONAL, "manifest.json")]
    return sum(file.stat().st_size for file in files if file.is_file())
