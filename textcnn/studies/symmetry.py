"""Convolution commutes, cross-correlation does not, and learned kernels make up for it (T11)."""

from typing import TYPE_CHECKING

from textcnn.studies.shared.figures import BLUE, GREY, new_figure
from textcnn.studies.shared.study import (
    SAME_LOGITS,
    Claim,
    Drawing,
    Plan,
    Point,
    Rate,
    Results,
    Study,
    Values,
    accuracy,
    different_logits,
    equal_logits,
    scientific,
)

if TYPE_CHECKING:
    from torch import Tensor

    from textcnn.inference import Classifier

F, G = (1.0, 3.0, 2.0), (2.0, 0.0, 1.0, 1.0, 4.0)  # the signals in the figure
EXACT = 1e-6  # largest relative difference of equal results
SIGNAL_SIZES = ((1, 7), (2, 3), (5, 5), (8, 40))  # of f and of g
PRODUCTS = ("f * g", "g * f", "f ⋆ g", "g ⋆ f")
DELAY = 5  # positions by which a signal is shifted


def convolve(f: list[float], g: list[float]) -> list[float]:
    """(f * g)[i] = Σ_a f[a] g[i - a], computed from the definition."""
    return [
        sum(f[a] * g[i - a] for a in range(len(f)) if 0 <= i - a < len(g))
        for i in range(len(f) + len(g) - 1)
    ]


def correlate(f: list[float], g: list[float]) -> list[float]:
    """(f ⋆ g)[i] = Σ_a f[a] g[i + a], wherever f and g overlap: the flipped f convolved with g."""
    return convolve(f[::-1], g)


def points(plan: Plan) -> list[Point]:
    return [
        Point("numbers", {"of": "numbers"}, plan.seeds),
        Point("shifts", {"of": "shifts"}, plan.seeds),
        Point("networks", {"of": "networks"}, plan.seeds),
    ]


def measure(settings: Values, seed: int) -> Values:
    measures = {
        "numbers": measure_numbers,
        "shifts": measure_shifts,
        "networks": measure_networks,
    }
    return measures[settings["of"]](seed)


def layer_correlates(kernel: "Tensor", signal: "Tensor") -> "Tensor":
    """The output of `Convolution` with full padding; all three tensors are 1-dimensional."""
    import torch

    from textcnn.models.layers.convolution import Convolution
    from textcnn.models.layers.features import Features

    layer = Convolution(1, 1, len(kernel), padding="full", bias=False)
    with torch.no_grad():
        layer.weight.copy_(kernel)
        made: Tensor = layer(Features(signal[None, None], torch.tensor([len(signal)]))).values
    return made[0, 0]


def measure_numbers(seed: int) -> Values:
    """Relative differences of the products, over all signal sizes, and those that are drawn."""
    import numpy as np
    import torch

    draw = torch.Generator().manual_seed(seed)
    gaps: dict[str, list[float]] = {name: [] for name in ("*", "⋆", "flip", "numpy")}
    for sizes in SIGNAL_SIZES:
        f, g = (torch.randn(size, generator=draw) for size in sizes)
        fg, gf = layer_correlates(f.flip(0), g), layer_correlates(g.flip(0), f)
        f_g, g_f = layer_correlates(f, g), layer_correlates(g, f)
        gaps["*"].append(relative_gap(fg, gf))
        gaps["⋆"].append(relative_gap(f_g, g_f))
        gaps["flip"].append(relative_gap(f_g, g_f.flip(0)))
        gaps["numpy"].append(relative_gap(fg, torch.from_numpy(np.convolve(f.numpy(), g.numpy()))))
    drawn = [torch.tensor(each) for each in (F, G)]
    products = [
        layer_correlates(drawn[0].flip(0), drawn[1]),
        layer_correlates(drawn[1].flip(0), drawn[0]),
        layer_correlates(drawn[0], drawn[1]),
        layer_correlates(drawn[1], drawn[0]),
    ]
    return {
        "commutes": max(gaps["*"]),
        "correlation": min(gaps["⋆"]),
        "flip": max(gaps["flip"]),
        "numpy": max(gaps["numpy"]),
        "products": dict(zip(PRODUCTS, (p.tolist() for p in products), strict=True)),
    }


