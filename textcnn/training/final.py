"""The final training on train + validation, for the steps that validation chose before."""

from dataclasses import asdict, dataclass
from typing import Any

from textcnn.data.prepare import PreparedTexts
from textcnn.runtime.calibration import Calibration
from textcnn.training.optimization.schedules import History, Schedule
from textcnn.training.state import TrainingState


@dataclass(frozen=True)
class Selection:
    """The finished run whose validation chose the number of steps."""

    state: TrainingState
    all_steps: int  # over which its schedule and its average were laid
    # fitted on the validation texts, which the final training then learns from; None: none
    calibration: Calibration | None = None

    @property
    def chosen(self) -> dict[str, Any]:
        """The entry of the history that was best: epoch, step and scores."""
        entry: dict[str, Any] = self.state.history[self.state.best_epoch - 1]
        return entry

    @property
    def steps(self) -> int:
        """The steps of the final training."""
        return int(self.chosen["step"])

    def again(self, schedule: Schedule) -> Schedule:
        """The rates of the selecting run, step by step: there are no new validations."""
        history: History = self.state.history
        return lambda step, _: schedule(step, history)

    def announcement(self, texts: PreparedTexts) -> str:
        """One line that says what follows on these texts."""
        return (
            f"epoch {self.state.best_epoch} is best; the final training takes its "
            f"{self.steps:,} steps on train + validation, {len(texts.train):,} texts with "
            f"{len(texts.encoder.vocabulary):,} token ids"
        )

    def as_stored(self) -> dict[str, Any]:
        return {
            "state": asdict(self.state),
            "all_steps": self.all_steps,
            "calibration": None if self.calibration is None else self.calibration.as_json(),
        }

    @classmethod
    def restore(cls, stored: dict[str, Any], labels: int | None) -> "Selection":
        """
        Args:
            labels: of label sets; None: one class per text.

        Raises:
            KeyError, TypeError, ValueError: `as_stored` didn't make it.
        """
        calibration = stored.get("calibration")  # earlier versions fitted none
        if calibration is not None:
            calibration = Calibration.restore(calibration, labels)
        state = TrainingState.restore(stored["state"])
        selection = cls(state, int(stored["all_steps"]), calibration)
        if not 1 <= selection.state.best_epoch <= len(selection.state.history):
            raise ValueError(f"best_epoch is {selection.state.best_epoch}")
        return selection
