"""textcnn.runtime predicts as the classifier that was exported, without torch."""

import pickle
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_exports import (
    LABELS,
    TEXTS,
    WORDS,
    classifier_of,
    exported,
    ngrams_of,
    with_vectors,
)
from tiny_models import allowed, build

import textcnn
from textcnn.errors import InputError
from textcnn.inference import AnyClassifier, build_classifier
from textcnn.models.ensemble import Ensemble
from textcnn.models.ngrams.beside import WithNgrams
from textcnn.runtime import RuntimeClassifier, load
from textcnn.runtime.calibration import Calibration
from textcnn.runtime.hash_table import NO_KEY, HashTable
from textcnn.runtime.processes import in_processes
from textcnn.runtime.words import WordTable
from textcnn.text.encoder import TextEncoder
from textcnn.text.tokenizers import basic_english_words, build_tokenizer
from textcnn.text.vocabulary import Vocabulary


def assert_agree(
    native: AnyClassifier, runtime: RuntimeClassifier, texts: Sequence[str] = TEXTS
) -> None:
    """The same logits, together and one by one, and the same predictions."""
    expected = native.logits(texts).numpy()
    np.testing.assert_allclose(runtime.logits(texts), expected, atol=1e-4, rtol=1e-5)
    alone = np.concatenate([runtime.logits([text]) for text in texts])
    np.testing.assert_allclose(alone, expected, atol=1e-4, rtol=1e-5)
    long = [text for text in texts for _ in range(3)]  # enough to be split together
    np.testing.assert_allclose(runtime.logits(long), expected.repeat(3, 0), atol=1e-4, rtol=1e-5)
    for ours, theirs in zip(runtime.predict(texts), native.predict(texts), strict=True):
        assert ours[0] == theirs[0]
        assert ours[1] == pytest.approx(theirs[1], abs=1e-5)


@pytest.mark.parametrize("name", ["multi_width", "multi_width, wide", "onehot_cnn", "bag"])
def test_every_padding_and_pooling_gives_the_same_logits(name: str, tmp_path: Path) -> None:
    for settings in allowed(name):
        native = classifier_of(build(name, **settings))
        runtime = exported(native, tmp_path)
        np.testing.assert_allclose(
            runtime.logits(TEXTS), native.logits(TEXTS).numpy(), atol=1e-4, err_msg=str(settings)
        )


@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu", "elu", "leaky_relu", "none"])
def test_every_activation_gives_the_same_logits(activation: str, tmp_path: Path) -> None:
    for pooling in ("max", "mean"):
        native = classifier_of(build("multi_width", activation=activation, pooling=pooling))
        assert_agree(native, exported(native, tmp_path))


@pytest.mark.parametrize(
    "settings",
    [
        {"embedding": "multichannel"},
        {"embedding": "onehot"},
        {"hidden_sizes": (5, 4)},
        {"pooled_normalization": True, "response_normalization": True},
        {"response_normalization": True, "pooling": "kmax"},
        {"pooling": "flatten", "padding": "zeros", "max_positions": 7},
    ],
)
def test_every_embedding_and_layer_gives_the_same_logits(
    settings: dict[str, Any], tmp_path: Path
) -> None:
    native = classifier_of(build("multi_width", **settings))
    assert_agree(native, exported(native, tmp_path))


def test_bags_of_regions_count_a_repeated_token_once(tmp_path: Path) -> None:
    native = classifier_of(build("onehot_cnn, bow"))
    assert_agree(native, exported(native, tmp_path))


def test_a_network_without_room_for_its_table_gives_the_same_logits(tmp_path: Path) -> None:
    native = classifier_of(with_vectors("multichannel"), subwords=True)
    native.export(tmp_path / "exported")
    assert_agree(native, load(tmp_path / "exported", table_memory=0))


@pytest.mark.parametrize("multi_label", [False, True])
def test_members_vote_as_in_the_native_model(multi_label: bool, tmp_path: Path) -> None:
    members = [build("multi_width"), build("multi_width")]
    with torch.no_grad():
        members[1].head.weight.neg_()
    native = classifier_of(
        Ensemble(members, multi_label=multi_label), thresholds=[0.3, 0.5, 0.6] * multi_label or None
    )
    assert_agree(native, exported(native, tmp_path))


