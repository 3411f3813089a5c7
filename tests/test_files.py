"""Rows from files: what is read, to the letter, and every way in which a file can be refused."""

import csv
import datetime
import io
import json
import os
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from conftest import Write
from datasets import ClassLabel, Dataset, Features, Value
from hypothesis import given
from hypothesis import strategies as st

from textcnn.data.sources.columns import Columns
from textcnn.data.sources.csv_rows import csv_rows
from textcnn.data.sources.decoding import decode
from textcnn.data.sources.files import StringOrList, find_files, read_files
from textcnn.data.sources.lines import json_rows
from textcnn.errors import InputError

ROWS = [("one, two", "a"), ('says "hi"', "b"), ("two\nlines", "a"), ("", "b"), (" ÉÀ 你好 ", "b")]
TABLE = pa.table({"text": [text for text, _ in ROWS], "label": [label for _, label in ROWS]})

# without what is refused: NUL, and the mark where files were joined
cells = st.text(st.characters(codec="utf-8", exclude_characters="\0\ufeff"), max_size=8)


def read(
    given: StringOrList, text: Sequence[str] = ("text",), label: str = "label"
) -> list[tuple[str, str]]:
    columns = Columns(tuple(text), (label,))
    rows = read_files("data.train", given, columns)
    assert rows.schema.equals(columns.schema, check_metadata=True)
    return list(zip(rows["text"].to_pylist(), rows["label"].to_pylist(), strict=True))


def refusal(
    given: StringOrList, text: Sequence[str] = ("text",), label: str = "label", cut: str = ""
) -> str:
    """The one line with which files are refused, without `cut`."""
    with pytest.raises(InputError) as caught:
        read(given, text, label)
    message = str(caught.value)
    assert "\n" not in message
    return message.replace(cut, "") if cut else message


def as_csv(rows: Sequence[Sequence[str]], delimiter: str = ",") -> str:
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter).writerows(rows)
    return file.getvalue()


