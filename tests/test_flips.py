"""The fewest words whose removal changes the answer."""

from itertools import combinations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_explained import LABELS, WORDS, classifier, encoder, network, ngrams, set_classifier

from textcnn.explanation import flips
from textcnn.explanation.flips import Flip
from textcnn.inference import AnyClassifier, Classifier

words = st.sampled_from([*WORDS, "films", "🙂"])


def without(text: str, flip: Flip) -> str:
    tokens = text.split()
    gone = {place for start, end in flip.places for place in range(start, end)}
    return " ".join(token for place, token in enumerate(tokens) if place not in gone)


def answer(subject: AnyClassifier, text: str) -> object:
    return subject.predict([text])[0].as_json().get("label") or subject.predict([text])[0][0]


def flip_of(subject: AnyClassifier, text: str) -> Flip | None:
    (explained,) = subject.explain([text], flip=True)
    return explained.flip


def fewest(subject: AnyClassifier, text: str, most: int) -> int | None:
    """How many words must go, by trying all sets of up to `most`."""
    tokens = text.split()
    for count in range(1, most + 1):
        for gone in combinations(range(len(tokens)), count):
            rest = " ".join(token for place, token in enumerate(tokens) if place not in gone)
            if answer(subject, rest) != answer(subject, text):
                return count
    return None


@pytest.fixture(scope="module")
def cnn() -> Classifier:
    return classifier(network(), max_length=None)


@settings(max_examples=15)
@given(drawn=st.lists(words, max_size=7))
def test_removal_really_changes_the_answer(cnn: Classifier, drawn: list[str]) -> None:
    text = " ".join(drawn)
    found = flip_of(cnn, text)
    if found is None:
        assert fewest(cnn, text, 2) is None
        return
    assert answer(cnn, without(text, found)) == found.after[0] != found.before[0]
    assert [text[slice(*span)] for span in found.characters if span] == [*found.words]
    if found.smallest:
        assert fewest(cnn, text, len(found.words)) == len(found.words)


def by_words(**weights: float) -> Classifier:
    """N-grams of one word: the logit of good is the sum of these weights, that of bad 0."""
    model = ngrams("none", longest=1)
    with torch.no_grad():
        model.table.weight.zero_()
        model.bias.copy_(torch.tensor([0.0, -9.0, -0.5]))
        for word, weight in weights.items():
            model.table.weight[WORDS.index(word) + 2, LABELS.index("good")] = weight
    return classifier(model, max_length=None)


def test_one_word_by_hand() -> None:
    found = flip_of(by_words(fine=2.0, film=0.3, dull=-1.0), "the fine film and a dull plot")
    assert found is not None
    assert (found.words, found.places, found.smallest) == (("fine",), ((1, 2),), True)
    assert (found.before, found.after) == (("good",), ("bad",))
    assert found.sentence == (
        "Without “fine” the answer is bad instead of good; no fewer words do that."
    )


def test_words_that_repeat_go_together() -> None:
    found = flip_of(by_words(fine=2.0), "fine the fine")
    assert found is not None
    assert (found.words, found.smallest) == (("fine", "fine"), True)


def test_larger_sets_are_found_greedily_and_shrunk() -> None:
    weights = {"fine": 1.0, "film": 1.0, "acting": 1.0, "very": 0.2, "plot": 0.1}
    found = flip_of(by_words(**weights), "a very fine film the acting and plot")
    assert found is not None
    assert set(found.words) == {"fine", "film", "acting"}
    assert found.smallest  # all pairs were tried


def test_long_texts_are_searched_within_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flips, "TRIED_TOKENS", 400)
    subject = by_words(fine=1.0)
    text = "the film " * 30 + "fine " * 4 + "plot " * 30
    found = flip_of(subject, text)
    assert found is not None
    assert found.words == ("fine",) * 4
    assert not found.smallest
    assert "fewer words may do that too" in found.sentence
    assert answer(subject, without(text, found)) == "bad"


def test_where_nothing_changes_the_answer_a_note_says_so() -> None:
    (explained,) = by_words(film=-0.1).explain(["film film"], flip=True)
    assert explained.flip is None
    assert explained.notes == ("no removal of words was found that changes the answer",)
    assert flip_of(by_words(), "") is None


def test_words_beyond_the_length_limit_may_come_in() -> None:
    subject = by_words(fine=2.0, dull=-9.0)
    subject.encoder = encoder(2, "head")
    found = flip_of(subject, "fine film dull")  # without film, dull is read
    assert found is not None
    assert found.words in (("fine",), ("film",))
    assert answer(subject, without("fine film dull", found)) == "bad"


def test_label_sets_change_by_any_label() -> None:
    subject = set_classifier(network(), thresholds=(0.4, 0.5, 0.6))
    for text in ("not a fine film", "the dull plot and acting", "very fine"):
        (explained,) = subject.explain([text], flip=True)
        if explained.flip is not None:
            assert answer(subject, without(text, explained.flip)) == frozenset(explained.flip.after)
            assert explained.flip.after != explained.flip.before
