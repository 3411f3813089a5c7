"""What TensorBoard gets to show."""

from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from tiny_data import curves, hyper_parameters, make_curves_older

from textcnn.evaluation.metrics import Scores
from textcnn.training.curves import Curves
from textcnn.training.learner import Learner
from textcnn.training.objectives.losses import build_loss
from textcnn.training.precision import Precision
from textcnn.training.state import TrainingState


def learner() -> Learner:
    """With a learning rate of 0.5, and gradients of norm 2."""
    weight = torch.nn.Parameter(torch.zeros(4))
    weight.grad = torch.ones(4)
    model = torch.nn.ParameterList([weight])
    optimizer = torch.optim.SGD([weight], lr=0.5)
    return Learner(
        model,
        optimizer,
        build_loss(multi_label=False, class_weights=None, label_smoothing=0.0),
        Precision("fp32", torch.device("cpu")),
        Accelerator(cpu=True),
    )


def log_steps(run_dir: Path, *steps: int, first_step: int | None = None) -> None:
    """Log the loss of some steps, which is the step's tenth."""
    make_curves_older(run_dir)
    writer = Curves(run_dir, first_step=first_step)
    for step in steps:
        writer.step(TrainingState(step=step), step / 10, learner())
    writer.close()


def steps_shown(run_dir: Path) -> list[int]:
    return [point.step for point in curves(run_dir).Scalars("train/loss")]


def test_training_scalars_are_drawn_over_steps(tmp_path: Path) -> None:
    writer = Curves(tmp_path)
    state = TrainingState(step=7, epoch_texts=30, epoch_seconds=2.0)
    writer.step(state, 0.25, learner())
    writer.close()
    shown = curves(tmp_path)
    expected = {"loss": 0.25, "learning_rate": 0.5, "gradient_norm": 2.0, "texts_per_second": 15.0}
    for name, value in expected.items():
        (point,) = shown.Scalars(f"train/{name}")
        assert (point.step, point.value) == (7, value)
    (peak,) = shown.Scalars("train/peak_memory_mb")
    assert 50 < peak.value < 100_000
    norms = {"weights/model": 0.0, "gradients/model": 2.0}
    assert {name: shown.Scalars(name)[0].value for name in norms} == norms


def test_norms_of_the_final_training_stand_beside_those_of_the_first(tmp_path: Path) -> None:
    writer = Curves(tmp_path)
    writer.step(TrainingState(step=1), 0.25, learner())
    writer.begin_final(1)
    writer.step(TrainingState(step=1), 0.25, learner())
    writer.close()
    tags = curves(tmp_path).Tags()["scalars"]
    assert {"gradients/model", "final_gradients/model", "final/loss"} <= set(tags)


def test_a_training_point_is_drawn_every_so_many_steps(tmp_path: Path) -> None:
    writer = Curves(tmp_path, every=3)
    for step in range(1, 8):
        writer.step(TrainingState(step=step), 0.25, learner())
    writer.close()
    assert steps_shown(tmp_path) == [3, 6]


def test_scores_are_drawn_for_their_split(tmp_path: Path) -> None:
    writer = Curves(tmp_path)
    writer.scores("validation", Scores(0.5, 0.25, 0.5, 2.0, 10, (), ()), step=3)
    writer.close()
    shown = curves(tmp_path)
    values = {tag: shown.Scalars(tag)[0].value for tag in shown.Tags()["scalars"]}
    assert values == {
        "validation/accuracy": 0.5,
        "validation/macro_f1": 0.25,
        "validation/loss": 2.0,
    }


def test_points_behind_where_a_run_goes_on_are_dropped(tmp_path: Path) -> None:
    log_steps(tmp_path, 1, 2, 3, 4)
    log_steps(tmp_path, 3, 4, 5, first_step=2)
    assert steps_shown(tmp_path) == [1, 2, 3, 4, 5]


def test_points_of_a_run_that_goes_on_from_its_very_start_are_dropped(tmp_path: Path) -> None:
    log_steps(tmp_path, 1, 2, 3)
    log_steps(tmp_path, 1, 2, first_step=0)
    assert steps_shown(tmp_path) == [1, 2]


def test_points_are_on_the_disk_once_flushed(tmp_path: Path) -> None:
    writer = Curves(tmp_path)
    writer.step(TrainingState(step=1), 0.25, learner())
    writer.flush()
    assert steps_shown(tmp_path) == [1]
    writer.close()


def test_hyper_parameters_are_a_row_of_the_same_run(tmp_path: Path) -> None:
    writer = Curves(tmp_path)
    values = {"model.kernel_sizes": [1, 2], "seed": 3, "model.name": "dilated", "text.max": None}
    writer.hyper_parameters(values, {"test/accuracy": 0.5})
    writer.close()
    shown, metrics = hyper_parameters(tmp_path)
    assert shown == {
        "model.kernel_sizes": "[1, 2]",
        "seed": 3,
        "model.name": "dilated",
        "text.max": "None",
    }
    assert metrics == ["test/accuracy"]
    assert [path.is_file() for path in tmp_path.iterdir()] == [True]


def test_a_class_name_begins_no_html_in_a_tag(tmp_path: Path) -> None:
    writer = Curves(tmp_path)
    truth, probabilities = np.array([True, False]), np.array([0.75, 0.25])
    writer.precision_recall("<script>\x1b\n", truth, probabilities, 0)
    writer.close()
    assert curves(tmp_path).Tags()["tensors"] == ["precision_recall/&lt;script>\\x1b\\n"]
