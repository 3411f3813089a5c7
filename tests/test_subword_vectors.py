"""Vectors of words that have none, from their subwords."""

import copy
import pickle
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save
from tiny_data import forge, read_json, refusal, resume, run, train, weights
from tiny_models import build
from torch import Tensor

from textcnn.data.batching import Batch
from textcnn.data.encoding import encode_texts
from textcnn.inference import load
from textcnn.models.classifier import TextCNN
from textcnn.models.ensemble import Ensemble
from textcnn.models.fast.tables import build_tables
from textcnn.models.layers.embedding import Embedding
from textcnn.models.layers.subword_table import SubwordTable
from textcnn.text.encoder import TextEncoder
from textcnn.text.subwords import subwords_of
from textcnn.text.tokenizers import build_tokenizer
from textcnn.text.vectors.token_vectors import SourceVectors, TokenVectors
from textcnn.text.vocabulary import SPECIALS, UNKNOWN, Vocabulary
from textcnn.training.subwords import matrix
from textcnn.training.subwords import vectors as learned
from textcnn.training.subwords.matrix import shared_keys

pytest_plugins = ("tiny_run",)

WORDS = ["kind", "kindness", "cruel", "cruelty", "walk", "walking", "movie", "the"]
WHITE = build_tokenizer("word", tokenizer="whitespace")
TEXTS = ["the kindly walk", "", "unkind crueler kindly", "xq the xq", "a b c d e f g h i"]


def encoder_of(size: int) -> TextEncoder:
    """The text encoder of a network with so many ids."""
    tokens = [*WORDS, *(f"token{number}" for number in range(size))][: size - len(SPECIALS)]
    return TextEncoder(WHITE, Vocabulary(tokens), None, "head", subwords=True)


def with_subwords(name: str = "multi_width", seed: int = 0, **changes: Any) -> TextCNN:
    network = build(name, **changes).eval()
    embedding = network.embedding
    tokens = encoder_of(embedding.vocabulary_size).vocabulary.known_tokens
    assert embedding.table is not None
    table = SubwordTable(shared_keys(subwords_of(tokens).keys), embedding.table.embedding_dim)
    table.weight[1:] = torch.randn(table.weight[1:].shape, generator=torch.manual_seed(seed))
    embedding.subwords = table
    return network


def batch_of(network: Any, texts: list[str]) -> Batch:
    first: Any = network.members[0] if isinstance(network, Ensemble) else network
    encoder = encoder_of(first.embedding.vocabulary_size)
    return encode_texts(texts, encoder).batch(np.arange(len(texts)))


@pytest.mark.parametrize("embedding", ["static", "nonstatic", "multichannel"])
def test_an_unknown_word_has_the_mean_vector_of_its_known_subwords(embedding: str) -> None:
    network = with_subwords(embedding=embedding)
    table = network.embedding.subwords
    assert table is not None
    batch = batch_of(network, ["the kindly xq"])
    embedded = network.activations(**batch.inputs).embedded[0]
    keys = table.keys.tolist()
    rows = [keys.index(key) + 1 for key in subwords_of(["kindly"]).keys.tolist() if key in keys]
    expected = table.weight[rows].mean(dim=0)
    copies = 2 if embedding == "multichannel" else 1
    torch.testing.assert_close(embedded[1], expected.repeat(copies))
    plain = network.activations(batch.ids, batch.lengths).embedded[0]
    assert torch.equal(embedded[2], plain[2])  # not one known subword
    assert torch.equal(embedded[0], plain[0])
    assert not torch.equal(embedded[1], plain[1])


def test_positions_are_right_in_a_frame_that_cuts_texts() -> None:
    network = with_subwords(pooling="flatten", max_positions=2)
    for texts in (["kindly unkind crueler", "the kindly"], ["unkind"]):
        batch = batch_of(network, texts)
        for row, text in enumerate(texts):
            alone = batch_of(network, [" ".join(text.split()[:2])])
            torch.testing.assert_close(
                network(**batch.inputs)[row], network(**alone.inputs)[0], rtol=0, atol=1e-5
            )


@pytest.mark.parametrize("name", ["multi_width", "char_cnn", "dilated", "bag", "lstm"])
@pytest.mark.parametrize("memory", [2**20, 1500])
def test_tables_give_the_logits_of_the_model(name: str, memory: int) -> None:
    network = with_subwords(name)
    tables = build_tables(network, memory)
    if tables is None:
        return
    for texts in (TEXTS, TEXTS[:1], [""]):
        inputs = batch_of(network, texts).inputs
        torch.testing.assert_close(tables(**inputs), network(**inputs), rtol=0, atol=1e-5)


