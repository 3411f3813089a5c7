"""Scalings, reliability and risk-coverage curves, against numbers worked out by hand, and others'
programs."""

import json
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize, minimize_scalar
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss
from torch import Tensor

from textcnn.evaluation.calibration.coverage import area_under, risk_coverage
from textcnn.evaluation.calibration.reliability import (
    brier_score,
    calibration_error,
    equal_mass_bins,
    equal_width_bins,
)
from textcnn.evaluation.calibration.temperature import fit_platt, fit_temperature
from textcnn.runtime.calibration import Calibration
from textcnn.runtime.coverage import RiskCoverage

RIGHT = torch.tensor([True, False, True, True])


def over_confident(texts: int = 2000, classes: int = 4) -> tuple[Tensor, Tensor]:
    """Labels drawn from the softmax of logits, which are then made three times as large."""
    draw = torch.Generator().manual_seed(0)
    logits = torch.randn(texts, classes, generator=draw)
    labels = torch.multinomial(logits.softmax(dim=1), 1, generator=draw)[:, 0]
    return 3 * logits, labels


def test_the_calibration_error_of_four_predictions() -> None:
    confidences = torch.tensor([0.25, 0.35, 0.95, 0.9])
    bins = equal_width_bins(confidences, RIGHT, 2)
    assert [(each.low, each.high, each.count) for each in bins] == [(0, 0.5, 2), (0.5, 1, 2)]
    assert bins[0].accuracy == 0.5
    assert bins[0].confidence == pytest.approx(0.3)
    # half of the predictions are 0.5 - 0.3 too low, half 1 - 0.925
    assert calibration_error(bins) == pytest.approx((0.2 + 0.075) / 2)


def test_a_confidence_on_an_edge_belongs_to_the_bin_below_it() -> None:
    counts = [each.count for each in equal_width_bins(torch.tensor([0.0, 0.5, 1.0]), RIGHT[:3], 2)]
    assert counts == [2, 1]


def test_bins_of_equal_mass_hold_as_many_predictions() -> None:
    bins = equal_mass_bins(torch.tensor([0.9, 0.1, 0.3, 0.2]), RIGHT, 2)
    assert [each.count for each in bins] == [2, 2]
    assert [each.low for each in bins] == pytest.approx([0.1, 0.2])
    assert [each.accuracy for each in bins] == [0.5, 1.0]


def test_equal_confidences_share_a_bin_of_equal_mass() -> None:
    bins = equal_mass_bins(torch.tensor([0.5] * 4), RIGHT, 3)
    assert [(each.count, each.accuracy) for each in bins] == [(4, 0.75)]


@pytest.mark.parametrize(
    ("bins", "strategy"), [(equal_width_bins, "uniform"), (equal_mass_bins, "quantile")]
)
def test_bins_are_those_of_scikit_learn(bins: object, strategy: str) -> None:
    assert callable(bins)
    draw = np.random.default_rng(0)
    confidences = draw.random(600)
    right = draw.random(600) < confidences
    true, predicted = calibration_curve(right, confidences, n_bins=15, strategy=strategy)
    ours = bins(torch.tensor(confidences), torch.tensor(right), 15)
    if strategy == "uniform":
        assert [each.accuracy for each in ours] == pytest.approx(true.tolist())
        assert [each.confidence for each in ours] == pytest.approx(predicted.tolist())
    else:  # which interpolates its edges, so that bins may differ by a text
        assert [each.confidence for each in ours] == pytest.approx(predicted.tolist(), abs=0.01)


@pytest.mark.parametrize("bins", [equal_width_bins, equal_mass_bins])
def test_without_predictions_there_is_no_calibration_error(bins: object) -> None:
    assert callable(bins)
    assert calibration_error(bins(torch.empty(0), torch.empty(0, dtype=torch.bool))) == 0


def test_the_brier_score_sums_over_classes() -> None:
    probabilities = torch.tensor([[0.7, 0.2, 0.1], [0.5, 0.5, 0.0]])
    labels = torch.tensor([0, 2])
    # 0.09 + 0.04 + 0.01, and 0.25 + 0.25 + 1
    assert brier_score(probabilities, labels) == pytest.approx((0.14 + 1.5) / 2)
    soft = F.one_hot(labels, 3).float()
    assert brier_score(probabilities, soft) == pytest.approx((0.14 + 1.5) / 2)


