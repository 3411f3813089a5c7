"""The program: studies from the command line to the report, interrupted and resumed."""

import contextlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import hydra
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf
from tiny_data import curves, error_line, read_json, run

from textcnn.config.check import check
from textcnn.config.data import DataConfig
from textcnn.config.evaluation.illustrate import STUDIES as NAMES
from textcnn.config.evaluation.illustrate import IllustrateConfig
from textcnn.config.schemas import register_schemas
from textcnn.errors import InputError
from textcnn.illustrate import make_absolute
from textcnn.studies.catalogue import STUDIES
from textcnn.studies.shared.study import Measurement, Plan, Results, Values, silent
from textcnn.studies.tour.advice import ADVICE
from textcnn.studies.tour.command import data_overrides, repeating_command
from textcnn.studies.tour.ledger import Ledger
from textcnn.studies.tour.report import Chapter, Report, code
from textcnn.studies.tour.run import FULL
from textcnn.studies.tour.workers import Work, WorkerKilledError

pytest_plugins = ("tiny_run",)  # one thread


@pytest.fixture(scope="module")
def toured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one quick study."""
    run_dir = tmp_path_factory.mktemp("studies") / "run"
    assert run("illustrate", "study=symmetry", "preset=quick", f"run_dir={run_dir}") == 0
    return run_dir


def test_the_catalogue_holds_the_choices_of_the_key() -> None:
    assert tuple(STUDIES) == NAMES


def test_names_of_points_are_unique_in_every_study() -> None:
    for study in STUDIES.values():
        for quick in (True, False):
            names = [point.name for point in study.points(Plan(quick, 2, "", {}))]
            assert len(set(names)) == len(names), study.name


def test_the_advice_names_studies_and_overrides_that_exist() -> None:
    assert {row[3] for row in ADVICE} <= set(STUDIES)
    text = " ".join(cell for row in ADVICE for cell in row)
    overrides = set(re.findall(r"`([^` ]+=[^` ]+)`", text))
    assert len(overrides) > 10
    register_schemas()
    with hydra.initialize_config_module("textcnn.configs", version_base="1.3"):
        for override in overrides:
            needed = ["text.vectors=glove"] if override == "model.embedding=static" else []
            check(OmegaConf.to_object(hydra.compose("train", [override, *needed])))


def test_code_between_backticks_is_escaped_like_all_else() -> None:
    assert code("a `<b>` & c") == "a <code>&lt;b&gt;</code> &amp; c"


def test_a_page_names_the_data_that_it_uses() -> None:
    data = DataConfig(source="files", train="my texts.csv", text=["title", "body"], folds=3)
    assert data_overrides(data) == [
        "data=files",
        "'data.train=\"my texts.csv\"'",
        "'data.text=[title,body]'",
        "data.folds=3",
    ]
    assert data_overrides(DataConfig()) == []


def test_a_command_repeats_a_study_with_the_keys_that_it_reads() -> None:
    config = IllustrateConfig(preset="quick", seed=3, checkpoint="run")
    order = "python -m textcnn.illustrate study=order preset=quick seed=3"
    assert repeating_command(config, "order") == order
    assert repeating_command(config, "checkpoint").endswith("seed=3 checkpoint=run")
    assert repeating_command(IllustrateConfig(), "all") == "python -m textcnn.illustrate study=all"


def test_a_run_leaves_results_figures_and_a_report(toured: Path) -> None:
    results = read_json(toured / "results" / "symmetry.json")
    assert results["agrees"] is True
    assert results["verdict"].startswith("agrees with theory")
    assert all(set(claim) >= {"theorem", "predicted", "measured"} for claim in results["claims"])
    assert list((toured / "figures").glob("*.png"))
    assert (toured / "report" / "index.html").is_file()
    tags = curves(toured).Tags()
    assert any(tag.startswith("symmetry/") for tag in tags["images"])
    assert "studies/symmetry/text_summary" in tags["tensors"]


class Addresses(HTMLParser):
    """Everything that a page refers to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in {"href", "src"}]


