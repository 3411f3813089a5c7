"""The invariants of every model: a text's logits and gradients are its own, however it is padded.

A new architecture joins MODELS and is held to all of them.
"""

from collections.abc import Sequence
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from textcnn.models.classifier import TextClassifier, build_model
from textcnn.text.vocabulary import PADDING
from textcnn.training.optimizers import build_optimizer

IDS, CLASSES = 12, 3
TOLERANCE = 1e-5
MODELS: dict[str, dict[str, Any]] = {
    "multi_width": {"name": "multi_width", "kernel_sizes": (1, 2, 3)},
    "multi_width, wide": {"name": "multi_width", "kernel_sizes": (7,)},
}
every_model = pytest.mark.parametrize("name", MODELS)
texts_of_ids = st.lists(st.integers(1, IDS - 1), max_size=9)


def build(name: str, embedding_dim: int = 5, dropout: float = 0.5) -> TextClassifier:
    torch.manual_seed(0)
    return build_model(
        vocabulary_size=IDS,
        num_classes=CLASSES,
        embedding_dim=embedding_dim,
        num_filters=4,
        dropout=dropout,
        **MODELS[name],
    )


def batch(texts: Sequence[list[int]], padding: int = 0) -> tuple[Tensor, Tensor]:
    """Ids (batch, time), `padding` more than the longest text needs, and lengths (batch,)."""
    time = max(map(len, texts)) + padding
    ids = torch.tensor([text + [PADDING] * (time - len(text)) for text in texts])
    return ids.reshape(len(texts), time).long(), torch.tensor([len(text) for text in texts])


def gradients(model: TextClassifier, logits: Tensor) -> list[Tensor]:
    """Of a loss on one text's logits, (classes,), with respect to every weight."""
    loss = F.cross_entropy(logits, torch.tensor(1))
    return list(torch.autograd.grad(loss, list(model.parameters()), retain_graph=True))


def assert_same(got: Sequence[Tensor], expected: Sequence[Tensor]) -> None:
    for one, other in zip(got, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=TOLERANCE)


@every_model
@settings(deadline=None, max_examples=40)
@given(text=texts_of_ids, mates=st.lists(texts_of_ids, max_size=3), padding=st.integers(0, 9))
def test_a_texts_logits_and_gradients_depend_on_that_text_alone(
    name: str, text: list[int], mates: list[list[int]], padding: int
) -> None:
    model = build(name).eval()
    alone = model(*batch([text]))[0]
    together = model(*batch([*mates, text], padding))[-1]
    assert_same([together], [alone])
    assert_same(gradients(model, together), gradients(model, alone))


@every_model
@pytest.mark.parametrize("length", [0, 1, 2, 8, 30])
def test_longer_batch_mates_and_extra_padding_change_nothing(name: str, length: int) -> None:
    model = build(name).eval()
    text = [1 + position % (IDS - 1) for position in range(length)]
    alone = model(*batch([text]))[0]
    for mates, padding in [([[3] * 50], 0), ([], 33), ([[], [2], [5] * 40], 7)]:
        in_batch = model(*batch([text, *mates], padding))[0]
        assert_same([in_batch], [alone])
        assert_same(gradients(model, in_batch), gradients(model, alone))


@every_model
def test_logits_depend_on_every_token_of_a_text(name: str) -> None:
    model = build(name).eval()
    embedded = model.embedding(torch.tensor([[1, 2, 3]])).detach()
    for token in range(3):
        changed = embedded.clone()
        changed[0, token] += 100.0
        pooled = [model.encoder(x, torch.tensor([3]))[1] for x in (embedded, changed)]
        assert not torch.allclose(*pooled)


@every_model
@settings(deadline=None, max_examples=25)
@given(texts=st.lists(texts_of_ids, min_size=1, max_size=4), padding=st.integers(0, 5))
def test_activations_are_those_of_forward_bit_for_bit(
    name: str, texts: list[list[int]], padding: int
) -> None:
    model = build(name).eval()
    ids, lengths = batch(texts, padding)
    trace = model.activations(ids, lengths)
    assert torch.equal(trace.logits, model(ids, lengths))
    assert torch.equal(trace.logits, model.head(trace.pooled))
    assert torch.equal(trace.embedded, model.embedding(ids))


