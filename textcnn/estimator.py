"""Training from Python: `fit`, and a classifier with scikit-learn's interface.

Both take the keys of `python -m textcnn.train`, check them in the same way, run the same recipe and
write the same checkpoints.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from numbers import Integral
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted, column_or_1d

from textcnn.checkpoint import Checkpoint, find_checkpoint, load_checkpoint, save_checkpoint
from textcnn.config.compose import GROUPS, config_from_keys
from textcnn.config.keys import join_or
from textcnn.config.programs import TrainConfig
from textcnn.data.sources.memory import Rows
from textcnn.errors import InputError
from textcnn.inference import AnyClassifier, LabelSetClassifier, rebuild
from textcnn.system.terminal import build_console
from textcnn.training.loop import Interrupted
from textcnn.training.random_state import same_random_numbers
from textcnn.training.recipe import TrainingRun


def fit(
    texts: Sequence[str] | np.ndarray,
    labels: Sequence[Any] | np.ndarray,
    *,
    sample_weight: Sequence[float] | np.ndarray | None = None,
    validation: tuple[Sequence[str], Sequence[Any]] | None = None,
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
        labels: one string or whole number per text, or for label sets a collection of strings per
            text.
        sample_weight: how much each text counts in the loss; None: all 1.
        validation: texts and labels that choose the best epoch; None: a stratified fraction of the
            given ones, `data={"validation_fraction": 0.1}`.
        run_dir: a new directory for all that `textcnn.train` writes; None: nothing is kept.
        progress: show what `textcnn.train` shows.
        keys: the keys of the command line: `model="dilated"`, `model={"num_filters": 50}` or
            `model__num_filters=50`, and so on for `text`, `optimizer`, `training`, `data`; `seed`.

    Returns:
        The best epoch: a `Classifier`, or a `LabelSetClassifier` for label sets.

    Raises:
        InputError: texts, labels or keys can't be used.
        KeyboardInterrupt: after Ctrl-C; with `run_dir`, `best` and `last` are saved there.
    """
    labels = list(labels)
    first = labels[0] if labels else ""
    multi_label = isinstance(first, Iterable) and not isinstance(first, str)
    texts = texts if isinstance(texts, str) else list(texts)
    memory = {"train": Rows(texts, label_names(labels), sample_weight)}
    if validation is not None:
        memory["validation"] = Rows(validation[0], label_names(validation[1]))
    config = config_from_keys(keys, multi_label)
    return rebuild(train_checkpoint(config, memory, run_dir, progress), "the trained model")[0]


def label_names(labels: Iterable[Any]) -> list[Any]:
    """Labels with numbers as strings, as a file would hold them; all others as they are."""
    return [str(label) if isinstance(label, Integral | np.bool_) else label for label in labels]


def train_checkpoint(
    config: TrainConfig,
    memory: Mapping[str, Rows],
    run_dir: str | Path | None,
    progress: bool,
) -> Checkpoint:
    """Train by the recipe of `textcnn.train` and return the best checkpoint."""
    with TemporaryDirectory(prefix="textcnn-") as temporary, same_random_numbers():
        directory = Path(temporary) / "run" if run_dir is None else Path(run_dir).expanduser()
        if directory.is_file() or (directory.is_dir() and any(directory.iterdir())):
            raise InputError(f"run_dir={directory} is in use; give a new directory")
        config = replace(config, run_dir=str(directory))
        run = TrainingRun(
            config,
            directory,
            console=build_console(quiet=not progress),
            memory=memory,
            keep=run_dir is not None,
        )
        run.start()
        try:
            run.learn()
        except Interrupted:
            raise KeyboardInterrupt from None
        run.finish()
        return load_checkpoint(find_checkpoint(directory))


