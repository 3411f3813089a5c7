import json

import pytest
from drawn import heights_of, points_of, texts_of

from textcnn.studies.boundary import boundary
from textcnn.studies.boundary.boundary import BOUNDARY
from textcnn.studies.boundary.layers import MODES, NETWORKS, differing_in_filler, over_the_ends
from textcnn.studies.shared.figures import style
from textcnn.studies.shared.markers import predict_halves
from textcnn.studies.shared.study import Measurement, Plan, Results, agrees


@pytest.mark.parametrize(
    ("network", "ends"),
    [("kernel 3", (1, 1)), ("kernel 9", (4, 4)), ("pooled", (3, 3)), ("dilations", (7, 7))],
)
def test_windows_over_the_ends_as_counted_by_hand(network: str, ends: tuple[int, int]) -> None:
    assert over_the_ends(NETWORKS[network]) == ends


def test_accuracy_on_halves_as_computed_by_hand() -> None:
    # valid and zeros tell R - 1 places at each end, circular none
    shares = [predict_halves(mode, 40, 5) for mode in ("valid", "zeros", "circular")]
    assert shares == [0.5 + 4 / 40, 0.5 + 4 / 40, 0.5]


def test_only_zeros_differ_from_constant_filler() -> None:
    counts = [differing_in_filler(NETWORKS["kernel 5"], mode) for mode in MODES]
    assert counts == [0, 4, 0, 0, 0]


def test_another_count_is_a_disagreement() -> None:
    assert boundary.count_claim("T12", "", 4, [4, 4]).holds
    assert not boundary.count_claim("T12", "", 4, [4, 5]).holds


@pytest.mark.slow
def test_a_quick_run_agrees_with_theory() -> None:
    results = Results(
        tuple(
            Measurement(point, 0, json.loads(json.dumps(BOUNDARY.measure(point.settings, 0))))
            for point in BOUNDARY.points(Plan(True, 1, "", {}))
        )
    )
    claims = BOUNDARY.claims(results)
    assert agrees(claims), [claim for claim in claims if claim.holds is False]
    with style():
        (drawing,) = BOUNDARY.drawings(results)
    first, last, margins, halves = drawing.figure.axes
    assert texts_of(first.get_yticklabels()) == list(MODES)
    assert first.get_xlim() == (-2.5, 7.5)
    assert last.get_xlim() == (27.5, 37.5)
    (found,) = margins.lines
    assert points_of(found)[0] == [2, 4, 6, 8]  # counted by hand, as for theory
    assert heights_of(halves) == pytest.approx([60, 60, 55, 50, 57.5])
    assert len({len(row) for row in BOUNDARY.table(results)}) == 1
