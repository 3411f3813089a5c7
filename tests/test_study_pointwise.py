"""The study of a kernel of one word."""

import json
from dataclasses import replace

import numpy as np
import pytest
from drawn import texts_of

from textcnn.studies.pointwise import POINTWISE, SENTENCE
from textcnn.studies.shared.study import Measurement, Plan, Results, agrees


@pytest.fixture(scope="module")
def measured() -> Results:
    points = POINTWISE.points(Plan(True, 1, "", {}))
    return Results(
        tuple(
            Measurement(p, 1, json.loads(json.dumps(POINTWISE.measure(p.settings, 1))))
            for p in points
        )
    )


def test_one_word_is_seen_and_order_is_not(measured: Results) -> None:
    claims = POINTWISE.claims(measured)
    assert {claim.theorem for claim in claims} == {"T0", "T1"}
    assert agrees(claims)


def test_theory_says_what_each_pooling_keeps(measured: Results) -> None:
    """The set of words, their shares, their counts."""
    kept = {
        c.statement: c.predicted for c in POINTWISE.claims(measured) if "≤ 1e-05" in c.predicted
    }
    # each besides both orders of two words
    assert sum("max" in statement for statement in kept) == 3 + 1
    assert sum("mean" in statement for statement in kept) == 2 + 1
    assert sum("sum" in statement for statement in kept) == 1 + 1


@pytest.mark.parametrize("point", ["keyword, max", "order, sum"])
def test_numbers_that_are_not_as_predicted_disagree(measured: Results, point: str) -> None:
    wrong = Results(
        tuple(
            replace(m, values=m.values | {"correct": round(0.9 * m.values["texts"])})
            if m.point.name == point
            else m
            for m in measured.measurements
        )
    )
    assert not agrees(POINTWISE.claims(wrong))


def test_the_figure_and_the_table_show_what_was_measured(measured: Results) -> None:
    (drawing,) = POINTWISE.drawings(measured)
    sentence, reordered, _ = drawing.figure.axes
    words = texts_of(sentence.get_xticklabels())
    assert words == [*SENTENCE.split(), "max"]
    for axes in (sentence, reordered):
        (image,) = axes.images
        grid = image.get_array()
        assert grid is not None
        *features, gap, largest = np.asarray(grid).T
        assert np.isnan(gap).all()
        np.testing.assert_array_equal(largest, np.max(features, axis=0))
    assert [row[0] for row in POINTWISE.table(measured)] == ["pooling", "max", "mean", "sum"]
