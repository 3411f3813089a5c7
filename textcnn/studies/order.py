"""How far apart two markers may be for a network to know which comes first."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from textcnn.studies.figures import GREY, accuracy_axes, intervals, new_figure, predicted
from textcnn.studies.study import (
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
    silent,
)
from textcnn.studies.theory import ceiling, reachable, seen_by_chunks, sees_distance, windows

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from textcnn.studies.probe import Rows

FARTHEST = 18  # words from one marker to the other
PAIRS = 60  # for each distance, to train on
PAIRS_OF_PLACES = 180  # where every place has to be learnt
TESTED = 100  # pairs for each distance
CHUNKS = 4
KEPT = 3  # by k-max, of look-alikes


@dataclass(frozen=True)
class Architecture:
    """A network of the study and what theory knows of it."""

    title: str
    theorem: str
    model: Values  # the keys of `model=`
    offsets: tuple[tuple[int, ...], ...]  # that its features read, of each width
    unit: str = "word"
    everywhere: bool = False  # it knows places, so distance does not matter
    filler: str = "constant"

    @property
    def reach(self) -> int:
        """The receptive field in words."""
        tokens = max(offsets[-1] for offsets in self.offsets) + 1
        return tokens if self.unit == "word" else (tokens + 1) // 2

    @property
    def pairs(self) -> int:
        """For each distance, to train on."""
        return PAIRS_OF_PLACES if self.everywhere else PAIRS

    @property
    def margin(self) -> int:
        return max(self.reach - 1, 1)

    @property
    def length(self) -> int:
        """Words of its texts: at every distance the same."""
        return 2 * self.margin + FARTHEST + 6


def multi_width(*sizes: int, **settings: object) -> Values:
    return {"name": "multi_width", "kernel_sizes": list(sizes), **settings}


ONE = ((0,),)  # a kernel of one word
DEEP = {
    "name": "char_cnn",
    "embedding": "random",
    "kernel_sizes": [3, 3, 3, 3],
    "pool_sizes": [1, 1, 1, 1],
    "pooling": "max",
    "hidden_sizes": [],
    "init_std": None,
}
# with ReLU training pushes the weaker marker down among the filler, where no order is seen
KMAX = {
    "name": "nin",
    "depth": 1,
    "num_filters": 64,
    "activation": "leaky_relu",
    "pooling": "kmax",
    "k": KEPT,
}
ARCHITECTURES = {
    "one": Architecture("1×1", "T1", {"name": "nin"}, ONE),
    "width": Architecture("width 3", "T2", multi_width(3), (reachable([3], [1]),)),
    "mean": Architecture(
        "width 3, mean pooling", "T2", multi_width(3, pooling="mean"), (reachable([3], [1]),)
    ),
    "random": Architecture(
        "width 3, random filler", "T2", multi_width(3), (reachable([3], [1]),), filler="random"
    ),
    "widths": Architecture(
        "widths 2, 3 and 5",
        "T2b",
        multi_width(2, 3, 5),
        tuple(reachable([size], [1]) for size in (2, 3, 5)),
    ),
    "hole": Architecture(
        "one layer, dilation 4",
        "T3",
        {"name": "dilated", "kernel_size": 3, "dilations": [4]},
        (reachable([3], [4]),),
    ),
    "dilated": Architecture(
        "dilations 1, 2, 4",
        "T3",
        {"name": "dilated", "kernel_size": 3, "dilations": [1, 2, 4]},
        (reachable([3, 3, 3], [1, 2, 4]),),
    ),
    "deep": Architecture("four layers of 3", "T2", DEEP, (reachable([3] * 4, [1] * 4),)),
    "gated": Architecture(
        "two gated layers of 5",
        "T2",
        {"name": "gated", "kernel_size": 5, "depth": 2, "position": "none"},
        (reachable([5, 5], [1, 1]),),
    ),
    "char": Architecture(
        "characters, width 7", "T2", multi_width(7), (reachable([7], [1]),), unit="char"
    ),
    "learned": Architecture(
        "1×1, learned positions",
        "T6",
        {"name": "nin", "position": "learned"},
        ONE,
        everywhere=True,
    ),
    "sinusoidal": Architecture(
        "1×1, sinusoidal positions",
        "T6",
        {"name": "nin", "position": "sinusoidal"},
        ONE,
        everywhere=True,
    ),
    "kmax": Architecture(
        f"1×1, {KEPT}-max pooling",
        "T8",
        KMAX,
        ONE,
        everywhere=True,
    ),
    "chunks": Architecture(
        f"1×1, {CHUNKS} chunks",
        "T7",
        {"name": "nin", "pooling": "chunk_max", "chunks": CHUNKS},
        ONE,
    ),
    "flatten": Architecture(
        "1×1, flatten", "T10", {"name": "nin", "pooling": "flatten"}, ONE, everywhere=True
    ),
}
QUICK = ("one", "width", "hole", "learned", "chunks")


def distances(architecture: Architecture) -> list[int]:
    """Those that theory speaks of: in random filler windows chain up to 2 R - 2 (T2)."""
    every = range(1, FARTHEST + 1)
    if architecture.filler == "constant":
        return list(every)
    reach = architecture.reach
    return [distance for distance in every if not reach <= distance <= 2 * reach - 2]


def predict(architecture: Architecture, distance: int) -> float:
    """The accuracy that theory gives at a distance in words."""
    if architecture.everywhere:
        return 1.0
    if architecture.model.get("pooling") == "chunk_max":
        return chunk_ceiling(architecture.length, architecture.margin, distance)
    tokens = distance if architecture.unit == "word" else 2 * distance  # a space between words
    return 1.0 if any(sees_distance(each, tokens) for each in architecture.offsets) else 0.5


def chunk_ceiling(length: int, margin: int, distance: int) -> float:
    """½ + ½ min(1, d / C) but for the ends: over all places where the markers may stand."""
    seen_by = seen_by_chunks(CHUNKS)
    texts = [
        (marked(length, {start: first, start + distance: second}), first + second)
        for start in range(margin, length - margin - distance)
        for first, second in ("ab", "ba")
    ]
    return ceiling((seen_by(windows(text, (0,))), label) for text, label in texts)


def marked(length: int, markers: dict[int, str]) -> list[str]:
    return [markers.get(place, "o") for place in range(length)]


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
    from textcnn.studies.probe import Training, build_probe, count_right, pair_gaps, train_probe

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
        "correct": [count_right(classifier, rows)["correct"] for rows in tests.values()],
        "texts": 2 * TESTED,
        "gap_before": [gaps.max().item() for gaps in before.values()],
        "gap_after": [gaps.max().item() for gaps in after.values()],
        "receptive_field": classifier.model.receptive_field,
    }


def order_rows(
    architecture: Architecture, distance: int, examples: int, seed: int, split: str
) -> "Rows":
    """Pairs of `data.task=order` in the frames of an architecture."""
    from textcnn.studies.probe import synthetic_rows

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


def measure_look_alikes(copies: int, seed: int) -> Values:
    """So many of each marker, all of one before all of the other, and a k-max that keeps KEPT."""
    from textcnn.studies.probe import Training, build_probe, count_right, pair_gaps, train_probe

    train, test = (look_alikes(copies, pairs, Random(f"{seed} {pairs}")) for pairs in (1000, 200))
    classifier = build_probe(KMAX, train, seed)
    before = pair_gaps(classifier, test).max().item()
    train_probe(classifier, train, seed, Training(epochs=16, learning_rate=0.005))
    after = pair_gaps(classifier, test).max().item()
    return count_right(classifier, test) | {"gap_before": before, "gap_after": after}


def look_alikes(copies: int, pairs: int, draw: Random, length: int = 24) -> "Rows":
    rows = []
    for _ in range(pairs):
        places = sorted(draw.sample(range(length), 2 * copies))
        for first, second in ("ab", "ba"):
            words = [first] * copies + [second] * copies
            text = marked(length, dict(zip(places, words, strict=True)))
            rows.append((" ".join(text), first + second))
    return rows


def measure_shift(pooling: str, seed: int, length: int = 40) -> Values:
    """Trained on markers in the first half, asked there and in the second."""
    from textcnn.studies.probe import (
        Training,
        build_probe,
        count_right,
        logits_of,
        train_probe,
    )

    half = length // 2
    first = range(2, half - 4)
    early, late = neighbours(first, length), neighbours([p + half for p in first], length)
    classifier = build_probe(multi_width(2, pooling=pooling), early, seed, max_length=length)
    train_probe(classifier, early * 10, seed, Training(epochs=16))
    moved = (logits_of(classifier, early) - logits_of(classifier, late)).abs().max().item()
    return {
        "inside": count_right(classifier, early),
        "outside": count_right(classifier, late),
        "moved": moved,
    }


def neighbours(starts: Sequence[int], length: int) -> list[tuple[str, str]]:
    """Two markers side by side, of both orders, from each of these places on."""
    return [
        (" ".join(marked(length, {start: first, start + 1: second})), first + second)
        for start in starts
        for first, second in ("ab", "ba")
    ]


def rates(results: Results, name: str) -> dict[int, Rate]:
    """By distance, over all seeds."""
    values = results.of(name)
    return {
        distance: Rate(sum(v["correct"][i] for v in values), sum(v["texts"] for v in values))
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
    for share in sorted(set(predicted.values())):
        at = [distance for distance in measured if predicted[distance] == share]
        worst = max(at, key=lambda d: abs(measured[d].share - share))
        statement = f"{title}: accuracy at {span(at)}" + (
            f", worst at {worst}" if len(at) > 1 else ""
        )
        made.append(accuracy(theorem, statement, share, measured[worst]))
    return made


def look_alike_claims(results: Results, name: str) -> list[Claim]:
    copies = results.points()[[p.name for p in results.points()].index(name)].settings["copies"]
    title = f"1×1, {KEPT}-max pooling, {copies} of each marker"
    if copies < KEPT:
        return [accuracy("T8", title, 1.0, results.rate(name))]
    gaps = [max(v["gap_before"], v["gap_after"]) for v in results.of(name)]
    return [
        equal_logits("T8", f"{title}: logits of both orders, before and after", max(gaps)),
        accuracy("T8", title, 0.5, results.rate(name)),
    ]


def shift_claims(results: Results, name: str) -> list[Claim]:
    values = results.of(name)
    title = f"width 2, {name.removeprefix('shifted, ')} pooling"
    inside, outside = (
        Rate(sum(v[key]["correct"] for v in values), sum(v[key]["texts"] for v in values))
        for key in ("inside", "outside")
    )
    moved = max(v["moved"] for v in values)
    trained = accuracy("T10", f"{title}: accuracy where it was trained", 1.0, inside)
    if name.endswith("max"):
        return [
            trained,
            equal_logits("T10", f"{title}: logits of a text and of the same, moved", moved),
            accuracy("T10", f"{title}: accuracy of texts that begin elsewhere", 1.0, outside),
        ]
    return [
        trained,
        different_logits("T10", f"{title}: logits of a text and of the same, moved", moved),
        silent(f"{title}: accuracy of texts that begin elsewhere", str(outside)),
    ]


def span(numbers: Sequence[int]) -> str:
    """`d = 1 to 4, 8`"""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    words = [f"{run[0]} to {run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs]
    return "d = " + ", ".join(words)


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


def draw_architecture(
    axes: "Axes", architecture: Architecture, measured: dict[int, Rate]
) -> None:
    places = list(measured)
    theory = [predict(architecture, distance) for distance in places]
    predicted(axes, places, theory)
    intervals(axes, places, list(measured.values()))
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
                    f"{largest(results, point.name, 'gap_after', [distance]):.0e}",
                ]
            )
    return rows


ORDER = Study(
    name="order",
    title="Which comes first: how far a convolution sees",
    question=(
        "Two markers stand in a text. Can a network tell which comes first, and up to what distance?"
    ),
    mathematics="""
