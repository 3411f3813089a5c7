"""The live page in a real browser: it predicts as Python does, and shows why."""

import json
import random
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from textcnn.data.sources.bundled import read_bundled
from textcnn.inference import AnyClassifier, build_classifier
from textcnn.models.build import build_model
from textcnn.models.ngrams.beside import WithNgrams
from textcnn.models.ngrams.index import NgramIndex
from textcnn.models.ngrams.ngrams import Ngrams
from textcnn.models.ngrams.subword_weights import SubwordWeights
from textcnn.runtime import load
from textcnn.runtime.calibration import Calibration
from textcnn.text.encoder import TextEncoder
from textcnn.text.subwords import subwords_of
from textcnn.text.tokenizers import build_tokenizer
from textcnn.text.vocabulary import PADDING, Vocabulary

if TYPE_CHECKING:
    from browser import OpenPage
    from playwright.sync_api import Page

pytest_plugins = ["browser"]

TOPICS = ("business", "entertainment", "politics", "sport", "tech")
SENTENCE = "The bank sold shares, and the film won an award at the festival."
# Scripts, digits, signs and white space of many kinds, and what word boundaries look at.
LETTERS = (
    *("abc XYZ 012 .,:;'\"!?()<br />\t\n\x1c\x85\u200b_-", "ΣσςİIıßﬁéèñç·’“”«»–—…"),
    *("今日は天気カタカナーｶﾅ", "สวัสดีครับ", "안녕하세요", "हिन्दीक्ष", "العَرَبِيَّة", "עִבְרִית", "Привет"),
    *("🇩🇪🇫🇷👩\u200d👩\u200d👧🏽❤\ufe0f©Ⓜ", "\u0301\u0308\u200d\u202e\ufdd0\ufdd1\ufdd2\ud83d"),
)
SCRIPT = """async (given) => {
  const engine = buildEngine();
  await engine.models();
  const answers = {};
  for (const [name, model] of engine.known) {
    answers[name] = JSON.parse(given).map((text) => {
      const { logits } = model.forward(model.read(text));
      return { logits, ...model.decide(logits), ...model.explain(text, logits.length) };
    });
  }
  return JSON.stringify(answers);
}"""


def made_up(count: int, seed: int = 0) -> list[str]:
    """Texts of random letters of all scripts; halves of surrogate pairs never meet."""
    draw = random.Random(seed)
    texts = []
    for _ in range(count):
        letters = (draw.choice(draw.choice(LETTERS)) for _ in range(draw.randint(0, 60)))
        texts.append("".join(letters))
    return texts


@pytest.fixture(scope="module")
def news() -> list[str]:
    return [str(text) for text in read_bundled()["text"].to_pylist()]


def random_classifier(texts: list[str], **settings: Any) -> AnyClassifier:
    """A network with random weights that knows the words of texts."""
    tokenizer = build_tokenizer("word", tokenizer="basic")
    counts = Counter(word for text in texts for word in tokenizer(text))
    vocabulary = Vocabulary([word for word, _ in counts.most_common(2000)])
    torch.manual_seed(0)
    common = {"vocabulary_size": len(vocabulary), "num_classes": len(TOPICS), "embedding_dim": 16}
    model: Any = build_model(**common | settings)
    encoder = TextEncoder(tokenizer, vocabulary, 100, "head", subwords=settings["name"] != "bag")
    if encoder.subwords:
        model = WithNgrams(model, random_ngrams([encoder(text) for text in texts[:50]], vocabulary))
    with torch.no_grad():
        for weights in model.parameters():
            weights.normal_(0, 0.5)
        for table in model.tables:
            table.weight[PADDING] = 0.0
    calibration = Calibration(1.3, texts=100)
    return build_classifier(model.eval(), encoder, TOPICS, None, calibration=calibration)


def random_ngrams(texts: list[list[int]], vocabulary: Vocabulary) -> Ngrams:
    """All n-grams of up to 2 tokens, with the subwords of a few words."""
    pairs = [(torch.tensor([ids]), torch.tensor([len(ids)])) for ids in texts]
    keys = NgramIndex.learn(lambda: iter(pairs), len(vocabulary), 2).keys
    own = subwords_of(vocabulary.known_tokens)
    subwords = SubwordWeights(
        torch.from_numpy(np.unique(own.keys)),
        vocabulary_size=len(vocabulary),
        num_classes=len(TOPICS),
    )
    weights = torch.randn(len(subwords.keys), len(TOPICS)) / 10
    subwords.set_weights(weights, torch.randn(len(TOPICS)), own)
    return Ngrams(
        keys,
        vocabulary_size=len(vocabulary),
        num_classes=len(TOPICS),
        longest=2,
        scaling="none",
        subwords=subwords,
    )


@pytest.fixture(scope="module")
def classifiers(news: list[str]) -> dict[str, AnyClassifier]:
    """A CNN with n-grams and subwords beside it, and a bag of words."""
    cnn = random_classifier(news[::10], name="multi_width", kernel_sizes=(1, 2, 3), num_filters=8)
    return {"cnn": cnn, "bag": random_classifier(news[::10], name="bag", pooling="mean")}


@pytest.fixture(scope="module")
def page_file(
    classifiers: dict[str, AnyClassifier], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    file = tmp_path_factory.mktemp("page") / "news.html"
    cnn, bag = classifiers.values()
    cnn.export(file, format="html", name="cnn", beside={"bag": bag})
    return file


def answers(page: "Page", texts: list[str]) -> dict[str, list[dict[str, Any]]]:
    """What each model of the page says of texts."""
    return dict(json.loads(page.evaluate(SCRIPT, json.dumps(texts))))


def test_the_page_predicts_as_python_does(
    open_page: "OpenPage",
    page_file: Path,
    classifiers: dict[str, AnyClassifier],
    news: list[str],
    tmp_path: Path,
) -> None:
    texts = [*(text[:300] for text in news[::3]), *made_up(260)]
    assert len(texts) >= 1000
    found = answers(open_page(page_file), texts)
    for name, classifier in classifiers.items():
        classifier.export(tmp_path / name, dtype="int8")
        expected = load(tmp_path / name).predict(texts)
        assert [classifier.labels[each["chosen"][0]] for each in found[name]] == [
            each.label for each in expected
        ]
        np.testing.assert_allclose(
            [each["probabilities"] for each in found[name]],
            [list(each.probabilities.values()) for each in expected],
            atol=1e-5,
        )
