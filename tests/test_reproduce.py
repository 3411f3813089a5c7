"""`make reproduce`: its table of experiments, options, and a small part from end to end."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from arguments import parse
from campaign import plan
from entries import load_entries, save_json
from experiments import EXPERIMENTS, existing, find
from hub_layout import write_parquet
from reproduce_parts import SCRIPT, entry
from sources import DATA, available
from tiny_data import refusal, rows, write_csv
from worker import read_splits

from textcnn.config.compose import compose
from textcnn.config.explain import group_options


def test_every_experiment_of_the_table_has_a_file() -> None:
    assert [name for name in EXPERIMENTS if name not in group_options("experiment")] == []


def test_every_experiment_with_a_file_can_run_on_the_data_sets_of_the_table() -> None:
    for name in existing():
        sets = find(name).paper
        # sets with the same settings differ in `data` alone, and an experiment sets little of that
        by_settings = {find(name).settings.get(data, ()): DATA[data].hub for data in sets}
        for settings, hub in by_settings.items():
            compose("train", [f"experiment={name}", *settings, *hub])
    for data_set in DATA.values():
        compose("train", ["experiment=best_fast", *data_set.hub])


def test_an_experiment_outside_the_table_runs_on_every_data_set() -> None:
    assert list(find("mine").paper) == list(DATA)


def test_papers_numbers_are_of_known_data_sets() -> None:
    assert {data for each in EXPERIMENTS.values() for data in each.paper} <= DATA.keys()


def test_the_hub_gives_cross_validation_the_rows_of_all_splits(tmp_path: Path) -> None:
    splits: dict[str, dict[str, list[Any]]] = {
        name: {
            "text": [f"{name} {n}" for n in range(count)],
            "label": [n % 2 for n in range(count)],
        }
        for name, count in (("train", 60), ("validation", 20), ("test", 20))
    }
    path = write_parquet(tmp_path / "mr", splits)
    keys = [*DATA["mr"].hub, f"data.path={path}", "data.folds=10", "data.fold=3"]
    found = read_splits(compose("train", keys))
    assert [len(each) for each in found.by_name().values()] == [80, 10, 10]
    texts = {text.split()[0] for each in found.by_name().values() for text in each.texts()}
    assert texts == {"train", "validation", "test"}


def test_runs_are_the_first_folds_or_the_first_seeds() -> None:
    assert [run.overrides for run in DATA["mr"].runs(folds=2, seeds=3)] == [
        ("data.folds=10", "data.fold=1"),
        ("data.folds=10", "data.fold=2"),
    ]
    assert [run.name for run in DATA["trec"].runs(folds=2, seeds=3)] == [
        "seed-0",
        "seed-1",
        "seed-2",
    ]


def test_missing_files_leave_a_data_set_out_unless_it_was_asked_for(tmp_path: Path) -> None:
    (tmp_path / "mr.csv").touch()
    found, lines = available(None, tmp_path)
    assert found == ["mr", "bundled"]
    assert lines[0] == f"Subj is left out: {tmp_path} has no subj.csv"
    assert refusal(lambda: available(["subj"], tmp_path)) == f"{lines[0]}; add it, or use --hub"


def test_options_have_defaults(tmp_path: Path) -> None:
    options = parse(["--folder", str(tmp_path), "--jobs", "1"])
    assert options.program == "results"
    assert options.folder == tmp_path.resolve()
    assert options.jobs == 1
    assert options.threads >= 1
    assert parse(["ablations", "--hub"]).folder is None
    assert parse(["--data", "TREC", "--hub"]).data == ["trec"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "kim2041"], "--only takes "),
        (["--only", "best_sort"], ", got best_sort; try best_short"),
        (["ablations", "--merge", "r.json"], "--merge renews the results alone; leave it out of"),
        (["--data", "mrr"], "argument --data: invalid choice: 'mrr'"),
        (["--folder", "nowhere"], "argument --folder: nowhere is not a folder"),
        (["--seeds", "0"], "argument --seeds: expected a whole number, at least 1, got 0; try 5"),
        (["--hub", "--folder", "."], "--hub and --folder contradict each other"),
    ],
)
def test_wrong_options_are_refused_in_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        parse(arguments)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err.splitlines()[-1]


def reproduce(*arguments: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, str(SCRIPT), *map(str, arguments)], text=True, capture_output=True
    )


def test_a_small_part_from_end_to_end_and_again(tmp_path: Path) -> None:
    folder = tmp_path / "my data, all"
    folder.mkdir()
    write_csv(folder / "trec_train.csv", rows(150))
    write_csv(folder / "trec_test.csv", rows(30, seed=1))
    given = (
        *("--data", "trec", "--seeds", 2, "--folder", folder),
        *("--work", tmp_path / "work", "--output", tmp_path / "docs"),
    )
    kept = entry("few", "mr", 70.0)
    results = tmp_path / "docs" / "results.json"
    save_json(results, {"entries": [kept]})
    first = reproduce("--only", "svm", "kim2014_rand", *given)
    assert first.returncode == 0, first.stderr
    assert "0 of 4 jobs are finished" in first.stdout
    other, *ours = load_entries(results)
    assert other == kept
    assert [each["name"] for each in ours] == ["svm", "kim2014_rand"]
    for each in ours:
        assert [run["run"] for run in each["runs"]] == ["seed-0", "seed-1"]
        assert each["texts"]["test"] == 30
        assert each["texts_per_second"] > 0
    before = {file.name: file.stat().st_mtime_ns for file in results.parent.iterdir()}
    again = reproduce("--only", "svm", "kim2014_rand", *given)
    assert "4 of 4 jobs are finished" in again.stdout
    assert {file.name: file.stat().st_mtime_ns for file in results.parent.iterdir()} == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--only", "conneau2017_9"],
            "conneau2017_9 runs on none of the data sets that take part; add --data ag_news",
        ),
        (
            ["--only", "best_short_reviews", "--data", "trec"],
            "best_short_reviews starts from a checkpoint on imdb and runs on mr, sst2, got "
            "--data trec; leave one of the two out",
        ),
    ],
)
def test_an_experiment_that_runs_nowhere_is_refused(arguments: list[str], message: str) -> None:
    assert refusal(lambda: list(plan(parse([*arguments, "--hub"])))) == message
