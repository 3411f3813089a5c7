"""Files as spreadsheets, annotation tools and other programs write them."""

import bz2
import gzip
import json
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from conftest import Write

from textcnn.data.input_texts import read_texts
from textcnn.data.sources.columns import Columns
from textcnn.data.sources.files import read_files, stream_files
from textcnn.data.sources.source import Source
from textcnn.data.sources.unlabelled import read_unlabelled
from textcnn.errors import InputError

ROWS = [("x", "a"), ("ÿ grün", "b")]
CSV = "text,label\nx,a\nÿ grün,b\n"


def read(path: str | list[str], **options: Any) -> list[tuple[str, Any]]:
    options = {"text": ("text",), "labels": ("label",)} | options
    rows = read_files("data.train", path, Columns(**options))
    streamed = pa.concat_tables(stream_files("data.train", path, Columns(**options)))
    assert streamed.equals(rows)
    return list(zip(rows["text"].to_pylist(), rows["label"].to_pylist(), strict=True))


def refusal(path: str, **options: Any) -> str:
    """The one line in which a file is refused, without its path."""
    with pytest.raises(InputError) as caught:
        read(path, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(path).lstrip(",: ")


# Tables from spreadsheets


@pytest.mark.parametrize(
    "content",
    [
        "text;label\nx;a\nÿ grün;b\n",
        "text\tlabel\nx\ta\nÿ grün\tb\n",
        "sep=;\ntext;label\nx;a\nÿ grün;b\n",
        "\ufeffsep=\t\r\ntext\tlabel\r\nx\ta\r\nÿ grün\tb\r\n",
        "text,label,,\nx,a,,\nÿ grün,b,,\n",
        "text,label\nx,a,\nÿ grün,b,,\n",
        ' text , label\u00a0\n"x",a\nÿ grün,b\n',
        '"no, comma";text;label\n1,5;x;a\n2,5;ÿ grün;b\n',
    ],
)
def test_csv_of_spreadsheets_is_read(write: Write, content: str) -> None:
    assert read(write("rows.csv", content)) == ROWS


def test_a_tsv_file_with_commas_is_read(write: Write) -> None:
    assert read(write("rows.tsv", CSV)) == ROWS


def test_the_usual_separator_wins_if_both_give_the_columns(write: Write) -> None:
    assert read(write("rows.csv", "text,label\nx;y,a;b\n")) == [("x;y", "a;b")]


@pytest.mark.parametrize("content", ["x,a\nÿ grün,b\n", "x;a\nÿ grün;b\n", "x\ta\nÿ grün\tb\n"])
def test_without_a_header_columns_are_numbers(write: Write, content: str) -> None:
    path = write("rows.csv", content)
    assert read(path, text=("1",), labels=("2",), header=False) == ROWS
    assert refusal(path, text=("1",), labels=("3",), header=False).startswith(
        "has no column '3'; without a header (data.header=false) columns are numbers from 1 to "
    )


def test_a_file_that_seems_to_lack_a_header_is_refused_with_what_to_set(write: Write) -> None:
    assert refusal(write("rows.csv", "x,a\ny,a\n")) == (
        "has no column 'text'; it has x, a; set data.text and data.label; if its first row holds "
        "no names, data.header=false data.text=1 data.label=2"
    )
    assert "; it has a, a; " in refusal(write("rows.csv", "a,a\nx,a\n"))


def test_the_separator_without_a_header_is_the_one_that_all_rows_share(write: Write) -> None:
    path = write("rows.csv", "a, b;x\nc;y\nd, e, f;z\n")
    assert read(path, text=("1",), labels=("2",), header=False) == [
        ("a, b", "x"),
        ("c", "y"),
        ("d, e, f", "z"),
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("text,label\nx,a\ntext,label\ny,b\n", "line 3: the header again; two files were joined"),
        ("text,label\nx,a\n\ufefftext,label\ny,b\n", "line 3: the header again; two files were"),
        ('text,label\nx,a\n\ufeff"text","label"\ny,b\n', "line 3: the header again; two files"),
        ("text,label\nx,a\n\ufeffy,b\n", "line 3: a byte order mark (U+FEFF) before the first"),
        ("text,label\nx,a\ufefftext,label\ny,b\n", "line 2: 3 columns, but the header has 2"),
        ("sep=;\ntext;label\nx;a\ny\n", "line 4: 1 columns, but the header has 2 (text, label)"),
    ],
)
def test_joined_exports_are_refused_with_their_line(write: Write, content: str, said: str) -> None:
    message = refusal(write("rows.csv", content))
    assert message.startswith(said)
    if "\ufeff" in content:
        assert "two files were joined here" in message


