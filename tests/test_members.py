"""Runs of several members: one checkpoint, from processes, resumed, refused."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from interrupted import interrupt_at
from tiny_data import (
    TINY,
    assert_same_run,
    curves,
    error_line,
    everything,
    forge_config,
    read_json,
    rows,
    run,
    train,
    weights,
)

import textcnn
from textcnn.inference import load
from textcnn.models.ensemble import Ensemble
from textcnn.training.many_runs.jobs import NamedLines

pytest_plugins = ("tiny_run",)

MEMBERS = ("training.members=3", "training.epochs=2")


@pytest.fixture(scope="module")
def members(tiny_csv: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run_dir = tmp_path_factory.mktemp("members") / "run"
    assert train(tiny_csv, run_dir, *MEMBERS) == 0
    return run_dir


def assert_same_ensemble(got: Path, expected: Path) -> None:
    for number in (1, 2, 3):
        assert_same_run(got / f"member-{number}", expected / f"member-{number}")
    ours, theirs = weights(got / "best"), weights(expected / "best")
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    ours, theirs = (read_json(directory / "metrics.json") for directory in (got, expected))
    assert (ours["test"], ours["validation"]) == (theirs["test"], theirs["validation"])


def test_one_checkpoint_holds_all_members_and_predicts_their_mean(members: Path) -> None:
    together = textcnn.Classifier.load(members)
    alone = [load(members / f"member-{number}") for number in (1, 2, 3)]
    assert isinstance(together.model, Ensemble)
    texts = [text for text, _ in rows(40, seed=5)] + ["", "unheard"]
    mean = torch.stack([each.logits(texts).softmax(dim=1) for each in alone]).mean(dim=0)
    torch.testing.assert_close(together.logits(texts).softmax(dim=1), mean)
    assert [each.label for each in together.predict(texts)] == [
        together.labels[place] for place in mean.argmax(dim=1)
    ]


def test_members_differ_in_seed_and_share_their_splits(
    members: Path, tiny_csv: Path, tmp_path: Path
) -> None:
    manifests = [read_json(members / f"member-{n}" / "best" / "manifest.json") for n in (1, 2, 3)]
    assert len({str(manifest["data"]) for manifest in manifests}) == 1
    tables = [weights(members / f"member-{n}" / "best")["embedding.table.weight"] for n in (1, 2)]
    assert not torch.equal(*tables)
    assert train(tiny_csv, tmp_path / "run", "training.epochs=2", "baseline=false") == 0
    assert_same_run(members / "member-1", tmp_path / "run")  # the first has the seed of the run
    keys = (*MEMBERS, "training.member=2")
    assert train(tiny_csv, tmp_path / "second", *keys) == 0
    assert_same_run(members / "member-2", tmp_path / "second")


def test_metrics_have_the_ensemble_and_each_member(
    members: Path, capfd: pytest.CaptureFixture[str], tiny_csv: Path, tmp_path: Path
) -> None:
    result = read_json(members / "metrics.json")
    each = [read_json(members / f"member-{number}" / "metrics.json") for number in (1, 2, 3)]
    assert [member["run_dir"] for member in result["members"]] == [
        "member-1",
        "member-2",
        "member-3",
    ]
    assert [member["test"] for member in result["members"]] == [metrics["test"] for metrics in each]
    assert result["train"]["epochs"] == 2
    parameters = sum(tensor.numel() for tensor in weights(members / "best").values())
    assert result["model"]["parameters"] == parameters == 3 * each[0]["model"]["parameters"]
    assert "confusion/test" in curves(members).Tags()["images"]
    assert train(tiny_csv, tmp_path / "run", "training.members=2", "training.epochs=1") == 0
    told = capfd.readouterr().out
    assert "member 1 of 2\n" in told
    assert "│ mean ± sd │" in told
    assert "│ ensemble  │" in told


def test_evaluate_and_predict_read_an_ensemble_and_a_member(
    members: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for directory in (members, members / "member-3"):
        assert (
            run("evaluate", f"checkpoint={directory}", f"run_dir={tmp_path}", "overwrite=true") == 0
        )
        assert "reproduced: training reported the same accuracy" in capfd.readouterr().out
    texts = tmp_path / "texts.txt"
    texts.write_text("goal\nchip\n", encoding="utf-8")
    assert run("predict", f"checkpoint={members}", f"input={texts}") == 0
    assert capfd.readouterr().out.count('"label"') == 2


def test_a_study_examines_one_network(
    members: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    keys = ("study=checkpoint", f"checkpoint={members}", f"run_dir={tmp_path / 'study'}")
    assert run("illustrate", *keys) == 2
    assert error_line(capfd) == (
        f"study=checkpoint examines a single network, got {members / 'best'}, an ensemble of 3; "
        "give one member, checkpoint=<run>/member-1"
    )


def test_interrupted_in_a_member_it_resumes_there(
    members: Path,
    tiny_csv: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    run_dir = tmp_path / "run"
    with monkeypatch.context() as patch:
        interrupt_at(patch, 5, passed=1)
        assert train(tiny_csv, run_dir, *MEMBERS) == 130
    assert capfd.readouterr().out.endswith(
        f"interrupted after 1 of 3 members; progress is saved in {run_dir}; to resume, run\n"
        f"  python -m textcnn.train resume={run_dir}\n"
    )
    assert run("predict", f"checkpoint={run_dir}") == 2
    assert error_line(capfd) == (
        f"{run_dir} is an ensemble whose members are not all trained; resume it, or give one "
        f"member, such as {run_dir / 'member-1'}"
    )
    before = everything(run_dir / "member-1")
    assert run("train", f"resume={run_dir}") == 0
    assert everything(run_dir / "member-1") == before
    assert_same_ensemble(run_dir, members)


# Trains in two processes, one of which is killed, or stops them all, at its fifth step.
PROCESSES = """
import os, signal, sys
import torch
import textcnn.train
from textcnn.training.progress import TrainingProgress

