"""Character n-grams of words, from texts to logits."""

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from sklearn.svm import LinearSVC

from textcnn.data.batching import EncodedTexts
from textcnn.data.encoding import encode_texts
from textcnn.models.ngrams.ngrams import Ngrams
from textcnn.models.ngrams.subword_weights import SubwordWeights
from textcnn.text.encoder import TextEncoder
from textcnn.text.subwords import subwords_of
from textcnn.text.tokenizers import build_tokenizer
from textcnn.text.vocabulary import UNKNOWN, Vocabulary
from textcnn.training.ngrams.linear import calibrate, fit_linear, learn_ngrams
from textcnn.training.subwords.weights import COST, SubwordFit, fit_subwords, learn_subwords

WORDS = build_tokenizer("word", tokenizer="whitespace")
words = st.text(st.sampled_from("abé漢🙂"), max_size=9)


def parts(word: str) -> list[str]:
    marked = f"<{word}>"
    return [
        marked[start : start + length]
        for start in range(len(marked))
        for length in range(3, 7)
        if start + length <= len(marked)
    ]


@given(st.lists(words, max_size=8))
@example([])
@example(["", "a", ""])
def test_equal_keys_stand_for_equal_character_ngrams(drawn: list[str]) -> None:
    subwords = subwords_of(drawn)
    expected = [parts(word) for word in drawn]
    assert np.diff(subwords.offsets).tolist() == list(map(len, expected))
    flat = [part for each in expected for part in each]
    keys = subwords.keys.tolist()
    assert len(set(zip(keys, flat, strict=True))) == len(set(keys)) == len(set(flat))
    assert all(key >= 0 for key in keys)


@given(st.lists(words, min_size=1, max_size=8), st.data())
def test_chosen_words_keep_their_subwords(drawn: list[str], data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.integers(0, len(drawn) - 1), max_size=5))
    selected = subwords_of(drawn).select(np.array(chosen, np.int64))
    expected = subwords_of([drawn[index] for index in chosen])
    assert selected.keys.tolist() == expected.keys.tolist()
    assert selected.offsets.tolist() == expected.offsets.tolist()