def as_json_lines(rows: Sequence[object]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


# What is read


def test_every_format_gives_the_same_rows_in_order(write: Write) -> None:
    named = [dict(zip(("text", "label"), row, strict=True)) for row in ROWS]
    files = {
        "rows.csv": as_csv([("text", "label"), *ROWS]),
        "rows.tsv": as_csv([("text", "label"), *ROWS], delimiter="\t"),
        "rows.jsonl": as_json_lines(named),
        "rows.parquet": TABLE,
    }
    for name, content in files.items():
        assert read(write(name, content)) == ROWS, name


def test_endings_may_be_upper_case(write: Write) -> None:
    assert read(write("ROWS.CSV", "text,label\nx,a\n")) == [("x", "a")]


def test_cells_keep_their_spelling(write: Write) -> None:
    spelt = ["007", "1.0", "1e5", "NA", "None", "null", "nan", "True", "2020-01-01", " x ", "#x"]
    rows = list(zip(spelt, reversed(spelt), strict=True))
    assert read(write("rows.csv", as_csv([("text", "label"), *rows]))) == rows
    assert read(write("rows.tsv", as_csv([("text", "label"), *rows], delimiter="\t"))) == rows
    named = [{"text": text, "label": label} for text, label in rows]
    assert read(write("rows.jsonl", as_json_lines(named))) == rows


def test_numbers_and_booleans_in_json_lines_become_strings(write: Write) -> None:
    path = write("rows.jsonl", '{"text": 1.50, "label": 1}\n{"text": 7, "label": true}\n')
    assert read(path) == [("1.5", "1"), ("7", "true")]


@pytest.mark.parametrize(
    ("values", "strings"),
    [
        (pa.array([3, 1]), ["3", "1"]),
        (pa.array([True, False]), ["true", "false"]),
        (pa.array([datetime.date(2020, 1, 2)] * 2), ["2020-01-02"] * 2),
        (pa.array([Decimal("1.50"), Decimal("2.00")]), ["1.50", "2.00"]),
        (pa.array(["x", "y"], pa.large_string()), ["x", "y"]),
        (pa.array(["x", "y"], pa.string_view()), ["x", "y"]),
        (pa.array(["x", "y"]).dictionary_encode(), ["x", "y"]),
    ],
)
def test_single_values_of_any_type_in_parquet_become_strings(
    write: Write, values: pa.Array, strings: list[str]
) -> None:
    path = write("rows.parquet", pa.table({"text": ["p", "q"], "label": values}))
    assert read(path) == list(zip(["p", "q"], strings, strict=True))


def test_class_ids_that_datasets_wrote_become_their_names(tmp_path: Path) -> None:
    features = Features({"text": Value("string"), "label": ClassLabel(names=["neg", "pos"])})
    rows = Dataset.from_dict({"text": ["x", "y"], "label": [1, 0]}, features=features)
    rows.to_parquet(tmp_path / "rows.parquet")
    assert read(str(tmp_path / "rows.parquet")) == [("x", "pos"), ("y", "neg")]


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl", "rows.parquet"])
def test_text_columns_are_joined_in_the_order_given(write: Write, name: str) -> None:
    row = {"title": "first", "body": "second", "topic": "a"}
    content = {
        "rows.csv": as_csv([list(row), list(row.values())]),
        "rows.jsonl": as_json_lines([row]),
        "rows.parquet": pa.table({key: [value] for key, value in row.items()}),
    }[name]
    path = write(name, content)
    assert read(path, ["title", "body"], "topic") == [("first second", "a")]
    assert read(path, ["body", "title"], "topic") == [("second first", "a")]
    assert read(path, ["body"], "topic") == [("second", "a")]


def test_a_byte_order_mark_is_dropped(write: Write) -> None:
    assert read(write("rows.csv", '\ufeff"text",label\nx,a\n')) == [("x", "a")]
    assert read(write("rows.jsonl", '\ufeff{"text": "x", "label": "a"}\n')) == [("x", "a")]


def test_line_ends_of_windows_are_read_and_kept_inside_cells(write: Write) -> None:
    path = write("rows.csv", 'text,label\r\n"x\r\ny",a\r\n"x\ny",b\r\n"x\ry",c\r\n')
    assert read(path) == [("x\r\ny", "a"), ("x\ny", "b"), ("x\ry", "c")]
    path = write("rows.jsonl", '{"text": "x", "label": "a"}\r\n{"text": "y", "label": "b"}\r\n')
    assert read(path) == [("x", "a"), ("y", "b")]


def test_only_line_feeds_end_lines(write: Write) -> None:
    odd = "a\u2028b\u2029c\x85d\x0ce\x1cf"
    assert read(write("rows.csv", f"text,label\n{odd},a\n")) == [(odd, "a")]
    odd = "a\u2028b\u2029c\x85d"  # raw control characters are no JSON
    path = write("rows.jsonl", f'{{"text": "{odd}", "label": "a"}}\n')
    assert read(path) == [(odd, "a")]


def test_blank_lines_and_a_missing_last_line_end_are_no_rows(write: Write) -> None:
    assert read(write("rows.csv", "\ntext,label\n\nx,a\n\n\ny,b")) == [("x", "a"), ("y", "b")]
    path = write("rows.jsonl", '\n{"text": "x", "label": "a"}\n  \n{"text": "y", "label": "b"}')
    assert read(path) == [("x", "a"), ("y", "b")]


def test_an_index_column_without_a_name_is_no_obstacle(write: Write) -> None:
    path = write("rows.csv", ",text,label\n0,x,a\n1,y,b\n")  # as pandas' to_csv writes it
    assert read(path) == [("x", "a"), ("y", "b")]


def test_a_cell_may_be_long(write: Write) -> None:
    long = "word " * 50_000  # the csv module's own limit is 131,072 characters
    assert read(write("rows.csv", f"text,label\n{long},a\n")) == [(long, "a")]


def test_a_changed_file_is_read_again(write: Write) -> None:
    for text in ("old", "new", "longer than both"):
        for name, content in {
            "rows.csv": f"text,label\n{text},a\n",
            "rows.jsonl": as_json_lines([{"text": text, "label": "a"}]),
            "rows.parquet": pa.table({"text": [text], "label": ["a"]}),
        }.items():
            assert read(write(name, content)) == [(text, "a")]


def test_files_of_one_name_in_two_places_are_not_mixed_up(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("one", "two"):
        path = write(f"{folder}/rows.jsonl", as_json_lines([{"text": folder, "label": "a"}]))
        os.utime(path, (0, 0))  # archives often come with one time for all
        monkeypatch.chdir(tmp_path / folder)
        assert read("rows.jsonl") == [(folder, "a")]


@given(st.lists(st.tuples(cells, cells)))
def test_what_the_csv_module_writes_is_read_back_to_the_letter(rows: list[tuple[str, str]]) -> None:
    for delimiter in (",", "\t"):
        content = as_csv([("text", "label"), *rows], delimiter).encode()
        header, *found = csv_rows(decode(io.BytesIO(content), "rows"), "rows", delimiter)
        assert header == ["text", "label"]
        assert found == [list(row) for row in rows]


@given(st.lists(st.dictionaries(cells, cells | st.integers() | st.none())), st.booleans())
def test_what_the_json_module_writes_is_read_back_to_the_letter(
    rows: list[dict[str, object]], ascii_only: bool
) -> None:
    content = "".join(json.dumps(row, ensure_ascii=ascii_only) + "\n" for row in rows).encode()
    found = list(json_rows(decode(io.BytesIO(content), "rows"), "rows"))
    assert [row for _, row in found] == rows
    assert [where for where, _ in found] == [f"rows, line {n + 1}" for n in range(len(rows))]


# Which files


def test_a_glob_names_files_in_the_order_of_their_names(write: Write, tmp_path: Path) -> None:
    for name in ("b", "c", "a"):
        write(f"part-{name}.csv", f"text,label\n{name},x\n")
    write("other.csv", "text,label\nother,x\n")
    assert [text for text, _ in read(f"{tmp_path}/part-*.csv")] == ["a", "b", "c"]


def test_a_list_names_files_in_its_own_order_whatever_their_formats(write: Write) -> None:
    first = write("z.csv", "text,label\nz,1\n")
    second = write("a.jsonl", as_json_lines([{"text": "a", "label": 2}]))
    third = write("m.parquet", pa.table({"text": ["m"], "label": [3]}))
    assert read([first, second, third]) == [("z", "1"), ("a", "2"), ("m", "3")]
    assert read([third, first]) == [("m", "3"), ("z", "1")]


@pytest.mark.parametrize(
    "name",
    [
        "a b",
        "a[1]",
        "a*",
        "a?",
        "a{1}",
        "a::b",
        "k=v/a",
        ".hidden",
        "__x__/a",
        "100%20#",
        "é你",
        "train/dataset_info",
    ],
)
def test_any_name_is_taken_as_it_stands(write: Write, name: str) -> None:
    write("a1.csv", "text,label\nanother,x\n")
    assert read(write(f"{name}.csv", "text,label\nthis,x\n")) == [("this", "x")]


def test_parquet_in_a_folder_named_as_a_partition_gets_no_column_of_it(write: Write) -> None:
    path = write("label=3/rows.parquet", pa.table({"text": ["x"], "label": ["a"]}))
    assert read(path) == [("x", "a")]


def test_a_tilde_is_the_home_directory(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write("rows.csv", "text,label\nx,a\n")
    assert read("~/rows.csv") == read("~/*.csv") == [("x", "a")]


def test_a_directory_in_a_glob_is_passed_over(write: Write, tmp_path: Path) -> None:
    write("folder.csv/rows.csv", "text,label\nx,a\n")
    path = write("rows.csv", "text,label\ny,b\n")
    assert find_files("data.train", f"{tmp_path}/*.csv") == [Path(path)]


@pytest.mark.parametrize("pattern", ["missing.csv", "*.csv"])
def test_files_that_are_not_there_are_refused_with_the_key_and_where_it_looked(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pattern: str
) -> None:
    write("folder/rows.csv", "text,label\nx,a\n")
    monkeypatch.chdir(tmp_path)
    assert refusal(pattern) == f"data.train={pattern}: no such file (looked from {tmp_path})"
    assert refusal(["folder/rows.csv", pattern]) == refusal(pattern)


@pytest.mark.parametrize(
    ("name", "ending"), [("rows.doc", ".doc"), ("rows", ""), ("a.xlsx.gz", ".gz")]
)
def test_an_unknown_ending_is_refused_with_the_known_ones(
    write: Write, name: str, ending: str
) -> None:
    path = write(name, "text,label\nx,a\n")
    assert refusal(path) == (
        f"{path}: textcnn reads .csv, .tsv, .jsonl, .json, .txt, .parquet, .arrow, .feather, also "
        f"with .gz, .bz2, .xz, .zst; got {ending!r}"
    )


# What is refused


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "parquet"])
def test_an_empty_file_is_refused(write: Write, ending: str) -> None:
    path = write(f"rows.{ending}", b"")
    assert refusal(path) == f"{path} is empty"


NO_ROWS = {
    "header.csv": "text,label\n",
    "header.tsv": "text\tlabel\r\n",
    "blank.csv": "\n\n",
    "blank.jsonl": "\n \n",
    "bom.jsonl": "\ufeff",
    "header.parquet": TABLE.slice(0, 0),
}


@pytest.mark.parametrize("name", NO_ROWS)
def test_a_file_without_rows_is_refused(write: Write, name: str) -> None:
    path = write(name, NO_ROWS[name])
    assert refusal(path) == f"{path} holds no rows"


@pytest.mark.parametrize("name", ["rows.csv", "rows.tsv", "rows.parquet"])
def test_a_missing_column_is_refused_with_those_that_are_there(write: Write, name: str) -> None:
    content = {
        "rows.csv": "title,topic\nx,a\n",
        "rows.tsv": "title\ttopic\nx\ta\n",
        "rows.parquet": pa.table({"title": ["x"], "topic": ["a"]}),
    }[name]
    path = write(name, content)
    has = "; it has title, topic; set data.text and data.label"
    assert refusal(path, label="topic") == f"{path} has no column 'text'{has}"
    assert refusal(path, text=["title"]) == f"{path} has no column 'label'{has}"
    assert refusal(path, ["title", "body"], "topic") == f"{path} has no column 'body'{has}"


def test_a_column_missing_from_one_json_line_is_refused_with_the_line(write: Write) -> None:
    path = write(
        "rows.jsonl", as_json_lines([{"text": "x", "label": "a"}, {"title": "y", "id": 1}])
    )
    assert refusal(path) == f"{path}, line 2: no column 'text'; it has title, id"


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet"])
def test_a_column_named_twice_is_refused(write: Write, ending: str) -> None:
    names = ["text", "label", "text"]
    content = {
        "csv": as_csv([names, ["x", "a", "y"]]),
        "tsv": as_csv([names, ["x", "a", "y"]], delimiter="\t"),
        "parquet": pa.table([["x"], ["a"], ["y"]], names=names),
    }[ending]
    path = write(f"rows.{ending}", content)
    assert refusal(path) == f"{path}: two columns are named 'text'; rename one"


LATIN_1 = "; it looks like data.encoding=windows-1252"


@pytest.mark.parametrize(
    ("name", "content", "where"),
    [
        ("a.csv", b"text,label\nx,a\ncaf\xe9,b\n", "line 3: not UTF-8 (byte 0xe9 at column 4)"),
        ("a.csv", b'text,label\n"x\ny\xe9",b\n', "line 3: not UTF-8 (byte 0xe9 at column 2)"),
        ("a.tsv", b"text\tlabel\n\xa3\tb\n", "line 2: not UTF-8 (byte 0xa3 at column 1)"),
        ("a.jsonl", b'{"text": "\xe9"}\n', "line 1: not UTF-8 (byte 0xe9 at column 11)"),
        ("bom.csv", b"\xef\xbb\xbftext,\xe9\n", "line 1: not UTF-8 (byte 0xe9 at column 6)"),
    ],
)
def test_a_file_that_is_not_utf_8_is_refused_with_line_and_column(
    write: Write, name: str, content: bytes, where: str
) -> None:
    path = write(name, content)
    assert refusal(path) == f"{path}, {where}{LATIN_1}"


@pytest.mark.parametrize(
    ("content", "line", "columns", "fix"),
    [
        ("text,label\nx,a\nx,a,b\n", 3, 3, "quote cells that hold ','"),
        ("text,label\nx,a\nx\n", 3, 1, "fill it up or drop it"),
        ("\ntext,label\n\nx,a,b\n", 4, 3, "quote cells that hold ','"),
        ('text,label\n"x\n\ny",a\none, two,b\n', 5, 3, "quote cells that hold ','"),
        # where the row begins
        ('text,label\n"x\ny",a,b\n', 2, 3, "quote cells that hold ','"),
        ("text,label\n \nx,a\n", 2, 1, "fill it up or drop it"),
    ],
)
def test_a_row_of_another_width_is_refused_with_its_line(
    write: Write, content: str, line: int, columns: int, fix: str
) -> None:
    path = write("rows.csv", content)
    assert refusal(path) == (
        f"{path}, line {line}: {columns} columns, but the header has 2 (text, label); {fix}"
    )
    tabbed = write("rows.tsv", content.replace(",", "\t"))
    assert refusal(tabbed, cut=tabbed).startswith(f", line {line}: {columns} columns")


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        ('text,label\nx,a\ny,"b\nz,c\n', 3, "unexpected end of data"),
        ('text,label\nx,a\n"y" said,b\n', 3, "',' expected after '\"'"),
    ],
)
def test_quotes_not_in_pairs_are_refused_with_the_line(
    write: Write, content: str, line: int, reason: str
) -> None:
    path = write("rows.csv", content)
    assert refusal(path) == (
        f"{path}, line {line}: {reason}; quote cells that hold quotes or line ends, and "
        "double the quotes in them"
    )


