"""Training on rows from a Python program.

It takes the keys of `python -m textcnn.train`, checks them in the same way, runs the same recipe
and writes the same checkpoints.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from numbers import Integral
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, overload

import numpy as np

from textcnn.checkpoint import Checkpoint, find_checkpoint, load_checkpoint
from textcnn.config.compose import config_from_keys, given_keys
from textcnn.config.programs import TrainConfig
from textcnn.data.sources.memory import Rows
from textcnn.errors import InputError
from textcnn.inference import AnyClassifier, Classifier, LabelSetClassifier, rebuild
from textcnn.system.lock import release_lock
from textcnn.system.paths import expanded
from textcnn.system.terminal import build_console
from textcnn.training.growing.settings import grown_config
from textcnn.training.isolation import isolated
from textcnn.training.loop import Interrupted
from textcnn.training.runs import build_run

Weights = Sequence[float] | np.ndarray


@overload
def fit(
    texts: Sequence[str] | np.ndarray,
    labels: Sequence[str] | Sequence[Mapping[str, float]] | np.ndarray,
    *,
    sample_weight: Weights | None = None,
    validation: tuple[Any, Any] | None = None,
    unlabelled: Sequence[str] | np.ndarray | None = None,
    run_dir: str | Path | None = None,
    progress: bool = False,
    **keys: Any,
) -> Classifier: ...


@overload
def fit(
    texts: Sequence[str] | np.ndarray,
    labels: Sequence[Collection[str]],
    *,
    sample_weight: Weights | None = None,
    validation: tuple[Any, Any] | None = None,
    unlabelled: Sequence[str] | np.ndarray | None = None,
    run_dir: str | Path | None = None,
    progress: bool = False,
    **keys: Any,
) -> LabelSetClassifier: ...


def fit(
    texts: Any,
    labels: Any,
    *,
    sample_weight: Weights | None = None,
    validation: tuple[Any, Any] | None = None,
    unlabelled: Sequence[str] | np.ndarray | None = None,
    run_dir: str | Path | None = None,
    progress: bool = False,
    **keys: Any,
) -> AnyClassifier:
    """Train a classifier.

    >>> classifier = textcnn.fit(texts, labels, model="multi_width", training={"epochs": 5})
    >>> classifier.predict(["a fine film"])[0].label
    'positive'

    Args:
        texts: any strings, empty ones too; a list, a NumPy array, a pandas Series.
        labels: one string or whole number per text; for soft labels {class: probability} per
            text, or a DataFrame with a column per class; for label sets a collection of strings or
            whole numbers per text.
        sample_weight: how much each text counts in the training loss; metrics count all texts
            equally; None: all 1.
        validation: texts and labels that choose the best epoch; None: a stratified fraction of the
            given ones, `data={"validation_fraction": 0.1}`.
        unlabelled: more texts, of which a teacher tells what it thinks.
        run_dir: a new directory for all that `textcnn.train` writes; None: nothing is kept.
        progress: show what `textcnn.train` shows.
        keys: the keys of the command line: `model="dilated"`, `model={"num_filters": 50}` or
            `model__num_filters=50`, and so on for `text`, `optimizer`, `schedule`, `training`,
            `data`; `seed`; `experiment="few"`; `teacher` or `init_from`, the directory of a run or
            checkpoint.

    Returns:
        The best epoch: a `Classifier`, or a `LabelSetClassifier` for label sets.

    Raises:
        InputError: texts, labels or keys can't be used.
        KeyboardInterrupt: after Ctrl-C; with `run_dir`, `best` and `last` are saved there.
    """
    names = label_list(labels)
    multi_label = bool(names) and isinstance(names[0], list)
    memory = {"train": Rows(text_list(texts), names, weight_list(sample_weight))}
    if validation is not None:
        validation_texts, validation_labels = pair(validation)
        memory["validation"] = Rows(text_list(validation_texts), label_list(validation_labels))
    config = grown(config_from_keys(keys, multi_label), keys)
    if unlabelled is not None:
        if not config.is_student:
            raise InputError(
                "unlabelled texts need a teacher, got none; add teacher=<run>, or "
                'training={"out_of_fold": True}'
            )
        memory["unlabelled"] = Rows(text_list(unlabelled), None)
    return rebuild(train_checkpoint(config, memory, run_dir, progress), "the trained model")[0]


def grown(config: TrainConfig, keys: Mapping[str, Any]) -> TrainConfig:
    """The configuration, with what the checkpoint `init_from` says; errors as `grown_config`.

    Args:
        keys: as the user gave them.
    """
    return config if config.init_from is None else grown_config(config, given_keys(keys))


def train_checkpoint(
    config: TrainConfig,
    memory: Mapping[str, Rows],
    run_dir: str | Path | None,
    progress: bool,
) -> Checkpoint:
    """Train by the recipe of `textcnn.train` and return the best checkpoint."""
    with TemporaryDirectory(prefix="textcnn-") as temporary, isolated():
        directory = Path(temporary) / "run" if run_dir is None else expanded(run_dir)
        if directory.is_file() or (directory.is_dir() and any(directory.iterdir())):
            raise InputError(f"run_dir={directory} is in use; give a new directory")
        run = build_run(
            replace(config, run_dir=str(directory)),
            directory,
            console=build_console(quiet=not progress),
            memory=memory,
            keep=run_dir is not None,
        )
        try:
            run.start()
            run.learn()
            run.finish()
        except Interrupted:
            raise KeyboardInterrupt from None
        finally:
            release_lock(directory)
        return load_checkpoint(find_checkpoint(directory))


def pair(validation: Any) -> tuple[Any, Any]:
    """
    Raises:
        InputError: it is not texts and labels.
    """
    if not isinstance(validation, tuple | list) or len(validation) != 2:
        raise InputError(f"validation takes (texts, labels), got {validation!r:.60}")
    texts, labels = validation
    return texts, labels


def text_list(texts: Any) -> list[str]:
    """A sequence of strings as a list.

    Raises:
        InputError: it has more than one dimension, or holds something other than strings.
    """
    values = plain_list(texts, "a list of strings")
    for row, text in enumerate(values, start=1):
        if not isinstance(text, str):
            raise InputError(f"row {row}: the text must be a string, got {text!r:.40}")
    return values


def label_list(labels: Any) -> list[Any]:
    """Labels as textcnn names them: strings, lists of strings for label sets, or probabilities.

    Whole numbers and truth values become strings, as a file would hold them.

    Raises:
        InputError: there are no labels, or more than one dimension.
    """
    if is_frame(labels):
        check_columns_differ(labels)
        labels = labels.to_dict("records")
    if isinstance(labels, np.ndarray) and labels.ndim == 2:
        raise InputError(
            f"expected a list of labels, got an array of shape {labels.shape}; give a "
            "{class: probability} for each text, or a DataFrame with a column for each class"
        )
    values = plain_list(labels, "a list of labels")
    if any(isinstance(each, Mapping) for each in values):
        return [named_shares(each) if isinstance(each, Mapping) else each for each in values]
    if values and is_collection(values[0]):
        return [
            list(map(label_name, each)) if is_collection(each) else label_name(each)
            for each in values
        ]
    return list(map(label_name, values))


def is_frame(labels: Any) -> bool:
    """Whether this is a DataFrame, as of pandas."""
    return hasattr(labels, "to_dict") and getattr(labels, "ndim", 1) == 2


def check_columns_differ(frame: Any) -> None:
    """
    Raises:
        InputError: two columns of a DataFrame name the same class.
    """
    names = [label_name(name) for name in frame.columns]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"the DataFrame has two columns named {name!r}; rename one")


def named_shares(label: Mapping[Any, Any]) -> dict[Any, Any]:
    return {label_name(name): value for name, value in label.items()}


def is_collection(value: Any) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, str)


def label_name(label: Any) -> Any:
    return str(label) if isinstance(label, Integral | np.bool_) else label


def plain_list(values: Any, expected: str) -> list[Any]:
    """The items of a list, an array of one dimension, a Series or an iterator."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise InputError(f"expected {expected}, got {values!r:.40}")
    shape = getattr(values, "shape", (0,))  # of NumPy and pandas
    if len(shape) != 1:
        raise InputError(f"expected {expected}, got an array of shape {shape}")
    return values.tolist() if hasattr(values, "tolist") else list(values)


def weight_list(sample_weight: Any) -> Sequence[float] | None:
    """
    Raises:
        InputError: they are not numbers; strings of digits are not.
    """
    if sample_weight is None:
        return None
    try:
        given = np.asarray(sample_weight)
        if given.dtype.kind in "US" or any(isinstance(each, str) for each in given.flat):
            raise TypeError
        weights: list[float] = given.astype(np.float64).tolist()
    except (TypeError, ValueError):
        raise InputError("sample_weight takes numbers, one per text") from None
    return weights
