"""Labels that are spelled differently, lack in training, or are missing."""

import json
from math import log
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from conftest import Write
from hypothesis import given
from hypothesis import strategies as st
from tiny_data import refusal
from torch import nn

from textcnn.data.batching import EncodedTexts
from textcnn.data.labels.spelling import Spelling, renamed, same_label, spelling_warnings, trimmed
from textcnn.data.labels.unseen import UNSEEN
from textcnn.data.row_stream import load_stream
from textcnn.data.sources.source import Source
from textcnn.data.splits import Division, Splits, load_splits
from textcnn.errors import InputError
from textcnn.evaluation.metrics import score_texts
from textcnn.evaluation.multi_label import score_label_sets


@pytest.mark.parametrize(
    "names",
    [
        ["spam", " spam", "spam\t", "spa\u200bm", "\ufeffspam", "spam\u00a0", "sp\u00adam"],
        ["caf\u00e9", "cafe\u0301"],
        ["R&D, other", "R&D,  other", "R&D,\u00a0other"],
        ["1", "1.0", "1,0", "1.00"],
        ["1.5", "1,5"],
        ["true", "True", "TRUE"],
    ],
)
def test_these_labels_are_the_same(names: list[str]) -> None:
    assert len({same_label(name) for name in names}) == 1


@pytest.mark.parametrize(
    "names", [["spam", "Spam"], ["007", "7"], ["1.000", "1"], ["1,500", "1.500"], ["a b", "ab"]]
)
def test_these_labels_are_different(names: list[str]) -> None:
    assert len({same_label(name) for name in names}) == len(names)


@given(st.text())
def test_a_spelling_is_stable(name: str) -> None:
    assert same_label(same_label(name)) == same_label(name)
    assert same_label(trimmed(name)) == same_label(name)


def test_the_plainest_spelling_is_used() -> None:
    spelling = Spelling([" spam ", "spa\u200bm", "1.0", "1", "True", "true", " x"])
    assert set(spelling.names.values()) == {"spam", "1", "true", "x"}
    assert spelling("1,0") == "1"
    assert spelling("unknown ") == "unknown"
    # one spelling alone is kept, but for what is around it
    assert set(Spelling(["1.0 ", "2.0", "a\u200bb"]).names.values()) == {"1.0", "2.0", "a\u200bb"}


def test_the_classes_of_a_classifier_keep_their_names() -> None:
    spelling = Spelling([" a", "b"], known=True)
    assert [spelling(name) for name in (" a", "a", "b ")] == [" a", " a", "b"]


@given(st.lists(st.lists(st.none() | st.lists(st.sampled_from("abc"), max_size=2))))
def test_lists_are_renamed_however_they_lie(chunks: list[list[list[str] | None]]) -> None:
    kind = pa.list_(pa.string())
    labels = pa.chunked_array([pa.array([["a"], *each], kind).slice(1) for each in chunks], kind)
    expected = [
        None if each is None else [{"a": "A"}.get(name, name) for name in each]
        for each in labels.to_pylist()
    ]
    assert renamed(labels, {"a": "A"}).to_pylist() == expected


def test_what_is_merged_is_told_in_one_warning_and_case_in_another() -> None:
    tables = {
        "data.train": pa.table({"label": ["spam", "spam ", "ham", "Ham"]}),
        "data.test": pa.table({"label": ["spam", "1.0"]}),
    }
    assert spelling_warnings(tables, Spelling(["spam", "spam ", "ham", "Ham"])) == [
        "labels that are spelled differently count as one: 'spam' and 'spam ' as 'spam'",
        "these labels differ only in case or width: 'Ham' and 'ham'; if they mean the same, spell "
        "them alike",
    ]
    assert spelling_warnings({"data.train": pa.table({"label": ["a"]})}, Spelling(["a"])) == []


# From files to splits


def lines(labels: list[Any], letter: str) -> str:
    rows = [{"text": f"{letter}{n}", "label": label} for n, label in enumerate(labels)]
    return "\n".join(map(json.dumps, rows))


def splits_of(
    write: Write, train: list[Any], test: list[Any], unseen: str = "error", **options: Any
) -> Splits:
    source = Source(
        "files",
        train=write("train.jsonl", lines(train, "a")),
        validation=write("validation.jsonl", lines(test, "b")),
        test=write("test.jsonl", lines(test, "c")),
        **options,
    )
    return load_splits(source, Division(unseen_label=unseen))


def test_test_labels_are_those_of_training_however_they_are_spelled(write: Write) -> None:
    splits = splits_of(write, ["0", "1 ", 1, 0.0], ["1.0", "\u200b0"])
    assert splits.labels == ("0", "1")
    assert splits.train.labels.tolist() == [0, 1, 1, 0]
    assert splits.test.labels.tolist() == [1, 0]
    warning = splits.warnings[0]
    assert warning.startswith("labels that are spelled differently count as one: ")


