"""Linear models and fastText on the texts of textcnn's splits.

Each chooses its one setting on the validation texts and is then trained on train + validation.
"""

import random
import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.svm import LinearSVC

Texts = Sequence[str]
Labels = np.ndarray  # (texts,) int64
TOKEN = re.compile(r"[^\W_]+(?:'\w+)?|[^\w\s]|_")  # words and single punctuation marks


@dataclass(frozen=True)
class Rows:
    """Training texts as a baseline takes them.

    Attributes:
        features: of the texts: a sparse matrix (texts, n-grams), or lines.
        transform: from other texts to their features.
        size: bytes of the n-grams' names, which prediction needs.
    """

    features: Any
    transform: Callable[[Texts], Any]
    size: int = 0


@dataclass(frozen=True)
class Model:
    """A trained baseline.

    Attributes:
        predict: from texts to class ids, (texts,) int64.
        size: bytes that prediction needs.
    """

    predict: Callable[[Texts], np.ndarray]
    size: int


@dataclass(frozen=True)
class Baseline:
    """A rival of textcnn.

    Attributes:
        module: the package it needs.
        choices: the values of its one setting that validation chooses from.
        prepare: from texts and the tokens of the longest n-gram to rows.
        train: from rows, labels, a value of `choices` and a seed to a model.
    """

    module: str
    choices: tuple[float, ...]
    prepare: Callable[[Texts, int], Rows]
    train: Callable[[Rows, Labels, float, int], Model]

    @property
    def installed(self) -> bool:
        return find_spec(self.module) is not None


def tf_idf(texts: Texts, longest: int) -> Rows:
    """TF-IDF of words and bigrams, as scikit-learn splits words; `longest` is not used."""
    del longest
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    features = vectorizer.fit_transform(texts)
    return Rows(features, vectorizer.transform, size_of(vectorizer, vectorizer.idf_))


def train_svm(rows: Rows, labels: Labels, cost: float, seed: int) -> Model:
    svm = LinearSVC(C=cost, random_state=seed).fit(rows.features, labels)
    size = rows.size + 4 * (svm.coef_.size + svm.intercept_.size)
    return Model(lambda texts: svm.predict(rows.transform(texts)), size)


def binary_ngrams(texts: Texts, longest: int) -> Rows:
    """Whether a text has each n-gram of words and punctuation marks."""
    vectorizer = CountVectorizer(
        ngram_range=(1, longest), binary=True, tokenizer=tokens, token_pattern=None, lowercase=False
    )
    features = vectorizer.fit_transform(texts).astype(np.float64)
    return Rows(features, vectorizer.transform, size_of(vectorizer))


def train_nbsvm(rows: Rows, labels: Labels, cost: float, seed: int) -> Model:
    """NBSVM (Wang and Manning 2012) with scikit-learn: one against the rest for more classes.

    Binary n-grams x, r = log((p / |p|) / (q / |q|)) with counts p and q smoothed by 1, a linear SVM
    on r * x, and for two classes weights w shrunk to their mean size, 0.75 mean |w| + 0.25 w. Of
    more classes, whose scores are compared, the sizes differ too much for that.
    """
    classes = np.unique(labels)
    ones = classes[1:] if len(classes) == 2 else classes  # two classes need one classifier
    own = 0.25 if len(classes) == 2 else 1.0
    weights, offsets = [], []
    for one in ones:
        chosen = labels == one
        ratio = log_ratio(rows.features, chosen)
        svm = LinearSVC(C=cost, random_state=seed)
        svm.fit(rows.features.multiply(ratio).tocsr(), np.where(chosen, 1, -1))
        w = svm.coef_[0]
        weights.append(ratio * ((1 - own) * np.abs(w).mean() + own * w))
        offsets.append(own * svm.intercept_[0])  # the weight of a constant, shrunk like the others
    matrix, offset = np.stack(weights, axis=1), np.array(offsets)  # (n-grams, classifiers)

    def predict(texts: Texts) -> np.ndarray:
        scores = rows.transform(texts) @ matrix + offset  # (texts, classifiers)
        best = (scores[:, 0] > 0).astype(int) if len(classes) == 2 else scores.argmax(axis=1)
        return classes[best]

    return Model(predict, rows.size + 4 * (matrix.size + offset.size))


