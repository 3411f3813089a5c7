"""Training end to end: it learns, repeats itself, goes on where it stopped, refuses."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_data import (
    EPOCHS,
    STEPS_PER_EPOCH,
    TINY,
    assert_curves_have_every_step_once,
    assert_same_run,
    curves,
    error_line,
    everything,
    hyper_parameters,
    read_json,
    rows,
    run,
    train,
    weights,
    write_csv,
)

from textcnn.errors import InputError
from textcnn.evaluation.metrics import Scores
from textcnn.models import classifier
from textcnn.system.terminal import build_console
from textcnn.training.batches import batches_of_rank
from textcnn.training.loop import close_epoch
from textcnn.training.progress import TrainingProgress
from textcnn.training.state import TrainingState

pytest_plugins = ("tiny_run",)

# A run, and what it leaves behind


def test_it_learns_the_words_of_the_classes(tiny_run: Path) -> None:
    metrics = read_json(tiny_run / "metrics.json")
    assert metrics["test"]["accuracy"] >= 0.85  # one text in ten has no such word
    losses = [epoch["train"]["loss"] for epoch in metrics["history"]]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < losses[0] / 3


def test_from_one_seed_the_fast_and_the_plain_way_end_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within 0.3 points, on the bundled texts; those on TREC stand in docs/performance.md."""
    small = ["model.num_filters=32", "model.embedding_dim=32", "text.max_length=60"]
    ended = {}
    for way in ("fast", "plain"):
        place = tmp_path / way
        assert run("train", *small, "training.epochs=3", f"run_dir={place}") == 0
        ended[way] = [
            each["validation"]["accuracy"] for each in read_json(place / "metrics.json")["history"]
        ]
        monkeypatch.setattr(classifier, "faster_way", lambda *_: None)
    assert ended["fast"] == pytest.approx(ended["plain"], abs=0.003)
    assert ended["fast"][-1] > 0.7


def test_metrics_have_the_names_that_scripts_rely_on(tiny_run: Path) -> None:
    metrics = read_json(tiny_run / "metrics.json")
    for split in ("test", "validation"):
        assert {"accuracy", "macro_f1", "loss", "examples"} <= metrics[split].keys()
        assert metrics[split]["examples"] == 20
    assert metrics["train"]["epochs"] == EPOCHS
    assert metrics["train"]["steps"] == EPOCHS * STEPS_PER_EPOCH
    assert 0 < metrics["train"]["seconds"] <= metrics["seconds"]
    assert metrics["train"]["texts_per_second"] > 0
    assert 50e6 < metrics["peak_memory_bytes"] < 10e9
    assert metrics["data"]["labels"] == ["film", "sport", "tech"]


def test_best_epoch_is_the_one_that_the_validation_metric_chose(tiny_run: Path) -> None:
    metrics = read_json(tiny_run / "metrics.json")
    losses = [epoch["validation"]["loss"] for epoch in metrics["history"]]
    best = metrics["train"]["best_epoch"]
    assert losses[best - 1] == min(losses)
    # the best checkpoint was read back from the disk and scored again
    assert metrics["validation"]["loss"] == losses[best - 1]
    assert read_json(tiny_run / "best" / "manifest.json")["epoch"] == best


def test_parameters_are_as_many_as_counted_by_hand(tiny_run: Path) -> None:
    model = read_json(tiny_run / "metrics.json")["model"]
    words = 20 + 9  # fillers, class words; padding and unknown beside
    assert model["token_ids"] == words + 2
    convolutions = sum(4 * (8 * width + 1) for width in (1, 2, 3))
    assert model["parameters"] == 8 * (words + 2) + convolutions + 3 * (3 * 4 + 1)
    assert model["receptive_field"] == 3


def test_run_directory_holds_what_the_design_says_and_nothing_else(tiny_run: Path) -> None:
    checkpoint = {
        "config.yaml",
        "model.safetensors",
        "vocabulary.json",
        "labels.json",
        "manifest.json",
    }
    expected = {"config.yaml", "metrics.json", ".hydra/overrides.yaml", ".hydra/hydra.yaml"}
    expected |= {f"{name}/{file}" for name in ("best", "last") for file in checkpoint}
    expected |= {"last/training_state.pt", "projector_config.pbtxt"}
    expected |= {"projector/words.bytes", "projector/words.tsv", "best/calibration.json"}
    expected |= {f"{name}/training_texts.safetensors" for name in ("best", "last")}
    expected |= {"report/index.html", "report/model_card.md"}
    files = set(everything(tiny_run))
    (events,) = files - expected
    assert events.startswith("events.out.tfevents.")
    assert expected <= files


