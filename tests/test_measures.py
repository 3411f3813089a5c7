"""Measures against scikit-learn and numbers worked out by hand."""

import tracemalloc
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from sklearn import metrics
from tiny_predictions import predictions

from textcnn.evaluation.measures.intervals import Cells, bootstrap, wilson
from textcnn.evaluation.measures.measure import Measures, measure
from textcnn.evaluation.measures.ranking import class_rankings, label_rankings
from textcnn.evaluation.predictions import Predictions

CLASSES, TEXTS = 6, 200


@pytest.fixture(scope="module")
def single() -> Predictions:
    """Logits with ties that favour the true class; the last class has no text."""
    generator = np.random.default_rng(0)
    truth = generator.integers(0, CLASSES - 1, TEXTS)
    logits = torch.from_numpy(generator.integers(-2, 3, (TEXTS, CLASSES))).float()
    logits[np.arange(TEXTS), truth] += 1
    return predictions(logits, truth)


@pytest.fixture(scope="module")
def sets() -> Predictions:
    generator = np.random.default_rng(1)
    truth = generator.random((TEXTS, CLASSES)) < [0.5, 0.3, 0.2, 0.1, 0.02, 0.0]
    logits = torch.from_numpy(generator.normal(2 * truth - 1, 1.0)).float()
    return predictions(logits, truth, (0.5, 0.5, 0.4, 0.4, 0.3, 0.9))


@pytest.fixture(scope="module")
def of_single(single: Predictions) -> Measures:
    return measure(single)


@pytest.fixture(scope="module")
def of_sets(sets: Predictions) -> Measures:
    return measure(sets)


def test_measures_of_one_class_per_text_are_scikit_learns(
    single: Predictions, of_single: Measures
) -> None:
    true, predicted, values = single.truth, single.predicted, of_single.values
    assert values["weighted_f1"] == pytest.approx(
        metrics.f1_score(true, predicted, average="weighted", zero_division=0)
    )
    with warnings.catch_warnings():  # a class is predicted that no text has
        warnings.simplefilter("ignore")
        assert values["balanced_accuracy"] == pytest.approx(
            metrics.balanced_accuracy_score(true, predicted)
        )
    assert values["matthews"] == pytest.approx(metrics.matthews_corrcoef(true, predicted))
    for k in (3, 5):
        assert single.logits is not None
        ordered = np.argsort(-single.logits.numpy(), axis=1, kind="stable")[:, :k]
        found = np.mean((ordered == true[:, None]).any(axis=1))
        assert values[f"top_{k}_accuracy"] == pytest.approx(found)


def test_rankings_are_scikit_learns(single: Predictions, of_single: Measures) -> None:
    assert single.logits is not None
    scores = single.logits.double()
    scores -= scores.logsumexp(dim=1, keepdim=True)
    for number, of_class in enumerate(of_single.classes[:-1]):
        true, own = single.truth == number, scores[:, number].numpy()
        assert of_class.auroc == pytest.approx(metrics.roc_auc_score(true, own))
        precision = metrics.average_precision_score(true, own)
        assert of_class.average_precision == pytest.approx(precision)
    assert (of_single.classes[-1].auroc, of_single.classes[-1].average_precision) == (None, None)
    areas = [each.auroc or 0.0 for each in of_single.classes[:-1]]
    assert of_single.values["auroc"] == pytest.approx(np.mean(areas))  # the absent class left out


def test_equal_scores_share_their_rank(single: Predictions) -> None:
    assert single.logits is not None
    truth = single.truth[:, None] == np.arange(CLASSES - 1)
    areas, precisions = class_rankings(single.logits[:, :-1], truth)  # few different numbers
    scores = single.logits[:, :-1].numpy()
    assert areas == pytest.approx(metrics.roc_auc_score(truth, scores, average=None))
    assert precisions == pytest.approx(metrics.average_precision_score(truth, scores, average=None))


