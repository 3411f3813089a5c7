"""`make reproduce`: jobs are carried out once, go on after an interruption, and fill the pages."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from arguments import parse
from baselines import BASELINES, fit, log_ratio, tokens
from campaign import plan
from campaign import reproduce as reproduce_all
from entries import load_entries, make_entry, merge, place, save_json, shown
from experiments import EXPERIMENTS, Experiment, Origin, existing, find
from hub_layout import write_parquet
from jobs import LOG, TRAIN, Job, fingerprint, flat
from notes import NOT_YET, measured_lines, notes_of, with_notes
from pages import results_page
from pool import Pool, alone_in
from scipy.sparse import csr_matrix
from sources import DATA, Run, available
from tiny_data import TINY, refusal, rows, write_csv
from worker import clean, cpu_name, rate, read_splits

from textcnn.config.compose import compose
from textcnn.config.explain import group_options

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "scripts" / "reproduce"
HARDWARE = {"device": "CPU", "cpu": "a CPU", "cores": 2, "threads": 1, "torch": "2"}


def entry(name: str, data: str, *accuracies: float, **others: Any) -> dict[str, Any]:
    kind = "seed" if DATA[data].folds is None else "fold"
    return {
        "data": data,
        "name": name,
        "paper": None,
        "settings": [],
        "mean": float(np.mean(accuracies)),
        "sd": float(np.std(accuracies, ddof=1)) if len(accuracies) > 1 else None,
        "seconds": 21.4,
        "texts_per_second": 12345,
        "megabytes": 2.345,
        "runs": [{"run": f"{kind}-{n}", "accuracy": each} for n, each in enumerate(accuracies)],
        "hardware": HARDWARE,
        "date": "2026-11-26",
        **others,
    }


# the table of experiments


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


# the data sets


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


# jobs


def tiny_job(tmp_path: Path, csv: Path, *more: str, seed: int = 0, program: str = TRAIN) -> Job:
    base = (*TINY, f"data.train={csv}", *more) if program == TRAIN else ("data=files",)
    if program != TRAIN:
        base += (f"data.train={csv}",)
    run = Run(f"seed-{seed}", (("seed", seed),))
    return Job(tmp_path / program / run.name, f"tiny, seed {seed}", program, base, run, keep=True)


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
from test_reproduce import tiny_job

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


def test_the_speed_is_that_of_the_median_pass() -> None:
    calls: list[int] = []
    assert rate(lambda texts: calls.append(len(texts)), ["a"] * 250) > 0
    assert calls == [100, 100, 250, 250, 250]


def test_the_name_of_the_cpu_may_be_missing(tmp_path: Path) -> None:
    file = tmp_path / "cpuinfo"
    file.write_text("processor: 0\nmodel name\t: EPYC 9\n")
    assert cpu_name(file) == "EPYC 9"
    assert cpu_name(tmp_path / "none")


# baselines


def test_the_log_ratio_of_naive_bayes_by_hand() -> None:
    counts = csr_matrix(np.array([[1, 0], [1, 1], [0, 1]]))
    # p = 1 + (2, 1), q = 1 + (0, 1): r = log((3/5) / (1/3)), log((2/5) / (2/3))
    ratio = log_ratio(counts, np.array([True, True, False]))
    np.testing.assert_allclose(ratio, np.log([9 / 5, 3 / 5]))


def test_tokens_are_words_and_single_punctuation_marks() -> None:
    assert tokens("It's NOT bad!! 3.5") == ["it's", "not", "bad", "!", "!", "3", ".", "5"]


@pytest.mark.parametrize("name", ["svm", "nbsvm", "fasttext"])
@pytest.mark.parametrize("classes", [2, 3])
def test_a_baseline_learns_the_words_of_a_class(name: str, classes: int) -> None:
    if not BASELINES[name].installed:
        pytest.skip(f"needs {BASELINES[name].module}")
    names = ("film", "sport", "tech")[:classes]
    drawn = [(text, names.index(label)) for text, label in rows(300) if label in names]
    texts, labels = [text for text, _ in drawn], np.array([label for _, label in drawn])
    fitted = fit(name, (texts[20:], labels[20:]), (texts[:20], labels[:20]), 2, seed=0)
    words = ["actor scene plot", "goal match team", "chip code disk"][:classes]
    assert fitted.model.predict(words).tolist() == list(range(classes))
    assert fitted.choice in BASELINES[name].choices
    assert fitted.model.size > 0


# results


def test_a_part_replaces_its_own_entries_and_keeps_the_rest() -> None:
    before = [entry("nbsvm", "mr", 79.0), entry("few", "mr", 70.0), entry("few", "trec", 80.0)]
    merged = merge(before, [entry("few", "mr", 71.0), entry("svm", "trec", 88.0)])
    assert [(each["data"], each["name"], each["mean"]) for each in merged] == [
        ("mr", "nbsvm", 79.0),
        ("mr", "few", 71.0),
        ("trec", "svm", 88.0),
        ("trec", "few", 80.0),
    ]


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
    ],
)
def test_damaged_results_are_refused_in_one_line(tmp_path: Path, content: str) -> None:
    file = tmp_path / "results.json"
    assert load_entries(file) == []
    file.write_text(content)
    assert "holds no results of make reproduce" in refusal(lambda: load_entries(file))


# lab notes

NOTE = "# @package _global_\n# Paper: A.\n# Measured: not yet\ndefaults:\n  - x  # kept\n"


def test_measured_lines_replace_the_earlier_ones() -> None:
    entries = [
        entry("few", "mr", 75.0, 76.0, 77.0),
        entry("few", "imdb", 90.0, hardware=HARDWARE | {"device": "H100"}),
    ]
    lines = measured_lines("few", entries)
    assert lines == [
        "# Measured: MR 76.0 ± 1.0 % (3 folds), 21 s each, 1 CPU thread",
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


# the command line


def test_options_have_defaults(tmp_path: Path) -> None:
    options = parse(["--folder", str(tmp_path), "--jobs", "1"])
    assert options.program == "results"
    assert options.folder == tmp_path.resolve()
    assert options.jobs == 1
    assert options.threads >= 1
    assert parse(["ablations", "--hub"]).folder is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "kim2041"], "--only takes "),
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
    first = reproduce("--only", "svm", *given)
    assert first.returncode == 0, first.stderr
    assert "0 of 2 jobs are finished" in first.stdout
    other, ours = load_entries(results)
    assert other == kept
    assert [run["run"] for run in ours["runs"]] == ["seed-0", "seed-1"]
    assert ours["texts"]["test"] == 30
    assert ours["texts_per_second"] > 0
    before = {file.name: file.stat().st_mtime_ns for file in results.parent.iterdir()}
    again = reproduce("--only", "svm", *given)
    assert "2 of 2 jobs are finished" in again.stdout
    assert {file.name: file.stat().st_mtime_ns for file in results.parent.iterdir()} == before


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


def origin_of_mr(monkeypatch: pytest.MonkeyPatch, *settings: str) -> None:
    origin = Origin("best_fast", "mr", settings)
    started = Experiment(dict.fromkeys(("trec", "sst2")), origin=origin)
    monkeypatch.setitem(EXPERIMENTS, "best_fast", started)


def write_sets(folder: Path, *names: str) -> None:
    for name in names:
        for file in DATA[name].files.values():
            write_csv(folder / file, rows(60, seed=len(file)))


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


def test_the_flat_configuration_holds_plain_values() -> None:
    settings = flat(compose("train", []))
    assert settings["model.kernel_sizes"] == [1, 2, 3]
    assert json.loads(json.dumps(settings)) == settings