def relative_gap(one: "Tensor", other: "Tensor") -> float:
    """The largest difference, relative to the largest number."""
    return float((one - other).abs().max() / one.abs().max())


def measure_shifts(seed: int) -> Values:
    """Difference between the map of a shifted signal and the shifted map, by padding and stride."""
    import torch

    from textcnn.models.layers.convolution import Convolution
    from textcnn.models.layers.features import Features

    torch.manual_seed(seed)
    signal, before = torch.randn(1, 4, 40), torch.randn(1, 4, DELAY)

    def made(layer: Convolution, values: "Tensor") -> "Tensor":
        with torch.no_grad():
            result: Tensor = layer(Features(values, torch.tensor([values.shape[2]]))).values
        return result

    valid, stride = Convolution(4, 8, 5), Convolution(4, 8, 5, stride=2)
    circular = Convolution(4, 8, 5, padding="circular")
    zeros = Convolution(4, 8, 5, padding="zeros")
    longer = torch.cat([before, signal], dim=2)  # the signal, DELAY positions later
    rolled = signal.roll(DELAY, 2)
    late = made(stride, longer)[..., DELAY // 2 :]
    return {
        "valid": relative_gap(made(valid, signal), made(valid, longer)[..., DELAY:]),
        "circular": relative_gap(made(circular, signal).roll(DELAY, 2), made(circular, rolled)),
        "zeros": relative_gap(made(zeros, signal).roll(DELAY, 2), made(zeros, rolled)),
        "stride": relative_gap(made(stride, signal)[..., :16], late[..., :16]),
    }


def measure_networks(seed: int) -> Values:
    """Compare a network with one that flips its kernels and with one for mirrored texts."""
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
    """Reverse each kernel of the encoder in place."""
    import torch

    from textcnn.models.layers.convolution import Convolution

    with torch.no_grad():
        for layer in classifier.model.encoder.modules():
            if isinstance(layer, Convolution):
                layer.weight.copy_(layer.weight.flip(2))


def add_flips(classifier: "Classifier") -> None:
    """Make the encoder convolve: each layer flips its kernel before it cross-correlates."""
    from torch import nn
    from torch.nn.utils import parametrize

    from textcnn.models.layers.convolution import Convolution

    class Flip(nn.Module):
        def forward(self, kernel: "Tensor") -> "Tensor":
            return kernel.flip(2)

    for layer in [*classifier.model.encoder.modules()]:
        if isinstance(layer, Convolution):
            parametrize.register_parametrization(layer, "weight", Flip())


def exact(statement: str, gap: float) -> Claim:
    return Claim("T11", statement, f"≤ {EXACT:g}", scientific(gap), gap <= EXACT)


def unequal(statement: str, gap: float) -> Claim:
    return Claim("T11", statement, f"> {SAME_LOGITS:g}", scientific(gap), gap > SAME_LOGITS)


def claims(results: Results) -> list[Claim]:
    def most(point: str, key: str) -> float:
        return float(max(values[key] for values in results.of(point)))

    def least(point: str, key: str) -> float:
        return float(min(values[key] for values in results.of(point)))

    made = [
        exact("difference between f * g and g * f", most("numbers", "commutes")),
        exact("difference between f * g and numpy.convolve(f, g)", most("numbers", "numpy")),
        unequal("difference between f ⋆ g and g ⋆ f", least("numbers", "correlation")),
        exact("difference between f ⋆ g and the reverse of g ⋆ f", most("numbers", "flip")),
        exact(
            "valid: difference between the map of a delayed signal and the delayed map",
            most("shifts", "valid"),
        ),
        exact(
            "circular: difference between the map of a rolled signal and the rolled map",
            most("shifts", "circular"),
        ),
        unequal(
            "zeros: difference between the map of a rolled signal and the rolled map",
            least("shifts", "zeros"),
        ),
        unequal(
            "stride 2: difference between the map of a signal delayed by 5 and the delayed map",
            least("shifts", "stride"),
        ),
    ]
    for moment in ("before", "after"):
        for key, statement in (
            (
                "flipping",
                "logit difference between a network that correlates and one that convolves",
            ),
            (
                "mirrored",
                "logit difference between a network and, on mirrored texts, its flipped kernels",
            ),
        ):
            gap = most("networks", f"{key}_{moment}")
            made.append(equal_logits("T11", f"{statement}, {moment} training", gap))
    gap = least("networks", "wrong_after")
    made.append(
        different_logits(
            "T11", "logit change of a network if texts are mirrored, after training", gap
        )
    )
    for key, who in (("plain", "correlates"), ("flips", "convolves")):
        counts = [values[key] for values in results.of("networks")]
        rate = Rate.of(counts)
        made.append(accuracy("T11", f"a network that {who}: accuracy on order", 1.0, rate))
    return made


def drawings(results: Results) -> list[Drawing]:
    products = results.first("numbers")["products"]
    shown = {"f": [*F], "g": [*G], **products}
    figure, panels = new_figure(len(shown), columns=2, size=(3.4, 1.6))
    for axes, (name, numbers) in zip(panels, shown.items(), strict=True):
        axes.bar(range(len(numbers)), numbers, width=0.6, color=BLUE if len(name) > 1 else GREY)
        axes.set_title(name, loc="left")
        axes.set_xticks(range(len(numbers)))
        axes.set_xlabel("position")
        axes.set_ylabel("value")
    caption = (
        "Two signals f and g, their two convolutions, which are equal, and their two "
        "cross-correlations, which mirror each other. All are computed by textcnn's convolution "
        "layer with full padding."
    )
    return [Drawing("symmetry", caption, figure)]


def table(results: Results) -> list[list[str]]:
    return [
        ["product", "at positions 0 to 6"],
        *(
            [name, ", ".join(f"{number:g}" for number in numbers)]
            for name, numbers in results.first("numbers")["products"].items()
        ),
    ]


SYMMETRY = Study(
    name="symmetry",
    title="Convolution or cross-correlation",
    question="The convolution of deep learning does not flip its kernel. Does it matter?",
    mathematics="""
<p>Convolution runs through one of the signals backwards. It is commutative, because <var>a</var>
and <var>i</var> − <var>a</var> can swap roles in the sum. The operation that deep learning calls
convolution runs through both signals forwards. It is cross-correlation: convolution with the
flipped kernel.</p>
<p class="formula">(<var>f</var> * <var>g</var>)[<var>i</var>] = Σ<sub><var>a</var></sub>
<var>f</var>[<var>a</var>] <var>g</var>[<var>i</var> − <var>a</var>], &nbsp;
(<var>f</var> ⋆ <var>g</var>)[<var>i</var>] = Σ<sub><var>a</var></sub>
<var>f</var>[<var>a</var>] <var>g</var>[<var>i</var> + <var>a</var>]</p>
<p>So <var>f</var> * <var>g</var> = <var>g</var> * <var>f</var>, but <var>g</var> ⋆ <var>f</var>
is <var>f</var> ⋆ <var>g</var> reversed. Both operations are <em>equivariant</em>: a delayed signal
gives the same map, delayed. Kernels are learned in the order in which they are used, so layers that
start from mirrored weights learn the same function.</p>""",
    training="8 epochs on 800 texts, tested on 200 others.",
    lesson=(
        "Whether a layer flips its kernel is a convention, not a property of what it learns. It "
        "matters only to those who move kernels between programs or interpret them. What matters "
        "is equivariance, and padding and strides break it."
    ),
    points=points,
    measure=measure,
    claims=claims,
    drawings=drawings,
    table=table,
)
