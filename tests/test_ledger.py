"""What has been measured stays measured."""

import json
from pathlib import Path
from typing import Any

import pytest
from tiny_data import read_json, refusal

from textcnn.studies.order.order import ORDER
from textcnn.studies.shared.study import Point, equal_logits
from textcnn.studies.symmetry import SYMMETRY
from textcnn.studies.tour.ledger import Ledger

POINTS = [Point("a", {"size": 1}, 2), Point("b", {"size": 2})]


def ledger(file: Path, points: list[Point] = POINTS) -> Ledger:
    return Ledger(file, ORDER, points, first_seed=7, resume=True)


def test_each_point_is_measured_with_its_seeds(tmp_path: Path) -> None:
    assert [(p.name, seed) for p, seed in ledger(tmp_path / "order.json").missing] == [
        ("a", 7),
        ("a", 8),
        ("b", 7),
    ]


def test_a_new_ledger_lacks_only_what_was_not_measured(tmp_path: Path) -> None:
    first = ledger(tmp_path / "order.json")
    first.add(POINTS[0], 8, {"x": [1, 2.5]})
    again = ledger(tmp_path / "order.json")
    assert [(p.name, seed) for p, seed in again.missing] == [("a", 7), ("b", 7)]
    again.add(POINTS[1], 7, {"x": 3})
    again.add(POINTS[0], 7, {"x": 4})
    assert [m.values["x"] for m in again.results.measurements] == [4, [1, 2.5], 3]


def test_the_file_has_a_verdict_once_all_is_measured(tmp_path: Path) -> None:
    file = tmp_path / "order.json"
    one = ledger(file, POINTS[1:])
    one.add(POINTS[1], 7, {"x": 1})
    assert read_json(file)["agrees"] is None
    assert not one.concluded
    one.conclude(False, "disagrees", [equal_logits("T2", "s", 1.0)])
    written = read_json(file)
    assert written["agrees"] is False
    assert written["verdict"] == "disagrees"
    assert written["claims"][0]["theorem"] == "T2"
    again = ledger(file, POINTS[1:])
    assert again.results.first("b") == {"x": 1}
    assert again.concluded


def test_what_was_measured_with_other_settings_does_not_count(tmp_path: Path) -> None:
    file = tmp_path / "order.json"
    ledger(file).add(POINTS[1], 7, {"x": 1})
    other = ledger(file, [POINTS[0], Point("b", {"size": 3})])
    assert ("b", 7) in [(p.name, seed) for p, seed in other.missing]
    assert other.outdated == 1
    # a tuple comes back as a list, which is no other setting
    pair = [Point("c", {"sizes": (1, 2)})]
    ledger(file, pair).add(pair[0], 7, {"x": 1})
    assert ledger(file, pair).missing == []


def test_a_run_that_replaces_another_starts_from_scratch(tmp_path: Path) -> None:
    file = tmp_path / "order.json"
    ledger(file).add(POINTS[1], 7, {"x": 1})
    assert len(Ledger(file, ORDER, POINTS, first_seed=7, resume=False).missing) == 3


def test_results_of_another_study_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "order.json"
    ledger(file).add(POINTS[1], 7, {"x": 1})
    said = refusal(lambda: Ledger(file, SYMMETRY, POINTS, first_seed=7, resume=True))
    assert said == (
        f"{file} is not a results file of this study (its study is 'order', not 'symmetry'); "
        "delete it to measure again"
    )


GOOD = {"point": "a", "settings": {"size": 1}, "seed": 7, "values": {"x": 1}}


def written(changed: dict[str, Any]) -> str:
    return json.dumps({"study": "order", "measurements": [GOOD | changed]})


WRONG: dict[str, list[Any]] = {
    "point": [1, None, []],
    "settings": [1, None, [], "x"],
    "seed": ["7", None, True, 7.0],
    "values": [1, None, [], "x", {}],
}


@pytest.mark.parametrize(
    "content",
    [
        *("", "[]", "{}", '{"study": "order", "measurements": [1]}', "[" * 100_000),
        '{"study": "order", "measurements": {}}',
        json.dumps({"study": "order", "measurements": [{k: GOOD[k] for k in ("point", "seed")}]}),
        *(written({key: value}) for key, values in WRONG.items() for value in values),
    ],
)
def test_a_file_that_is_not_a_ledger_is_refused(content: str, tmp_path: Path) -> None:
    file = tmp_path / "order.json"
    file.write_text(content, encoding="utf-8")
    said = refusal(lambda: ledger(file))
    assert said.startswith(f"{file} is not a results file of this study (")
    assert said.endswith("; delete it to measure again")
