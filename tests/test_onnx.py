"""`format=onnx`: graphs that onnxruntime computes as the model does, sealed and with an example."""

import copy
import importlib.util
import json
import pickle
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_exports import LABELS, TEXTS, classifier_of, ngrams_of, with_vectors
from tiny_models import CLASSES, FRAME, MODELS, WITH_VECTORS, allowed, batch, build, text_of
from torch import Tensor, nn

from textcnn.data.encoding import encode_texts
from textcnn.errors import InputError
from textcnn.exporting.onnx import onnx_export
from textcnn.exporting.onnx.buckets import Buckets
from textcnn.exporting.onnx.graph import graph_of
from textcnn.exporting.onnx.plain import PlainModel, Words
from textcnn.exporting.onnx.smaller import with_dtype
from textcnn.exporting.onnx.splitting import expressions, splits_by_default
from textcnn.inference import AnyClassifier
from textcnn.models.encoders.bag import Bag
from textcnn.models.ensemble import Ensemble
from textcnn.models.layers.features import Features
from textcnn.models.layers.hash_table import HashTable
from textcnn.models.ngrams.beside import WithNgrams
from textcnn.runtime import RuntimeClassifier, load
from textcnn.runtime.blocks import Block
from textcnn.runtime.calibration import Calibration
from textcnn.runtime.onnx_model import OnnxModel, words_of
from textcnn.text.tokenizers import build_tokenizer

# none as long as the example that PyTorch traces
LENGTHS = ((0,), (0, 0), (1,), (2,), (3, 1), (4, 0), (0, 1, 2, 3, 5, 8, 13), (40, 41, 7))
# those with operators that no other model has; PyTorch takes seconds for each
LIGHT = ("multi_width", "dcnn", "onehot_cnn, bow", "lstm", "transformer")
# their operators are those of other models: vdcnn with shortcuts, dpcnn, multi_width, dcnn
PARTS = (
    *("vdcnn, max", "vdcnn, max, shortcut", "vdcnn, kmax", "vdcnn, convolution"),
    *("multi_width, wide", "dcnn, all rows"),
)


def plain(model: nn.Module, **settings: Any) -> PlainModel:
    ones = torch.ones(CLASSES)
    return PlainModel(model.eval(), slopes=ones, offsets=0 * ones, multi_label=False, **settings)


