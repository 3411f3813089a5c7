"""The benchmark: its reference implementation is correct, and so are its statistics and tables."""

import csv
import json
import random
import runpy
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import parts
import pytest
import torch
from goals import GOALS, training
from measure import Measured, alternate, faster_threads, ratio, slope
from options import PARTS
from prediction import Program
from processes import finish, made_up, peak_of
from reach import between_epochs, medians, of_an_epoch
from report import replace_between, write_report
from results import load_results, measured, save_results
from tables import table
from usual import basic_english, with_weights_of

from textcnn.errors import InputError
from textcnn.models.build import build_model
from textcnn.text.tokenizers import build_tokenizer
from textcnn.training.loop import Interrupted

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


def test_the_usual_implementation_splits_texts_into_the_same_tokens() -> None:
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


def test_a_ratio_is_the_median_of_the_ratios_within_turns() -> None:
    # 2, 4 and 3; the ratio of the medians would be 40 / 10
    assert ratio(Measured((40.0, 20.0, 90.0)), Measured((20.0, 5.0, 30.0))) == 3


def test_slope_of_a_power_is_its_exponent() -> None:
    sizes = [1, 10, 100]
    assert slope(sizes, [5.0 * size**1.5 for size in sizes]) == pytest.approx(1.5)
    assert slope(sizes, [7.0, 7.0, 7.0]) == pytest.approx(0)


def test_writing_a_table_twice_is_idempotent_and_keeps_the_prose() -> None:
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