def test_manifest_tells_data_scores_and_golden_texts(tiny_run: Path) -> None:
    manifest = read_json(tiny_run / "best" / "manifest.json")
    assert set(manifest["data"]) == {"train", "validation", "test"}
    assert len(set(manifest["data"].values())) == 3
    reported = read_json(tiny_run / "metrics.json")["test"]
    assert manifest["metrics"]["test"]["accuracy"] == reported["accuracy"]
    assert [len(entry["logits"]) for entry in manifest["golden"]] == [3] * 4
    assert manifest["golden"][-1]["text"] == ""


def test_curves_hold_everything_in_one_event_file_of_one_run(tiny_run: Path) -> None:
    shown = curves(tiny_run)
    tags = shown.Tags()
    steps = ("loss", "learning_rate", "gradient_norm", "texts_per_second", "peak_memory_mb")
    convolutions = (f"encoder.convolutions.{number}" for number in range(3))
    layers = ("embedding.table", *convolutions, "head")
    scores = ("loss", "accuracy", "macro_f1")
    assert set(tags["scalars"]) == {
        *(f"train/{name}" for name in steps),
        *(f"{kind}/{layer}" for kind in ("weights", "gradients") for layer in layers),
        *(f"{split}/{name}" for split in ("validation", "test") for name in scores),
    }
    assert set(tags["images"]) == {"calibration/test", "confusion/validation", "confusion/test"}
    assert {"configuration/text_summary", "examples/text_summary"} <= set(tags["tensors"])
    assert_curves_have_every_step_once(tiny_run, EPOCHS)
    assert all(point.value > 0 for point in shown.Scalars("train/gradient_norm"))
    configuration = shown.Tensors("configuration/text_summary")[0].tensor_proto.string_val[0]
    assert "learning_rate: 0.03" in configuration.decode()
    examples = shown.Tensors("examples/text_summary")[0].tensor_proto.string_val[0].decode()
    assert examples.splitlines()[0] == "| text | true | predicted | probability |"
    assert [*tiny_run.rglob("events*")] == [*tiny_run.glob("events*")]


def test_hyper_parameters_stand_with_the_final_metric_in_the_same_run(tiny_run: Path) -> None:
    values, metrics = hyper_parameters(tiny_run)
    assert values["optimizer.learning_rate"] == 0.03
    assert (values["model"], values["model.name"]) == ("multi_width", "multi_width")
    assert {"run_dir", "resume", "overwrite", "model.kernel_sizes"}.isdisjoint(values)
    assert metrics == ["test/loss", "test/accuracy", "test/macro_f1"]  # training.metric=loss
    reported = read_json(tiny_run / "metrics.json")["test"]
    for name in ("accuracy", "macro_f1"):
        (point,) = curves(tiny_run).Scalars(f"test/{name}")
        assert point.value == pytest.approx(reported[name], rel=1e-6)


