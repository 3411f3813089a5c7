"""Terminals: what is printed into them, what they can't show, and when they are closed."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console
from tiny_data import curves, run, train, write_csv

from textcnn.system.escapes import escaped
from textcnn.system.terminal import build_console, build_table

pytest_plugins = ("tiny_run",)

HOSTILE = "a\x1b[31mred\x1b]0;title\x07 \u202egnp.exe \x9b2J \r back"


def shell(command: str, folder: Path, **environment: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        ["bash", "-c", command.replace("PYTHON", sys.executable)],
        cwd=folder,
        capture_output=True,
        check=False,
        env=os.environ | environment,
    )


def test_what_could_move_the_cursor_is_escaped() -> None:
    shown = escaped(HOSTILE)
    assert shown == (r"a\x1b[31mred\x1b]0;title\x07 \u202egnp.exe \x9b2J \r back")
    assert escaped("naïve\t新聞\nعربي 👩‍👩‍👧") == "naïve\t新聞\nعربي 👩‍👩‍👧"
    assert escaped("\udcff") == r"\udcff"


def test_a_console_escapes_lines_and_tables_and_keeps_its_own_colours() -> None:
    printed = io.StringIO()
    console = build_console(file=printed)
    console.print(HOSTILE)
    table = build_table("scores", [["class", "F1"], ["a\x1b[2J", "99"]])
    console.print(table)
    assert "\x1b" not in printed.getvalue()
    assert "\u202e" not in printed.getvalue()
    assert r"a\x1b[2J" in printed.getvalue()
    colourful = io.StringIO()
    console = type(console)(file=colourful, force_terminal=True, color_system="standard")
    assert isinstance(console, Console)
    console.print("bold", style="bold")
    assert "\x1b[1mbold" in colourful.getvalue()


def test_labels_columns_and_files_reach_the_terminal_escaped(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    cells = [(f"text {number}", ("a\x1b[31mb", "a\u202eb")[number % 2]) for number in range(40)]
    csv = write_csv(tmp_path / "rows.csv", cells)
    assert train(csv, tmp_path / "run", "training.epochs=1") == 0
    said = capfd.readouterr()
    assert r"a\x1b[31mb" in said.out
    assert not set(said.out + said.err) & {"\x1b", "\u202e", "\x9b"}
    assert train(csv, tmp_path / "other", "data.label=\x1b]0;column\x07") == 2
    assert run("predict", f"checkpoint={tmp_path}/\x1b[2J") == 2
    assert run("train", "\x1b[2Jkey=1") == 2
    said = capfd.readouterr()
    assert not set(said.out + said.err) & {"\x1b", "\u202e", "\x9b", "\x07"}


def test_predictions_escape_what_a_terminal_would_obey(
    tiny_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    text = "\u202egoal \x9b2J \x7f 新聞"
    (tmp_path / "texts.txt").write_text(f"{text}\n", encoding="utf-8")
    assert run("predict", f"checkpoint={tiny_run}", f"input={tmp_path / 'texts.txt'}") == 0
    line = capfd.readouterr().out
    assert line.startswith('{"row": 1, "text": "' + r"\u202egoal \u009b2J \u007f 新聞")
    assert json.loads(line)["text"] == text


def test_tensorboard_shows_texts_without_html(tmp_path: Path) -> None:
    cells = [(f"<script>alert({n})</script> \x1b[2J", ("<b>x", "y")[n % 2]) for n in range(60)]
    csv = write_csv(tmp_path / "rows.csv", cells)
    assert train(csv, tmp_path / "run", "training.epochs=1") == 0
    shown = curves(tmp_path / "run")
    texts = [
        event.tensor_proto.string_val[0].decode()
        for tag in shown.Tags()["tensors"]
        if "text_summary" in tag
        for event in shown.Tensors(tag)
    ]
    assert any("script>alert" in text for text in texts)
    assert not any(set(text) & {"<", "\x1b"} for text in texts)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_terminals_of_few_characters_get_replacements(tmp_path: Path, encoding: str) -> None:
    write_csv(tmp_path / "评论.csv", [(f"text {n}", ("正面", "负面")[n % 2]) for n in range(40)])
    done = shell(
        "PYTHON -m textcnn.describe data=files 'data.train=\"评论.csv\"' model=ngrams; "
        "PYTHON -m textcnn.describe data=files 'data.train=\"没有.csv\"'",
        tmp_path,
        PYTHONIOENCODING=encoding,
        PYTHONUTF8="0",
    )
    assert b"Traceback" not in done.stderr
    assert b"UnicodeEncodeError" not in done.stderr
    assert rb"\u6b63\u9762" in done.stdout
    assert rb"\u6ca1\u6709.csv: no such file" in done.stderr
    assert (done.stdout + done.stderr).decode(encoding)


@pytest.mark.parametrize(
    "command",
    [
        "PYTHON -m textcnn.predict checkpoint={run} input={texts} >&-",
        "PYTHON -m textcnn.predict checkpoint={run} <&-",
        "PYTHON -m textcnn.predict checkpoint={run} input={texts} | head -n 1",
        "PYTHON -m textcnn.describe data=files data.train={csv} model=ngrams >&- 2>&- <&-",
        "PYTHON -m textcnn.describe data=files data.train={csv} model=ngrams | head -n 1",
        "PYTHON -m textcnn.train --help | head -n 1",
        "PYTHON -m textcnn.train seed=-1 2>&-",
    ],
)
def test_closed_streams_end_in_silence(
    tiny_run: Path, tiny_csv: Path, tmp_path: Path, command: str
) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_text("goal team\n" * 5000)
    done = shell(command.format(run=tiny_run, csv=tiny_csv, texts=texts), tmp_path)
    assert done.stderr == b""


def test_output_on_a_full_disk_is_one_line(tiny_run: Path, tmp_path: Path) -> None:
    (tmp_path / "texts.txt").write_text("goal\n")
    for command in (f"predict checkpoint={tiny_run} input=texts.txt", "train --help"):
        done = shell(f"PYTHON -m textcnn.{command} > /dev/full", tmp_path)
        assert done.returncode == 2
        assert done.stderr == b"No space left on device; free some space\n"


@pytest.mark.parametrize("seconds", [0.15, 0.3, 0.6, 1.2])
def test_ctrl_c_while_a_program_starts_ends_in_a_line_or_silence(
    tmp_path: Path, seconds: float
) -> None:
    """The moment differs from machine to machine; what is asserted holds at every moment."""
    program = subprocess.Popen(
        [sys.executable, "-m", "textcnn.train", "training.epochs=50", "run_dir=run"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    time.sleep(seconds)
    program.send_signal(signal.SIGINT)
    _, said = program.communicate(timeout=60)
    assert program.returncode in (130, -signal.SIGINT)
    if b"textcnn" in said or b"interrupted" in said:  # not in Python's own first milliseconds
        assert said == b"interrupted\n"