def log_ratio(features: sp.csr_matrix, chosen: np.ndarray) -> np.ndarray:
    """r of each n-gram: (n-grams,)."""
    p = 1 + np.asarray(features[chosen].sum(axis=0)).ravel()
    q = 1 + np.asarray(features[~chosen].sum(axis=0)).ravel()
    return np.log((p / p.sum()) / (q / q.sum()))


def lines(texts: Texts, longest: int = 2) -> Rows:
    """Texts as fastText reads them: tokens with spaces between them; `longest` is not used."""
    del longest

    def transform(given: Texts) -> list[str]:
        return [" ".join(tokens(text)) for text in given]

    return Rows(transform(texts), transform)


def train_fasttext(rows: Rows, labels: Labels, rate: float, seed: int) -> Model:
    """fastText over words and bigrams, 50 dimensions, 25 epochs, one thread."""
    import fasttext

    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "train.txt"
        labelled = [f"__label__{y} {line}\n" for line, y in zip(rows.features, labels, strict=True)]
        # fastText reads them in this order in every epoch, and many files are sorted by class
        random.Random(seed).shuffle(labelled)
        file.write_text("".join(labelled), encoding="utf-8")
        model = fasttext.train_supervised(
            *(str(file),), epoch=25, wordNgrams=2, dim=50, lr=rate, thread=1, verbose=0, seed=seed
        )
        model.save_model(str(Path(place) / "model.bin"))
        size = (Path(place) / "model.bin").stat().st_size

    def predict(texts: Texts) -> np.ndarray:
        found, _ = model.predict(rows.transform(texts))
        # no known word: no label
        return np.array([int(each[0].removeprefix("__label__")) if each else 0 for each in found])

    return Model(predict, size)


def tokens(text: str) -> list[str]:
    return TOKEN.findall(text.lower())


def size_of(vectorizer: Any, *weights: np.ndarray) -> int:
    """Bytes of the n-grams in UTF-8 and of the weights in 32 bits."""
    ngrams = sum(len(each.encode()) for each in vectorizer.vocabulary_)
    return ngrams + sum(4 * each.size for each in weights)


BASELINES: dict[str, Baseline] = {
    "svm": Baseline("sklearn", (0.1, 0.3, 1.0, 3.0), tf_idf, train_svm),
    "nbsvm": Baseline("sklearn", (0.03, 0.1, 0.3), binary_ngrams, train_nbsvm),
    "fasttext": Baseline("fasttext", (0.1, 0.25, 0.5), lines, train_fasttext),
}


@dataclass(frozen=True)
class Fitted:
    """A baseline whose setting was chosen on the validation texts.

    Attributes:
        validation: its accuracy there, of the model trained without them.
    """

    model: Model
    choice: float
    validation: float


def fit(
    name: str,
    train: tuple[Texts, Labels],
    validation: tuple[Texts, Labels],
    longest: int,
    seed: int,
) -> Fitted:
    """Choose the setting on the validation texts, the smallest of the best, and train on all."""
    baseline = BASELINES[name]
    rows = baseline.prepare(train[0], longest)
    accuracies = {}
    for value in baseline.choices:
        predicted = baseline.train(rows, train[1], value, seed).predict(validation[0])
        accuracies[value] = float((predicted == validation[1]).mean())
    best = max(baseline.choices, key=lambda value: accuracies[value])
    model = refit(name, train, validation, best, longest, seed)
    return Fitted(model, best, accuracies[best])


def refit(
    name: str,
    train: tuple[Texts, Labels],
    validation: tuple[Texts, Labels],
    choice: float,
    longest: int,
    seed: int,
) -> Model:
    """The model trained on train + validation with a setting that was chosen before."""
    baseline = BASELINES[name]
    rows = baseline.prepare([*train[0], *validation[0]], longest)
    return baseline.train(rows, np.concatenate([train[1], validation[1]]), choice, seed)
