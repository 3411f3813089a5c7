"""Stacks of convolutions, and how many of their windows reach over the ends of a text (T12)."""

from dataclasses import dataclass

from textcnn.models.layers.padding import margins
from textcnn.studies.shared.networks import dilated, multi_width, stack
from textcnn.studies.shared.study import Values

MODES = ("valid", "zeros", "replicate", "circular", "reflect")
TEXT_WORDS = 40  # length of each text


@dataclass(frozen=True)
class Layers:
    """Convolutions one after the other.

    For each layer: the kernel size, the dilation, and how many positions are pooled into one.
    """

    title: str
    kernels: tuple[int, ...]
    dilations: tuple[int, ...]
    pools: tuple[int, ...]
    model: Values

    @property
    def modes(self) -> tuple[str, ...]:
        """The boundary modes; residual blocks keep every position, so `valid` is impossible."""
        return MODES[1:] if self.model["name"] == "dilated" else MODES

    @property
    def field(self) -> tuple[int, int, int]:
        """(receptive field, stride, tokens of padding left of the first window)"""
        reach, stride, left = 1, 1, 0
        for kernel, dilation, pool in zip(self.kernels, self.dilations, self.pools, strict=True):
            span = (kernel - 1) * dilation
            left += stride * margins("zeros", span + 1)[0]
            reach += stride * span + stride * (pool - 1)
            stride *= pool
        return reach, stride, left


def one_layer(kernel: int) -> Layers:
    return Layers(f"kernel {kernel}", (kernel,), (1,), (1,), multi_width(kernel))


def stacked(title: str, kernels: tuple[int, ...], pools: tuple[int, ...]) -> Layers:
    return Layers(title, kernels, (1,) * len(kernels), pools, stack(kernels, pools))


def with_dilations(*dilations: int) -> Layers:
    title = "kernel 3, dilation " + ", ".join(map(str, dilations))
    ones = (1,) * len(dilations)
    return Layers(title, (3,) * len(dilations), dilations, ones, dilated(*dilations))


NETWORKS = {
    "kernel 3": one_layer(3),
    "kernel 5": one_layer(5),
    "kernel 9": one_layer(9),
    "deep": stacked("kernels 5, 5", (5, 5), (1, 1)),
    "pooled": stacked("kernels 5, 5, pooled by 2 between", (5, 5), (2, 1)),
    "dilation 2": with_dilations(2),
    "dilation 4": with_dilations(4),
    "dilations": with_dilations(1, 2, 4),
}
QUICK_NETWORKS = ("kernel 3", "kernel 5", "pooled", "dilation 4")


def over_the_ends(layers: Layers, length: int = TEXT_WORDS) -> tuple[int, int]:
    """The number of windows that reach over the first token and over the last (T12)."""
    reach, stride, left = layers.field
    count = length
    for pool in layers.pools:
        count = (count - pool) // pool + 1
    starts = [position * stride - left for position in range(count)]
    return sum(s < 0 for s in starts), sum(s + reach > length for s in starts)


def differing_in_filler(layers: Layers, mode: str) -> int:
    """Positions of constant filler that differ from the middle: only zeros differ from filler."""
    return sum(over_the_ends(layers)) if mode == "zeros" else 0
