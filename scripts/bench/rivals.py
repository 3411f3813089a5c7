"""Other text classifiers, used as their documentation says; all are in the extra `bench`."""

import random
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from usual import basic_english


@dataclass(frozen=True)
class Rival:
    """Another classifier.

    Attributes:
        train: from texts and labels to a model and the number of passes over the texts.
        prepare: preparation of texts, which isn't measured.
        predict: from prepared texts to labels.
    """

    train: Callable[[list[str], list[int]], tuple[Any, int]]
    prepare: Callable[[list[str]], list[str]]
    predict: Callable[[Any, list[str]], list[int]]


def tokens(texts: list[str]) -> list[str]:
    return [" ".join(basic_english(text)) for text in texts]


def train_fasttext(texts: list[str], labels: list[int]) -> tuple[Any, int]:
    import fasttext

    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "train.txt"
        lines = [f"__label__{y} {text}\n" for text, y in zip(tokens(texts), labels, strict=True)]
        file.write_text("".join(lines), encoding="utf-8")
        model = fasttext.train_supervised(
            str(file), epoch=5, wordNgrams=2, lr=0.5, thread=2, verbose=0
        )
    return model, 5


def predict_fasttext(model: Any, texts: list[str]) -> list[int]:
    found, _ = model.predict(texts)
    return [int(label[0].removeprefix("__label__")) for label in found]


def train_svm(texts: list[str], labels: list[int]) -> tuple[Any, int]:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    return make_pipeline(vectorizer, LinearSVC()).fit(texts, labels), 1


def predict_svm(model: Any, texts: list[str]) -> list[int]:
    predicted: list[int] = model.predict(texts).tolist()
    return predicted


def train_spacy(texts: list[str], labels: list[int]) -> tuple[Any, int]:
    import spacy
    from spacy.training import Example

    nlp = spacy.blank("en")
    architecture = {
        "@architectures": "spacy.TextCatCNN.v2",
        "exclusive_classes": True,
        "tok2vec": {
            "@architectures": "spacy.HashEmbedCNN.v2",
            "pretrained_vectors": None,
            "width": 96,
            "depth": 4,
            "embed_size": 2000,
            "window_size": 1,
            "maxout_pieces": 3,
            "subword_features": True,
        },
    }
    part: Any = nlp.add_pipe("textcat", config={"model": architecture})
    names = [str(name) for name in sorted(set(labels))]
    for name in names:
        part.add_label(name)
    examples = [
        Example.from_dict(nlp.make_doc(text), {"cats": {n: float(n == str(y)) for n in names}})
        for text, y in zip(texts, labels, strict=True)
    ]
    optimizer = nlp.initialize(lambda: examples)
    order = random.sample(examples, len(examples))
    for start in range(0, len(order), 50):
        nlp.update(order[start : start + 50], sgd=optimizer, drop=0.2)
    return nlp, 1


def predict_spacy(model: Any, texts: list[str]) -> list[int]:
    return [int(max(doc.cats, key=doc.cats.get)) for doc in model.pipe(texts, batch_size=50)]


RIVALS = {
    "fastText": ("fasttext", Rival(train_fasttext, tokens, predict_fasttext)),
    "TF-IDF + SVM": ("sklearn", Rival(train_svm, list, predict_svm)),
    "spaCy": ("spacy", Rival(train_spacy, list, predict_spacy)),
}


# spaCy takes minutes for one pass over a data set
FEW = {"spaCy": 200}


def affordable(name: str, count: int) -> int:
    """How many of `count` training texts this program is given."""
    return min(FEW.get(name, count), count)


def installed() -> dict[str, Rival]:
    return {name: rival for name, (module, rival) in RIVALS.items() if find_spec(module)}


def report_missing() -> None:
    """Print which of the other programs are not installed."""
    for name, (module, _) in RIVALS.items():
        if not find_spec(module):
            print(f"{name} is left out: {module} is not installed; try pip install -e '.[bench]'")