@pytest.mark.parametrize("embedding", ["static", "multichannel"])
def test_unknown_words_have_the_vectors_of_their_subwords(embedding: str, tmp_path: Path) -> None:
    native = classifier_of(with_vectors(embedding), subwords=True)
    assert_agree(native, exported(native, tmp_path))


@pytest.mark.parametrize("longest", [1, 2, 3, 4])
@pytest.mark.parametrize("scaling", ["naive_bayes", "tf_idf", "none"])
def test_ngrams_give_the_same_logits(longest: int, scaling: str, tmp_path: Path) -> None:
    native = classifier_of(ngrams_of(longest, scaling))
    assert_agree(native, exported(native, tmp_path))


def test_ngrams_beside_a_network_give_the_same_logits(tmp_path: Path) -> None:
    model = WithNgrams(build("multi_width"), ngrams_of(3, subwords=True))
    model.weights.copy_(torch.tensor([0.5, 2.0]))
    native = classifier_of(model, subwords=True, calibration=Calibration(1.5, texts=100))
    assert_agree(native, exported(native, tmp_path))


def test_label_sets_have_the_same_labels_and_thresholds(tmp_path: Path) -> None:
    calibration = Calibration(slopes=(1.0, 2.0, 0.5), offsets=(0.1, -1.0, 0.0))
    thresholds = [0.2, 0.5, 0.9]
    native = classifier_of(ngrams_of(sets=True), thresholds=thresholds, calibration=calibration)
    runtime = exported(native, tmp_path)
    assert_agree(native, runtime)
    assert runtime.thresholds == native.thresholds
    with pytest.raises(InputError, match="a threshold for each label"):
        runtime.predict(["a"], threshold=0.5)


words = st.sampled_from([*WORDS, "unknown", "É", "<br />", '"', "\u3000", ";", "\t", "x" * 30])


anything = st.one_of(st.lists(words).map(" ".join), st.text(max_size=40))


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[AnyClassifier, RuntimeClassifier]:
    model = WithNgrams(build("multi_width", padding="reflect"), ngrams_of(3, subwords=True))
    native = classifier_of(model, subwords=True)
    return native, exported(native, tmp_path_factory.mktemp("pair"))


@given(texts=st.lists(anything, min_size=1, max_size=8))
def test_any_texts_give_the_same_logits(
    pair: tuple[AnyClassifier, RuntimeClassifier], texts: list[str]
) -> None:
    native, runtime = pair
    many = texts * 4
    expected = native.logits(texts).numpy()
    np.testing.assert_allclose(runtime.logits(texts), expected, atol=1e-4, rtol=1e-5)
    np.testing.assert_allclose(runtime.logits(many)[: len(texts)], expected, atol=1e-4, rtol=1e-5)


