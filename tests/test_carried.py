"""Numbers of rows and columns that are neither text nor label, carried along for reports."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import ClassLabel, Features, Value
from hub_layout import write_parquet

from textcnn.data.labelled import LabelledTexts
from textcnn.data.row_stream import load_stream
from textcnn.data.sources.source import Source
from textcnn.data.splits import Division, load_splits, load_test

CSV = "source,text,label,,votes\nweb,goal,sport,x,3\nprint,chip,tech,x,NA\nweb,plot,film,x,\n"


def of_file(path: Path, **settings: Any) -> LabelledTexts:
    source = Source("files", test=str(path), carry=True, **settings)
    found = load_test(source.open()[0], Division(), ("film", "sport", "tech"))
    assert found is not None
    return found[0]


def write(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-8")
    return path


def test_other_columns_of_csv_are_strings(tmp_path: Path) -> None:
    rows = of_file(write(tmp_path / "a.csv", CSV))
    assert rows.texts() == ["goal", "chip", "plot"]
    assert rows.numbers.tolist() == [1, 2, 3]
    # without the column that has no name
    assert rows.others() == [
        {"source": "web", "votes": "3"},
        {"source": "print", "votes": "NA"},
        {"source": "web", "votes": ""},
    ]


def test_other_columns_of_json_lines_keep_their_types_and_may_be_missing(tmp_path: Path) -> None:
    lines = [
        {"text": "goal", "label": "sport", "stars": 3, "tags": ["a"], "nan": float("nan")},
        {"label": "tech", "text": "chip", "bad": "\ud800"},
    ]
    rows = of_file(write(tmp_path / "a.jsonl", "".join(json.dumps(row) + "\n" for row in lines)))
    assert rows.others() == [{"stars": 3, "tags": ["a"], "nan": None}, {"bad": "\ud800"}]


def test_other_columns_of_parquet_are_what_json_can_hold(tmp_path: Path) -> None:
    table = pa.table(
        {
            "text": ["goal", "chip"],
            "label": ["sport", "tech"],
            "day": [date(2024, 2, 29), None],
            "size": [1.5, float("inf")],
            "image": [b"abc", b""],
            "picture": [{"bytes": b"abc", "path": "a.png"}, None],
            "parts": [{"a": [1]}, None],
            "late": pa.array([10**15, 0], pa.timestamp("ms")),  # the year 33658
            "x.y": [1, 2],
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    first, second = of_file(tmp_path / "a.parquet").others()
    assert first == {
        **{"day": "2024-02-29", "size": 1.5, "parts": {"a": [1]}},
        **{"late": None, "x.y": 1},
    }
    assert second["size"] is None


def test_columns_in_use_are_none_of_the_others(tmp_path: Path) -> None:
    csv = write(tmp_path / "a.csv", "title,body,topic,weight\nA,goal,sport,2\n")
    rows = of_file(csv, text=["title", "body"], label="topic", weight="weight")
    assert rows.texts() == ["A goal"]
    assert rows.others() == [{"weight": "2"}]  # test rows have no weight


def test_nothing_is_carried_without_being_asked(tmp_path: Path) -> None:
    source = Source("files", test=str(write(tmp_path / "a.csv", CSV)))
    assert source.open()[0]["data.test"]().column_names == ["text", "label", "row"]


def test_rows_keep_their_numbers_where_others_are_left_out(tmp_path: Path) -> None:
    content = "text,label,n\ngoal,sport,1\nlost,,2\nchip,tech,3\nwrong,film,4\nplot,film,5\n"
    csv = write(tmp_path / "a.csv", content)
    exclude = write(tmp_path / "exclude.csv", "row,split\n4,test\n")
    rows = of_file(csv, missing_label="drop", exclude=str(exclude))
    assert rows.numbers.tolist() == [1, 3, 5]
    assert [other["n"] for other in rows.others()] == ["1", "3", "5"]
    assert rows.select(rows.labels == 0).numbers.tolist() == [5]


def test_rows_of_several_files_are_counted_together(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", "text,label,n\ngoal,sport,1\n")
    write(tmp_path / "b.jsonl", '{"text": "chip", "label": "tech", "m": 2}\n')
    rows = of_file(tmp_path / "*.*")
    assert rows.numbers.tolist() == [1, 2]
    assert rows.others() == [{"n": "1"}, {"m": 2}]


@pytest.mark.parametrize("streamed", [False, True])
def test_a_drawn_split_knows_the_rows_it_was_drawn_from(tmp_path: Path, streamed: bool) -> None:
    lines = [f"word{n},{'ab'[n % 2]},{n + 1}\n" for n in range(40)]
    csv = write(tmp_path / "a.csv", "text,label,n\n" + "".join(lines))
    source = Source("files", train=str(csv), carry=True)
    if streamed:
        splits, _ = load_stream(source, Division(), 30)
    else:
        splits = load_splits(source, Division())
    assert len(splits.test) >= 3
    assert [int(other["n"]) for other in splits.test.others()] == splits.test.numbers.tolist()


def test_fingerprints_do_not_depend_on_other_columns(tmp_path: Path) -> None:
    full = of_file(write(tmp_path / "a.csv", CSV))
    bare = write(tmp_path / "b.csv", "text,label\ngoal,sport\nchip,tech\nplot,film\n")
    assert full.fingerprint == of_file(bare).fingerprint


def test_other_columns_of_a_hub_dataset_have_the_names_of_their_classes(tmp_path: Path) -> None:
    genre = ClassLabel(names=["drama", "crime"])
    features = Features({"text": Value("string"), "label": Value("string"), "genre": genre})
    columns: dict[str, list[Any]] = {
        "text": ["goal", "chip"],
        "label": ["sport", "tech"],
        "genre": [1, -1],
    }
    path = write_parquet(tmp_path / "films", {"test": columns}, features)
    source = Source("hub", path=path, carry=True)
    found = load_test(source.open()[0], Division(), ("sport", "tech"))
    assert found is not None
    assert found[0].others() == [{"genre": "crime"}, {"genre": None}]
    assert found[0].numbers.tolist() == [1, 2]
