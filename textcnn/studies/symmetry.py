"""Convolution is commutative, cross-correlation is not, and learned kernels don't care."""

from typing import TYPE_CHECKING

from textcnn.studies.flipped import measure_networks
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

F, G = (1.0, 3.0, 2.0), (2.0, 0.0, 1.0, 1.0, 4.0)  # that the figure draws
EXACT = 1e-6  # of the largest number
SIZES = ((1, 7), (2, 3), (5, 5), (8, 40))  # numbers of f and of g
PRODUCTS = ("f * g", "g * f", "f ⋆ g", "g ⋆ f")
SHIFT = 5  # tokens


def convolve(f: list[float], g: list[float]) -> list[float]:
    """(f * g)[i] = Σ_a f[a] g[i - a], by the definition."""
    return [
        sum(f[a] * g[i - a] for a in range(len(f)) if 0 <= i - a < len(g))
        for i in range(len(f) + len(g) - 1)
    ]


def correlate(f: list[float], g: list[float]) -> list[float]:
    """(f ⋆ g)[i] = Σ_a f[a] g[i + a], wherever f and g meet: g convolved with f, flipped."""
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
    """What the package's layer makes, with full padding, of (numbers,) and (numbers,)."""
    import torch

    from textcnn.models.layers.convolution import Convolution
    from textcnn.models.layers.features import Features

    layer = Convolution(1, 1, len(kernel), padding="full", bias=False)
    with torch.no_grad():
        layer.weight.copy_(kernel)
        made: Tensor = layer(Features(signal[None, None], torch.tensor([len(signal)]))).values
    return made[0, 0]


def measure_numbers(seed: int) -> Values:
    """Gaps relative to the largest number, the worst of all sizes."""
    import numpy as np
    import torch

    draw = torch.Generator().manual_seed(seed)
    gaps: dict[str, list[float]] = {name: [] for name in ("*", "⋆", "flip", "numpy")}
    for sizes in SIZES:
        f, g = (torch.randn(size, generator=draw) for size in sizes)
        fg, gf = layer_correlates(f.flip(0), g), layer_correlates(g.flip(0), f)
        f_g, g_f = layer_correlates(f, g), layer_correlates(g, f)
        gaps["*"].append(apart(fg, gf))
        gaps["⋆"].append(apart(f_g, g_f))
        gaps["flip"].append(apart(f_g, g_f.flip(0)))
        gaps["numpy"].append(apart(fg, torch.from_numpy(np.convolve(f.numpy(), g.numpy()))))
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


def apart(one: "Tensor", other: "Tensor") -> float:
    """The largest difference, relative to the largest number."""
    return float((one - other).abs().max() / one.abs().max())


def measure_shifts(seed: int) -> Values:
    """How far the map of a shifted signal is from the shifted map, by boundary and stride."""
    import torch

    from textcnn.models.layers.convolution import Convolution
    from textcnn.models.layers.features import Features

    torch.manual_seed(seed)
    signal, before = torch.randn(1, 4, 40), torch.randn(1, 4, SHIFT)

    def made(layer: Convolution, values: "Tensor") -> "Tensor":
        with torch.no_grad():
            result: Tensor = layer(Features(values, torch.tensor([values.shape[2]]))).values
        return result

    valid, stride = Convolution(4, 8, 5), Convolution(4, 8, 5, stride=2)
    circular = Convolution(4, 8, 5, padding="circular")
    zeros = Convolution(4, 8, 5, padding="zeros")
    longer = torch.cat([before, signal], dim=2)  # the signal, SHIFT positions later
    rolled = signal.roll(SHIFT, 2)
    late = made(stride, longer)[..., SHIFT // 2 :]
    return {
        "valid": apart(made(valid, signal), made(valid, longer)[..., SHIFT:]),
        "circular": apart(made(circular, signal).roll(SHIFT, 2), made(circular, rolled)),
        "zeros": apart(made(zeros, signal).roll(SHIFT, 2), made(zeros, rolled)),
        "stride": apart(made(stride, signal)[..., :16], late[..., :16]),
    }


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
        exact("f * g and g * f", most("numbers", "commutes")),
        exact("f * g and numpy.convolve(f, g)", most("numbers", "numpy")),
        unequal("f ⋆ g and g ⋆ f", least("numbers", "correlation")),
        exact("f ⋆ g and g ⋆ f from right to left", most("numbers", "flip")),
        exact("valid: the map of a later signal and the map, later", most("shifts", "valid")),
        exact(
            "circular: the map of a rolled signal and the map, rolled", most("shifts", "circular")
        ),
        unequal("zeros: the same, which ends at the ends", least("shifts", "zeros")),
        unequal("stride 2: the same, for a shift by 5", least("shifts", "stride")),
    ]
    for moment in ("before", "after"):
        for key, statement in (
            ("flipping", "a network that correlates and one that convolves: logits"),
            ("mirrored", "a network, and its kernels flipped on mirrored texts: logits"),
        ):
            gap = most("networks", f"{key}_{moment}")
            made.append(equal_logits("T11", f"{statement}, {moment} training", gap))
    gap = least("networks", "wrong_after")
    made.append(different_logits("T11", "a network on texts and on mirrored texts: logits", gap))
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
        "Two signals, their convolutions, which are the same, and their cross-correlations, of "
        "which each is the other from right to left. All by the package's layer, full padding."
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
    question="Deep learning's convolution does not flip its kernel. Does it matter?",
    mathematics="""
<p>Convolution runs through one signal backwards, and so is commutative: <var>a</var> and
<var>i</var> − <var>a</var> change places in the sum. What the field calls convolution runs
through both forwards. It is cross-correlation, convolution with the flipped kernel:</p>
<p class="formula">(<var>f</var> * <var>g</var>)[<var>i</var>] = Σ<sub><var>a</var></sub>
<var>f</var>[<var>a</var>] <var>g</var>[<var>i</var> − <var>a</var>], &nbsp;
(<var>f</var> ⋆ <var>g</var>)[<var>i</var>] = Σ<sub><var>a</var></sub>
<var>f</var>[<var>a</var>] <var>g</var>[<var>i</var> + <var>a</var>]</p>
<p>So <var>f</var> * <var>g</var> = <var>g</var> * <var>f</var>, but <var>g</var> ⋆ <var>f</var>
is <var>f</var> ⋆ <var>g</var> from right to left. Both are <em>equivariant</em>: a later signal
makes the same map, later. A kernel that is learnt is learnt in the order in which it is used:
from mirrored weights both layers learn the same function.</p>""",
    training=("8 epochs on 800 texts, asked on 200 others."),
    lesson=(
        "Whether a layer flips its kernel is a convention, not a property of what it learns: "
        "only who carries kernels from one program to another, or reads them, has to know. "
        "Equivariance is what matters, and padding and strides are what break it."
    ),
    points=points,
    measure=measure,
    claims=claims,
    drawings=drawings,
    table=table,
)