def test_a_mark_in_the_middle_of_json_lines_is_refused_with_its_line(write: Write) -> None:
    path = write("rows.jsonl", '{"text": "x", "label": "a"}\n\ufeff{"text": "y", "label": "b"}\n')
    assert refusal(path).startswith("line 2: a byte order mark (U+FEFF); two files were joined")


def test_a_weight_may_have_a_decimal_comma(write: Write) -> None:
    path = write("rows.csv", "text;label;w\nx;a;0,5\n")
    rows = read_files("data.train", path, Columns(("text",), ("label",), weight="w"))
    assert rows["weight"].to_pylist() == [0.5]


# Encodings


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "utf-8"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_utf_16_is_recognized_with_and_without_a_mark(
    write: Write, encoding: str, end: str
) -> None:
    # U+0A0A: its bytes are line feeds
    content = CSV.replace("\n", end) + f"\u0a0a,c{end}"
    assert read(write("rows.csv", content.encode(encoding))) == [*ROWS, ("\u0a0a", "c")]


@pytest.mark.parametrize(
    ("encoding", "name"), [("cp1252", "windows-1252"), ("utf-32", "utf-32"), ("cp1252", "latin-1")]
)
def test_other_encodings_are_named(write: Write, encoding: str, name: str) -> None:
    assert read(write("rows.csv", CSV.encode(encoding)), encoding=name) == ROWS


@pytest.mark.parametrize(
    ("encoding", "text", "likely"),
    [
        ("cp1252", "Das ist schön und grün", "windows-1252"),
        ("cp1252", "é", "windows-1252"),
        ("cp1251", "Это очень хороший фильм", "windows-1251"),
        ("gb18030", "这个电影很好看 服务态度也很好", "gb18030"),
        ("cp932", "これは良い映画です", "cp932"),
    ],
)
def test_the_likely_encoding_is_named(write: Write, encoding: str, text: str, likely: str) -> None:
    path = write("rows.csv", f"text,label\n{text},a\n".encode(encoding))
    assert refusal(path).endswith(f"; it looks like data.encoding={likely}")
    assert read(path, encoding=likely) == [(text, "a")]


def test_what_the_given_encoding_lacks_is_refused(write: Write) -> None:
    path = write("rows.csv", b"text,label\n\x81,a\n")
    assert refusal(path, encoding="windows-1252") == (
        "line 2: not WINDOWS-1252 (byte 0x81 at column 1); set data.encoding to that of the file"
    )
    path = write("rows.csv", "text,label\nx,a\n".encode("utf-16-le") + b"\x00\xd8")
    assert refusal(path).startswith("line 3: not UTF-16-LE (")


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl", "rows.txt"])
def test_nul_bytes_are_refused_with_their_line(write: Write, name: str) -> None:
    content = {
        "rows.csv": b"text,label\nx\0y,a\n",
        "rows.jsonl": b'{"text": "x", "label": "a"}\n{"text": "x\0y", "label": "a"}\n',
        "rows.txt": b"__label__a x\n__label__a \0\n",
    }[name]
    path = write(name, content)
    assert refusal(path).startswith("line 2: a NUL byte at column ")
    with pytest.raises(InputError, match="line 2: a NUL byte"):
        list(read_texts(path, "lines", ["text"]))


def test_utf_16_is_advised_only_where_the_bytes_look_like_it(write: Write) -> None:
    path = write("rows.csv", b"text,label\nx\0y,a\n")
    assert refusal(path).endswith("a NUL byte at column 2; remove it")
    path = write("rows.csv", b"text,label\n\0x,a\nand,b\n")
    assert refusal(path).endswith("a NUL byte at column 1; remove it")
    rows = "text,label\nx,a\ny,b\n"
    for order in ("le", "be"):  # an encoding that reads anything, so that it is not found out
        path = write("rows.csv", rows.encode(f"utf-16-{order}"))
        said = refusal(path, encoding="latin-1")
        assert said.endswith(f"; it looks like data.encoding=utf-16-{order}")


# Formats


COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": lambda data: pa.compress(data, "zstd", asbytes=True),
}


