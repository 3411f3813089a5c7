"""The report that training and evaluation write of a real run."""

import json
from pathlib import Path

import pytest
import yaml
from tiny_data import rows, train, write_csv

from textcnn.cli import PROGRAMS
from textcnn.evaluation.page.audited import found_audit
from textcnn.evaluation.page.build import Background, read_background

pytest_plugins = ("tiny_run",)


def read(run_dir: Path, name: str = "index.html") -> str:
    return (run_dir / "report" / name).read_text(encoding="utf-8")


def test_a_run_says_what_to_conclude(tiny_run: Path) -> None:
    page = read(tiny_run)
    assert "Accuracy " in page
    assert "test texts." in page
    for section in ("scores", "texts", "training", "data", "repeat"):
        assert f'<section id="{section}">' in page


def test_the_texts_that_are_shown_have_the_words_marked_that_decided(tiny_run: Path) -> None:
    page = read(tiny_run)
    assert '<mark class="for"' in page
    assert "decided by" in page


def test_the_card_has_the_scores_of_the_run(tiny_run: Path) -> None:
    header = read(tiny_run, "model_card.md").split("---\n")[1]
    (model,) = yaml.safe_load(header)["model-index"]
    (result,) = model["results"]
    assert result["dataset"] == {"name": "files", "type": "files", "split": "test"}
    assert [each["type"] for each in result["metrics"]] == ["accuracy", "f1"]


def test_the_commands_of_the_page_name_programs_that_exist(tiny_run: Path) -> None:
    names = {line.split()[0] for line in read(tiny_run).split("python -m textcnn.")[1:]}
    assert names <= set(PROGRAMS)


@pytest.mark.reports
def test_a_run_without_a_report_has_none(tmp_path: Path) -> None:
    csv = write_csv(tmp_path / "train.csv", rows(60))
    for wanted in ("true", "false"):
        run_dir = tmp_path / wanted
        assert train(csv, run_dir, "training.epochs=1", f"report={wanted}") == 0
        assert (run_dir / "report" / "index.html").is_file() == (wanted == "true")


def test_a_checkpoint_apart_from_its_run_has_no_background(tiny_run: Path, tmp_path: Path) -> None:
    found = read_background(tiny_run / "best", "")
    assert len(found.history) > 1
    assert found.data is not None
    assert found.layers is not None
    assert found.data.rows[0][0] == "texts"
    assert read_background(tmp_path / "best", "") == Background()
    for damaged in ("[]", "{", '{"history": [{"epoch": "x"}]}', "[" * 10_000, '{"data": 1}'):
        (tmp_path / "metrics.json").write_text(damaged)
        found = read_background(tmp_path / "best", "")
        assert (*found.history, found.data, found.layers) == (None, None)


def test_the_audit_of_a_run_is_on_its_page(tmp_path: Path) -> None:
    section = {"title": "Invariance", "conclusion": "All hold.", "table": [["", "flips"]]}
    audit = {"sections": {"invariance": {**section, "notes": ["a note"]}}}
    (tmp_path / "audit.json").write_text(json.dumps(audit))
    (check,) = found_audit(tmp_path / "evaluation", tmp_path / "best")
    assert (check.title, check.conclusion, check.notes) == ("Invariance", "All hold.", ("a note",))


def test_a_damaged_audit_is_left_out(tmp_path: Path) -> None:
    assert found_audit(tmp_path, tmp_path / "best") == ()
    for damaged in ('{"sections": 7}', '{"sections": {"a": 1}}', "[" * 10_000, "{"):
        (tmp_path / "audit.json").write_text(damaged)
        assert found_audit(tmp_path, tmp_path / "best") == ()
