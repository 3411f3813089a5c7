"""Rows from Python lists: the same splits as from files, and every refusal names the row."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_data import refusal, rows, write_csv

from textcnn.builders.data import build_data
from textcnn.config.data import DataConfig
from textcnn.config.text import WordConfig
from textcnn.data.encoding import encode_labelled
from textcnn.data.labels.unseen import FIX
from textcnn.data.sources.memory import Rows
from textcnn.data.sources.source import Source
from textcnn.data.splits import Division, Splits, load_splits
from textcnn.text.encoder import TextEncoder
from textcnn.text.tokenizers import build_tokenizer
from textcnn.text.vocabulary import Vocabulary

TEXTS, LABELS = ("a", "b", "c"), ("x", "y", "x")


def split(train: Rows, *, multi_label: bool = False, **division: Any) -> Splits:
    source = Source("memory", memory={"train": train}, multi_label=multi_label)
    return load_splits(source, Division(**division))


def refused(
    texts: Any = TEXTS, labels: Any = LABELS, weights: Any = None, multi_label: bool = False
) -> str:
    return refusal(lambda: Rows(texts, labels, weights).table("data.train", multi_label))


def numbered(labels: Sequence[Any], weights: Any = None) -> Rows:
    """Texts 0, 1 and so on."""
    return Rows([str(number) for number in range(len(labels))], labels, weights)


# Splits


def test_lists_are_divided_as_a_file_with_the_same_rows(tmp_path: Any) -> None:
    drawn = rows(200)
    texts, labels = zip(*drawn, strict=True)
    from_file = load_splits(
        Source("files", train=str(write_csv(tmp_path / "a.csv", drawn))), Division(seed=3)
    )
    from_lists = split(Rows(texts, labels), seed=3)
    assert from_lists.fingerprints() == from_file.fingerprints()
    assert from_lists.notes == from_file.notes
    from_arrays = split(Rows(np.array(texts), np.array(labels, object)), seed=3)
    assert from_arrays.fingerprints() == from_file.fingerprints()


def test_names_of_classes_are_sorted_by_number_or_spelling() -> None:
    assert split(numbered(["10", "9", "2"] * 10)).labels == ("2", "9", "10")
    assert split(numbered(["tech", "film", "Sport"] * 10)).labels == ("Sport", "film", "tech")


def test_given_validation_rows_are_used_and_their_labels_checked() -> None:
    validation = Rows(["v"], ["b"])
    memory = {"train": numbered(["a", "b"] * 10), "validation": validation}
    splits = load_splits(Source("memory", memory=memory), Division())
    assert (splits.validation.texts(), splits.validation.labels.tolist()) == (["v"], [1])
    memory["validation"] = Rows(["v", "w"], ["b", "z"])
    assert refusal(lambda: load_splits(Source("memory", memory=memory), Division())) == (
        f"data.validation, row 2: the label 'z' is not in training: a, b{FIX}"
    )
    dropped = load_splits(Source("memory", memory=memory), Division(unseen_label="drop"))
    assert dropped.validation.texts() == ["v"]


def test_duplicates_are_dropped_from_the_earlier_split() -> None:
    train = Rows(["same", *(str(n) for n in range(20))], ["a", *"ab" * 10])
    memory = {"train": train, "validation": Rows(["SAME "], ["a"])}
    splits = load_splits(Source("memory", memory=memory), Division(test_fraction=None))
    assert len(splits.train) == 20
    assert "same" not in splits.train.texts()


@pytest.mark.parametrize("kind", [list, tuple, set, frozenset, np.array])
def test_sets_of_labels_may_be_any_collection(kind: Any) -> None:
    labels = [kind(each) for each in (["x", "y"], ["y"], ["x"], []) * 5]
    splits = split(numbered(labels), multi_label=True, test_fraction=None)
    assert splits.labels == ("x", "y")
    expected = np.array([[1, 1], [0, 1], [1, 0], [0, 0]], bool)
    assert (splits.train.labels == expected[splits.train.rows % 4]).all()


def test_without_a_fraction_a_split_without_rows_is_empty() -> None:
    splits = split(numbered(["a", "b"] * 10), test_fraction=None)
    assert [len(part) for part in splits.by_name().values()] == [18, 2, 0]
    assert splits.test.texts() == []


# Weights


@given(st.lists(st.sampled_from("ab"), min_size=12, max_size=40), st.integers(0, 9), st.data())
def test_weights_follow_their_rows_into_splits_and_batches(
    labels: list[str], seed: int, data: st.DataObject
) -> None:
    labels = [*labels, *"aaabbb"]
    weights = np.arange(len(labels)) + 0.5  # row n weighs n + 1/2
    splits = split(
        numbered(labels, weights.tolist()), seed=seed, validation_fraction=0.2, test_fraction=0.2
    )
    words = build_tokenizer("word", tokenizer="whitespace")
    encoder = TextEncoder(words, Vocabulary([str(n) for n in range(len(labels))]), None, "head")
    for part in splits.by_name().values():
        assert part.weights is not None
        assert part.weights.dtype == np.float32
        assert part.weights.tolist() == [int(text) + 0.5 for text in part.texts()]
        places = data.draw(st.lists(st.integers(0, len(part) - 1), min_size=1, max_size=9))
        batch = encode_labelled(part, encoder).batch(np.array(places)).to(torch.device("cpu"))
        assert batch.weights is not None
        assert batch.weights.dtype == torch.float32
        assert batch.weights.tolist() == [int(part.text(place)) + 0.5 for place in places]
        assert (batch.weights == batch.ids[:, 0] - 2 + 0.5).all()  # the id of text n is n + 2


def test_without_weights_nothing_carries_any() -> None:
    splits = split(numbered(["a", "b"] * 10))
    assert splits.train.weights is None
    words = build_tokenizer("word", tokenizer="whitespace")
    encoded = encode_labelled(splits.train, TextEncoder(words, Vocabulary("a"), None, "head"))
    assert encoded.weights is None
    assert encoded.batch(np.array([0])).weights is None


def test_other_weights_are_other_data() -> None:
    plain, weighted, other = (
        split(numbered(["a", "b"] * 10, weights)).fingerprints()["train"]
        for weights in (None, [1.0] * 20, [2.0] * 20)
    )
    assert len({plain, weighted, other}) == 3


# What is refused


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"texts": "abc"}, "data.train: texts must be a sequence of strings, got one string"),
        ({"texts": [], "labels": []}, "data.train holds no rows"),
        ({"labels": ["x"]}, "data.train: 3 texts, but 1 labels; give one per text"),
        ({"texts": ["a", None, "c"]}, "data.train, row 2: the text must be a string, got None"),
        ({"texts": ["a", "b", b"c"]}, "data.train, row 3: the text must be a string, got b'c'"),
        ({"labels": ["x", 1, "x"]}, "data.train, row 2: the label must be a string, got 1"),
        (
            {"labels": ["x", "", "x"]},
            "data.train, row 2: column 'label' is empty; fill it or drop the row",
        ),
        (
            {"labels": [["x"], "y", []], "multi_label": True},
            "data.train, row 2: labels must be a list or set of strings, got 'y'",
        ),
        (
            {"labels": [["x"], [], {3}], "multi_label": True},
            "data.train, row 3: the label must be a string, got 3",
        ),
        (
            {"labels": [["x"], [], [""]], "multi_label": True},
            "data.train, row 3: column 'label' is empty; fill it or drop the row",
        ),
        (
            {"weights": [1, 2]},
            "data.train: weights must be one number per text, got shape (2,) for 3 texts",
        ),
        ({"weights": ["a", "b", "c"]}, "data.train: weights must be numbers, one per text"),
        (
            {"weights": [1, -2, 1]},
            "data.train, row 2: the weight must be a number from 0 to 1,000,000, got -2.0",
        ),
        (
            {"weights": [1, 1, float("nan")]},
            "data.train, row 3: the weight must be a number from 0 to 1,000,000, got nan",
        ),
        (
            {"weights": [0, 0, 0]},
            "the weights of all training texts are zero; give at least one a positive weight",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_row(given: dict[str, Any], message: str) -> None:
    assert refused(**given) == message


def test_half_a_surrogate_pair_is_refused_as_in_files() -> None:
    assert refused(texts=["a", "\ud800", "c"]).startswith(
        "data.train, row 2: the text holds half of a surrogate pair"
    )


def test_one_class_is_refused() -> None:
    assert refusal(lambda: split(numbered(["a"] * 9))).startswith(
        "data.train holds only one class (a)"
    )


def test_keys_of_files_and_streaming_do_not_apply_to_memory() -> None:
    source = Source("memory", memory={"train": numbered(["a", "b"])}, train="a.csv")
    assert refusal(source.open) == (
        "data.train is given, but data.source is memory; add data=files"
    )
    memory = {"train": numbered(["a", "b"])}
    with_streaming = DataConfig(streaming=True)
    assert refusal(lambda: build_data(with_streaming, WordConfig(), 0, memory=memory)) == (
        "data.streaming=true is for files and Hub datasets, not for Python lists"
    )
    assert refusal(Source("memory", memory={}).open_stream).startswith("data.streaming=true")
    assert refusal(lambda: load_splits(Source("memory", memory={}), Division())) == (
        "rows in memory need a train split"
    )


# From configuration


def test_build_data_takes_rows_in_place_of_files() -> None:
    texts, labels = zip(*rows(100), strict=True)
    memory = {"train": Rows(texts, labels, np.ones(100))}
    prepared = build_data(DataConfig(), WordConfig(min_frequency=1), 0, memory=memory)
    sizes = [len(texts) for texts in prepared.texts.by_name().values()]
    assert sizes == [80, 10, 10]
    assert prepared.splits.labels == ("film", "sport", "tech")
    assert prepared.texts.train.weights is not None
    held = build_data(DataConfig(), WordConfig(), 0, memory=memory, draw_test=False)
    assert [len(texts) for texts in held.texts.by_name().values()] == [90, 10, 0]
