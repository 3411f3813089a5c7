"""Layers whose windows reach over a text's ends, and how many of their positions do."""

from dataclasses import dataclass

from textcnn.models.layers.padding import margins
from textcnn.studies.shared.study import Values

MODES = ("valid", "zeros", "replicate", "circular", "reflect")
LENGTH = 40  # words of a text


@dataclass(frozen=True)
class Layers:
    """Convolutions one after the other: kernels, dilations, and positions pooled into one."""

    title: str
    kernels: tuple[int, ...]
    dilations: tuple[int, ...]
    pools: tuple[int, ...]
    model: Values

    @property
    def modes(self) -> tuple[str, ...]:
        """Residual blocks keep every position, so they can't be valid."""
        return MODES[1:] if self.model["name"] == "dilated" else MODES

    @property
    def field(self) -> tuple[int, int, int]:
        """Tokens that a feature sees, from one feature to the next, and left of the first."""
        reach, stride, left = 1, 1, 0
        for kernel, dilation, pool in zip(self.kernels, self.dilations, self.pools, strict=True):
            span = (kernel - 1) * dilation
            left += stride * margins("zeros", span + 1)[0]
            reach += stride * span + stride * (pool - 1)
            stride *= pool
        return reach, stride, left


def wide(kernel: int) -> Layers:
    model: Values = {"name": "multi_width", "kernel_sizes": [kernel]}
    return Layers(f"kernel {kernel}", (kernel,), (1,), (1,), model)


def deep(title: str, kernels: tuple[int, ...], pools: tuple[int, ...]) -> Layers:
    model: Values = {"name": "char_cnn", "embedding": "random", "pooling": "max", "init_std": None}
    model |= {"kernel_sizes": [*kernels], "pool_sizes": [*pools], "hidden_sizes": []}
    return Layers(title, kernels, (1,) * len(kernels), pools, model)


def dilated(*dilations: int) -> Layers:
    model: Values = {"name": "dilated", "kernel_size": 3, "dilations": [*dilations]}
    title = "kernel 3, dilation " + ", ".join(map(str, dilations))
    ones = (1,) * len(dilations)
    return Layers(title, (3,) * len(dilations), dilations, ones, model)


NETWORKS = {
    "kernel 3": wide(3),
    "kernel 5": wide(5),
    "kernel 9": wide(9),
    "deep": deep("kernels 5, 5", (5, 5), (1, 1)),
    "pooled": deep("kernels 5, 5, pooled by 2 between", (5, 5), (2, 1)),
    "dilation 2": dilated(2),
    "dilation 4": dilated(4),
    "dilations": dilated(1, 2, 4),
}
QUICK = ("kernel 3", "kernel 5", "pooled", "dilation 4")


def over_the_ends(layers: Layers, length: int = LENGTH) -> tuple[int, int]:
    """Positions whose windows reach over the first and over the last token (T12)."""
    reach, stride, left = layers.field
    count = length
    for pool in layers.pools:
        count = (count - pool) // pool + 1
    starts = [position * stride - left for position in range(count)]
    return sum(s < 0 for s in starts), sum(s + reach > length for s in starts)


def strange_in_filler(layers: Layers, mode: str) -> int:
    """Positions of constant filler that differ from the middle: zeros alone look like no filler."""
    return sum(over_the_ends(layers)) if mode == "zeros" else 0
