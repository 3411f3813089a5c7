import json

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from scipy.optimize import linprog

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


def test_what_training_does_not_find_is_a_disagreement_with_its_reason() -> None:
    values = {"correct": 50, "texts": 100, "gap_before": 0.0, "gap_after": 0.25}
    point = Point("reach 24", {"kernel": 24})
    (claim,) = AUDIO.claims(Results((Measurement(point, 0, values),)))
    assert (claim.predicted, claim.holds) == ("100.0 %", False)
    assert "training finds nothing" in claim.why


def best_gap(reach: int) -> float:
    """How much larger some filter's maximum can be in one order of the pips than in the other.

    No weight is above 1. A linear program for each window, which is to be the largest.
    """
    one, other = (
        sliding_window_view(sound.silence_around(sound.keyword(rising), 200, 480), reach)
        for rising in (True, False)
    )
    one, other = np.unique(one, axis=0), np.unique(other, axis=0)
    gaps = []
    for window in one:
        # the largest gap for which w·y + gap ≤ w·window, whatever window y of the other order
        rows = np.hstack([other - window, np.ones((len(other), 1))])
        bounds = [(-1, 1)] * reach + [(0, None)]
        found = linprog([0] * reach + [-1], rows, np.zeros(len(rows)), bounds=bounds)
        gaps.append(-found.fun)
    return float(max(gaps))


@pytest.mark.parametrize(("reach", "told"), [(17, False), (18, True), (24, True)])
def test_weights_that_tell_the_orders_exist_where_a_window_holds_a_bit_of_both(
    reach: int, told: bool
) -> None:
    assert (best_gap(reach) > 1e-3) is told


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
