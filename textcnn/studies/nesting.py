"""Brackets, agreement and repetition: what needs more than a set of windows."""

from functools import cache
from typing import TYPE_CHECKING

from textcnn.studies.order.order import largest, rates, span
from textcnn.studies.shared.architectures import multi_width
from textcnn.studies.shared.figures import GREY, accuracy_axes, intervals, new_figure, predicted
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
    scientific,
    silent,
)
from textcnn.studies.shared.theory import ceiling, reachable, seen_by_max, windows

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from textcnn.studies.shared.probe import Rows

REACH = 5  # words that the convolution sees
DISTANCES = (1, 2, 3, 4, 5, 6, 8)
AGREEMENT_REACH = 3
SIZES: dict[str, Values] = {
    "brackets": {"couples": 2, "margin": REACH - 1, "length": 36},
    "duplicate": {"margin": REACH - 1, "length": 36},
    "agreement": {"window": AGREEMENT_REACH, "length": 24},
}
TITLES = {
    "brackets": "nested brackets",
    "duplicate": "same or different",
    "agreement": "first word equals last",
}
NETWORKS: dict[str, Values] = {
    "convolution": {"num_filters": 64},
    "lstm": {"name": "lstm", "hidden_size": 24},
}


def distances(task: str) -> tuple[int, ...]:
    """From one marker to the next; those of agreement are the ends of the text."""
    return (SIZES[task]["length"] - 1,) if task == "agreement" else DISTANCES


@cache
def predict(task: str, distance: int) -> float:
    """The best that a set of windows allows, over the texts of the task (T9)."""
    from textcnn.studies.shared.probe import synthetic_rows

    reach = AGREEMENT_REACH if task == "agreement" else REACH
    texts = synthetic_rows(2000, 0, **sizes(task, distance))
    seen = reachable([reach], [1])
    return ceiling((seen_by_max(windows(text.split(), seen)), label) for text, label in texts)


def sizes(task: str, distance: int) -> Values:
    at = {} if task == "agreement" else {"distance": distance, "window": min(distance, REACH)}
    return {"task": task, **SIZES[task], **at}


def network(task: str, name: str) -> Values:
    if name == "convolution":
        reach = AGREEMENT_REACH if task == "agreement" else REACH
        return multi_width(reach) | NETWORKS[name]
    return NETWORKS[name]


def points(plan: Plan) -> list[Point]:
    every = [(task, name) for task in SIZES for name in NETWORKS]
    few = [("duplicate", "convolution"), ("agreement", "convolution")]
    return [
        Point(f"{task}, {name}", {"task": task, "network": name}, plan.seeds)
        for task, name in plan.pick(few, every)
    ]


