"""Where in a text a marker stands: what ends, position encodings and chunks reveal about it."""

from typing import TYPE_CHECKING

from textcnn.studies.position.chunks import PARTS, chunk_claims, measure_chunks, predict_part
from textcnn.studies.position.encodings import (
    ENCODINGS,
    LONG_LENGTH,
    TRAINED_LENGTH,
    encoding_claims,
    measure_encoding,
    predict_order,
)
from textcnn.studies.position.masks import mask_claims, measure_masks
from textcnn.studies.shared.figures import (
    BLUE,
    GREY,
    ORANGE,
    accuracy_axes,
    intervals,
    new_figure,
    predicted,
)
from textcnn.studies.shared.markers import halves, predict_halves
from textcnn.studies.shared.networks import multi_width
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

KERNEL_SIZE = 5  # words
LENGTHS = (8, 12, 16, 24, 32, 48, 64)  # words of a text
PADDINGS = ("valid", "zeros", "full", "causal", "replicate", "reflect", "circular")
CHUNKS = (1, 2, 4, 8)
QUICK_ENCODINGS = ("learned", "ramp")


def predict(padding: str, length: int) -> float:
    """The best accuracy of naming the half that holds the marker (T4)."""
    return predict_halves(padding, length, KERNEL_SIZE)


def points(plan: Plan) -> list[Point]:
    paddings = plan.pick(("valid", "circular"), PADDINGS)
    kinds = plan.pick(QUICK_ENCODINGS, ENCODINGS)
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
        return measure_encoding(settings["position"], seed)
    if "chunks" in settings:
        return measure_chunks(settings["chunks"], seed)
    if "masks" in settings:
        return measure_masks(seed)
    return measure_halves(settings["padding"], seed)


def measure_halves(padding: str, seed: int) -> Values:
    """Train on texts of all lengths together; measure at each."""
    from textcnn.studies.shared.probe import (
        Training,
        build_probe,
        logits_of,
        measure_accuracy,
        train_probe,
    )

    tests = {length: halves(length) for length in LENGTHS}
    train = [row for rows in tests.values() for row in rows * 12]
    classifier = build_probe(multi_width(KERNEL_SIZE, padding=padding), train, seed)
    # positions whose windows with the marker reach no end; in a circular text, all positions
    margin = 0 if padding == "circular" else KERNEL_SIZE - 1
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
            made += encoding_claims(results, point.name, settings["position"])
        elif "chunks" in settings:
            made += chunk_claims(results, point.name, settings["chunks"])
        elif "masks" in settings:
            made += mask_claims(results, point.name)
        else:
            made += half_claims(results, settings["padding"])
    return made


def half_claims(results: Results, padding: str) -> list[Claim]:
    made = []
    where = "any positions" if padding == "circular" else "positions away from the ends"
    for moment in ("before", "after"):
        gap = max(values[f"gap_{moment}"] for values in results.of(padding))
        statement = f"{padding}: logit difference between {where} of the marker, {moment} training"
        made.append(equal_logits("T4", statement, gap))
    for length, rate in by_length(results, padding).items():
        statement = f"{padding}: accuracy of naming the half, in texts of {length} words"
        made.append(accuracy("T4", statement, predict(padding, length), rate))
    return made


def by_length(results: Results, padding: str) -> dict[int, Rate]:
    """Accuracy at each length, over all seeds."""
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
        accuracy_axes(axes, f"{padding} (R = {KERNEL_SIZE})", "length of the text in words")
    draw_encodings(panels[-2], results)
    draw_chunks(panels[-1], results)
    caption = (
        "First panels: accuracy of naming the half that holds a marker, by length of the text, for "
        "each boundary mode. Next to last: accuracy on the order of two markers from position "
        "encodings, at positions that training reached (blue) and beyond (orange). Last: accuracy "
        f"of naming which of {PARTS} parts holds the marker, by number of chunks. Grey: theory. "
        "Points: trained networks, with 95 % intervals."
    )
    return [Drawing("position", caption, figure)]


def draw_encodings(axes: "Axes", results: Results) -> None:
    kinds = [p.settings["position"] for p in results.points() if "position" in p.settings]
    for number, kind in enumerate(kinds):
        values = results.of(f"{kind} positions")
        for shift, (where, colour) in enumerate((("inside", BLUE), ("outside", ORANGE))):
            at = number + 0.3 * shift - 0.15
            predicted(axes, [at - 0.08, at + 0.08], [predict_order(where == "inside")] * 2)
            intervals(axes, [at], [Rate.of(v[where] for v in values)], colour)
    accuracy_axes(axes, "order from positions, 1×1 (T6)", "")
    axes.set_xlim(-0.5, len(kinds) - 0.5)
    axes.set_xticks(range(len(kinds)), kinds)


def draw_chunks(axes: "Axes", results: Results) -> None:
    at = [p.settings["chunks"] for p in results.points() if "chunks" in p.settings]
    predicted(axes, at, [predict_part(chunks) for chunks in at])
    intervals(axes, at, [results.rate(f"{chunks} chunks") for chunks in at])
    accuracy_axes(axes, f"one of {PARTS} parts (T7)", "chunks")
    axes.set_xticks(at)


def table(results: Results) -> list[list[str]]:
    rows = [["network", "words in a text", "theory", "measured (95 %)"]]
    for point in results.points():
        if "padding" in point.settings:
            rows += [
                [
                    f"width {KERNEL_SIZE}, {point.name}",
                    str(length),
                    f"{100 * predict(point.name, length):.1f} %",
                    str(rate),
                ]
                for length, rate in by_length(results, point.name).items()
            ]
    return rows


POSITION = Study(
    name="position",
    title="Where: what the ends leak, and what position encodings add",
    question="A marker stands somewhere in a text. Can a network say in which half it is?",
    mathematics="""
<p>A marker that is at least <var>R</var> − 1 tokens away from both ends occurs in the same windows
wherever it stands, so its position leaves no trace. Closer to an end, some windows are missing or
hold something else, with padding and without:</p>
<p class="formula">accuracy ≤ min(1, ½ + (<var>R</var> − 1) / <var>L</var>)</p>
<p>Valid windows and zeros reach this bound. Mirrored and repeated ends leak less. Circular padding
leaks nothing: rolling a text changes no logit. Padding up to the longest text of a batch reveals
the length of the other texts, unless it is masked. With position encodings a 1×1 network knows
order and position, at positions that training reached. Vectors of other positions are arbitrary
to the network, so both orders are equally likely. <var>P</var> chunks carry
log<sub>2</sub> <var>P</var> bits of the position.</p>""",
    training=(
        "12 epochs on texts of all lengths, with the marker at every position. There are no other "
        "texts of this kind, so all test texts also occur in training. Position encodings are "
        f"trained on texts of {TRAINED_LENGTH} words and tested at later positions, in texts of "
        f"{LONG_LENGTH} words."
    ),
    lesson=(
        "Max pooling discards positions, but the ends of a text are landmarks. They reveal nearly "
        "everything in short texts and nearly nothing in long ones, whatever the padding; only "
        "circular padding has no ends. Do not rely on such leaks. If the position matters, encode "
        "it, over the whole range that you will need: learned positions know nothing about "
        "positions that training never reached."
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