@pytest.mark.parametrize(
    ("content", "line"), [("text,label\nx\ry,a\n", 2), ("text,label\rx,a\r", 1)]
)
def test_line_ends_of_old_macs_are_refused_with_the_line(
    write: Write, content: str, line: int
) -> None:
    path = write("rows.csv", content)
    assert refusal(path) == (
        f"{path}, line {line}: a carriage return without a line feed; end lines with line "
        "feeds, for example with tr '\\r' '\\n', or quote the cell"
    )


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("text", "not JSON: Expecting value at column 1"),
        ('{"text": "x"', "not JSON: Expecting ',' delimiter at column 13"),
        ("[" * 100_000, "not JSON: maximum recursion depth exceeded"),
        (f'{{"text": {"1" * 5000}}}', "not JSON: Exceeds the limit (4300 digits)"),
        ('["x", "a"]', "expected an object such as {\"text\": ...}, got ['x', 'a']"),
        ("3", 'expected an object such as {"text": ...}, got 3'),
        ('{"text": [1], "label": "a"}', "column 'text' must hold a single value, got [1]"),
        (
            '{"text": "x", "label": {"a": 1}}',
            "column 'label' holds an object; if these are probabilities of classes, set",
        ),
        (
            '{"text": "x", "label": ["a"]}',
            "column 'label' holds lists; set data.multi_label=true if a text may have several",
        ),
        (
            '{"text": "x", "label": 1.5}',
            "column 'label' holds 1.5; labels are strings, whole numbers, or true and false",
        ),
        (
            '{"text": "\\ud800", "label": "a"}',
            "column 'text' holds half of a surrogate pair, which is not a character; remove it",
        ),
        (
            '{"text": "x", "label": "\\ud800"}',
            "column 'label' holds half of a surrogate pair, which is not a character; remove it",
        ),
        ('{"text": null, "label": "a"}', "column 'text' is null; fill it or drop the row"),
    ],
)
def test_a_json_line_that_is_no_row_is_refused_with_its_line(
    write: Write, line: str, reason: str
) -> None:
    path = write("rows.jsonl", f'{{"text": "x", "label": "a"}}\n\n{line}\n')
    message = refusal(path)
    assert message.startswith(f"{path}, line 3: {reason}")
    assert len(message) < len(path) + 200


