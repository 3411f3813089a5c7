"""Texts with their classes: names and ids, what rows are drawn by, and what identifies them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tiny_data import refusal

from textcnn.data.labelled import LabelledTexts, label_names, label_texts

STRING, LISTS = pa.string(), pa.list_(pa.string())
NAMES = ("film", "sport", "tech")

some_sets = st.lists(st.lists(st.sampled_from(NAMES), max_size=4), max_size=7)


def table(*chunks: Sequence[tuple[str, Any]], kind: pa.DataType = STRING) -> pa.Table:
    """Rows of text and label, or of text and labels if `kind` is LISTS, in chunks."""
    schema = pa.schema({"text": pa.string(), "label": kind})
    parts = [
        pa.table(
            {"text": [text for text, _ in rows], "label": [label for _, label in rows]}, schema
        )
        for rows in chunks
    ]
    return pa.concat_tables(parts) if parts else schema.empty_table()


def single(labels: Sequence[str], names: Sequence[str] = NAMES) -> LabelledTexts:
    """Texts 0, 1 and so on."""
    rows = [(str(number), label) for number, label in enumerate(labels)]
    return label_texts(table(rows), names, "data.train")


def several(labels: Sequence[Sequence[str]], names: Sequence[str] = NAMES) -> LabelledTexts:
    rows = [(str(number), label) for number, label in enumerate(labels)]
    return label_texts(table(rows, kind=LISTS), names, "data.train")


# The names of the classes


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (["tech", "film", "tech", "Sport"], ("Sport", "film", "tech")),
        (["10", "9", "2", "10"], ("2", "9", "10")),  # by number
        (["1", "-1", "0"], ("-1", "0", "1")),
        (["1", "01", "0"], ("0", "01", "1")),  # the same number is not the same name
        (["10", "9", "2", "x"], ("10", "2", "9", "x")),  # one that is no number: by spelling
        (["10", "9.5"], ("10", "9.5")),
        ([], ()),
    ],
)
def test_names_are_in_the_order_of_numbers_or_letters(
    labels: list[str], names: tuple[str, ...]
) -> None:
    assert label_names(pa.chunked_array([labels[:2], labels[2:]], STRING)) == names
    lists = [[label] for label in labels] + [[], labels]
    assert label_names(pa.chunked_array([lists[:2], lists[2:]], LISTS)) == names


# From names to ids


def test_a_label_is_the_place_of_its_name() -> None:
    rows = label_texts(table([("a", "tech")], [], [("b", "film"), ("c", "tech")]), NAMES, "data.x")
    assert rows.labels.tolist() == [2, 0, 2]
    assert rows.labels.dtype == np.int64
    assert rows.rows.tolist() == [0, 1, 2]
    assert rows.names == NAMES
    assert not rows.multi_label


@given(some_sets, st.integers(0, 7), st.integers(0, 3))
@example([], 0, 0)
@example([[], []], 1, 0)
@example([["tech"], ["film", "tech", "film"], []], 1, 1)
def test_labels_are_a_row_of_yes_and_no(sets: list[list[str]], cut: int, skip: int) -> None:
    rows = [(str(number), labels) for number, labels in enumerate(sets)]
    given_rows = table(rows[:cut], rows[cut:], kind=LISTS).slice(skip)
    labelled_texts = label_texts(given_rows, NAMES, "data.train")
    assert labelled_texts.labels.tolist() == [
        [name in labels for name in NAMES] for _, labels in rows[skip:]
    ]
    assert labelled_texts.labels.dtype == bool
    assert labelled_texts.labels.shape == (len(given_rows), 3)
    assert labelled_texts.multi_label


def test_no_rows_have_no_labels() -> None:
    rows = label_texts(table(), NAMES, "data.train")
    assert (len(rows), rows.texts(), rows.counts.tolist()) == (0, [], [0, 0, 0])
    assert rows.labels.dtype == np.int64
    assert rows.strata.tolist() == []


def test_an_unknown_label_is_refused_with_its_row() -> None:
    rows = table([("a", "film")], [("b", "film"), ("c", "music")])
    expected = "data.test, row 3: the label 'music' is not in training: film, sport, tech"
    assert refusal(lambda: label_texts(rows, NAMES, "data.test")) == expected
    message = refusal(lambda: label_texts(rows, NAMES, "x", first_row=101, known_from="what I saw"))
    assert message == "x, row 103: the label 'music' is not in what I saw: film, sport, tech"


def test_an_unknown_label_among_several_is_refused_with_its_row() -> None:
    rows = table(
        [("a", ["film", "tech"]), ("b", [])], [("c", ["film"]), ("d", ["film", "x"])], kind=LISTS
    )
    message = refusal(lambda: label_texts(rows, NAMES, "data.test", first_row=11))
    assert message.startswith("data.test, row 14: the label 'x' is not in training: ")


def test_of_many_classes_some_are_named() -> None:
    names = [str(number) for number in range(23)]
    message = refusal(lambda: single(["23"], names))
    assert message.endswith(" is not in training: " + ", ".join(names[:20]) + " and 3 more")
    assert refusal(lambda: single(["23"], names[:20])).endswith(", 18, 19")


# Some of the rows


def test_counts_are_the_texts_of_each_class() -> None:
    assert single(["tech", "film", "tech"]).counts.tolist() == [1, 0, 2]
    assert several([["tech", "film"], [], ["tech", "tech"]]).counts.tolist() == [1, 0, 2]
    assert several([]).counts.tolist() == [0, 0, 0]


def test_rows_are_selected_by_a_mask_or_by_their_places() -> None:
    rows = single(["film", "sport", "tech", "film"])
    some = rows.select(np.array([False, True, True, True]))
    assert (some.texts(), some.labels.tolist()) == (["1", "2", "3"], [1, 2, 0])
    # places are those of the selection, not of the source
    again = some.select(np.array([2, 0, 0]))
    assert (again.texts(), again.labels.tolist()) == (["3", "1", "1"], [0, 1, 1])
    assert [again.text(0), again.text(2)] == ["3", "1"]
    assert again.counts.tolist() == [1, 2, 0]
    assert again.source is rows.source
    assert len(some.select(np.zeros(3, bool))) == 0


def test_sets_of_labels_are_selected_with_their_rows() -> None:
    rows = several([["film"], [], ["sport", "tech"]]).select(np.array([2, 1]))
    assert (rows.texts(), rows.labels.tolist()) == (["2", "1"], [[False, True, True], [False] * 3])


def test_texts_are_all_or_the_first() -> None:
    rows = single(["film"] * 4).select(np.array([3, 0, 2]))
    assert rows.texts() == rows.texts(9) == ["3", "0", "2"]
    assert rows.texts(2) == ["3", "0"]
    assert rows.texts(0) == []


def test_text_hashes_are_those_of_the_rows() -> None:
    rows = label_texts(table([("A b", "film"), ("c", "film"), ("a  B", "film")]), NAMES, "x")
    first, third, second = rows.select(np.array([0, 2, 1])).text_hashes
    assert first == third != second


# What rows are drawn by


def test_a_stratum_is_the_class() -> None:
    assert single(["tech", "film", "tech"]).strata.tolist() == [2, 0, 2]


def test_a_stratum_of_several_labels_is_the_rarest_of_them() -> None:
    # of 5 texts 4 are film, 1 is sport, 2 are tech: rarest first sport 0, tech 1, film 2, none 3
    rows = several([["film"], ["film", "tech"], ["sport", "film"], [], ["tech", "film"]])
    assert rows.strata.tolist() == [2, 1, 0, 3, 1]


def test_strata_are_those_of_the_rows_that_are_left() -> None:
    rows = several([["film", "tech"], ["tech"], ["film"], ["film"]])
    assert rows.strata.tolist() == [1, 1, 2, 2]  # sport 0, tech 1, film 2
    assert rows.select(np.array([0, 1])).strata.tolist() == [1, 2]  # sport 0, film 1, tech 2


# The fingerprint


BASE = [("a", "film"), ("b", "tech"), ("c", "film")]


def fingerprint(rows: Sequence[tuple[str, str]], names: Sequence[str] = NAMES) -> str:
    return label_texts(table(rows), names, "data.train").fingerprint


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([("a", "film"), ("b", "tech"), ("C", "film")], id="another text"),
        pytest.param([("ab", "film"), ("", "tech"), ("c", "film")], id="another end"),
        pytest.param([BASE[2], BASE[1], BASE[0]], id="another order"),
        pytest.param([("a", "film"), ("b", "film"), ("c", "film")], id="another label"),
        pytest.param([("a", "tech"), ("b", "film"), ("c", "film")], id="labels changed"),
        pytest.param(BASE[:2], id="fewer"),
        pytest.param([*BASE, BASE[2]], id="more"),
    ],
)
def test_other_rows_have_another_fingerprint(rows: list[tuple[str, str]]) -> None:
    assert fingerprint(rows) != fingerprint(BASE)


def test_other_names_are_another_fingerprint() -> None:
    assert fingerprint(BASE) == fingerprint(list(BASE), list(NAMES))
    assert fingerprint(BASE, ("film", "sport", "tech", "x")) != fingerprint(BASE)
    assert fingerprint(BASE, ("film", "music", "tech")) != fingerprint(BASE)


def test_sets_of_labels_are_part_of_the_fingerprint() -> None:
    one = several([["film"], ["tech"]])
    assert one.fingerprint == several([["film", "film"], ["tech"]]).fingerprint
    assert one.fingerprint != several([["film"], ["tech", "film"]]).fingerprint
    assert one.fingerprint != several([["film"], []]).fingerprint


@given(st.lists(st.tuples(st.text(max_size=3), st.sampled_from(NAMES)), max_size=7), st.data())
def test_a_fingerprint_does_not_say_how_rows_came_to_be_chosen(
    rows: list[tuple[str, str]], data: st.DataObject
) -> None:
    places = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=7) if rows else st.just([]))
    cut = data.draw(st.integers(0, len(rows)))
    block = data.draw(st.integers(1, 3))
    chosen = np.array(places, np.int64)
    chunked = label_texts(table(rows[:cut], [], rows[cut:]), NAMES, "x").select(chosen)
    assert chunked.digest(rows_at_once=block) == fingerprint([rows[place] for place in places])
