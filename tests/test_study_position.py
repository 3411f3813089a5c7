"""The study of position: what the ends leak by theory, and what networks make of it."""

import pytest

from textcnn.studies.position.chunks import predict_part
from textcnn.studies.position.encodings import both_orders, predict_order
from textcnn.studies.position.position import KERNEL_SIZE, LENGTHS, POSITION, predict
from textcnn.studies.shared.markers import halves
from textcnn.studies.shared.study import Measurement, Plan, Point, Results, Values, agrees


@pytest.mark.parametrize("length", LENGTHS)
def test_ends_leak_as_far_as_the_receptive_field_by_formula(length: int) -> None:
    formula = min(1.0, 0.5 + (KERNEL_SIZE - 1) / length)
    for padding in ("valid", "zeros", "full", "causal"):
        assert predict(padding, length) == pytest.approx(formula)
    assert predict("replicate", length) == pytest.approx(0.5 + 2 / length)
    assert predict("circular", length) == 0.5
    assert 0.5 < predict("reflect", length) < formula


def test_halves_have_the_marker_everywhere() -> None:
    rows = halves(4)
    assert rows[0] == ("a o o o", "first")
    assert rows[3] == ("o o o a", "second")


def test_markers_stand_in_both_orders_at_every_distance() -> None:
    rows = both_orders(10, range(3, 10))
    assert rows[:2] == [("o o o a b o o o o o", "ab"), ("o o o b a o o o o o", "ba")]
    assert len(rows) == 2 * (6 + 5 + 3)  # distances 1, 2 and 4; 8 has no room


def test_accuracy_grows_with_the_number_of_chunks() -> None:
    assert [predict_part(chunks) for chunks in (1, 2, 4, 8, 16)] == [0.125, 0.25, 0.5, 1.0, 1.0]


def test_untrained_positions_leave_chance() -> None:
    assert predict_order(trained=True) == 1.0
    assert predict_order(trained=False) == 0.5


def test_a_ramp_that_extrapolates_contradicts_theory() -> None:
    asked = {"inside": {"correct": 50, "texts": 50}, "outside": {"correct": 75, "texts": 100}}
    point = Point("ramp positions", {"position": "ramp"})
    trained, behind = POSITION.claims(Results((Measurement(point, 0, asked),)))
    assert (trained.holds, behind.holds) == (True, False)
    assert "straight line" in behind.why


def test_numbers_that_are_not_as_predicted_disagree() -> None:
    def asked(correct: list[int]) -> list[Values]:
        return [{"correct": c, "texts": n} for c, n in zip(correct, LENGTHS, strict=True)]

    right = [round(predict("valid", length) * length) for length in LENGTHS]

    def claims_hold(**changed: object) -> bool:
        values = {"asked": asked(right), "gap_before": 0.0, "gap_after": 0.0} | changed
        point = Point("valid", {"padding": "valid"})
        return agrees(POSITION.claims(Results((Measurement(point, 0, values),))))

    assert claims_hold()
    assert not claims_hold(asked=asked([n - 2 for n in right]))
    assert not claims_hold(gap_after=1e-4)


@pytest.mark.parametrize("name", ["circular", "2 chunks", "masks"])
def test_networks_do_as_theory_says(name: str) -> None:
    point = next(p for p in POSITION.points(Plan(False, 1, "", {})) if p.name == name)
    values = POSITION.measure(point.settings, 4)
    assert agrees(POSITION.claims(Results((Measurement(point, 4, values),))))
