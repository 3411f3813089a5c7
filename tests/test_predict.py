"""Labelling new texts: every format, in order, streamed, and a file that is whole or not there."""

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from defaults import set_defaults
from tiny_data import error_line, run
from tiny_sets import set_checkpoint

import textcnn
from textcnn.checkpoint import save_checkpoint
from textcnn.system.chunks import chunks_of

pytest_plugins = ("tiny_run",)

HEAVY = ("accelerate", "datasets", "matplotlib", "pandas", "pyarrow", "rich", "sklearn",
         "tensorboard")  # fmt: skip


def predict(checkpoint: Path, *overrides: str) -> int:
    return run("predict", f"checkpoint={checkpoint}", *overrides)


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def labels(predictions: list[dict[str, Any]]) -> list[str]:
    return [prediction["label"] for prediction in predictions]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out.jsonl"


def test_each_line_is_a_text_with_label_and_probabilities(
    tiny_run: Path, tmp_path: Path, out: Path
) -> None:
    source = tmp_path / "texts.txt"
    source.write_bytes("\ufeffgoal team\r\n\nchip, “code” & naïve 新聞\nactor scene".encode())
    assert predict(tiny_run, f"input={source}", f"output={out}") == 0
    predictions = read_lines(out)
    texts = ["goal team", "", "chip, “code” & naïve 新聞", "actor scene"]
    classifier = textcnn.load(tiny_run)
    assert isinstance(classifier, textcnn.Classifier)
    expected = classifier.predict(texts)
    assert [list(prediction) for prediction in predictions] == [
        ["row", "text", "label", "probabilities"]
    ] * 4
    assert [prediction["text"] for prediction in predictions] == texts
    assert labels(predictions) == [prediction.label for prediction in expected]
    assert [labels(predictions)[place] for place in (0, 2, 3)] == ["sport", "tech", "film"]
    for got, prediction in zip(predictions, expected, strict=True):
        assert got["probabilities"] == pytest.approx(prediction.probabilities, abs=1e-6)
    assert "新聞" in out.read_text(encoding="utf-8")  # readable, not escaped


def test_each_line_is_a_text_with_its_set_of_labels(tmp_path: Path, out: Path) -> None:
    save_checkpoint(tmp_path / "best", set_checkpoint())
    source = tmp_path / "texts.txt"
    source.write_text("actor and goal\nnothing\n", encoding="utf-8")
    assert predict(tmp_path, f"input={source}", f"output={out}") == 0
    predictions = read_lines(out)
    assert [list(row) for row in predictions] == [["row", "text", "labels", "probabilities"]] * 2
    assert [row["labels"] for row in predictions] == [["sport", "film"], []]
    assert list(predictions[0]["probabilities"]) == ["sport", "tech", "film"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("texts.csv", 'id,body,title\n1,"goal, match",a\n2,"chip\ncode",b\n3,actor plot,c\n'),
        ("texts.tsv", "id\tbody\ttitle\n1\tgoal, match\ta\n2\tchip code\tb\n3\tactor plot\tc\n"),
        (
            "texts.jsonl",
            '{"body": "goal, match", "title": "a"}\n\n{"title": "b", "body": "chip\\ncode"}\n'
            '{"body": "actor plot", "title": "c"}\n',
        ),
    ],
)
def test_tables_are_read_by_their_ending_and_columns_joined_in_order(
    tiny_run: Path, tmp_path: Path, out: Path, name: str, content: str
) -> None:
    source = tmp_path / name
    source.write_text(content, encoding="utf-8")
    keys = (f"input={source}", f"output={out}", "data.text=[title,body]")
    assert predict(tiny_run, *keys) == 0
    predictions = read_lines(out)
    assert labels(predictions) == ["sport", "tech", "film"]
    texts = [prediction["text"].replace("\n", " ") for prediction in predictions]
    assert texts == ["a goal, match", "b chip code", "c actor plot"]


def test_column_is_that_of_training_if_none_is_given(
    tiny_run: Path, tmp_path: Path, out: Path
) -> None:
    source = tmp_path / "texts.CSV"
    source.write_text("label,text\nx,goal\n", encoding="utf-8")
    assert predict(tiny_run, f"input={source}", f"output={out}") == 0
    assert [row["text"] for row in read_lines(out)] == ["goal"]


def test_format_goes_before_the_ending(tiny_run: Path, tmp_path: Path, out: Path) -> None:
    source = tmp_path / "texts.csv"
    source.write_text('{"text": "goal"}\n', encoding="utf-8")
    assert predict(tiny_run, f"input={source}", f"output={out}", "format=jsonl") == 0
    assert [row["text"] for row in read_lines(out)] == ["goal"]
    assert (
        predict(tiny_run, f"input={source}", f"output={out}", "format=lines", "overwrite=true") == 0
    )
    assert [row["text"] for row in read_lines(out)] == ['{"text": "goal"}']


