"""Label columns of probabilities, votes and indicators, and columns of weights."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import ClassLabel, Features, Value
from hub_layout import write_parquet
from hypothesis import given
from hypothesis import strategies as st
from tiny_data import refusal, write_csv

from textcnn.config.check import check
from textcnn.config.data import DataConfig
from textcnn.data.labelled import label_texts
from textcnn.data.labels.unseen import FIX
from textcnn.data.sources.columns import Columns, table_rows
from textcnn.data.sources.files import read_files
from textcnn.data.sources.label_cells import label_cells
from textcnn.data.sources.source import Source
from textcnn.data.splits import Division, load_splits

SOFT = Columns(("text",), ("p",), kind="probabilities")
LISTED = Columns(("text",), ("p",), kind="probabilities", classes=("a", "b"))
EACH = Columns(("text",), ("a", "b"), kind="probabilities")
LABEL_SETS = Columns(("text",), ("p",), multi_label=True, kind="probabilities")
VOTES = Columns(("text",), ("one", "two", "three"), kind="votes")
TOXIC = Columns(("text",), ("toxic", "threat"), multi_label=True, kind="indicators")


def cells(columns: Columns, *values: Any) -> dict[str, Any]:
    return label_cells("here, row 3", values, columns)


def shares(columns: Columns, *values: Any) -> dict[str, float]:
    made = cells(columns, *values)
    return dict(zip(made["label"], made["shares"], strict=True))


# Probabilities


@given(st.lists(st.floats(0, 1), min_size=2, max_size=2).filter(lambda two: sum(two) > 0.01))
def test_every_way_to_write_probabilities_gives_the_same(two: list[float]) -> None:
    first, second = (value / sum(two) for value in two)
    of_class = {"a": first, "b": second}
    expected = pytest.approx(of_class, abs=1e-12)
    assert shares(SOFT, of_class) == expected
    assert shares(SOFT, f" {json.dumps(of_class)}") == expected
    assert shares(SOFT, list(of_class.items())) == expected  # a map of Arrow
    assert shares(SOFT, {**of_class, "c": None}) == expected  # a struct of Arrow
    assert shares(LISTED, [first, second]) == expected
    assert shares(LISTED, json.dumps([first, second])) == expected
    assert shares(EACH, first, second) == expected
    assert shares(EACH, repr(first), repr(second)) == expected


@given(st.lists(st.floats(0.1, 1), min_size=1, max_size=5))
def test_probabilities_rounded_to_two_decimals_add_up_to_one(values: list[float]) -> None:
    given = {str(n): round(value / sum(values), 2) for n, value in enumerate(values)}
    if abs(math.fsum(given.values()) - 1) <= 0.01 + 1e-9:
        assert math.fsum(shares(SOFT, given).values()) == pytest.approx(1, abs=1e-15)
    else:
        assert "add up to" in refusal(lambda: cells(SOFT, given))


def test_a_class_name_alone_has_the_probability_1() -> None:
    assert shares(SOFT, "sports") == {"sports": 1.0}
    assert shares(SOFT, 7) == {"7": 1.0}
    assert cells(LABEL_SETS, ["x", "y"]) == {"label": ["x", "y"], "presences": [1.0, 1.0]}


def test_probabilities_of_label_sets_need_not_add_up_to_1() -> None:
    assert cells(LABEL_SETS, {"x": 0.9, "y": 0.8})["presences"] == [0.9, 0.8]
    assert cells(LABEL_SETS, {}) == {"label": [], "presences": []}


@pytest.mark.parametrize(
    ("columns", "values", "message"),
    [
        (SOFT, [{"a": 0.5, "b": 0.48}], "the probabilities in p add up to 0.98, not to 1 (within"),
        (SOFT, ['{"a": 0.7, "b": 0.4}'], "the probabilities in p add up to 1.1, not to 1 (within"),
        (SOFT, [{}], "the probabilities in p add up to 0, not to 1"),
        (SOFT, [{"a": 1.2, "b": -0.2}], "column 'p' holds 1.2; a probability is a number from"),
        (SOFT, [{"a": -0.1, "b": 1.0}], "column 'p' holds -0.1; a probability is a number from"),
        (SOFT, [{"a": math.nan}], "column 'p' holds nan; a probability is a number from 0 to 1"),
        (SOFT, ['{"a": NaN}'], "column 'p' holds nan; a probability is a number from 0 to 1"),
        (SOFT, [{"a": "x"}], "column 'p' holds 'x'; a probability is a number from 0 to 1"),
        (SOFT, [{"a": True}], "column 'p' holds True; a probability is a number from 0 to 1"),
        (SOFT, [{"a": [1]}], "column 'p' holds [1]; a probability is a number from 0 to 1"),
        (SOFT, [{"": 1.0}], "column 'p' is empty; fill it or drop the row"),
        (SOFT, [{"\ud800": 1.0}], "column 'p' holds half of a surrogate pair"),
        (SOFT, [0.7], "column 'p' holds 0.7; labels are strings, whole numbers, or true and false"),
        (SOFT, ['{"a": 0.7'], "column 'p' holds invalid JSON: Expecting ',' delimiter"),
        (SOFT, ["[" * 100_000], "column 'p' holds invalid JSON: "),
        (SOFT, [[0.5, 0.5]], "column 'p' holds a list of 2 probabilities; name their classes in"),
        (SOFT, ['{"a": 0.5, "a": 0.5}'], "column 'p' holds an object that names a class twice; l"),
        (SOFT, [[("a", 0.5), ("a", 0.5)]], "column 'p' holds an object that names a class twice"),
        (LISTED, [[0.5, 0.3, 0.2]], "column 'p' holds a list of 3 probabilities, but data.classes"),
        (LISTED, [{"c": 1.0}], "column 'p' names the class 'c', which is not in data.classes=[a"),
        (LISTED, ["c"], "column 'p' names the class 'c', which is not in data.classes=[a,b]"),
        (EACH, ["0.5", ""], "column 'b' is empty; fill it or drop the row"),
        (EACH, ["0.5", "0.4"], "the probabilities in a, b add up to 0.9, not to 1 (within 0.01)"),
        (LABEL_SETS, [{"x": 1.5}], "column 'p' holds 1.5; a probability is a number from 0 to 1"),
        (VOTES, ["a", 0.5, ""], "column 'two' holds 0.5; labels are strings, whole numbers"),
        (TOXIC, ["0", "2"], "column 'threat' holds '2'; an indicator is 0 or 1, or false or true"),
        (TOXIC, [1, 0.5], "column 'threat' holds 0.5; an indicator is 0 or 1, or false or true"),
        (TOXIC, [1, None], "column 'threat' is null; fill it or drop the row"),
    ],
)
def test_cells_that_cant_be_used_are_refused_with_their_row(
    columns: Columns, values: list[Any], message: str
) -> None:
    assert refusal(lambda: cells(columns, *values)).startswith(f"here, row 3: {message}")


@pytest.mark.parametrize(
    ("columns", "values"),
    [(SOFT, [""]), (SOFT, [None]), (VOTES, ["", None, " "]), (VOTES, [math.nan] * 3)],
)
def test_a_row_whose_label_cells_are_all_empty_has_no_label(
    columns: Columns, values: list[Any]
) -> None:
    assert cells(columns, *values) == {"label": None, "shares": None}


# Votes and indicators


def test_soft_labels_of_votes_are_their_shares() -> None:
    assert shares(VOTES, "a", "b", "a") == {"a": 2 / 3, "b": 1 / 3}
    assert shares(VOTES, "b", "", None) == {"b": 1.0}


def test_indicators_are_the_labels_of_a_text() -> None:
    for yes, no in ((1, 0), ("1", "0"), (True, False), ("true", "False"), (1.0, 0.0)):
        assert cells(TOXIC, yes, no) == {"label": ["toxic"]}
    assert cells(TOXIC, 0, 0) == {"label": []}


# Files


def source(tmp_path: Path, content: str, name: str = "rows.csv", **keys: Any) -> Source:
    file = tmp_path / name
    file.write_text(content, encoding="utf-8")
    return Source("files", train=str(file), **keys)


def loaded(source: Source) -> Any:
    return load_splits(source, Division(validation_fraction=None, test_fraction=None)).train


def test_the_output_of_predict_is_read_as_soft_labels(tmp_path: Path) -> None:
    lines = [
        {"text": "x", "label": "b", "probabilities": {"a": 0.25, "b": 0.75}},
        {"text": "y", "label": "a", "probabilities": {"a": 0.5, "b": 0.5}},
    ]
    content = "".join(json.dumps(line) + "\n" for line in lines)
    given = source(tmp_path, content, "soft.jsonl", label="probabilities")
    rows = loaded(given)
    assert rows.names == ("a", "b")
    assert rows.targets.tolist() == [[0.25, 0.75], [0.5, 0.5]]
    assert rows.labels.tolist() == [1, 0]  # of equal ones the first
    assert given.notes == [
        "data.label=probabilities holds objects: read as data.label_kind=probabilities"
    ]


def test_names_and_probabilities_may_be_mixed_over_files(tmp_path: Path) -> None:
    hand = write_csv(tmp_path / "hand.csv", [("x", "a"), ("y", "b")])
    soft = tmp_path / "soft.jsonl"
    soft.write_text('{"text": "z", "label": {"a": 0.2, "b": 0.8}}\n', encoding="utf-8")
    rows = loaded(Source("files", train=[str(hand), str(soft)]))
    assert rows.targets.tolist() == [[1, 0], [0, 1], [pytest.approx(0.2), pytest.approx(0.8)]]


@pytest.mark.parametrize("kind", ["struct", "map", "list", "columns", "json"])
def test_parquet_holds_probabilities_in_many_ways(tmp_path: Path, kind: str) -> None:
    values = [(0.25, 0.75), (1.0, 0.0)]
    keys: dict[str, Any] = {"label": "p", "label_kind": "probabilities"}
    named = [dict(zip("ab", each, strict=True)) for each in values]
    table: dict[str, Any] = {"text": ["x", "y"], "p": named}
    if kind == "map":
        table["p"] = pa.array([list(n.items()) for n in named], pa.map_(pa.string(), pa.float32()))
    elif kind == "list":
        table["p"], keys["classes"] = pa.array(values, pa.list_(pa.float64(), 2)), ["a", "b"]
    elif kind == "columns":
        table |= {"p_a": [0.25, 1.0], "p_b": [0.75, 0.0]}
        keys |= {"label": ["p_a", "p_b"], "classes": ["a", "b"]}
    elif kind == "json":
        table["p"] = [json.dumps(each) for each in named]
    pq.write_table(pa.table(table), tmp_path / "rows.parquet")
    rows = loaded(Source("files", train=str(tmp_path / "rows.parquet"), **keys))
    assert rows.names == ("a", "b")
    assert rows.targets.tolist() == [[0.25, 0.75], [1.0, 0.0]]


@pytest.mark.parametrize("streamed", [False, True])
def test_hub_rows_have_votes_and_weights(tmp_path: Path, streamed: bool) -> None:
    given: dict[str, list[Any]] = {
        "text": ["x", "y", "z"],
        "one": [0, 1, 1],
        "two": [1, 1, None],
        "w": [1.0, 2.0, 0.5],
    }
    label = ClassLabel(names=["no", "yes"])
    kinds = {"text": Value("string"), "one": label, "two": label, "w": Value("float32")}
    test: dict[str, list[Any]] = {"text": ["u"], "one": [0], "two": [1], "w": [None]}
    path = write_parquet(tmp_path / "repo", {"train": given, "test": test}, Features(kinds))
    keys: dict[str, Any] = {"label": ["one", "two"], "label_kind": "votes", "weight": "w"}
    source = Source("hub", path=path, **keys)
    if streamed:
        train = pa.concat_tables(source.open_stream()[0]())
    else:
        train = source.open()[0]["data.train"]()
    rows = label_texts(train, ["no", "yes"], "data.train")
    assert rows.soft_labels.tolist() == [[0.5, 0.5], [0, 1], [0, 1]]
    assert rows.weights is not None
    assert rows.weights.tolist() == [1.0, 2.0, 0.5]


def test_a_class_that_no_row_has_is_named(tmp_path: Path) -> None:
    both: dict[str, Any] = {"label": ["toxic", "threat"], "multi_label": True}
    assert refusal(
        lambda: loaded(source(tmp_path, "text,toxic,threat\nx,1,0\ny,0,0\n", **both))
    ) == ("no row of data.train has the class 'threat'; leave it out of data.label")
    each: dict[str, Any] = {"label": ["a", "b", "c"], "label_kind": "probabilities"}
    given = source(tmp_path, "text,a,b,c\nx,1,0,0\ny,0,1,0\n", **each)
    assert refusal(lambda: loaded(given)) == (
        "no training text gives the class 'c' any probability; leave the class out, or give more "
        "rows"
    )


def test_classes_of_the_test_rows_are_those_of_training(tmp_path: Path) -> None:
    given = source(
        tmp_path, 'text,label\nx,"{""a"": 1}"\ny,"{""b"": 1}"\n', label_kind="probabilities"
    )
    other = tmp_path / "test.csv"
    other.write_text('text,label\nz,"{""c"": 1}"\n', encoding="utf-8")
    both = Source("files", train=given.train, test=str(other), label_kind="probabilities")
    assert refusal(lambda: loaded(both)) == (
        f"data.test, row 1: the label 'c' is not in training: a, b{FIX}"
    )


def test_a_json_row_that_names_a_class_twice_is_refused(tmp_path: Path) -> None:
    content = '{"text": "x", "label": {"a": 0.5, "a": 0.5}}\n'
    assert refusal(lambda: loaded(source(tmp_path, content, "rows.jsonl"))) == (
        f"{tmp_path}/rows.jsonl, line 1: column 'label' holds an object that names a class twice; "
        "leave one out"
    )
    half = pa.array([0.5])
    objects = pa.StructArray.from_arrays([half, half], names=["a", "a"])
    table = pa.table({"text": ["x"], "p": objects})
    assert refusal(lambda: table_rows(table, SOFT, "here")) == (
        "here: column 'p' holds an object that names a class twice; leave one out"
    )


def test_objects_that_nobody_announced_are_refused_with_the_key(tmp_path: Path) -> None:
    content = '{"text": "x", "label": "a"}\n{"text": "y", "label": {"a": 1}}\n'
    assert refusal(lambda: loaded(source(tmp_path, content, "rows.jsonl"))) == (
        f"{tmp_path}/rows.jsonl, line 2: column 'label' holds an object; if these are "
        "probabilities of classes, set data.label_kind=probabilities"
    )
    table = pa.table({"text": ["x"], "label": [{"a": 1.0}]})
    assert refusal(lambda: table_rows(table, Columns(("text",), ("label",)), "here")) == (
        "here, column 'label' holds objects; if these are probabilities of classes, set "
        "data.label_kind=probabilities"
    )


# Weights


def test_weights_are_read_from_training_rows_only(tmp_path: Path) -> None:
    given = source(tmp_path, "text,label,w\nx,a,0.5\ny,b,2\n", weight="w")
    test = write_csv(tmp_path / "test.csv", [("z", "a")])
    both = Source("files", train=given.train, test=str(test), weight="w")
    splits = load_splits(both, Division(validation_fraction=None))
    assert splits.train.weights is not None
    assert splits.train.weights.tolist() == [0.5, 2.0]
    assert splits.test.weights is None


def csv_rows(tmp_path: Path, weight: Any) -> Any:
    return source(tmp_path, f"text,label,w\nx,a,1\ny,b,{weight}\n", weight="w")


def jsonl_rows(tmp_path: Path, weight: Any) -> Any:
    last = json.dumps({"text": "y", "label": "b", "w": weight})
    content = f'{{"text": "x", "label": "a", "w": 1}}\n{last}\n'
    return source(tmp_path, content, "rows.jsonl", weight="w")


def parquet_rows(tmp_path: Path, weight: Any) -> Any:
    file = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"text": ["x", "y"], "label": ["a", "b"], "w": [1.0, weight]}), file)
    return Source("files", train=str(file), weight="w")


@pytest.mark.parametrize("rows", [csv_rows, jsonl_rows, parquet_rows])
@pytest.mark.parametrize("weight", [-1.0, math.inf, math.nan, 1e38])
def test_weights_that_are_none_are_refused_with_their_row(
    tmp_path: Path, rows: Callable[..., Source], weight: float
) -> None:
    message = refusal(lambda: loaded(rows(tmp_path, weight)))
    assert " 2: column 'w' holds " in message
    assert message.endswith("; a weight is a number from 0 to 1,000,000")


@pytest.mark.parametrize(
    ("weight", "said"), [("heavy", "holds 'heavy'; a weight"), ("", "is empty")]
)
def test_words_and_empty_cells_are_no_weights(tmp_path: Path, weight: str, said: str) -> None:
    assert f"row 2: column 'w' {said}" in refusal(lambda: loaded(csv_rows(tmp_path, weight)))
    assert "is null" in refusal(lambda: loaded(jsonl_rows(tmp_path, None)))
    assert "is null" in refusal(lambda: loaded(parquet_rows(tmp_path, None)))


def test_weights_that_are_all_zero_or_missing_are_refused(tmp_path: Path) -> None:
    zero = source(tmp_path, "text,label,w\nx,a,0\ny,b,0\n", weight="w")
    assert refusal(lambda: loaded(zero)) == (
        "the weights of all training texts are zero; give at least one a positive weight"
    )
    missing = source(tmp_path, "text,label\nx,a\ny,b\n", weight="w")
    assert refusal(lambda: loaded(missing)) == (
        f"{tmp_path}/rows.csv has no column 'w'; it has text, label; set data.weight"
    )
    assert refusal(lambda: loaded(Source("bundled", weight="w"))) == (
        "data.weight is given, but data.source is bundled; add data=files"
    )


def test_the_cache_and_the_plain_reader_agree(tmp_path: Path) -> None:
    columns = Columns(("text",), ("p",), kind="probabilities", weight="w")
    content = 'text,p,w\nx,"{""a"": 0.3, ""b"": 0.7}",0.5\ny,b,2\n'
    given = source(tmp_path, content)
    for _ in range(2):
        rows = read_files("data.train", str(given.train), columns)
        assert rows.schema.equals(columns.schema)
        assert rows["shares"].to_pylist() == [[0.3, 0.7], [1.0]]
        assert rows["weight"].to_pylist() == [0.5, 2.0]


# Configuration


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"label": ["a", "b"], "label_kind": "names"}, "data.label=[a,b] names 2 columns"),
        ({"label_kind": "indicators"}, "data.label_kind=indicators needs data.multi_label=true"),
        ({"label_kind": "votes", "multi_label": True}, "data.label_kind=votes takes one class per"),
        (
            {"label_kind": "probabilities", "multi_label": True, "label_separator": "|"},
            "data.label_separator separates names, got data.label_kind=probabilities",
        ),
        ({"classes": ["a", "b"]}, "data.classes=[a,b] names the classes of probabilities or"),
        (
            {"label": ["a", "b"], "label_kind": "probabilities", "classes": ["x", "y", "z"]},
            "data.classes names 3 classes, but data.label has 2 columns",
        ),
        (
            {"label_kind": "probabilities", "classes": ["x", "x"]},
            "data.classes names 'x' twice; leave one out",
        ),
        (
            {"label": ["a1", "a1"], "label_kind": "votes"},
            "data.label names the column 'a1' twice; leave one out",
        ),
        (
            {"text": ["title", "a"], "label": "a"},
            "data.text and data.label both name the column 'a'; leave it out of one of them",
        ),
        ({"label_kind": "soft"}, "label_kind takes names, probabilities, votes or indicators"),
    ],
)
def test_kinds_that_make_no_sense_are_refused(keys: dict[str, Any], said: str) -> None:
    assert refusal(lambda: check(DataConfig(**{"source": "files", **keys}))).startswith(said)


def test_several_columns_with_label_sets_are_indicators() -> None:
    check(DataConfig(source="files", label=["a", "b"], multi_label=True, classes=["x", "y"]))


def test_columns_and_classes_may_be_named_by_numbers() -> None:
    data = DataConfig(source="files", label=1, label_kind="probabilities", classes=[0, 1, True])
    check(data)
    assert (data.label, data.classes) == ("1", ["0", "1", "true"])