def test_rows_without_a_label_are_dropped_and_counted(write: Write) -> None:
    splits = splits_of(write, ["a", None, "b", ""], ["a", None], missing_label="drop")
    assert (len(splits.train), len(splits.test)) == (2, 1)
    assert splits.notes[0] == (
        "data.train: 2 of 4 rows have no label: dropped (data.missing_label)"
    )
    with pytest.raises(InputError, match="none of 2 rows has a label; check"):
        splits_of(write, ["a", "b"], [None, None], missing_label="drop")


def test_a_class_that_training_lacks_is_refused_dropped_or_wrong(write: Write) -> None:
    train, test = ["a", "b", "a", "b"], ["a", "c", "b", "d"]
    said = refusal(lambda: splits_of(write, train, test))
    assert said.startswith("data.validation, row 2: the label 'c' is not in training: a, b; ")
    for policy in ("drop", "wrong"):
        assert f"data.unseen_label={policy}" in said
    dropped = splits_of(write, train, test, "drop")
    assert dropped.test.labels.tolist() == dropped.validation.labels.tolist() == [0, 1]
    assert dropped.test.texts() == ["c0", "c2"]
    assert dropped.notes[1] == (
        "data.test: 2 of 4 texts have a class that training lacks (c, d): dropped "
        "(data.unseen_label)"
    )
    wrong = splits_of(write, train, test, "wrong")
    assert wrong.validation.labels.tolist() == [0, 1]
    assert wrong.test.labels.tolist() == [0, 2, 1, 2]
    assert wrong.test.names == ("a", "b", UNSEEN)
    assert wrong.notes[1].endswith("(c, d): counted as misclassified (data.unseen_label)")


def test_label_sets_with_a_label_that_training_lacks(write: Write) -> None:
    train, test = [["a"], ["b"], ["a", "b"]], [["a", "c"], [], ["b"]]
    wrong = splits_of(write, train, test, "wrong", multi_label=True)
    assert wrong.test.labels.tolist() == [[1, 0, 1], [0, 0, 0], [0, 1, 0]]
    dropped = splits_of(write, train, test, "drop", multi_label=True)
    assert dropped.test.labels.tolist() == [[0, 0], [0, 1]]


def test_a_stream_drops_rows_and_spells_labels_alike(write: Write) -> None:
    path = write("train.jsonl", lines(["a", "b", None, "a ", "b", "a"] * 5, "t"))
    source = Source("files", train=path, missing_label="drop")
    splits, stream = load_stream(source, Division(), 20)
    assert splits.labels == ("a", "b")
    read = list(stream.windows(10))
    held = len(splits.validation) + len(splits.test)
    assert sum(map(len, read)) == 25 - held
    assert {name for rows in read for name in rows.labels.tolist()} == {0, 1}


# Scores

LOG2 = log(2)


class Known(nn.Module):
    """Gives text number n, which is the one token n + 1, its logits of two classes."""

    LOGITS = ((LOG2, 0.0), (0.0, LOG2), (LOG2, 0.0))  # a, b, a

    def forward(self, ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        return torch.tensor(self.LOGITS)[ids[:, 0] - 1]


def encoded(labels: Any) -> EncodedTexts:
    numbers = np.arange(3)
    ids = (numbers + 1).astype(np.int32)
    return EncodedTexts(ids, np.append(numbers, 3), np.ones_like(numbers), np.array(labels))


def test_a_text_of_an_unseen_class_is_misclassified() -> None:
    scores = score_texts(Known(), encoded([0, 1, 2]), ("a", "b"), torch.device("cpu"))
    assert scores.accuracy == pytest.approx(2 / 3)
    assert scores.loss == pytest.approx(-log(2 / 3))  # of the two others
    assert [row.label for row in scores.classes] == ["a", "b", UNSEEN]
    assert [row.precision for row in scores.classes] == pytest.approx([1 / 2, 1, 0])
    assert scores.macro_f1 == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert scores.confusion == ((1, 0, 0), (0, 1, 0), (1, 0, 0))
    assert scores.examples == 3


def test_a_set_with_an_unseen_label_is_not_right() -> None:
    truth = [[True, False, False], [False, True, True], [True, False, False]]
    scores, thresholds = score_label_sets(
        Known(), encoded(truth), ("a", "b"), torch.device("cpu"), thresholds=(0.6, 0.6)
    )
    assert thresholds == (0.6, 0.6)
    assert scores.accuracy == pytest.approx(2 / 3)
    assert [row.f1 for row in scores.classes] == pytest.approx([1, 1, 0])
    assert scores.micro_f1 == pytest.approx(6 / 7)