def test_order_is_kept_over_batches_of_texts_of_all_lengths(
    tiny_run: Path, tmp_path: Path, out: Path
) -> None:
    texts = [f"{number} " + "goal " * (37 * number % 50) for number in range(100)]
    source = tmp_path / "texts.txt"
    source.write_text("\n".join(texts) + "\n", encoding="utf-8")
    assert predict(tiny_run, f"input={source}", f"output={out}", "batch_size=7") == 0
    assert [row["text"] for row in read_lines(out)] == texts


def test_empty_input_gives_empty_output(tiny_run: Path, tmp_path: Path, out: Path) -> None:
    (tmp_path / "texts.txt").touch()
    assert predict(tiny_run, f"input={tmp_path / 'texts.txt'}", f"output={out}") == 0
    assert out.read_bytes() == b""


class Standard:
    """Standard input that knows, at each of its lines, how many answers were written before."""

    def __init__(self, lines: list[str], output: io.BytesIO):
        self.lines = lines
        self.output = output
        self.answered: list[int] = []

    def isatty(self) -> bool:
        return False

    @property
    def buffer(self) -> Iterator[bytes]:
        for line in self.lines:
            self.answered.append(self.output.getvalue().count(b"\n"))
            yield line.encode() + b"\n"


def test_standard_input_is_answered_batch_by_batch_and_never_held(
    tiny_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.BytesIO()
    source = Standard(["goal", "chip", "actor"] * 4, written)
    monkeypatch.setattr(sys, "stdin", source)
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="latin-1"))
    assert predict(tiny_run, "batch_size=3") == 0
    # three lines are read ahead, and no more
    assert source.answered == [0, 0, 0, 3, 3, 3, 6, 6, 6, 9, 9, 9]
    predictions = [json.loads(line) for line in written.getvalue().decode("utf-8").splitlines()]
    assert labels(predictions) == ["sport", "tech", "film"] * 4


def test_batch_size_1_answers_each_line_before_the_next_is_read(
    tiny_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.BytesIO()
    source = Standard(["goal", "chip", "actor"], written)
    monkeypatch.setattr(sys, "stdin", source)
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written))
    assert predict(tiny_run, "input=-", "output=-", "batch_size=1") == 0
    assert source.answered == [0, 1, 2]


def test_a_terminal_is_answered_line_by_line(
    tiny_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.BytesIO()
    source = Standard(["goal", "chip", "actor"], written)
    monkeypatch.setattr(source, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", source)
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written))
    assert predict(tiny_run) == 0
    assert source.answered == [0, 1, 2]


def test_anything_else_is_answered_many_lines_at_a_time_and_never_held(
    tiny_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.BytesIO()
    source = Standard(["goal", "chip", "actor"] * 400, written)
    set_defaults(monkeypatch, chunks_of, max_texts=10)
    monkeypatch.setattr(sys, "stdin", source)
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written))
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    assert predict(tiny_run, "table_memory=1") == 0
    # chunks of ten, of which at most two are read ahead for each of two threads
    for read, answered in enumerate(source.answered):
        assert read - answered <= 40
    predictions = [json.loads(line) for line in written.getvalue().splitlines()]
    assert labels(predictions) == ["sport", "tech", "film"] * 400


def test_a_pipe_is_written_to_and_not_replaced(tiny_run: Path, tmp_path: Path) -> None:
    (tmp_path / "texts.txt").write_text("goal\n", encoding="utf-8")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert predict(tiny_run, f"input={tmp_path / 'texts.txt'}", f"output={pipe}") == 0
        (line,) = os.read(reader, 10_000).splitlines()
    finally:
        os.close(reader)
    assert json.loads(line)["label"] == "sport"
    assert pipe.is_fifo()


# What goes wrong


BROKEN = [
    ("texts.txt", b"goal\nna\xefve\n", "line 2: not UTF-8 (byte 0xef at column 3)"),
    ("texts.jsonl", b'{"text": "goal"}\n{"text": \n', "line 2: not JSON"),
    ("texts.jsonl", b'{"text": "goal"}\n["goal"]\n', "line 2: expected an object"),
    ("texts.jsonl", b'{"text": "goal"}\n{"txt": "chip"}\n', "line 2: no column 'text'"),
    ("texts.jsonl", b'{"text": "goal"}\n{"text": null}\n', "line 2: column 'text' is null"),
    ("texts.csv", b"text,label\ngoal,a\nchip, code,b\n", "line 3: 3 columns, but the header has 2"),
    ("texts.csv", b"body,label\ngoal,a\n", "has no column 'text'; it has body, label"),
    ("texts.tsv", b"text\tlabel\ngoal\ta\nchip\n", "line 3: 1 columns, but the header has 2"),
]