def test_merged_members_compose_with_their_own_vectors() -> None:
    members = Ensemble([with_subwords(seed=seed) for seed in range(3)], multi_label=False).eval()
    tables = build_tables(members, 2**22)
    assert tables is not None
    inputs = batch_of(members, TEXTS).inputs
    torch.testing.assert_close(tables(**inputs), members(**inputs), rtol=0, atol=1e-5)


def test_more_unknown_words_than_spare_rows_are_left_to_the_model(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network = with_subwords()
    tables: Any = build_tables(network, 2**20)
    monkeypatch.setattr(tables.table, "spare_words", 2)
    inputs = batch_of(network, TEXTS).inputs
    torch.testing.assert_close(tables(**inputs), network(**inputs), rtol=0, atol=1e-5)


def test_threads_have_spare_rows_of_their_own() -> None:
    network = with_subwords()
    tables = build_tables(network, 2**20)
    assert tables is not None
    texts = [[f"kind{number} unkind{number} the"] * 4 for number in range(40)]
    batches = [batch_of(network, each).inputs for each in texts]
    with torch.inference_mode():
        expected = [network(**inputs) for inputs in batches]
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda inputs: tables(**inputs).detach(), batches * 3))
    for number, logits in enumerate(got):
        torch.testing.assert_close(logits, expected[number % 40], rtol=0, atol=1e-5)


# Learned from vectors


def vectors_of(found: list[bool], dim: int = 3) -> TokenVectors:
    values = np.random.default_rng(0).normal(size=(len(WORDS), dim)).astype(np.float32)
    rows = np.flatnonzero(found)
    return TokenVectors(values, np.array(found), (SourceVectors("tiny", rows, values[rows]),))


def test_subwords_solve_the_ridge_regression(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learned, "STEPS", 200)
    words, given = subwords_of(WORDS), vectors_of([True] * len(WORDS))
    table = SubwordTable(shared_keys(words.keys), 3)
    learned.learn_vectors(table, words, torch.from_numpy(given.values))
    keys = table.keys.tolist()
    means = np.zeros((len(WORDS), len(keys)))
    for row, word in zip(means, WORDS, strict=True):
        own = [keys.index(key) for key in subwords_of([word]).keys.tolist() if key in keys]
        np.add.at(row, own, 1 / max(len(own), 1))
    penalty = learned.PENALTY * np.eye(len(keys))
    expected = np.linalg.solve(means.T @ means + penalty, means.T @ given.values)
    np.testing.assert_allclose(table.weight[1:], expected, atol=1e-3)


@pytest.mark.parametrize("kind", ["nonstatic", "multichannel"])
def test_words_without_a_vector_get_a_composed_one(kind: str) -> None:
    given = vectors_of([word != "walking" and word != "the" for word in WORDS])
    embedding = Embedding(len(WORDS) + len(SPECIALS), 3, kind)
    embedding.set_vectors(torch.from_numpy(given.values))
    learned.add_subwords(embedding, WORDS, given)
    batch = encode_texts(["walking"], TextEncoder(WHITE, Vocabulary([]), None, "head", True))
    unknown = batch.batch(np.arange(1)).unknown
    assert unknown is not None
    composed = embedding.compose(unknown)
    assert composed is not None
    place = WORDS.index("walking") + len(SPECIALS)
    assert torch.equal(embedding(torch.tensor([[place]]))[0], composed)
    for word in ("kind", "the"):  # one has a vector, the other no subword of another word
        own = embedding(torch.tensor([[WORDS.index(word) + len(SPECIALS)]]))[0, 0, :3]
        assert torch.equal(own, torch.from_numpy(given.values[WORDS.index(word)]))


# Whole runs


