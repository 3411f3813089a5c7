"""Programs on files as people have them, from the command line to the scores."""

import json
from pathlib import Path

import pytest
from tiny_data import TINY, rows, run

from textcnn.data.labels.unseen import UNSEEN


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with an export in UTF-16, a test file with a strange class, and a run."""
    project = tmp_path_factory.mktemp("project")
    spelled = {"film": "film ", "sport": "R&D, other", "tech": "null"}
    lines = [f'{text};"{spelled[label]}";;' for text, label in rows(150)]
    content = "sep=;\r\n" + "\r\n".join([" text ;label;;", *lines, "no label;;;", ""])
    (project / "评论 (1).csv").write_bytes(content.encode("utf-16"))
    given = [f"__label__{label} {text}" for text, label in rows(30, seed=1) if label == "film"]
    (project / "test.txt").write_text("\n".join([*given, "__label__new a goal"]), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        code = run(
            "train",
            *TINY,
            "data.train=评论 (1).csv",
            "data.test=test.txt",
            "data.missing_label=drop",
            "data.unseen_label=wrong",
            "training.class_weights={R&D, other:2,null:1}",
            "training.epochs=2",
            "run_dir=outputs/run",
        )
        assert code == 0
    return project


def test_what_was_done_with_the_rows_is_reported(project: Path) -> None:
    metrics = json.loads((project / "outputs/run/metrics.json").read_text())
    assert metrics["data"]["labels"] == ["R&D, other", "film", "null"]
    assert metrics["data"]["notes"][:2] == [
        "data.train: 1 of 151 rows have no label: dropped (data.missing_label)",
        "data.test: 1 of 11 texts have a class that training lacks (new): counted as "
        "misclassified (data.unseen_label)",
    ]
    assert any("test holds no text of 'R&D, other'" in line for line in metrics["data"]["warnings"])
    *_, unseen = metrics["test"]["classes"]
    assert (unseen["label"], unseen["recall"], unseen["examples"]) == (UNSEEN, 0, 1)
    assert metrics["test"]["accuracy"] <= 10 / 11 + 1e-6


def test_evaluation_finds_the_files_from_elsewhere(
    project: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    checkpoint = f"checkpoint={project}/outputs/run"
    assert run("evaluate", checkpoint, "run_dir=evaluation") == 0
    said = capsys.readouterr().out
    assert "reproduced: training reported the same accuracy" in said
    assert "data.test: 1 of 11 texts have a class that training lacks (new)" in said
    assert "warning: the texts holds no text of" not in said
    assert run("train", f"resume={project}/outputs/run") == 2
    assert f"resume from there: cd {project}" in capsys.readouterr().err


def test_predictions_read_the_same_files(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project)
    assert run("predict", "checkpoint=outputs/run", "input=评论 (1).csv") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 151
    assert json.loads(lines[-1])["text"] == "no label"