@given(
    st.lists(st.lists(words.filter(bool), max_size=6), min_size=1, max_size=6),
    st.integers(1, 4),
    st.data(),
)
def test_a_batch_names_the_word_at_every_unknown_place(
    texts: list[list[str]], max_length: int, data: st.DataObject
) -> None:
    encoder = TextEncoder(WORDS, Vocabulary(["a", "bb"]), max_length, "both", subwords=True)
    encoded = encode_texts([" ".join(text) for text in texts], encoder)
    rows = data.draw(st.lists(st.integers(0, len(texts) - 1), max_size=5))
    batch = encoded.batch(np.array(rows, np.int64))
    cut = [WORDS(" ".join(texts[row])) for row in rows]
    kept = [
        text
        if len(text) <= max_length
        else [*text[: max_length - max_length // 2], *text[len(text) - max_length // 2 :]]
        for text in cut
    ]
    expected = [word for text in kept for word in text if word not in ("a", "bb")]
    assert int((batch.ids == UNKNOWN).sum()) == len(expected)
    if batch.unknown is None:
        assert encoded.unknown is None or not len(batch.ids)
        return
    numbers = batch.unknown.words
    assert len(set(zip(numbers.tolist(), expected, strict=True))) == len(set(expected))
    named = dict(zip(numbers.tolist(), expected, strict=True))
    for number, word in named.items():
        first, last = batch.unknown.offsets[number : number + 2].tolist()
        assert batch.unknown.keys[first:last].tolist() == subwords_of([word]).keys.tolist()


# The linear model

TEXTS = [
    "a kindness kindly unkindly",
    "the kinder kinder kind the",
    "cruel cruelty of the crueller",
    "the cruelly cruel",
    "",
    "kind of kindest",
    "the cruel crueler",
    "kindle the kind",
]
LABELS = np.array([1, 1, 0, 0, 1, 1, 0, 1])
ENCODER = TextEncoder(
    WORDS, Vocabulary(["the", "cruel", "kind", "of", "kindly", "cruelly"]), None, "head", True
)


def training_texts(labels: np.ndarray = LABELS) -> EncodedTexts:
    return encode_texts(TEXTS, ENCODER, labels)


def fitted(train: EncodedTexts, classes: int = 2) -> tuple[Ngrams, SubwordFit]:
    weights = learn_subwords(train, ENCODER.vocabulary, classes)
    ngrams = learn_ngrams(
        train,
        vocabulary_size=len(ENCODER.vocabulary),
        num_classes=classes,
        longest=2,
        subwords=weights,
    )
    fit_linear(ngrams, train)
    fit = fit_subwords(
        weights, train, ENCODER.vocabulary, scaling="naive_bayes", loss="squared_hinge"
    )
    return ngrams.eval(), fit


def counted(texts: list[str], keys: list[int]) -> np.ndarray:
    """How many distinct words of each text have each subword, counted one by one."""
    rows = np.zeros((len(texts), len(keys)))
    for row, text in zip(rows, texts, strict=True):
        for word in set(text.split()):
            for key in subwords_of([word]).keys.tolist():
                if key in keys:
                    row[keys.index(key)] += 1
    return rows


def test_weights_are_those_of_scikit_learn_times_the_log_count_ratios() -> None:
    train = training_texts()
    ngrams, fit = fitted(train)
    assert ngrams.subwords is not None
    keys = ngrams.subwords.keys.tolist()
    every = [key for word in set(" ".join(TEXTS).split()) for key in subwords_of([word]).keys]
    assert keys == sorted({key for key in every if every.count(key) > 1})  # of two words at least
    features = counted(TEXTS, keys)
    of_class, of_others = features[LABELS == 1].sum(0) + 1, features[LABELS == 0].sum(0) + 1
    ratios = np.log(of_class / of_class.sum()) - np.log(of_others / of_others.sum())
    np.testing.assert_allclose(fit.ratios[:, 1], ratios, atol=1e-5)
    np.testing.assert_allclose(fit.ratios[:, 0], -ratios, atol=1e-5)
    solver = LinearSVC(C=COST, random_state=0, tol=1e-2).fit(features * ratios, LABELS)
    decided = (features @ (fit.learned[:, 1] - fit.learned[:, 0]).numpy()) + np.diff(fit.bias)
    np.testing.assert_allclose(decided, solver.decision_function(features * ratios), atol=1e-3)


def test_an_unknown_word_counts_by_its_subwords_once_in_a_text() -> None:
    ngrams, fit = fitted(training_texts())
    weights = ngrams.subwords
    assert weights is not None
    fit.install(weights, 1.0, 0.5)
    texts = ["unkind unkind kindful kind", "", "the xyz"]
    expected = counted(texts, weights.keys.tolist()) @ weights.weight[1:].double().numpy()
    batch = encode_texts(texts, ENCODER).batch(np.arange(3))
    logits = weights(batch.ids, batch.unknown)
    np.testing.assert_allclose(logits, expected + fit.bias.numpy(), atol=1e-5)
    assert logits[0, 1] > logits[0, 0] + 0.1  # the word and its relatives are of class 1


@pytest.mark.parametrize("shape", ["classes", "sets"])
def test_the_logits_are_those_of_ngrams_plus_those_of_subwords(shape: str) -> None:
    labels = LABELS if shape == "classes" else np.stack([LABELS == 1, LABELS == 0], axis=1)
    train = training_texts(labels)
    ngrams, fit = fitted(train)
    weights = ngrams.subwords
    assert weights is not None
    calibrate(ngrams, train, fit)
    assert (weights.calibration > 0).all()
    batch = encode_texts(["unkind cruelest of the kind", "the", ""], ENCODER).batch(np.arange(3))
    both = ngrams(**batch.inputs)
    of_subwords = weights(batch.ids, batch.unknown)
    _, contributions = ngrams.contributions(batch.ids, batch.lengths)
    explained = contributions.sum(dim=1) + ngrams.constant
    explained += weights.unknown_sums(batch.ids, batch.unknown)  # type: ignore[arg-type]
    torch.testing.assert_close(explained, both)
    ngrams.subwords = None
    ngrams.memo.forget("weights")
    torch.testing.assert_close(ngrams(batch.ids, batch.lengths) + of_subwords, both)


def test_texts_are_as_before_when_subwords_have_been_counted() -> None:
    train = encode_texts(["kind the kind of the", "cruel of"], ENCODER, np.array([0, 1]))
    before = train.ids.copy()
    assert train.unknown is None
    fitted(train)
    assert train.ids.tolist() == before.tolist()


def test_a_model_without_a_known_subword_is_silent_about_unknown_words() -> None:
    weights = SubwordWeights(torch.empty(0, dtype=torch.int64), vocabulary_size=8, num_classes=3)
    batch = encode_texts(["new words"], ENCODER).batch(np.arange(1))
    assert weights(batch.ids, batch.unknown).tolist() == [[0, 0, 0]]


def test_subwords_of_most_texts_weigh_nothing() -> None:
    train = encode_texts(["kind"] * 3 + ["kindly"] * 3, ENCODER, np.array([0, 1] * 3))
    ngrams, fit = fitted(train)
    assert ngrams.subwords is not None
    shared = counted(["kindly kind"], ngrams.subwords.keys.tolist())[0] > 1
    assert shared.any()
    assert fit.ratios[shared].eq(0).all()
    assert fit.learned[shared].eq(0).all()


def test_training_texts_may_have_no_subword_to_weigh() -> None:
    train = encode_texts(["the kind"] * 6, ENCODER, np.array([0, 1] * 3))
    ngrams, fit = fitted(train)
    calibrate(ngrams, train, fit)
    batch = encode_texts(["the kind", "unkind"], ENCODER).batch(np.arange(2))
    assert ngrams(**batch.inputs).isfinite().all()
