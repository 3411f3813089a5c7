"""How far apart two markers may be for a network to know which comes first."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textcnn.studies.order.limits import (
    look_alike_claims,
    measure_look_alikes,
    measure_shift,
    shift_claims,
)
from textcnn.studies.shared.architectures import (
    ARCHITECTURES,
    QUICK,
    Architecture,
    distances,
    predict,
)
from textcnn.studies.shared.figures import GREY, accuracy_axes, intervals, new_figure, predicted
from textcnn.studies.shared.study import (
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
    from matplotlib.axes import Axes

    from textcnn.studies.shared.probe import Rows

TESTED = 100  # pairs for each distance


def points(plan: Plan) -> list[Point]:
    chosen = plan.pick(QUICK, tuple(ARCHITECTURES))
    look_alikes = [Point(f"{m} look-alikes", {"copies": m}, plan.seeds) for m in range(1, 6)]
    shifted = [Point(f"shifted, {p}", {"shifted": p}, plan.seeds) for p in ("max", "flatten")]
    return [
        *(Point(name, {"architecture": name}, plan.seeds) for name in chosen),
        *plan.pick([], look_alikes),
        *plan.pick([], shifted),
    ]


def measure(settings: Values, seed: int) -> Values:
    if "copies" in settings:
        return measure_look_alikes(settings["copies"], seed)
    if "shifted" in settings:
        return measure_shift(settings["shifted"], seed)
    return measure_distances(ARCHITECTURES[settings["architecture"]], seed)


def measure_distances(architecture: Architecture, seed: int) -> Values:
    """A network trained on texts of all distances, asked at each."""
    from textcnn.studies.shared.probe import (
        Training,
        build_probe,
        measure_accuracy,
        pair_gaps,
        train_probe,
    )

    train = [
        row
        for distance in distances(architecture)
        for row in order_rows(architecture, distance, 2 * architecture.pairs, seed, "data.train")
    ]
    frame = None if architecture.unit == "char" else architecture.length
    classifier = build_probe(
        architecture.model, train, seed, unit=architecture.unit, max_length=frame
    )
    tests = {
        distance: order_rows(architecture, distance, 2 * TESTED, seed, "data.test")
        for distance in distances(architecture)
    }
    before = {d: pair_gaps(classifier, rows) for d, rows in tests.items()}
    train_probe(classifier, train, seed, Training(epochs=16, learning_rate=0.005))
    after = {d: pair_gaps(classifier, rows) for d, rows in tests.items()}
    return {
        "distances": list(tests),
        "asked": [measure_accuracy(classifier, rows) for rows in tests.values()],
        "gap_before": [gaps.max().item() for gaps in before.values()],
        "gap_after": [gaps.max().item() for gaps in after.values()],
        "receptive_field": classifier.model.receptive_field,
    }


def order_rows(
    architecture: Architecture, distance: int, examples: int, seed: int, split: str
) -> "Rows":
    """Pairs of `data.task=order` in the frames of an architecture."""
    from textcnn.studies.shared.probe import synthetic_rows

    random = architecture.filler == "random"
    # contexts that leave no trace, where the markers are too far apart for one window
    far = random and distance >= 2 * architecture.reach - 1
    return synthetic_rows(
        examples,
        seed,
        split,
        task="order",
        distance=distance,
        margin=architecture.margin,
        length=architecture.length,
        filler=architecture.filler,
        window=architecture.reach if far else 1,
    )


def rates(results: Results, name: str) -> dict[int, Rate]:
    """By distance, over all seeds."""
    values = results.of(name)
    return {
        distance: Rate.of(v["asked"][i] for v in values)
        for i, distance in enumerate(values[0]["distances"])
    }


def largest(results: Results, name: str, key: str, chosen: Sequence[int]) -> float:
    """The largest gap of the logits of a pair, over seeds and these distances."""
    return max(
        gap
        for values in results.of(name)
        for distance, gap in zip(values["distances"], values[key], strict=True)
        if distance in chosen
    )


def claims(results: Results) -> list[Claim]:
    names = [point.name for point in results.points()]
    made = [c for name in names if name in ARCHITECTURES for c in distance_claims(results, name)]
    for name in names:
        if name.endswith("look-alikes"):
            made += look_alike_claims(results, name)
        if name.startswith("shifted"):
            made += shift_claims(results, name)
    return made


def distance_claims(results: Results, name: str) -> list[Claim]:
    architecture, measured = ARCHITECTURES[name], rates(results, name)
    predicted = {distance: predict(architecture, distance) for distance in measured}
    alike = [distance for distance, share in predicted.items() if share == 0.5]
    title, theorem = architecture.title, architecture.theorem
    made = []
    for moment in ("before", "after") if alike else ():
        gap = largest(results, name, f"gap_{moment}", alike)
        made.append(
            equal_logits(
                theorem, f"{title}: logits of both orders, {moment} training, at {span(alike)}", gap
            )
        )
    if theorem in ("T2", "T2b", "T3") and len(alike) < len(predicted):
        made.append(seen_claim(results, name, [d for d in predicted if d not in alike]))
    for share in sorted(set(predicted.values())):
        at = [distance for distance in measured if predicted[distance] == share]
        worst = max(at, key=lambda d: abs(measured[d].share - share))
        statement = f"{title}: accuracy at {span(at)}" + (
            f", worst at {worst}" if len(at) > 1 else ""
        )
        made.append(accuracy(theorem, statement, share, measured[worst], architecture.why))
    return made


def seen_claim(results: Results, name: str, seen: Sequence[int]) -> Claim:
    """That weights are found which tell the orders, as far as a window reaches.

    Weights by chance need not: if the windows that hold both markers win no maximum, max pooling
    drops them.
    """
    architecture = ARCHITECTURES[name]
    least = min(
        gap
        for values in results.of(name)
        for distance, gap in zip(values["distances"], values["gap_after"], strict=True)
        if distance in seen
    )
    statement = f"{architecture.title}: logits of both orders, after training, at {span(seen)}"
    return different_logits(architecture.theorem, statement, least)


def span(numbers: Sequence[int]) -> str:
    """`d = 1 to 4, 8`"""
    words = [f"{run[0]} to {run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs(numbers)]
    return "d = " + ", ".join(words)


def runs(numbers: Sequence[int]) -> list[list[int]]:
    """Those that follow each other without a gap, together."""
    found: list[list[int]] = []
    for number in numbers:
        if found and found[-1][-1] == number - 1:
            found[-1].append(number)
        else:
            found.append([number])
    return found


def drawings(results: Results) -> list[Drawing]:
    names = [point.name for point in results.points() if point.name in ARCHITECTURES]
    figure, panels = new_figure(len(names), columns=3)
    for axes, name in zip(panels, names, strict=True):
        draw_architecture(axes, ARCHITECTURES[name], rates(results, name))
    caption = (
        "Accuracy against the distance of the markers. Grey: theory. Points: networks after "
        "training, with 95 % intervals. Dashed: where the receptive field ends."
    )
    return [Drawing("order", caption, figure)]


def draw_architecture(axes: "Axes", architecture: Architecture, measured: dict[int, Rate]) -> None:
    for run in runs(list(measured)):  # where nothing is predicted no line is drawn
        theory = [predict(architecture, distance) for distance in run]
        predicted(axes, run, theory, drawstyle="steps-mid")
    intervals(axes, list(measured), list(measured.values()))
    if not architecture.everywhere:
        axes.axvline(architecture.reach - 0.5, color=GREY, linestyle="--", linewidth=1)
    accuracy_axes(axes, f"{architecture.title} ({architecture.theorem})", "distance in words")


def table(results: Results) -> list[list[str]]:
    rows = [["network", "R", "distance", "theory", "measured (95 %)", "gap of logits"]]
    for point in results.points():
        if point.name not in ARCHITECTURES:
            continue
        architecture = ARCHITECTURES[point.name]
        for distance, rate in rates(results, point.name).items():
            rows.append(
                [
                    architecture.title,
                    "all" if architecture.everywhere else str(architecture.reach),
                    str(distance),
                    f"{100 * predict(architecture, distance):.1f} %",
                    str(rate),
                    scientific(largest(results, point.name, "gap_after", [distance])),
                ]
            )
    return rows


ORDER = Study(
    name="order",
    title="Which comes first: how far a convolution sees",
    question=(
        "Two markers stand in a text. Can a network tell which comes first, however far apart?"
    ),
    mathematics="""
