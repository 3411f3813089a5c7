"""Initial weights: what reaches the head of a deep network before training."""

import pytest
import torch
from torch import Tensor
from torch.nn.utils.parametrize import is_parametrized

from textcnn.models.build import build_model
from textcnn.models.classifier import TextCNN
from textcnn.models.layers.convolution import Convolution

TOKENS, TEXTS, TIME = 70, 16, 200
DEEP = {
    "num_filters": 32,
    "kernel_sizes": [7, 7, 3, 3, 3, 3],
    "pool_sizes": [1, 1, 1, 1, 1, 1],
    "hidden_sizes": [64],
}


def deep(initialization: str, embedding: str = "random") -> TextCNN:
    torch.manual_seed(0)
    return build_model(
        "char_cnn",
        vocabulary_size=TOKENS + 2,
        num_classes=3,
        embedding_dim=16,
        embedding=embedding,
        initialization=initialization,
        **DEEP,
    ).eval()


def texts() -> tuple[Tensor, Tensor]:
    return torch.randint(2, TOKENS + 2, (TEXTS, TIME)), torch.full((TEXTS,), TIME)


def powers(model: TextCNN) -> list[float]:
    """The mean square of the features after each block."""
    features = model.embed(*texts())
    found = []
    with torch.no_grad():
        for block in model.encoder.blocks:  # type: ignore[union-attr]
            features = block(features)
            found.append(features.values.square().mean().item())
    return found


@pytest.mark.parametrize("embedding", ["random", "onehot"])
def test_kaiming_keeps_the_power_of_features_through_the_depth(embedding: str) -> None:
    kept = powers(deep("kaiming", embedding))
    assert all(0.3 < power < 3 for power in kept), kept


def test_with_uniform_weights_texts_hardly_differ_after_six_layers() -> None:
    differences = {}
    for name in ("uniform", "kaiming"):
        with torch.no_grad():
            differences[name] = deep(name)(*texts()).std(dim=0).mean().item()
    assert differences["uniform"] < 0.001 < 0.05 < differences["kaiming"]


def test_kaiming_draws_kernels_of_weight_normalization_too_and_no_bias() -> None:
    torch.manual_seed(0)
    model = build_model(
        "dilated",
        vocabulary_size=TOKENS,
        num_classes=3,
        embedding_dim=8,
        num_filters=64,
        kernel_size=3,
        dilations=[1, 2],
        normalization="weight",
        initialization="kaiming",
    )
    layers = [layer for layer in model.modules() if isinstance(layer, Convolution)]
    inner = [layer for layer in layers if is_parametrized(layer, "weight")]
    assert len(inner) == 2
    for layer in inner:
        assert layer.weight.std().item() == pytest.approx((2 / (64 * 3)) ** 0.5, rel=0.05)
    assert all(not layer.bias.any() for layer in layers if layer.bias is not None)


def test_uniform_is_what_the_layers_draw_themselves() -> None:
    torch.manual_seed(0)
    named = deep("uniform").state_dict()
    torch.manual_seed(0)
    usual = build_model(
        "char_cnn", vocabulary_size=TOKENS + 2, num_classes=3, embedding_dim=16, **DEEP
    )
    for name, weight in usual.state_dict().items():
        assert torch.equal(weight, named[name]), name
