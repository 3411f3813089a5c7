"""Texts to predict, one after the other, from files and standard input."""

import os
import sys
import threading
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import Write

from textcnn.data.input_texts import read_texts
from textcnn.errors import InputError

CSV = 'title,body\nfirst,"one\ntwo"\n,"three, four"\n'
JSON_LINES = '{"title": "first", "body": "one\\ntwo"}\n\n{"title": "", "body": 3}\n'


def stream(source: str, format: str | None = None, columns: Sequence[str] = ("text",)) -> list[str]:
    return list(read_texts(source, format, columns))


def refusal(source: str, format: str | None = None, columns: Sequence[str] = ("text",)) -> str:
    with pytest.raises(InputError) as caught:
        stream(source, format, columns)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch) -> "StandardInput":
    return StandardInput(monkeypatch)


class StandardInput:
    def __init__(self, monkeypatch: pytest.MonkeyPatch):
        self.monkeypatch = monkeypatch

    def holds(self, lines: Iterator[bytes]) -> None:
        self.monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=lines))


def test_every_line_is_a_text_an_empty_one_too(write: Write) -> None:
    path = write("texts.txt", "\ufeffone\n\n  two  \r\nthree\u2028four\x0cfive\nlast")
    assert stream(path) == ["one", "", "  two  ", "three\u2028four\x0cfive", "last"]
    assert stream(write("empty.txt", "")) == []
    assert stream(write("blank.txt", "\n")) == [""]


def test_lines_may_have_any_ending_of_the_file(write: Write) -> None:
    assert stream(write("texts", "one\ntwo")) == ["one", "two"]
    assert stream(write("texts.csv", "one, two\nthree\n"), "lines") == ["one, two", "three"]


def test_csv_and_json_lines_go_by_the_ending_and_join_columns_in_order(write: Write) -> None:
    title_first = ["first one\ntwo", " three, four"]
    assert stream(write("texts.csv", CSV), columns=["title", "body"]) == title_first
    assert stream(write("texts.CSV", CSV), columns=["body"]) == ["one\ntwo", "three, four"]
    tsv = "body\ttitle\none, two\tfirst\n"
    assert stream(write("texts.tsv", tsv), columns=["title", "body"]) == ["first one, two"]
    path = write("texts.jsonl", JSON_LINES)
    assert stream(path, columns=["title", "body"]) == ["first one\ntwo", " 3"]
    assert stream(path, columns=["body", "title"]) == ["one\ntwo first", "3 "]


def test_labels_in_the_format_of_fasttext_are_no_text(write: Write) -> None:
    path = write("texts.txt", "__label__a  __label__b buy now\n\n  plain __label__c\n__label__a\n")
    assert stream(path) == ["buy now", "", "  plain __label__c", ""]
    kept = ["__label__a  __label__b buy now", "", "  plain __label__c", "__label__a"]
    assert stream(path, "lines") == kept


def test_a_format_goes_before_the_ending(write: Write) -> None:
    path = write("texts.txt", '{"text": "x"}\n')
    assert stream(path) == ['{"text": "x"}']
    assert stream(path, "jsonl") == ["x"]
    assert stream(write("texts.jsonl", "text\tid\nx\t1\n"), "tsv") == ["x"]


def test_half_a_surrogate_pair_in_json_lines_is_refused_as_in_training(write: Write) -> None:
    path = write("texts.jsonl", '{"text": "\\ud83d\\ude00"}\n{"text": "\\ud83d"}\n')
    message = (
        f"{path}, line 2: column 'text' holds half of a surrogate pair, which is not a character"
    )
    assert refusal(path).startswith(message)


@pytest.mark.parametrize(
    ("format", "lines"),
    [
        (None, [b"one\n", b"two"]),
        ("lines", [b"one\r\n", b"two\r\n"]),
        ("jsonl", [b'{"text": "one"}\n', b'{"text": "two"}\n']),
        ("csv", [b"id,text\n", b"1,one\n", b'2,"two"\n']),
        ("tsv", [b"text\n", b"one\n", b"two\n"]),
    ],
)
def test_standard_input_is_read_in_every_format(
    stdin: StandardInput, format: str | None, lines: list[bytes]
) -> None:
    stdin.holds(iter(lines))
    assert stream("-", format) == ["one", "two"]