@pytest.mark.parametrize("ending", COMPRESSIONS)
def test_compressed_files_of_every_format_are_read(
    write: Write, tmp_path: Path, ending: str
) -> None:
    lines = [{"text": text, "label": label} for text, label in ROWS]
    table = pa.table({"text": [text for text, _ in ROWS], "label": [label for _, label in ROWS]})
    pq.write_table(table, tmp_path / "t.parquet")
    pa.feather.write_feather(table, tmp_path / "t.feather")
    contents = {
        "r.csv": CSV.encode(),
        "r.tsv": CSV.replace(",", "\t").encode(),
        "r.jsonl": "\n".join(map(json.dumps, lines)).encode(),
        "r.json": json.dumps(lines, indent=1).encode(),
        "r.txt": "".join(f"__label__{label} {text}\n" for text, label in ROWS).encode(),
        "r.parquet": (tmp_path / "t.parquet").read_bytes(),
        "r.feather": (tmp_path / "t.feather").read_bytes(),
    }
    for name, content in contents.items():
        assert read(write(name + ending, COMPRESSIONS[ending](content))) == ROWS, name
    assert list(read_texts(str(tmp_path / f"r.csv{ending}"), None, ["text"])) == ["x", "ÿ grün"]


@pytest.mark.parametrize("ending", COMPRESSIONS)
@pytest.mark.parametrize("damage", ["cut", "replaced"])
def test_a_damaged_archive_is_refused_in_one_line(write: Write, ending: str, damage: str) -> None:
    whole = COMPRESSIONS[ending](("text,label\n" + "x,a\n" * 5000).encode())
    content = whole[:-12] if damage == "cut" else b"text,label\nx,a\n"
    assert "can't be read: " in refusal(write(f"rows.csv{ending}", content))


def test_archives_of_several_parts_are_read_whole(write: Write) -> None:
    for ending, compress in COMPRESSIONS.items():
        content = compress(b"text,label\nx,a\n") + compress("ÿ grün,b\n".encode())
        assert read(write(f"rows.csv{ending}", content)) == ROWS, ending


def test_fasttexts_format_is_read(write: Write) -> None:
    path = write("rows.txt", "__label__a one two\n\n__label__b  three \n four __label__a\n")
    assert read(path) == [("one two", "a"), ("three", "b"), ("four", "a")]
    path = write("sets.txt", "__label__a __label__b one\n__label__c two\nthree\n")
    assert read(path, multi_label=True) == [("one", ["a", "b"]), ("two", ["c"]), ("three", [])]
    assert refusal(path) == (
        "row 1: 2 labels (a, b); set data.multi_label=true if a text may have several labels"
    )


def test_a_text_file_without_labels_is_refused_with_the_format(write: Write) -> None:
    assert refusal(write("rows.txt", "just text\n")).startswith(
        "row 1: no label; a .txt file is read in fastText's format, such as '__label__spam buy"
    )


def test_a_directory_with_a_folder_for_each_class_is_read(write: Write, tmp_path: Path) -> None:
    write("set/pos/2.txt", "good\nfilm")
    write("set/pos/10.txt", "fine")
    write("set/neg/a", "bad")
    write("set/.git/config", "no class")
    write("set/README.txt", "no class")
    path = str(tmp_path / "set")
    assert read(path) == [("bad", "neg"), ("fine", "pos"), ("good\nfilm", "pos")]
    assert "leave out data.multi_label" in refusal(path, multi_label=True)
    write("set/pos/picture", b"\x89PNG\0")
    assert "picture, line 1: not UTF-8" in refusal(path)


def test_a_list_of_json_objects_is_read(write: Write) -> None:
    rows = [{"text": text, "label": label} for text, label in ROWS]
    for name in ("rows.json", "rows.jsonl"):
        assert read(write(name, json.dumps(rows))) == ROWS
        assert read(write(name, "\n " + json.dumps(rows, indent=2))) == ROWS
    assert read(write("rows.json", "\n".join(map(json.dumps, rows)))) == ROWS
    assert refusal(write("rows.json", '[{"text": "x", "label": "a"}, 3]')).startswith(
        "row 2: expected an object"
    )
    assert refusal(write("rows.json", '[{"text": "x"},\n{]')).startswith("line 2: not JSON: ")


# Arrow's columns


def arrow_file(path: Path, table: pa.Table, kind: str) -> str:
    with pa.OSFile(str(path), "wb") as file:
        if kind == "feather 1":
            pa.feather.write_feather(table, file, version=1)
        elif kind == "feather":
            pa.feather.write_feather(table, file)
        else:
            make = pa.ipc.new_stream if kind == "stream" else pa.ipc.new_file
            with make(file, table.schema) as writer:
                writer.write_table(table)
    return str(path)


@pytest.mark.filterwarnings("ignore:.*[Ff]eather.*")
@pytest.mark.parametrize("kind", ["file", "stream", "feather", "feather 1"])
def test_arrow_files_are_read(tmp_path: Path, kind: str) -> None:
    table = pa.table({"text": [text for text, _ in ROWS], "label": [label for _, label in ROWS]})
    ending = "feather" if kind.startswith("feather") else "arrow"
    assert read(arrow_file(tmp_path / f"rows.{ending}", table, kind)) == ROWS