def test_rankings_in_blocks_are_the_same(
    single: Predictions, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert single.logits is not None
    whole = class_rankings(single.logits, single.truth)
    monkeypatch.setattr("textcnn.evaluation.measures.ranking.COPIED", 2 * TEXTS)
    np.testing.assert_array_equal(class_rankings(single.logits, single.truth), whole)


def test_measures_of_label_sets_are_scikit_learns(sets: Predictions, of_sets: Measures) -> None:
    true, predicted, values = sets.truth, sets.chosen_sets, of_sets.values
    some = true.any(axis=0)
    assert values["weighted_f1"] == pytest.approx(
        metrics.f1_score(true, predicted, average="weighted", zero_division=0)
    )
    assert sets.logits is not None
    scores = sets.logits.numpy()
    assert values["auroc"] == pytest.approx(metrics.roc_auc_score(true[:, some], scores[:, some]))
    assert values["average_precision"] == pytest.approx(
        metrics.average_precision_score(true[:, some], scores[:, some])
    )
    labelled = true.any(axis=1)
    for k in (1, 3, 5):
        assert values[f"ndcg_at_{k}"] == pytest.approx(
            metrics.ndcg_score(true[labelled], scores[labelled], k=k)
        )
    assert [each.threshold for each in of_sets.classes] == [0.5, 0.5, 0.4, 0.4, 0.3, 0.9]
    assert "matthews" not in values


def test_precision_and_recall_at_k_by_hand() -> None:
    top = torch.tensor([[0, 1, 2], [2, 1, 0], [1, 0, 2]])
    truth = np.array([[1, 0, 1, 1], [0, 0, 1, 0], [0, 0, 0, 0]], bool)
    at = label_rankings(top, truth, 3)
    assert at["precision_at_3"] == pytest.approx((2 / 3 + 1 / 3 + 0) / 3)
    assert at["recall_at_3"] == pytest.approx((2 / 3 + 1) / 2)  # of the texts that have a label
    ideal = 1 + 1 / np.log2(3) + 1 / 2
    assert at["ndcg_at_3"] == pytest.approx(((1 + 1 / 2) / ideal + 1) / 2)


def test_undefined_measures_are_none() -> None:
    one = predictions(torch.tensor([[1.0, 0.0], [2.0, 0.0]]), np.array([0, 0]))
    of_one = measure(one)
    assert of_one.values["matthews"] is None
    assert of_one.values["auroc"] is None
    assert of_one.intervals["matthews"] is None
    assert of_one.classes[1].recall is None
    assert "top_3_accuracy" not in of_one.values
    none = measure(replace(one, logits=None))
    assert none.values["average_precision"] is None


def test_a_class_that_training_lacks_counts_as_a_mistake() -> None:
    logits = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    of_unseen = measure(predictions(logits, np.array([0, 1, 2])))
    assert of_unseen.values["balanced_accuracy"] == pytest.approx(2 / 3)
    assert of_unseen.values["auroc"] == pytest.approx((0.75 + 1) / 2)
    assert len(of_unseen.classes) == 2


@pytest.mark.parametrize(
    ("right", "count", "expected"),
    [  # Newcombe (1998), table I, method 3
        (81, 263, (0.2553, 0.3662)),
        (15, 148, (0.0624, 0.1605)),
        (0, 20, (0.0, 0.1611)),
        (29, 29, (0.8830, 1.0)),
    ],
)
def test_wilson_intervals_are_the_published_ones(
    right: int, count: int, expected: tuple[float, float]
) -> None:
    assert wilson(right, count) == pytest.approx(expected, abs=5e-5)
    assert wilson(0, 0) is None


def test_bootstrapped_accuracy_agrees_with_its_standard_error() -> None:
    generator = np.random.default_rng(2)
    truth = generator.integers(0, 3, 2000)
    predicted = np.where(generator.random(2000) < 0.8, truth, 0)
    cells = Cells.of_classes(truth, predicted, 3)

    def accuracy(totals: np.ndarray) -> Any:
        return totals[..., 0].sum(axis=-1) / 2000

    drawn = bootstrap(cells, {"accuracy": accuracy}, seed=0)["accuracy"]
    share = np.mean(truth == predicted)
    half = 1.96 * np.sqrt(share * (1 - share) / 2000)
    assert drawn == pytest.approx([share - half, share + half], abs=0.003)
    again = bootstrap(cells, {"accuracy": accuracy}, seed=0)["accuracy"]
    np.testing.assert_array_equal(again, drawn)
    other = bootstrap(cells, {"accuracy": accuracy}, seed=1)["accuracy"]
    assert (other != drawn).any()


def test_cells_hold_the_counts_of_the_texts(sets: Predictions) -> None:
    cells = Cells.of_sets(sets.truth, sets.chosen_sets)
    assert cells.counts.sum() == TEXTS
    assert len(cells.counts) < TEXTS
    parts = (sets.truth & sets.chosen_sets, sets.chosen_sets, sets.truth)
    expected = np.stack([part.sum(axis=0) for part in parts], axis=1)
    np.testing.assert_array_equal(cells.totals(cells.counts[None])[0], expected)


def test_intervals_hold_their_measure(of_single: Measures, of_sets: Measures) -> None:
    for measures in (of_single, of_sets):
        for name, ends in measures.intervals.items():
            assert ends is not None
            value = measures.values.get(name)
            assert value is None or ends[0] <= value <= ends[1]
    f1 = of_sets.classes[0].f1
    assert f1 is not None
    assert 0 < f1[0] < f1[1] < 1
    assert of_single.classes[-1].f1 is None  # no text has it


def test_many_classes_take_no_memory_with_their_square(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textcnn.evaluation.measures.intervals.DRAWN", 0)  # fewest resamples
    classes, size = 10_000, 20
    logits = torch.zeros(size, classes)
    tracemalloc.start()
    labels = tuple(map(str, range(classes)))
    of_many = measure(predictions(logits, np.arange(size), labels=labels))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < classes**2
    assert of_many.values["balanced_accuracy"] == 1 / size
    assert of_many.classes == ()
