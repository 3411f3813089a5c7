"""What a run counts, and when it ends."""

import numpy as np
import pytest

from textcnn.data.batching import EncodedTexts
from textcnn.evaluation.metrics import Scores
from textcnn.training.batches import EpochBatches
from textcnn.training.loop import Stopping
from textcnn.training.state import TrainingState


def scores(accuracy: float = 0.5, macro_f1: float = 0.5, loss: float = 1.0) -> Scores:
    return Scores(accuracy, macro_f1, accuracy, loss, examples=10, classes=(), confusion=())


def test_loss_and_accuracy_are_means_over_texts_not_over_batches() -> None:
    state = TrainingState()
    state.add_batch(loss=1.0, correct=3, texts=4, seconds=1.0)
    state.add_batch(loss=3.0, correct=0, texts=1, seconds=1.5)
    assert state.mean_loss == pytest.approx((4 * 1.0 + 1 * 3.0) / 5)
    assert state.mean_accuracy == pytest.approx(3 / 5)
    assert state.texts_per_second == pytest.approx(5 / 2.5)
    assert (state.step, state.texts) == (2, 5)
    assert state.seconds == state.train_seconds == 2.5


def test_nothing_done_yet_divides_by_nothing() -> None:
    state = TrainingState()
    assert (state.mean_loss, state.mean_accuracy, state.texts_per_second) == (0.0, 0.0, 0.0)


def test_an_epochs_counters_start_anew_and_the_runs_go_on() -> None:
    state = TrainingState()
    state.add_batch(loss=2.0, correct=1, texts=2, seconds=1.0)
    state.end_epoch(scores(accuracy=0.75), "accuracy")
    assert (state.epoch_texts, state.mean_loss, state.mean_accuracy) == (0, 0, 0)
    assert state.history == [
        {
            "epoch": 1,
            "step": 1,
            "train": {"loss": 2.0, "accuracy": 0.5},
            "validation": {
                "accuracy": 0.75,
                "macro_f1": 0.5,
                "micro_f1": 0.75,
                "loss": 1.0,
                "examples": 10,
            },
        }
    ]
    state.add_batch(loss=1.0, correct=1, texts=1, seconds=2.0)
    assert (state.epoch, state.step, state.texts, state.epoch_texts) == (1, 2, 3, 1)
    assert state.train_seconds == 3.0
    assert state.texts_per_second == 0.5  # of the epoch


@pytest.mark.parametrize(
    ("metric", "values", "best_epochs"),
    [
        ("accuracy", [0.5, 0.7, 0.6, 0.8], [1, 2, 2, 4]),
        ("macro_f1", [0.5, 0.4, 0.6], [1, 1, 3]),
        ("loss", [1.0, 0.5, 0.7, 0.2], [1, 2, 2, 4]),
        ("accuracy", [0.5, 0.5], [1, 1]),  # of equal epochs the first
        ("loss", [0.5, 0.5], [1, 1]),
        ("accuracy", [0.0, 0.0], [1, 1]),
    ],
)
def test_best_epoch_is_the_first_with_the_best_metric(
    metric: str, values: list[float], best_epochs: list[int]
) -> None:
    state = TrainingState()
    for epoch, (value, best) in enumerate(zip(values, best_epochs, strict=True), start=1):
        better = state.end_epoch(scores(**{metric: value}), metric)
        assert better == (best == epoch)
        assert state.best_epoch == best
    assert state.best_value == (min(values) if metric == "loss" else max(values))


def test_a_run_ends_with_its_epochs() -> None:
    def after_two_epochs_of(epochs: int) -> EpochBatches:
        texts = EncodedTexts(np.zeros(3, np.int32), np.arange(4), np.ones(3, np.int64))
        batches = EpochBatches(
            texts,
            epochs=epochs,
            max_steps=None,
            batch_size=2,
            batch_tokens=None,
            sampling_weights=None,
            seed=0,
            rank=0,
            count=1,
        )
        batches.go_to({"epoch": 2, "batch": 0})
        return batches

    assert not after_two_epochs_of(3).finished
    assert after_two_epochs_of(2).finished
    assert after_two_epochs_of(1).finished  # resumed with fewer


def test_a_run_ends_with_its_steps() -> None:
    state = TrainingState(epoch=2, step=20, best_epoch=1)
    assert not Stopping().reached(state)
    assert not Stopping(max_steps=21).reached(state)
    assert Stopping(max_steps=20).reached(state)
    assert Stopping(max_steps=19).reached(state)  # resumed with fewer


def test_a_run_ends_when_patience_epochs_brought_nothing_better() -> None:
    state = TrainingState(epoch=5, best_epoch=3)
    assert not Stopping(max_steps=100, patience=3).reached(state)
    assert Stopping(max_steps=100, patience=2).reached(state)
    assert Stopping(max_steps=100, patience=1).reached(state)
