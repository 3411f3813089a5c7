"""The benchmark: its opponent is right, and so is what it makes of numbers."""

import csv
import json
import random
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import torch
from goals import GOALS, training
from measure import Measured, alternate, faster_threads, ratio, slope
from prediction import Program
from report import replace_between, write_report
from results import load_results, measured, save_results
from tables import table
from usual import basic_english, with_weights_of

from textcnn.models.build import build_model
from textcnn.text.tokenizers import build_tokenizer

BENCH = Path(__file__).parents[1] / "scripts" / "bench"


def test_the_usual_implementation_computes_the_same_logits() -> None:
    model = build_model(
        "multi_width",
        vocabulary_size=50,
        num_classes=3,
        embedding_dim=8,
        kernel_sizes=(3, 4, 5),
        num_filters=6,
        dropout=0.5,
    ).eval()
    ids = torch.randint(2, 50, (7, 12))  # no padding: the usual implementation convolves it
    usual = with_weights_of(model.state_dict()).eval()
    torch.testing.assert_close(usual(ids), model(ids, torch.full((7,), 12)), rtol=0, atol=1e-5)


def test_the_usual_tokens_are_textcnns() -> None:
    text = 'A "fine" film;<br />isn\'t it? (Yes: very!) 3.5, or so.'
    assert basic_english(text) == list(build_tokenizer("word", tokenizer="basic_english")(text))


def test_contestants_take_turns_and_the_first_turn_is_not_counted() -> None:
    turns: list[str] = []

    def contestant(name: str) -> float:
        turns.append(name)
        return float(len(turns))

    measured = alternate({name: partial(contestant, name) for name in "ab"}, 2)
    assert "".join(turns) == "ababab"
    assert measured["a"].values == (3.0, 5.0)
    assert measured["b"].values == (4.0, 6.0)


def test_median_and_spread_by_hand() -> None:
    measured = Measured((8.0, 10.0, 13.0))
    assert measured.median == 10
    assert measured.spread == 0.25  # (13 - 8) / 2 / 10


def test_a_ratio_is_of_the_same_turn() -> None:
    # 2, 4 and 3; the ratio of the medians would be 40 / 10
    assert ratio(Measured((40.0, 20.0, 90.0)), Measured((20.0, 5.0, 30.0))) == 3


def test_slope_of_a_power_is_its_exponent() -> None:
    sizes = [1, 10, 100]
    assert slope(sizes, [5.0 * size**1.5 for size in sizes]) == pytest.approx(1.5)
    assert slope(sizes, [7.0, 7.0, 7.0]) == pytest.approx(0)


def test_writing_a_table_twice_changes_nothing_and_prose_stays() -> None:
    page = "before\n<!-- x begins -->\nold\n<!-- x ends -->\nafter\n"
    content = table(("a", "b"), [("1", "2")])
    once = replace_between(page, "x", content)
    assert once == (
        "before\n<!-- x begins -->\n| a | b |\n| --- | --- |\n| 1 | 2 |\n<!-- x ends -->\nafter\n"
    )
    assert replace_between(once, "x", content) == once


def test_a_page_without_the_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="x begins"):
        replace_between("prose", "x", "new")


def test_a_part_of_a_run_renews_its_table_and_the_goals_and_leaves_the_others(
    tmp_path: Path,
) -> None:
    page = tmp_path / "performance.md"
    page.write_text(
        "<!-- goals begins -->\n<!-- goals ends -->\n<!-- start begins -->\n<!-- start ends -->\n"
        "<!-- memory begins -->\nkept\n<!-- memory ends -->\n"
    )
    file = tmp_path / "results.json"
    memory = [{"name": "textcnn fp32", "bytes": 5e8, "spread": 0.0, "share": 0.5}]
    save_results({"memory": measured(memory, 5, others=0.0)}, file)
    results = load_results(file)
    start = [{"name": "predict, one line", "seconds": 2.0, "spread": 0.1}]
    results["start"] = measured(start, 3, others=0.25)
    write_report(results, "start", page)
    text = page.read_text()
    assert "medians of 3 alternating repetitions" in text
    assert "other programs took 25% of the machine" in text
    assert "| predict, one line | 2.0 s | 10.0 % |" in text
    assert "<!-- memory begins -->\nkept\n<!-- memory ends -->" in text
    assert "of the usual's | ≤ 33.3 % | 50.0 % | **missed** |" in text
    assert "start of the program | ≤ 3 s | 2.0 s | met |" in text
    assert "| training, MR, word CNN, fp32, against usual | ≥ 10 × | – | not measured |" in text