FILL_LABEL = "fill it, or drop the row with data.missing_label=drop"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            '{"data": [{"text": "x", "label": "a"}]}',
            "no column 'text'; it has data; write the list in 'data' to a file of its own; ",
        ),
        (
            '{\n "data": [\n  {"text": "x", "label": "a"}\n ]\n}',
            "not JSON: Expecting property name enclosed in double quotes at column 2; ",
        ),
        ('{"index": [0], "data": [["x", "a"]]}', "no column 'text'; it has index, data; "),
        (
            '{"text": {"0": "x"}, "label": {"0": "a"}}',
            "column 'text' must hold a single value, got {'0': 'x'}; ",
        ),
    ],
)
def test_json_of_another_shape_is_refused_with_what_is_read(
    write: Write, content: str, reason: str
) -> None:
    path = write("rows.json", content)
    assert refusal(path) == (
        f"{path}, line 1: {reason}textcnn reads an object for each row, one per line or all in one "
        "list; pandas writes them with to_json(orient='records')"
    )


@pytest.mark.parametrize("name", ["rows.csv", "rows.tsv"])
def test_an_empty_label_is_refused_with_its_row(write: Write, name: str) -> None:
    delimiter = "," if name == "rows.csv" else "\t"
    path = write(name, as_csv([["text", "label"], ["two\nlines", "a"], ["y", ""]], delimiter))
    assert refusal(path) == f"{path}, row 2: column 'label' is empty; {FILL_LABEL}"