def test_output_tells_data_model_epochs_scores_and_what_to_do_next(
    tiny_csv: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run_dir = tmp_path / "run"
    assert train(tiny_csv, run_dir, "training.epochs=2") == 0
    out = capfd.readouterr().out
    assert re.search(r"texts +│ +160 │ +20 │ +20 │", out)
    assert re.search(r"  film +│ +5. │ +. │ +. │", out)
    assert "parameters; 31 token ids" in out
    sees = "receptive field 3 tokens, stride 1: covers 16.9 % of the training texts completely"
    assert sees in out
    assert re.search(r"embedding +8 x \d+ +248 +1 +1 +0", out)
    assert len(re.findall(r"^epoch \d/2  train loss ", out, re.MULTILINE)) == 2
    test = read_json(run_dir / "metrics.json")["test"]
    assert f"\ntest accuracy {100 * test['accuracy']:.2f} %, macro-F1 " in out
    assert f"python -m textcnn.predict checkpoint={run_dir} input=texts.txt" in out
    assert "\x1b" not in out


def test_labels_are_shown_as_they_stand_whatever_they_look_like(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    names = {"film": "[/film]", "sport": ":star:", "tech": r"$\frac$ | x"}
    cells = [(text, names[label]) for text, label in rows(60)]
    csv_file = write_csv(tmp_path / "odd.csv", cells)
    assert train(csv_file, tmp_path / "run", "training.epochs=1") == 0
    out = capfd.readouterr().out
    for name in names.values():
        assert out.count(name) >= 2  # beside the data and in the table
    shown = curves(tmp_path / "run").Tensors("examples/text_summary")[0].tensor_proto
    for line in shown.string_val[0].decode().splitlines():
        assert len(re.findall(r"(?<!\\)\|", line)) == 5, line  # four cells


def test_adadelta_trains_as_well(tiny_csv: Path, tmp_path: Path) -> None:
    keys = ("optimizer=adadelta", "optimizer.learning_rate=1.0", "training.epochs=4")
    assert train(tiny_csv, tmp_path / "run", *keys) == 0
    losses = [
        row["train"]["loss"] for row in read_json(tmp_path / "run" / "metrics.json")["history"]
    ]
    assert losses[-1] < losses[0]
    config = (tmp_path / "run" / "config.yaml").read_text(encoding="utf-8")
    assert "rho: 0.95" in config


def test_training_stops_when_patience_epochs_brought_nothing_better(
    tiny_csv: Path, tmp_path: Path
) -> None:
    keys = ("optimizer.learning_rate=1e-12", "training.metric=accuracy", "training.patience=2")
    assert train(tiny_csv, tmp_path / "run", *keys, "training.epochs=50") == 0
    trained = read_json(tmp_path / "run" / "metrics.json")["train"]
    assert (trained["epochs"], trained["best_epoch"]) == (3, 1)


# The same again


def test_same_seed_gives_the_same_bits(tiny_csv: Path, tiny_run: Path, tmp_path: Path) -> None:
    assert train(tiny_csv, tmp_path / "again", f"training.epochs={EPOCHS}") == 0
    assert_same_run(tmp_path / "again", tiny_run)
    for name in ("vocabulary.json", "labels.json", "model.safetensors"):
        again = (tmp_path / "again" / "best" / name).read_bytes()
        assert again == (tiny_run / "best" / name).read_bytes()


def test_another_seed_draws_other_splits_and_weights(
    tiny_csv: Path, tiny_run: Path, tmp_path: Path
) -> None:
    assert train(tiny_csv, tmp_path / "other", "training.epochs=1", "seed=1") == 0
    other, first = (
        read_json(directory / "best" / "manifest.json")
        for directory in (tmp_path / "other", tiny_run)
    )
    assert other["data"]["test"] != first["data"]["test"]
    name = "head.weight"
    assert not torch.equal(
        weights(tmp_path / "other" / "best")[name], weights(tiny_run / "best")[name]
    )


def test_a_multirun_gives_every_job_a_directory_of_its_own(
    tiny_csv: Path, tiny_run: Path, tmp_path: Path
) -> None:
    assert train(tiny_csv, tmp_path / "sweep", "training.epochs=1", "seed=0,1", "-m") == 0
    for job, seed in (("0", 0), ("1", 1)):
        config = (tmp_path / "sweep" / job / "config.yaml").read_text(encoding="utf-8")
        assert f"\nseed: {seed}\n" in config
        assert (tmp_path / "sweep" / job / "metrics.json").is_file()
    first = read_json(tmp_path / "sweep" / "0" / "metrics.json")["history"]
    assert first == read_json(tiny_run / "metrics.json")["history"][:1]


# Refused, with nothing written


def test_a_directory_that_holds_a_run_is_left_as_it_is(
    tiny_csv: Path, tiny_run: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = everything(tiny_run)
    assert train(tiny_csv, tiny_run) == 2
    assert error_line(capfd).startswith(f"run_dir={tiny_run} already holds a run; try another")
    assert everything(tiny_run) == before


def test_overwrite_replaces_a_run(tiny_csv: Path, copied_run: Path) -> None:
    (copied_run / "notes.txt").touch()
    keys = ("overwrite=true", "training.epochs=1", "seed=7")
    assert train(tiny_csv, copied_run, *keys) == 0
    assert read_json(copied_run / "metrics.json")["train"]["epochs"] == 1
    assert len([*copied_run.glob("events.out.tfevents.*")]) == 1
    assert_curves_have_every_step_once(copied_run, 1)
    assert (copied_run / "notes.txt").exists()


def test_bad_data_do_not_cost_the_run_that_was_to_be_overwritten(
    copied_run: Path, tmp_path: Path
) -> None:
    before = everything(copied_run)
    assert train(tmp_path / "nowhere.csv", copied_run, "overwrite=true") == 2
    assert everything(copied_run) == before


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("text,label\ngoal,sport\nchip\n", "line 3: 1 columns"),
        ("text,topic\ngoal,sport\n", "has no column 'label'"),
        ("text,label\ngoal,sport\nteam,sport\n", "only one class (sport)"),
        ("text,label\ngoal,sport\nchip,tech\n", "too few to draw"),
        ("", "is empty"),
    ],
)
def test_nothing_is_written_when_data_are_bad(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], content: str, reason: str
) -> None:
    csv_file = tmp_path / "bad.csv"
    csv_file.write_text(content, encoding="utf-8")
    assert train(csv_file, tmp_path / "run") == 2
    assert reason in error_line(capfd)
    assert [path.name for path in tmp_path.iterdir()] == ["bad.csv"]