def test_a_part_renews_its_table_and_the_goals_and_keeps_other_tables(
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
    assert "other programs used 25% of the machine" in text
    assert "| predict, one line | 2.00 s | 10.0 % |" in text
    assert "<!-- memory begins -->\nkept\n<!-- memory ends -->" in text
    assert "4,096 tokens, vs. usual | ≤ 33.3 % | 50.0 % | **missed** |" in text
    assert "predict, one line, whole program | ≤ 3 s | 2.0 s | met |" in text
    assert "| training, MR, word CNN, fp32, vs. usual | ≥ 10 × | – | not measured |" in text


def test_a_goal_shows_the_accuracies_of_both_programs() -> None:
    row = {"set": "MR", "model": "word CNN"}
    rows = [
        row | {"name": "textcnn fp32", "against_usual": 9.96, "accuracy": 0.7},
        row | {"name": "usual fp32", "against_usual": 1.0, "accuracy": 0.632},
    ]
    results = {"train": {"when": "2026-11-24", "rows": rows}}
    assert training("MR", "word CNN", "fp32", 10).line(results) == (
        "training, MR, word CNN, fp32, vs. usual",
        "≥ 10 ×",
        "9.96 ×",  # rounding would make it equal the goal
        "**missed**",
        "textcnn fp32 70.0 %, usual fp32 63.2 %",
        "2026-11-24",
    )


def test_a_goal_is_missed_if_the_accuracy_was_never_reached() -> None:
    row = {"set": "IMDB", "name": "textcnn fp32", "seconds": None, "accuracy": 0.87}
    results = {"reach": {"when": "2026-11-24", "rows": [row]}}
    (goal,) = (goal for goal in GOALS if goal.part == "reach")
    assert goal.line(results)[2:5] == ("–", "**missed**", "textcnn fp32 87.0 %")


def test_the_worst_seed_decides_a_goal() -> None:
    rows = [{"set": "TREC", "seed": n, "points": each} for n, each in enumerate((0.2, 0.4, 0.0))]
    results = {"same": {"when": "2026-11-24", "rows": rows}}
    (goal,) = (goal for goal in GOALS if goal.part == "same")
    assert goal.line(results)[1:5] == ("≤ 0.3 points", "0.4 points", "**missed**", "")
    del rows[1]
    assert goal.line(results)[2:4] == ("0.2 points", "met")


def test_no_turn_begins_after_the_time_limit() -> None:
    measured = alternate({"a": lambda: 1.0, "b": lambda: 2.0}, 5, most_seconds=0)
    assert measured["a"].values == (1.0,)
    assert measured["b"].values == (2.0,)


def test_the_faster_number_of_threads_is_found_and_torchs_setting_restored() -> None:
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


def test_runs_are_summarized_by_medians_and_a_missed_accuracy_counts_as_slowest() -> None:
    runs = [{"seconds": each, "accuracy": 0.8, "saving": 0.1} for each in (8.0, 10.0, 13.0)]
    assert medians(runs) == {
        "seconds": 10.0,
        "spread": 0.25,
        "runs": 3,
        "accuracy": 0.8,
        "saving": 0.1,
    }
    missed = {"seconds": None, "accuracy": 0.5, "saving": None}
    assert medians([*runs, missed, missed])["seconds"] == 13.0
    assert medians([*runs, missed])["spread"] is None
    assert medians([*runs, missed])["saving"] is None
    assert medians([runs[0], missed, missed])["seconds"] is None
    assert medians(runs[:1])["spread"] is None


@dataclass
class Point:
    """A point in TensorBoard."""

    wall_time: float
    step: int
    value: float = 0.0


def test_the_parts_of_an_epoch_by_hand() -> None:
    metrics = {
        "train": {"epochs": 2, "steps": 40, "seconds": 9.0, "texts_per_second": 245.0},
        "data": {"splits": {"train": {"texts": 980}}},  # 19 batches of 50 and one of 30
    }
    assert of_an_epoch(metrics, 50) == {"training": 4.0, "validating": 0.5}
    validations = [Point(100.0, 20), Point(110.0, 40), Point(120.0, 60)]
    # the first point of each epoch counts: 10 steps of 50 texts at 100 texts/s began 5 s earlier
    speeds = [Point(99.0, 20, 9.0), Point(105.25, 30, 100.0), Point(107.0, 35, 1.0)]
    speeds += [Point(115.75, 50, 100.0), Point(125.0, 70, 100.0)]
    assert between_epochs(validations, speeds, 50) == (0.25 + 0.75) / 2
    assert between_epochs(validations[:1], speeds, 50) is None


def test_synthetic_texts_are_lines_of_known_words() -> None:
    lines = made_up(["the", "film"], 3)
    assert [len(line.split()) for line in lines] == [20, 20, 20]
    assert all(line.endswith("\n") and set(line.split()) <= {"the", "film"} for line in lines)


def test_the_peak_of_a_program_excludes_the_memory_of_this_process() -> None:
    held = "import time; held = b'x' * 200_000_000; time.sleep(0.2)"
    assert 200e6 < peak_of((sys.executable, "-c", held)) < 260e6


def test_a_program_that_fails_is_reported_with_its_last_line() -> None:
    wrong = (sys.executable, "-c", "raise SystemExit('no\\nmemory')")
    for run in (finish, peak_of):
        with pytest.raises(InputError, match=r"failed: memory$"):
            run(wrong)


Bench = Callable[..., tuple[object, str]]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Bench:
    """Run `python scripts/bench` with these arguments; returns its exit code and message."""
    main = runpy.run_path(str(BENCH / "__main__.py"))["main"]
    monkeypatch.setattr(parts, "others_share", lambda: 0.0)  # it waits for a second

    def run(*arguments: object) -> tuple[object, str]:
        monkeypatch.setattr(sys, "argv", ["bench", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        said = capsys.readouterr().err
        # a code that is not a number is a message, which Python prints with exit code 1
        return stopped.value.code, said or str(stopped.value.code)

    return run


def refuse_to_measure(*arguments: object) -> list[object]:
    raise AssertionError("measured")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--repetitions", "0"],
            "argument --repetitions: expected a whole number, at least 1, got 0; try 5",
        ),
        (
            ["--repetitions", "-3"],
            "argument --repetitions: expected a whole number, at least 1, got -3; try 5",
        ),
        (["--only", "train,walk"], "argument --only: no part 'walk'; the parts are train, "),
        (["--data", __file__], f"argument --data: {__file__} is not a folder; give the one with"),
    ],
)
def test_wrong_options_are_refused_in_one_line(
    bench: Bench, arguments: list[str], message: str
) -> None:
    code, said = bench(*arguments)
    assert code == 2
    assert message in said.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "."], "--data . holds none of mr.csv, trec_train.csv, imdb_train.parquet; "),
        (["--data", "half"], "--data half holds trec_train.csv but not trec_test.csv; add it"),
        (
            ["--output", "damaged.json"],
            "--output damaged.json holds no results of this benchmark, ",
        ),
        (["--output", "list.json"], "--output list.json holds no results of this benchmark, "),
        (["--output", "half"], "--output half can't be read and written: Is a directory; give "),
        (["--output", "list.json/new.json"], "new.json can't be read and written: Not a directory"),
        (["--page", "none.md"], "--page none.md: none.md can't be read and written: No such file"),
        (["--page", "page.md"], "--page page.md: the text has no <!-- start begins --> ... "),
        (["--page", "page"], "--page page: page can't be read and written: File exists; give "),
    ],
)
def test_unusable_files_are_refused_in_one_line_before_anything_is_measured(
    bench: Bench,
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(parts, "measure", refuse_to_measure)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "half").mkdir()
    (tmp_path / "half/trec_train.csv").touch()
    (tmp_path / "damaged.json").write_text('{"train": {"rows"')
    (tmp_path / "list.json").write_text('[{"rows": []}]')
    (tmp_path / "page.md").write_text("<!-- goals begins --><!-- goals ends -->")
    names = ("goals", "start")
    (tmp_path / "page").write_text("".join(f"<!-- {n} begins --><!-- {n} ends -->" for n in names))
    given = {"--output": "new/results.json"} | dict([arguments])
    code, said = bench(
        "--quick", "--only=start", *(word for each in given.items() for word in each)
    )
    assert code not in (0, 2, 130)
    assert message in said
    assert "\n" not in said
    assert {file.name for file in tmp_path.rglob("*.new")} == set()


