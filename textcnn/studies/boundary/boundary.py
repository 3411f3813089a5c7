"""How far from the ends of a text its features depend on the boundary mode."""

from typing import TYPE_CHECKING

from textcnn.studies.boundary.feature_maps import measure_maps
from textcnn.studies.boundary.layers import (
    MODES,
    NETWORKS,
    QUICK_NETWORKS,
    TEXT_WORDS,
    differing_in_filler,
    over_the_ends,
)
from textcnn.studies.shared.figures import BLUE, GREY, ORANGE, PREDICTED, accuracy_axes, intervals
from textcnn.studies.shared.markers import halves, predict_halves, signatures
from textcnn.studies.shared.networks import multi_width
from textcnn.studies.shared.study import (
    Claim,
    Drawing,
    Plan,
    Point,
    Results,
    Study,
    Values,
    accuracy,
    equal_logits,
    same_features,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KERNEL = 5  # kernel size of the network that names the half of a marker


def points(plan: Plan) -> list[Point]:
    chosen = plan.pick(QUICK_NETWORKS, tuple(NETWORKS))
    return [
        *(Point(name, {"network": name}, plan.seeds) for name in chosen),
        *(Point(f"halves, {mode}", {"mode": mode}, plan.seeds) for mode in MODES),
    ]


def measure(settings: Values, seed: int) -> Values:
    if "mode" in settings:
        return measure_halves(settings["mode"], seed)
    return measure_maps(NETWORKS[settings["network"]], seed)


def measure_halves(mode: str, seed: int) -> Values:
    """Train on markers at all positions; measure how well the network names their halves."""
    from textcnn.studies.shared.probe import (
        Training,
        build_probe,
        logits_of,
        measure_accuracy,
        train_probe,
    )

    rows = halves(TEXT_WORDS)
    model = multi_width(KERNEL, padding=mode, num_filters=48)
    classifier = build_probe(model, rows, seed)
    seen = signatures(mode, TEXT_WORDS, KERNEL)
    groups = [[place for place, each in enumerate(seen) if each == one] for one in set(seen)]

    def gap() -> float:
        logits = logits_of(classifier, rows)
        each = [logits[group].amax(dim=0) - logits[group].amin(dim=0) for group in groups]
        return max(float(one.max()) for one in each)

    before = gap()
    train_probe(classifier, rows * 10, seed, Training(epochs=30, batch_size=40))
    return measure_accuracy(classifier, rows) | {"gap_before": before, "gap_after": gap()}


def claims(results: Results) -> list[Claim]:
    made = []
    for point in results.points():
        if "mode" in point.settings:
            made += halves_claims(results, point)
        else:
            made += map_claims(results, point)
    return made


def map_claims(results: Results, point: Point) -> list[Claim]:
    layers, made = NETWORKS[point.settings["network"]], []
    expected = sum(over_the_ends(layers))
    for moment in ("before", "after"):
        values = [v[moment] for v in results.of(point.name)]
        title = f"{layers.title}, {moment} training"
        beyond = max(v["beyond"] for v in values)
        statement = (
            f"{title}: feature difference between modes, where no window reaches over an end"
        )
        made.append(same_features("T12", statement, beyond))
        made.append(
            count_claim(
                "T12",
                f"{title}: positions that depend on the mode",
                expected,
                [v["differ"] for v in values],
            )
        )
        for modes in (("zeros",), tuple(m for m in layers.modes if m != "zeros")):
            named = ", ".join(modes)
            statement = (
                f"{title}, {named}: positions of constant filler that differ from the middle"
            )
            found = [v["filler"][mode] for v in values for mode in modes]
            made.append(count_claim("T4", statement, differing_in_filler(layers, modes[0]), found))
    return made


def count_claim(theorem: str, statement: str, expected: int, found: list[int]) -> Claim:
    """All seeds must find the number that theory predicts."""
    measured = ", ".join(map(str, sorted(set(found))))
    return Claim(theorem, statement, str(expected), measured, set(found) == {expected})


def halves_claims(results: Results, point: Point) -> list[Claim]:
    mode, values = point.settings["mode"], results.of(point.name)
    title = f"kernel {KERNEL}, {mode}"
    made = [
        equal_logits(
            "T4",
            f"{title}: logit difference between markers with the same windows, {moment} training",
            max(v[f"gap_{moment}"] for v in values),
        )
        for moment in ("before", "after")
    ]
    statement = f"{title}: accuracy of naming the half"
    return [
        *made,
        accuracy(
            "T4", statement, predict_halves(mode, TEXT_WORDS, KERNEL), results.rate(point.name)
        ),
    ]


def drawings(results: Results) -> list[Drawing]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.6, 5.0), layout="constrained")
    grid = figure.add_gridspec(2, 2)
    left, right, below, halves = (figure.add_subplot(grid[n // 2, n % 2]) for n in range(4))
    shown = results.first("kernel 5")["after"]["shown"]
    draw_end(left, shown, range(-2, 8), "first tokens")
    draw_end(right, shown, range(TEXT_WORDS - 12, TEXT_WORDS - 2), "last tokens")
    draw_margins(below, results)
    draw_halves(halves, results)
    caption = (
        "Top: one trained feature of kernel 5 for each boundary mode, by the token where its "
        "window begins. Between the dashed lines all modes agree. Where valid has no window, it "
        "is grey. Bottom left: number of positions that depend on the mode. Bottom right: accuracy "
        "of naming the half that holds a marker, with 95 % intervals. Grey: theory."
    )
    return [Drawing("boundary", caption, figure)]


def draw_end(axes: "Axes", shown: dict[str, list[float]], starts: range, title: str) -> None:
    rows = []
    for mode in MODES:
        first = 0 if mode == "valid" else -2
        numbers = dict(enumerate(shown[mode], first))
        rows.append([numbers.get(start, float("nan")) for start in starts])
    top = max(max(numbers) for numbers in shown.values())
    extent = (starts[0] - 0.5, starts[-1] + 0.5, len(MODES) - 0.5, -0.5)
    axes.set_facecolor("#d9dce1")  # where a mode has no window
    axes.imshow(rows, aspect="auto", cmap="Blues", vmin=0, vmax=top, extent=extent)
    axes.set_yticks(range(len(MODES)), MODES)
    border = -0.5 if starts[0] < 0 else TEXT_WORDS - KERNEL + 0.5
    axes.axvline(border, color=ORANGE, linestyle="--", linewidth=1.5)
    axes.set_xticks([*starts])
    axes.set_xlabel("token where the window begins")
    axes.set_title(f"feature map, {title}", loc="left")


def draw_margins(axes: "Axes", results: Results) -> None:
    names = [p.name for p in results.points() if "network" in p.settings]
    theory = [sum(over_the_ends(NETWORKS[name])) for name in names]
    axes.barh(range(len(names)), theory, color=PREDICTED["color"], height=0.7, zorder=0)
    found = [results.first(name)["after"]["differ"] for name in names]
    axes.plot(found, range(len(names)), "o", color=BLUE, markersize=4)
    axes.set_yticks(range(len(names)), [f"{n} (R = {NETWORKS[n].field[0]})" for n in names])
    axes.invert_yaxis()
    axes.set_xlabel("positions at both ends")
    axes.set_title("positions that depend on the mode", loc="left")


def draw_halves(axes: "Axes", results: Results) -> None:
    places = range(len(MODES))
    shares = [100 * predict_halves(mode, TEXT_WORDS, KERNEL) for mode in MODES]
    axes.bar(places, shares, color=PREDICTED["color"], width=0.7, zorder=0)
    intervals(axes, [*places], [results.rate(f"halves, {mode}") for mode in MODES])
    accuracy_axes(axes, "first or second half?", "")
    axes.axhline(50, color=GREY, linewidth=0.8, linestyle="--")
    axes.set_xticks(places, MODES)


def table(results: Results) -> list[list[str]]:
    rows = [["layers", "R", "positions that depend on the mode: theory", "measured", "in tokens"]]
    for point in results.points():
        if "network" in point.settings:
            layers = NETWORKS[point.settings["network"]]
            reach, stride, _ = layers.field
            expected = sum(over_the_ends(layers))
            found = str(results.first(point.name)["after"]["differ"])
            rows.append([layers.title, str(reach), str(expected), found, str(expected * stride)])
    return rows


BOUNDARY = Study(
    name="boundary",
    title="The ends of a text: five boundary modes",
    question="What do features near the ends know that others do not, and what limits it?",
    mathematics="""
<p>A window that reaches over an end sees what the boundary mode puts there: zeros, the last token
repeated, the text from its other end, or its mirror image. The valid mode leaves such windows out.
All other windows see only text, so the modes differ only within <var>R</var> − 1 tokens of an
end:</p>
<p class="formula">2 · (<var>R</var> − 1) / 2 = <var>R</var> − 1 positions in all,
about (<var>R</var> − 1) / <var>s</var> in a map with stride <var>s</var>,</p>
<p>where <var>R</var> = 1 + Σ (<var>k</var> − 1) <var>δ</var> <var>s</var>. Each end rounds up to
whole positions, and pooling drops tokens that fill no window; the table counts exactly. In constant
filler only zeros stand out. But a <em>marker</em> near an end occurs in fewer windows or in
different ones, in valid mode too, and that reveals its position. Circular windows have no ends, so
they leak nothing.</p>""",
    training=(
        "Feature maps: the weights of one network, random and after 4 epochs, are copied into "
        f"networks of every mode. Halves: 30 epochs on the marker at each of {TEXT_WORDS} "
        "positions. There are no other texts of this kind, so all test texts also occur in "
        "training."
    ),
    lesson=(
        "The mode matters near the ends and nowhere else, and “near” means within the receptive "
        "field. Smaller kernels shrink this margin; dilation widens it along with the receptive "
        "field. Early pooling leaves fewer positions in it, but the map is shorter too, and in "
        "tokens the margin grows. In short texts, choose the mode with care: zeros mark the ends, "
        "circular padding hides them."
    ),
    points=points,
    measure=measure,
    claims=claims,
    drawings=drawings,
    table=table,
    commands=(
        "python -m textcnn.train data=synthetic data.task=position data.pairs=false "
        "model.kernel_sizes=[5] model.padding=zeros",
        "python -m textcnn.train data=synthetic data.task=position data.pairs=false "
        "model.kernel_sizes=[5] model.padding=circular",
    ),
)
