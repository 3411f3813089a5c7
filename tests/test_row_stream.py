"""Rows of unknown number: read in order, a window at a time, without those held for testing."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hub_layout import class_label, write_parquet
from hypothesis import given
from hypothesis import strategies as st
from tiny_data import refusal, rows, write_csv

from textcnn.data.row_stream import RowStream, load_stream, regrouped
from textcnn.data.sources.source import Source
from textcnn.data.splits import Division


def table(*texts: str) -> pa.Table:
    return pa.table({"text": list(texts), "label": ["a"] * len(texts)})


def stream(tables: list[pa.Table], **settings: object) -> RowStream:
    defaults: dict[str, object] = {
        "names": ("a",),
        "drawn": np.empty(0, np.int64),
        "held": np.empty(0, np.uint64),
        "duplicates": "drop",
        "max_rows": None,
    }
    return RowStream(lambda: iter(tables), **defaults | settings)  # type: ignore[arg-type]


@given(st.lists(st.integers(0, 5), max_size=8), st.integers(1, 7), st.none() | st.integers(1, 20))
def test_regrouped_tables_hold_the_same_rows_so_many_at_a_time(
    sizes: list[int], size: int, most: int | None
) -> None:
    numbers = iter(range(100))
    columns = [[next(numbers) for _ in range(count)] for count in sizes]
    tables = [pa.table({"n": pa.array(column, pa.int64())}) for column in columns]
    groups = [group["n"].to_pylist() for group in regrouped(iter(tables), size, most)]
    assert [n for group in groups for n in group] == list(range(sum(sizes)))[:most]
    assert all(len(group) == size for group in groups[:-1])
    assert all(groups)


def test_windows_can_be_skipped_without_being_looked_at() -> None:
    tables = [table("one", "two"), table("three"), table("four", "five")]
    texts = [window.texts() for window in stream(tables).windows(2)]
    assert texts == [["one", "two"], ["three", "four"], ["five"]]
    assert [window.texts() for window in stream(tables).windows(2, skip=2)] == [["five"]]


def test_rows_that_were_drawn_and_texts_that_are_held_are_left_out() -> None:
    held = stream([table("X  y")], duplicates="keep")
    hashes = next(held.windows(1)).text_hashes
    tables = [table("one", "two"), table("x Y", "one")]
    (window,) = stream(tables, drawn=np.array([0]), held=hashes).windows(9)
    assert window.texts() == ["two", "one"]  # row 0 was drawn, not every text like it
    (window,) = stream(tables, held=hashes, duplicates="keep").windows(9)
    assert window.texts() == ["one", "two", "x Y", "one"]
    refused = stream(tables, held=hashes, duplicates="error")
    assert refusal(lambda: next(refused.windows(9))).startswith(
        "data.train, row 3: the text ('x Y') also occurs in validation or test; "
    )


def test_a_class_that_the_first_rows_lack_is_named_with_its_row() -> None:
    later = pa.table({"text": ["z"], "label": ["b"]})
    windows = stream([table("one", "two"), later]).windows(2)
    next(windows)
    assert refusal(lambda: next(windows)) == (
        "data.train, row 3: the label 'b' is not in the first text.vocabulary_examples rows "
        "(raise this number): a"
    )


def test_validation_and_test_are_drawn_from_the_first_rows_and_never_trained_on(
    tmp_path: Path,
) -> None:
    texts = [(f"text {n} {words}", label) for n, (words, label) in enumerate(rows(300))]
    source = Source("files", train=str(write_csv(tmp_path / "a.csv", texts)))
    splits, later = load_stream(source, Division(), 100)
    sizes = [len(part) for part in splits.by_name().values()]
    assert sizes == [80, 10, 10]
    others = set(splits.validation.texts()) | set(splits.test.texts())
    streamed = [text for window in later.windows(37) for text in window.texts()]
    assert len(streamed) == 280
    assert not others & set(streamed)
    assert set(streamed) | others == {text for text, _ in texts}
    assert (
        "data.streaming: vocabulary and classes are learned from the first 100 rows" in splits.notes
    )


def test_first_rows_of_one_class_are_named_as_the_reason(tmp_path: Path) -> None:
    texts = [(f"text {n}", "a" if n < 50 else "b") for n in range(100)]
    source = Source("files", train=str(write_csv(tmp_path / "a.csv", texts)))
    assert refusal(lambda: load_stream(source, Division(), 50)) == (
        "data.train: the first 50 rows hold only one class (a), and a stream learns its classes "
        "from them; raise text.vocabulary_examples (and data.max_examples, if given), or shuffle "
        "the rows"
    )
    assert load_stream(source, Division(), 60)[0].labels == ("a", "b")
    one_class = Source("files", train=str(write_csv(tmp_path / "b.csv", texts[:50])))
    message = "data.train holds only one class (a), not two or more; check data.label"
    assert refusal(lambda: load_stream(one_class, Division(), 60)) == message


def test_given_validation_and_test_are_read_whole(tmp_path: Path) -> None:
    train = write_csv(tmp_path / "train.csv", rows(200))
    test = write_csv(tmp_path / "test.csv", [(f"{n} plot", "film") for n in range(30)])
    source = Source("files", train=str(train), validation=str(test), test=str(test))
    splits, _ = load_stream(source, Division(duplicates="keep", max_examples=20), 50)
    assert [len(part) for part in splits.by_name().values()] == [20, 20, 20]


def test_max_examples_ends_the_stream(tmp_path: Path) -> None:
    train = write_csv(
        tmp_path / "train.csv", [(f"{n} {t}", c) for n, (t, c) in enumerate(rows(90))]
    )
    _, later = load_stream(Source("files", train=str(train)), Division(max_examples=40), 30)
    assert sum(len(window) for window in later.windows(7)) == 34  # without 3 and 3 that were drawn


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_all_formats_stream_the_rows_that_they_hold(tmp_path: Path, ending: str) -> None:
    texts = [(f"{n} {text}", label) for n, (text, label) in enumerate(rows(2500))]
    path = tmp_path / f"train.{ending}"
    if ending == "csv":
        write_csv(path, texts)
    elif ending == "jsonl":
        lines = [json.dumps({"text": text, "label": label}) for text, label in texts]
        path.write_text("\n".join(lines))
    else:
        names = ("text", "label")
        columns = dict(zip(names, map(list, zip(*texts, strict=True)), strict=True))
        pq.write_table(pa.table(columns), path)
    source = Source("files", train=str(path))
    streamed, readers, _ = source.open_stream()
    again = [row for _ in range(2) for block in streamed() for row in block["text"].to_pylist()]
    assert again == 2 * [text for text, _ in texts]
    assert readers == {}
    assert max(len(block) for block in streamed()) == 1000


def hub_source(directory: Path, train: str | None = None) -> Source:
    columns: dict[str, list[Any]] = {
        "text": [f"text {n}" for n in range(60)],
        "label": [n % 2 for n in range(60)],
    }
    small = {name: column[:10] for name, column in columns.items()}
    features = class_label("no", "yes")
    path = write_parquet(directory / "set", {"train": columns, "test": small}, features)
    return Source("hub", path=path, train=train)


def test_a_hub_data_set_streams_with_the_names_of_its_classes(tmp_path: Path) -> None:
    streamed, readers, _ = hub_source(tmp_path).open_stream()
    first = next(streamed())
    assert first["text"].to_pylist()[:2] == ["text 0", "text 1"]
    assert first["label"].to_pylist()[:2] == ["no", "yes"]
    assert list(readers) == ["data.test"]
    assert len(readers["data.test"]()) == 10


def test_a_stream_of_a_hub_data_set_reads_whole_splits_that_exist(tmp_path: Path) -> None:
    source = hub_source(tmp_path, train="train[:10%]")
    assert refusal(source.open_stream).startswith(
        "data.train=train[:10%]: data.streaming=true reads whole splits; give one of train, test"
    )
    other = Source("hub", path=source.path, train="dev")
    assert refusal(other.open_stream) == (
        f"data.train=dev: {source.path} has no split 'dev'; it has train, test"
    )
    missing = Source("hub", path=source.path, text="body")
    streamed, _, _ = missing.open_stream()
    assert "has no column 'body'; it has text, label" in refusal(lambda: next(streamed()))
