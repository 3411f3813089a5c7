"""The results of `make reproduce`: its page, its JSON and the lab notes."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from arguments import parse
from campaign import reproduce as reproduce_all
from entries import load_entries, merge, place, save_json, shown
from notes import NOT_YET, measured_lines, notes_of, with_notes
from pages import results_page
from reproduce_parts import HARDWARE, ROOT, entry, tiny_job
from tiny_data import refusal, rows, write_csv
from worker import cpu_name, rate


def test_the_speed_is_that_of_the_median_pass() -> None:
    calls: list[int] = []
    assert rate(lambda texts: calls.append(len(texts)), ["a"] * 250) > 0
    assert calls == [100, 100, 250, 250, 250]


def test_the_name_of_the_cpu_may_be_missing(tmp_path: Path) -> None:
    file = tmp_path / "cpuinfo"
    file.write_text("processor: 0\nmodel name\t: EPYC 9\n")
    assert cpu_name(file) == "EPYC 9"
    assert cpu_name(tmp_path / "none")


def test_a_part_replaces_its_own_entries_and_keeps_the_rest() -> None:
    before = [entry("nbsvm", "mr", 79.0), entry("few", "mr", 70.0), entry("few", "trec", 80.0)]
    merged, lines = merge(before, [entry("few", "mr", 71.0), entry("svm", "trec", 88.0)])
    assert lines == []
    assert [(each["data"], each["name"], each["mean"]) for each in merged] == [
        ("mr", "nbsvm", 79.0),
        ("mr", "few", 71.0),
        ("trec", "svm", 88.0),
        ("trec", "few", 80.0),
    ]


def test_a_row_of_more_runs_is_kept() -> None:
    before = [entry("few", "mr", 70.0, 71.0)]
    merged, (line,) = merge(before, [entry("few", "mr", 75.0)])
    assert merged == before
    assert line == (
        "MR, few: results.json keeps its 2 runs, got 1; give another --output for these"
    )


def test_the_page_by_hand() -> None:
    ours = entry("kim2014_rand", "mr", 75.0, 76.0, 77.0, paper=76.1)
    page = results_page([entry("svm", "mr", 78.25), ours])
    assert (
        "## MR\n\n"
        "|  | paper | ours | difference | goal | training | texts/s | MB |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- |\n"
        "| TF-IDF + linear SVM | – | 78.2 (1) | – | – | 21 s | 12,000 | 2.3 |\n"
        "| `kim2014_rand` | 76.1 | 76.0 ± 1.0 (3) | −0.1 | 75.6, reached by 3 of 10 runs "
        "| 21 s | 12,000 | 2.3 |\n"
        "| NBSVM | – | – | – | – | – | – | – |\n"
        "| fastText | – | – | – | – | – | – | – |\n\n"
        "*a CPU, 2 cores, 1 thread a run, torch 2.*\n"
    ) in page


def test_the_page_lists_what_was_not_measured() -> None:
    _, _, lacking = results_page([entry("best_long", "imdb", 92.0)]).partition("## Not measured\n")
    (imdb,) = (line for line in lacking.splitlines() if line.startswith("- IMDB: "))
    assert "`best_char`" in imdb
    assert "`best_long`" not in imdb


def test_other_hardware_is_named_at_each_row() -> None:
    gpu = entry("few", "mr", 71.0, hardware=HARDWARE | {"device": "H100"}, settings=["seed=1"])
    page = results_page([entry("svm", "mr", 78.0), gpu])
    assert "21 s <sup>2</sup> |" in page
    assert "*<sup>1</sup> a CPU, 2 cores, 1 thread a run, torch 2; <sup>2</sup> H100, a CPU" in page
    assert "`few` with `seed=1`." in page


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        '{"entries": [{"data": "mr"}]}',
        json.dumps({"entries": [entry("few", "mr", 1.0, hardware={})]}),
        json.dumps({"entries": [entry("few", "mr", 1.0, sd="1.3")]}),
        json.dumps({"entries": [entry("few", "mr", 1.0) | {"mean": math.nan}]}),
        json.dumps({"entries": [entry("few", "mr", 1.0) | {"data": "mrx"}]}),
        json.dumps({"entries": [entry("few", "mr", 1.0) | {"runs": []}]}),
        json.dumps({"entries": [entry("few", "mr", 1.0) | {"name": None}]}),
    ],
)
def test_damaged_results_are_refused_in_one_line(tmp_path: Path, content: str) -> None:
    file = tmp_path / "results.json"
    assert load_entries(file) == []
    file.write_text(content)
    assert "holds no results of make reproduce" in refusal(lambda: load_entries(file))


def test_results_of_an_experiment_that_is_gone_stay_usable(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    save_json(file, {"entries": [entry("gone", "mr", 1.0)]})
    assert "| `gone` |" in results_page(load_entries(file))


NOTE = "# @package _global_\n# Paper: A.\n# Measured: not yet\ndefaults:\n  - x  # kept\n"


def test_measured_lines_replace_the_earlier_ones() -> None:
    entries = [
        entry("few", "mr", 75.0, 76.0, 77.0),
        entry("few", "imdb", 90.0, hardware=HARDWARE | {"device": "H100"}),
    ]
    lines = measured_lines("few", entries)
    assert lines == [
        "# Measured: MR 76.0 ± 1.0 % (3 folds), 21 s each, a CPU, 1 thread",
        "# Measured: IMDB 90.0 % (1 seed), 21 s each, H100",
    ]
    once = with_notes(NOTE, lines)
    assert once == NOTE.replace("# Measured: not yet", "\n".join(lines))
    assert with_notes(once, lines) == once
    assert with_notes(once, measured_lines("other", entries)) == NOTE


def test_measured_lines_end_the_leading_comment_if_there_were_none() -> None:
    without = NOTE.replace("# Measured: not yet\n", "")
    assert with_notes(without, [NOT_YET]) == NOTE


def test_lab_notes_say_what_the_results_say() -> None:
    entries = load_entries(ROOT / "docs" / "results.json")
    for file in sorted((ROOT / "configs" / "experiment").glob("*.yaml")):
        noted = notes_of(file.read_text(encoding="utf-8")) or [NOT_YET]
        assert noted == measured_lines(file.stem, entries), file.name


def test_the_results_page_is_made_from_the_results() -> None:
    entries = load_entries(ROOT / "docs" / "results.json")
    page = ROOT / "docs" / "results.md"
    assert not entries or page.read_text(encoding="utf-8") == results_page(entries)
    assert sorted(entries, key=place) == entries


def test_the_command_of_a_run_can_be_typed(tmp_path: Path) -> None:
    csv = write_csv(tmp_path / "rows.csv", rows(40))
    origin = tiny_job(tmp_path, csv)
    started = replace(tiny_job(tmp_path, csv, "data.rename={0: no, 1: yes}"), origin=origin)
    first, second = shown(started, tmp_path).split(" && ")
    assert first.endswith("data.train=rows.csv seed=0 run_dir=outputs/origin")
    assert second.endswith("'data.rename={0: no, 1: yes}' init_from=outputs/origin seed=0")
    assert str(tmp_path) not in shown(started, tmp_path)


def test_results_of_another_machine_are_merged(
    tmp_path: Path,
) -> None:
    save_json(tmp_path / "theirs.json", {"entries": [entry("few", "mr", 70.0)]})
    given = ["--output", str(tmp_path), "--merge", str(tmp_path / "theirs.json")]
    reproduce_all(parse(given))
    assert load_entries(tmp_path / "results.json")[0]["name"] == "few"
    assert "| `few` | – | 70.0 (1) |" in (tmp_path / "results.md").read_text(encoding="utf-8")