@pytest.mark.parametrize("stop", [KeyboardInterrupt, Interrupted])
def test_an_interrupted_bench_keeps_the_finished_parts(
    bench: Bench, stop: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def measure(part: str, *_: object) -> list[dict[str, str]]:
        if part == "memory":
            raise stop
        return [{"name": part}]

    monkeypatch.setattr(parts, "measure", measure)
    file = tmp_path / "results.json"
    code, said = bench("--quick", "--only", "start,memory,sweep", "--output", file)
    assert code == 130
    assert said == f"interrupted; the finished parts are saved in {file}\n"
    results = load_results(file)
    assert results.keys() == {"start"}
    assert results["start"]["rows"] == [{"name": "start"}]


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
        once = {"reach": "one run each", "same": "one run per seed and path"}
        heading = text.split(f"<!-- {part} begins -->")[1].split("|")[0]
        assert once.get(part, " alternating ") in heading
    assert [row["seed"] for row in results["same"]] == [1, 2, 3]
    assert [row.get("texts") for row in results["memory"]] == [None, None, None, 100, 1000]
    assert "| MR | textcnn bf16 |" in text.split("checkpoints per epoch")[1]
    assert "| training, MR, word CNN, fp32, vs. usual |" in text
    assert {file.name for file in (tmp_path / "performance").iterdir()} == {
        "floor.png",
        "speeds.png",
        "sweep.png",
    }


def test_the_docs_page_has_markers_for_every_part() -> None:
    text = (BENCH.parents[1] / "docs" / "performance.md").read_text(encoding="utf-8")
    for name in ("goals", *PARTS):
        assert replace_between(text, name, "new") != text
