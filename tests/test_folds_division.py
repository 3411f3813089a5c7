"""Cross-validation folds, and how rows with label sets are drawn."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tiny_data import refusal

from textcnn.data.labelled import LabelledTexts
from textcnn.data.splits import Division, Splits

KEEP: dict[str, Any] = {"duplicates": "keep", "validation_fraction": 0.1}
CLASSES = ["a"] * 13 + ["b"] * 7 + ["c"] * 5

label_lists = st.lists(st.sampled_from("abc"), min_size=12, max_size=40).filter(
    lambda labels: len(set(labels)) > 1
)


def table(labels: Sequence[Any], texts: Sequence[str] | None = None) -> pa.Table:
    """Texts 0, 1 and so on, if there are no others."""
    kind = pa.string() if isinstance(labels[0], str) else pa.list_(pa.string())
    texts = texts or [str(row) for row in range(len(labels))]
    return pa.table({"text": texts, "label": pa.array(labels, kind)})


def fold_of(rows: pa.Table, fold: int | None, folds: int = 5, **settings: Any) -> Splits:
    division = Division(folds=folds, fold=fold, **KEEP | settings)
    return division.divide({"data.train": rows})


def all_folds(rows: pa.Table, folds: int = 5, **settings: Any) -> list[Splits]:
    return [fold_of(rows, fold, folds, **settings) for fold in range(1, folds + 1)]


def classes(rows: LabelledTexts) -> Counter[str]:
    return Counter(rows.names[label] for label in rows.labels.tolist())


# Folds


@given(label_lists, st.integers(2, 6), st.integers(0, 3))
@example(CLASSES, 5, 0)
def test_every_row_is_tested_in_one_fold(labels: list[str], folds: int, seed: int) -> None:
    splits = all_folds(table(labels), folds, seed=seed, validation_fraction=0.1)
    tested = [row for each in splits for row in each.test.rows.tolist()]
    assert sorted(tested) == list(range(len(labels)))
    for each in splits:
        everything = [row for rows in each.by_name().values() for row in rows.rows.tolist()]
        assert sorted(everything) == list(range(len(labels)))


@given(label_lists, st.integers(2, 6), st.integers(0, 3))
@example(CLASSES, 5, 0)
def test_folds_are_of_one_size_and_one_mixture(labels: list[str], folds: int, seed: int) -> None:
    tests = [each.test for each in all_folds(table(labels), folds, seed=seed)]
    sizes = [len(rows) for rows in tests]
    assert max(sizes) - min(sizes) <= 1
    for name in set(labels):
        counts = [classes(rows)[name] for rows in tests]
        assert max(counts) - min(counts) <= 1


def test_a_fold_of_a_small_set_is_as_expected() -> None:
    # 25 rows of 13 a, 7 b, 5 c in 5 folds: 5 rows each, of a 2 or 3, of b 1 or 2, of c 1
    for each in all_folds(table(CLASSES)):
        assert len(each.test) == 5
        counts = classes(each.test)
        assert counts["a"] in (2, 3)
        assert counts["b"] in (1, 2)
        assert counts["c"] == 1
        # a tenth of all 25 rows, not of the 20 that are not tested
        assert (len(each.validation), len(each.train)) == (2, 18)


def test_a_fold_is_the_same_whenever_it_is_asked_for() -> None:
    rows = table(CLASSES)
    in_a_row = all_folds(rows)
    for fold in (4, 1, 4):
        assert fold_of(rows, fold).fingerprints() == in_a_row[fold - 1].fingerprints()
    assert fold_of(rows, None).fingerprints() == in_a_row[0].fingerprints()


def test_the_seed_deals_the_folds_and_validation_does_not_change_them() -> None:
    rows = table(CLASSES)
    first = fold_of(rows, 1).test.fingerprint
    assert fold_of(rows, 1, validation_fraction=0.3).test.fingerprint == first
    assert fold_of(rows, 1, test_fraction=0.9).test.fingerprint == first  # not used
    assert fold_of(rows, 1, seed=1).test.fingerprint != first
    given_validation = {"data.train": rows, "data.validation": table(["a", "b"], ["x", "y"])}
    splits = Division(folds=5, fold=1, duplicates="keep").divide(given_validation)
    assert splits.test.fingerprint == first
    assert splits.validation.texts() == ["x", "y"]
    assert len(splits.train) == 20


def test_as_many_folds_as_rows_test_one_at_a_time() -> None:
    splits = all_folds(table(["a", "b"] * 3), 6, validation_fraction=0.2)
    assert sorted(each.test.texts() for each in splits) == [[str(row)] for row in range(6)]


def test_more_folds_than_rows_are_refused() -> None:
    assert refusal(lambda: fold_of(table(["a", "b"] * 3), 1, 7)) == (
        "data.folds=7 is too many for 6 rows; give at most 6"
    )


def test_a_text_that_is_tested_is_dropped_from_training() -> None:
    # ten texts, each once in either class: once in two folds at least sometimes
    texts = [f"text {row % 10}" for row in range(20)]
    rows = table(["a"] * 10 + ["b"] * 10, texts)
    dropped = 0
    for kept, each in zip(all_folds(rows), all_folds(rows, duplicates="drop"), strict=True):
        assert each.test.fingerprint == kept.test.fingerprint  # what is tested stays as it is
        train, validation, test = (set(part.texts()) for part in each.by_name().values())
        assert not (train & test) | (train & validation) | (validation & test)
        twice = [text in test | validation for text in kept.train.texts()]
        assert len(each.train) == len(kept.train) - sum(twice)
        dropped += sum(twice)
        assert any(note.startswith("data.train: ") for note in each.notes) == any(twice)
    assert dropped > 0


def test_sets_of_labels_are_dealt_by_their_rarest_label() -> None:
    # rare is always beside common, and ten rows have none: 5, 45 and 10 rows
    labels = [["common", "rare"]] * 5 + [["common"]] * 45 + [[]] * 10
    for each in all_folds(table(labels)):
        assert each.labels == ("common", "rare")
        assert each.test.counts.tolist() == [10, 1]
        assert (each.test.labels.sum(axis=1) == 0).sum() == 2


# Label sets


@st.composite
def label_sets(draw: st.DrawFn) -> list[list[str]]:
    """Of many rows, with a common, a frequent and a rare label."""
    size = draw(st.integers(60, 200))
    generator = np.random.default_rng(draw(st.integers(0, 99)))
    has = generator.random((size, 3)) < (0.6, 0.3, 0.05)
    has[0] = True
    return [[name for name, yes in zip("cfr", row, strict=True) if yes] for row in has.tolist()]


@given(label_sets(), st.integers(0, 5))
def test_every_stratum_has_its_share_of_a_split(labels: list[list[str]], seed: int) -> None:
    division = Division(0.2, 0.2, duplicates="keep", seed=seed)
    splits = division.divide({"data.train": table(labels)})
    counts = Counter(label for row in labels for label in row)
    by_rarity = sorted("cfr", key=lambda name: (counts[name], name))

    def strata(rows: LabelledTexts) -> Counter[str]:
        sets = [labels[row] for row in rows.rows]
        return Counter(next((n for n in by_rarity if n in names), "none") for names in sets)

    whole = Counter(next((n for n in by_rarity if n in names), "none") for names in labels)
    test, train = strata(splits.test), strata(splits.train)
    wanted = round(0.2 * len(labels))
    assert len(splits.test) == len(splits.validation) == wanted
    for stratum, count in whole.items():
        # of each stratum all rows but one can be drawn, and these are drawn evenly
        share = (count - 1) * wanted / (len(labels) - len(whole))
        assert abs(test[stratum] - share) <= 1
        assert train[stratum] >= 1


@pytest.mark.parametrize("seed", range(5))
def test_every_label_has_about_its_share_of_a_split(seed: int) -> None:
    generator = np.random.default_rng(seed)
    has = generator.random((1000, 4)) < (0.5, 0.3, 0.1, 0.02)
    labels = [[str(name) for name in np.flatnonzero(row)] for row in has]
    splits = Division(duplicates="keep", seed=seed).divide({"data.train": table(labels)})
    for rows in (splits.validation, splits.test):
        assert len(rows) == 100
        # the rarest nearly exactly; of others what is beside a rarer one is left to chance
        differences = np.abs(rows.counts - has.mean(axis=0) * 100)
        assert (differences <= (12, 6, 3, 1.5)).all()
    assert (splits.train.counts > 0).all()


def test_the_only_row_of_a_stratum_stays_in_training() -> None:
    labels = [["common", "once"], [], *([["common"]] * 10)]
    for seed in range(10):
        division = Division(0.4, 0.4, duplicates="keep", seed=seed)
        splits = division.divide({"data.train": table(labels)})
        assert {0, 1} <= set(splits.train.rows.tolist())
        # 5 for test; then 4 of the rest, as one row of common must stay too
        assert (len(splits.test), len(splits.validation), len(splits.train)) == (5, 4, 3)


def test_one_label_is_enough_where_texts_may_have_none() -> None:
    splits = Division(0.2, 0.2).divide({"data.train": table([["yes"], []] * 5)})
    assert splits.labels == ("yes",)
    assert [len(rows) for rows in splits.by_name().values()] == [6, 2, 2]
    assert refusal(lambda: Division().divide({"data.train": table([[], []])})) == (
        "data.train holds no labels, not one or more; check data.label"
    )
    assert refusal(lambda: Division().divide({"data.train": table(["a", "a"])})) == (
        "data.train holds only one class (a), not two or more; check data.label"
    )


def test_fewer_examples_keep_every_stratum() -> None:
    labels = [["common", "rare"]] * 3 + [["common"]] * 80 + [[]] * 17
    splits = Division(0.2, 0.2, duplicates="keep", max_examples=6).divide(
        {"data.train": table(labels)}
    )
    assert len(splits.train) == 6
    assert splits.train.counts[splits.labels.index("rare")] >= 1
    assert (splits.train.labels.sum(axis=1) == 0).sum() >= 1
