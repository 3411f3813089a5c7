"""Predicting files: formats by their endings, other columns, bad rows, processes, interruptions."""

import bz2
import csv
import gzip
import io
import json
import lzma
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from conftest import Write
from tiny_data import error_line, run
from tiny_sets import set_checkpoint, set_classifier

from textcnn.checkpoint import save_checkpoint
from textcnn.data.input_texts import InputRow, InputRows
from textcnn.data.sources.formats import format_to_write, open_bytes
from textcnn.errors import InputError
from textcnn.inference.files.answering import Answering, answered_together
from textcnn.inference.files.blocks import Block, blocks_of
from textcnn.inference.files.columns import AnswerColumns, CarriedColumns
from textcnn.inference.files.encoding import Encoding
from textcnn.runtime.prediction import Abstention, LabelSetPrediction, Prediction
from textcnn.system.interrupts import ended_by_sigterm

pytest_plugins = ("tiny_run",)

CSV = 'id,text,label\n1,"goal, match",a\n2,"chip\ncode",b\n3,actor,c\n'
CLASSES = ("film", "sport", "tech")
EACH = [f"probability_{name}" for name in CLASSES]


def predict(checkpoint: Path, *keys: str) -> int:
    return run("predict", f"checkpoint={checkpoint}", *keys)


def cells(path: Path, delimiter: str = ",") -> list[list[str]]:
    with open_bytes(path) as file:
        text = file.read().decode()
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def objects(path: Path) -> list[dict[str, Any]]:
    with open_bytes(path) as file:
        return [json.loads(line) for line in file]


@pytest.mark.parametrize("ending", ["csv", "tsv", "csv.gz", "csv.bz2", "tsv.xz", "csv.zst"])
def test_tables_have_a_column_for_each_class(
    tiny_run: Path, write: Write, tmp_path: Path, ending: str
) -> None:
    out = tmp_path / f"out.{ending}"
    assert predict(tiny_run, f"input={write('in.csv', CSV)}", f"output={out}") == 0
    names, *rows = cells(out, "\t" if "tsv" in ending else ",")
    assert names == ["row", "id", "label_column", "text", "label", "probability", *EACH]
    assert [row[:5] for row in rows] == [
        ["1", "1", "a", "goal, match", "sport"],
        ["2", "2", "b", "chip\ncode", "tech"],
        ["3", "3", "c", "actor", "film"],
    ]
    for row in rows:
        assert row[5] == max(row[6:], key=float) == row[names.index(f"probability_{row[4]}")]


def test_lines_end_with_line_feeds_and_carriage_returns_are_quoted(
    tiny_run: Path, write: Write, tmp_path: Path
) -> None:
    source = write("in.jsonl", '{"text": "a\\rb", "c": "x"}\n')
    assert predict(tiny_run, f"input={source}", f"output={tmp_path / 'out.csv'}") == 0
    assert b'\n1,x,"a\rb",' in (tmp_path / "out.csv").read_bytes()
    assert b"\r\n" not in (tmp_path / "out.csv").read_bytes()


def test_json_is_one_list_and_json_lines_an_object_per_line(
    tiny_run: Path, write: Write, tmp_path: Path
) -> None:
    source = write("in.csv", CSV)
    for ending in ("json", "jsonl.gz", "json.zst"):
        keys = (f"input={source}", f"output={tmp_path / f'out.{ending}'}")
        assert predict(tiny_run, *keys) == 0
    with open_bytes(tmp_path / "out.json.zst") as file:
        rows = json.load(file)
    assert rows == json.loads((tmp_path / "out.json").read_bytes())
    assert rows == objects(tmp_path / "out.jsonl.gz")
    assert [list(row) for row in rows] == [
        ["row", "id", "label_column", "text", "label", "probabilities"]
    ] * 3
    empty = f"input={write('e.jsonl', '')}"
    assert predict(tiny_run, empty, f"output={tmp_path / 'e.json'}") == 0
    assert (tmp_path / "e.json").read_text() == "[]\n"


