"""Jobs of `make reproduce`: carried out once, resumed after an interruption."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from entries import make_entry
from jobs import LOG, flat
from pool import Pool, alone_in
from reproduce_parts import ROOT, SCRIPT, tiny_job
from tiny_data import refusal, rows, write_csv
from worker import clean

from textcnn.config.compose import compose


def test_a_job_is_finished_only_for_the_same_settings_and_data(tmp_path: Path) -> None:
    csv = write_csv(tmp_path / "rows.csv", rows(40))
    job = tiny_job(tmp_path, csv)
    stored = job.specification()
    assert job.matches(stored)
    assert not tiny_job(tmp_path, csv, "model.dropout=0.4").matches(stored)
    assert not tiny_job(tmp_path, csv, seed=1).matches(stored)
    other = write_csv(tmp_path / "other.csv", rows(41))
    assert not tiny_job(tmp_path, other).matches(stored)
    moved = write_csv(tmp_path / "moved.csv", rows(40))
    assert tiny_job(tmp_path, moved).matches(stored)


def test_a_key_that_is_new_counts_only_if_it_is_set(tmp_path: Path) -> None:
    csv = write_csv(tmp_path / "rows.csv", rows(40))
    job = tiny_job(tmp_path, csv, "training.mixup=0.5")
    stored = job.specification()
    del stored["settings"]["training.r_drop"]  # as of a version without it
    assert job.matches(stored)
    del stored["settings"]["training.mixup"]
    assert not job.matches(stored)
    assert not job.matches(None)


def test_settings_of_a_baseline_are_those_of_the_data(tmp_path: Path) -> None:
    csv = write_csv(tmp_path / "rows.csv", rows(40))
    settings = tiny_job(tmp_path, csv, program="svm").specification()["settings"]
    assert settings["data.validation_fraction"] == 0.1
    assert settings["longest"] == 2
    assert "model.dropout" not in settings


@pytest.mark.slow
def test_jobs_run_once_and_a_failure_leaves_the_others(tmp_path: Path) -> None:
    csv = write_csv(tmp_path / "rows.csv", rows(60))
    job, baseline = (
        tiny_job(tmp_path, csv, "training.epochs=1"),
        tiny_job(tmp_path, csv, program="svm"),
    )
    bad = tiny_job(tmp_path, csv, "training.epochs=1", "data.label=topic", seed=1)
    wrong = tiny_job(tmp_path, csv, "model.dropout=2", seed=2)
    said: list[str] = []
    failures = Pool(2, 1, said.append).carry_out([job, bad, wrong, baseline])
    assert said[0] == "0 of 4 jobs are finished"
    assert "tiny, seed 2: model.dropout takes" in failures[0]
    assert failures[1].startswith("tiny, seed 1 failed: ")
    assert "topic" in failures[1]
    result = job.result()
    assert result is not None
    assert result["texts"] == {"train": 48, "validation": 6, "test": 6}
    assert {path.name for path in (job.directory / "run").iterdir()} == {
        "best",
        "config.yaml",
        "metrics.json",
    }
    assert result["size"] == sum(f.stat().st_size for f in (job.directory / "run/best").iterdir())
    assert Pool(1, 1, said.append).measure_speeds([job, baseline]) == []
    assert (job.speed() or 0) > 0
    said.clear()
    assert Pool(2, 1, said.append).carry_out([job, baseline]) == []
    assert said == ["2 of 2 jobs are finished"]
    made = make_entry("tiny", "trec", [job], tmp_path)
    assert made is not None
    assert made["mean"] == pytest.approx(100 * result["accuracy"], abs=1e-3)
    assert made["sd"] is None
    assert make_entry("tiny", "trec", [job, bad], tmp_path) is None


PROGRAM = """
import sys
from pathlib import Path
from pool import Pool
from reproduce_parts import tiny_job

try:
    Pool(1, 1).carry_out([tiny_job(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])])
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.slow
def test_an_interrupted_job_is_resumed(tmp_path: Path) -> None:
    csv = write_csv(tmp_path / "rows.csv", rows(200))
    job = tiny_job(tmp_path, csv, epochs := "training.epochs=60")
    paths = [str(ROOT / "scripts/bench"), str(SCRIPT), str(ROOT / "tests"), str(ROOT)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, "-c", PROGRAM, str(tmp_path), str(csv), epochs]
    with subprocess.Popen(command, env=environment) as process:
        log = job.directory / LOG
        while not (log.is_file() and "epoch  3/60" in log.read_text(encoding="utf-8")):
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
    assert process.returncode == 130
    assert job.begun()
    assert job.result() is None
    assert list(job.directory.rglob("*.tmp")) == []
    said = (job.directory / LOG).read_text(encoding="utf-8")
    assert "to resume, run" in said
    assert Pool(1, 1, lambda line: None).carry_out([job]) == []
    rest = (job.directory / LOG).read_text(encoding="utf-8").removeprefix(said)
    assert "resuming after" in rest
    result = job.result()
    assert result is not None
    metrics = json.loads((job.directory / "run/metrics.json").read_text(encoding="utf-8"))
    assert metrics["train"]["epochs"] == len(metrics["history"]) == 60


def test_two_programs_never_share_a_folder(tmp_path: Path) -> None:
    with alone_in(tmp_path):
        message = refusal(lambda: alone_in(tmp_path).__enter__())
    assert message.startswith(f"another make reproduce works in {tmp_path}; ")
    with alone_in(tmp_path):
        pass


def test_only_metrics_and_configuration_of_a_later_run_are_kept(tmp_path: Path) -> None:
    for name in ("best", "last", "member-1"):
        (tmp_path / name).mkdir()
    for name in ("metrics.json", "config.yaml", "events"):
        (tmp_path / name).touch()
    clean(tmp_path, keep=False)
    assert {path.name for path in tmp_path.iterdir()} == {"metrics.json", "config.yaml"}


def test_the_flat_configuration_holds_plain_values() -> None:
    settings = flat(compose("train", []))
    assert settings["model.kernel_sizes"] == [1, 2, 3]
    assert json.loads(json.dumps(settings)) == settings
