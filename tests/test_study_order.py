"""The study of order: what theory predicts of each network, and what claims become of numbers."""

from random import Random

import pytest

from textcnn.studies.order.architectures import ARCHITECTURES, chunk_ceiling, distances, predict
from textcnn.studies.order.look_alikes import look_alikes
from textcnn.studies.order.order import ORDER
from textcnn.studies.order.shifts import neighbours
from textcnn.studies.shared.distances import ranges
from textcnn.studies.shared.study import Measurement, Plan, Point, Results, agrees
from textcnn.studies.shared.theory import ceiling

REACH = {"one": 1, "width": 3, "widths": 5, "hole": 9, "dilated": 15, "deep": 9, "gated": 9}


def seen(name: str) -> list[int]:
    architecture = ARCHITECTURES[name]
    return [d for d in distances(architecture) if predict(architecture, d) == 1.0]


def test_networks_reach_as_far_as_their_kernels() -> None:
    assert {name: ARCHITECTURES[name].reach for name in REACH} == REACH


def test_predictions_as_computed_by_hand() -> None:
    assert seen("one") == []
    assert seen("width") == seen("mean") == [1, 2]
    assert seen("widths") == [1, 2, 3, 4]
    assert seen("hole") == [4, 8]
    assert seen("dilated") == list(range(1, 15))
    assert seen("char") == [1, 2, 3]  # seven characters hold four words of one letter
    assert seen("learned") == seen("kmax") == seen("flatten") == list(range(1, 19))


def test_nothing_is_predicted_for_random_filler_if_windows_chain() -> None:
    assert distances(ARCHITECTURES["random"]) == [1, 2, *range(5, 19)]


def test_chunks_reveal_the_order_of_markers_in_different_chunks() -> None:
    # 12 places, 4 chunks of 3: neighbours from places 1 to 9 on straddle a border at 2, 5, 8
    assert chunk_ceiling(12, 1, 1) == pytest.approx(0.5 + 0.5 * 3 / 9)
    # far from the ends it is ½ + ½ d / C
    assert chunk_ceiling(800, 1, 50) == pytest.approx(0.5 + 0.5 / 4, abs=0.05)
    assert chunk_ceiling(40, 1, 10) == 1.0


def test_look_alikes_come_in_blocks_of_both_orders() -> None:
    (one, first), (other, second) = look_alikes(2, 1, Random(0))
    assert [word for word in one.split() if word != "o"] == ["a", "a", "b", "b"]
    assert [word for word in other.split() if word != "o"] == ["b", "b", "a", "a"]
    assert (first, second) == ("ab", "ba")


def test_neighbours_stand_side_by_side() -> None:
    assert neighbours([1], 4) == [("o a b o", "ab"), ("o b a o", "ba")]


def test_distances_are_reported_in_ranges() -> None:
    assert ranges([1, 2, 3, 5, 8, 9]) == "d = 1 to 3, 5, 8 to 9"


def results(correct: list[int], gap: float) -> Results:
    """Of a network of width 3 at distances 1, 2 and 3."""
    values = {
        "distances": [1, 2, 3],
        "asked": [{"correct": each, "texts": 100} for each in correct],
        "gap_before": [1.0, 1.0, gap],
        "gap_after": [1.0, 1.0, gap],
    }
    point = Point("width", {"architecture": "width"})
    return Results((Measurement(point, 0, values),))


def test_numbers_as_predicted_agree() -> None:
    claims = ORDER.claims(results([100, 99, 50], 0.0))
    assert len(claims) == 5
    assert agrees(claims)


@pytest.mark.parametrize(
    ("correct", "gap"), [([100, 100, 50], 1e-4), ([100, 96, 50], 0.0), ([100, 100, 54], 0.0)]
)
def test_other_numbers_disagree(correct: list[int], gap: float) -> None:
    assert not agrees(ORDER.claims(results(correct, gap)))


def test_a_quick_run_measures_few_networks() -> None:
    assert len(ORDER.points(Plan(True, 1, "", {}))) == 5
    assert len(ORDER.points(Plan(False, 3, "", {}))) == len(ARCHITECTURES) + 5 + 2


@pytest.mark.slow
@pytest.mark.parametrize("name", ["width", "hole"])
def test_trained_networks_see_as_far_as_predicted(name: str) -> None:
    point = Point(name, {"architecture": name})
    values = ORDER.measure(point.settings, 5)
    assert agrees(ORDER.claims(Results((Measurement(point, 5, values),))))


def test_identical_texts_leave_an_even_chance() -> None:
    assert ceiling([("same", "ab"), ("same", "ba")]) == 0.5
