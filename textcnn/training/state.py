"""Where training stands: what a resumed run needs besides weights and optimizer."""

import math
from dataclasses import asdict, dataclass, field
from typing import Any

from textcnn.evaluation.metrics import Scores

LARGEST = 2**63  # of a counter


@dataclass
class TrainingState:
    """Counters and the history of a run. Plain values only, so that it can be stored."""

    epoch: int = 0  # epochs completed; for a stream, validations
    step: int = 0  # batches completed in total
    texts: int = 0  # texts trained on in total
    # summed over the parts of a run that was interrupted and resumed:
    run_seconds: float = 0.0  # from the start of the program to the last checkpoint
    seconds: float = 0.0  # training and validation
    train_seconds: float = 0.0  # training only
    epoch_loss: float = 0.0  # sums over the texts of the current epoch
    epoch_correct: int = 0
    epoch_texts: int = 0
    epoch_seconds: float = 0.0
    best_epoch: int = 0  # counted from 1; 0: none yet
    best_value: float | None = None
    history: list[dict[str, Any]] = field(default_factory=list)  # an entry per epoch

    @classmethod
    def restore(cls, stored: dict[str, Any]) -> "TrainingState":
        """The state that `asdict` turned into `stored`.

        Raises:
            TypeError: a field is missing or unknown, or holds what no run stores there.
        """
        state = cls(**stored)
        if missing := sorted(set(asdict(state)) - set(stored)):
            raise TypeError(f"it lacks {missing[0]}")
        for name, default in asdict(cls()).items():
            value = getattr(state, name)
            if name == "history":
                fits = isinstance(value, list) and all(map(is_entry, value))
            elif type(default) is int:
                fits = type(value) is int and 0 <= value < LARGEST
            elif default is None:
                fits = value is None or is_number(value)
            else:
                fits = is_number(value) and value >= 0
            if not fits:
                raise TypeError(f"{name} is {value!r:.40}")
        if not state.best_epoch <= state.epoch == len(state.history):
            raise TypeError(
                f"epoch is {state.epoch} and best_epoch {state.best_epoch}, but the history has "
                f"{len(state.history)} entries"
            )
        return state

    def add_batch(self, loss: float, correct: int, texts: int, seconds: float) -> None:
        """Count a training step; `loss` is the mean over its texts."""
        self.step += 1
        self.texts += texts
        self.epoch_texts += texts
        self.epoch_loss += loss * texts
        self.epoch_correct += correct
        self.epoch_seconds += seconds
        self.seconds += seconds
        self.train_seconds += seconds

    def end_epoch(self, scores: Scores | None, metric: str) -> bool:
        """Close the epoch; True if `scores` are the best so far by `metric`.

        Args:
            scores: on the validation texts; None: there are none.
        """
        self.epoch += 1
        train = {"loss": self.mean_loss, "accuracy": self.mean_accuracy}
        entry: dict[str, Any] = {"epoch": self.epoch, "step": self.step, "train": train}
        better = False
        if scores is not None:
            entry["validation"] = scores.summary()
            value = getattr(scores, metric)
            # a tie is not better: the first of equal epochs is kept
            better = self.best_value is None or (
                value < self.best_value if metric == "loss" else value > self.best_value
            )
            if better:
                self.best_epoch, self.best_value = self.epoch, value
        self.history.append(entry)
        self.epoch_loss, self.epoch_correct = 0.0, 0
        self.epoch_texts, self.epoch_seconds = 0, 0.0
        return better

    @property
    def mean_loss(self) -> float:
        return self.epoch_loss / max(self.epoch_texts, 1)

    @property
    def mean_accuracy(self) -> float:
        return self.epoch_correct / max(self.epoch_texts, 1)

    @property
    def texts_per_second(self) -> float:
        return self.epoch_texts / max(self.epoch_seconds, 1e-9)


def is_number(value: Any) -> bool:
    """Whether it is a finite number; a bool is none."""
    return type(value) in (int, float) and abs(value) < LARGEST and math.isfinite(value)


def is_entry(entry: Any) -> bool:
    """Whether it is an entry of the history, as `end_epoch` adds them."""
    if not isinstance(entry, dict) or not {"epoch", "step", "train"} <= set(entry):
        return False
    scores: list[tuple[Any, tuple[str, ...]]] = [(entry["train"], ("loss", "accuracy"))]
    if "validation" in entry:
        scores.append((entry["validation"], ("loss", "accuracy", "macro_f1")))
    return (
        type(entry["epoch"]) is int
        and type(entry["step"]) is int
        and all(
            isinstance(of, dict) and set(names) <= set(of) and all(map(is_number, of.values()))
            for of, names in scores
        )
    )