class SideBySide(nn.Module):
    """The logits of several models: one graph takes less time than one for each."""

    reads_words = False

    def __init__(self, models: Sequence[nn.Module]):
        super().__init__()
        self.models = nn.ModuleList(map(plain, models))

    def forward(self, ids: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        logits = torch.cat([model(ids, lengths)[0] for model in self.models], dim=1)
        return logits, logits


def assert_graph_computes(models: dict[str, nn.Module]) -> None:
    """For batches of all sizes, to 1e-5."""
    graph = graph_of(SideBySide(list(models.values())))  # type: ignore[arg-type]
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    for lengths in LENGTHS:
        ids, counts = batch([text_of(length, seed=length) for length in lengths])
        feed = {"ids": ids.numpy(), "lengths": counts.numpy()}
        (computed,) = session.run(["logits"], feed)
        parts = np.split(computed, len(models), axis=1)
        for (name, model), own in zip(models.items(), parts, strict=True):
            native = model(ids, counts).detach().numpy()
            np.testing.assert_allclose(own, native, atol=1e-5, err_msg=f"{name} {lengths}")


def test_graphs_compute_as_the_encoders_do() -> None:
    assert_graph_computes({name: build(name).eval() for name in LIGHT})


def test_graphs_compute_as_poolings_positions_and_ngrams_do() -> None:
    models: dict[str, nn.Module] = {
        pooling: build("bag", pooling=pooling).eval()
        for pooling in ("kmax", "chunk_max", "mean", "attention", "flatten")
    }
    models["ramp"] = build("bag", position="ramp").eval()
    models["tf_idf"] = ngrams_of(3, "tf_idf").eval()
    assert_graph_computes(models)


@pytest.mark.slow
def test_graphs_compute_as_paddings_do() -> None:
    modes = ("full", "causal", "reflect", "replicate", "circular")
    width: dict[str, Any] = {"kernel_sizes": (4,)}
    assert_graph_computes(
        {mode: build("multi_width", padding=mode, **width).eval() for mode in modes}
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", [each for each in MODELS if each not in LIGHT + PARTS])
def test_graphs_compute_as_every_model_does(name: str) -> None:
    assert_graph_computes({name: build(name).eval()})


@pytest.mark.parametrize("name", [name for name in MODELS if name != "lstm"])
def test_padded_texts_have_the_same_logits(name: str) -> None:
    """PyTorch computes the plain model too, except for the operator LSTM of ONNX."""
    for settings in allowed(name)[::3]:
        model = build(name, **settings).eval()
        own = plain(model)
        for lengths in LENGTHS[2::2]:
            inputs = batch([text_of(length, seed=length) for length in lengths])
            logits, _ = own(*inputs)
            torch.testing.assert_close(logits, model(*inputs), atol=1e-5, rtol=0.0)


@pytest.mark.parametrize("name", WITH_VECTORS[:2])
def test_a_frame_is_read_up_to_its_end(name: str) -> None:
    model = build(name, pooling="flatten").eval()
    inputs = batch([text_of(FRAME + 9), text_of(3)])
    torch.testing.assert_close(plain(model)(*inputs)[0], model(*inputs), atol=1e-5, rtol=0.0)


keys = st.lists(st.integers(0, 2**63 - 1), unique=True, max_size=40)


@given(keys=keys, others=st.lists(st.integers(-1, 2**63 - 1), max_size=20))
def test_buckets_look_up_as_a_hash_table(keys: list[int], others: list[int]) -> None:
    known = torch.tensor(keys, dtype=torch.int64)
    wanted = torch.tensor([*keys, *others], dtype=torch.int64)
    found = Buckets(known, 7).look_up(wanted)
    assert found.tolist() == HashTable(known, 7).look_up(wanted).tolist()


def words_for(classifier: AnyClassifier, texts: Sequence[str]) -> Words:
    tokens = [list(classifier.encoder.tokenizer(text))[:50] for text in texts]
    ids = classifier.encode(texts).ids.numpy()
    known = set(classifier.encoder.vocabulary.known_tokens)
    words = [token for own in tokens for token in own if token not in known]
    block = Block(np.arange(len(texts)), ids, np.array(list(map(len, tokens))), words)
    return Words(*map(torch.from_numpy, words_of(block)))


@pytest.mark.parametrize("embedding", ["static", "multichannel"])
def test_unknown_words_are_read_by_their_characters(embedding: str) -> None:
    texts = ["unknown words alone", "good", "", "halves halves unknown good ab"]
    model = WithNgrams(with_vectors(embedding), ngrams_of(2, subwords=True))
    classifier = classifier_of(model, subwords=True)
    inputs = encode_texts(texts, classifier.encoder).batch(np.arange(len(texts)))
    logits, _ = plain(model)(inputs.ids, inputs.lengths, *words_for(classifier, texts))
    torch.testing.assert_close(logits, classifier.logits(texts), atol=1e-5, rtol=0.0)


@given(st.text())
def test_the_expressions_split_as_the_default_tokenizer(text: str) -> None:
    assert example_tokens(text) == list(build_tokenizer("word", tokenizer="basic")(text))


def test_the_expressions_split_every_script() -> None:
    for text in (
        *TEXTS,
        *("日本語カタカナ、と🙂👍🏽🇩🇪🇫🇷", "ภาษาไทย ຄຳ ខ្មែរ", "¿Qué? « naïve » “it’s”\u200bﬁne"),
    ):
        assert example_tokens(text) == list(build_tokenizer("word", tokenizer="basic")(text))


def example_tokens(text: str) -> list[str]:
    import re
    import unicodedata

    before, after, always = expressions()
    for pattern, written in before:
        text = re.sub(pattern, written, text)
    text = unicodedata.normalize("NFKC", text)
    for pattern, written in after:
        text = re.sub(pattern, written, text)
    text = text.lower()
    for pattern, written in always:
        text = re.sub(pattern, written, text)
    return text.split()


def test_other_settings_are_not_split_by_expressions() -> None:
    basic = dict(build_tokenizer("word", tokenizer="basic").settings)
    assert splits_by_default(basic)
    for change in ({"strip_accents": True}, {"tokenizer": "unicode"}, {"normalize": "NFC"}):
        assert not splits_by_default(basic | change)
    assert not splits_by_default(dict(build_tokenizer("byte").settings))


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[AnyClassifier, Path]:
    model = WithNgrams(with_vectors("static"), ngrams_of(2, subwords=True))
    model.weights.copy_(torch.tensor([0.5, 2.0]))
    native = classifier_of(model, subwords=True, calibration=Calibration(1.5, texts=100))
    path = tmp_path_factory.mktemp("onnx") / "exported"
    made = native.export(path, "onnx", texts=TEXTS, labels=[LABELS[0]] * len(TEXTS))
    assert made.bytes == sum(each.stat().st_size for each in path.iterdir())
    assert "onnxruntime alone" in made.notes[0]
    assert "100.00% of the answers are the same" in made.notes[1]
    return native, path


def run_example(path: Path) -> ModuleType:
    """The module example.py."""
    spec = importlib.util.spec_from_file_location("example_of_an_export", path / "example.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def assert_agree(native: AnyClassifier, runtime: RuntimeClassifier) -> None:
    expected = native.logits(TEXTS).numpy()
    np.testing.assert_allclose(runtime.logits(TEXTS), expected, atol=1e-4, rtol=1e-5)
    alone = np.concatenate([runtime.logits([text]) for text in TEXTS])
    np.testing.assert_allclose(alone, expected, atol=1e-4, rtol=1e-5)
    assert runtime.logits([]).shape == (0, CLASSES)
    for ours, theirs in zip(runtime.predict(TEXTS), native.predict(TEXTS), strict=True):
        assert ours[0] == theirs[0]
        assert ours[1] == pytest.approx(theirs[1], abs=1e-5)


def test_the_export_predicts_as_the_classifier(exported: tuple[AnyClassifier, Path]) -> None:
    native, path = exported
    assert_agree(native, load(path))


def test_the_example_predicts_as_the_classifier(exported: tuple[AnyClassifier, Path]) -> None:
    native, path = exported
    logits, probabilities = run_example(path).compute(TEXTS)
    expected = native.logits(TEXTS)
    np.testing.assert_allclose(logits, expected.numpy(), atol=1e-4)
    np.testing.assert_allclose(probabilities, native.probabilities(expected).numpy(), atol=1e-5)
    source = (path / "example.py").read_text(encoding="utf-8")
    assert "textcnn" not in source
    assert len([line for line in source.splitlines() if line]) <= 45


def test_label_sets_of_characters_are_predicted_and_explained_by_an_example(tmp_path: Path) -> None:
    ensemble = Ensemble([build("bag"), build("bag")], multi_label=True)
    calibration = Calibration(slopes=(1.0, 2.0, 0.5), offsets=(0.1, -1.0, 0.0))
    native = classifier_of(ensemble, thresholds=[0.2, 0.5, 0.9], calibration=calibration)
    characters = build_tokenizer("char", alphabet="abcdefghij", lowercase=True)
    native.encoder = native.encoder.__class__(characters, native.encoder.vocabulary, 7, "tail")
    native.export(tmp_path / "out", "onnx")
    runtime = load(tmp_path / "out")
    assert_agree(native, runtime)
    assert runtime.thresholds == native.thresholds
    logits, probabilities = run_example(tmp_path / "out").compute(TEXTS)
    expected = native.logits(TEXTS)
    np.testing.assert_allclose(logits, expected.numpy(), atol=1e-4)
    np.testing.assert_allclose(probabilities, native.probabilities(expected).numpy(), atol=1e-5)


@pytest.mark.parametrize(("dtype", "loss"), [("float16", 0.02), ("int8", 0.3)])
def test_smaller_weights_lose_little(
    exported: tuple[AnyClassifier, Path], dtype: str, loss: float
) -> None:
    native, path = exported
    graph = onnx.load(path / "model.onnx")
    small = OnnxModel(with_dtype(graph, dtype).SerializeToString(), CLASSES)
    runtime = load(path)
    runtime.model = small
    difference = np.abs(runtime.logits(TEXTS) - native.logits(TEXTS).numpy())
    assert difference.max() < loss * max(1.0, float(native.logits(TEXTS).abs().max()))


def test_large_weights_become_a_half_and_a_quarter() -> None:
    weights = np.random.default_rng(0).normal(size=(1000, 64)).astype(np.float32)
    table = onnx.numpy_helper.from_array(weights, "table")
    node = onnx.helper.make_node("Gather", ["table", "ids"], ["logits"])
    ids = onnx.helper.make_tensor_value_info("ids", onnx.TensorProto.INT64, ["batch"])
    logits = onnx.helper.make_tensor_value_info("logits", onnx.TensorProto.FLOAT, ["batch", 64])
    graph = onnx.helper.make_graph([node], "look-up", [ids], [logits], [table])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)])
    for dtype, factor, exact in (("float16", 2, 2e-3), ("int8", 4, 0.03)):
        small = with_dtype(model, dtype).SerializeToString()
        assert len(small) < len(model.SerializeToString()) / factor + 1000
        session = onnxruntime.InferenceSession(small)
        (rows,) = session.run(["logits"], {"ids": np.arange(1000)})
        np.testing.assert_allclose(rows, weights, atol=exact)