class TextClassifier(ClassifierMixin, BaseEstimator):
    """A text classifier with scikit-learn's interface.

    It works in `Pipeline`, `cross_val_predict`, `GridSearchCV` and `clone`. `X` is a list, a NumPy
    array or a pandas Series of strings. `y` has one label of any type per text, or is an indicator
    matrix (texts, labels) for label sets.

    >>> estimator = textcnn.TextClassifier(model__num_filters=50, training={"epochs": 5})
    >>> estimator.fit(texts, labels).score(more_texts, more_labels)

    Attributes:
        classes_: the labels, sorted: (classes,). For label sets the columns of `y`, 0, 1, ...
        classifier_: the `Classifier` or `LabelSetClassifier`.
    """

    def __init__(
        self,
        *,
        model: Any = None,
        text: Any = None,
        optimizer: Any = None,
        training: Any = None,
        data: Any = None,
        seed: int = 0,
        run_dir: str | Path | None = None,
        progress: bool = False,
        **overrides: Any,
    ):
        """
        Args:
            model, text, optimizer: an option of the group ("dilated"), or keys with their values.
            training, data: keys with their values.
            seed: one number for every source of randomness.
            run_dir, progress: as for `fit`.
            overrides: single keys, such as `model__num_filters=50`.
        """
        self.model = model
        self.text = text
        self.optimizer = optimizer
        self.training = training
        self.data = data
        self.seed = seed
        self.run_dir = run_dir
        self.progress = progress
        for name, value in overrides.items():
            check_name(name)
            setattr(self, name, value)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """All parameters, the single keys included."""
        single = [name for name in vars(self) if "__" in name.strip("_")]
        known = [*GROUPS, "seed", "run_dir", "progress", *single]
        return {name: getattr(self, name) for name in known}

    def set_params(self, **params: Any) -> "TextClassifier":
        """
        Raises:
            ValueError: a name is not a parameter.
        """
        known = self.get_params()
        for name, value in params.items():
            if name not in known:
                check_name(name)
            setattr(self, name, value)
        return self

    def fit(
        self,
        X: Any,  # noqa: N803 - scikit-learn's name
        y: Any,
        sample_weight: Any = None,
        validation: tuple[Any, Any] | None = None,
    ) -> "TextClassifier":
        """Train from scratch.

        Args:
            X: (texts,) strings.
            y: (texts,) labels, or an indicator matrix (texts, labels).
            sample_weight: (texts,) how much each text counts in the loss; None: all 1.
            validation: `X` and `y` that choose the best epoch; None: a stratified fraction of the
                texts, `data={"validation_fraction": 0.1}`.

        Raises:
            InputError (a ValueError): texts, labels or parameters can't be used.
        """
        texts = text_list(X)
        labels = self.read_labels(y)
        memory = {"train": Rows(texts, labels, weight_list(sample_weight))}
        if validation is not None:
            memory["validation"] = Rows(text_list(validation[0]), class_names(validation[1]))
        keys = {
            name: value
            for name, value in self.get_params().items()
            if value is not None and name not in {"run_dir", "progress"}
        }
        config = config_from_keys(keys, multi_label=labels != [] and isinstance(labels[0], list))
        self.checkpoint_ = train_checkpoint(config, memory, self.run_dir, self.progress)
        self.classifier_ = rebuild(self.checkpoint_, "the trained model")[0]
        return self

    def read_labels(self, y: Any) -> list[Any]:
        """Set `classes_`; return the labels as textcnn names them: strings, or lists of strings."""
        if y is None:
            raise InputError("requires y to be passed, but the target y is None")
        values = np.asarray(y)
        kind = type_of_target(values, input_name="y", raise_unknown=True)
        if kind == "multilabel-indicator":
            self.classes_ = np.arange(values.shape[1])
            return class_names(values)
        if kind not in {"binary", "multiclass"}:
            raise InputError(
                f"Unknown label type: {kind}; y takes one label per text, or an indicator matrix "
                "(texts, labels) of 0 and 1"
            )
        values = column_or_1d(values, warn=True)
        self.classes_ = np.unique(values)
        if len({str(label) for label in self.classes_.tolist()}) < len(self.classes_):
            raise InputError("y holds labels that are spelled alike, such as 1 and '1'")
        return class_names(values)

    def order(self) -> list[int]:
        """For each of `classes_`, its place among the classifier's labels."""
        places = {label: place for place, label in enumerate(self.classifier_.labels)}
        return [places.get(str(label), -1) for label in self.classes_.tolist()]

    def predict_proba(self, X: Any) -> np.ndarray:  # noqa: N803
        """Probabilities (texts, classes), in the order of `classes_`."""
        check_is_fitted(self)
        logits = self.classifier_.logits(text_list(X))
        probabilities = self.classifier_.probabilities(logits).double().numpy()
        # a label without any text in training has no logit
        padded = np.pad(probabilities, ((0, 0), (0, 1)))
        return padded[:, self.order()]

    def predict(self, X: Any) -> np.ndarray:  # noqa: N803
        """Labels (texts,), or for label sets an indicator matrix (texts, labels) of int64."""
        probabilities = self.predict_proba(X)
        if isinstance(self.classifier_, LabelSetClassifier):
            limits = np.append(self.classifier_.thresholds, np.inf)[self.order()]
            return (probabilities >= limits).astype(np.int64)
        return self.classes_[probabilities.argmax(axis=1)]

    def save(self, path: str | Path) -> None:
        """Write a checkpoint that `textcnn.load` and every program read.

        Raises:
            InputError: `path` is there and is not a checkpoint.
        """
        check_is_fitted(self)
        path = Path(path).expanduser()
        if path.exists() and not (path / "manifest.json").is_file():
            raise InputError(f"{path} exists and is not a checkpoint; give a new directory")
        path.parent.mkdir(parents=True, exist_ok=True)
        manifest = self.checkpoint_.manifest | {"classes": self.classes_.tolist()}
        save_checkpoint(path, replace(self.checkpoint_, manifest=manifest))

    @classmethod
    def load(cls, path: str | Path) -> "TextClassifier":
        """The estimator in a checkpoint or run directory, with the default parameters.

        Raises:
            InputError: there is no checkpoint, or it is damaged or has another format.
        """
        estimator = cls()
        estimator.checkpoint_ = load_checkpoint(find_checkpoint(path))
        estimator.classifier_ = rebuild(estimator.checkpoint_, str(path))[0]
        stored = estimator.checkpoint_.manifest.get("classes")
        estimator.classes_ = np.array(stored_classes(stored, estimator.checkpoint_.labels))
        return estimator

    def __getstate__(self) -> dict[str, Any]:
        """Pickled by its checkpoint: lookup tables and threads stay behind."""
        state: dict[str, Any] = super().__getstate__().copy()
        state.pop("classifier_", None)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if hasattr(self, "checkpoint_"):
            self.classifier_ = rebuild(self.checkpoint_, "the pickled model")[0]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        tags.classifier_tags.multi_label = True
        tags.non_deterministic = False
        return tags