def test_a_goal_shows_the_accuracies_beside_the_ratio() -> None:
    row = {"set": "MR", "model": "word CNN"}
    rows = [
        row | {"name": "textcnn fp32", "against_usual": 9.96, "accuracy": 0.7},
        row | {"name": "usual fp32", "against_usual": 1.0, "accuracy": 0.632},
    ]
    results = {"train": {"when": "2026-11-24", "rows": rows}}
    assert training("MR", "word CNN", "fp32", 10).line(results) == (
        "training, MR, word CNN, fp32, against usual",
        "≥ 10 ×",
        "9.96 ×",  # rounded it would look like the goal
        "**missed**",
        "textcnn fp32 70.0 %, usual fp32 63.2 %",
        "2026-11-24",
    )


def test_an_accuracy_that_was_not_reached_is_a_goal_missed() -> None:
    row = {"set": "IMDB", "name": "textcnn fp32", "seconds": None, "accuracy": 0.87}
    results = {"reach": {"when": "2026-11-24", "rows": [row]}}
    (goal,) = (goal for goal in GOALS if goal.part == "reach")
    assert goal.line(results)[2:5] == ("–", "**missed**", "textcnn fp32 87.0 %")


def test_no_turn_begins_when_the_time_is_over() -> None:
    measured = alternate({"a": lambda: 1.0, "b": lambda: 2.0}, 5, most_seconds=0)
    assert measured["a"].values == (1.0,)
    assert measured["b"].values == (2.0,)


def test_the_faster_number_of_threads_is_found_and_torchs_own_put_back() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert faster_threads(lambda: torch.get_num_threads()) == 2
        assert faster_threads(lambda: 1 / torch.get_num_threads()) == 1
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_a_slow_program_gets_fewer_texts_and_a_fast_one_all() -> None:
    fast, slow = Program(lambda texts: [0] * len(texts)), Program(lambda texts: [0] * len(texts))
    slow.throughput = lambda prepared, seconds: 60.0  # type: ignore[method-assign]
    assert fast.affordable(["text"] * 500) == 500
    assert slow.affordable(["text"] * 500) == 100  # two seconds' worth, in batches of 50


PARTS = ("train", "predict", "start", "memory", "reach", "sweep", "floor")


@pytest.mark.slow
def test_a_quick_bench_of_a_small_folder_writes_results_tables_and_plots(tmp_path: Path) -> None:
    draw = random.Random(0)
    words = {"good": ("fine", "lovely"), "bad": ("dull", "poor")}
    with (tmp_path / "mr.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("text", "label"))
        for number in range(120):
            label = ("good", "bad")[number % 2]
            fillers = [f"word{draw.randrange(40)}" for _ in range(8)]
            rows.writerow((" ".join([*fillers, draw.choice(words[label])]), label))
    page = tmp_path / "performance.md"
    page.write_text(
        "".join(f"<!-- {name} begins -->\n<!-- {name} ends -->\n" for name in ("goals", *PARTS))
    )
    output = tmp_path / "results.json"
    command = [sys.executable, str(BENCH), "--quick", "--data", str(tmp_path), "--repetitions=1"]
    subprocess.run([*command, "--output", str(output), "--page", str(page)], check=True)
    results = {part: each["rows"] for part, each in json.loads(output.read_text()).items()}
    assert tuple(results) == PARTS
    programs = {row["name"]: row for row in results["predict"]}
    assert {"textcnn", "usual fp32"} <= programs.keys()
    assert programs["textcnn"]["accuracy"] == programs["usual fp32"]["accuracy"]
    assert {row["axis"] for row in results["sweep"]} == {"time", "vocabulary", "filters", "batch"}
    *_, step = results["floor"]
    floor = step["compute_seconds"] + step["move_seconds"]
    assert step["of_floor"] == pytest.approx(step["seconds"] / floor)
    text = page.read_text()
    for part in PARTS:
        assert " alternating " in text.split(f"<!-- {part} begins -->")[1].split("|")[0] or (
            part == "reach"
        )
    assert "| training, MR, word CNN, fp32, against usual |" in text
    assert {file.name for file in (tmp_path / "performance").iterdir()} == {
        "floor.png",
        "speeds.png",
        "sweep.png",
    }


def test_the_page_in_the_docs_has_a_place_for_every_part() -> None:
    text = (BENCH.parents[1] / "docs" / "performance.md").read_text(encoding="utf-8")
    for name in ("goals", *PARTS):
        assert replace_between(text, name, "new") != text