@pytest.mark.parametrize(
    ("column", "values", "row"),
    [
        ("text", ["x", "y", None], 3),
        ("text", [None, None, None], 1),
        ("label", ["a", None, "b"], 2),
        ("label", ["a", "", "b"], 2),
        ("text", [1.0, float("nan"), 2.0], 2),
    ],
)
def test_a_null_in_parquet_is_refused_with_its_row(
    write: Write, column: str, values: list[object], row: int
) -> None:
    columns: dict[str, list[object]] = {"text": ["x", "y", "z"], "label": ["a", "b", "c"]}
    path = write("rows.parquet", pa.table(columns | {column: values}))
    fill = FILL_LABEL if column == "label" else "fill it or drop the row"
    what = "empty" if "" in values else "null"
    assert refusal(path) == f"{path}, row {row}: column {column!r} is {what}; {fill}"


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([[1], [2]], "list<element: int64>"),
        ([{"x": "y"}, {"x": "z"}], "struct<x: string>"),
    ],
)
def test_a_parquet_column_of_lists_or_objects_is_refused_with_its_type(
    write: Write, values: list[object], kind: str
) -> None:
    path = write("rows.parquet", pa.table({"text": values, "label": ["a", "b"]}))
    assert refusal(path) == f"{path}, column 'text' holds {kind}, not single values"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([["a"], ["b"]], "lists; set data.multi_label=true if a text may have several labels"),
        ([1.0, 2.5], "double; labels are strings, whole numbers, or true and false"),
    ],
)
def test_a_parquet_column_that_holds_no_labels_is_refused_with_what_may(
    write: Write, values: list[object], reason: str
) -> None:
    path = write("rows.parquet", pa.table({"text": ["x", "y"], "label": values}))
    assert refusal(path) == f"{path}, column 'label' holds {reason}"


