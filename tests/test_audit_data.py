from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textcnn.data.audit.label_errors import find_label_errors
from textcnn.data.audit.near_duplicates import near_duplicates
from textcnn.data.audit.oddities import boilerplate, cut_texts, empty_texts, other_scripts
from textcnn.data.audit.shortcuts import find_shortcuts
from textcnn.data.audit.similar_classes import confused_classes, similar_names

SPLIT = str.split


def test_a_text_is_suspected_if_another_class_is_as_probable_as_in_its_own_texts() -> None:
    labels = np.array([0, 0, 0, 1, 1])
    probabilities = np.array([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8], [0.4, 0.6], [0.2, 0.8]])
    # thresholds: class 0 (0.9 + 0.7 + 0.2) / 3 = 0.6, class 1 (0.6 + 0.8) / 2 = 0.7
    found = find_label_errors(labels, probabilities)
    assert found.wrong.tolist() == [False, False, True, False, False]
    assert found.doubtful.tolist() == [False, False, True, False, False]
    assert found.suggested.tolist() == [0, 0, 1, 1, 1]
    assert found.score.tolist() == pytest.approx([0.1, 0.3, 0.8, 0.4, 0.2])
    assert found.given.tolist() == pytest.approx([0.9, 0.7, 0.2, 0.6, 0.8])


def test_a_cautious_class_is_not_held_to_the_standard_of_a_sure_one() -> None:
    labels = np.array([0, 0, 1, 1, 0])
    # 0.55 is above the mean of class 1 (0.5), though below that of class 0 (0.816...)
    probabilities = np.array([[1, 0], [1, 0], [0.5, 0.5], [0.5, 0.5], [0.45, 0.55]])
    assert find_label_errors(labels, probabilities).wrong.tolist() == [False] * 4 + [True]


def test_a_label_of_a_set_is_suspected_alone() -> None:
    labels = np.array([[1, 0], [1, 0], [0, 1], [0, 1], [1, 1]], dtype=bool)
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.1, 0.9], [0.1, 0.9], [0.9, 0.02]])
    found = find_label_errors(labels, probabilities)
    assert found.wrong.tolist() == [False] * 4 + [True]
    assert found.suggested[-1].tolist() == [True, False]
    assert found.score[-1] == pytest.approx((1 + 0.98 - 0.02) / 2)


@given(st.data())
def test_a_label_is_in_doubt_where_another_class_is_more_probable(data: Any) -> None:
    rows, classes = data.draw(st.integers(1, 12)), data.draw(st.integers(2, 4))
    generator = np.random.default_rng(data.draw(st.integers(0, 1000)))
    labels = generator.integers(classes, size=rows)
    probabilities = generator.dirichlet(np.ones(classes), size=rows)
    found = find_label_errors(labels, probabilities)
    assert ((found.score >= 0) & (found.score <= 1)).all()
    assert (found.doubtful == (found.suggested != labels)).all()
    assert (found.doubtful == (probabilities.argmax(axis=1) != labels)).all()
    assert not (found.wrong & ~found.doubtful).any()


def test_texts_that_differ_in_a_word_are_near_duplicates() -> None:
    long = " ".join(f"word{number}" for number in range(60))
    other = " ".join(f"more{number}" for number in range(60))
    texts = [long, other, long.replace("word7 ", "seven "), f"  {long.upper()}", "", "", "short"]
    assert near_duplicates(texts).tolist() == [0, 1, 0, 0, 4, 5, 6]


def test_a_word_at_the_start_of_a_long_text_hides_no_near_duplicate() -> None:
    generator = np.random.default_rng(0)
    long = " ".join(map(str, generator.integers(10**6, size=6_000)))
    assert near_duplicates([long, f"foreword {long}"]).tolist() == [0, 0]


def test_empty_and_cut_texts_are_found() -> None:
    assert empty_texts(["fine", " \n", "!?"]) == {1: "no text", 2: "no letter or digit"}
    texts = [character * 50 for character in "abcdef"] + ["short one", "it goes on ..."]
    assert set(cut_texts(texts)) == {0, 1, 2, 3, 4, 5, 7}
    assert cut_texts(texts)[0] == "cut: one of 6 texts of exactly 50 characters"
    assert cut_texts(texts)[7] == "cut: ends in an ellipsis"


def test_sentences_that_many_texts_repeat_are_boilerplate() -> None:
    notice = "This message was sent from a public mailbox, do not reply."
    texts = [f"{notice} Text {number}." for number in range(6)]
    texts += [f"{notice} {'A long text of its own, and much longer. ' * 5}", "Another text."]
    assert sorted(boilerplate(texts)) == [0, 1, 2, 3, 4, 5]


def test_texts_in_a_script_that_few_have_are_found() -> None:
    texts = ["a fine film"] * 60 + ["хороший фильм", "42"]
    assert other_scripts(texts) == {60: "script: Cyrillic; most texts are Latin"}


def test_a_token_or_an_invisible_mark_that_gives_a_class_away_is_a_shortcut() -> None:
    generator = np.random.default_rng(0)
    words = [" ".join(generator.choice(list("abcdefgh"), 8)) for _ in range(80)]
    labels = np.arange(80) % 2
    texts = [
        f"{'re:' if label else ''} {text}" + ("\u200b" if label == 0 and row < 20 else "")
        for row, (text, label) in enumerate(zip(words, labels, strict=True))
    ]
    found = {each.feature: each for each in find_shortcuts(texts, labels, ("no", "yes"), SPLIT)}
    token = found["the first token 're:'"]
    assert (token.label, token.precision, token.recall) == ("yes", 1.0, 1.0)
    mark = found["the invisible character U+200B"]
    assert (mark.label, mark.precision, mark.recall) == ("no", 1.0, 0.25)


def test_a_length_that_gives_a_class_away_is_a_shortcut() -> None:
    texts = ["a " * (10 + row % 5) for row in range(20)] + ["b " * 30 for _ in range(20)]
    labels = np.repeat([0, 1], 20)
    features = [each.feature for each in find_shortcuts(texts, labels, ("0", "1"), SPLIT)]
    assert "a length of at least 60 characters" in features


def test_names_that_differ_in_a_letter_look_alike_but_numbers_do_not() -> None:
    names = ("Sport", "sport ", "entertainment", "entertainmnt", "level 1", "level 2")
    pairs = [(each.first, each.second) for each in similar_names(names)]
    assert pairs == [("Sport", "sport "), ("entertainment", "entertainmnt")]


def test_classes_of_which_many_texts_count_as_the_other_look_alike() -> None:
    labels, suggested = np.array([0] * 10 + [1] * 10), np.array([0] * 4 + [1] * 6 + [1] * 10)
    (pair,) = confused_classes(("a", "b"), labels, suggested)
    assert str(pair) == "'a' and 'b': 6 of 10 texts of the first look like the second"
