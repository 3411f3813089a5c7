"""Networks whose kernels are flipped, and texts in mirror image."""

from typing import TYPE_CHECKING

from textcnn.studies.shared.study import Values

if TYPE_CHECKING:
    from torch import Tensor

    from textcnn.inference import Classifier


def measure_networks(seed: int) -> Values:
    """A network, one that flips its kernels first, and one for mirrored texts."""
    from copy import deepcopy

    from textcnn.studies.shared.probe import (
        Training,
        build_probe,
        logit_gap,
        measure_accuracy,
        synthetic_rows,
        train_probe,
    )

    train, test = (
        synthetic_rows(examples, seed, split, task="order", distance=2, length=24, filler="random")
        for examples, split in ((800, "data.train"), (200, "data.test"))
    )
    model = {"name": "multi_width", "kernel_sizes": [2, 3]}
    plain = build_probe(model, train, seed)
    flipping = deepcopy(plain)
    flip_kernels(flipping)
    add_flips(flipping)
    texts = [text for text, _ in test]
    mirrored = [mirror(text) for text in texts]
    values: Values = {}
    for moment in ("before", "after"):
        if moment == "after":
            train_probe(plain, train, seed, Training(epochs=8))
            train_probe(flipping, train, seed, Training(epochs=8))
        other = deepcopy(plain)
        flip_kernels(other)
        values[f"mirrored_{moment}"] = float(
            (plain.logits(texts) - other.logits(mirrored)).abs().max()
        )
        values[f"flipping_{moment}"] = float(
            (plain.logits(texts) - flipping.logits(texts)).abs().max()
        )
        values[f"wrong_{moment}"] = logit_gap(plain, texts, mirrored)
    return (
        values
        | {"plain": measure_accuracy(plain, test)}
        | {"flips": measure_accuracy(flipping, test)}
    )


def mirror(text: str) -> str:
    return " ".join(reversed(text.split()))


def flip_kernels(classifier: "Classifier") -> None:
    """Each kernel of the encoder in mirror image."""
    import torch

    from textcnn.models.layers.convolution import Convolution

    with torch.no_grad():
        for layer in classifier.model.encoder.modules():
            if isinstance(layer, Convolution):
                layer.weight.copy_(layer.weight.flip(2))


def add_flips(classifier: "Classifier") -> None:
    """From now on the encoder convolves: each layer flips its kernel and correlates with that."""
    from torch import nn
    from torch.nn.utils import parametrize

    from textcnn.models.layers.convolution import Convolution

    class Flip(nn.Module):
        def forward(self, kernel: "Tensor") -> "Tensor":
            return kernel.flip(2)

    for layer in [*classifier.model.encoder.modules()]:
        if isinstance(layer, Convolution):
            parametrize.register_parametrization(layer, "weight", Flip())
