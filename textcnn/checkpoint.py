"""Checkpoints: directories that are enough to predict, and that run no code when loaded.

config.yaml  model.safetensors  vocabulary.json  labels.json  manifest.json
thresholds.json     only where texts have sets of labels: a list in the order of the labels
training_state.pt   only in last/: tensors and plain values, read with weights_only
"""

import hashlib
import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

import textcnn
from textcnn.errors import InputError
from textcnn.system.atomic import existing, new_directory, write_json
from textcnn.text.vocabulary import Vocabulary

FORMAT = 1
FILES = ("config.yaml", "model.safetensors", "vocabulary.json", "labels.json")
THRESHOLDS = "thresholds.json"
TRAINING_STATE = "training_state.pt"


@dataclass(frozen=True)
class Checkpoint:
    """A trained model as it is stored."""

    config: str  # YAML
    weights: dict[str, Tensor]
    vocabulary: Vocabulary
    labels: tuple[str, ...]
    manifest: dict[str, Any]  # what it is, where it comes from and what it is good for
    thresholds: tuple[float, ...] | None = None  # of each label's probability; None: one per text


def save_checkpoint(
    directory: Path, checkpoint: Checkpoint, training_state: dict[str, Any] | None = None
) -> None:
    """Write a checkpoint, in place of the one that may be there."""
    with new_directory(directory) as new:
        (new / "config.yaml").write_text(checkpoint.config, encoding="utf-8")
        save_file(checkpoint.weights, new / "model.safetensors")
        write_json(new / "vocabulary.json", {"tokens": checkpoint.vocabulary.known_tokens})
        write_json(new / "labels.json", checkpoint.labels)
        if checkpoint.thresholds is not None:
            write_json(new / THRESHOLDS, checkpoint.thresholds)
        if training_state is not None:
            torch.save(training_state, new / TRAINING_STATE)
        provenance = {
            "format": FORMAT,
            "textcnn": textcnn.__version__,
            "git_revision": git_revision(),
            "sha256": {file.name: sha256(file) for file in sorted(new.iterdir())},
        }
        write_json(new / "manifest.json", provenance | checkpoint.manifest)


def update_manifest(directory: Path, **entries: Any) -> None:
    """Add what became known after the checkpoint was written."""
    manifest = read_json(directory / "manifest.json")
    write_json(directory / "manifest.json", manifest | entries)


def find_checkpoint(path: str | Path, name: str = "best") -> Path:
    """The checkpoint directory that `path` is, or that is in the run directory `path`."""
    path = Path(path).expanduser()
    if not path.exists() and not existing(path).exists():
        raise InputError(f"checkpoint {path} does not exist; give a run or a checkpoint directory")
    for directory in (existing(path), existing(path / name)):
        if (directory / "manifest.json").is_file():
            return directory
    if (path / "fold-1").is_dir():
        raise InputError(f"{path} holds folds; give one of them, such as {path / 'fold-1'}")
    raise InputError(
        f"{path} is no checkpoint and holds none: no manifest.json in it or in {path / name}"
    )


def load_checkpoint(directory: Path) -> Checkpoint:
    """Read a checkpoint and hold every file against the manifest's hash.

    Raises:
        InputError: a file is missing, damaged or of a newer format.
    """
    manifest = read_json(directory / "manifest.json")
    if not isinstance(manifest, dict) or not isinstance(manifest.get("format"), int):
        raise InputError(f"{directory / 'manifest.json'} is no manifest of a textcnn checkpoint")
    if manifest["format"] > FORMAT:
        raise InputError(
            f"{directory} has format {manifest['format']}, written by textcnn "
            f"{manifest.get('textcnn')}; this one reads up to {FORMAT}: upgrade textcnn"
        )
    hashes = manifest.get("sha256")
    if not isinstance(hashes, dict):
        raise InputError(f"{directory / 'manifest.json'} holds no SHA-256 of the other files")
    for name in (*FILES, THRESHOLDS) if THRESHOLDS in hashes else FILES:
        file = directory / name
        if not file.is_file():
            raise InputError(f"{file} is missing: the checkpoint is not whole; copy it again")
        if sha256(file) != hashes.get(name):
            raise InputError(
                f"{file} is damaged or was changed (its SHA-256 is not the manifest's)"
            )
    try:
        weights = load_file(directory / "model.safetensors")
        vocabulary = Vocabulary(read_strings(read_json(directory / "vocabulary.json")["tokens"]))
        labels = read_strings(read_json(directory / "labels.json"))
        thresholds = None
        if THRESHOLDS in hashes:
            thresholds = read_thresholds(read_json(directory / THRESHOLDS), len(labels))
        if len(labels) < (2 if thresholds is None else 1) or len(set(labels)) < len(labels):
            raise ValueError("expected two or more classes, or one or more labels, each once")
        config = (directory / "config.yaml").read_text(encoding="utf-8")
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{directory} can't be read: {error}") from error
    return Checkpoint(config, weights, vocabulary, labels, manifest, thresholds)


def load_training_state(directory: Path) -> dict[str, Any]:
    """What only going on needs; tensors and plain values, nothing that runs.

    Raises:
        InputError: it is missing or damaged.
    """
    file = directory / TRAINING_STATE
    if not file.is_file():
        raise InputError(f"{file} is missing: training can't go on from {directory}")
    if sha256(file) != read_json(directory / "manifest.json").get("sha256", {}).get(file.name):
        raise InputError(f"{file} is damaged or was changed (its SHA-256 is not the manifest's)")
    try:
        state: dict[str, Any] = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # nearly any, of a file that is not what it should be
        # torch's own words are many, and tell how to run the code in the file
        raise InputError(
            f"{file} can't be read: it is damaged, or holds more than tensors and plain values"
        ) from error
    return state


def read_json(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, OSError, RecursionError) as error:
        raise InputError(f"{file} can't be read: {error}") from error


def read_strings(value: Sequence[Any]) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError("expected a list of strings")
    return tuple(value)


def read_thresholds(value: Any, count: int) -> tuple[float, ...]:
    # bool is a kind of int; a number that is none compares as False
    if (
        not isinstance(value, list)
        or len(value) != count
        or not all(type(item) in (int, float) and 0 <= item <= 1 for item in value)
    ):
        raise ValueError(f"expected {count} numbers from 0 to 1 in {THRESHOLDS}, one per label")
    return tuple(map(float, value))


def sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def git_revision() -> str | None:
    """The commit of the source that runs, with + where it was changed; None if it is installed."""
    folder = Path(textcnn.__file__).parent
    command = ["git", "-C", str(folder), "describe", "--always", "--abbrev=40", "--dirty=+"]
    try:
        tracked = subprocess.run(
            ["git", "-C", str(folder), "ls-files", "--error-unmatch", "__init__.py"],
            capture_output=True,
            check=False,
        )
        if tracked.returncode != 0:  # some other repository around a virtual environment
            return None
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:  # no git on this machine
        return None
    return done.stdout.strip() or None
