"""The invariants of every model: a text's logits and gradients are its own, however it is padded.

A new architecture joins MODELS in tiny_models.py and is held to all of them.
"""

import math
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_models import CLASSES, FRAME, IDS, MODELS, WITH_VECTORS, allowed, batch, build, text_of
from torch import Tensor

from textcnn.config.model import NETWORK_SCHEMAS
from textcnn.models.build import build_model
from textcnn.models.classifier import TextCNN
from textcnn.models.layers.field import Field
from textcnn.models.layers.normalization import BatchNorm
from textcnn.models.layers.position import POSITIONS
from textcnn.models.layers.region_table import RegionTable
from textcnn.text.vocabulary import PADDING
from textcnn.training.optimization.optimizers import build_optimizer

pytest_plugins = ("tiny_run",)  # one thread

TOLERANCE = 1e-5
# none, one, shorter than most kernels, long, longer than the frame
TEXTS = [text_of(length, seed=length) for length in (0, 1, 2, 17, FRAME + 11)]
every_model = pytest.mark.parametrize("name", MODELS)
COMBINATIONS = [
    pytest.param(name, parts, id="-".join([name, *parts.values()]))
    for name in MODELS
    for parts in allowed(name)
]
every_combination = pytest.mark.parametrize(("name", "parts"), COMBINATIONS)
texts_of_ids = st.lists(st.integers(1, IDS - 1), max_size=9)


def gradients(model: TextCNN, logits: Tensor) -> list[Tensor]:
    """Of a loss on one text's logits, (classes,), with respect to every weight that learns."""
    loss = F.cross_entropy(logits, torch.tensor(1))
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    return list(torch.autograd.grad(loss, learned, retain_graph=True))


def assert_same(got: Sequence[Tensor], expected: Sequence[Tensor]) -> None:
    """To TOLERANCE, of the largest number where that is above 1."""
    largest = max(float(tensor.detach().abs().max()) for tensor in expected) if expected else 0.0
    for one, other in zip(got, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=TOLERANCE * max(largest, 1.0))


def assert_alone_as_together(model: TextCNN, texts: list[list[int]], padding: int) -> None:
    together = model(*batch(texts, padding))
    for text, logits in zip(texts, together, strict=True):
        alone = model(*batch([text]))[0]
        torch.testing.assert_close(logits, alone, rtol=0, atol=TOLERANCE)
        assert_same(gradients(model, logits), gradients(model, alone))


@every_combination
def test_longer_batch_mates_and_extra_padding_change_nothing(
    name: str, parts: dict[str, str]
) -> None:
    model = build(name, **parts).eval()
    assert_alone_as_together(model, TEXTS, padding=5)


