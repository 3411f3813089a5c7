"""Texts that occur in two splits."""

import pyarrow as pa
import pytest

from textcnn.data.duplicates import handle_duplicates
from textcnn.data.labelled import LabelledTexts, label_texts
from textcnn.data.same_text import hash_texts, normalize
from textcnn.errors import InputError


def splits(train: list[str], validation: list[str], test: list[str]) -> dict[str, LabelledTexts]:
    given = {"data.train": train, "data.validation": validation, "data.test": test}
    return {
        key: label_texts(pa.table({"text": texts, "label": ["x"] * len(texts)}), ["x"], key)
        for key, texts in given.items()
    }


SHARED = splits(["a b", "A  B", "c", "d", "d"], ["c", "e", "f"], ["a b", " F\n", "g"])


def test_case_and_white_space_do_not_count() -> None:
    assert normalize(" Straße\t\n X ") == "strasse x"


def test_texts_that_fold_to_the_same_have_the_same_hash_and_others_another() -> None:
    one, same, other, empty, blank = hash_texts(["Straße X", "strasse\n x ", "strassex", "", " "])
    assert one == same
    assert empty == blank
    assert len({one, other, empty}) == 3


def test_the_earlier_split_loses_what_a_later_one_holds() -> None:
    kept, notes = handle_duplicates(SHARED, "drop")
    texts = {key: rows.texts() for key, rows in kept.items()}
    assert texts == {
        "data.train": ["d", "d"],  # within a split texts may repeat
        "data.validation": ["c", "e"],
        "data.test": ["a b", " F\n", "g"],
    }
    assert notes == [
        "data.validation: 1 of 3 texts also occur in data.test: dropped",
        "data.train: 3 of 5 texts also occur in data.validation or data.test: dropped",
    ]


def test_kept_duplicates_are_counted() -> None:
    kept, notes = handle_duplicates(SHARED, "keep")
    assert kept == SHARED
    assert notes[1] == "data.train: 3 of 5 texts also occur in data.validation or data.test"


def test_duplicates_can_be_an_error_that_names_the_first() -> None:
    with pytest.raises(InputError) as caught:
        handle_duplicates(SHARED, "error")
    assert str(caught.value) == (
        "data.validation: 1 of 3 texts also occur in data.test, first in row 3 ('f'); "
        "set data.duplicates to drop or keep"
    )


def test_nothing_left_to_train_on_is_an_error() -> None:
    with pytest.raises(InputError, match=r"every text of data\.train also occurs in another split"):
        handle_duplicates(splits(["a"], ["b"], ["A"]), "drop")


def test_splits_without_shared_texts_stay_as_they_are() -> None:
    given = splits(["a", "a"], ["b"], ["c"])
    assert handle_duplicates(given, "error") == (given, [])