# Several processes


def test_processes_get_different_batches_and_as_many_each() -> None:
    batches = [np.array([number]) for number in range(5)]
    first, second = (batches_of_rank(batches, rank, count=2) for rank in (0, 1))
    assert [int(rows[0]) for rows in first] == [0, 2, 4]
    assert [int(rows[0]) for rows in second] == [1, 3, 0]  # one is seen twice


COUNT_THREADS_AT_EXIT = """\
import atexit
from pathlib import Path

def count_threads():
    names = [file.read_text().strip() for file in Path("/proc/self/task").glob("*/comm")]
    print("threads of gloo at exit:", sum("gloo" in name for name in names))

atexit.register(count_threads)  # before textcnn registers functions, so called after them

from textcnn.train import main

main()
"""


@pytest.mark.slow
def test_two_processes_train_one_run_that_evaluate_reproduces(
    tiny_csv: Path, tmp_path: Path
) -> None:
    run_dir, program = tmp_path / "run", tmp_path / "program.py"
    program.write_text(COUNT_THREADS_AT_EXIT)
    keys = [*TINY, f"data.train={tiny_csv}", f"run_dir={run_dir}", "training.epochs=2"]
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    done = subprocess.run(
        [sys.executable, *launcher, str(program), *keys],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # one that still runs can abort the process
    assert done.stdout.count("threads of gloo at exit: 0") == 2
    assert done.stdout.count("epoch 2/2  train loss") == 1  # one of them speaks
    metrics = read_json(run_dir / "metrics.json")
    assert metrics["test"]["examples"] == metrics["validation"]["examples"] == 20  # not a half
    assert metrics["train"]["steps"] == STEPS_PER_EPOCH  # two epochs, two batches at a time
    assert len([*tmp_path.rglob("events.out.tfevents.*")]) == 1
    # one process, that scores all texts, finds what two found, that scored a part each
    assert run("evaluate", f"checkpoint={run_dir}", f"run_dir={tmp_path / 'evaluation'}") == 0
    result = read_json(tmp_path / "evaluation" / "evaluation.json")
    assert result["reproduced"] is True
    assert result["confusion"] == metrics["test"]["confusion"]


def test_a_run_that_diverges_says_so(
    tiny_csv: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rate = "optimizer.learning_rate=1e30"
    assert train(tiny_csv, tmp_path / "run", rate) == 2
    assert "training has diverged; try a smaller optimizer.learning_rate" in capsys.readouterr().err


def test_a_validation_loss_that_is_no_number_ends_the_run() -> None:
    scores = Scores(0.5, 0.5, 0.5, float("nan"), 2, (), ())
    saved: list[str] = []
    with pytest.raises(InputError, match="the loss is nan at step 7: training has diverged"):
        close_epoch(
            lambda: scores,
            saved.append,
            TrainingState(step=7),
            "loss",
            TrainingProgress(build_console(quiet=True), 1, 1),
            None,
        )
    assert saved == []