@every_model
def test_nor_do_they_without_gradients_where_some_layers_take_another_way(name: str) -> None:
    model = build(name).eval()
    with torch.inference_mode():
        alone = torch.cat([model(*batch([text])) for text in TEXTS])
        torch.testing.assert_close(model(*batch(TEXTS, 9)), alone, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("name", WITH_VECTORS)
@pytest.mark.parametrize("position", sorted(set(POSITIONS) - {"none"}))
def test_positions_are_told_from_a_texts_own_ends(name: str, position: str) -> None:
    for pooling in ("max", "mean"):
        model = build(name, position=position, pooling=pooling).eval()
        assert_alone_as_together(model, TEXTS, padding=5)


@every_model
@settings(max_examples=5)
@given(text=texts_of_ids, mates=st.lists(texts_of_ids, max_size=3), padding=st.integers(0, 9))
def test_a_texts_logits_and_gradients_depend_on_that_text_alone(
    name: str, text: list[int], mates: list[list[int]], padding: int
) -> None:
    assert_alone_as_together(build(name).eval(), [*mates, text], padding)


@pytest.mark.parametrize(
    ("name", "parts"), [case for case in COMBINATIONS if "-mean" in str(case.id)]
)
def test_logits_in_training_do_not_change_with_padding(name: str, parts: dict[str, str]) -> None:
    """Nor do the statistics of normalizations, which are those of the texts' own positions."""
    tight, padded = (build(name, **parts, **quiet(name)).train() for _ in range(2))
    assert_same([padded(*batch(TEXTS, 13))], [tight(*batch(TEXTS))])
    assert_same([*padded.buffers()], [*tight.buffers()])


def quiet(name: str) -> dict[str, Any]:
    """Without dropout, where it isn't left out anyway."""
    return {"block_dropout": 0.0} if name in ("lstm", "transformer", "dpcnn", "gated") else {}


@pytest.mark.parametrize("name", ["dilated, batch norm", "vdcnn, max"])
def test_running_statistics_move_in_training_only(name: str) -> None:
    model = build(name)
    norm = next(module for module in model.modules() if isinstance(module, BatchNorm))
    assert norm.running_mean is not None
    before = norm.running_mean.clone()
    model.eval()(*batch(TEXTS))
    assert torch.equal(norm.running_mean, before)
    model.train()(*batch(TEXTS))
    assert not torch.equal(norm.running_mean, before)


@every_model
def test_an_empty_text_is_read_as_one_token_of_the_zero_vector(name: str) -> None:
    model = build(name).eval()
    empty = model(*batch([[]], padding=4))
    assert_same([model(torch.zeros(1, 0, dtype=torch.int64), torch.tensor([0]))], [empty])
    assert_same([model(torch.tensor([[PADDING]]), torch.tensor([1]))], [empty])


@every_model
def test_logits_depend_on_every_token_of_a_text(name: str) -> None:
    """Of so many tokens that the windows of the small char_cnn leave none over at the end."""
    model = build(name).eval()
    texts = torch.tensor([text_of(15, seed) for seed in range(64)])
    lengths = torch.full((64,), 15)
    for token in range(15):
        changed = texts.clone()
        changed[:, token] = changed[:, token] % (IDS - 1) + 1
        difference = model(changed, lengths) - model(texts, lengths)
        assert difference.abs().max() > 100 * TOLERANCE


@every_model
def test_every_weight_gets_a_gradient(name: str) -> None:
    # the gradient of a ReLU may be 0 for all texts by chance
    smooth = {"activation": "leaky_relu"} if has_activation(name) else {}
    model = build(name, pooling="attention", **smooth).train()
    texts = [text_of(length, seed=length) for length in range(1, 65)]
    loss = F.cross_entropy(model(*batch(texts)), torch.arange(64) % CLASSES)
    loss.backward()
    for key, parameter in model.named_parameters():
        assert parameter.grad is not None, key
        # a row is a token's, a filter's or a class's
        rows = parameter.grad.reshape(len(parameter), -1).abs().sum(dim=1)
        got = rows[unlearned(model) :] if key.startswith("embedding.") else rows
        assert (got > 0).any() if ".linear1." in key else (got > 0).all(), key


def unlearned(model: TextCNN) -> int:
    """The first rows of the table, which learn nothing: padding, and one-hot unknown tokens."""
    embedding = model.embedding
    return 2 * embedding.rows if isinstance(embedding, RegionTable) else 1


def has_activation(name: str) -> bool:
    schema = NETWORK_SCHEMAS[MODELS[name]["name"]]
    return "activation" in {entry.name for entry in fields(schema)}


@every_model
@pytest.mark.parametrize(("kind", "rate"), [("adam", 0.1), ("adadelta", 1.0)])
def test_embedding_of_padding_stays_zero_while_the_others_learn(
    name: str, kind: str, rate: float
) -> None:
    model = build(name, pooling="mean")
    assert model.embedding.table is not None
    weight = model.embedding.table.weight
    before = weight.detach().clone()
    optimizer = build_optimizer(kind, model.parameters(), learning_rate=rate, weight_decay=0.01)
    ids, lengths = batch([[], [1], [2, 3], [4, 5, 6, 7, 8, 9, 10, 11]], padding=3)
    for _ in range(3):
        optimizer.zero_grad()
        F.cross_entropy(model(ids, lengths), torch.tensor([0, 1, 2, 0])).backward()
        optimizer.step()
    assert before[PADDING].count_nonzero() == 0
    assert weight[PADDING].count_nonzero() == 0
    first = unlearned(model)
    assert (weight[first:] != before[first:]).any(dim=1).all()


@every_model
@pytest.mark.parametrize("where", ["dropout", "embedding_dropout", "word_dropout"])
def test_dropout_acts_in_training_only(name: str, where: str) -> None:
    model = build(name, **{where: 0.7}, **quiet(name))
    assert_random_in_training_only(model)


@pytest.mark.parametrize("name", ["dilated", "dpcnn", "gated", "lstm", "transformer"])
def test_dropout_in_blocks_acts_in_training_only(name: str) -> None:
    model = build(name, block_dropout=0.7)
    assert_random_in_training_only(model)


def assert_random_in_training_only(model: TextCNN) -> None:
    ids, lengths = batch([text_of(12)] * 8)
    in_training = model.train()(ids, lengths)
    assert (in_training - in_training[0]).abs().max() > 100 * TOLERANCE
    in_evaluation = model.eval()(ids, lengths)
    assert (in_evaluation - in_evaluation[0]).abs().max() < TOLERANCE


@pytest.mark.parametrize("kind", ["random", "static", "nonstatic", "multichannel", "onehot"])
@pytest.mark.parametrize("name", ["multi_width", "vdcnn, max", "dcnn", "lstm"])
def test_every_kind_of_embedding_keeps_texts_apart_from_padding(name: str, kind: str) -> None:
    rows = {"add_row_pairs": False} if name == "dcnn" and kind == "onehot" else {}
    model = build(name, embedding=kind, **rows).eval()
    assert_alone_as_together(model, TEXTS, padding=5)


def test_parameters_are_as_many_as_counted_by_hand() -> None:
    model = build_model(
        "multi_width",
        vocabulary_size=10,
        num_classes=3,
        embedding_dim=4,
        kernel_sizes=(2, 3),
        num_filters=5,
    )
    # embedding 10 x 4; filters of 2 x 4 and 3 x 4 with a bias each; 10 features to 3 classes
    expected = 10 * 4 + 5 * (2 * 4 + 1) + 5 * (3 * 4 + 1) + 3 * (10 + 1)
    assert sum(parameter.numel() for parameter in model.parameters()) == expected == 183


def test_receptive_field_and_stride_of_a_classifier_are_its_encoders() -> None:
    model = build("multi_width, wide")
    assert (model.receptive_field, model.stride) == (7, 1)
    assert build("multi_width").receptive_field == 3
    assert build("lstm").receptive_field is None


@every_model
@pytest.mark.parametrize("training", [True, False])
def test_the_field_is_known_without_running_anything(name: str, training: bool) -> None:
    model = build(name).eval()
    model.embedding.train(training)  # modules in both modes
    found = model.activations(*batch([text_of(33)])).fields
    modes = [module.training for module in model.modules()]

    def fail(*_: object) -> None:
        raise AssertionError

    for module in model.modules():
        module.register_forward_pre_hook(fail)
    assert model.field == max(found, key=lambda field: field.size or math.inf)
    assert model.encoder.fields() == found
    shifted = model.encoder.fields(Field(3, 2, -1))
    assert [field.stride for field in shifted] == [2 * field.stride for field in found]
    assert (model.receptive_field, model.stride) == (model.field.size, model.field.stride)
    assert [module.training for module in model.modules()] == modes
