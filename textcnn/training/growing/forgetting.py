"""What a run forgets: how well the checkpoint's classes are found before and after it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from textcnn.config.programs import TrainConfig
from textcnn.data.labelled import LabelledTexts
from textcnn.errors import InputError
from textcnn.evaluation.chosen_data import found_data, test_rows
from textcnn.inference import BaseClassifier, LabelSetClassifier
from textcnn.training.growing.classes import ClassMap
from textcnn.training.growing.origin import Origin

SHOWN = 30  # classes in a table


@dataclass(frozen=True)
class OldTest:
    """The checkpoint's own test texts."""

    rows: LabelledTexts | None  # with its classes; None: they are not there, or not asked for
    reason: str = ""  # why they are not there


@dataclass(frozen=True)
class Watched:
    """An old class on some texts: recall, and for label sets F1, before and after the training."""

    label: str
    texts: int
    before: float
    after: float


@dataclass(frozen=True)
class Forgetting:
    """The old classes on one set of texts."""

    texts: int  # that have an old class
    before: float  # accuracy on them; for label sets the mean F1 over the old labels
    after: float
    classes: tuple[Watched, ...]  # those that a text has

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def rows(self, measure: str) -> list[list[str]]:
        """A table.

        Args:
            measure: the name of what is measured of a class.
        """
        header = ["class", "texts", f"{measure} % before", "after", "change"]
        most = sorted(self.classes, key=lambda each: each.after - each.before)[:SHOWN]
        rows = [
            line(each.label, each.texts, each.before, each.after)
            for each in self.classes
            if each in most
        ]
        if len(self.classes) > SHOWN:
            rows.append([f"{len(self.classes) - SHOWN:,} more classes", "", "", "", ""])
        return [header, *rows, line("all", self.texts, self.before, self.after)]


def line(name: str, texts: int, before: float, after: float) -> list[str]:
    change = 100 * (after - before)
    return [name, f"{texts:,}", f"{100 * before:.1f}", f"{100 * after:.1f}", f"{change:+.1f}"]


def load_old_test(origin: Origin, wanted: bool | None) -> OldTest:
    """The test texts of the checkpoint's own data.

    Args:
        wanted: the key `init_from_test`.

    Raises:
        InputError: they are wanted, but can't be read.
    """
    trained: TrainConfig = origin.config
    if wanted is False:
        return OldTest(None)
    if wanted is None and trained.data.source == "hub":
        return OldTest(None, "they are on the Hub; init_from_test=true reads them")
    try:
        data = found_data(trained.data, [], origin.directory)
        rows, _ = test_rows(data, trained, origin.checkpoint.labels)
    except InputError as error:
        if wanted:
            raise origin.refused(f"init_from_test=true, but {error}") from error
        return OldTest(None, str(error))
    return OldTest(rows)


def watch(
    origin: Origin,
    after: BaseClassifier[Any],
    splits: dict[str, LabelledTexts],
    old: OldTest,
    learned: np.ndarray,
) -> dict[str, Forgetting]:
    """What is forgotten, by the name of the texts: those of `splits`, and `old_test`.

    Args:
        after: the classifier that the run trained.
        splits: of the run.
        learned: (texts,) uint64, the hashes of the texts that the run learned from, which don't
            count among the old ones.
    """
    classes = origin.classes(after.labels)
    found = {}
    for name, rows in splits.items():
        measured = forgetting(origin, after, classes, rows.texts(), truth_of(rows, classes))
        found[name] = measured
    if old.rows is not None:
        rows = old.rows.select(~np.isin(old.rows.text_hashes, learned))
        before = np.zeros((len(rows), len(classes.before)), bool)
        before[:] = truth_of(rows, None)[:, : len(classes.before)]
        truth = moved(before, classes)
        found["old_test"] = forgetting(origin, after, classes, rows.texts(), truth)
    return {name: each for name, each in found.items() if each is not None}


def forgetting(
    origin: Origin,
    after: BaseClassifier[Any],
    classes: ClassMap,
    texts: Sequence[str],
    truth: np.ndarray,
) -> Forgetting | None:
    """
    Args:
        truth: (texts, classes) bool

    Returns:
        None if no text has an old class.
    """
    known = np.array(classes.known)
    has_old = truth[:, known].any(axis=1)
    if not has_old.any():
        return None
    several = isinstance(after, LabelSetClassifier)
    chosen = np.arange(len(texts)) if several else np.flatnonzero(has_old)
    truth, texts = truth[chosen], [texts[place] for place in chosen.tolist()]
    answers = [moved(answered(origin.classifier, texts), classes), answered(after, texts)]
    of_class = [f1(truth, each) if several else recall(truth, each) for each in answers]
    counts = truth.sum(axis=0)
    there = [place for place in np.flatnonzero(known) if counts[place]]
    watched = tuple(
        Watched(classes.names[n], int(counts[n]), *(float(each[n]) for each in of_class))
        for n in there
    )
    if several:
        before, later = (float(each[there].mean()) for each in of_class)
    else:
        before, later = (float((truth & each).any(axis=1).mean()) for each in answers)
    return Forgetting(int(has_old.sum()), before, later, watched)


def truth_of(rows: LabelledTexts, classes: ClassMap | None) -> np.ndarray:
    """(texts, classes) bool: the classes of rows, those that the run doesn't know included."""
    if rows.multi_label:
        return rows.labels
    count = len(rows.names) if classes is None else len(classes.names)
    numbers: np.ndarray = rows.labels[:, None] == np.arange(count)
    return numbers


def moved(member: np.ndarray, classes: ClassMap) -> np.ndarray:
    """(texts, classes of the checkpoint) bool to (texts, classes): a merged class has the texts of
    any of its parts."""
    new = np.zeros((len(member), len(classes.names)), bool)
    for old, place in enumerate(classes.place_of()):
        new[:, place] |= member[:, old]
    return new


def answered(classifier: BaseClassifier[Any], texts: Sequence[str]) -> np.ndarray:
    """(texts, classes) bool: the classes that a classifier predicts."""
    logits = classifier.logits(texts)
    if isinstance(classifier, LabelSetClassifier):
        chosen: np.ndarray = classifier.chosen(logits).numpy()
        return chosen
    best: np.ndarray = torch.nn.functional.one_hot(logits.argmax(dim=1), logits.shape[1]).numpy()
    return best.astype(bool)


def recall(truth: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """(classes,) float64; 0 for classes without texts."""
    rates: np.ndarray = (truth & answers).sum(axis=0) / truth.sum(axis=0).clip(min=1)
    return rates


def f1(truth: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """(classes,) float64; 0 for classes without texts and predictions."""
    both = (truth & answers).sum(axis=0)
    rates: np.ndarray = 2 * both / (truth.sum(axis=0) + answers.sum(axis=0)).clip(min=1)
    return rates