class Acting(TrainingProgress):
    def step(self, state):
        if state.step == 5 and "{what}" == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if state.step == 5 and "{what}" == "stopped":
            os.kill(os.getppid(), signal.SIGTERM)
            signal.pause()

import textcnn.training.recipe
if "{what}":
    textcnn.training.recipe.TrainingProgress = Acting
if __name__ == "__main__":
    torch.set_num_threads(2)
    textcnn.train.main()
"""


def in_processes(folder: Path, what: str, *keys: str) -> subprocess.CompletedProcess[str]:
    """Run a file, because the processes that it starts import it again."""
    file = folder / "program.py"
    file.write_text(PROCESSES.replace("{what}", what), encoding="utf-8")
    command = [sys.executable, str(file), *keys]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_processes_train_the_same_members_even_if_one_is_killed(
    members: Path, tiny_csv: Path, tmp_path: Path
) -> None:
    run_dir = tmp_path / "run"
    keys = [*TINY, f"data.train={tiny_csv}", f"run_dir={run_dir}", *MEMBERS]
    done = in_processes(tmp_path, "killed", *keys)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("a process that trained a network was killed, likely for lack")
    assert f"resume={run_dir}" in done.stderr
    assert not (run_dir / "metrics.json").exists()
    done = in_processes(tmp_path, "", f"resume={run_dir}")
    assert done.returncode == 0, done.stderr
    assert "networks to train: 3, 2 at a time, with one thread each" in done.stdout
    assert "member 2: epoch 2/2" in done.stdout
    assert_same_ensemble(run_dir, members)


def test_sigterm_lets_all_processes_save_their_progress(
    members: Path, tiny_csv: Path, tmp_path: Path
) -> None:
    run_dir = tmp_path / "run"
    keys = [*TINY, f"data.train={tiny_csv}", f"run_dir={run_dir}", *MEMBERS]
    done = in_processes(tmp_path, "stopped", *keys)
    assert done.returncode == 130, done.stderr
    assert f"interrupted after 0 of 3 members; progress is saved in {run_dir}" in done.stdout
    saved = [read_json(path)["step"] for path in run_dir.glob("member-*/last/manifest.json")]
    assert max(saved) == 5  # in the middle of an epoch
    assert in_processes(tmp_path, "", f"resume={run_dir}").returncode == 0
    assert_same_ensemble(run_dir, members)


def test_a_worker_s_lines_start_with_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    NamedLines("member 2").write("one\ntwo\n")
    assert capsys.readouterr().out == "member 2: one\nmember 2: two\n"


def test_more_epochs_are_trained_by_every_member(
    members: Path, tiny_csv: Path, tmp_path: Path
) -> None:
    run_dir = tmp_path / "run"
    assert train(tiny_csv, run_dir, "training.members=3", "training.epochs=1") == 0
    assert run("train", f"resume={run_dir}", "training.epochs=2") == 0
    assert_same_ensemble(run_dir, members)
    assert "\n  epochs: 2\n" in (run_dir / "config.yaml").read_text(encoding="utf-8")


def test_every_fold_of_a_cross_validation_is_an_ensemble(tiny_csv: Path, tmp_path: Path) -> None:
    keys = ("data.folds=2", "training.members=2", "training.epochs=1")
    assert train(tiny_csv, tmp_path / "run", *keys) == 0
    accuracies = [
        read_json(tmp_path / "run" / f"fold-{fold}" / "metrics.json")["test"]["accuracy"]
        for fold in (1, 2)
    ]
    assert [
        each["test"]["accuracy"] for each in read_json(tmp_path / "run" / "metrics.json")["folds"]
    ] == accuracies
    members = sorted((tmp_path / "run").glob("fold-*/member-*/best"))
    assert len(members) == 4
    assert isinstance(load(tmp_path / "run" / "fold-1").model, Ensemble)
    before = everything(tmp_path / "run" / "fold-1")
    (tmp_path / "run" / "fold-2" / "metrics.json").unlink()
    assert run("train", f"resume={tmp_path / 'run'}") == 0
    assert everything(tmp_path / "run" / "fold-1") == before


def test_overwriting_leaves_no_member_of_the_run_before(tiny_csv: Path, tmp_path: Path) -> None:
    assert train(tiny_csv, tmp_path / "run", *MEMBERS, "training.epochs=1") == 0
    assert train(tiny_csv, tmp_path / "run", "training.epochs=1", "overwrite=true") == 0
    assert not [*(tmp_path / "run").glob("member-*")]


def test_label_sets_tune_the_thresholds_of_the_ensemble(tmp_path: Path) -> None:
    file = tmp_path / "sets.csv"
    cells = [
        f"{text},{label}|new" if row % 3 else f"{text},{label}"
        for row, (text, label) in enumerate(rows(120))
    ]
    file.write_text("\n".join(["text,label", *cells]), encoding="utf-8")
    keys = ("data.multi_label=true", "data.label_separator=|", "training.members=2")
    assert train(file, tmp_path / "run", *keys, "training.epochs=2") == 0
    together = textcnn.LabelSetClassifier.load(tmp_path / "run")
    alone = [textcnn.LabelSetClassifier.load(tmp_path / "run" / f"member-{n}") for n in (1, 2)]
    texts = [text for text, _ in rows(10, seed=3)]
    mean = torch.stack([each.logits(texts).sigmoid() for each in alone]).mean(dim=0)
    torch.testing.assert_close(together.logits(texts).sigmoid(), mean)
    assert len(together.thresholds) == 4


def test_python_trains_an_ensemble_and_draws_no_random_numbers_of_the_program(
    tmp_path: Path,
) -> None:
    texts, labels = zip(*rows(120), strict=True)
    small: dict[str, Any] = {
        "model": {"name": "multi_width", "embedding_dim": 8, "num_filters": 4},
        "text": {"min_frequency": 1},
        "training": {"members": 2, "epochs": 1},
    }
    state = torch.get_rng_state()
    classifier = textcnn.fit(texts, labels, run_dir=tmp_path / "run", **small)
    assert torch.equal(torch.get_rng_state(), state)
    assert isinstance(classifier.model, Ensemble)
    assert (tmp_path / "run" / "member-2" / "best").is_dir()
    assert read_json(tmp_path / "run" / "metrics.json")["test"] is None
    estimator = textcnn.TextClassifier(**small).fit(texts, labels)
    assert (
        estimator.predict(texts[:9]) == [each.label for each in classifier.predict(texts[:9])]
    ).all()
    estimator.save(tmp_path / "saved")
    assert isinstance(load(tmp_path / "saved").model, Ensemble)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (
            ("training.members=2", "training.member=3"),
            "training.member takes 1 to 2 (training.members), got 3; try training.members=3",
        ),
        (
            ("training.members=101",),
            "training.members takes a whole number, at least 1, at most 100, got 101; try "
            "training.members=1",
        ),
    ],
)
def test_numbers_of_members_that_make_no_sense_are_refused(
    tiny_csv: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    keys: tuple[str, ...],
    expected: str,
) -> None:
    assert train(tiny_csv, tmp_path / "run", *keys) == 2
    assert error_line(capfd) == expected
    assert not (tmp_path / "run").exists()


def test_a_resumed_run_keeps_its_number_of_members(
    members: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("train", f"resume={members}", "training.members=4") == 2
    assert error_line(capfd) == (
        "resume continues the run as it began; only training.epochs may change, got "
        "training.members; leave it out"
    )


def test_bad_data_leave_no_directory(
    tiny_csv: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert train(tiny_csv, tmp_path / "run", *MEMBERS, "data.label=class") == 2
    assert "has no column 'class'" in error_line(capfd)
    assert not (tmp_path / "run").exists()


def test_changed_data_are_refused_on_resuming(
    members: Path, tiny_csv: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run_dir = shutil.copytree(members, tmp_path / "run")
    (run_dir / "metrics.json").unlink()
    other = tmp_path / "other.csv"
    other.write_text(tiny_csv.read_text(encoding="utf-8") + "more,film\n", encoding="utf-8")
    config = (run_dir / "config.yaml").read_text(encoding="utf-8")
    (run_dir / "config.yaml").write_text(config.replace(str(tiny_csv), str(other)))
    assert run("train", f"resume={run_dir}") == 2
    assert "the data have changed since the run began" in error_line(capfd)


FORGED: list[tuple[Callable[[Path], None], str]] = [
    (
        lambda best: forge_config(best, "  members: 3\n", "  members: 100\n"),
        "training.members=100, but there are weights of 3",
    ),
    (
        lambda best: forge_config(best, "  members: 3\n", "  members: 1\n"),
        "training.members=1, but there are weights of 3",
    ),
    (
        lambda best: forge_config(best, "  members: 3\n", "  members: 1000000\n"),
        "training.members takes a whole number, at least 1, at most 100, got 1000000",
    ),
    (
        lambda best: forge_config(best, "  num_filters: 4\n", "  num_filters: 5\n"),
        "size mismatch for members.0.encoder.convolutions.0.weight",
    ),
]


@pytest.mark.parametrize(("forge", "expected"), FORGED)
def test_a_checkpoint_of_another_number_of_members_is_refused_in_one_line(
    members: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    forge: Callable[[Path], None],
    expected: str,
) -> None:
    run_dir = shutil.copytree(members, tmp_path / "run")
    forge(run_dir / "best")
    assert run("predict", f"checkpoint={run_dir}", "input=-") == 2
    assert expected in error_line(capfd)


def test_final_training_keeps_the_weights_that_validation_chose_for_the_selected(
    tiny_csv: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    keys = ("training.members=2", "training.epochs=2", "model.ngrams=2")
    assert train(tiny_csv, tmp_path / "plain", *keys) == 0
    assert train(tiny_csv, tmp_path / "run", *keys, "training.final=all") == 0
    assert "so they have no validation score" in " ".join(capfd.readouterr().out.split())
    before, final = (weights(tmp_path / name / "best") for name in ("plain", "run"))
    member = weights(tmp_path / "run" / "member-1" / "best")
    # selected are the members of the plain run; their validation chose the weights of the sum
    assert torch.equal(final["weights"], before["weights"])
    assert final["ngrams.texts"] > before["ngrams.texts"]
    ours = final["network.members.0.head.weight"]
    assert torch.equal(ours, member["head.weight"])
    assert not torch.equal(ours, before["network.members.0.head.weight"])
    metrics = read_json(tmp_path / "run" / "metrics.json")
    assert metrics["validation"] is None
    chosen = read_json(tmp_path / "plain" / "metrics.json")["validation"]
    assert metrics["selection"]["validation"]["loss"] == pytest.approx(chosen["loss"])
    assert run("evaluate", f"checkpoint={tmp_path / 'run'}", f"run_dir={tmp_path}") == 0
    assert read_json(tmp_path / "evaluation.json")["reproduced"] is True