def test_pages_need_no_network_and_their_links_lead_somewhere(toured: Path) -> None:
    for page in (toured / "report").glob("*.html"):
        addresses = Addresses()
        text = page.read_text(encoding="utf-8")
        addresses.feed(text)
        for address in addresses.found:
            inside = address.startswith(("#", "data:"))
            assert inside or (page.parent / address).is_file(), address
        assert "url(http" not in text
        assert "@import" not in text


def test_a_finished_run_is_not_measured_again(
    toured: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = read_json(toured / "results" / "symmetry.json")
    assert run("illustrate", f"resume={toured}") == 0
    assert "1 study, 0 measurements, 3 already done" in capsys.readouterr().out
    assert read_json(toured / "results" / "symmetry.json") == before
    assert len(list(toured.glob("events.out.tfevents.*"))) == 1


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to everything inside, branches too."""
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in inside:
        yield (*path, key)
        if isinstance(item, dict | list):
            yield from leaves(item, (*path, key))


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_results_that_were_tampered_with_are_used_or_refused_in_one_line(
    toured: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    run_dir = shutil.copytree(toured, tmp_path_factory.mktemp("tampered") / "run")
    file = run_dir / "results" / "symmetry.json"
    content = read_json(file)
    *way, last = data.draw(st.sampled_from(list(leaves(content))))
    place = content
    for key in way:
        place = place[key]
    forged: list[Any] = [None, {}, [], "x", -1, 1e308, float("nan"), [1], True]
    place[last] = data.draw(st.sampled_from(forged))
    file.write_text(json.dumps(content), encoding="utf-8")
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        code = run("illustrate", f"resume={run_dir}")
    lines = said.getvalue().splitlines()
    assert (code, len(lines)) in {(0, 0), (2, 1)}, lines
    if code:
        assert lines[0].startswith(f"{file} is not a results file of this study (")
        assert lines[0].endswith("; delete it to measure again")


def test_values_that_are_not_a_measurement_are_refused_in_one_line(
    toured: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run_dir = shutil.copytree(toured, tmp_path / "run")
    file = run_dir / "results" / "symmetry.json"
    content = read_json(file)
    content["measurements"][0]["values"] = {"x": 1}
    file.write_text(json.dumps(content), encoding="utf-8")
    assert run("illustrate", f"resume={run_dir}") == 2
    assert error_line(capfd).startswith(
        f"{file} is not a results file of this study (its values lead to "
    )


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (
            WorkerKilledError(),
            "a worker process was killed, .*; resume with {resuming} workers=1",
        ),
        (
            InputError("no such word"),
            "no such word; finished measurements are saved in .* {resuming}",
        ),
    ],
)
def test_a_failed_run_says_how_to_resume(
    failure: Exception,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def measure_one_and_fail(work: list[Work], workers: int) -> Iterator[tuple[Work, Values]]:
        yield work[0], {"x": 1}
        raise failure

    monkeypatch.setattr("textcnn.studies.tour.run.measure_all", measure_one_and_fail)
    assert run("illustrate", "study=symmetry", f"run_dir={tmp_path}/run") == 2
    resuming = rf"python -m textcnn\.illustrate resume={tmp_path}/run"
    assert re.fullmatch(said.format(resuming=resuming), error_line(capfd))
    assert len(read_json(tmp_path / "run/results/symmetry.json")["measurements"]) == 1


def test_pages_lead_only_to_pages_that_are_there(toured: Path, tmp_path: Path) -> None:
    """As after an interruption: all studies are asked for, one is done."""
    report = Report(tmp_path, list(STUDIES.values()), lambda study: f"repeat {study}", FULL)
    points = STUDIES["symmetry"].points(Plan(True, 1, "", {}))
    ledger = Ledger(toured / "results" / "symmetry.json", STUDIES["symmetry"], points, 0, True)
    claims = STUDIES["symmetry"].claims(ledger.results)
    report.add(Chapter(STUDIES["symmetry"], ledger.results, claims, ["noted"]), new=False)
    report.close()
    assert list(tmp_path.glob("events.*")) == []
    pages = {page.stem: page.read_text(encoding="utf-8") for page in tmp_path.glob("report/*.html")}
    assert set(pages) == {"index", "symmetry"}
    for text in pages.values():
        addresses = Addresses()
        addresses.feed(text)
        assert all((tmp_path / "report" / address).is_file() for address in addresses.found)
    assert "noted" in pages["symmetry"]
    assert "<pre>repeat symmetry</pre>" in pages["symmetry"]
    assert "<pre>repeat all</pre>" in pages["index"]
    assert "1 seed and\n3 of 3 points" in pages["symmetry"]


def test_a_quick_run_says_what_it_left_out(tmp_path: Path) -> None:
    quick = STUDIES["order"].points(Plan(True, 1, "", {}))
    results = Results(tuple(Measurement(point, 0, {"x": 1}) for point in quick))
    report = Report(tmp_path, [STUDIES["order"]], str)
    found = report.quick(Chapter(STUDIES["order"], results, [], []), FULL)
    every = [point.name for point in STUDIES["order"].points(Plan(False, 3, "", {}))]
    assert (found["seeds"], found["measured"], found["full_seeds"]) == (1, len(quick), 3)
    assert found["points"] == len(every) == len(found["left_out"]) + len(quick)


def test_a_study_without_predictions_has_no_verdict() -> None:
    chapter = Chapter(STUDIES["order"], Results(()), [silent("s", "7")], [])
    assert chapter.agreement is None
    assert chapter.conclusion == "no verdict, only numbers"


def test_what_is_read_is_found_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hub").mkdir()
    files = IllustrateConfig(
        checkpoint="run", data=DataConfig(source="files", train=["a*.csv", "/b.csv"], test="t.csv")
    )
    make_absolute(files)
    assert files.checkpoint == f"{tmp_path}/run"
    assert files.data.train == [f"{tmp_path}/a*.csv", "/b.csv"]
    assert (files.data.validation, files.data.test) == (None, f"{tmp_path}/t.csv")
    for path, found in (("hub", f"{tmp_path}/hub"), ("owner/name", "owner/name")):
        hub = IllustrateConfig(data=DataConfig(source="hub", path=path))
        make_absolute(hub)
        assert hub.data.path == found


def test_the_same_seed_gives_the_same_numbers(toured: Path, tmp_path: Path) -> None:
    overrides = ("study=symmetry", "preset=quick", "workers=1", f"run_dir={tmp_path}/again")
    assert run("illustrate", *overrides) == 0
    again = read_json(tmp_path / "again" / "results" / "symmetry.json")
    assert again == read_json(toured / "results" / "symmetry.json")


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["study=ordr"], r"study takes pointwise, order, .* or all, got ordr; try study=order"),
        (["study=[order,audio]"], r"study takes .*, got \[.*\]; .* try -m study=order,audio"),
        (
            ["study=order,audio"],
            r"study=order,audio gives several values; for one run per value add -m.*",
        ),
        (
            ["study=checkpoint"],
            r"study=checkpoint needs a trained classifier, got none; try checkpoint=.*",
        ),
        (
            ["study=checkpoint", "checkpoint=a", "seeds=2"],
            r"study=checkpoint examines .* seeds=2;.*",
        ),
        (["study=order", "data=files"], r"study=order does not read data, got data.source=.*"),
        (
            ["study=order", "data.max_examples=9"],
            r".* read data, got data.max_examples=9; leave .*",
        ),
        (
            ["study=order", "checkpoint=a"],
            r"study=order does not use a checkpoint, got checkpoint=a; .*",
        ),
        (
            ["data=files", "data.multi_label=true"],
            r".* class each, got data.multi_label=true.*",
        ),
        (["data=files", "data.folds=3"], r"study=language .*, got data.folds=3; leave it out"),
        (["data=hub", "data.streaming=true"], r"study=language .*, got data.streaming=true; .*"),
        (["data=files", "data.train=a.csv"], r"data.train=/.*/a.csv: no such file .*"),
        (["data=files"], r"data.source=files needs data.train=<file>, got null"),
        (["checkpoint=nowhere"], r"checkpoint .*/nowhere does not exist; give a run or .*"),
        (
            ["workers=0"],
            r"workers takes a whole number, at least 1, at most 1024, or null, got 0; .*",
        ),
        (["resume=nowhere"], r"resume=nowhere holds no run \(no config.yaml\); give .*"),
    ],
)
def test_impossible_settings_are_refused_in_one_line_and_leave_nothing(
    overrides: list[str], said: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("illustrate", *overrides, f"run_dir={tmp_path}/run") == 2
    assert re.fullmatch(said, error_line(capfd))
    assert not (tmp_path / "run").exists()


def test_a_run_directory_is_overwritten_only_on_request(
    toured: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("illustrate", "study=symmetry", f"run_dir={toured}") == 2
    assert f"run_dir={toured} already holds a run" in error_line(capfd)


def test_a_run_of_training_is_no_run_of_studies(
    tiny_run: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("illustrate", f"resume={tiny_run}") == 2
    assert error_line(capfd) == (
        f"resume={tiny_run} is a run of textcnn.train, not of textcnn.illustrate; try "
        f"python -m textcnn.train resume={tiny_run}"
    )


def test_a_run_of_studies_is_no_run_of_training(
    toured: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("train", f"resume={toured}") == 2
    assert f"; try python -m textcnn.illustrate resume={toured}" in error_line(capfd)


def test_on_resuming_only_workers_may_change(
    toured: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("illustrate", f"resume={toured}", "seed=3") == 2
    assert error_line(capfd) == (
        "resume continues the run as it began; only workers may change, got seed; leave it out"
    )


@pytest.mark.slow
@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_run_resumes_where_it_stopped(
    by: signal.Signals, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_dir = tmp_path / "run"
    command = [sys.executable, "-m", "textcnn.illustrate", "study=counting", "preset=quick"]
    started = subprocess.Popen(
        [*command, f"run_dir={run_dir}"], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    results = run_dir / "results" / "counting.json"
    while not results.is_file() and started.poll() is None:
        time.sleep(0.05)
    os.killpg(started.pid, by) if by == signal.SIGINT else started.kill()
    out, _ = started.communicate(timeout=60)
    if by == signal.SIGINT:
        assert started.returncode == 130
        assert f"python -m textcnn.illustrate resume={run_dir}" in out
    before = read_json(results)["measurements"]
    assert run("illustrate", f"resume={run_dir}") == 0
    assert f"{len(before)} already done" in capsys.readouterr().out
    after = read_json(results)
    assert all(measurement in after["measurements"] for measurement in before)
    assert after["agrees"] is True


@pytest.mark.slow
def test_only_the_ramp_contradicts_theory_in_a_quick_run(tmp_path: Path) -> None:
    assert run("illustrate", "preset=quick", f"run_dir={tmp_path}/tour") == 0
    found = {name: read_json(tmp_path / "tour" / "results" / f"{name}.json") for name in NAMES[:-1]}
    broken = [c for each in found.values() for c in each["claims"] if c["holds"] is False]
    # a ramp extrapolates beyond training, which T6 rules out
    (ramp,) = broken
    assert ramp["statement"] == "1×1, ramp positions: accuracy on order beyond trained positions"
    assert ramp["theorem"] == "T6"
    assert {name for name, each in found.items() if not each["agrees"]} == {"position"}
