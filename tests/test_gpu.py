"""Training on a GPU: every kind of model, and checkpoints that a CPU reads."""

from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_data import CLASS_WORDS, rows

import textcnn

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")

SHORT = {"epochs": 3, "batch_size": 16}
SETTINGS: dict[str, dict[str, Any]] = {
    "default": {},
    "n-grams alone": {"model": "ngrams"},
    "n-grams by gradients": {"model": {"ngram_solver": "gradient"}},
    "characters": {"text": "char", "model": {"name": "multi_width", "ngrams": 3}},
    "one-hot": {"model": "onehot_cnn"},
    "members": {"training": SHORT | {"members": 2}},
    "final": {"training": SHORT | {"final": "all", "average": "tail"}},
    "R-Drop": {"training": SHORT | {"r_drop": 1.0}},
    "bf16": {"training": SHORT | {"precision": "bf16"}},
    "dilated": {"model": "dilated"},
    "VDCNN": {"model": "vdcnn_tiny"},
    "DCNN": {"model": "dcnn"},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_model_trains_on_a_gpu_and_predicts_on_a_cpu(name: str, tmp_path: Path) -> None:
    check({"training": SHORT} | SETTINGS[name], tmp_path)


@pytest.mark.parametrize("embedding", ["static", "nonstatic", "multichannel"])
def test_vectors_of_unknown_words_are_composed(embedding: str, tmp_path: Path) -> None:
    vectors = tmp_path / "v.txt"
    words = [word for words in CLASS_WORDS.values() for word in words]
    vectors.write_text("".join(f"{word} {at} {1 / (1 + at)}\n" for at, word in enumerate(words)))
    text = {"vectors": str(vectors)}
    settings = {"training": SHORT, "text": text, "model": {"embedding": embedding}}
    check(settings, tmp_path)


def check(settings: dict[str, Any], place: Path) -> None:
    texts, labels = (list(column) for column in zip(*rows(120), strict=True))
    run_dir = place / "run"
    trained = textcnn.fit(texts, labels, run_dir=str(run_dir), **settings)
    loaded = textcnn.load(run_dir)
    asked = [*texts[:20], "", "an unknownish word"]
    logits = loaded.logits(asked)
    assert logits.isfinite().all()
    assert torch.allclose(trained.logits(asked), logits, rtol=1e-3, atol=1e-3)
    on_gpu = textcnn.load(run_dir)
    on_gpu.model.cuda()
    assert torch.allclose(on_gpu.logits(asked), logits, rtol=1e-3, atol=1e-3)
