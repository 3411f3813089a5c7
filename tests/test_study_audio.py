import json

import pytest

from textcnn.studies import hearing, sound
from textcnn.studies.audio import AUDIO
from textcnn.studies.figures import style
from textcnn.studies.study import Measurement, Plan, Point, Results, agrees


@pytest.mark.parametrize(("reach", "share"), [(1, 0.5), (17, 0.5), (18, 1.0), (96, 1.0)])
def test_a_window_must_hold_a_bit_of_both_pips(reach: int, share: float) -> None:
    assert hearing.predict(hearing.waveform(reach)) == share


def test_short_frames_hear_one_pip_and_long_ones_both() -> None:
    assert hearing.predict(hearing.DEAF) == 0.5
    assert hearing.predict(hearing.EARS["spectrogram"]) == 1.0


def test_sizes_are_those_of_the_sounds() -> None:
    assert (hearing.RATE, hearing.PIP, hearing.GAP) == (sound.RATE, sound.PIP, sound.GAP)
    assert hearing.KEYWORD == sound.KEYWORD == len(sound.keyword(True))


def test_keywords_stay_away_from_the_ends() -> None:
    starts = [start for place in range(2 * hearing.PLACES) for start in hearing.begins(place, 1)]
    reach = max(ear.reach for ear in hearing.EARS.values())
    assert min(starts) >= reach - 1
    assert max(starts) + hearing.KEYWORD <= hearing.SAMPLES - (reach - 1)


def test_a_wrong_accuracy_is_a_disagreement() -> None:
    values = {"correct": 75, "texts": 100, "gap_before": 0.0, "gap_after": 1.0}
    point = Point("reach 8", {"kernel": 8})
    claims = AUDIO.claims(Results((Measurement(point, 0, values),)))
    assert [claim.holds for claim in claims] == [False, True, False]


@pytest.mark.parametrize("correct", [50, 100])
def test_faint_edges_are_numbers_of_which_theory_is_silent(correct: int) -> None:
    values = {"correct": correct, "texts": 100, "gap_before": 0.0, "gap_after": 0.25}
    point = Point("reach 24", {"kernel": 24})
    claims = AUDIO.claims(Results((Measurement(point, 0, values),)))
    assert [claim.holds for claim in claims] == [None, None]
    assert claims[1].measured == "0 and 2.5e-01"


@pytest.mark.slow
def test_a_quick_look_agrees_with_theory() -> None:
    results = Results(
        tuple(
            Measurement(point, 0, json.loads(json.dumps(AUDIO.measure(point.settings, 0))))
            for point in AUDIO.points(Plan(True, 1, "", {}))
        )
    )
    claims = AUDIO.claims(results)
    assert agrees(claims), [claim for claim in claims if claim.holds is False]
    with style():
        assert AUDIO.drawings(results)
    assert len({len(row) for row in AUDIO.table(results)}) == 1