def test_the_brier_score_of_label_sets_is_the_mean_of_scikit_learns() -> None:
    draw = torch.Generator().manual_seed(0)
    probabilities = torch.rand(50, 3, generator=draw)
    truth = torch.rand(50, 3, generator=draw) < 0.5
    of_each = [brier_score_loss(truth[:, k], probabilities[:, k]) for k in range(3)]
    assert brier_score(probabilities, truth) == pytest.approx(np.mean(of_each))


def test_temperature_lowers_the_log_loss_of_over_confident_logits() -> None:
    logits, labels = over_confident()
    temperature = fit_temperature(logits, labels)
    assert temperature == pytest.approx(3, rel=0.1)
    fresh = logits / temperature
    assert F.cross_entropy(fresh, labels) < 0.75 * F.cross_entropy(logits, labels)


def test_temperature_is_that_of_a_search_in_one_dimension() -> None:
    logits, labels = (each[:200] for each in over_confident())

    def loss(log: float) -> float:
        scaled = logits.double() / math.exp(log)
        return F.cross_entropy(scaled, labels, reduction="sum").item() + log**2 / 2

    found = minimize_scalar(loss, bounds=(-3, 3), method="bounded")
    assert fit_temperature(logits, labels) == pytest.approx(math.exp(found.x), rel=1e-3)


@pytest.mark.parametrize("texts", [1, 3, 10])
@pytest.mark.parametrize("margin", [0.1, 1.0, 30.0])
def test_few_texts_without_errors_ask_for_no_extreme_temperature(texts: int, margin: float) -> None:
    logits = torch.tensor([[margin, 0.0]]).repeat(texts, 1)
    assert 0.05 <= fit_temperature(logits, torch.zeros(texts).long()) <= 1


def test_a_single_surely_wrong_text_changes_the_temperature_by_a_few_times_at_most() -> None:
    assert 1 < fit_temperature(torch.tensor([[5.0, 0.0]]), torch.tensor([1])) < 4


def test_without_texts_the_temperature_is_1() -> None:
    assert fit_temperature(torch.empty(0, 3), torch.empty(0).long()) == 1


def test_soft_labels_have_a_temperature_too() -> None:
    logits, _ = over_confident()
    soft = (logits / 3).softmax(dim=1)
    assert fit_temperature(logits, soft.argmax(dim=1), targets=soft) == pytest.approx(3, rel=0.1)


def test_platt_scaling_finds_the_slope_and_the_offset_of_each_label() -> None:
    draw = torch.Generator().manual_seed(0)
    logits = 2 * torch.randn(4000, 3, generator=draw)
    slopes, offsets = torch.tensor([0.5, 1.0, 2.0]), torch.tensor([1.0, 0.0, -1.0])
    truth = torch.rand(4000, 3, generator=draw) < (logits * slopes + offsets).sigmoid()
    found = fit_platt(logits, truth)
    torch.testing.assert_close(found[0].float(), slopes, rtol=0.1, atol=0.0)
    torch.testing.assert_close(found[1].float(), offsets, rtol=0.0, atol=0.15)


def test_platt_scaling_is_the_minimum_that_scipy_finds() -> None:
    draw = torch.Generator().manual_seed(1)
    logits = 4 * torch.randn(60, 1, generator=draw).double()
    truth = torch.rand(60, 1, generator=draw) < (logits / 3 - 1).sigmoid()

    def loss(numbers: np.ndarray) -> float:
        scaled = logits * math.exp(numbers[0]) + numbers[1]
        entropy = F.binary_cross_entropy_with_logits(scaled, truth.double(), reduction="sum")
        return entropy.item() + float((numbers**2).sum()) / 2

    best = minimize(loss, [0.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-10})
    slopes, offsets = fit_platt(logits, truth)
    assert [slopes.item(), offsets.item()] == pytest.approx(
        [math.exp(best.x[0]), best.x[1]], rel=1e-3
    )


