"""Where in a text something stands: what its ends, positions and chunks tell of that."""

from typing import TYPE_CHECKING

from textcnn.studies.position.halves import halves, predict_halves
from textcnn.studies.position.places import (
    KINDS,
    LONG,
    PARTS,
    TRAINED,
    measure_padding,
    measure_parts,
    measure_places,
    padding_claims,
    part_claims,
    place_claims,
    predict_parts,
    predict_places,
)
from textcnn.studies.shared.architectures import multi_width
from textcnn.studies.shared.figures import (
    BLUE,
    GREY,
    ORANGE,
    accuracy_axes,
    intervals,
    new_figure,
    predicted,
)
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
    equal_logits,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

REACH = 5  # words that a feature sees
LENGTHS = (8, 12, 16, 24, 32, 48, 64)  # words of a text
PADDINGS = ("valid", "zeros", "full", "causal", "replicate", "reflect", "circular")
CHUNKS = (1, 2, 4, 8)
QUICK_KINDS = ("learned", "ramp")


def predict(padding: str, length: int) -> float:
    """The best accuracy of the half (T4)."""
    return predict_halves(padding, length, REACH)


def points(plan: Plan) -> list[Point]:
    paddings = plan.pick(("valid", "circular"), PADDINGS)
    kinds = plan.pick(QUICK_KINDS, KINDS)
    return [
        *(Point(padding, {"padding": padding}, plan.seeds) for padding in paddings),
        *(Point(f"{kind} positions", {"position": kind}, plan.seeds) for kind in kinds),
        *(
            Point(f"{chunks} chunks", {"chunks": chunks}, plan.seeds)
            for chunks in plan.pick((2, 8), CHUNKS)
        ),
        Point("masks", {"masks": True}, plan.seeds),
    ]


def measure(settings: Values, seed: int) -> Values:
    if "position" in settings:
        return measure_places(settings["position"], seed)
    if "chunks" in settings:
        return measure_parts(settings["chunks"], seed)
    if "masks" in settings:
        return measure_padding(seed)
    return measure_halves(settings["padding"], seed)


def measure_halves(padding: str, seed: int) -> Values:
    """A network trained on texts of all lengths, asked at each."""
    from textcnn.studies.shared.probe import (
        Training,
        build_probe,
        logits_of,
        measure_accuracy,
        train_probe,
    )

    tests = {length: halves(length) for length in LENGTHS}
    train = [row for rows in tests.values() for row in rows * 12]
    classifier = build_probe(multi_width(REACH, padding=padding), train, seed)
    # where no window that holds the marker reaches an end; of a ring, everywhere
    margin = 0 if padding == "circular" else REACH - 1
    inner = tests[LENGTHS[-1]][margin : LENGTHS[-1] - margin]

    def gap() -> float:
        logits = logits_of(classifier, inner)  # (places, classes)
        return float((logits.amax(dim=0) - logits.amin(dim=0)).max())

    before = gap()
    train_probe(classifier, train, seed, Training(epochs=12))
    return {
        "asked": [measure_accuracy(classifier, rows) for rows in tests.values()],
        "gap_before": before,
        "gap_after": gap(),
    }


def claims(results: Results) -> list[Claim]:
    made = []
    for point in results.points():
        settings = point.settings
        if "position" in settings:
            made += place_claims(results, point.name, settings["position"])
        elif "chunks" in settings:
            made += part_claims(results, point.name, settings["chunks"])
        elif "masks" in settings:
            made += padding_claims(results, point.name)
        else:
            made += half_claims(results, settings["padding"])
    return made


def half_claims(results: Results, padding: str) -> list[Claim]:
    made = []
    where = "wherever the marker is" if padding == "circular" else "away from the ends"
    for moment in ("before", "after"):
        gap = max(values[f"gap_{moment}"] for values in results.of(padding))
        statement = f"{padding}: logits, {where}, {moment} training"
        made.append(equal_logits("T4", statement, gap))
    for length, rate in by_length(results, padding).items():
        statement = f"{padding}: accuracy of the half, in {length} words"
        made.append(accuracy("T4", statement, predict(padding, length), rate))
    return made


def by_length(results: Results, padding: str) -> dict[int, Rate]:
    """Over all seeds."""
    values = results.of(padding)
    return {length: Rate.of(v["asked"][i] for v in values) for i, length in enumerate(LENGTHS)}


