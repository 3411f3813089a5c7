"""The program: studies from the command line to the report, interrupted and resumed."""

import os
import re
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tiny_data import curves, error_line, read_json, run

from textcnn.config import STUDIES as NAMES
from textcnn.data_config import DataConfig
from textcnn.studies.advice import ADVICE
from textcnn.studies.catalogue import STUDIES
from textcnn.studies.report import code, data_overrides
from textcnn.studies.study import Plan

pytest_plugins = ("tiny_run",)  # one thread


@pytest.fixture(scope="module")
def toured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one quick study."""
    run_dir = tmp_path_factory.mktemp("studies") / "run"
    assert run("illustrate", "study=symmetry", "preset=quick", f"run_dir={run_dir}") == 0
    return run_dir


def test_the_catalogue_is_what_the_key_takes() -> None:
    assert tuple(STUDIES) == NAMES


def test_points_and_drawings_have_names_of_their_own() -> None:
    for study in STUDIES.values():
        for quick in (True, False):
            names = [point.name for point in study.points(Plan(quick, 2, "", {}))]
            assert len(set(names)) == len(names), study.name


def test_the_advice_names_studies_and_keys_that_exist() -> None:
    assert {row[3] for row in ADVICE} <= set(STUDIES)


def test_code_between_backticks_is_escaped_like_all_else() -> None:
    assert code("a `<b>` & c") == "a <code>&lt;b&gt;</code> &amp; c"


def test_a_page_names_the_data_that_it_was_made_of() -> None:
    data = DataConfig(source="files", train="my texts.csv", text=["title", "body"], folds=3)
    assert data_overrides(data) == [
        "data=files",
        "'data.train=\"my texts.csv\"'",
        "'data.text=[title,body]'",
        "data.folds=3",
    ]
    assert data_overrides(DataConfig()) == []


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
    assert "1 studies, 0 measurements" in capsys.readouterr().out
    assert read_json(toured / "results" / "symmetry.json") == before


def test_the_same_seed_gives_the_same_numbers(toured: Path, tmp_path: Path) -> None:
    given = ("study=symmetry", "preset=quick", "workers=1", f"run_dir={tmp_path}/again")
    assert run("illustrate", *given) == 0
    again = read_json(tmp_path / "again" / "results" / "symmetry.json")
    assert again == read_json(toured / "results" / "symmetry.json")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["study=ordr"], r"study takes pointwise, order, .* or all, got ordr; try study=all"),
        (["study=checkpoint"], r"study=checkpoint needs a trained classifier; give checkpoint=.*"),
        (["checkpoint=nowhere"], r"checkpoint nowhere does not exist; give a run or .*"),
        (["workers=0"], r"workers takes a whole number, at least 1, or null, got 0; .*"),
        (["resume=nowhere"], r"resume=nowhere: no run there \(no config.yaml\)"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line_and_leaves_nothing(
    given: list[str], said: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("illustrate", *given, f"run_dir={tmp_path}/run") == 2
    assert re.fullmatch(said, error_line(capfd))
    assert not (tmp_path / "run").exists()


def test_a_run_directory_is_not_overwritten_unasked(
    toured: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("illustrate", "study=symmetry", f"run_dir={toured}") == 2
    assert f"run_dir={toured} already holds a run" in error_line(capfd)


def test_a_run_of_training_is_no_run_of_studies(
    tiny_run: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("illustrate", f"resume={tiny_run}") == 2
    said = error_line(capfd)
    assert said.startswith(f"{tiny_run}/config.yaml: a stored configuration can't be used")


def test_on_resuming_only_workers_may_change(
    toured: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("illustrate", f"resume={toured}", "seed=3") == 2
    assert error_line(capfd) == (
        "resume goes on as the run began, only workers may change; got seed"
    )


@pytest.mark.slow
@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_run_goes_on_where_it_was(
    by: signal.Signals, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_dir = tmp_path / "run"
    command = [sys.executable, "-m", "textcnn.illustrate", "study=order", "preset=quick"]
    started = subprocess.Popen(
        [*command, f"run_dir={run_dir}"], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    results = run_dir / "results" / "order.json"
    while not results.is_file() and started.poll() is None:
        time.sleep(0.05)
    os.killpg(started.pid, by) if by == signal.SIGINT else started.kill()
    out, _ = started.communicate(timeout=60)
    if by == signal.SIGINT:
        assert started.returncode == 130
        assert f"python -m textcnn.illustrate resume={run_dir}" in out
    before = read_json(results)["measurements"]
    assert run("illustrate", f"resume={run_dir}") == 0
    assert f"{len(before)} more are there already" in capsys.readouterr().out
    after = read_json(results)
    assert all(measurement in after["measurements"] for measurement in before)
    assert after["agrees"] is True


@pytest.mark.slow
def test_a_quick_look_at_all_studies_agrees_with_theory(tmp_path: Path) -> None:
    assert run("illustrate", "preset=quick", f"run_dir={tmp_path}/tour") == 0
    found = {name: read_json(tmp_path / "tour" / "results" / f"{name}.json") for name in NAMES[:-1]}
    broken = [claim for each in found.values() for claim in each["claims"] if not claim["holds"]]
    assert [claim for claim in broken if claim["holds"] is False] == []
    assert all(each["agrees"] for each in found.values())
