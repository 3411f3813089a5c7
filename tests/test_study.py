"""Claims, rates and verdicts."""

import pytest

from textcnn.studies.shared.study import (
    Claim,
    Measurement,
    Plan,
    Point,
    Rate,
    Results,
    accuracy,
    agrees,
    different_logits,
    equal_logits,
    silent,
    verdict,
)


def test_intervals_are_wilsons() -> None:
    # Wilson 1927 for 8 of 10, worked out by hand
    low, high = Rate(8, 10).interval
    assert low == pytest.approx(0.4902, abs=1e-4)
    assert high == pytest.approx(0.9433, abs=1e-4)
    assert Rate(10, 10).interval[1] == 1.0
    assert Rate(0, 10).interval[0] == 0.0
    assert str(Rate(50, 100)) == "50.0 % (40.4 to 59.6)"


def test_repeating_a_text_narrows_no_interval() -> None:
    once = {"correct": 8, "texts": 10}
    assert Rate.of([once]).interval == Rate(8, 10).interval
    assert Rate.of([once] * 3).interval == Rate(8, 10).interval
    twice = {"correct": 16, "texts": 20, "different": 10}
    assert Rate.of([once, twice]).interval == Rate(8, 10).interval
    assert Rate.of([once, twice]).texts == 30


def test_a_range_over_seeds_is_given_if_networks_differ() -> None:
    values = [{"correct": correct, "texts": 10} for correct in (5, 9, 7)]
    assert str(Rate.of(values)).endswith("; seeds 50.0 to 90.0)")
    assert "seeds" not in str(Rate.of(values[:1] * 3))


def test_equal_logits_are_equal_to_five_places() -> None:
    assert equal_logits("T2", "s", 1e-5).holds is True
    assert equal_logits("T2", "s", 1.1e-5).holds is False
    assert equal_logits("T2", "s", float("nan")).holds is False
    assert different_logits("T2", "s", 1e-5).holds is False
    assert different_logits("T2", "s", 1e-4).holds is True


def test_an_accuracy_agrees_within_three_points() -> None:
    assert accuracy("T2", "s", 0.5, Rate(53, 100)).holds is True
    assert accuracy("T2", "s", 0.5, Rate(54, 100)).holds is False
    assert accuracy("T2", "s", 1.0, Rate(96, 100)).holds is False


def test_one_failed_claim_makes_a_disagreement() -> None:
    claims = [equal_logits("T2", "s", 0.0), equal_logits("T2", "s", 1.0), silent("s", "7")]
    assert not agrees(claims)
    assert verdict(claims) == "disagrees with theory: 1 of 2 claims does not hold"
    assert verdict(claims[:1]) == "agrees with theory: 1 of 1 claims"


def test_results_gather_seeds_by_point() -> None:
    point, other = Point("a", {}, 2), Point("b", {})
    values = {"correct": 3, "texts": 4}
    results = Results(
        (
            Measurement(point, 0, values),
            Measurement(other, 0, {}),
            Measurement(point, 1, values | {"correct": 1}),
        )
    )
    assert results.rate("a") == Rate(4, 8, different=4, seeds=(0.75, 0.25))
    assert results.points() == [point, other]
    assert results.first("a") == values


def test_a_quick_plan_picks_few_points() -> None:
    assert Plan(True, 1, "", {}).pick([1], [1, 2]) == [1]
    assert Plan(False, 3, "", {}).pick([1], [1, 2]) == [1, 2]


def test_claims_are_plain_values() -> None:
    assert Claim("T1", "s", "p", "m", None).as_json() == {
        "theorem": "T1",
        "statement": "s",
        "predicted": "p",
        "measured": "m",
        "holds": None,
        "why": "",
    }
