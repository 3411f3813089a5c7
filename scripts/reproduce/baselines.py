"""Linear models and fastText on the texts of textcnn's splits.

Each chooses its one setting on the validation texts and is then trained on train + validation.
"""

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
        title: as tables call it.
        module: the package it needs.
        choices: the values of its one setting that validation chooses from.
        train: from texts, labels, a value of `choices`, the longest n-gram and a seed to a model.
    """

    title: str
    module: str
    choices: tuple[float, ...]
    train: Callable[[Texts, Labels, float, int, int], Model]

    @property
    def installed(self) -> bool:
        return find_spec(self.module) is not None


def train_svm(texts: Texts, labels: Labels, cost: float, longest: int, seed: int) -> Model:
    """TF-IDF over words and bigrams, and a linear SVM; `longest` is not used."""
    del longest
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    svm = LinearSVC(C=cost, random_state=seed).fit(vectorizer.fit_transform(texts), labels)
    return Model(
        lambda given: svm.predict(vectorizer.transform(given)),
        size_of(vectorizer, vectorizer.idf_, svm.coef_, svm.intercept_),
    )


def train_nbsvm(texts: Texts, labels: Labels, cost: float, longest: int, seed: int) -> Model:
    """NBSVM (Wang and Manning 2012) with scikit-learn: one against the rest for more classes.

    Binary n-grams x, r = log((p / |p|) / (q / |q|)) with counts p and q smoothed by 1, a linear SVM
    on r * x, and for two classes weights w shrunk to their mean size, 0.75 mean |w| + 0.25 w. Of
    more classes, whose scores are compared, the sizes differ too much for that.
    """
    vectorizer = CountVectorizer(
        ngram_range=(1, longest), binary=True, tokenizer=tokens, token_pattern=None, lowercase=False
    )
    rows = vectorizer.fit_transform(texts).astype(np.float64)
    classes = np.unique(labels)
    ones = classes[1:] if len(classes) == 2 else classes  # two classes need one classifier
    own = 0.25 if len(classes) == 2 else 1.0
    weights, offsets = [], []
    for one in ones:
        chosen = labels == one
        ratio = log_ratio(rows, chosen)
        svm = LinearSVC(C=cost, random_state=seed)
        svm.fit(rows.multiply(ratio).tocsr(), np.where(chosen, 1, -1))
        w = svm.coef_[0]
        weights.append(ratio * ((1 - own) * np.abs(w).mean() + own * w))
        offsets.append(svm.intercept_[0])
    matrix, offset = np.stack(weights, axis=1), np.array(offsets)  # (n-grams, classifiers)

    def predict(given: Texts) -> np.ndarray:
        scores = vectorizer.transform(given) @ matrix + offset  # (texts, classifiers)
        best = (scores[:, 0] > 0).astype(int) if len(classes) == 2 else scores.argmax(axis=1)
        return classes[best]

    return Model(predict, size_of(vectorizer, matrix, offset))


def log_ratio(rows: sp.csr_matrix, chosen: np.ndarray) -> np.ndarray:
    """r of each n-gram: (n-grams,)."""
    p = 1 + np.asarray(rows[chosen].sum(axis=0)).ravel()
    q = 1 + np.asarray(rows[~chosen].sum(axis=0)).ravel()
    return np.log((p / p.sum()) / (q / q.sum()))


def train_fasttext(texts: Texts, labels: Labels, rate: float, longest: int, seed: int) -> Model:
    """fastText over words and bigrams, 50 dimensions, 25 epochs, one thread."""
    import fasttext

    del longest
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "train.txt"
        lines = [f"__label__{y} {line(text)}\n" for text, y in zip(texts, labels, strict=True)]
        file.write_text("".join(lines), encoding="utf-8")
        model = fasttext.train_supervised(
            *(str(file),), epoch=25, wordNgrams=2, dim=50, lr=rate, thread=1, verbose=0, seed=seed
        )
        model.save_model(str(Path(place) / "model.bin"))
        size = (Path(place) / "model.bin").stat().st_size

    def predict(given: Texts) -> np.ndarray:
        found, _ = model.predict([line(text) for text in given])
        # no known word: no label
        return np.array([int(each[0].removeprefix("__label__")) if each else 0 for each in found])

    return Model(predict, size)


def tokens(text: str) -> list[str]:
    return TOKEN.findall(text.lower())


def line(text: str) -> str:
    """A text as fastText reads it: tokens with spaces between them."""
    return " ".join(tokens(text))


def size_of(vectorizer: Any, *weights: np.ndarray) -> int:
    """Bytes of the n-grams in UTF-8 and of the weights in 32 bits."""
    ngrams = sum(len(each.encode()) for each in vectorizer.vocabulary_)
    return ngrams + sum(4 * each.size for each in weights)


BASELINES: dict[str, Baseline] = {
    "svm": Baseline("TF-IDF + linear SVM", "sklearn", (0.1, 0.3, 1.0, 3.0), train_svm),
    "nbsvm": Baseline("NBSVM", "sklearn", (0.01, 0.1, 1.0), train_nbsvm),
    "fasttext": Baseline("fastText", "fasttext", (0.1, 0.25, 0.5), train_fasttext),
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
    accuracies = {
        value: float(
            np.mean(
                baseline.train(*train, value, longest, seed).predict(validation[0]) == validation[1]
            )
        )
        for value in baseline.choices
    }
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
    texts = [*train[0], *validation[0]]
    labels = np.concatenate([train[1], validation[1]])
    return BASELINES[name].train(texts, labels, choice, longest, seed)
