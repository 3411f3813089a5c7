"""What a run tells the terminal, and where there is none."""

import io

import pytest
from rich.console import Console

from textcnn.evaluation.metrics import Scores
from textcnn.system.terminal import build_console
from textcnn.training.progress import TrainingProgress
from textcnn.training.state import TrainingState


def half_an_epoch() -> TrainingState:
    """The second of four epochs, 3 steps of 8 done: 100 texts in 2 s, loss 0.5, 75 of them right.

    The first epoch's 2 steps took 5 s each.
    """
    state = TrainingState(epoch=1, step=2, texts=200, seconds=11.0, train_seconds=10.0)
    state.add_batch(loss=0.5, correct=75, texts=100, seconds=2.0)
    return state


def closed_epoch() -> TrainingState:
    state = half_an_epoch()
    state.end_epoch(Scores(0.875, 0.8, 0.875, 0.25, 40, (), ()), "accuracy")
    return state


def output_of(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.fixture
def plain() -> Console:
    console = build_console()
    console.file = io.StringIO()
    console.width = 80
    return console


@pytest.fixture
def terminal() -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=120, color_system=None)


def test_plain_line_shows_epoch_percent_loss_accuracy_speed_and_time_left(plain: Console) -> None:
    with TrainingProgress(plain, epochs=4, steps=8, seconds_between_lines=-1.0) as progress:
        progress.step(half_an_epoch())
    # 5 of 8 steps are left, at 4 s each
    assert output_of(plain) == (
        "epoch 2/4   38 %  loss 0.5000  accuracy 75.0 %  50 texts/s  20 s left\n"
    )


def test_plain_lines_are_seconds_apart(plain: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("textcnn.training.progress.time.monotonic", lambda: now[0])
    with TrainingProgress(plain, epochs=4, steps=8) as progress:
        for now[0] in (101.0, 104.0, 106.0, 107.0, 110.0, 112.0):
            progress.step(half_an_epoch())
    assert output_of(plain).count("\n") == 2  # at 106 and 112


def test_plain_line_stays_one_line_however_large_its_numbers(plain: Console) -> None:
    state = TrainingState(epoch=99_998, step=9_999_799, train_seconds=9_999_799.0)
    state.add_batch(loss=123.4567, correct=1_000_000, texts=1_000_000, seconds=1.0)
    with TrainingProgress(
        plain, epochs=100_000, steps=10_000_000, seconds_between_lines=-1.0
    ) as progress:
        progress.step(state)
    (line,) = output_of(plain).splitlines()
    assert line.endswith("1,000,000 texts/s  200 s left")


def test_plain_output_holds_nothing_that_moves_a_cursor(plain: Console) -> None:
    with TrainingProgress(plain, epochs=4, steps=8) as progress:
        progress.step(half_an_epoch())
        progress.epoch(closed_epoch(), better=False, texts_per_second=50.0)
    assert "\x1b" not in output_of(plain)
    assert "\r" not in output_of(plain)


def test_epoch_line_tells_both_losses_accuracies_macro_f1_and_speed(plain: Console) -> None:
    with TrainingProgress(plain, epochs=12, steps=24) as progress:
        progress.epoch(closed_epoch(), better=False, texts_per_second=1234.5)
    assert output_of(plain) == (
        "epoch  2/12  train loss 0.5000 accuracy  75.0 %  validation loss 0.2500 accuracy  87.5 % "
        "macro-F1  80.0 %  1,234 texts/s\n"
    )


def test_epoch_line_marks_the_best_epoch(plain: Console) -> None:
    with TrainingProgress(plain, epochs=4, steps=8) as progress:
        progress.epoch(closed_epoch(), better=True, texts_per_second=1.0)
    assert output_of(plain).endswith("texts/s  best\n")


def test_bar_shows_epoch_loss_accuracy_speed_and_time_left(terminal: Console) -> None:
    with TrainingProgress(terminal, epochs=4, steps=8) as progress:
        progress.step(half_an_epoch())
        (task,) = progress.bar.tasks
        progress.bar.refresh()
    assert (task.completed, task.total) == (3, 8)
    shown = output_of(terminal)
    for field in ("epoch 2/4", "loss 0.5000", "accuracy  75.0 %", "50 texts/s", "left"):
        assert field in shown, field


def test_bar_goes_away_and_epoch_lines_stay(terminal: Console) -> None:
    with TrainingProgress(terminal, epochs=4, steps=8) as progress:
        progress.epoch(closed_epoch(), better=True, texts_per_second=50.0)
    shown = output_of(terminal)
    assert "validation loss 0.2500" in shown
    assert shown.endswith("\x1b[2K")  # the bar's line is erased


def test_bar_never_prints_plain_progress_lines(terminal: Console) -> None:
    with TrainingProgress(terminal, epochs=4, steps=8, seconds_between_lines=-1.0) as progress:
        progress.step(half_an_epoch())
    assert "s left" not in output_of(terminal)


def test_a_notebook_has_a_bar() -> None:
    console = Console(file=io.StringIO(), force_jupyter=True)
    assert not console.is_terminal
    assert not TrainingProgress(console, epochs=4, steps=8).bar.disable


def test_a_quiet_console_has_none(terminal: Console) -> None:
    terminal.quiet = True
    assert TrainingProgress(terminal, epochs=4, steps=8).bar.disable
