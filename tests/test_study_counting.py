"""The study of counting: what theory predicts of each pooling."""

from random import Random

import pytest

from textcnn.studies.counting import COUNTING, K_MAX, doubled, predict, predict_doubled
from textcnn.studies.shared.study import Measurement, Point, Results, agrees
from textcnn.studies.shared.theory import (
    ceiling,
    reachable,
    seen_by_max,
    seen_by_mean,
    seen_by_sum,
    windows,
)


def test_max_pooling_counts_to_one_and_k_max_to_k() -> None:
    assert [predict("max", copies) for copies in (1, 2, 3)] == [0.5, 0.5, 0.5]
    assert [predict("kmax", copies) for copies in (K_MAX - 1, K_MAX)] == [1.0, 0.5]
    assert predict("sum", 9) == predict("mean", 9) == 1.0


def test_predictions_equal_the_ceilings_of_the_signatures() -> None:
    seen = reachable([1], [1])
    texts = [(windows(text.split(), seen), label) for text, label in doubled(50, Random(1))]
    assert ceiling((seen_by_mean(w), label) for w, label in texts) == predict_doubled("mean")
    assert ceiling((seen_by_sum(w), label) for w, label in texts) == predict_doubled("sum")
    assert ceiling((seen_by_max(w), label) for w, label in texts) == 0.5


def results(settings: dict[str, object], correct: int, gap: float) -> Results:
    values = {"correct": correct, "texts": 100, "gap_before": gap, "gap_after": gap}
    return Results((Measurement(Point("p", settings), 0, values),))


@pytest.mark.parametrize(
    ("correct", "gap", "agree"), [(50, 0.0, True), (54, 0.0, False), (50, 1e-4, False)]
)
def test_numbers_that_are_not_as_predicted_disagree(correct: int, gap: float, agree: bool) -> None:
    found = results({"network": "max", "copies": 1}, correct, gap)
    assert agrees(COUNTING.claims(found)) is agree


@pytest.mark.parametrize(
    "settings",
    [{"network": "kmax", "copies": 2}, {"network": "kmax", "copies": 3}],
    ids=["seen", "unseen"],
)
def test_trained_networks_count_as_predicted(settings: dict[str, object]) -> None:
    point = Point("p", settings)
    measured = Results((Measurement(point, 7, COUNTING.measure(settings, 7)),))
    assert agrees(COUNTING.claims(measured))
    assert len(COUNTING.table(measured)) == 2
