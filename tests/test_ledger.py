"""What has been measured stays measured."""

from pathlib import Path

import pytest
from tiny_data import read_json, refusal

from textcnn.studies.ledger import Ledger
from textcnn.studies.order import ORDER
from textcnn.studies.study import Point, equal_logits

POINTS = [Point("a", {"size": 1}, 2), Point("b", {"size": 2})]


def ledger(file: Path, points: list[Point] = POINTS) -> Ledger:
    return Ledger(file, ORDER, points, first_seed=7)


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


def test_the_verdict_stands_in_the_file_once_all_is_measured(tmp_path: Path) -> None:
    file = tmp_path / "order.json"
    one = ledger(file, POINTS[1:])
    one.add(POINTS[1], 7, {"x": 1})
    assert read_json(file)["agrees"] is None
    one.conclude([equal_logits("T2", "s", 1.0)])
    written = read_json(file)
    assert written["agrees"] is False
    assert written["verdict"] == "disagrees with theory: 1 of 1 claims do not hold"
    assert written["claims"][0]["theorem"] == "T2"
    assert ledger(file, POINTS[1:]).results.first("b") == {"x": 1}


@pytest.mark.parametrize("content", ["", "[]", '{"measurements": [1]}', "{}"])
def test_a_file_of_something_else_is_refused(content: str, tmp_path: Path) -> None:
    file = tmp_path / "order.json"
    file.write_text(content, encoding="utf-8")
    said = refusal(lambda: ledger(file))
    assert said.startswith(f"{file} holds no results of a study")
    assert said.endswith("remove it to measure again")
