import json

import pytest
from drawn import heights_of, texts_of

from textcnn.studies import translation
from textcnn.studies.audio import sound
from textcnn.studies.shared.figures import style
from textcnn.studies.shared.study import Measurement, Plan, Point, Results, agrees
from textcnn.studies.translation import TRANSLATION, predict


@pytest.mark.parametrize(
    ("knowing", "share"),
    [("max", 0.25), ("2 chunks", 0.5), ("4 chunks", 1.0), ("position", 1.0), ("flatten", 1.0)],
)
def test_accuracy_grows_with_what_a_network_knows_about_positions(
    knowing: str, share: float
) -> None:
    assert predict(knowing) == share


def test_melodies_stay_away_from_the_ends() -> None:
    length = translation.MELODY_NOTES * sound.PIP
    assert min(translation.ONSETS) >= 95
    assert max(translation.ONSETS) + length <= translation.BEAT - 95


def test_a_wrong_accuracy_is_a_disagreement() -> None:
    values = {"correct": 75, "texts": 100, "gap_before": 0.0, "gap_after": 1.0}
    point = Point("waveform, max", {"front": "waveform", "knowing": "max"})
    claims = TRANSLATION.claims(Results((Measurement(point, 0, values),)))
    assert [claim.holds for claim in claims] == [True, False, False]


@pytest.mark.slow
def test_a_quick_run_agrees_with_theory() -> None:
    results = Results(
        tuple(
            Measurement(point, 0, json.loads(json.dumps(TRANSLATION.measure(point.settings, 0))))
            for point in TRANSLATION.points(Plan(True, 1, "", {}))
        )
    )
    claims = TRANSLATION.claims(results)
    assert agrees(claims), [claim for claim in claims if claim.holds is False]
    with style():
        (drawing,) = TRANSLATION.drawings(results)
    first, third, accuracies = drawing.figure.axes
    assert (first.get_title(loc="left"), third.get_title(loc="left")) == ("at beat 1", "at beat 3")
    assert heights_of(accuracies) == [25, 50, 100, 100]
    names = texts_of(accuracies.get_xticklabels())
    assert names == ["max pooling", "2 chunks", "4 chunks", "position channel"]
    assert len({len(row) for row in TRANSLATION.table(results)}) == 1
