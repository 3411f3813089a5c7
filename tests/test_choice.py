"""When there is a faster way, and that nobody who looks at a model or changes it is bypassed."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from tiny_models import IDS, MODELS, batch, build, text_of
from torch import Tensor, nn
from torch.nn.modules import module as globally
from torch.nn.utils.parametrizations import weight_norm

from textcnn.inference import Classifier
from textcnn.models import build as building
from textcnn.models import classifier as plain_story
from textcnn.models.build import build_model
from textcnn.models.classifier import TextCNN
from textcnn.models.encoders.encoder import Encoder
from textcnn.models.fast.choice import faster_way, pool_by_twin
from textcnn.models.fast.lookup import LookupConvolution
from textcnn.models.fast.ngram_max import pool_ngrams
from textcnn.models.fast.table_classifier import LargestSums, build_table_classifier
from textcnn.models.layers.convolution import Convolution
from textcnn.models.layers.embedding import Embedding
from textcnn.models.layers.features import Features
from textcnn.models.layers.field import ONE_TOKEN, Field
from textcnn.text.encoder import TextEncoder
from textcnn.text.tokenizers import build_tokenizer
from textcnn.text.vocabulary import Vocabulary

pytest_plugins = ("tiny_run",)  # one thread

TEXTS = [text_of(length, seed=length) for length in (9, 0, 1, 2, 30, 40)]
WAYS = ["multi_width", "char_cnn", "dpcnn", "dilated", "lstm"]
WORDS = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]


def plainly(model: TextCNN, ids: Tensor, lengths: Tensor) -> Tensor:
    return model.classify(model.pool(model.encoder(model.embed(ids, lengths)))[0])


def gradients(model: TextCNN, logits: Tensor) -> list[Tensor]:
    parameters = [each for each in model.parameters() if each.requires_grad]
    weights = torch.linspace(-1, 1, logits.numel()).view_as(logits).cos()
    return list(torch.autograd.grad((logits * weights).sum(), parameters))


def function_of(model: TextCNN, ids: Tensor) -> Callable[..., Tensor] | None:
    way = faster_way(model, ids)
    return None if way is None else way.func  # type: ignore[attr-defined]


def assert_agrees(model: TextCNN, texts: list[list[int]] = TEXTS) -> None:
    """Logits and gradients of `forward` are those of the plain way."""
    ids, lengths = batch(texts, 3)
    torch.manual_seed(0)
    logits = model(ids, lengths)
    torch.manual_seed(0)
    expected = plainly(model, ids, lengths)
    torch.testing.assert_close(logits, expected, atol=1e-5, rtol=1e-5)
    ours, plain = gradients(model, logits), gradients(model, expected)
    torch.testing.assert_close(ours, plain, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("settings", [{}, {"vocabulary_size": 5000}, {"word_dropout": 0.3}])
def test_every_models_faster_way_gives_the_logits_and_gradients_of_the_plain_one(
    name: str, settings: dict[str, Any]
) -> None:
    model = build(name, **settings).double().eval()
    model.word_dropout.train()
    assert_agrees(model)


@pytest.mark.parametrize(
    ("name", "settings", "expected"),
    [
        ("multi_width", {}, pool_ngrams),
        ("multi_width", {"pooling": "kmax"}, pool_by_twin),  # looks up tokens
        ("multi_width", {"pooling": "kmax", "vocabulary_size": 5000}, None),
        ("multi_width", {"pooling": "flatten"}, pool_by_twin),
        ("char_cnn", {}, pool_by_twin),
        ("char_cnn", {"vocabulary_size": 5000}, pool_by_twin),  # tiles
        ("char_cnn", {"vocabulary_size": 5000, "pool_sizes": (1, 1, 1)}, None),
        ("char_cnn", {"position": "learned", "pool_sizes": (1, 1, 1)}, None),
        ("char_cnn", {"embedding_dropout": 0.5, "pool_sizes": (1, 1, 1)}, None),
        ("vdcnn, max", {"vocabulary_size": 5000}, None),
        ("dilated", {}, None),  # a first convolution of one token
        ("lstm", {}, None),
        ("bag", {}, None),
    ],
)
def test_the_way_goes_by_what_encoder_pooling_and_batch_are(
    name: str, settings: dict[str, Any], expected: Any
) -> None:
    model, (ids, _) = build(name, **settings).train(), batch(TEXTS)
    assert function_of(model, ids) is expected
    assert faster_way(model, ids[:0]) is None
    assert faster_way(model, ids.to("meta")) is None


def test_many_channels_are_multiplied_less_in_training_alone() -> None:
    model, (ids, _) = build("dpcnn", num_filters=256, vocabulary_size=5000), batch(TEXTS)
    assert function_of(model, ids) is pool_by_twin
    with torch.no_grad():
        assert faster_way(model, ids) is None


def test_a_compiled_model_takes_the_plain_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)
    assert faster_way(build("multi_width"), batch(TEXTS)[0]) is None


# Hooks


def hooks(part: nn.Module, calls: list[str]) -> list[Callable[[], Any]]:
    def note(*_: object) -> None:
        calls.append("called")

    return [
        lambda: part.register_forward_hook(note),
        lambda: part.register_forward_pre_hook(note),
        lambda: globally.register_module_forward_hook(note),
    ]


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize("part", ["embedding", "encoder", "encoder.first", "poolings.0"])
def test_hooks_fire_in_training_evaluation_and_prediction(name: str, part: str) -> None:
    classifier = classifier_of(name)
    model, texts = classifier.model, ["a b c d e f g", "h", "", "i j a"]
    first = next(iter(model.encoder.reading_convolutions()), None)
    if part == "encoder.first" and first is None:
        return
    module = model.get_submodule(f"encoder.{first}" if part == "encoder.first" else part)
    ids, lengths = batch(TEXTS)
    for training in (True, False):
        model.train(training)
        expected, predicted = model(ids, lengths), classifier.logits(texts)
        calls: list[str] = []
        for register in hooks(module, calls):
            model.train(training)
            handle = register()
            calls.clear()
            torch.testing.assert_close(model(ids, lengths), expected, rtol=0, atol=1e-5)
            assert calls
            calls.clear()
            torch.testing.assert_close(classifier.logits(texts), predicted, rtol=0, atol=1e-5)
            assert calls
            handle.remove()
        assert torch.equal(classifier.logits(texts), predicted)  # by table again


def classifier_of(name: str) -> Classifier:
    """With tables, whose vocabulary is that of the tiny models."""
    vocabulary = Vocabulary(WORDS)
    encoder = TextEncoder(build_tokenizer("word", tokenizer="whitespace"), vocabulary, None, "head")
    return Classifier(build(name).eval(), encoder, ["x", "y", "z"], table_memory=1)


@pytest.mark.filterwarnings("ignore:Full backward hook is firing")  # ids have no gradient
@pytest.mark.parametrize("name", ["multi_width", "char_cnn"])
def test_backward_hooks_get_the_gradients_of_what_a_module_returns(name: str) -> None:
    model, (ids, lengths) = build(name), batch(TEXTS)
    shapes: list[torch.Size] = []

    def note(_: object, __: object, of_output: tuple[Tensor]) -> None:
        shapes.append(of_output[0].shape)

    handle = model.embedding.register_full_backward_hook(note)
    model(ids, lengths).sum().backward()
    handle.remove()
    model(ids, lengths).sum().backward()
    assert shapes == [(*ids.shape, 8)]


# Other modules and weights


class Looked(Embedding):
    """An embedding of another type, as libraries of attributions put them in."""

    calls = 0

    def forward(self, ids: Tensor) -> Tensor:
        self.calls += 1
        return super().forward(ids)


@pytest.mark.parametrize("name", ["multi_width", "char_cnn"])
def test_replaced_embeddings_are_called(name: str) -> None:
    classifier = classifier_of(name)
    model, (ids, lengths) = classifier.model, batch(TEXTS)
    expected, predicted = model(ids, lengths), classifier.logits(["a b c"])
    other = Looked(IDS, 8, "random")
    other.load_state_dict(model.embedding.state_dict())
    model.embedding = other
    torch.testing.assert_close(model(ids, lengths), expected, rtol=0, atol=1e-5)
    assert other.calls == 1
    torch.testing.assert_close(classifier.logits(["a b c"]), predicted, rtol=0, atol=1e-5)
    assert other.calls == 2


@pytest.mark.parametrize("name", ["multi_width", "char_cnn", "vdcnn, max"])
def test_weights_may_be_replaced_moved_and_parametrized(name: str) -> None:
    model = build(name, normalization="none") if "vdcnn" in name else build(name)
    assert_agrees(model.double())
    path, layer = next(iter(model.encoder.reading_convolutions().items()))
    layer.weight = nn.Parameter(layer.weight.detach() + 1)
    assert_agrees(model)
    weight_norm(layer)
    assert_agrees(model)
    convolution = Convolution(8, 4, layer.kernel_size, padding=layer.padding).double()
    parent, _, child = path.rpartition(".")
    setattr(model.encoder.get_submodule(parent), child, convolution)
    assert_agrees(model)


def test_modules_whose_forward_is_replaced_are_called() -> None:
    model, (ids, lengths) = build("multi_width"), batch(TEXTS)
    calls = []
    forward = model.encoder.forward

    def counted(features: Features) -> tuple[Features, ...]:
        calls.append(features)
        return forward(features)

    model.encoder.forward = counted  # type: ignore[method-assign]
    model(ids, lengths)
    assert len(calls) == 1


# Installed encoders


class Parallel(Encoder):
    """Two convolutions side by side, as an installed package may have them."""

    first_convolutions = ("short", "long.0")
    maps_are_first_convolutions = True

    def __init__(self, channels: int):
        super().__init__()
        self.short = Convolution(channels, 5, 2, padding="causal")
        self.long = nn.Sequential(Convolution(channels, 5, 4, padding="zeros"))
        self.channels = (5, 5)
        self.last_activation = "tanh"

    def forward(self, features: Features) -> tuple[Features, ...]:
        return self.short(features), self.long[0](features)

    def fields(self, field: Field = ONE_TOKEN) -> tuple[Field, ...]:
        return self.short.field(field), cast(Convolution, self.long[0]).field(field)


class Deep(Encoder):
    """A convolution behind another, with dropout before both."""

    first_convolutions = ("first",)

    def __init__(self, channels: int):
        super().__init__()
        self.first = Convolution(channels, 5, 3, padding="zeros")
        self.second = Convolution(5, 5, 3)
        self.channels = (5,)

    def forward(self, features: Features) -> tuple[Features, ...]:
        return (self.second(self.first(features).each(torch.relu)),)


class Noisy(Deep):
    """Another `forward`, which reads the embedding in another way."""

    def forward(self, features: Features) -> tuple[Features, ...]:
        return super().forward(features.each(torch.sigmoid))


class Wrong(Deep):
    """Declares the convolutions of a `forward` that changes the vectors first."""

    first_convolutions = ("first",)

    def forward(self, features: Features) -> tuple[Features, ...]:
        return super().forward(features.each(torch.sigmoid))


def installed(kind: type[Encoder], monkeypatch: pytest.MonkeyPatch, **settings: Any) -> TextCNN:
    monkeypatch.setitem(building.ENCODERS, "installed", kind)
    torch.manual_seed(0)
    common = {"vocabulary_size": IDS, "num_classes": 3, "embedding_dim": 8}
    return build_model("installed", **common | settings)


def test_an_installed_encoder_gets_what_it_declares(monkeypatch: pytest.MonkeyPatch) -> None:
    parallel, deep = (installed(kind, monkeypatch) for kind in (Parallel, Deep))
    ids, _ = batch(TEXTS)
    assert function_of(parallel, ids) is pool_ngrams
    assert function_of(deep, ids) is pool_by_twin
    assert parallel.field == Field(4, 1, -1)
    for model in (parallel, deep):
        assert_agrees(model.double())
        assert_table_agrees(model.float())
    network = build_table_classifier(parallel, 2**20)
    assert network is not None
    assert isinstance(network.by_table, LargestSums)


def test_declarations_do_not_hold_for_another_forward(monkeypatch: pytest.MonkeyPatch) -> None:
    model = installed(Noisy, monkeypatch)
    assert function_of(model, batch(TEXTS)[0]) is None
    assert build_table_classifier(model, 2**20) is None
    assert_agrees(model)
    with pytest.raises(NotImplementedError, match="Noisy doesn't declare which layers"):
        model.encoder.embedding_weights()


def test_a_wrong_declaration_changes_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    model = installed(Wrong, monkeypatch)
    assert_agrees(model)
    assert_table_agrees(model)


def assert_table_agrees(model: TextCNN) -> None:
    network = build_table_classifier(model, 2**20)
    assert network is not None
    with torch.inference_mode():
        ids, lengths = batch(TEXTS, 2)
        expected = plainly(model.eval(), ids, lengths)
        torch.testing.assert_close(network.eval()(ids, lengths), expected, rtol=0, atol=1e-5)


def test_convolutions_that_differ_in_bias_or_filters_have_no_ngram_maxima(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = installed(Parallel, monkeypatch, pooling="max")
    assert isinstance(model.encoder, Parallel)
    model.encoder.long[0] = Convolution(8, 5, 4, bias=False)
    assert function_of(model, batch(TEXTS)[0]) is pool_by_twin
    assert_agrees(model)


# The twin


def test_a_twin_shares_weights_and_leaves_the_encoder_as_it_is() -> None:
    model, (ids, lengths) = build("char_cnn"), batch(TEXTS)
    before = {name: type(module) for name, module in model.encoder.named_modules()}
    way = faster_way(model, ids)
    assert way is not None
    twin = way.args[1]  # type: ignore[attr-defined]
    assert {id(weight) for weight in twin.parameters()} == {*map(id, model.encoder.parameters())}
    assert isinstance(twin.blocks[0].convolution, LookupConvolution)
    assert {name: type(module) for name, module in model.encoder.named_modules()} == before
    assert way(ids, lengths).shape == (len(TEXTS), 4)


@pytest.mark.parametrize("name", ["multi_width", "char_cnn"])
@pytest.mark.parametrize("inference", [False, True])
def test_activations_are_always_computed_the_plain_way(
    name: str, inference: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(plain_story, "faster_way", fail)
    context: AbstractContextManager[Any] = torch.inference_mode() if inference else nullcontext()
    with context:
        trace = build(name).activations(*batch(TEXTS))
    assert trace.logits.shape == (len(TEXTS), 3)


def test_the_plain_path_imports_one_function_of_the_faster_ways() -> None:
    models = Path(building.__file__).parent
    imports = [
        line
        for file in models.rglob("*.py")
        if file.parent.name != "fast"
        for line in file.read_text(encoding="utf-8").splitlines()
        if "models.fast" in line
    ]
    assert imports == ["from textcnn.models.fast.choice import faster_way"]