@pytest.mark.parametrize(
    ("format", "header", "line"),
    [
        ("lines", b"x\n", b"x\n"),
        ("csv", b"text\n", b"x\n"),
        ("jsonl", b'{"text": "x"}\n', b'{"text": "x"}\n'),
    ],
)
def test_nothing_is_read_ahead(
    stdin: StandardInput, format: str, header: bytes, line: bytes
) -> None:
    given = []

    def endless() -> Iterator[bytes]:
        yield header
        while True:
            given.append(line)
            assert len(given) < 10, "read ahead"
            yield line

    stdin.holds(endless())
    assert list(islice(read_texts("-", format, ["text"]), 3)) == ["x"] * 3
    assert len(given) <= 3


def test_texts_before_a_bad_row_come_first(write: Write) -> None:
    texts = read_texts(write("texts.jsonl", '{"text": "x"}\nnothing\n'), None, ["text"])
    assert next(texts) == "x"
    with pytest.raises(InputError, match="line 2: not JSON"):
        next(texts)


def test_a_named_pipe_is_read(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_text, args=("one\ntwo\n",))
    writer.start()
    assert stream(str(path)) == ["one", "two"]
    writer.join()


def test_a_tilde_is_the_home_directory(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write("texts.txt", "one\n")
    assert stream("~/texts.txt") == ["one"]


def test_a_file_that_is_not_there_is_refused_with_where_it_looked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    assert refusal("missing.txt") == f"input=missing.txt: no such file (looked from {tmp_path})"
    assert refusal("folder") == "input=folder is a directory; give a file"


def test_texts_that_are_not_utf_8_are_refused_with_line_and_column(
    write: Write, stdin: StandardInput
) -> None:
    where = "line 2: not UTF-8 (byte 0xe9 at column 4)"
    path = write("texts.txt", b"one\ncaf\xe9\n")
    assert refusal(path).startswith(f"{path}, {where}; it looks like data.encoding=windows-1252")
    stdin.holds(iter([b"one\n", b"caf\xe9\n"]))
    assert refusal("-").startswith(f"standard input, {where}; it looks like")


def test_a_missing_column_is_refused_with_those_that_are_there(
    write: Write, stdin: StandardInput
) -> None:
    path = write("texts.csv", CSV)
    has = "it has title, body; set data.text"
    assert refusal(path) == f"{path} has no column 'text'; {has}"
    assert refusal(path, columns=["title", "text"]) == f"{path} has no column 'text'; {has}"
    stdin.holds(iter([b'{"title": "x"}\n']))
    assert refusal("-", "jsonl") == "standard input, line 1: no column 'text'; it has title"


def test_an_empty_csv_file_is_refused(write: Write) -> None:
    path = write("texts.csv", "")
    assert refusal(path) == f"{path} is empty: it has no header, so no column 'text'"


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("texts.csv", "text,id\nx,1\ny\n", "line 3: 1 columns, but the header has 2 (text, id)"),
        ("texts.csv", "text,text\nx,1\n", "two columns are named 'text'"),
        ("texts.csv", 'text,id\n"x,1\n', "line 2: unexpected end of data"),
        ("texts.jsonl", '{"text": null}\n', "line 1: column 'text' is null"),
        ("texts.jsonl", '{"text": [1]}\n', "line 1: column 'text' must hold a single value"),
        ("texts.jsonl", '"x"\n', "line 1: expected an object"),
    ],
)
def test_a_row_that_is_none_is_refused(write: Write, name: str, content: str, reason: str) -> None:
    path = write(name, content)
    message = refusal(path).removeprefix(path).lstrip(",: ")
    assert message.startswith(reason)
