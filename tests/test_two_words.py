"""Two words in both orders, put to a classifier."""

import numpy as np
import pytest

from textcnn.data.batching import EncodedTexts
from textcnn.studies.checkpoint.two_words import commonest, in_both_orders, order_gaps
from textcnn.studies.shared.claims import distance_claims
from textcnn.studies.shared.probe import build_probe, encode
from textcnn.studies.shared.questions import known
from textcnn.studies.shared.study import Values
from textcnn.text.vocabulary import UNKNOWN

ROWS = [("a b a c $ $", "x"), ("a b a $", "y")]


def texts(*ids: int) -> EncodedTexts:
    return EncodedTexts(np.array(ids, np.int32), np.array([0, len(ids)]), np.array([len(ids)]))


def test_the_words_are_the_most_frequent_known_ones() -> None:
    assert commonest(texts(1, 1, 1, 5, 7, 7, 5, 7, 3)) == [7, 5]
    assert commonest(texts(1, 0, 4)) == [4]


def test_texts_differ_in_which_word_comes_first() -> None:
    pair = in_both_orders([7, 5], distance=2, margin=1, room=3)
    assert pair.ids.reshape(2, -1).tolist() == [
        [UNKNOWN, 7, UNKNOWN, 5, UNKNOWN],
        [UNKNOWN, 5, UNKNOWN, 7, UNKNOWN],
    ]


def asked(**model: object) -> Values:
    classifier = build_probe(model, ROWS, 0)
    gaps = order_gaps(classifier, encode(classifier, ROWS))
    return {"distances": gaps, "known": known(classifier.model)}


@pytest.mark.parametrize("padding", ["valid", "zeros", "circular"])
def test_words_farther_apart_than_a_window_have_no_order(padding: str) -> None:
    values = asked(name="multi_width", kernel_sizes=[2, 4], padding=padding)
    assert values["distances"]["words"] == ["a", "$"]
    assert [gap > 1e-4 for gap in values["distances"]["gaps"]] == 3 * [True] + 4 * [False]
    near, far = distance_claims(values)
    assert near.holds is None
    assert (far.theorem, far.holds) == ("T2", True)
    assert far.statement.endswith("among unknown words, at d = 4 to 7")


def test_theory_predicts_nothing_for_networks_with_positions() -> None:
    values = asked(name="nin", position="sinusoidal")
    (claim,) = distance_claims(values)
    assert claim.holds is None
    assert values["distances"]["gaps"][0] > 1e-4


def test_networks_that_see_the_whole_text_are_not_measured() -> None:
    assert distance_claims(asked(name="lstm")) == []