<p>Kernels of <var>k<sub>l</sub></var> tokens, <var>δ<sub>l</sub></var> apart, read the offsets
<var>O</var> = {Σ <var>a<sub>l</sub> δ<sub>l</sub></var> : 0 ≤ <var>a<sub>l</sub></var> &lt;
<var>k<sub>l</sub></var>}, and reach <var>R</var> = 1 + Σ (<var>k<sub>l</sub></var> − 1)
<var>δ<sub>l</sub></var> tokens. Max pooling keeps of a text its set of windows, nothing else.</p>
<p class="formula">A … B ≢ B … A  ⇔  <var>d</var> ∈ <var>O</var> − <var>O</var></p>
<p>Beyond, both texts have the same windows, so their logits are <em>identical</em>, whatever the
weights, and accuracy on pairs is exactly ½. Several widths see as far as the widest; dilation
leaves holes where <var>d</var> is no difference of two offsets. <var>P</var> chunks of
<var>C</var> tokens tell the order when the markers fall into different ones: ½ + ½ min(1,
<var>d</var>/<var>C</var>).
Positions, k-max pooling and flattening know the order at any distance; k-max until
<var>k</var> look-alikes of each marker stand in the text.</p>""",
    training=(
        "16 epochs on pairs of all distances together, 60 for each (180 where every place has to "
        "be learnt), then asked at each: trained on the farthest distance alone, max pooling gives "
        "the window that matters no gradient, and nothing is learnt. In constant filler a distance "
        "leaves few different texts, so most that are asked were trained on, too: what is measured "
        "is what a network can tell, not how it generalises. All have 24 filters of each width, "
        "but for the stack of dilations (48) and k-max pooling (64). That is shown with leaky ReLU "
        "and with ReLU, which loses the weaker marker."
    ),
    lesson=(
        "A convolution knows the order of words inside its receptive field, and nothing of it "
        "beyond: not little, nothing. Distances that dilation jumps over are as invisible. To see "
        "farther give it depth or dilation without holes; to know order at any distance give it "
        "positions, chunks or k-max pooling, this with leaky ReLU. Flattening knows places too, "
        "but only those that it was trained on."
    ),
    points=points,
    measure=measure,
    claims=claims,
    drawings=drawings,
    table=table,
    commands=(
        "python -m textcnn.train data=synthetic data.task=order data.distance=2 "
        "model.kernel_sizes=[3]",
        "python -m textcnn.train data=synthetic data.task=order data.distance=3 "
        "model.kernel_sizes=[3]",
    ),
)