def test_parquet_keeps_the_types_of_carried_columns(
    tiny_run: Path, write: Write, tmp_path: Path
) -> None:
    carried = {
        "id": pa.array([7, None], pa.int16()),
        "at": pa.array([0, 1], pa.timestamp("ns", "UTC")),
        "tags": pa.array([{"a": ["x"]}, None]),
        "part": pa.array(["u", None]).dictionary_encode(),
    }
    table = pa.table({"text": ["goal", "chip"], "raw": [b"1", b"2"], **carried})
    out = tmp_path / "out.parquet"
    assert predict(tiny_run, f"input={write('in.parquet', table)}", f"output={out}") == 0
    made = pq.read_table(out)
    assert made.column_names == ["row", *carried, "text", "label", "probability", *EACH]
    assert made.select(list(carried)).to_pylist() == pa.table(carried).to_pylist()
    assert [made.schema.field(name).type for name in ("id", "at")] == [
        pa.int16(),
        pa.timestamp("ns", "UTC"),
    ]
    assert made["label"].to_pylist() == ["sport", "tech"]
    assert not Path(f"{out}.partial").exists()
    # and without rows
    empty = write("none.parquet", table.slice(0, 0))
    assert predict(tiny_run, f"input={empty}", f"output={tmp_path / 'none_out.parquet'}") == 0
    assert pq.read_schema(tmp_path / "none_out.parquet").names == made.column_names


