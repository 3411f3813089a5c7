"""`python -m textcnn.compare`: from directories to tables, a page, files and a conclusion."""

import csv
import json
import shutil
from pathlib import Path

import pytest
from tiny_data import error_line, everything, read_json, run, write_csv

pytest_plugins = ("tiny_run",)

QUICK = ("training.epochs=1", "data.test_fraction=0.3")


@pytest.fixture(scope="module")
def sweep(tiny_csv: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of four runs: two models with two seeds each. Tests must leave it as it is."""
    folder = tmp_path_factory.mktemp("compare") / "sweep"
    for model in ("bag", "multi_width"):
        for seed in (0, 1):
            keys = [f"model={model}", "model.embedding_dim=8", f"seed={seed}", *QUICK]
            keys += ["model.num_filters=4"] if model == "multi_width" else []
            directory = folder / f"{model}-{seed}"
            overrides = (f"data.train={tiny_csv}", f"run_dir={directory}", "baseline=false")
            common = ("data=files", "text.min_frequency=1", "optimizer.learning_rate=0.03")
            assert run("train", *common, *overrides, *keys) == 0
    return folder


def compare(*arguments: object) -> int:
    return run("compare", *map(str, arguments))


def lines(capfd: pytest.CaptureFixture[str]) -> list[str]:
    return capfd.readouterr().out.splitlines()


def test_a_sweeps_folder_is_grouped_by_configuration(
    sweep: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = everything(sweep)
    assert compare(sweep, "speed=false", f"output={tmp_path}/t.json") == 0
    assert everything(sweep) == before
    said = lines(capfd)
    assert any("model=bag" in line and "model=multi_width" in line for line in said)
    assert any("2 (2 seeds)" in line for line in said)
    result = read_json(tmp_path / "t.json")
    assert [group["name"] for group in result["groups"]] == ["model=bag", "model=multi_width"]
    bag = result["groups"][0]
    reported = [
        read_json(sweep / f"bag-{seed}" / "metrics.json")["test"]["accuracy"] for seed in (0, 1)
    ]
    assert bag["test"]["accuracy"]["mean"] == pytest.approx(sum(reported) / 2)
    assert bag["test"]["accuracy"]["std"] == pytest.approx(abs(reported[0] - reported[1]) / 2**0.5)
    assert bag["settings"]["model.name"] == "bag"
    assert "seed" not in bag["settings"]
    (comparison,) = result["comparisons"]
    assert comparison["runs"] == [2, 2]
    assert comparison["over_seeds"] is not None
    assert comparison["texts"] > 60  # the splits of two seeds
    assert result["conclusions"][0] in said


def test_the_difference_is_that_of_the_accuracies_on_the_same_texts(
    sweep: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    pair = sweep / "bag-0", sweep / "multi_width-0"
    assert compare(*pair, f"output={tmp_path}/t.json", "reference=first") == 0
    result = read_json(tmp_path / "t.json")
    accuracies = [read_json(each / "metrics.json")["test"]["accuracy"] for each in pair]
    (found,) = result["comparisons"]
    points = 100 * (accuracies[1] - accuracies[0])
    assert found["over_texts"]["points"] == pytest.approx(points)
    # 60 texts, some of them the same
    assert found["only_ours"] - found["only_theirs"] == pytest.approx(0.6 * points, abs=3)
    assert result["reference"] == "bag-0"
    assert all(group["texts_per_second"] > 100 for group in result["groups"])
    assert any(line.startswith("each configuration was trained once") for line in lines(capfd))


def test_files_have_the_format_of_their_ending(sweep: Path, tmp_path: Path) -> None:
    files = [tmp_path / f"t.{kind}" for kind in ("csv", "html", "json")]
    given = f"output=[{','.join(map(str, files))}]"
    pair = sweep / "bag-0", sweep / "multi_width-0"
    assert compare(*pair, given, "speed=false") == 0
    with files[0].open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows] == ["bag-0", "multi_width-0"]
    assert [row["model.name"] for row in rows] == ["bag", "multi_width"]
    assert sum(row["points"] == "" for row in rows) == 1
    page = files[1].read_text(encoding="utf-8")
    assert "Which is better?" in page
    assert "http" not in page
    assert json.loads(files[2].read_text(encoding="utf-8"))["left_out"] == []


def test_folds_are_paired_fold_by_fold(tiny_csv: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    keys = ("model=bag", "training.epochs=1", "data.folds=2", "model.embedding_dim=8")
    overrides = (f"data.train={tiny_csv}", f"run_dir={first}", "baseline=false")
    assert run("train", "data=files", "text.min_frequency=1", *overrides, *keys) == 0
    shutil.copytree(first, second)
    for fold in ("fold-1", "fold-2"):
        config = second / fold / "config.yaml"
        text = config.read_text(encoding="utf-8")
        config.write_text(text.replace("epochs: 1", "epochs: 2"), encoding="utf-8")
    assert compare(first, second, "speed=false", f"output={tmp_path}/t.json") == 0
    result = read_json(tmp_path / "t.json")
    assert [group["name"] for group in result["groups"]] == ["first", "second"]
    assert [run["fold"] for run in result["groups"][0]["runs"]] == [1, 2]
    (found,) = result["comparisons"]
    assert (found["runs"], found["once"]) == ([2, 2], True)
    assert found["texts"] > 100  # both folds
    assert found["p"] == 1


def test_stored_predictions_are_used_where_they_fit(
    sweep: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    runs = [shutil.copytree(sweep / name, tmp_path / name) for name in ("bag-0", "multi_width-0")]
    assert compare(*runs, "speed=false", f"output={tmp_path}/scored.json") == 0
    for directory in runs:
        metrics = read_json(directory / "metrics.json")["test"]
        right = round(metrics["accuracy"] * metrics["examples"])
        rows = [
            {"row": number, "text": f"text {number}", "correct": number <= right}
            for number in range(1, metrics["examples"] + 1)
        ]
        written = "".join(json.dumps(row) + "\n" for row in rows)
        (directory / "predictions.jsonl").write_text(written, encoding="utf-8")
        shutil.rmtree(directory / "last")
    capfd.readouterr()
    assert compare(*runs, "speed=false", f"output={tmp_path}/stored.json") == 0
    assert not any(line.startswith("scoring") for line in lines(capfd))
    stored, scored = (read_json(tmp_path / f"{name}.json") for name in ("stored", "scored"))
    points = [each["comparisons"][0]["over_texts"]["points"] for each in (stored, scored)]
    assert points[0] == pytest.approx(points[1])
    assert stored["comparisons"][0]["texts"] == 60
    (runs[0] / "predictions.jsonl").write_text('{"row": 1, "text": "a"}\n', encoding="utf-8")
    assert compare(*runs, "speed=false") == 0
    said = lines(capfd)
    assert "note: bag-0: predictions.jsonl is not used: line 1 has no text and correct" in said
    # the other run's texts are not those of the split
    assert sum(line.startswith("scoring") for line in said) == 2


def test_other_data_are_scored_with_every_checkpoint(sweep: Path, tmp_path: Path) -> None:
    cells = [("goal match", "sport"), ("chip code", "tech"), ("plot", "film"), ("disk", "sport")]
    test = write_csv(tmp_path / "test.csv", cells)
    keys = ("data=files", f"data.test={test}", f"output={tmp_path}/t.json", "speed=false")
    assert compare(sweep / "bag-0", sweep / "multi_width-1", *keys) == 0
    result = read_json(tmp_path / "t.json")
    for group in result["groups"]:
        assert 4 * group["test"]["accuracy"]["mean"] in range(5)
    assert result["comparisons"][0]["texts"] == 4


def test_unfinished_and_damaged_runs_are_listed(
    sweep: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    names = ("fine", "good", "stopped", "broken", "nan", "huge", "odd\x1b[31m\n", "tour")
    runs = {name: shutil.copytree(sweep / "bag-0", tmp_path / name) for name in names}
    (runs["good"] / "config.yaml").write_text(
        (sweep / "multi_width-0" / "config.yaml").read_text(encoding="utf-8"), encoding="utf-8"
    )
    (runs["stopped"] / "metrics.json").unlink()
    (runs["broken"] / "metrics.json").write_text("{", encoding="utf-8")
    for name, value in (("nan", "NaN"), ("huge", "1e999")):
        text = f'{{"test": {{"accuracy": {value}, "examples": 3}}, "train": {{"seconds": 1}}}}'
        (runs[name] / "metrics.json").write_text(text, encoding="utf-8")
    (runs["odd\x1b[31m\n"] / "config.yaml").write_text("[" * 100, encoding="utf-8")
    (runs["tour"] / "config.yaml").write_text("seed: 1\nstudy: all\n", encoding="utf-8")
    assert compare(*runs.values(), "paired=false", "speed=false") == 0
    captured = capfd.readouterr()
    assert "\x1b" not in captured.out
    said = [line for line in captured.out.splitlines() if line.startswith("left out: ")]
    reasons = [line.removeprefix(f"left out: {tmp_path}/") for line in said]
    assert reasons[0] == "stopped: no metrics.json: interrupted, failed or still training"
    assert reasons[1].startswith("broken: metrics.json can't be read: ")
    assert reasons[2:4] == [
        "nan: metrics.json is not what training writes: test accuracy is nan",
        "huge: metrics.json is not what training writes: test accuracy is inf",
    ]
    assert reasons[4].startswith("odd\\x1b[31m\\n: ")
    assert reasons[5:] == ["tour: it is a run of illustrate, not of train"]
    assert compare(runs["stopped"], runs["nan"]) == 2
    assert error_line(capfd) == (
        f"no run can be compared: {runs['stopped']}: no metrics.json: interrupted, failed or still "
        "training; so 1 more"
    )


def test_a_changed_or_missing_checkpoint_is_a_note(
    sweep: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    runs = [shutil.copytree(sweep / name, tmp_path / name) for name in ("bag-0", "multi_width-0")]
    (runs[1] / "best" / "labels.json").write_text("[]", encoding="utf-8")
    assert compare(*runs, "speed=false", "reference=first") == 0
    said = lines(capfd)
    assert any("note: multi_width-0 can't be scored: " in line for line in said)
    assert said[-1] == (
        "multi_width-0 and bag-0 have no test texts in common that can be read; try data=... to "
        "score all on the same"
    )


def test_runs_of_other_test_data_are_not_compared(
    sweep: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    wanted = f"reference={sweep}/bag-0"
    assert compare(sweep / "multi_width-1", sweep / "bag-0", wanted, "speed=false") == 0
    assert lines(capfd)[-1] == (
        "multi_width-1 and bag-0 were tested on different texts, so their scores can't be "
        "compared; try data=... to score all on the same"
    )


def test_one_configuration_has_mean_and_deviation(
    sweep: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert compare(sweep / "bag-0", sweep / "bag-1") == 0
    said = lines(capfd)
    assert said[-1].startswith("all 2 runs have the same configuration, with a test accuracy of ")
    assert said[-2] == "texts/s: one after another, with 1 thread"


def test_a_run_and_its_copy_give_the_same_answers(
    sweep: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    copy = shutil.copytree(sweep / "bag-0", tmp_path / "copy")
    assert compare(sweep / "bag-0", copy / "best", "speed=false") == 0
    said = lines(capfd)
    assert any(
        "classify the same of " in line and line.endswith(" texts correctly") for line in said
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "runs are missing; try compare outputs/a outputs/b, or a sweep's folder"),
        (("nowhere",), "nowhere does not exist; give directories of runs, checkpoints or sweeps"),
        (("file",), "file is a file; give directories of runs, checkpoints or sweeps"),
        (
            ("empty",),
            "empty holds no run: no config.yaml and no manifest.json in it or in its folders",
        ),
        (("empty", "output=t.xls"), "output takes a file *.csv, .html or .json, got t.xls"),
        (
            ("empty", "output=no/t.csv"),
            "output=no/t.csv: there is no directory no; create it first",
        ),
        (
            ("empty", "output=there.csv"),
            "output=there.csv exists; give another output, or overwrite=true",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line(
    arguments: tuple[str, ...],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    for name in ("file", "there.csv"):
        (tmp_path / name).write_text("", encoding="utf-8")
    assert compare(*arguments) == 2
    assert error_line(capfd) == said