def measure(settings: Values, seed: int) -> Values:
    """Trained on texts of all distances, asked at each."""
    from textcnn.studies.shared.probe import (
        Training,
        build_probe,
        measure_accuracy,
        pair_gaps,
        synthetic_rows,
        train_probe,
    )

    task = settings["task"]
    at = distances(task)
    train: Rows = [
        row for d in at for row in synthetic_rows(1400 // len(at), seed, **sizes(task, d))
    ]
    tests = {d: synthetic_rows(200, seed, "data.test", **sizes(task, d)) for d in at}
    classifier = build_probe(network(task, settings["network"]), train, seed)
    before = [pair_gaps(classifier, rows).max().item() for rows in tests.values()]
    train_probe(classifier, train, seed, Training(epochs=20, learning_rate=0.005))
    after = [pair_gaps(classifier, rows).max().item() for rows in tests.values()]
    return {
        "distances": list(at),
        "asked": [measure_accuracy(classifier, rows) for rows in tests.values()],
        "gap_before": before,
        "gap_after": after,
    }


def claims(results: Results) -> list[Claim]:
    made = []
    for point in results.points():
        task, name = point.settings["task"], point.settings["network"]
        measured = rates(results, point.name)
        if name != "convolution":
            worst = min(measured, key=lambda d: measured[d].share)
            where = "" if task == "agreement" else f", at the worst distance, {worst}"
            made.append(silent(f"{TITLES[task]}, {name}: accuracy{where}", str(measured[worst])))
            continue
        title = f"{TITLES[task]}, width {network(task, name)['kernel_sizes'][0]}"
        alike = [d for d in measured if predict(task, d) == 0.5]
        for moment in ("before", "after"):
            gap = largest(results, point.name, f"gap_{moment}", alike)
            statement = f"{title}: logits of a pair, {moment} training, at {span(alike)}"
            made.append(equal_logits("T9", statement, gap))
        made += [
            accuracy("T9", f"{title}: accuracy at d = {d}", predict(task, d), rate)
            for d, rate in measured.items()
        ]
    return made


def drawings(results: Results) -> list[Drawing]:
    at_distances = [p for p in results.points() if p.settings["task"] != "agreement"]
    figure, panels = new_figure(len(at_distances) + 1, columns=2, size=(4.2, 2.4))
    for axes, point in zip(panels, at_distances, strict=False):
        task, name = point.settings["task"], point.settings["network"]
        at = rates(results, point.name)
        if name == "convolution":
            shares = [predict(task, distance) for distance in at]
            predicted(axes, list(at), shares, drawstyle="steps-mid")
            axes.axvline(REACH - 0.5, color=GREY, linestyle="--", linewidth=1)
        intervals(axes, list(at), list(at.values()))
        title = f"width {REACH}" if name == "convolution" else "LSTM"
        accuracy_axes(axes, f"{TITLES[task]}, {title}", "words from each marker to the next")
    draw_agreement(panels[-1], results)
    caption = (
        "Accuracy against the distance of the markers. Grey: the best that a set of windows "
        "allows. Points: networks after training, with 95 % intervals. Dashed: where the receptive "
        "field ends. Last: whether the first word equals the last one. An LSTM, of which this "
        "theory does not speak, stands beside."
    )
    return [Drawing("nesting", caption, figure)]


def draw_agreement(axes: "Axes", results: Results) -> None:
    names = [p.settings["network"] for p in results.points() if p.settings["task"] == "agreement"]
    (distance,) = distances("agreement")
    predicted(axes, [-0.2, 0.2], [predict("agreement", distance)] * 2)
    for place, name in enumerate(names):
        intervals(axes, [place], [rates(results, f"agreement, {name}")[distance]])
    titles = {"convolution": f"width {AGREEMENT_REACH}", "lstm": "LSTM"}
    accuracy_axes(axes, f"{TITLES['agreement']}, {distance} words apart", "")
    axes.set_xlim(-0.5, len(NETWORKS) - 0.5)
    axes.set_xticks(range(len(names)), [titles[name] for name in names])


def table(results: Results) -> list[list[str]]:
    rows = [["task", "network", "distance", "theory", "measured (95 %)", "gap of logits"]]
    for point in results.points():
        task, name = point.settings["task"], point.settings["network"]
        for distance, rate in rates(results, point.name).items():
            known = f"{100 * predict(task, distance):.1f} %" if name == "convolution" else "–"
            gap = largest(results, point.name, "gap_after", [distance])
            rows.append([TITLES[task], name, str(distance), known, str(rate), scientific(gap)])
    return rows


NESTING = Study(
    name="nesting",
    title="Brackets, agreement, repetition: more than a set of windows",
    question=(
        "Are brackets nested? Is the last word the first one again? Are two words the same? What "
        "of this can a network with max pooling know?"
    ),
    mathematics="""
<p>With max pooling a text is its set of windows <var>W<sub>R</sub></var>(<var>x</var>), so what is
recognised is what can be decided from it:</p>
<p class="formula"><var>W<sub>R</sub></var>(<var>x</var>) = <var>W<sub>R</sub></var>(<var>y</var>)
⇒ logits(<var>x</var>) = logits(<var>y</var>)</p>
<p>Matched brackets, equal ends and repetition over <var>R</var> tokens and more come in pairs of
texts, one right and one wrong, with the same windows: accuracy on them is exactly ½. Nearer, the
set of windows may tell, and the grey line is the best that it allows.</p>""",
    training=(
        "20 epochs on 1,400 texts of all distances together, asked on 200 others at each. The "
        "LSTM stands beside as it came from the same training; nothing was done for it."
    ),
    lesson=(
        "Nesting, agreement and repetition relate words to each other over any distance; a set of "
        "windows relates only what shares a window. Within the receptive field a convolution "
        "learns them as patterns, beyond it nothing is left to learn from. What carries a state "
        "along the text, as an LSTM does, is not bound to a window."
    ),
    points=points,
    measure=measure,
    claims=claims,
    drawings=drawings,
    table=table,
    commands=(
        "python -m textcnn.train data=synthetic data.task=brackets model.kernel_sizes=[2]",
        "python -m textcnn.train data=synthetic data.task=brackets model=lstm",
    ),
)