<p>Kernels of <var>k<sub>l</sub></var> tokens, <var>δ<sub>l</sub></var> apart, read the offsets
<var>O</var> = {Σ <var>a<sub>l</sub> δ<sub>l</sub></var> : 0 ≤ <var>a<sub>l</sub></var> &lt;
<var>k<sub>l</sub></var>}, and reach <var>R</var> = 1 + Σ (<var>k<sub>l</sub></var> − 1)
<var>δ<sub>l</sub></var> tokens. Max pooling keeps of a text its set of windows and nothing else.</p>
<p class="formula">A … B ≢ B … A  ⇔  <var>d</var> ∈ <var>O</var> − <var>O</var></p>
<p>Beyond, both texts have the same windows, so their logits are <em>identical</em>, whatever the
weights, and accuracy on pairs is exactly ½. Several widths see as far as the widest; dilation leaves
holes where <var>d</var> is no difference of two offsets. <var>P</var> chunks of <var>C</var> tokens
tell the order when the markers fall into different ones: ½ + ½ min(1, <var>d</var>/<var>C</var>).
Positions, k-max pooling and flattening know the order at any distance; k-max until
<var>k</var> look-alikes of each marker stand in the text.</p>""",
    lesson=(
        "A convolution knows the order of words inside its receptive field, and nothing of it "
        "beyond: not little, nothing. Distances that dilation jumps over are as invisible. To see "
        "farther give it depth or dilation without holes; to know order at any distance give it "
        "positions, chunks or k-max pooling. Flattening knows places too, but only those that it "
        "was trained on."
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