@pytest.fixture(scope="module")
def vectors_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Vectors of words that the tiny texts hold, and of their relatives."""
    file = tmp_path_factory.mktemp("vectors") / "vectors.txt"
    random = np.random.default_rng(0)
    words = [
        "goal",
        "match",
        "team",
        "chip",
        "code",
        "laptop",
        "actor",
        "scene",
        "plot",
        "the",
        "a",
        "of",
        "was",
        "good",
    ]
    lines = [f"{word} {' '.join(f'{n:.3f}' for n in random.normal(size=4))}" for word in words]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def composed_run(
    tiny_csv: Path, vectors_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    run_dir = tmp_path_factory.mktemp("composed") / "run"
    keys = ("training.epochs=2", f"text.vectors={vectors_file}", "model.ngrams=2")
    assert train(tiny_csv, run_dir, *keys) == 0
    return run_dir


def test_a_run_stores_and_uses_the_vectors_of_subwords(composed_run: Path, tmp_path: Path) -> None:
    stored = weights(composed_run / "best")
    assert stored["network.embedding.subwords.keys"].dtype == torch.int64
    fast, plain = load(composed_run), load(composed_run, table_memory=0)
    texts = ["goalx laptops matches", "teams"]
    assert (plain.encode(texts).ids == UNKNOWN).any()
    torch.testing.assert_close(fast.logits(texts), plain.logits(texts), rtol=0, atol=1e-5)
    network = plain.model.network
    batch = plain.encode(texts)
    assert not torch.equal(network(**batch.inputs), network(batch.ids, batch.lengths))
    assert run("evaluate", f"checkpoint={composed_run}", f"run_dir={tmp_path}") == 0
    assert read_json(tmp_path / "evaluation.json")["reproduced"] is True


def test_a_classifier_is_copied_and_pickled_with_its_tables(composed_run: Path) -> None:
    classifier = load(composed_run)
    texts = ["goalx laptops the", "team"]
    expected = classifier.logits(texts)
    for other in (copy.deepcopy(classifier), pickle.loads(pickle.dumps(classifier))):  # noqa: S301
        assert torch.equal(other.logits(texts), expected)


def test_an_interrupted_run_needs_no_file_of_vectors(
    tiny_csv: Path, vectors_file: Path, composed_run: Path, tmp_path: Path
) -> None:
    file = tmp_path / "vectors.txt"
    shutil.copy(vectors_file, file)
    run_dir = tmp_path / "run"
    keys = ("training.epochs=1", f"text.vectors={file}", "model.ngrams=2")
    assert train(tiny_csv, run_dir, *keys) == 0
    file.unlink()
    assert resume(run_dir, "training.epochs=2") == 0
    ours, theirs = weights(run_dir / "last"), weights(composed_run / "last")
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_members_and_final_training_have_subwords(
    tiny_csv: Path, vectors_file: Path, tmp_path: Path
) -> None:
    keys = ("training.epochs=1", f"text.vectors={vectors_file}")
    assert train(tiny_csv, tmp_path / "members", *keys, "training.members=2") == 0
    assert train(tiny_csv, tmp_path / "final", *keys, "training.final=all") == 0
    for name in ("members", "final"):
        fast, plain = load(tmp_path / name), load(tmp_path / name, table_memory=0)
        texts = ["goalx laptops the"]
        torch.testing.assert_close(fast.logits(texts), plain.logits(texts), rtol=0, atol=1e-5)


def without_keys(stored: dict[str, Tensor], name: str) -> None:
    del stored[f"{name}.keys"]


def repeated_keys(stored: dict[str, Tensor], name: str) -> None:
    stored[f"{name}.keys"].fill_(5)


def narrow_rows(stored: dict[str, Tensor], name: str) -> None:
    stored[f"{name}.weight"] = stored[f"{name}.weight"][:, :1].clone()


@pytest.mark.parametrize("change", [without_keys, repeated_keys, narrow_rows])
def test_forged_subwords_are_refused(change: Any, composed_run: Path, tmp_path: Path) -> None:
    best = shutil.copytree(composed_run, tmp_path / "run") / "best"
    stored = weights(best)
    change(stored, "network.embedding.subwords")
    forge(best, "model.safetensors", save(stored))
    assert "configuration and weights don't fit" in refusal(lambda: load(best))


PAIRS = {
    "wonderfull": "wonderful",
    "beautifull": "beautiful",
    "excelent": "excellent",
    "directorz": "director",
    "comedys": "comedy",
    "actresss": "actress",
    "dissappointing": "disappointing",
    "happyish": "happy",
    "movieish": "movie",
    "interestingly": "interesting",
    "governmentt": "government",
    "friendlyy": "friendly",
}


def test_a_misspelt_or_inflected_word_is_near_its_stem(monkeypatch: pytest.MonkeyPatch) -> None:
    """With random vectors, whose neighbours only spelling can explain."""
    monkeypatch.setattr(matrix, "MIN_WORDS", 1)  # a small vocabulary shares few subwords
    tokens = [*dict.fromkeys(PAIRS.values()), *WORDS]
    values = np.random.default_rng(1).normal(size=(len(tokens), 50)).astype(np.float32)
    all_found = SourceVectors("random", np.arange(len(tokens)), values)
    embedding = Embedding(len(tokens) + len(SPECIALS), 50, "static")
    embedding.set_vectors(torch.from_numpy(values))
    given = TokenVectors(values, np.ones(len(tokens), bool), (all_found,))
    learned.add_subwords(embedding, tokens, given)
    assert embedding.subwords is not None
    means = embedding.subwords.means(*map(torch.from_numpy, subwords_of(list(PAIRS))))
    near = torch.cosine_similarity(means[:, None], torch.from_numpy(values), dim=2).argmax(dim=1)
    right = [tokens[place] == stem for place, stem in zip(near, PAIRS.values(), strict=True)]
    assert sum(right) >= 10