def test_labels_without_or_with_all_texts_get_no_extreme_scaling() -> None:
    logits = torch.cat([torch.full((20, 1), -8.0), torch.full((20, 1), 0.1)], dim=1)
    truth = torch.tensor([[False, True]]).expand(20, 2)
    slopes, offsets = fit_platt(logits, truth)
    assert 0.05 <= slopes.min() <= slopes.max() <= 20
    assert offsets.abs().max() < 4


def test_the_risk_of_four_texts_by_coverage() -> None:
    curve = risk_coverage(torch.tensor([0.9, 0.8, 0.7, 0.6], dtype=torch.float64), RIGHT)
    assert curve.thresholds == (0.9, 0.8, 0.7, 0.6)
    assert curve.coverages == (0.25, 0.5, 0.75, 1.0)
    assert curve.risks == pytest.approx((0, 1 / 2, 1 / 3, 1 / 4))
    assert curve.threshold_for(0.5) == 0.8
    assert curve.threshold_for(0.51) == 0.7
    assert curve.threshold_for_risk(0.3) == 0.6
    assert curve.threshold_for_risk(0.0) == 0.9
    assert curve.at(0.75) == (0.5, 0.5)
    assert curve.at(0.95) == (0, 0)
    area = area_under(torch.tensor([0.9, 0.8, 0.7, 0.6]), RIGHT)
    assert area == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 4) / 4)


def test_texts_of_equal_confidence_are_answered_together() -> None:
    confidences = torch.tensor([0.9, 0.5, 0.5, 0.5])
    curve = risk_coverage(confidences, RIGHT)
    assert curve.coverages == (0.25, 1.0)
    # one error among the three comes on average a third at each place
    assert area_under(confidences, RIGHT) == pytest.approx((0 + 1 / 6 + 2 / 9 + 1 / 4) / 4)


def test_a_curve_is_thinned_to_equidistant_coverages() -> None:
    confidences = torch.rand(1000, generator=torch.Generator().manual_seed(0)).double()
    thin = risk_coverage(confidences, torch.ones(1000, dtype=torch.bool), most_points=10)
    assert thin.coverages == pytest.approx([n / 10 for n in range(1, 11)])
    share = (confidences >= thin.threshold_for(0.7)).double().mean().item()
    assert share == pytest.approx(0.7)


@given(
    st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=40),
    st.floats(0.01, 1),
)
def test_a_threshold_for_a_coverage_answers_at_least_that_share(
    texts: list[tuple[int, bool]], coverage: float
) -> None:
    confidences = torch.tensor([number / 10 for number, _ in texts]).double()
    curve = risk_coverage(confidences, torch.tensor([right for _, right in texts]), most_points=7)
    threshold = curve.threshold_for(coverage)
    assert (confidences >= threshold).double().mean() >= coverage
    assert RiskCoverage.restore(json.loads(json.dumps(curve.as_json()))) == curve


@given(st.lists(st.floats(-30, 30, width=32), min_size=3, max_size=3), st.floats(1 / 20, 20))
def test_a_temperature_changes_no_order(logits: list[float], temperature: float) -> None:
    given = torch.tensor([logits])
    scaled = Calibration(temperature).scaled(given)
    assert scaled.softmax(dim=1)[0, given.argmax()] == scaled.softmax(dim=1).max()


@given(st.floats(-10, 10, width=32), st.floats(0.001, 0.999), st.floats(0.1, 10), st.floats(-5, 5))
def test_moved_thresholds_leave_label_sets_alone(
    logit: float, threshold: float, slope: float, offset: float
) -> None:
    calibration = Calibration(slopes=(slope,), offsets=(offset,))
    (moved,) = calibration.moved((threshold,))
    away = logit - math.log(threshold / (1 - threshold))
    if abs(away) > 1e-3:  # nearer, rounding decides
        scaled = calibration.scaled(torch.tensor([[logit]], dtype=torch.float64))
        assert bool(scaled.sigmoid() >= moved) == (away > 0)
    if abs(math.log(threshold / (1 - threshold)) * slope + offset) < 15:
        assert calibration.moved_back((moved,))[0] == pytest.approx(threshold, abs=1e-6)


def test_thresholds_of_0_and_1_stay() -> None:
    calibration = Calibration(slopes=(2.0, 2.0), offsets=(1.0, 1.0))
    assert calibration.moved((0.0, 1.0)) == (0.0, 1.0)