def test_damaged_exports_are_refused(exported: tuple[AnyClassifier, Path], tmp_path: Path) -> None:
    _, path = exported
    for name in ("model.onnx", "model.json", "vocabulary.json"):
        copy = tmp_path / name.replace(".", "-")
        copy.mkdir()
        for file in path.iterdir():
            (copy / file.name).write_bytes(file.read_bytes())
        content = bytearray((copy / name).read_bytes())
        content[len(content) // 2] ^= 1
        (copy / name).write_bytes(content)
        with pytest.raises(InputError, match=f"{name} is damaged or was changed"):
            load(copy)
        (copy / name).unlink()
        with pytest.raises(InputError, match=f"{name} is missing"):
            load(copy)


def test_a_forged_graph_is_refused_in_one_line(
    exported: tuple[AnyClassifier, Path], tmp_path: Path
) -> None:
    _, path = exported
    other = onnx.helper.make_model(onnx.helper.make_graph([], "empty", [], []))
    for content in (b"no graph", other.SerializeToString()):
        with pytest.raises(ValueError, match=r"model\.onnx"):
            OnnxModel(content, CLASSES)
    manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
    for file in path.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    manifest["golden"][0]["logits"][0] += 1.0
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(InputError, match="golden texts differ"):
        load(tmp_path)


class Deciding(Bag):
    """An encoder that decides in Python by what it reads."""

    def forward(self, features: Features) -> tuple[Features, ...]:
        return (features.each(torch.neg) if features.values.sum().item() > 0 else features,)


class Forgetting(Bag):
    """An encoder whose graph computes something else."""

    def forward(self, features: Features) -> tuple[Features, ...]:
        return (features.each(torch.neg) if torch.compiler.is_exporting() else features,)


@pytest.mark.parametrize(("encoder", "reason"), [(Deciding, "can't hold"), (Forgetting, "differ")])
def test_an_encoder_that_pytorch_cant_export_is_refused(
    encoder: type[Bag], reason: str, tmp_path: Path
) -> None:
    model = build("bag")
    model.encoder = encoder(8)
    with pytest.raises(InputError, match=reason) as refused:
        classifier_of(model).export(tmp_path / "out", "onnx")
    message = str(refused.value)
    assert f"the encoder {encoder.__name__}" in message
    assert message.endswith("predict with textcnn.load, which needs torch")
    assert "\n" not in message
    assert not (tmp_path / "out").exists()


def test_a_missing_package_an_existing_output_and_a_limit_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier = classifier_of(build("bag"))
    (tmp_path / "there").mkdir()
    with pytest.raises(InputError, match="already exists; try another one, or overwrite=true"):
        classifier.export(tmp_path / "there", "onnx")
    with pytest.raises(InputError, match="max_size takes format=numpy, got format=onnx; try dty"):
        classifier.export(tmp_path / "out", "onnx", max_size="1MB")
    monkeypatch.setattr(onnx_export, "PACKAGES", ("onnx", "no_such_package"))
    with pytest.raises(InputError, match=r"needs no_such_package; try pip install 'textcnn\[exp"):
        classifier.export(tmp_path / "out", "onnx")


def test_a_loaded_graph_is_copied_and_pickled(exported: tuple[AnyClassifier, Path]) -> None:
    runtime = load(exported[1])
    for same in (copy.deepcopy(runtime), pickle.loads(pickle.dumps(runtime))):  # noqa: S301
        assert same.logits(TEXTS, processes=2).tolist() == runtime.logits(TEXTS).tolist()
