"""Train, validation and test: who gets which rows, and what is refused."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from conftest import Write
from hypothesis import assume, given
from hypothesis import strategies as st

from textcnn.data.duplicates import first_of_each
from textcnn.data.labelled import LabelledTexts, label_names, label_texts
from textcnn.data.labels.unseen import FIX
from textcnn.data.sources.bundled import read_bundled
from textcnn.data.sources.source import Source
from textcnn.data.splits import Division, Splits, draw, load_splits, load_test
from textcnn.errors import InputError

BUNDLED_CLASSES = {
    "business": 503,
    "entertainment": 369,
    "politics": 403,
    "sports": 505,
    "tech": 347,
}


KEEP = Division(duplicates="keep")
DIVIDING = {entry.name for entry in fields(Division)}


def asked(source: str, given: dict[str, Any]) -> tuple[Source, Division]:
    """What the keys `data.*` and `seed` ask for; a tenth for each split, shared texts kept."""
    dividing = {key: value for key, value in given.items() if key in DIVIDING}
    others = {key: value for key, value in given.items() if key not in DIVIDING}
    return Source(source, **others), replace(KEEP, **dividing)


def split(source: str = "files", **given: Any) -> Splits:
    return load_splits(*asked(source, given))


def scored(names: Sequence[str], source: str = "files", **given: Any) -> LabelledTexts | None:
    where, division = asked(source, given)
    found = load_test(where.open()[0], division, names)
    return None if found is None else found[0]


def refusal(source: str = "files", **given: Any) -> str:
    with pytest.raises(InputError) as caught:
        split(source, **given)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def csv_of(labels: Sequence[str], name: str = "text") -> str:
    """Rows with the texts `name` 0, `name` 1 and so on."""
    lines = [f"{name} {row},{label}\n" for row, label in enumerate(labels)]
    return "text,label\n" + "".join(lines)


def classes(rows: LabelledTexts) -> Counter[str]:
    return Counter(rows.names[label] for label in rows.labels)


@pytest.fixture(scope="module")
def bundled() -> Splits:
    return split("bundled")


# The bundled data


def test_bundled_duplicates_are_dropped_and_said(bundled: Splits) -> None:
    dropped, shared = bundled.notes
    assert dropped == "98 of 2225 texts were duplicates: dropped"
    assert shared.startswith("data.train: 1 of 1,701 texts also occur in")  # but for white space
    found = bundled.train.texts() + bundled.validation.texts() + bundled.test.texts()
    assert len(found) == len(set(found)) == 2225 - 98
    assert set(found) == set(read_bundled()["text"].to_pylist())


def test_bundled_rows_are_split_80_10_10(bundled: Splits) -> None:
    assert [len(bundled.train), len(bundled.validation), len(bundled.test)] == [1701, 213, 213]
    assert bundled.labels == ("business", "entertainment", "politics", "sports", "tech")


def test_no_text_is_in_two_splits(bundled: Splits) -> None:
    train, validation, test = (set(rows.texts()) for rows in bundled.by_name().values())
    assert train.isdisjoint(validation)
    assert train.isdisjoint(test)
    assert validation.isdisjoint(test)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_every_class_has_its_fraction_of_a_split_to_within_one_text(seed: int) -> None:
    splits = split("bundled", seed=seed)
    for rows in (splits.validation, splits.test):
        tenths = {name: 0.1 * count for name, count in BUNDLED_CLASSES.items()}
        assert classes(rows) == {
            name: pytest.approx(tenth, abs=1) for name, tenth in tenths.items()
        }


def test_the_seed_alone_decides_who_is_drawn(bundled: Splits) -> None:
    again, other = split("bundled", seed=0), split("bundled", seed=1)
    assert again.fingerprints() == bundled.fingerprints()
    for key, value in bundled.fingerprints().items():
        assert other.fingerprints()[key] != value
    # independent draws of a tenth: about a tenth in common
    common = set(bundled.test.texts()) & set(other.test.texts())
    assert 5 < len(common) < 50


def test_the_first_of_two_equal_texts_is_kept() -> None:
    rows = pa.table({"text": ["x", "y", "x", "z", "y"], "label": ["a", "b", "c", "d", "e"]})
    kept = first_of_each(rows)
    assert kept["text"].to_pylist() == ["x", "y", "z"]
    assert kept["label"].to_pylist() == ["a", "b", "d"]


# Files


def test_files_that_are_given_are_taken_as_they_are(write: Write) -> None:
    splits = split(
        train=write("train.csv", csv_of("abab")),
        validation=write("validation.csv", csv_of("bba", "validation")),
        test=write("test.csv", csv_of("b", "test")),
    )
    assert splits.train.texts() == ["text 0", "text 1", "text 2", "text 3"]
    assert splits.train.labels.tolist() == [0, 1, 0, 1]
    assert splits.validation.texts() == ["validation 0", "validation 1", "validation 2"]
    assert splits.validation.labels.tolist() == [1, 1, 0]
    assert splits.test.texts() == ["test 0"]
    assert splits.test.labels.tolist() == [1]
    assert splits.labels == ("a", "b")
    assert splits.notes == ()


def test_validation_is_drawn_from_train_never_from_test(write: Write) -> None:
    train = write("train.csv", csv_of("ab" * 20))
    test = write("test.csv", csv_of("ab" * 20, "test"))
    splits = split(train=train, test=test)
    assert splits.test.texts() == [f"test {row}" for row in range(40)]
    assert classes(splits.validation) == {"a": 2, "b": 2}
    assert all(text.startswith("text") for text in splits.validation.texts())
    assert sorted(splits.train.texts() + splits.validation.texts()) == sorted(
        f"text {row}" for row in range(40)
    )


def test_test_is_drawn_from_train_never_from_validation(write: Write) -> None:
    train = write("train.csv", csv_of("ab" * 20))
    validation = write("validation.csv", csv_of("ab" * 20, "validation"))
    splits = split(train=train, validation=validation, test_fraction=0.25)
    assert len(splits.validation) == 40
    assert classes(splits.test) == {"a": 5, "b": 5}
    assert all(text.startswith("text") for text in splits.test.texts())
    assert set(splits.test.texts()).isdisjoint(splits.train.texts())
    assert len(splits.train) == 30


def test_fractions_are_of_all_rows_not_of_those_left_by_another_split(write: Write) -> None:
    train = write("train.csv", csv_of("ab" * 50))
    splits = split(train=train, test_fraction=0.5, validation_fraction=0.2)
    assert [len(splits.train), len(splits.validation), len(splits.test)] == [30, 20, 50]


def test_rows_stay_in_the_order_of_the_file(write: Write) -> None:
    splits = split(train=write("train.csv", csv_of("ab" * 50)))
    for rows in (splits.train, splits.validation, splits.test):
        numbers = [int(text.split()[1]) for text in rows.texts()]
        assert numbers == sorted(numbers)


def test_a_class_with_one_row_stays_in_train(write: Write) -> None:
    train = write("train.csv", csv_of("a" * 20 + "b" * 20 + "cd"))
    for seed in range(20):
        splits = split(train=train, seed=seed)
        assert {"c", "d"} <= set(classes(splits.train))
        assert set(classes(splits.validation) + classes(splits.test)) == {"a", "b"}


def test_a_drawn_split_never_takes_all_of_a_class(write: Write) -> None:
    train = write("train.csv", csv_of("aaab" * 3))
    splits = split(train=train, validation_fraction=0.45, test_fraction=0.45)
    assert set(classes(splits.train)) == {"a", "b"}


def test_classes_are_those_of_train_whatever_is_in_the_other_files(write: Write) -> None:
    train, test = write("train.csv", csv_of("cab" * 9)), write("test.csv", csv_of("c", "test"))
    splits = split(train=train, test=test)
    assert splits.labels == ("a", "b", "c")
    assert splits.test.labels.tolist() == [2]
    assert splits.test.names == splits.train.names


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (["10", "9", "-1", "2"], ["-1", "2", "9", "10"]),
        (["b", "A", "a", "10", "9"], ["10", "9", "A", "a", "b"]),
        (["1", "01", "001"], ["001", "01", "1"]),
        (["1.5", "10", "9"], ["1.5", "10", "9"]),
        (["b", "a", "b"], ["a", "b"]),
    ],
)
def test_labels_are_sorted_as_numbers_if_all_are_whole_numbers_else_as_words(
    given: list[str], names: list[str]
) -> None:
    assert label_names(pa.chunked_array([given])) == tuple(names)


# What is refused


def test_a_label_that_training_lacks_is_refused_by_name_and_row(write: Write) -> None:
    train = write("train.csv", csv_of("ab" * 10))
    for key in ("validation", "test"):
        other = write(f"{key}.csv", csv_of("abz", key))
        message = f"data.{key}, row 3: the label 'z' is not in training: a, b{FIX}"
        assert refusal(train=train, **{key: other}) == message


def test_a_label_that_a_classifier_lacks_is_refused_by_name_and_row(write: Write) -> None:
    path = write("test.csv", csv_of("ab"))
    rows = scored(["b", "a"], test=path)
    assert rows is not None
    assert rows.labels.tolist() == [1, 0]
    with pytest.raises(InputError, match="row 2: the label 'b' is not in training: a"):
        scored(["a"], test=path)


def test_one_class_is_refused(write: Write) -> None:
    message = "data.train holds only one class (a), not two or more; check data.label"
    assert refusal(train=write("train.csv", csv_of("aaa"))) == message


def test_too_few_rows_to_draw_from_are_refused(write: Write) -> None:
    train = write("train.csv", csv_of("aab"))
    assert refusal(train=train) == (
        "3 rows are too few to draw data.test from; give a file, or a larger data.test_fraction"
    )


@pytest.mark.parametrize("labels", ["ab", "abcd", [str(row) for row in range(400)]])
def test_a_class_for_every_row_is_refused_with_their_number(
    write: Write, labels: Sequence[str]
) -> None:
    train = write("train.csv", csv_of(labels))
    assert refusal(train=train) == (
        f"{len(labels)} rows of {len(labels)} classes are too few to draw data.test from, as one "
        "row of each class stays in training; check data.label, or give data.test"
    )


def test_rows_that_suffice_for_one_split_only_are_refused(write: Write) -> None:
    train = write("train.csv", csv_of("aab"))
    message = refusal(train=train, test_fraction=0.4, validation_fraction=0.4)
    assert message.startswith("2 rows of 2 classes are too few to draw data.validation from")


def test_files_without_a_file_to_train_on_are_refused(write: Write) -> None:
    message = "data.source=files needs data.train=<file>, got null"
    assert refusal() == message
    assert refusal(test=write("test.csv", csv_of("ab"))) == message


@pytest.mark.parametrize("key", ["train", "validation", "test"])
def test_files_that_would_not_be_read_are_refused(key: str) -> None:
    message = f"data.{key} is given, but data.source is bundled; add data=files"
    assert refusal("bundled", **{key: "mine.csv"}) == message


def test_fractions_that_leave_nothing_to_train_on_are_refused_unread(write: Write) -> None:
    message = refusal(train="missing.csv", validation_fraction=0.6, test_fraction=0.4)
    assert message == (
        "data.test_fraction=0.4 and data.validation_fraction=0.6 leave nothing to train on; "
        "their sum must be below 1"
    )
    train, test = write("train.csv", csv_of("ab" * 10)), write("test.csv", csv_of("ab"))
    kept = split(train=train, test=test, validation_fraction=0.6, test_fraction=0.4)
    assert len(kept.validation) == 12  # the fraction of a split with its own file is not used


def test_the_file_that_cannot_be_read_is_named(write: Write) -> None:
    train, test = write("train.csv", csv_of("ab" * 10)), write("test.csv", "text,label\nx\n")
    assert refusal(train=train, test=test).startswith(f"{test}, line 2: 1 columns")
    assert refusal(train=train, test="nowhere.csv").startswith(
        "data.test=nowhere.csv: no such file"
    )


@pytest.mark.parametrize("source", ["bundled", "files"])
@pytest.mark.parametrize("key", ["path", "name", "revision"])
def test_hub_keys_are_refused_by_other_sources(source: str, key: str) -> None:
    message = f"data.{key} is given, but data.source is {source}; add data=hub"
    assert refusal(source, train="mine.csv", **{key: "x"}) == message


# A cap


def test_a_cap_limits_the_rows_of_each_split_and_says_so(write: Write) -> None:
    train = write("train.csv", csv_of("aab" * 40))
    validation = write("validation.csv", csv_of("aab" * 4, "validation"))
    test = write("test.csv", csv_of("aab" * 20, "test"))
    everything = split(train=train, validation=validation, test=test)
    splits = split(train=train, validation=validation, test=test, max_examples=15)
    assert classes(splits.train) == classes(splits.test) == {"a": 10, "b": 5}
    assert splits.validation.texts() == everything.validation.texts()  # 12 rows
    numbers = [int(text.split()[1]) for text in splits.train.texts()]
    assert numbers == sorted(set(numbers))
    assert splits.notes == (
        "data.train: 15 of 120 rows kept (data.max_examples)",
        "data.test: 15 of 60 rows kept (data.max_examples)",
    )


def test_a_cap_is_drawn_by_the_seed_and_the_same_for_evaluation(write: Write) -> None:
    files = {
        "train": write("train.csv", csv_of("ab" * 50)),
        "test": write("t.csv", csv_of("ab" * 50)),
    }
    splits = split(**files, max_examples=10)
    for seed in (0, 1):
        rows = scored(splits.labels, **files, max_examples=10, seed=seed)
        assert rows is not None
        assert (rows.fingerprint == splits.fingerprints()["test"]) == (seed == 0)


def test_a_cap_takes_rows_from_the_splits_that_there_are_without_it(write: Write) -> None:
    train = write("train.csv", csv_of("ab" * 100))
    everything, capped = split(train=train), split(train=train, max_examples=6)
    for key, rows in capped.by_name().items():
        assert len(rows) == 6
        assert set(rows.texts()) < set(everything.by_name()[key].texts())


def test_a_cap_keeps_every_class(write: Write) -> None:
    train = write("train.csv", csv_of("a" * 100 + "bcd" * 4))
    splits = split(train=train, test=write("test.csv", csv_of("abcd")), max_examples=5)
    assert set(classes(splits.train)) == {"a", "b", "c", "d"}
    assert len(splits.train) == 5
    assert refusal(train=train, max_examples=3) == (
        "data.max_examples=3 is too few for data.train, which has 4 classes; give at least 4"
    )


# How rows are drawn

label_lists = st.lists(st.integers(0, 5), min_size=1, max_size=80)
seeds = st.integers(0, 2**32 - 1)


@given(label_lists, st.integers(1, 60), seeds)
def test_draw_takes_the_same_fraction_of_every_class_and_leaves_one_row(
    given_labels: list[int], count: int, seed: int
) -> None:
    labels = np.array(given_labels)
    may_go = {label: size - 1 for label, size in Counter(given_labels).items()}
    candidates = sum(may_go.values())
    assume(candidates > 0)
    drawn = draw(labels, count, np.random.default_rng(seed), "data.test")
    assert drawn.shape == labels.shape
    assert drawn.sum() == min(count, candidates)
    for label, size in may_go.items():
        expected = drawn.sum() * size / candidates
        taken = drawn[labels == label].sum()
        assert taken <= size
        assert abs(taken - expected) < 1 + 1e-9


@given(st.integers(2, 6), st.integers(2, 15), st.data(), seeds)
def test_draw_takes_equally_many_of_equal_classes_to_within_one(
    num_classes: int, size: int, data: st.DataObject, seed: int
) -> None:
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(num_classes), size))
    count = data.draw(st.integers(1, num_classes * (size - 1)))
    drawn = draw(labels, count, np.random.default_rng(seed), "data.test")
    taken = np.bincount(labels[drawn], minlength=num_classes)
    assert taken.sum() == count
    assert taken.max() - taken.min() <= 1


def test_draw_gives_every_row_of_a_class_the_same_chance() -> None:
    labels = np.array([0, 1, 1, 0, 1, 0, 1, 0])
    generator = np.random.default_rng(0)
    drawn = sum(draw(labels, 2, generator, "data.test").astype(int) for _ in range(2000))
    assert drawn / 2000 == pytest.approx(np.full(8, 0.25), abs=0.05)


def test_draw_goes_by_the_generator() -> None:
    labels = np.arange(100) % 3
    first, again, other = (
        draw(labels, 10, np.random.default_rng(seed), "data.test") for seed in (0, 0, 1)
    )
    assert (first == again).all()
    assert (first != other).any()


def test_draw_refuses_to_take_nothing() -> None:
    with pytest.raises(InputError, match="3 rows of 3 classes are too few to draw"):
        draw(np.array([0, 1, 2]), 1, np.random.default_rng(0), "data.test")


# The fingerprint of rows


def labelled(rows: Sequence[tuple[str, str]], names: Sequence[str] = ("a", "b")) -> LabelledTexts:
    columns = {"text": [text for text, _ in rows], "label": [label for _, label in rows]}
    return label_texts(pa.table(columns), names, "data.train")


def test_a_fingerprint_is_of_texts_and_classes_in_order() -> None:
    rows = [("one", "a"), ("two", "b")]
    same = labelled(rows).fingerprint
    assert labelled(rows).fingerprint == same
    others = [
        rows[::-1],
        rows[:1],
        [*rows, ("", "a")],
        [("one", "b"), ("two", "b")],
        [("one!", "a"), ("two", "b")],
        [("onea", "a"), ("two", "b")],
    ]
    assert same not in [labelled(other).fingerprint for other in others]
    assert same != labelled([("one", "a"), ("two", "c")], ["a", "c"]).fingerprint  # the same ids
    assert same != labelled(rows, ["b", "a"]).fingerprint  # other ids


def test_a_fingerprint_is_the_same_for_the_same_rows_of_another_source() -> None:
    rows = [("one", "a"), ("two", "b"), ("", "a")]
    among_others = labelled([("zero", "b"), *rows[:2], ("more", "a"), rows[2]])
    chosen = among_others.select(np.array([1, 2, 4]))
    assert chosen.fingerprint == labelled(rows).fingerprint


def test_a_fingerprint_depends_on_where_a_text_ends() -> None:
    names = ["a", "ba"]
    assert labelled([("xb", "a")], names).fingerprint != labelled([("x", "ba")], names).fingerprint
    one, other = [("xb", "a"), ("y", "a")], [("x", "a"), ("by", "a")]
    assert labelled(one).fingerprint != labelled(other).fingerprint