def class_names(y: Any) -> list[Any]:
    """One string per text, or for an indicator matrix a list of the columns that hold 1."""
    values = np.asarray(y)
    if values.ndim == 2:
        return [[str(column) for column in np.flatnonzero(row)] for row in values]
    return [str(label) for label in values.tolist()]


def check_name(name: str) -> None:
    """
    Raises:
        ValueError: it is not a parameter of `TextClassifier`.
    """
    group, _, key = name.partition("__")
    if group not in GROUPS or not key:
        raise ValueError(
            f"Invalid parameter {name!r} for estimator TextClassifier; it takes "
            f"{join_or([*GROUPS, 'seed', 'run_dir', 'progress'])}, and keys such as "
            "model__num_filters"
        )


def text_list(texts: Any) -> list[str]:
    """A sequence of strings as a list.

    Raises:
        InputError: it has more than one dimension, or is a single string.
    """
    if isinstance(texts, str):
        raise InputError(f"expected a list of strings, got {texts!r:.40}; try [text]")
    values = texts.tolist() if hasattr(texts, "tolist") else list(texts)
    shape = np.shape(texts) if hasattr(texts, "shape") else (len(values),)
    if len(shape) != 1:
        raise InputError(f"expected one string per text, got an array of shape {shape}")
    wrong = next((text for text in values if not isinstance(text, str)), None)
    if wrong is not None:
        raise InputError(f"expected one string per text, got {wrong!r:.40}")
    return values


def weight_list(sample_weight: Any) -> Sequence[float] | None:
    return None if sample_weight is None else np.asarray(sample_weight, np.float64).tolist()


def stored_classes(stored: Any, labels: Sequence[str]) -> list[Any]:
    """`classes_` from a manifest, which may come from anywhere: else the names of the labels."""
    plain = isinstance(stored, list) and all(isinstance(c, str | int | float) for c in stored)
    fits = plain and set(labels) <= {str(label) for label in stored}
    return stored if fits else list(labels)
