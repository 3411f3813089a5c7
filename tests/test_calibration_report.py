"""What evaluate says of probabilities, before and after calibration."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss
from tiny_data import read_json, run
from torch import Tensor

from textcnn.evaluation.calibration.quality import judge_probabilities
from textcnn.evaluation.predictions import Predictions
from textcnn.runtime.calibration import Calibration

pytest_plugins = ("tiny_run",)


def predictions(logits: Tensor, truth: np.ndarray, classes: int = 2) -> Predictions:
    texts = len(logits)
    best = logits.topk(min(classes, 2), dim=1)
    nothing = np.zeros(texts, np.int64)
    return Predictions(
        labels=tuple("abc"[:classes]),
        truth=truth,
        logits=logits,
        top=best.indices,
        top_logits=best.values,
        totals=logits.logsumexp(dim=1),
        predicted=logits.argmax(dim=1).numpy(),
        ranks=nothing,
        losses=nothing.astype(np.float32),
        lengths=nothing,
        truncated=nothing.astype(bool),
        unknown=nothing.astype(float),
        rows=nothing,
        thresholds=None if truth.ndim == 1 else (0.5,) * classes,
    )


def test_a_temperature_of_two_halves_the_logits_of_four_texts() -> None:
    logits = torch.tensor([[math.log(81.0), 0.0]]).repeat(4, 1)  # 81/82, and 9/10 scaled
    report = judge_probabilities(predictions(logits, np.array([0, 0, 0, 1])), Calibration(2.0))
    assert report is not None
    assert report.before.ece == pytest.approx(81 / 82 - 3 / 4)
    assert report.after.ece == pytest.approx(0.9 - 0.75)
    assert report.after.ece_equal_mass == pytest.approx(0.15)
    assert report.after.log_loss == pytest.approx(
        log_loss([0, 0, 0, 1], [[0.9, 0.1]] * 4, labels=[0, 1])
    )
    # 2 x 0.1^2 for three texts, 2 x 0.9^2 for one
    assert report.after.brier == pytest.approx((3 * 0.02 + 1.62) / 4)
    assert [(each.coverage, each.accuracy) for each in report.abstaining] == [
        (1, 0.75),
        (1, 0.75),
        (1, 0.75),
        (0, None),
        (0, None),
    ]
    assert report.area == pytest.approx(0.25)
    assert "by 15.0 points (23.8) on average" in report.line
    assert "before a temperature of 2.00" in report.line


def test_texts_of_classes_that_training_lacks_are_left_out() -> None:
    logits = torch.zeros(3, 2)
    report = judge_probabilities(predictions(logits, np.array([0, 1, 2])), Calibration())
    assert report is not None
    assert report.texts == 2
    assert "before" not in report.line
    assert judge_probabilities(predictions(logits, np.array([2, 2, 2])), Calibration()) is None


def test_label_sets_count_each_label_of_each_text() -> None:
    logits = torch.tensor([[0.0, math.log(9.0)], [0.0, math.log(9.0)]])
    truth = np.array([[True, True, False], [False, True, True]])  # the last: unknown to training
    report = judge_probabilities(
        predictions(logits, truth), Calibration(slopes=(1.0, 2.0), offsets=(0.0, 0.0))
    )
    assert report is not None
    # the first label is right at 0.5; the second is always there, at 0.9, and 81/82 scaled
    assert report.before.ece == pytest.approx(0.1 / 2)
    assert report.after.ece == pytest.approx((1 - 81 / 82) / 2)
    assert report.before.brier == pytest.approx((0.25 + 0.25 + 0.01 + 0.01) / 4)
    assert report.area is None
    assert report.abstaining == ()


def test_evaluate_writes_calibration_with_the_bins_of_a_diagram(
    tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("evaluate", f"checkpoint={tiny_run}", f"run_dir={tmp_path / 'out'}") == 0
    result = read_json(tmp_path / "out" / "evaluation.json")
    found = result["calibration"]
    assert found["before"]["log_loss"] == pytest.approx(result["loss"], rel=1e-5)
    assert len(found["bins"]) == 15
    assert sum(each["count"] for each in found["bins"]) == found["texts"] == result["examples"]
    assert found["temperature"] == read_json(tiny_run / "best" / "calibration.json")["temperature"]
    assert found["validation_texts"] == 20
    output = capsys.readouterr().out
    assert "probabilities differ from observed frequencies by" in output
    assert "Answers above a threshold" in output
