import json

import pytest
from drawn import points_of
from numpy.lib.stride_tricks import sliding_window_view

from textcnn.studies.audio import keywords, sound
from textcnn.studies.audio.audio import AUDIO
from textcnn.studies.audio.linear_programs import Windows, separating
from textcnn.studies.shared.figures import style
from textcnn.studies.shared.study import Measurement, Plan, Point, Results, agrees


@pytest.mark.parametrize(("reach", "share"), [(1, 0.5), (17, 0.5), (18, 1.0), (96, 1.0)])
def test_a_window_must_hold_part_of_both_pips(reach: int, share: float) -> None:
    assert keywords.predict(keywords.waveform(reach)) == share


def test_short_frames_hear_one_pip_and_long_ones_both() -> None:
    assert keywords.predict(keywords.DEAF) == 0.5
    assert keywords.predict(keywords.EARS["spectrogram"]) == 1.0


def test_a_keyword_is_two_pips_and_a_gap() -> None:
    assert len(sound.keyword(True)) == sound.KEYWORD == 2 * sound.PIP + sound.GAP


def test_keywords_stay_away_from_the_ends() -> None:
    starts = [start for slot in range(2 * keywords.SLOTS) for start in keywords.begins(slot, 1)]
    reach = max(ear.reach for ear in keywords.EARS.values())
    assert min(starts) >= reach - 1
    assert max(starts) + sound.KEYWORD <= keywords.SAMPLES - (reach - 1)


def test_a_wrong_accuracy_is_a_disagreement() -> None:
    values = {"correct": 75, "texts": 100, "gap_before": 0.0, "gap_after": 1.0, "witness": None}
    point = Point("reach 8", {"kernel": 8})
    claims = AUDIO.claims(Results((Measurement(point, 0, values),)))
    assert [claim.holds for claim in claims] == [False, True, True, False]


def test_weights_that_training_misses_are_a_disagreement_with_a_reason() -> None:
    values = {"correct": 50, "texts": 100, "gap_before": 0.0, "gap_after": 0.25, "witness": None}
    point = Point("reach 24", {"kernel": 24})
    claim, witness = AUDIO.claims(Results((Measurement(point, 0, values),)))
    assert (claim.predicted, claim.holds) == ("100.0 %", False)
    assert "training gets no gradient" in claim.why
    assert (witness.predicted, witness.holds) == ("some", False)


def heard(rising: bool, reach: int) -> Windows:
    """The windows of a keyword in silence."""
    return sliding_window_view(sound.silence_around(sound.keyword(rising), 200, 480), reach)


@pytest.mark.parametrize(("reach", "exists"), [(8, False), (17, False), (18, True), (24, True)])
def test_some_filter_distinguishes_the_orders_if_a_window_holds_part_of_both_pips(
    reach: int, exists: bool
) -> None:
    one, other = heard(True, reach), heard(False, reach)
    weights = separating(one, other)
    assert (weights is not None) is exists
    if weights is not None:
        assert (one @ weights).max() > (other @ weights).max()


def test_linear_programs_find_weights_that_training_misses() -> None:
    values = keywords.measure_reach(keywords.waveform(18), 0)
    assert values["witness"] == {"correct": 200, "texts": 200}
    point = Point("reach 18", {"kernel": 18})
    trained, witness = AUDIO.claims(Results((Measurement(point, 0, values),)))
    assert (trained.holds, witness.holds) == (False, True)


@pytest.mark.slow
def test_a_quick_run_agrees_with_theory() -> None:
    results = Results(
        tuple(
            Measurement(point, 0, json.loads(json.dumps(AUDIO.measure(point.settings, 0))))
            for point in AUDIO.points(Plan(True, 1, "", {}))
        )
    )
    claims = AUDIO.claims(results)
    assert agrees(claims), [claim for claim in claims if claim.holds is False]
    with style():
        (drawing,) = AUDIO.drawings(results)
    waveform, spectrogram, by_position, by_reach = drawing.figure.axes
    assert len(points_of(waveform.lines[0])[0]) == keywords.SAMPLES
    (image,) = spectrogram.images
    assert image.get_array() is not None
    assert by_position.get_xlabel() == "start of the keyword in ms"
    (theory, *_) = by_reach.lines
    assert set(points_of(theory)[1]) == {50.0, 100.0}
    assert len({len(row) for row in AUDIO.table(results)}) == 1