def test_parquet_from_json_lines_guesses_types_and_writes_lists_as_json(
    tiny_run: Path, write: Write, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    rows = [
        {"text": "goal", "id": 1, "x": [1], "z": 10**30, "s": "\ud800"},
        {"text": "chip", "id": None, "x": {"a": 1}, "z": True},
    ]
    source = write("in.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    out = tmp_path / "out.parquet"
    assert predict(tiny_run, f"input={source}", f"output={out}") == 0
    made = pq.read_table(out)
    assert made.schema.field("id").type == pa.int64()
    assert made.select(["x", "z", "s"]).to_pylist() == [
        {"x": "[1]", "z": str(10**30), "s": "\ufffd"},
        {"x": '{"a": 1}', "z": "true", "s": None},
    ]
    later = "".join(f'{{"text": "goal", "id": {number}}}\n' for number in [*range(9000), '"x"'])
    out.unlink()
    assert predict(tiny_run, f"input={write('in.jsonl', later)}", f"output={out}") == 2
    said = (
        "row 9,001: column 'id' holds 'x', but the first rows hold int64; leave it out by columns"
    )
    assert error_line(capfd).startswith(said)


def test_header_without_rows_gives_a_header(tiny_run: Path, write: Write, tmp_path: Path) -> None:
    source = write("in.csv", "id,text\n")
    assert predict(tiny_run, f"input={source}", f"output={tmp_path / 'out.csv'}") == 0
    assert cells(tmp_path / "out.csv") == [["row", "id", "text", "label", "probability", *EACH]]


@pytest.mark.parametrize(
    ("output", "given", "expected"),
    [
        ("a.csv", None, (".csv", None)),
        ("a.CSV.gz", None, (".csv", ".gz")),
        ("a", None, (".jsonl", None)),
        ("-", None, (".jsonl", None)),
        ("-", "csv", (".csv", None)),
        ("/dev/null", None, (".jsonl", None)),
        ("a.txt", "tsv", (".tsv", None)),
        ("a.txt.xz", "tsv", (".tsv", ".xz")),
    ],
)
def test_the_ending_says_what_is_written(
    output: str, given: str | None, expected: tuple[str, str | None]
) -> None:
    assert format_to_write(output, given) == expected


@pytest.mark.parametrize(
    ("output", "given", "said"),
    [
        ("a.xlsx", None, "textcnn writes .jsonl, .json, .csv, .tsv, .parquet, also with .gz, "),
        ("-", "parquet", "Parquet needs a file; try output=labels.parquet"),
        ("a.parquet.gz", None, "Parquet is compressed within; leave out '.gz'"),
    ],
)
def test_a_format_that_cannot_be_written_is_refused(
    output: str, given: str | None, said: str
) -> None:
    with pytest.raises(InputError, match=f"output={output}: {said}"):
        format_to_write(output, given)


# Columns


def test_columns_chooses_what_is_carried(tiny_run: Path, write: Write, tmp_path: Path) -> None:
    source, out = write("in.csv", CSV), tmp_path / "out.jsonl"
    keys = (f"input={source}", f"output={out}", "overwrite=true")
    for columns, names in (("[]", []), ("id", ["id"]), ("[label,id]", ["label_column", "id"])):
        assert predict(tiny_run, *keys, f"columns={columns}") == 0
        assert list(objects(out)[0])[1:-3] == names


def test_a_column_that_is_missing_is_refused_or_reported(
    tiny_run: Path, write: Write, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = f"output={tmp_path / 'out.csv'}"
    source = write("in.csv", CSV)
    assert predict(tiny_run, f"input={source}", out, "columns=[id,x]") == 2
    assert error_line(capfd) == (f"{source} has no column 'x'; it has id, text, label; set columns")
    source = write("in.jsonl", '{"text": "goal"}\n{"text": "chip", "id": 2}\n')
    assert predict(tiny_run, f"input={source}", out) == 2
    assert error_line(capfd).startswith("row 2 has a column 'id' that the first row lacks; ")
    assert predict(tiny_run, f"input={source}", out, "columns=[id,x]") == 0
    assert [row[1:3] for row in cells(tmp_path / "out.csv")] == [["id", "x"], ["", ""], ["2", ""]]
    assert capfd.readouterr().err == "columns=x: no row has this column; it is empty\n"


def test_a_carried_column_never_takes_the_name_of_another() -> None:
    columns = CarriedColumns.of(["text", "text_column", "id"], {"text", "label"})
    assert columns.renamed == ("text_column_column", "text_column", "id")


def test_numbers_that_json_lacks_are_null_and_deep_lists_survive_or_are_null() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    rows = [InputRow(1, "x", {"n": float("nan"), "i": 2}), InputRow(2, "y", {"d": deep})]
    encoding = Encoding(".jsonl", AnswerColumns(("a",)))
    answers = [Prediction("a", {"a": 1.0})] * 2
    made = encoding.encode(Block(rows, 0), answers, [None] * 2)
    assert isinstance(made, bytes)
    first, second = map(json.loads, made.splitlines())
    assert (first["n"], first["i"], second["d"]) == (None, 2, None)


# Top, thresholds, sets


def test_top_is_in_order_and_begins_with_the_label(tiny_run: Path, write: Write) -> None:
    prediction = Prediction("b", {"a": 0.4, "b": 0.4, "c": 0.1, "d": 0.1})
    assert prediction.top(3) == [("b", 0.4), ("a", 0.4), ("c", 0.1)]
    assert Abstention({"a": 0.3, "b": 0.7}).top(9) == [("b", 0.7), ("a", 0.3)]
    sets = LabelSetPrediction(frozenset(), {"a": 0.1, "b": 0.2})
    assert sets.top(1) == [("b", 0.2)]


def test_top_takes_the_place_of_all_probabilities(
    tiny_run: Path, write: Write, tmp_path: Path
) -> None:
    source = write("in.txt", "goal\nchip\n")
    keys = (f"input={source}", "top=2", "threshold=0.999")
    assert predict(tiny_run, *keys, f"output={tmp_path / 'out.jsonl'}") == 0
    first = objects(tmp_path / "out.jsonl")[0]
    assert list(first) == ["row", "text", "label", "abstained", "top"]
    assert (first["label"], first["abstained"], first["top"][0]["label"]) == (None, True, "sport")
    assert predict(tiny_run, *keys, f"output={tmp_path / 'out.csv'}") == 0
    names, row, _ = cells(tmp_path / "out.csv")
    assert names[1:5] == ["text", "label", "probability", "abstained"]
    assert names[5:] == ["top_1", "top_1_probability", "top_2", "top_2_probability"]
    assert row[:3] == ["1", "goal", ""]
    assert row[3] == row[6] == str(first["top"][0]["probability"])
    assert row[4:6] == ["true", "sport"]


def test_label_sets_are_joined_in_csv_and_lists_in_parquet(tmp_path: Path, write: Write) -> None:
    save_checkpoint(tmp_path / "best", set_checkpoint())
    source = write("in.txt", "actor and goal\nnothing\n")
    for ending in ("csv", "parquet"):
        assert predict(tmp_path, f"input={source}", f"output={tmp_path / 'out'}.{ending}") == 0
    names, *rows = cells(tmp_path / "out.csv")
    each = [f"probability_{name}" for name in ("sport", "tech", "film")]
    assert names == ["row", "text", "labels", *each]
    assert [row[2] for row in rows] == ["sport,film", ""]
    assert pq.read_table(tmp_path / "out.parquet")["labels"].to_pylist() == [["sport", "film"], []]


# Bad rows

BAD = [
    ("in.txt", b"goal\nna\xefve\nchip\0\nactor\n", [2, 3], "row 2: the byte 0xef can't be decoded"),
    (
        "in.csv",
        b'id,text\n1,goal\n2\n3,"a"b\n4,caf\xe9\nid,text\n6,actor\n',
        [2, 3, 4, 5],
        "line 3: 1 columns, but the header has 2",
    ),
    (
        "in.jsonl",
        b'{"text": "goal"}\nnope\n[1]\n\n{"text": null}\n{"t": 1}\n{"text": "\\ud800"}\n'
        b'{"text": "caf\xe9"}\n{"text": "actor"}\n',
        [2, 3, 4, 5, 6, 7],
        "line 2: not JSON",
    ),
    ("in.json", b'[{"text": "goal"}, 5, {"text": "actor"}]', [2], "row 2: expected an object"),
]


@pytest.mark.parametrize(("name", "content", "bad", "reason"), BAD, ids=[each[0] for each in BAD])
def test_bad_rows_are_skipped_counted_and_named(
    tiny_run: Path,
    write: Write,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    name: str,
    content: bytes,
    bad: list[int],
    reason: str,
) -> None:
    source, out = write(name, content), tmp_path / "out.jsonl"
    assert predict(tiny_run, f"input={source}", f"output={out}", "on_error=skip") == 0
    (line,) = capfd.readouterr().err.splitlines()
    numbers = ", ".join(map(str, bad[:5])) + (", ..." if len(bad) > 5 else "")
    rows = "row" if len(bad) == 1 else "rows"
    assert line.startswith(f"skipped {len(bad)} {rows} ({numbers}); the first: {source}, {reason}")
    answers = objects(out)
    assert [row["label"] for row in answers] == ["sport", "film"]
    assert [row["row"] for row in answers] == [1, 2 + len(bad)]
    out.unlink()
    assert predict(tiny_run, f"input={source}", f"output={out}") == 2  # on_error=stop
    assert "\n" not in error_line(capfd)


def test_nulls_of_parquet_are_skipped(write: Write) -> None:
    table = pa.table({"text": ["goal", None, "chip"], "id": [1, 2, 3]})
    rows = InputRows(write("in.parquet", table), None, ["text"], carry=None, skip=True)
    assert list(rows) == [InputRow(1, "goal", {"id": 1}), InputRow(3, "chip", {"id": 3})]
    assert str(rows.skipped).startswith("skipped 1 row (2); the first: ")


def test_a_quote_that_nothing_closes_ends_even_a_lenient_reading(write: Write) -> None:
    source = write("in.csv", 'text,id\ngoal,1\n"chip,2\nactor,3\n')
    with pytest.raises(InputError, match="line 3: unexpected end of data"):
        list(InputRows(source, None, ["text"], skip=True))


# Processes


def many(count: int = 300) -> list[InputRow]:
    words = ("goal", "chip", "actor")
    return [InputRow(n, f"{words[n % 3]} {n} " * (n % 7), {"id": n}) for n in range(1, count + 1)]


def answering() -> Answering:
    classifier = set_classifier()
    columns = AnswerColumns(classifier.labels, sets=True, unfamiliar=True)
    carried = CarriedColumns.of(["id"], columns.own)
    return Answering(classifier, Encoding(".csv", columns, carried))


def test_processes_give_the_same_bytes_in_the_same_order() -> None:
    work = answering()
    expected = b"".join(each.content for each in work.in_threads(blocks_of(many(), 10, 3)))
    before = torch.get_num_threads()
    for alone, workers in ((0, 2), (1000, None), (10**9, None)):
        torch.set_num_threads(2)  # as many processes, without workers
        try:
            made = list(answered_together(work, blocks_of(many(), 10, 3), workers, alone=alone))
        finally:
            torch.set_num_threads(before)
        assert b"".join(each.content for each in made) == expected
        assert sum(each.rows for each in made) == 300


def test_few_blocks_are_read_ahead_of_processes() -> None:
    read: list[int] = []

    def blocks() -> Iterator[Block]:
        for block in blocks_of(many(), 10, 3):
            read.append(block.place)
            yield block

    for done, _ in enumerate(answered_together(answering(), blocks(), 2)):
        assert len(read) - done <= 6


def kill_itself(block: Block) -> None:
    if block.place == 1:
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_process_ends_in_one_line() -> None:
    blocks = iter([Block(many(5), place) for place in range(9)])
    with pytest.raises(InputError, match="one of 2 worker processes was killed, likely for lack"):
        list(answered_together(kill_itself, blocks, 2))  # type: ignore[arg-type]


# Interruptions


def interrupted_blocks(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Raise a signal after the first block of answers."""

    def answered(work: Answering, blocks: Iterator[Block], *_: object) -> Iterator[Any]:
        yield from work.in_threads([next(blocks)])
        os.kill(os.getpid(), number)
        yield from work.in_threads(blocks)

    monkeypatch.setattr("textcnn.predict.answered", answered)


@pytest.mark.parametrize(
    ("number", "ending"),
    [(signal.SIGINT, "csv.gz"), (signal.SIGINT, "parquet"), (signal.SIGTERM, "jsonl.xz")],
)
def test_an_interrupted_output_keeps_whole_rows(
    tiny_run: Path,
    write: Write,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    number: int,
    ending: str,
) -> None:
    interrupted_blocks(monkeypatch, number)
    out = tmp_path / f"out.{ending}"
    source = write("in.txt", "goal\nchip\nactor\n")
    assert predict(tiny_run, f"input={source}", f"output={out}", "batch_size=2") == 130
    partial = Path(f"{out}.partial")
    assert capfd.readouterr().err.splitlines() == [
        f"the first 2 rows are in {partial}",
        "interrupted",
    ]
    assert not out.exists()
    partial.rename(out)
    if ending == "parquet":
        assert pq.read_table(out)["label"].to_pylist() == ["sport", "tech"]
    elif ending == "jsonl.xz":
        assert [row["label"] for row in objects(out)] == ["sport", "tech"]
    else:
        assert [row[2] for row in cells(out)] == ["label", "sport", "tech"]


def test_parquet_keeps_the_rows_of_a_group_that_a_signal_interrupts(
    tiny_run: Path,
    write: Write,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    write_table = pq.ParquetWriter.write_table

    def interrupted(*given: Any, **keys: Any) -> None:
        write_table(*given, **keys)
        monkeypatch.undo()
        raise KeyboardInterrupt  # Python handles signals when Arrow returns

    monkeypatch.setattr("textcnn.inference.files.writing.GROUP_ROWS", 2)
    monkeypatch.setattr(pq.ParquetWriter, "write_table", interrupted)
    source = write("in.txt", "goal\nchip\nactor\n")
    out = tmp_path / "out.parquet"
    assert predict(tiny_run, f"input={source}", f"output={out}", "batch_size=2") == 130
    assert capfd.readouterr().err.startswith(f"the first 2 rows are in {out}.partial\n")
    assert pq.read_table(f"{out}.partial")["label"].to_pylist() == ["sport", "tech"]


def test_sigterm_has_its_old_meaning_afterwards() -> None:
    with ended_by_sigterm(), pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.mark.parametrize("module", [gzip, bz2, lzma])
def test_python_reads_compressed_blocks_as_one_file(
    tiny_run: Path, write: Write, tmp_path: Path, module: Any
) -> None:
    out = tmp_path / f"out.jsonl.{ {gzip: 'gz', bz2: 'bz2', lzma: 'xz'}[module] }"
    source = write("in.txt", "goal\nchip\nactor\n")
    assert predict(tiny_run, f"input={source}", f"output={out}", "batch_size=1") == 0
    assert len(module.open(out).read().splitlines()) == 3


def test_standard_output_takes_any_text_format(
    tiny_run: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written))
    source = write("in.txt", "goal\n")
    assert predict(tiny_run, f"input={source}", "output_format=csv", "top=1") == 0
    assert written.getvalue().splitlines()[0] == (
        b"row,text,label,probability,top_1,top_1_probability"
    )
