import json

import numpy as np
import pytest
from drawn import heights_of
from hypothesis import given
from hypothesis import strategies as st

from textcnn.studies import symmetry
from textcnn.studies.shared.figures import style
from textcnn.studies.shared.study import Measurement, Plan, Results, agrees
from textcnn.studies.symmetry import SYMMETRY, convolve, correlate

NUMBERS = st.lists(st.integers(-9, 9).map(float), min_size=1, max_size=6)


@given(NUMBERS, NUMBERS)
def test_convolution_equals_that_of_numpy(f: list[float], g: list[float]) -> None:
    np.testing.assert_allclose(convolve(f, g), np.convolve(f, g))


def test_products_as_computed_by_hand() -> None:
    assert convolve([1, 2], [3, 4]) == convolve([3, 4], [1, 2]) == [3, 10, 8]
    assert correlate([1, 2], [3, 4]) == [6, 11, 4]
    assert correlate([3, 4], [1, 2]) == [4, 11, 6]


def test_the_layer_computes_what_the_definition_says() -> None:
    made = symmetry.measure_numbers(0)["products"]
    f, g = [*symmetry.F], [*symmetry.G]
    expected = [convolve(f, g), convolve(g, f), correlate(f, g), correlate(g, f)]
    assert [made[name] for name in symmetry.PRODUCTS] == expected


def test_a_gap_is_a_disagreement() -> None:
    assert not symmetry.exact("", 1e-3).holds
    assert not symmetry.unequal("", 0.0).holds


@pytest.mark.slow
def test_a_quick_run_agrees_with_theory() -> None:
    results = Results(
        tuple(
            Measurement(point, 0, json.loads(json.dumps(SYMMETRY.measure(point.settings, 0))))
            for point in SYMMETRY.points(Plan(True, 1, "", {}))
        )
    )
    claims = SYMMETRY.claims(results)
    assert agrees(claims), [claim for claim in claims if claim.holds is False]
    with style():
        (drawing,) = SYMMETRY.drawings(results)
    heights = {axes.get_title(loc="left"): heights_of(axes) for axes in drawing.figure.axes}
    assert heights["f"] == [*symmetry.F]
    assert heights["f * g"] == heights["g * f"] == convolve([*symmetry.F], [*symmetry.G])
    assert heights["g ⋆ f"] == heights["f ⋆ g"][::-1]
    assert len({len(row) for row in SYMMETRY.table(results)}) == 1