@given(texts=st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"])), min_size=1))
def test_words_of_many_texts_are_those_of_each(texts: list[str]) -> None:
    tokens = [basic_english_words(text) for text in texts]
    known = sorted({token for each in tokens for token in each[::2]})
    found = WordTable(known).split(texts)
    if any("\0" in text for text in texts):
        assert found is None
        return
    assert found is not None
    ids, lengths, spans = found
    assert lengths.tolist() == [len(each) for each in tokens]
    flat = [token for each in tokens for token in each]
    assert ids.tolist() == Vocabulary(known).encode(flat)
    assert spans.words(np.arange(len(flat))) == flat


def test_predictions_are_those_of_the_native_classifier(
    pair: tuple[AnyClassifier, RuntimeClassifier],
) -> None:
    native, runtime = pair
    assert runtime.labels == native.labels
    first = runtime.predict(["a good film"])[0]
    assert isinstance(first, textcnn.Prediction)
    assert first.label in LABELS
    assert runtime.predict([]) == []
    assert runtime.logits([]).shape == (0, 3)
    (kept,) = runtime.predict(["a good film"], threshold=0.999999)
    assert kept.label is None
    with pytest.raises(TypeError, match=r"try \[text\]"):
        runtime.predict("a good film")
    with pytest.raises(InputError, match="takes a number from 0 to 1, got 3"):
        runtime.predict(["a"], threshold=3)
    with pytest.raises(InputError, match="calibrated on validation"):
        runtime.predict(["a"], coverage=0.5)


@pytest.mark.parametrize("unit", ["char", "byte"])
def test_characters_and_bytes_are_tokens_too(unit: str, tmp_path: Path) -> None:
    alphabet = {"alphabet": "abcdefghij", "lowercase": True} if unit == "char" else {}
    tokenizer = build_tokenizer(unit, **alphabet)
    encoder = TextEncoder(tokenizer, Vocabulary("abcdefghij"), None, "head")
    native = build_classifier(build("multi_width").eval(), encoder, LABELS, None)
    assert_agree(native, exported(native, tmp_path), ["", "ABBA bad", "\ud83d é", "jig" * 400])


def test_halves_and_bytes_lose_little(tmp_path: Path) -> None:
    model = WithNgrams(build("multi_width"), ngrams_of(2, subwords=True))
    native = classifier_of(model, subwords=True)
    expected = native.logits(TEXTS).numpy()
    half = exported(native, tmp_path, dtype="float16").logits(TEXTS)
    np.testing.assert_allclose(half, expected, atol=0.05, rtol=0.01)
    byte = exported(native, tmp_path, dtype="int8").logits(TEXTS)
    np.testing.assert_allclose(byte, expected, atol=0.5, rtol=0.05)


WITHOUT = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {allowed!r}:
            raise ImportError(name)
sys.meta_path.insert(0, Blocked())
from textcnn.runtime import load
print(load({path!r}).predict(["a good film", "日 été"])[0].label)
"""


def test_nothing_but_numpy_regex_and_safetensors_is_imported(
    pair: tuple[AnyClassifier, RuntimeClassifier], tmp_path: Path
) -> None:
    native, _ = pair
    native.export(tmp_path / "exported")
    blocked = {"torch", "hydra", "omegaconf", "datasets", "pyarrow", "sklearn", "scipy", "pandas"}
    script = WITHOUT.format(allowed=blocked, path=str(tmp_path / "exported"))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.split() == [native.predict(["a good film"])[0][0]], done.stderr


def test_processes_give_the_same_logits(
    pair: tuple[AnyClassifier, RuntimeClassifier], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, runtime = pair
    monkeypatch.setattr("textcnn.runtime.processes.MIN_CHARACTERS", 10)
    expected = runtime.logits(TEXTS)
    for processes in (2, 3, 50):
        np.testing.assert_allclose(runtime.logits(TEXTS, processes=processes), expected, atol=1e-5)
    labels = [each[0] for each in runtime.predict(TEXTS)]
    assert runtime.classify(TEXTS, processes=2) == labels
    assert [each[0] for each in runtime.predict(TEXTS, processes=2)] == labels
    assert runtime.logits([], processes=2).shape == (0, 3)
    with pytest.raises(InputError, match="processes must be at least 1, got 0"):
        runtime.logits(TEXTS, processes=0)


def test_what_fails_in_a_process_fails_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textcnn.runtime.processes.MIN_CHARACTERS", 1)

    def fail(texts: Sequence[str]) -> np.ndarray:
        if "b" in texts:
            raise MemoryError("too little")
        return np.zeros((len(texts), 2), np.float32)

    assert in_processes(fail, ["a", "a"], 2, 2).shape == (2, 2)
    with pytest.raises(MemoryError, match="too little"):
        in_processes(fail, ["a", "b"], 2, 2)


def test_a_hash_table_finds_every_key_and_no_other() -> None:
    keys = np.random.default_rng(0).permutation(np.arange(1, 5000, dtype=np.uint64)) ** np.uint64(5)
    for count in (0, 1, 2, 100, len(keys)):
        table = HashTable(keys[:count], 7)
        found = table.look_up(np.append(keys, NO_KEY))
        assert found[:count].tolist() == list(range(7, 7 + count))
        assert not found[count:].any()


def test_a_hash_table_refuses_repeated_keys_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(HashTable, "filled")  # looking for slots would take 20 s
    with pytest.raises(ValueError, match="expected different keys"):
        HashTable(np.full(200_000, 1, np.uint64), 1)


def test_a_classifier_can_be_pickled_and_used_from_threads(
    pair: tuple[AnyClassifier, RuntimeClassifier], tmp_path: Path
) -> None:
    native = classifier_of(with_vectors("static"), subwords=True)
    runtime = exported(native, tmp_path)
    expected = runtime.logits(TEXTS)
    copied = pickle.loads(pickle.dumps(runtime))  # noqa: S301 - our own bytes
    with ThreadPoolExecutor(4) as threads:
        for found in threads.map(lambda _: copied.logits(TEXTS), range(20)):
            np.testing.assert_allclose(found, expected, atol=1e-5)
