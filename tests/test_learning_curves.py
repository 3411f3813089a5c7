"""Accuracy by the number of training rows: draws, who is best, page and plot."""

import csv
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest
from curves import Draws, best_of, chosen, merge, page, plan, verdicts
from curves_plot import draw_curves, spread_out
from tiny_data import rows, write_csv


def point(way: str, count: int, *draws: float, every: bool = False) -> dict[str, Any]:
    return {
        "data": "mr",
        "rows": count,
        "all": every,
        "way": way,
        "draws": list(draws),
        "mean": sum(draws) / len(draws),
        "sd": 1.0,
        "hardware": {"device": "CPU", "cpu": "a CPU", "cores": 2, "threads": 1, "torch": "2"},
    }


POINTS = [
    point("textcnn", 100, 61.0, 63.0, 62.0),
    point("textcnn", 9595, 80.0, 80.2, every=True),
    point("svm", 100, 60.0, 62.0, 61.0),
    point("svm", 9595, 79.0, 81.3, every=True),
]


def read(overrides: tuple[str, ...], key: str) -> list[tuple[str, str]]:
    (file,) = (each.partition("=")[2] for each in overrides if each.startswith(f"{key}="))
    with Path(file).open(newline="", encoding="utf-8") as lines:
        return [(row["text"], row["label"]) for row in csv.DictReader(lines)]


def test_draws_leave_the_same_tenth_out_and_are_stratified(tmp_path: Path) -> None:
    write_csv(tmp_path / "mr.csv", rows(600))
    draws = Draws("mr", tmp_path, tmp_path / "drawn")
    assert draws.count == 540
    one, other, all_rows = (draws.overrides(n, s) for n, s in ((60, 0), (60, 1), (0, 0)))
    assert read(one, "data.test") == read(other, "data.test") == read(all_rows, "data.test")
    first, second = read(one, "data.train"), read(other, "data.train")
    assert len(first) == len(second) == 60
    assert first != second
    assert sorted({label for _, label in first}) == ["film", "sport", "tech"]
    assert sorted(read(all_rows, "data.train") + read(all_rows, "data.test")) == sorted(rows(600))


def test_even_a_small_draw_has_a_row_of_a_rare_class() -> None:
    cells = [(f"text {n}", "rare" if n < 3 else "common") for n in range(1000)]
    for seed in range(20):
        drawn = chosen(cells, 10, seed)
        assert drawn.sum() == 10
        assert drawn[:3].any()


def test_sizes_beyond_the_data_are_left_out(tmp_path: Path) -> None:
    write_csv(tmp_path / "mr.csv", rows(600))
    options = Namespace(only=["svm", "textcnn"], folder=tmp_path, work=tmp_path, seeds=1)
    cells = list(plan(["mr"], options))
    assert [(cell.rows, cell.way) for cell in cells] == [
        *((100, "svm"), (100, "textcnn")),
        *((300, "svm"), (300, "textcnn")),
        *((0, "svm"), (0, "textcnn")),
    ]
    assert cells[-1].jobs[0].title == "MR, textcnn, all rows, draw 0"


def test_the_best_have_the_highest_mean_or_are_within_a_standard_error() -> None:
    # at 100 rows every draw differs by 1; over all rows the differences are 1.0 and -1.1
    assert best_of([POINTS[0], POINTS[2]]) == ["textcnn"]
    assert best_of([POINTS[1], POINTS[3]]) == ["svm", "textcnn"]
    assert verdicts(POINTS) == {"mr": [(100, ["textcnn"]), (9595, ["svm", "textcnn"])]}


def test_new_points_replace_those_of_the_same_size_and_way() -> None:
    merged = merge(POINTS, [point("svm", 9600, 85.0, every=True)])
    assert [(each["way"], each["rows"]) for each in merged] == [
        ("svm", 100),
        ("svm", 9600),
        ("textcnn", 100),
        ("textcnn", 9595),
    ]


def test_the_page_and_the_plot(tmp_path: Path) -> None:
    points = merge([], POINTS)
    text = page(points)
    assert "| rows | runs | SVM | textcnn | best |" in text
    assert "| 9,595 | 2 | 80.2 ± 1.0 | 80.1 ± 1.0 | SVM, textcnn |" in text
    for name in ("one.png", "two.png"):
        draw_curves(points, verdicts(points), tmp_path / name)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_labels_that_would_overlap_move_apart_around_their_middle() -> None:
    assert spread_out([1.0, 5.0], 1.0) == [1.0, 5.0]
    assert spread_out([1.0, 1.0], 1.0) == [0.5, 1.5]
    assert spread_out([0.0, 2.0, 2.2, 2.4], 1.0) == pytest.approx([0.0, 1.2, 2.2, 3.2])