def test_what_only_claims_to_be_arrow_is_refused(write: Write) -> None:
    for name, kind in (("rows.arrow", "Arrow"), ("rows.feather", "Feather")):
        assert f"can't be read as {kind}: " in refusal(write(name, "text,label\nx,a\n"))


STRING = pa.string()


@pytest.mark.parametrize("kind", [STRING, pa.binary()])
def test_offsets_that_point_outside_are_refused(tmp_path: Path, kind: pa.DataType) -> None:
    table = pa.table({"text": pa.array([b"a", b"bc"]).cast(kind), "label": ["a", "b"]})
    path = Path(arrow_file(tmp_path / "rows.arrow", table, "file"))
    whole, offsets = path.read_bytes(), b"\0\0\0\0\1\0\0\0\3\0\0\0"
    assert whole.count(offsets) == 1
    path.write_bytes(whole.replace(offsets, offsets[:8] + b"\xff\xff\0\0"))
    assert refusal(str(path)).removeprefix(" ").startswith("can't be read as Arrow: ")


@pytest.mark.parametrize(
    "values",
    [
        pa.array(["x y", "z"]).dictionary_encode(),
        pa.array([["x", "y"], ["z"]], pa.list_(STRING)),
        pa.array([["x", "y"], ["z"]], pa.large_list(pa.large_string())),
        pa.array([b"x y", b"z"]),
        pa.array([b"x y", b"z"], pa.large_binary()),
    ],
)
def test_texts_of_any_arrow_type_are_read(write: Write, values: pa.Array) -> None:
    table = pa.table({"my.text": values, "my": [1, 2], "a.label": ["a", "b"]})
    path = write("rows.parquet", table)
    assert read(path, text=("my.text",), labels=("a.label",)) == [("x y", "a"), ("z", "b")]
    assert read_unlabelled(
        "data.unlabelled", path, Columns(("my.text",), ("a.label",))
    ).to_pydict() == {"text": ["x y", "z"]}


def test_a_string_that_is_not_utf_8_is_refused_with_its_row(write: Write) -> None:
    offsets, data = pa.py_buffer(b"\0\0\0\0\1\0\0\0\3\0\0\0"), pa.py_buffer(b"a\xff\xfe")
    bad = pa.Array.from_buffers(STRING, 2, [None, offsets, data])
    path = write("rows.parquet", pa.table({"text": bad, "label": ["a", "b"]}))
    assert refusal(path).startswith("row 2: column 'text' is not UTF-8 (invalid start byte at")
    path = write("rows.parquet", pa.table({"text": [b"a", b"\xff"], "label": ["a", "b"]}))
    assert refusal(path).startswith("row 2: column 'text' is not UTF-8")
    assert read(path, encoding="latin-1") == [("a", "a"), ("ÿ", "b")]


@pytest.mark.parametrize("values", [[1.0, None], [1.0, float("nan")]])
def test_whole_numbers_beside_a_null_are_whole_numbers(write: Write, values: list[Any]) -> None:
    path = write("rows.parquet", pa.table({"text": ["x", "y"], "label": values}))
    assert refusal(path) == (
        "row 2: column 'label' is null; fill it, or drop the row with data.missing_label=drop"
    )
    assert read(path, missing_label="drop") == [("x", "1"), ("y", None)]


# Missing labels


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl", "rows.parquet"])
def test_missing_labels_are_counted_and_the_first_are_named(write: Write, name: str) -> None:
    labels = ["a", None, "b", "", " ", None]
    table = pa.table({"text": ["x"] * 6, "label": labels})
    content = {
        "rows.csv": "text,label\n" + "".join(f"x,{label or ''}\n" for label in labels),
        "rows.jsonl": "\n".join(map(json.dumps, table.to_pylist())),
        "rows.parquet": table,
    }[name]
    path = write(name, content)
    what = "empty" if name == "rows.csv" else "null or empty"
    assert refusal(path) == (
        f"rows 2, 4, 5, ...: column 'label' is {what} in 4 of 6 rows; fill it, or drop these rows "
        "with data.missing_label=drop"
    )
    dropped = read(path, missing_label="drop")
    assert [label for _, label in dropped] == ["a", None, "b", None, None, None]


def test_columns_of_0_and_1_are_label_sets(write: Write) -> None:
    path = write("rows.csv", "text;toxic;insult\nx;1;0\ny;1,0;1\nz;0;0\n")
    source = Source("files", train=path, label=["toxic", "insult"], multi_label=True)
    (rows,) = (reader() for reader in source.open()[0].values())
    assert rows["label"].to_pylist() == [["toxic"], ["toxic", "insult"], []]
