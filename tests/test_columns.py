"""From the columns of any table to texts and labels."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pytest
from datasets import ClassLabel, Features, List, Value
from hypothesis import example, given
from hypothesis import strategies as st
from tiny_data import refusal

from textcnn.data.sources.columns import Columns, check_columns, table_rows

SINGLE = Columns(("text",), ("label",))
SEVERAL = Columns(("text",), ("label",), multi_label=True)
STRING = pa.string()
LIST_TYPES = [pa.list_, pa.large_list]


def separated(separator: str) -> Columns:
    return Columns(("text",), ("label",), multi_label=True, separator=separator)


def labels_table(*chunks: Sequence[Any], kind: pa.DataType | None = None) -> pa.Table:
    """The labels of each chunk, with texts 0, 1 and so on."""
    kind = kind or pa.array([label for chunk in chunks for label in chunk]).type
    labels = pa.chunked_array([pa.array(chunk, kind) for chunk in chunks], kind)
    return pa.table({"text": [str(row) for row in range(len(labels))], "label": labels})


def labels_of(table: pa.Table, columns: Columns = SEVERAL, features: Any = None) -> list[Any]:
    rows = table_rows(table, columns, "here", features)
    assert rows.schema == columns.schema
    assert rows["text"].to_pylist() == table["text"].to_pylist()
    labels: list[Any] = rows["label"].to_pylist()
    return labels


def refused(
    table: pa.Table, columns: Columns = SEVERAL, features: Any = None, first_row: int = 1
) -> str:
    return refusal(lambda: table_rows(table, columns, "here", features, first_row))


# Lists of labels

names = st.text(min_size=1, max_size=3).filter(str.strip)


@pytest.mark.parametrize("kind", LIST_TYPES)
@given(
    chunks=st.lists(st.lists(st.lists(names, max_size=3), max_size=4)),
    skip=st.integers(0, 3),
)
@example(chunks=[], skip=0)
@example(chunks=[[[], []], [[]]], skip=0)
@example(chunks=[[["a"], []], [["b", "c"]], [], [[], ["a", "a"]]], skip=1)
def test_lists_are_the_labels_however_they_lie(
    kind: Any, chunks: list[list[list[str]]], skip: int
) -> None:
    table = labels_table(*chunks, kind=kind(STRING)).slice(skip)
    assert labels_of(table) == [labels for chunk in chunks for labels in chunk][skip:]


@pytest.mark.parametrize("kind", LIST_TYPES)
@pytest.mark.parametrize(
    ("values", "inner", "labels"),
    [
        ([[1, 0], [], [12]], pa.int64(), [["1", "0"], [], ["12"]]),
        ([[1, 0], [], [12]], pa.uint8(), [["1", "0"], [], ["12"]]),
        ([[True, False], []], pa.bool_(), [["true", "false"], []]),
        ([["a", "b"], ["a"]], pa.large_string(), [["a", "b"], ["a"]]),
        ([["a", "b"], ["a"]], pa.dictionary(pa.int32(), STRING), [["a", "b"], ["a"]]),
        ([[], []], pa.null(), [[], []]),
    ],
)
def test_lists_may_hold_strings_numbers_or_truths(
    kind: Any, values: list[list[Any]], inner: pa.DataType, labels: list[list[str]]
) -> None:
    assert labels_of(labels_table(values, values, kind=kind(inner))) == labels * 2


@pytest.mark.parametrize(
    ("values", "inner", "labels"),
    [
        ([["a", "b"], ["b", "c"]], STRING, [["a", "b"], ["b", "c"]]),
        ([[3, 1], [2, 2]], pa.int32(), [["3", "1"], ["2", "2"]]),
        ([[True, False], [False, False]], pa.bool_(), [["true", "false"], ["false", "false"]]),
    ],
)
def test_lists_may_be_of_a_fixed_size(
    values: list[list[Any]], inner: pa.DataType, labels: list[list[str]]
) -> None:
    table = labels_table(values, values, kind=pa.list_(inner, 2))
    assert labels_of(table) == labels * 2
    assert labels_of(table.slice(1, 2)) == (labels * 2)[1:3]


def test_ids_of_a_dataset_are_the_names_of_its_classes() -> None:
    features = Features({"text": Value("string"), "label": List(ClassLabel(names=["b", "a"]))})
    table = labels_table([[1], []], [[0, 1]], kind=pa.list_(pa.int64()))
    assert labels_of(table, features=features) == [["a"], [], ["b", "a"]]


@pytest.mark.parametrize("wrong", [2, -1])
def test_an_id_of_no_class_is_refused_with_its_row(wrong: int) -> None:
    features = Features({"label": List(ClassLabel(names=["b", "a"]))})
    table = labels_table([[1], []], [[0, wrong]], kind=pa.list_(pa.int64()))
    assert refused(table, features=features) == (
        f"here, row 3: column 'label' holds {wrong}, which is not one of its 2 classes; "
        "drop the row"
    )


@pytest.mark.parametrize(
    "kind", [pa.list_(STRING), pa.large_list(STRING), pa.list_(STRING, 1)], ids=str
)
def test_a_list_that_is_null_is_refused(kind: pa.DataType) -> None:
    table = labels_table([["a"], ["b"]], [["c"], None], kind=kind)
    expected = (
        "here, row 4: column 'label' is null; fill it, or drop the row with data.missing_label=drop"
    )
    assert refused(table) == expected
    assert refused(table, first_row=101) == expected.replace("row 4", "row 104")


@pytest.mark.parametrize("nothing", ["", None])
@pytest.mark.parametrize(
    "kind", [pa.list_(STRING), pa.large_list(STRING), pa.list_(STRING, 2)], ids=str
)
def test_an_empty_label_in_a_list_is_refused(nothing: str | None, kind: pa.DataType) -> None:
    table = labels_table([["a", "b"], ["b", "c"]], [["c", "d"], ["a", nothing]], kind=kind)
    what = "null" if nothing is None else "empty"
    expected = f"here, row 4: column 'label' is {what}; fill it or drop the row"
    assert refused(table) == expected
    assert refused(table, first_row=101) == expected.replace("row 4", "row 104")


def test_rows_are_counted_past_empty_lists() -> None:
    table = labels_table([[], ["a"]], [[], [], ["b", ""]], kind=pa.list_(STRING))
    assert refused(table).startswith("here, row 5: ")


@pytest.mark.parametrize("kind", [pa.float32(), pa.float64()], ids=str)
def test_fractions_are_no_labels(kind: pa.DataType) -> None:
    expected = (
        f"here, column 'label' holds {kind}; labels are strings, whole numbers, or true and false"
    )
    assert refused(labels_table([[1.5], []], kind=pa.list_(kind))) == expected
    assert refused(labels_table([1.0, 2.5], kind=kind), SINGLE) == expected
    assert refused(labels_table([1.0, 2.5], kind=kind), separated("|")) == expected


def test_lists_of_lists_are_no_labels() -> None:
    message = refused(labels_table([[["a"]]]))
    assert message.startswith("here, column 'label' holds list<")
    assert message.endswith(", not single values")


@pytest.mark.parametrize(
    "kind", [pa.list_(STRING), pa.large_list(STRING), pa.list_(STRING, 1)], ids=str
)
def test_lists_are_refused_where_texts_have_one_label(kind: pa.DataType) -> None:
    assert refused(labels_table([["a"]], kind=kind), SINGLE) == (
        "here, column 'label' holds lists; set data.multi_label=true if a text may have several "
        "labels"
    )


# Labels in a string


@pytest.mark.parametrize(
    ("separator", "cell", "labels"),
    [
        ("|", "a|b", ["a", "b"]),
        ("|", " a | b c |", ["a", "b c"]),
        ("|", "||a||", ["a"]),
        ("|", "", []),
        ("|", " \t", []),
        ("|", "|", []),
        ("|", "a", ["a"]),
        (",", "a|b, c", ["a|b", "c"]),
        (" ", "  a   b\n", ["a", "b"]),
        ("\t", "a\t\t b", ["a", "b"]),
        ("; ", "a; b;c", ["a", "b;c"]),
        (".", "a.b", ["a", "b"]),  # no pattern: the point itself
        ("·", "é· ü\u00a0", ["é", "ü"]),
        ("|", "a|a", ["a", "a"]),
    ],
)
def test_a_string_is_cut_at_the_separator(separator: str, cell: str, labels: list[str]) -> None:
    table = labels_table(["x", cell], [cell, ""], kind=STRING)
    assert labels_of(table, separated(separator)) == [["x"], labels, labels, []]


cells = st.text("a|b ", max_size=6)


@given(st.lists(st.lists(cells, max_size=4)), st.integers(0, 3))
@example([], 0)
@example([[], ["", ""], []], 0)
def test_strings_are_cut_however_they_lie(chunks: list[list[str]], skip: int) -> None:
    expected = [
        [part.strip() for part in cell.split("|") if part.strip()]
        for chunk in chunks
        for cell in chunk
    ]
    table = labels_table(*chunks, kind=STRING).slice(skip)
    assert labels_of(table, separated("|")) == expected[skip:]


@pytest.mark.parametrize("kind", [pa.large_string(), pa.dictionary(pa.int32(), STRING)], ids=str)
def test_strings_of_any_kind_are_cut(kind: pa.DataType) -> None:
    table = labels_table(["a|b", ""], ["a|b"], kind=kind)
    assert labels_of(table, separated("|")) == [["a", "b"], [], ["a", "b"]]


def test_whole_numbers_are_labels_beside_strings_of_several() -> None:
    # what a reader makes of a column in which no row happens to have two
    assert labels_of(labels_table([3], [12]), separated("|")) == [["3"], ["12"]]


def test_lists_need_no_separator() -> None:
    assert labels_of(labels_table([["a|b", "c"]]), separated("|")) == [["a|b", "c"]]


def test_a_null_where_strings_are_cut_is_refused() -> None:
    table = labels_table(["a"], ["b|c", None])
    assert refused(table, separated("|"), first_row=11) == (
        "here, row 13: column 'label' is null; fill it, or drop the row with "
        "data.missing_label=drop"
    )


def test_strings_without_a_separator_are_refused() -> None:
    message = refused(labels_table(["a|b"]))
    assert message.startswith("here, column 'label' holds string, not a list; ")
    assert "data.label_separator=" in message


# One label


@pytest.mark.parametrize(
    ("values", "kind", "labels"),
    [
        (["a", "b"], STRING, ["a", "b"]),
        (["a", "b"], pa.large_string(), ["a", "b"]),
        (["a", "b"], pa.dictionary(pa.int8(), STRING), ["a", "b"]),
        ([7, -12], pa.int16(), ["7", "-12"]),
        ([True, False], pa.bool_(), ["true", "false"]),
    ],
)
def test_one_label_is_a_string(values: list[Any], kind: pa.DataType, labels: list[str]) -> None:
    assert labels_of(labels_table(values, [], values, kind=kind), SINGLE) == labels * 2


def test_one_id_of_a_dataset_is_the_name_of_its_class() -> None:
    features = Features({"label": ClassLabel(names=["b", "a"])})
    assert labels_of(labels_table([1], [0, 1]), SINGLE, features) == ["a", "b", "a"]
    message = refused(labels_table([1], [0, 2]), SINGLE, features, first_row=11)
    assert message.startswith("here, row 13: column 'label' holds 2, which is not one of its 2")


@pytest.mark.parametrize("nothing", ["", None])
def test_no_label_is_refused_where_texts_have_one(nothing: str | None) -> None:
    message = refused(labels_table(["a", "b"], ["c", nothing], kind=STRING), SINGLE, first_row=11)
    what = "null" if nothing is None else "empty"
    assert message == (
        f"here, row 14: column 'label' is {what}; fill it, or drop the row with "
        "data.missing_label=drop"
    )


# Texts


@pytest.mark.parametrize("columns", [SINGLE, SEVERAL])
def test_texts_are_joined_in_the_order_asked_for(columns: Columns) -> None:
    label = ["x"] if columns.multi_label else "x"
    first = pa.table({"title": ["A", ""], "body": ["a", "b"], "n": [1, 2], "label": [label] * 2})
    last = pa.table({"title": ["C"], "body": [""], "n": [3], "label": [label]})
    table = pa.concat_tables([first, last, first])

    def texts(*names: str) -> list[str]:
        wanted = Columns(names, ("label",), columns.multi_label)
        joined: list[str] = table_rows(table, wanted, "here")["text"].to_pylist()
        return joined

    assert texts("title", "body") == ["A a", " b", "C ", "A a", " b"]
    assert texts("body", "n", "title") == ["a 1 A", "b 2 ", " 3 C", "a 1 A", "b 2 "]
    assert texts("n") == ["1", "2", "3", "1", "2"]


def test_a_text_may_be_empty_but_not_null() -> None:
    table = pa.table({"text": pa.chunked_array([["", "a"], [None]]), "label": ["x", "y", "z"]})
    assert table_rows(table.slice(0, 2), SINGLE, "here")["text"].to_pylist() == ["", "a"]
    assert refused(table, SINGLE, first_row=5) == (
        "here, row 7: column 'text' is null; fill it or drop the row"
    )


def test_no_number_is_no_text() -> None:
    table = pa.table({"text": [0.5, float("nan")], "label": ["x", "y"]})
    assert refused(table, SINGLE).startswith("here, row 2: column 'text' is null")


@pytest.mark.parametrize("value", [[1], {"a": 1}])
def test_a_text_is_a_single_value(value: object) -> None:
    message = refused(pa.table({"text": [value], "label": ["x"]}), SINGLE)
    assert message.startswith("here, column 'text' holds ")
    assert message.endswith(", not single values")


def test_a_missing_column_is_named_beside_those_there_are() -> None:
    check_columns("here", ["a", "b"], ["b", "a"])
    assert refusal(lambda: check_columns("here", ["a", "b"], ["a", "text"])) == (
        "here has no column 'text'; it has a, b; set data.text and data.label"
    )