@every_model
@settings(deadline=None, max_examples=25)
@given(texts=st.lists(texts_of_ids, min_size=1, max_size=4), padding=st.integers(0, 5))
def test_winners_point_at_own_windows_that_have_the_pooled_values(
    name: str, texts: list[list[int]], padding: int
) -> None:
    model = build(name).eval()
    trace = model.activations(*batch(texts, padding))
    filters = [feature.shape[1] for feature in trace.features]
    widths = zip(
        model.encoder.kernel_sizes,
        trace.features,
        trace.winners.split(filters, dim=1),
        trace.pooled.split(filters, dim=1),
        strict=True,
    )
    for kernel_size, features, winners, pooled in widths:
        assert torch.equal(features.gather(2, winners[..., None])[..., 0], pooled)
        for row, text in enumerate(texts):
            windows = max(len(text) - kernel_size + 1, 1)
            assert winners[row].max() < windows
            assert features[row, :, windows:].count_nonzero() == 0
            assert torch.equal(features[row, :, :windows].amax(dim=1), pooled[row])


@every_model
def test_every_weight_gets_a_gradient(name: str) -> None:
    model = build(name, embedding_dim=100)  # few numbers per token leave some filters below 0
    torch.manual_seed(1)
    ids, lengths = batch([torch.randint(1, IDS, (9,)).tolist() for _ in range(64)])
    F.cross_entropy(model(ids, lengths), torch.arange(64) % CLASSES).backward()
    for key, parameter in model.named_parameters():
        assert parameter.grad is not None, key
        # a row is a token's, a filter's or a class's
        rows = parameter.grad.reshape(len(parameter), -1).abs().sum(dim=1)
        got = rows[1:] if key == "embedding.weight" else rows  # padding learns nothing
        assert (got > 0).all(), key


@every_model
@pytest.mark.parametrize(("optimizer", "rate"), [("adam", 0.1), ("adadelta", 1.0)])
def test_embedding_of_padding_stays_zero_while_the_others_learn(
    name: str, optimizer: str, rate: float
) -> None:
    model = build(name)
    before = model.embedding.weight.detach().clone()
    optimiser = build_optimizer(
        optimizer, model.parameters(), learning_rate=rate, weight_decay=0.01
    )
    ids, lengths = batch([[], [1], [2, 3], [4, 5, 6, 7, 8, 9, 10, 11]], padding=3)
    for _ in range(5):
        optimiser.zero_grad()
        F.cross_entropy(model(ids, lengths), torch.tensor([0, 1, 2, 0])).backward()
        optimiser.step()
    assert before[PADDING].count_nonzero() == 0
    assert model.embedding.weight[PADDING].count_nonzero() == 0
    assert (model.embedding.weight[1:] != before[1:]).any(dim=1).all()


@every_model
def test_dropout_acts_in_training_only(name: str) -> None:
    model = build(name, dropout=0.9)
    ids, lengths = batch([[1, 2, 3, 4]] * 8)
    in_training = model.train()(ids, lengths)
    assert len(in_training.unique(dim=0)) > 1
    in_evaluation = model.eval()(ids, lengths)
    assert len(in_evaluation.unique(dim=0)) == 1


def test_parameters_are_as_many_as_counted_by_hand() -> None:
    model = build_model(
        "multi_width",
        vocabulary_size=10,
        num_classes=3,
        embedding_dim=4,
        kernel_sizes=(2, 3),
        num_filters=5,
        dropout=0.0,
    )
    # embedding 10 x 4; filters of 2 x 4 and 3 x 4 with a bias each; 10 features to 3 classes
    expected = 10 * 4 + 5 * (2 * 4 + 1) + 5 * (3 * 4 + 1) + 3 * (10 + 1)
    assert sum(parameter.numel() for parameter in model.parameters()) == expected == 183


def test_embeddings_start_from_kims_uniform_distribution_with_padding_at_zero() -> None:
    torch.manual_seed(0)
    model = build_model(
        "multi_width",
        vocabulary_size=1000,
        num_classes=2,
        embedding_dim=10,
        kernel_sizes=(1,),
        num_filters=1,
        dropout=0.0,
    )
    weight = model.embedding.weight
    assert weight[PADDING].count_nonzero() == 0
    assert 0.249 < weight.abs().max() <= 0.25
    # the standard deviation of U(-a, a) is a / sqrt(3)
    assert weight[1:].std().item() == pytest.approx(0.25 / 3**0.5, rel=0.02)


def test_receptive_field_and_stride_of_a_classifier_are_its_encoders() -> None:
    model = build("multi_width, wide")
    assert (model.receptive_field, model.stride) == (7, 1)
    assert build("multi_width").receptive_field == 3
