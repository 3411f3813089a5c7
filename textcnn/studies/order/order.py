"""How far apart two markers may be while a network still knows which comes first."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textcnn.studies.order.architectures import (
    ARCHITECTURES,
    QUICK_ARCHITECTURES,
    Architecture,
    distances,
    predict,
)
from textcnn.studies.order.look_alikes import look_alike_claims, measure_look_alikes
from textcnn.studies.order.shifts import measure_shift, shift_claims
from textcnn.studies.shared.distances import gaps_at, ranges, rates_by_distance, runs
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

TEST_PAIRS = 100  # for each distance


def points(plan: Plan) -> list[Point]:
    chosen = plan.pick(QUICK_ARCHITECTURES, tuple(ARCHITECTURES))
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
    """Train on texts of all distances together; measure at each."""
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
    max_length = None if architecture.unit == "char" else architecture.length
    classifier = build_probe(
        architecture.model, train, seed, unit=architecture.unit, max_length=max_length
    )
    tests = {
        distance: order_rows(architecture, distance, 2 * TEST_PAIRS, seed, "data.test")
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
    """Pairs of `data.task=order`, in texts with the length and margin of an architecture."""
    from textcnn.studies.shared.probe import synthetic_rows

    random = architecture.filler == "random"
    # if the markers are too far apart for one window, their contexts must not reveal the order
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


def claims(results: Results) -> list[Claim]:
    points = results.points()
    made = [c for p in points if "architecture" in p.settings for c in distance_claims(results, p)]
    for point in points:
        if "copies" in point.settings:
            made += look_alike_claims(results, point.name, point.settings["copies"])
        elif "shifted" in point.settings:
            made += shift_claims(results, point.name, point.settings["shifted"])
    return made


def distance_claims(results: Results, point: Point) -> list[Claim]:
    architecture = ARCHITECTURES[point.settings["architecture"]]
    measured = rates_by_distance(results, point.name)
    predicted = {distance: predict(architecture, distance) for distance in measured}
    alike = [distance for distance, share in predicted.items() if share == 0.5]
    title, theorem = architecture.title, architecture.theorem
    made = []
    for moment in ("before", "after") if alike else ():
        gap = max(gaps_at(results, point.name, f"gap_{moment}", alike))
        statement = (
            f"{title}: logit difference between both orders, {moment} training, at {ranges(alike)}"
        )
        made.append(equal_logits(theorem, statement, gap))
    if theorem in ("T2", "T2b", "T3") and len(alike) < len(predicted):
        made.append(seen_claim(results, point, [d for d in predicted if d not in alike]))
    for share in sorted(set(predicted.values())):
        at = [distance for distance in measured if predicted[distance] == share]
        worst = max(at, key=lambda d: abs(measured[d].share - share))
        statement = f"{title}: accuracy at {ranges(at)}" + (
            f", worst at {worst}" if len(at) > 1 else ""
        )
        made.append(accuracy(theorem, statement, share, measured[worst], architecture.why))
    return made


def seen_claim(results: Results, point: Point, seen: Sequence[int]) -> Claim:
    """Training finds weights that distinguish the orders, as far as a window reaches.

    Random weights may fail: if the windows that hold both markers win no maximum, max pooling
    drops them.
    """
    architecture = ARCHITECTURES[point.settings["architecture"]]
    least = min(gaps_at(results, point.name, "gap_after", seen))
    title, theorem = architecture.title, architecture.theorem
    statement = f"{title}: logit difference between both orders, after training, at {ranges(seen)}"
    return different_logits(theorem, statement, least)


def drawings(results: Results) -> list[Drawing]:
    names = [point.name for point in results.points() if point.name in ARCHITECTURES]
    figure, panels = new_figure(len(names), columns=3)
    for axes, name in zip(panels, names, strict=True):
        draw_architecture(axes, ARCHITECTURES[name], rates_by_distance(results, name))
    caption = (
        "Accuracy by distance between the markers. Grey: theory. Points: trained networks, with "
        "95 % intervals. Dashed: the end of the receptive field."
    )
    return [Drawing("order", caption, figure)]


def draw_architecture(axes: "Axes", architecture: Architecture, measured: dict[int, Rate]) -> None:
    for run in runs(list(measured)):  # no line at distances that theory does not cover
        theory = [predict(architecture, distance) for distance in run]
        predicted(axes, run, theory, drawstyle="steps-mid")
    intervals(axes, list(measured), list(measured.values()))
    if not architecture.everywhere:
        axes.axvline(architecture.reach - 0.5, color=GREY, linestyle="--", linewidth=1)
    accuracy_axes(axes, f"{architecture.title} ({architecture.theorem})", "distance in words")


def table(results: Results) -> list[list[str]]:
    rows = [["network", "R", "distance", "theory", "measured (95 %)", "logit difference"]]
    for point in results.points():
        if point.name not in ARCHITECTURES:
            continue
        architecture = ARCHITECTURES[point.name]
        for distance, rate in rates_by_distance(results, point.name).items():
            rows.append(
                [
                    architecture.title,
                    "all" if architecture.everywhere else str(architecture.reach),
                    str(distance),
                    f"{100 * predict(architecture, distance):.1f} %",
                    str(rate),
                    scientific(max(gaps_at(results, point.name, "gap_after", [distance]))),
                ]
            )
    return rows


ORDER = Study(
    name="order",
    title="Which comes first: how far a convolution sees",
    question=(
        "A text contains two markers. Can a network say which comes first, however far apart they "
        "are?"
    ),
    mathematics="""