def test_a_class_id_without_a_name_is_refused_with_its_row(tmp_path: Path) -> None:
    features = Features({"text": Value("string"), "label": ClassLabel(names=["neg", "pos"])})
    rows = Dataset.from_dict({"text": ["x", "y"], "label": [1, -1]}, features=features)
    path = tmp_path / "rows.parquet"
    rows.to_parquet(path)
    assert refusal(str(path)) == (
        f"{path}, row 2: column 'label' holds -1, which is not one of its 2 classes; drop the row"
    )


@pytest.mark.parametrize("content", [b"text,label\nx,a\n", b"PAR1" + b"x" * 40 + b"PAR1"])
def test_what_only_claims_to_be_parquet_is_refused(
    write: Write, content: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    path = write("rows.parquet", content)
    assert refusal(path).startswith(f"{path} can't be read as Parquet: Parquet ")
    assert capfd.readouterr().err == ""  # no words of the library's own


def test_a_truncated_parquet_file_is_refused(write: Write) -> None:
    path = Path(write("rows.parquet", TABLE))
    path.write_bytes(path.read_bytes()[:-20])
    assert refusal(str(path)).startswith(f"{path} can't be read as Parquet: ")


def test_a_disk_that_fails_is_said_in_one_line(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> None:
        raise OSError("no space\nleft")

    monkeypatch.setattr("textcnn.data.sources.files.line_rows", fail)
    path = write("rows.csv", "text,label\nx,a\n")
    assert refusal(path) == f"{path} can't be read: no space left"


def test_without_a_cache_that_can_be_written_files_are_read_all_the_same(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # below a file can be nothing, for root too
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", Path(write("file", "")))
    path = write("rows.csv", as_csv([("text", "label"), *ROWS]))
    assert read(path) == ROWS
    empty, bad = write("none.csv", "text,label\n"), write("bad.csv", "text,label\nx,\n")
    assert refusal(empty) == f"{empty} holds no rows"
    assert refusal(bad) == f"{bad}, row 1: column 'label' is empty; {FILL_LABEL}"


def test_a_directory_is_refused_with_how_to_name_its_files(tmp_path: Path) -> None:
    parts = tmp_path / "parts"
    parts.mkdir()
    assert refusal(str(parts)) == (
        f"data.train={parts} is a directory; name its files, for example "
        f"'data.train=\"{parts}/*.csv\"'"
    )


def test_one_bad_file_of_several_is_named(write: Write) -> None:
    good = write("good.csv", "text,label\nx,a\n")
    bad = write("bad.csv", "text,label\nx\n")
    assert refusal([good, bad]).startswith(f"{bad}, line 2: 1 columns")