def drawings(results: Results) -> list[Drawing]:
    paddings = [p.name for p in results.points() if "padding" in p.settings]
    figure, panels = new_figure(len(paddings) + 2, columns=3)
    for axes, padding in zip(panels, paddings, strict=False):
        measured = by_length(results, padding)
        shares = [predict(padding, length) for length in measured]
        predicted(axes, list(measured), shares)
        intervals(axes, list(measured), list(measured.values()))
        axes.axhline(50, color=GREY, linewidth=0.7, linestyle=":")
        accuracy_axes(axes, f"{padding} (R = {REACH})", "words of the text")
    draw_places(panels[-2], results)
    draw_parts(panels[-1], results)
    caption = (
        "Accuracy of naming the half that holds a marker, by the length of the text, for each "
        "boundary mode; then the order of markers told by positions, where they stood in training "
        "(blue) and where they never did (orange); then the part of eight that holds the marker, "
        "by chunks. Grey: theory. Points: networks after training, with 95 % intervals."
    )
    return [Drawing("position", caption, figure)]


def draw_places(axes: "Axes", results: Results) -> None:
    kinds = [p.settings["position"] for p in results.points() if "position" in p.settings]
    for number, kind in enumerate(kinds):
        values = results.of(f"{kind} positions")
        for shift, (where, colour) in enumerate((("inside", BLUE), ("outside", ORANGE))):
            at = number + 0.3 * shift - 0.15
            predicted(axes, [at - 0.08, at + 0.08], [predict_places(where == "inside")] * 2)
            intervals(axes, [at], [Rate.of(v[where] for v in values)], colour)
    accuracy_axes(axes, "1×1 with positions (T6)", "")
    axes.set_xlim(-0.5, len(kinds) - 0.5)
    axes.set_xticks(range(len(kinds)), kinds)


def draw_parts(axes: "Axes", results: Results) -> None:
    at = [p.settings["chunks"] for p in results.points() if "chunks" in p.settings]
    predicted(axes, at, [predict_parts(chunks) for chunks in at])
    intervals(axes, at, [results.rate(f"{chunks} chunks") for chunks in at])
    accuracy_axes(axes, f"part of {PARTS}, by chunks (T7)", "chunks")
    axes.set_xticks(at)


def table(results: Results) -> list[list[str]]:
    rows = [["network", "words", "theory", "measured (95 %)"]]
    for point in results.points():
        if "padding" in point.settings:
            rows += [
                [
                    f"width {REACH}, {point.name}",
                    str(length),
                    f"{100 * predict(point.name, length):.1f} %",
                    str(rate),
                ]
                for length, rate in by_length(results, point.name).items()
            ]
    return rows


POSITION = Study(
    name="position",
    title="Where: what the ends leak, and what positions tell",
    question="A marker stands somewhere in a text. Can a network say in which half?",
    mathematics="""
<p>A marker that is <var>R</var> − 1 tokens or more from both ends is in the same windows wherever
it stands, so its place leaves no trace. Nearer, windows miss or hold something else, with padding
and without:</p>
<p class="formula">accuracy ≤ min(1, ½ + (<var>R</var> − 1) / <var>L</var>)</p>
<p>That is reached by valid windows and zeros. Mirrored and repeated ends give less away, a ring
nothing: rolling a text changes no logit. Padding up to the longest text of a batch tells the length
of the others, unless it is masked. A position that is told makes order and place known to a 1×1
network, at places that it was trained on; vectors of places that it never saw are like any others
to it, and either order is as likely. <var>P</var> chunks tell log<sub>2</sub> <var>P</var>
bits.</p>""",
    training=(
        "12 epochs on texts with the marker at every place and of all lengths. There are no other "
        "texts of this kind, so all that are asked were trained on. Positions are trained in texts "
        f"of {TRAINED} words and asked farther behind, in texts of {LONG}."
    ),
    lesson=(
        "Max pooling forgets places, but the ends of a text are landmarks: in short texts they "
        "tell nearly everything, in long ones nearly nothing, whatever the padding; a ring has "
        "none. Do not count on such leaks. Say the position where it matters, over the whole range "
        "that will be needed: learnt positions know nothing of places that training never reached."
    ),
    points=points,
    measure=measure,
    claims=claims,
    drawings=drawings,
    table=table,
    commands=(
        "python -m textcnn.train data=synthetic data.task=position data.pairs=false "
        "data.length=40 model.kernel_sizes=[5]",
        "python -m textcnn.train data=synthetic data.task=position data.pairs=false "
        "data.length=40 model.kernel_sizes=[5] model.padding=circular",
    ),
)
