"""The rows that an audit examines, and their numbers in the files."""

from pathlib import Path
from typing import Any

import pytest
from conftest import Write

from textcnn.data.audit.pool import Pool, read_pool
from textcnn.data.sources.source import Source
from textcnn.data.splits import Division

LABELS = ["spam ", "", "ham", "spam", "", "ham"]
ROWS = "text,label\n" + "".join(f"t{n},{label}\n" for n, label in enumerate(LABELS, start=1))


@pytest.fixture
def file(write: Write) -> str:
    return write("train.csv", ROWS)


def pool(file: str, **options: Any) -> Pool:
    return read_pool(Source("files", train=file, missing_label="drop", **options), Division())


def numbered(pool: Pool) -> list[tuple[int, str, str]]:
    """The number, text and label of each row."""
    return [
        (int(number), text, pool.label(row)[0])
        for row, (number, text) in enumerate(zip(pool.number, pool.texts, strict=True))
    ]


def test_rows_keep_their_numbers_where_others_have_no_label(file: str) -> None:
    found = pool(file)
    assert numbered(found) == [
        (1, "t1", "spam"),
        (3, "t3", "ham"),
        (4, "t4", "spam"),
        (6, "t6", "ham"),
    ]
    assert found.notes == ("data.train: 2 of 6 rows have no label: dropped (data.missing_label)",)
    (warning,) = found.warnings
    assert warning.startswith("labels that are spelled differently count as one: ")


def test_rows_keep_their_numbers_where_others_are_left_out(file: str, write: Write) -> None:
    found = pool(file, exclude=write("list.csv", "row\n3\n1\n"))
    assert numbered(found) == [(4, "t4", "spam"), (6, "t6", "ham")]
    assert found.notes[0] == "data.exclude: 2 rows left out"


def test_test_rows_alone_are_examined(file: str) -> None:
    source = Source("files", test=file, missing_label="drop")
    assert len(read_pool(source, Division())) == 4


def test_folders_of_the_hub_are_read(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("text,label\na,x\nb,y\n", encoding="utf-8")
    (tmp_path / "test.csv").write_text("text,label\nc,z\n", encoding="utf-8")
    found = read_pool(Source("hub", path=str(tmp_path)), Division())
    assert numbered(found) == [(1, "a", "x"), (2, "b", "y"), (1, "c", "z")]
    assert [found.split_name(row) for row in range(3)] == ["train", "train", "test"]