@pytest.mark.parametrize(("name", "content", "reason"), BROKEN, ids=lambda value: str(value)[:30])
def test_an_error_midway_names_its_line_and_keeps_the_old_output(
    tiny_run: Path,
    tmp_path: Path,
    out: Path,
    capfd: pytest.CaptureFixture[str],
    name: str,
    content: bytes,
    reason: str,
) -> None:
    source = tmp_path / name
    source.write_bytes(content)
    out.write_text("old\n", encoding="utf-8")
    keys = (f"input={source}", f"output={out}", "batch_size=1", "overwrite=true")
    assert predict(tiny_run, *keys) == 2
    line = error_line(capfd)
    assert line.startswith(str(source))
    assert reason in line
    partial = Path(f"{out}.partial")
    if "it has body" in reason:
        assert not partial.exists()  # nothing was answered
    else:
        assert line.endswith(f"; the first row is in {partial}")
        assert labels(read_lines(partial)) == ["sport"]
    assert out.read_text(encoding="utf-8") == "old\n"


def test_an_error_at_the_first_rows_leaves_no_output(
    tiny_run: Path, tmp_path: Path, out: Path
) -> None:
    source = tmp_path / "texts.txt"
    source.write_bytes(b"na\xefve\n")
    assert predict(tiny_run, f"input={source}", f"output={out}") == 2
    assert [path.name for path in tmp_path.iterdir()] == ["texts.txt"]


def test_an_output_file_that_is_there_is_replaced_only_with_overwrite(
    tiny_run: Path, tmp_path: Path, out: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "texts.txt").write_text("goal\n", encoding="utf-8")
    out.write_text("old\n", encoding="utf-8")
    keys = (f"input={tmp_path / 'texts.txt'}", f"output={out}")
    assert predict(tiny_run, *keys) == 2
    assert error_line(capfd) == (
        f"output={out} already exists; try another file, or overwrite=true"
    )
    assert out.read_text(encoding="utf-8") == "old\n"
    assert predict(tiny_run, *keys, "overwrite=true") == 0
    assert labels(read_lines(out)) == ["sport"]


def test_input_may_be_overwritten_with_its_own_predictions(tiny_run: Path, tmp_path: Path) -> None:
    file = tmp_path / "texts.jsonl"
    file.write_text('{"text": "goal"}\n{"text": "chip"}\n', encoding="utf-8")
    keys = (f"input={file}", f"output={file}", "overwrite=true", "batch_size=1")
    assert predict(tiny_run, *keys) == 0
    assert labels(read_lines(file)) == ["sport", "tech"]


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("input", "nowhere.txt", "input={path}: no such file (looked from "),
        ("output", "nowhere/out.jsonl", "output={path}: there is no directory "),
        ("output", "", "output={path} already exists"),  # a directory
        ("checkpoint", "nowhere", "checkpoint {path} does not exist"),
    ],
)
def test_a_path_that_cannot_be_used_is_named(
    tiny_run: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    key: str,
    value: str,
    reason: str,
) -> None:
    source = tmp_path / "texts.txt"
    source.write_text("goal\n", encoding="utf-8")
    path = tmp_path / value
    keys = {"checkpoint": tiny_run, "input": source, "output": tmp_path / "out"} | {key: path}
    assert run("predict", *(f"{name}={given}" for name, given in keys.items())) == 2
    assert error_line(capfd).startswith(reason.format(path=path))
    assert [path.name for path in tmp_path.iterdir()] == ["texts.txt"]


def test_checkpoint_must_be_given(capfd: pytest.CaptureFixture[str]) -> None:
    assert run("predict") == 2
    assert error_line(capfd) == (
        "checkpoint is missing; try checkpoint=<run or checkpoint directory>"
    )


# A program of its own


def test_one_line_is_answered_without_importing_what_only_training_needs(
    tiny_run: Path, tmp_path: Path
) -> None:
    command = [
        sys.executable,
        "-X",
        "importtime",
        "-m",
        "textcnn.predict",
        f"checkpoint={tiny_run}",
    ]
    env = {key: value for key, value in os.environ.items() if not key.startswith("COVERAGE_")}
    done = subprocess.run(
        command, input="goal\n", capture_output=True, text=True, cwd=tmp_path, env=env, check=True
    )
    (prediction,) = map(json.loads, done.stdout.splitlines())
    assert (prediction["text"], prediction["label"]) == ("goal", "sport")
    imported = set(re.findall(r"^import time: .*\| +([\w.]+)$", done.stderr, re.MULTILINE))
    packages = {name.partition(".")[0] for name in imported}
    assert {"torch", "textcnn", "hydra"} <= packages
    assert packages.isdisjoint(HEAVY), packages.intersection(HEAVY)
    assert list(tmp_path.iterdir()) == []  # it answers, and leaves nothing behind
