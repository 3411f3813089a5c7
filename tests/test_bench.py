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
from measure import Measured, alternate, ratio, slope
from report import replace_between, table
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


@pytest.mark.slow
def test_a_quick_bench_of_a_small_folder_writes_results_and_page(tmp_path: Path) -> None:
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
    page.write_text("<!-- predict begins -->\n<!-- predict ends -->\n")
    output = tmp_path / "results.json"
    command = [sys.executable, str(BENCH), "--quick", "--data", str(tmp_path), "--only", "predict"]
    subprocess.run([*command, "--output", str(output), "--page", str(page)], check=True)
    programs = {row["name"]: row for row in json.loads(output.read_text())["predict"]}
    assert {"textcnn", "usual fp32"} <= programs.keys()
    assert programs["textcnn"]["accuracy"] == programs["usual fp32"]["accuracy"]
    assert "usual fp32" in page.read_text()
