"""The one-hot CNN: what it computes, and that its fast way computes the same."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_models import IDS, batch, build, text_of
from torch import Tensor

from textcnn.models.build import build_model
from textcnn.models.classifier import TextCNN
from textcnn.models.encoders.onehot_cnn import OnehotCnn
from textcnn.models.fast.choice import faster_way
from textcnn.models.fast.region_max import pool_regions, region_max, regions_of
from textcnn.models.layers.normalization import ResponseNorm
from textcnn.models.layers.region_table import NEVER, RegionTable, since_last
from textcnn.text.vocabulary import PADDING, UNKNOWN
from textcnn.training.optimization.rows import RowAdam

pytest_plugins = ("tiny_run",)  # one thread

TEXTS = [text_of(length, seed=length) for length in (9, 0, 1, 2, 30)]
PADDINGS = ["full", "valid", "zeros", "causal"]


def onehot(region: str = "seq", **changes: Any) -> TextCNN:
    """With large weights, so that features differ."""
    parts = {"kernel_sizes": (2, 3), "num_filters": 4, "region": region} | changes
    model = build("onehot_cnn", **parts).double()
    weights(model).data.mul_(100)
    return model.eval()


def weights(model: TextCNN) -> Tensor:
    assert model.embedding.table is not None
    weight: Tensor = model.embedding.table.weight
    return weight


def plainly(model: TextCNN, ids: Tensor, lengths: Tensor) -> Tensor:
    return model.classify(model.pool(model.encoder(model.embed(ids, lengths)))[0])


@pytest.mark.parametrize("padding", PADDINGS)
def test_seq_is_a_convolution_over_one_hot_vectors(padding: str) -> None:
    ours = onehot(padding=padding).float()
    plain = build("multi_width", kernel_sizes=(2, 3), embedding="onehot", padding=padding)
    plain.eval().head.load_state_dict(ours.head.state_dict())
    table = weights(ours).view(IDS, 5, 4)[2:]  # of known tokens: (tokens, places, filters)
    with torch.no_grad():
        convolutions = plain.encoder.reading_convolutions().values()
        for layer, own in zip(convolutions, table.split((2, 3), dim=1), strict=True):
            layer.weight.copy_(own.permute(2, 0, 1))
            assert layer.bias is not None
            layer.bias.zero_()
    ids, lengths = batch(TEXTS)
    torch.testing.assert_close(ours(ids, lengths), plain(ids, lengths))


def test_bow_adds_each_distinct_token_of_a_region_once() -> None:
    model = onehot("bow", kernel_sizes=(3,), num_filters=2, activation="none")
    added = weights(model)  # a row for each token
    assert isinstance(model.encoder, OnehotCnn)
    model.encoder.parts[0].bias.data.copy_(torch.tensor([1.0, -1.0]))
    ids, lengths = batch([[3, 5, 3, 3, UNKNOWN, 5]])
    features = model.activations(ids, lengths).features[0][0].t()  # (regions, filters)
    bags = [{3}, {3, 5}, {3, 5}, {3, 5}, {3}, {3, 5}, {5}, {5}]
    expected = torch.stack([added[sorted(bag)].sum(dim=0) for bag in bags])
    torch.testing.assert_close(features, expected + torch.tensor([1.0, -1.0]).double())


def test_tokens_know_when_they_last_occurred() -> None:
    ids = torch.tensor([[4, 2, 4, 4], [2, 3, 4, 2]])
    ago = [[NEVER, NEVER, 2, 1], [NEVER, NEVER, NEVER, 3]]
    assert since_last(ids).tolist() == ago


def test_unknown_tokens_add_nothing() -> None:
    for region in ("seq", "bow"):
        model = onehot(region)
        texts = [[4, UNKNOWN, 5, UNKNOWN]], [[4, PADDING, 5, PADDING]]
        unknown, missing = (model(batch(each)[0], torch.tensor([4])) for each in texts)
        torch.testing.assert_close(unknown, missing)


texts_of_ids = st.lists(st.integers(1, 5), max_size=12)  # few tokens, which repeat often


@settings(max_examples=40)
@given(
    texts=st.lists(texts_of_ids, min_size=1, max_size=4),
    region=st.sampled_from(["seq", "bow"]),
    padding=st.sampled_from(PADDINGS),
    sizes=st.lists(st.integers(1, 5), min_size=1, max_size=3),
    sparse=st.booleans(),
)
def test_the_fast_way_gives_the_logits_and_gradients_of_the_plain_one(
    texts: list[list[int]], region: str, padding: str, sizes: list[int], sparse: bool
) -> None:
    model = onehot(region, padding=padding, kernel_sizes=tuple(sizes))
    assert model.embedding.table is not None
    model.embedding.table.sparse = sparse
    ids, lengths = batch(texts, 2)
    found = []
    for logits in (model(ids, lengths), plainly(model, ids, lengths)):
        factors = torch.linspace(-1, 1, logits.numel()).view_as(logits).cos()
        gradients = torch.autograd.grad((logits * factors).sum(), [*model.parameters()])
        found.append([logits, *(each.to_dense() for each in gradients)])
    torch.testing.assert_close(*found, atol=1e-9, rtol=1e-9)


def test_the_fast_way_is_chosen_for_max_pooling_alone() -> None:
    ids, _ = batch(TEXTS)

    def way(**changes: Any) -> Any:
        found = faster_way(onehot(**changes).train(), ids)
        return None if found is None else found.func  # type: ignore[attr-defined]

    assert way() is way(region="bow") is pool_regions
    assert way(pooling="mean") is way(activation="gelu") is None
    assert way(embedding_dropout=0.5) is None


@pytest.mark.parametrize("at_once", [1, 30, 10_000])
def test_a_few_features_at_a_time_give_the_same_maxima(at_once: int) -> None:
    model = onehot()
    assert isinstance(model.embedding, RegionTable)
    assert isinstance(model.encoder, OnehotCnn)
    ids, lengths = batch(TEXTS)
    regions = regions_of(model.embedding, model.encoder, ids, lengths.clamp(min=1))
    biases = [region.bias for region in model.encoder.parts]
    maxima = region_max(model.embedding, regions, biases, at_once=at_once)
    expected, _ = model.pool(model.encoder(model.embed(ids, lengths)))
    torch.testing.assert_close(F.relu(maxima), expected)
    found, plain = (
        torch.autograd.grad(pooled.cos().sum(), weights(model))[0]
        for pooled in (F.relu(maxima), expected)
    )
    torch.testing.assert_close(found, plain)


def test_only_rows_of_winning_regions_have_a_gradient_and_move() -> None:
    model = build_model(
        "onehot_cnn", vocabulary_size=50, num_classes=2, embedding_dim=1,
        kernel_sizes=(2,), num_filters=1, activation="none",
    )  # fmt: skip
    table = weights(model)
    table.data.zero_()
    table.data[[7 * 2, 8 * 2 + 1]] = 1.0  # 7 first, 8 second
    assert model.embedding.table is not None
    model.embedding.table.sparse = True
    model(*batch([[5, 7, 8, 6]]))[0, 0].backward()
    assert table.grad is not None
    assert table.grad.coalesce().indices().tolist() == [[14, 17]]
    before = table.detach().clone()
    RowAdam([table], lr=0.1).step()
    assert (table != before).any(dim=1).nonzero().flatten().tolist() == [14, 17]


def test_response_normalization_scales_each_map_and_place() -> None:
    norm = ResponseNorm([(2, 1), (1, 2)])
    pooled = torch.tensor([[3.0, 4.0, 0.0, 2.0]])
    h = [3 / 26**0.5, 4 / 26**0.5, 0.0, 2 / 5**0.5]
    torch.testing.assert_close(norm(pooled), torch.tensor([h]))


def test_a_normalized_model_normalizes_before_its_other_layers() -> None:
    model = onehot(response_normalization=True, hidden_sizes=(5,))
    kinds = [type(layer).__name__ for layer in model.hidden]
    assert kinds == ["ResponseNorm", "Linear", "ReLU"]