<p>Convolutions with kernels of <var>k<sub>l</sub></var> tokens and dilations
<var>δ<sub>l</sub></var> read the offsets
<var>O</var> = {Σ <var>a<sub>l</sub> δ<sub>l</sub></var> : 0 ≤ <var>a<sub>l</sub></var> &lt;
<var>k<sub>l</sub></var>}. Their receptive field is <var>R</var> = 1 +
Σ (<var>k<sub>l</sub></var> − 1) <var>δ<sub>l</sub></var> tokens. Max pooling keeps the set of a
text's windows and nothing else. A network can distinguish the two orders of markers at distance
<var>d</var> exactly if one window can hold both:</p>
<p class="formula">A … B ≢ B … A  ⇔  <var>d</var> ∈ <var>O</var> − <var>O</var></p>
<p>At any other distance both texts have the same windows. Their logits are then <em>identical</em>,
whatever the weights, and accuracy on pairs is exactly ½. Parallel kernels see as far as the
widest. Dilation leaves holes wherever <var>d</var> is not a difference of two offsets.
<var>P</var> chunks of <var>C</var> tokens reveal the order if the markers fall into different
chunks: accuracy is ½ + ½ min(1, <var>d</var>/<var>C</var>).
Position encodings, k-max pooling and flattening know the order at any distance. k-max pooling
loses it once a text contains <var>k</var> copies of each marker.</p>""",
    training=(
        "Each network trains for 16 epochs on pairs of all distances together: 60 for each "
        "distance, or 180 if it has to learn every position. It is then tested at each distance. "
        "Training on the largest distance alone fails: max pooling gives the window that matters "
        "no gradient. In constant filler, a distance allows few different texts, so most test "
        "texts also occur in training. The test measures what a network can distinguish, not how "
        "it generalises. All networks have 24 filters of each width, except for the stack of "
        "dilations (48) and k-max pooling (64). k-max pooling is shown with leaky ReLU and with "
        "ReLU, which loses the weaker marker."
    ),
    lesson=(
        "A convolution knows the order of words inside its receptive field and nothing about it "
        "beyond: not little, nothing. Distances that dilation skips are equally invisible. To see "
        "farther, add depth, or dilation without holes. To know order at any distance, add "
        "position encodings, chunks, or k-max pooling with leaky ReLU. Flattening knows positions "
        "too, but only those that it was trained on."
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
