"""The study of nesting: what a set of windows allows, and what networks make of it."""

import pytest

from textcnn.studies.nesting import DISTANCES, NESTING, REACH, predict
from textcnn.studies.shared.study import Measurement, Point, Results, Values, agrees


@pytest.mark.parametrize("task", ["brackets", "duplicate"])
def test_the_set_of_windows_decides_within_the_receptive_field_and_not_beyond(task: str) -> None:
    assert [predict(task, distance) for distance in DISTANCES] == [
        1.0 if distance < REACH else 0.5 for distance in DISTANCES
    ]


def test_the_ends_of_a_text_share_no_window() -> None:
    assert predict("agreement", 23) == 0.5


def asked(*correct: int) -> list[Values]:
    return [{"correct": each, "texts": 100} for each in correct]


def test_numbers_that_are_not_as_predicted_disagree() -> None:
    values = {
        "distances": [1, 5],
        "asked": asked(100, 50),
        "gap_before": [1.0, 0.0],
        "gap_after": [1.0, 0.0],
    }
    point = Point("duplicate, convolution", {"task": "duplicate", "network": "convolution"})

    def claims_hold(**changed: object) -> bool:
        return agrees(NESTING.claims(Results((Measurement(point, 0, values | changed),))))

    assert claims_hold()
    assert not claims_hold(asked=asked(100, 55))
    assert not claims_hold(asked=asked(90, 50))
    assert not claims_hold(gap_after=[1.0, 1e-3])


def test_a_trained_network_recognises_no_equal_ends() -> None:
    point = Point("agreement, convolution", {"task": "agreement", "network": "convolution"})
    measured = Results((Measurement(point, 3, NESTING.measure(point.settings, 3)),))
    assert agrees(NESTING.claims(measured))
