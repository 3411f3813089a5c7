"""Experiments of `make reproduce` that start from the checkpoint of another."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from arguments import parse
from campaign import plan
from campaign import reproduce as reproduce_all
from entries import load_entries, save_json
from experiments import EXPERIMENTS, Experiment, Origin
from jobs import fingerprint
from reproduce_parts import origin_of_mr, tiny_job, write_sets
from tiny_data import refusal, rows, write_csv


@pytest.mark.slow
def test_an_experiment_starts_from_the_checkpoint_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_csv(tmp_path / "trec_train.csv", rows(150))
    write_csv(tmp_path / "trec_test.csv", rows(30, seed=1))
    csv = write_csv(tmp_path / "mr.csv", [(text, label.title()) for text, label in rows(200, 2)])
    origin = Origin("best_fast", "mr", ("seed=3",), rename="{Film: film, Sport: sport, Tech: tech}")
    monkeypatch.setitem(EXPERIMENTS, "best_fast", Experiment({"trec": None}, origin=origin))
    work = tmp_path / "work"
    given = (
        "--only best_fast --data trec --seeds 1 --jobs 1 --folder {0} --work {1} --output {0}/docs"
    )
    options = parse([part.format(tmp_path, work) for part in given.split()])
    assert reproduce_all(options) == []
    assert capsys.readouterr().out.count("0 of 1 jobs are finished") == 2
    [made] = load_entries(tmp_path / "docs" / "results.json")
    assert made["origin"] == "`experiment=best_fast seed=3` on MR"
    page = (tmp_path / "docs" / "results.md").read_text(encoding="utf-8")
    assert f"`best_fast` starts from the checkpoint of {made['origin']}" in page
    run = work / "trec" / "best_fast" / "seed-0" / "run"
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["init_from"]
    assert reproduce_all(options) == []
    assert capsys.readouterr().out.count("1 of 1 jobs are finished") == 1  # no need of the origin
    write_csv(csv, rows(100, 4))  # another checkpoint gives other results
    fingerprint.cache_clear()
    [row] = plan(options)
    assert row.jobs[0].result() is None


def test_what_starts_from_a_failed_training_is_not_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_sets(tmp_path, "mr", "trec", "sst2")
    origin_of_mr(monkeypatch, "model.ngram_cost=-1")
    given = "--only best_fast --seeds 1 --jobs 1 --folder {0} --work {0}/work --output {0}/docs"
    options = parse([part.format(tmp_path) for part in given.split()])
    failures = reproduce_all(options)
    assert failures[0].startswith("MR, best_fast, from which others start: model.ngram_cost takes")
    assert failures[1:] == [
        f"{data}, best_fast, seed 0: not started, because its checkpoint is missing: "
        "MR, best_fast, from which others start"
        for data in ("SST-2", "TREC")
    ]
    assert load_entries(tmp_path / "docs" / "results.json") == []


def test_a_checkpoint_that_is_gone_is_trained_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_sets(tmp_path, "mr", "trec")
    origin_of_mr(monkeypatch)
    given = ["--only", "best_fast", "--data", "trec", "--folder", str(tmp_path)]
    [row] = plan(parse([*given, "--seeds", "1", "--work", str(tmp_path / "work")]))
    [job] = row.jobs
    assert job.origin is not None
    run = job.origin.directory / "run" / "best"
    run.mkdir(parents=True)
    save_json(job.origin.directory / "result.json", job.origin.specification())
    assert job.origin.result() is not None
    run.rmdir()
    assert job.origin.result() is None


def test_a_result_belongs_to_the_checkpoint_that_it_started_from(tmp_path: Path) -> None:
    csv = write_csv(tmp_path / "rows.csv", rows(40))
    origin, anew = tiny_job(tmp_path, csv), tiny_job(tmp_path, csv, seed=1)
    started = replace(anew, origin=origin)
    assert started.matches(started.specification())
    assert not started.matches(anew.specification())
    assert not anew.matches(started.specification())
    other = replace(anew, origin=tiny_job(tmp_path, csv, "model.dropout=0.4"))
    assert not other.matches(started.specification())


def test_an_experiment_without_its_checkpoints_data_is_left_out_or_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_sets(tmp_path, "trec")
    origin_of_mr(monkeypatch)
    given = ["--folder", str(tmp_path), "--data", "trec"]
    assert "best_fast" not in {row.name for row in plan(parse(given))}
    line = f"best_fast is left out: it starts from a checkpoint on MR, and {tmp_path} has no mr.csv"
    assert f"TREC, {line}\n" in capsys.readouterr().out
    asked = parse([*given, "--only", "best_fast"])
    assert refusal(lambda: list(plan(asked))) == f"{line}; add it, or use --hub"
