"""A text classifier with scikit-learn's interface."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted, column_or_1d

from textcnn.checkpoint import find_checkpoint, load_checkpoint, save_checkpoint
from textcnn.config.compose import GROUPS, config_from_keys
from textcnn.config.keys import join_or
from textcnn.data.sources.memory import Rows
from textcnn.errors import InputError
from textcnn.from_python import (
    check_columns_differ,
    grown,
    is_frame,
    label_list,
    pair,
    text_list,
    train_checkpoint,
    weight_list,
)
from textcnn.inference import LabelSetClassifier, rebuild
from textcnn.system.paths import expanded


class TextClassifier(ClassifierMixin, BaseEstimator):
    """A text classifier with scikit-learn's interface.

    It works in `Pipeline`, `cross_val_predict`, `GridSearchCV` and `clone`. `X` is a list, a NumPy
    array or a pandas Series of strings. `y` has one label of any type per text, or is an indicator
    matrix (texts, labels) for label sets, or has soft labels: a matrix (texts, classes) of
    probabilities, or {class: probability} for each text.

    >>> estimator = textcnn.TextClassifier(model__num_filters=50, training={"epochs": 5})
    >>> estimator.fit(texts, labels).score(more_texts, more_labels)

    Attributes:
        classes_: the labels, sorted: (classes,). For a matrix the columns of `y`, 0, 1, ...; for
            a DataFrame with a column per class their names.
        classifier_: the `Classifier` or `LabelSetClassifier`.
    """

    def __init__(
        self,
        *,
        model: Any = None,
        text: Any = None,
        optimizer: Any = None,
        schedule: Any = None,
        training: Any = None,
        data: Any = None,
        experiment: str | None = None,
        init_from: str | Path | None = None,
        seed: int = 0,
        run_dir: str | Path | None = None,
        progress: bool = False,
        **overrides: Any,
    ):
        """
        Args:
            model, text, optimizer, schedule: an option of the group ("dilated"), or keys with their
                values.
            training, data: keys with their values.
            experiment: a recipe that sets keys of all groups: "few".
            init_from: a run or checkpoint directory to start from: its words, classes and weights
                stay.
            seed: one number for every source of randomness.
            run_dir, progress: as for `fit`.
            overrides: single keys, such as `model__num_filters=50`.
        """
        self.model = model
        self.text = text
        self.optimizer = optimizer
        self.schedule = schedule
        self.training = training
        self.data = data
        self.experiment = experiment
        self.init_from = init_from
        self.seed = seed
        self.run_dir = run_dir
        self.progress = progress
        for name, value in overrides.items():
            check_name(name)
            setattr(self, name, value)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """All parameters, the single keys included."""
        single = [name for name in vars(self) if "__" in name.strip("_")]
        known = [*GROUPS, "experiment", "init_from", "seed", "run_dir", "progress", *single]
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
        """Train, from scratch or from the checkpoint `init_from`.

        Args:
            X: (texts,) strings.
            y: (texts,) labels or {class: probability}, an indicator matrix (texts, labels), or
                probabilities (texts, classes); also as a DataFrame.
            sample_weight: (texts,) how much each text counts in the training loss; None: all 1.
            validation: `X` and `y` that choose the best epoch; None: a stratified fraction of the
                texts, `data={"validation_fraction": 0.1}`.

        Raises:
            InputError (a ValueError): texts, labels or parameters can't be used.
        """
        texts = text_list(X)
        classes, labels = read_labels(y)
        memory = {"train": Rows(texts, labels, weight_list(sample_weight))}
        if validation is not None:
            validation_texts, validation_labels = pair(validation)
            memory["validation"] = Rows(text_list(validation_texts), class_names(validation_labels))
        keys = {
            name: value
            for name, value in self.get_params().items()
            if value is not None and name not in {"run_dir", "progress"}
        }
        if self.init_from is not None:
            keys["init_from"] = str(self.init_from)
        several = labels != [] and isinstance(labels[0], list)
        config = grown(config_from_keys(keys, multi_label=several), keys)
        checkpoint = train_checkpoint(config, memory, self.run_dir, self.progress)
        # together, at the end: a fit that fails leaves an earlier one whole
        self.classifier_ = rebuild(checkpoint, "the trained model")[0]
        self.checkpoint_, self.classes_ = checkpoint, classes
        return self

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

    def predict_log_proba(self, X: Any) -> np.ndarray:  # noqa: N803
        """The logarithms of `predict_proba`."""
        with np.errstate(divide="ignore"):  # of a label without any text in training: -inf
            return np.log(self.predict_proba(X))

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
        path = expanded(path)
        empty = path.is_dir() and not any(path.iterdir())
        if path.exists() and not empty and not (path / "manifest.json").is_file():
            raise InputError(f"{path} exists and is not a checkpoint; give a new directory")
        path.parent.mkdir(parents=True, exist_ok=True)
        parameters = {**self.get_params(), "run_dir": None}
        stored = {"classes": self.classes_.tolist(), "parameters": plain(parameters)}
        manifest = self.checkpoint_.manifest | stored
        save_checkpoint(path, replace(self.checkpoint_, manifest=manifest))

    @classmethod
    def load(cls, path: str | Path) -> "TextClassifier":
        """The estimator in a checkpoint or run directory.

        It has the parameters that `save` stored; those of `textcnn.train` are the defaults.

        Raises:
            InputError: there is no checkpoint, or it is damaged or has another format.
        """
        checkpoint = load_checkpoint(find_checkpoint(path))
        estimator = cls(**stored_parameters(checkpoint.manifest.get("parameters")))
        estimator.checkpoint_ = checkpoint
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


def read_labels(y: Any) -> tuple[np.ndarray, list[Any]]:
    """`classes_`, and the labels as textcnn names them: strings, lists of strings, probabilities.

    Raises:
        InputError: `y` is neither one label per text nor a matrix of indicators or probabilities.
    """
    if y is None:
        raise InputError("requires y to be passed, but the target y is None")
    if holds_mappings(y):
        shares = label_list(y)
        names = [each if isinstance(each, Mapping) else [each] for each in shares]
        return np.array(sorted({str(name) for each in names for name in each})), shares
    try:
        values = np.asarray(y.toarray() if hasattr(y, "toarray") else y)  # it may be sparse
        kind = type_of_target(values, input_name="y")
    except ValueError:  # lists of different lengths
        kind = "unknown"
    if kind in {"multilabel-indicator", "continuous-multioutput"}:
        return np.array(column_names(y, values)), class_names(y if is_frame(y) else values)
    if kind not in {"binary", "multiclass"}:
        raise InputError(
            f"Unknown label type: {kind}; y takes one label per text, an indicator matrix (texts, "
            "labels) of 0 and 1, as MultiLabelBinarizer makes it, or probabilities (texts, classes)"
        )
    values = column_or_1d(values, warn=True)
    classes = np.unique(values)
    if len({str(label) for label in classes.tolist()}) < len(classes):
        raise InputError("y holds labels that are spelled alike, such as 1 and '1'")
    return classes, class_names(values)


def class_names(y: Any) -> list[Any]:
    """One string per text; of an indicator matrix a list of the columns that hold 1; of
    probabilities {column or class: probability}."""
    if holds_mappings(y):
        return label_list(y)
    values = np.asarray(y)
    if values.ndim != 2:
        return [str(label) for label in values.tolist()]
    names = [str(name) for name in column_names(y, values)]
    if not np.isin(values, (0, 1)).all():
        return [dict(zip(names, row, strict=True)) for row in values.tolist()]
    return [[names[column] for column in np.flatnonzero(row)] for row in values]


def column_names(y: Any, values: np.ndarray) -> list[Any]:
    """Of a DataFrame its own; of another matrix 0, 1, ...

    Raises:
        InputError: two columns of a DataFrame have the same name.
    """
    if not is_frame(y):
        return list(range(values.shape[1]))
    check_columns_differ(y)
    return list(y.columns)


def holds_mappings(y: Any) -> bool:
    values = y.tolist() if getattr(y, "ndim", 0) == 1 else y  # an array or a Series
    return isinstance(values, list | tuple) and any(isinstance(each, Mapping) for each in values)


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


def plain(parameters: dict[str, Any]) -> dict[str, Any]:
    """Parameters as JSON holds them: NumPy's numbers and arrays become Python's."""
    made: dict[str, Any] = json.loads(
        json.dumps(parameters, default=lambda value: getattr(value, "tolist", lambda: str(value))())
    )
    return made


def stored_parameters(stored: Any) -> dict[str, Any]:
    """Parameters from a manifest, which may come from anywhere: else none."""
    known = {*GROUPS, "seed", "progress"}
    if not isinstance(stored, dict):
        return {}
    return {
        name: value
        for name, value in stored.items()
        if name in known or (name.partition("__")[0] in GROUPS and name.partition("__")[2])
    }


def stored_classes(stored: Any, labels: Sequence[str]) -> list[Any]:
    """`classes_` from a manifest, which may come from anywhere: else the names of the labels."""
    plain = isinstance(stored, list) and all(isinstance(c, str | int | float) for c in stored)
    fits = plain and set(labels) <= {str(label) for label in stored}
    return stored if fits else list(labels)
