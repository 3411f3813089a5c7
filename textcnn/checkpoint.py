"""Checkpoints: directories that are enough to predict with, and that run no code when loaded.

config.yaml  model.safetensors  vocabulary.json  labels.json  manifest.json
tokenizer.json      only with a tokenizer of a file: its copy
thresholds.json     only for label sets: a list in the order of the labels
calibration.json    what validation texts tell of the probabilities; older checkpoints lack it
training_texts.safetensors   hashes of the texts it was trained on
training_state.pt   only in last/, to resume: tensors and plain values, read with weights_only
"""

import hashlib
import json
import subprocess
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

import textcnn
from textcnn.data.trained_texts import TrainedTexts
from textcnn.errors import InputError
from textcnn.hub.download import local_path
from textcnn.models.finite import all_finite
from textcnn.runtime.calibration import Calibration
from textcnn.system.atomic import existing, new_directory, replaced_by, write_json
from textcnn.system.failures import failing_as_os_error
from textcnn.system.memory import lacking
from textcnn.text.tokenizer_file import read_definition
from textcnn.text.vocabulary import Vocabulary

FORMAT = 2
FILES = ("config.yaml", "model.safetensors", "vocabulary.json", "labels.json")
THRESHOLDS = "thresholds.json"
TOKENIZER = "tokenizer.json"
CALIBRATION = "calibration.json"
TRAINED_TEXTS = "training_texts.safetensors"
OPTIONAL = (THRESHOLDS, TOKENIZER, CALIBRATION, TRAINED_TEXTS)
TRAINING_STATE = "training_state.pt"
# Bytes; 20,000 classes with a weight each take a megabyte in YAML, which is slow to read.
LARGEST_FILES = {".json": 2**29, ".yaml": 2**21}
MEMORY_OF_JSON = 24  # bytes of memory for each byte: an empty list has two bytes, and takes 56 + 8
ATTEMPTS = 20  # to read a checkpoint while it is replaced


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint stores of a trained model."""

    config: str  # YAML
    weights: dict[str, Tensor]
    vocabulary: Vocabulary
    labels: tuple[str, ...]
    manifest: dict[str, Any]  # provenance, scores and golden texts
    # of label sets, for probabilities before calibration; None: one class per text
    thresholds: tuple[float, ...] | None = None
    tokenizer: str | None = None  # the content of a tokenizer's file
    calibration: Calibration | None = None  # None: probabilities are those of the logits
    trained_texts: TrainedTexts | None = None  # None: unknown


def save_checkpoint(
    directory: Path, checkpoint: Checkpoint, training_state: dict[str, Any] | None = None
) -> None:
    """Write a checkpoint; it replaces an existing one."""
    with new_directory(directory) as new:
        (new / "config.yaml").write_text(checkpoint.config, encoding="utf-8")
        with failing_as_os_error(new, SafetensorError):
            save_file(checkpoint.weights, new / "model.safetensors")
        write_json(new / "vocabulary.json", {"tokens": checkpoint.vocabulary.known_tokens})
        write_json(new / "labels.json", checkpoint.labels)
        if checkpoint.thresholds is not None:
            write_json(new / THRESHOLDS, checkpoint.thresholds)
        if checkpoint.tokenizer is not None:
            (new / TOKENIZER).write_text(checkpoint.tokenizer, encoding="utf-8")
        if checkpoint.calibration is not None:
            write_json(new / CALIBRATION, checkpoint.calibration.as_json())
        if checkpoint.trained_texts is not None:
            with failing_as_os_error(new, SafetensorError):
                save_file(checkpoint.trained_texts.as_tensors(), new / TRAINED_TEXTS)
        if training_state is not None:
            with failing_as_os_error(new, RuntimeError):
                torch.save(training_state, new / TRAINING_STATE)
        provenance = {
            "format": FORMAT,
            "textcnn": textcnn.__version__,
            "git_revision": git_revision(),
            "sha256": {file.name: sha256(file) for file in sorted(new.iterdir())},
        }
        write_json(new / "manifest.json", checkpoint.manifest | provenance)


def save_calibration(directory: Path, calibration: Calibration) -> None:
    """Add a calibration to a checkpoint, or replace its own.

    A checkpoint is whole at every moment: a file without a hash in the manifest is not read.
    """
    content = calibration.as_json()
    file, manifest = directory / CALIBRATION, read_json(directory / "manifest.json")
    hashes = manifest["sha256"]
    if CALIBRATION in hashes:
        others = {name: value for name, value in hashes.items() if name != CALIBRATION}
        write_json(directory / "manifest.json", manifest | {"sha256": others})
    write_json(file, content)
    hashes = dict(sorted({**hashes, CALIBRATION: sha256(file)}.items()))
    write_json(directory / "manifest.json", manifest | {"sha256": hashes})


def update_manifest(directory: Path, **entries: Any) -> None:
    """Add entries to the manifest of a checkpoint."""
    manifest = read_json(directory / "manifest.json")
    write_json(directory / "manifest.json", manifest | entries)


def find_checkpoint(path: str | Path, name: str = "best") -> Path:
    """The checkpoint directory `path`, the one in the run directory `path`, or one of the Hub."""
    path = local_path(path, FILES, OPTIONAL)
    if not path.exists() and not existing(path).exists():
        raise InputError(f"checkpoint {path} does not exist; give a run or a checkpoint directory")
    for pause in (0.0, 0.1):  # it may be between the two moves of `new_directory`
        time.sleep(pause)
        for directory in (existing(path), existing(path / name)):
            if (directory / "manifest.json").is_file():
                return directory
    if (path / "fold-1").is_dir():
        raise InputError(f"{path} is a cross-validation; give one fold, such as {path / 'fold-1'}")
    if (path / "member-1").is_dir():
        raise InputError(
            f"{path} is an ensemble whose members are not all trained; resume it, or give one "
            f"member, such as {path / 'member-1'}"
        )
    raise InputError(
        f"{path} is not a checkpoint and holds none: no manifest.json in it or in {path / name}"
    )


def load_checkpoint(directory: Path) -> Checkpoint:
    """Read a checkpoint and check every file against its hash in the manifest.

    A checkpoint that training replaces meanwhile is read again: all files are of one checkpoint.

    Raises:
        InputError: a file is missing or damaged, or the format is another.
    """
    path = replaced_by(directory)
    for _ in range(ATTEMPTS):
        before = identity(path)
        try:
            checkpoint = read_checkpoint(existing(path))
            if identity(path) == before:
                return checkpoint
        except (InputError, OSError):
            if identity(path) == before:
                raise
        time.sleep(0.05)  # the moves are done in no time
    raise InputError(f"{path} is replaced again and again while it is read; try it later")


def identity(path: Path) -> tuple[int, ...] | None:
    """What differs between a checkpoint and the one that replaces it; None: there is none."""
    try:
        files = [file.stat() for file in (existing(path), existing(path) / "manifest.json")]
    except OSError:
        return None
    return tuple(n for file in files for n in (file.st_dev, file.st_ino, file.st_ctime_ns))


def read_checkpoint(directory: Path) -> Checkpoint:
    """`load_checkpoint` of a directory that nobody replaces."""
    manifest = read_json(directory / "manifest.json")
    if not isinstance(manifest, dict) or not isinstance(manifest.get("format"), int):
        raise InputError(
            f"{directory / 'manifest.json'} is not the manifest of a textcnn checkpoint"
        )
    if "exported" in manifest:
        raise InputError(f"{directory} is an export, for textcnn.runtime; give its checkpoint")
    if manifest["format"] != FORMAT:
        mend = "upgrade textcnn" if manifest["format"] > FORMAT else "train again"
        raise InputError(
            f"{directory} has format {manifest['format']}, written by textcnn "
            f"{manifest.get('textcnn')}; this version reads format {FORMAT}: {mend}"
        )
    hashes = manifest.get("sha256")
    if not isinstance(hashes, dict):
        raise InputError(
            f"{directory / 'manifest.json'} holds no SHA-256 hashes of the other files"
        )
    for name in (*FILES, *(name for name in OPTIONAL if name in hashes)):
        file = directory / name
        if not file.is_file():
            raise InputError(f"{file} is missing: the checkpoint is incomplete; copy it again")
        check_file_size(file)
        if sha256(file) != hashes.get(name):
            raise InputError(
                f"{file} is damaged or was changed (its SHA-256 differs from the manifest)"
            )
    try:
        weights = load_file(directory / "model.safetensors")
        for name, tensor in weights.items():
            if not all_finite(tensor):
                raise ValueError(f"the weights {name!r:.80} hold infinite numbers or nan")
        vocabulary = Vocabulary(read_strings(read_json(directory / "vocabulary.json")["tokens"]))
        labels = read_strings(read_json(directory / "labels.json"))
        thresholds = None
        if THRESHOLDS in hashes:
            thresholds = read_thresholds(read_json(directory / THRESHOLDS), len(labels))
        tokenizer = read_definition(directory / TOKENIZER) if TOKENIZER in hashes else None
        trained_texts = None
        if TRAINED_TEXTS in hashes:
            trained_texts = TrainedTexts.of_tensors(load_file(directory / TRAINED_TEXTS))
        if len(labels) < (2 if thresholds is None else 1) or len(set(labels)) < len(labels):
            raise ValueError(
                "expected at least two classes, or at least one label, without repetition"
            )
        calibration = None
        if CALIBRATION in hashes:
            calibration = read_calibration(
                directory / CALIBRATION, None if thresholds is None else len(labels)
            )
        config = (directory / "config.yaml").read_text(encoding="utf-8")
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{directory} can't be read: {error}") from error
    parts = (weights, vocabulary, labels, manifest, thresholds, tokenizer, calibration)
    return Checkpoint(config, *parts, trained_texts)


def load_training_state(directory: Path) -> dict[str, Any]:
    """The state that only resuming needs: tensors and plain values, nothing that runs.

    Raises:
        InputError: it is missing or damaged.
    """
    file = directory / TRAINING_STATE
    if not file.is_file():
        raise InputError(f"{file} is missing: training can't be resumed from {directory}")
    check_file_size(file)
    if sha256(file) != read_json(directory / "manifest.json").get("sha256", {}).get(file.name):
        raise InputError(
            f"{file} is damaged or was changed (its SHA-256 differs from the manifest)"
        )
    try:
        check_not_compressed(file)
        state: dict[str, Any] = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file can raise nearly anything
        # torch's own message is long, and explains how to run the code in the file
        raise InputError(
            f"{file} can't be read: it is damaged, or holds more than tensors and plain values"
        ) from error
    return state


def check_file_size(file: Path) -> None:
    """Check before anything of a file is read: a sparse file takes no room on the disk.

    Raises:
        InputError: it is larger than any that training writes, or than the available memory.
    """
    size, limit = file.stat().st_size, LARGEST_FILES.get(file.suffix)
    if limit is not None and size > limit:
        raise InputError(
            f"{file} has {size:,} bytes, more than the {limit:,} that textcnn reads; copy the "
            "checkpoint again"
        )
    needed = size * MEMORY_OF_JSON if file.suffix == ".json" else size
    if lack := lacking(needed):
        raise InputError(f"{file} has {size:,} bytes: {lack}; free some, or copy it again")


def check_not_compressed(file: Path) -> None:
    """
    Raises:
        ValueError: the file unpacks to more than its size; PyTorch compresses nothing.
    """
    with zipfile.ZipFile(file) as content:
        if sum(each.file_size for each in content.infolist()) > file.stat().st_size:
            raise ValueError("it is compressed")


def read_json(file: Path) -> Any:
    if file.is_file():
        check_file_size(file)
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, OSError, RecursionError) as error:
        raise InputError(f"{file} can't be read: {error}") from error


def read_strings(value: Sequence[Any]) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError("expected a list of strings")
    return tuple(value)


def read_thresholds(value: Any, count: int) -> tuple[float, ...]:
    # a bool is an int; nan compares as False
    if (
        not isinstance(value, list)
        or len(value) != count
        or not all(type(item) in (int, float) and 0 <= item <= 1 for item in value)
    ):
        raise ValueError(f"expected {count} numbers from 0 to 1 in {THRESHOLDS}, one per label")
    return tuple(map(float, value))


def read_calibration(file: Path, labels: int | None) -> Calibration:
    """
    Args:
        labels: of label sets; None: one class per text.

    Raises:
        InputError, ValueError: it is damaged, or of another classifier.
    """
    try:
        return Calibration.restore(read_json(file), labels)
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        reason = f"no {error}" if isinstance(error, KeyError) else error
        raise ValueError(f"{file.name}: {reason}") from error


def sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def git_revision() -> str | None:
    """The commit of the running source, with + if it was changed; None if it is not a checkout."""
    folder = Path(textcnn.__file__).parent
    command = ["git", "-C", str(folder), "describe", "--always", "--abbrev=40", "--dirty=+"]
    try:
        tracked = subprocess.run(
            ["git", "-C", str(folder), "ls-files", "--error-unmatch", "__init__.py"],
            capture_output=True,
            check=False,
        )
        if tracked.returncode != 0:  # another repository, around a virtual environment
            return None
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:  # no git on this machine
        return None
    return done.stdout.strip() or None
