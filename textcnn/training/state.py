"""Where training stands: what a resumed run needs besides weights and optimizer."""

from dataclasses import asdict, dataclass, field
from typing import Any

from textcnn.evaluation.metrics import Scores


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
            TypeError: a field is missing, unknown or of the wrong type.
        """
        state = cls(**stored)
        for name, default in asdict(cls()).items():
            value = getattr(state, name)
            kinds = (float, int, type(None)) if default is None else (type(default), int)
            if not isinstance(value, kinds):
                raise TypeError(f"{name} is {value!r:.40}")
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
