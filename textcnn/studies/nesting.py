"""Brackets, agreement and repetition: tasks that need more than a set of windows (T9)."""

from functools import cache
from typing import TYPE_CHECKING

from textcnn.studies.shared.distances import gaps_at, ranges, rates_by_distance
from textcnn.studies.shared.figures import GREY, accuracy_axes, intervals, new_figure, predicted
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
    scientific,
    silent,
)
from textcnn.studies.shared.theory import ceiling, reachable, seen_by_max, windows

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from textcnn.studies.shared.probe import Rows

REACH = 5  # the receptive field in words
DISTANCES = (1, 2, 3, 4, 5, 6, 8)
AGREEMENT_REACH = 3  # the receptive field in words, for agreement
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
    """Words from one marker to the next; for agreement, from the first word to the last."""
    return (SIZES[task]["length"] - 1,) if task == "agreement" else DISTANCES


@cache
def predict(task: str, distance: int) -> float:
    """The best accuracy that the set of windows allows, over the texts of the task (T9)."""
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
    """Train on texts of all distances together; measure at each."""
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
        measured = rates_by_distance(results, point.name)
        if name != "convolution":
            worst = min(measured, key=lambda d: measured[d].share)
            where = "" if task == "agreement" else f", at the worst distance, {worst}"
            made.append(silent(f"{TITLES[task]}, {name}: accuracy{where}", str(measured[worst])))
            continue
        title = f"{TITLES[task]}, width {network(task, name)['kernel_sizes'][0]}"
        alike = [d for d in measured if predict(task, d) == 0.5]
        for moment in ("before", "after"):
            gap = max(gaps_at(results, point.name, f"gap_{moment}", alike))
            statement = (
                f"{title}: logit difference within pairs, {moment} training, at {ranges(alike)}"
            )
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
        at = rates_by_distance(results, point.name)
        if name == "convolution":
            shares = [predict(task, distance) for distance in at]
            predicted(axes, list(at), shares, drawstyle="steps-mid")
            axes.axvline(REACH - 0.5, color=GREY, linestyle="--", linewidth=1)
        intervals(axes, list(at), list(at.values()))
        title = f"width {REACH}" if name == "convolution" else "LSTM"
        accuracy_axes(axes, f"{TITLES[task]}, {title}", "words from one marker to the next")
    draw_agreement(panels[-1], results)
    caption = (
        "Accuracy by distance between the markers. Grey: the best that a set of windows allows. "
        "Points: trained networks, with 95 % intervals. Dashed: the end of the receptive field. "
        "Last panel: whether the first word equals the last. This theory does not cover the LSTM, "
        "which is shown for comparison."
    )
    return [Drawing("nesting", caption, figure)]


def draw_agreement(axes: "Axes", results: Results) -> None:
    names = [p.settings["network"] for p in results.points() if p.settings["task"] == "agreement"]
    (distance,) = distances("agreement")
    predicted(axes, [-0.2, 0.2], [predict("agreement", distance)] * 2)
    for place, name in enumerate(names):
        intervals(axes, [place], [rates_by_distance(results, f"agreement, {name}")[distance]])
    titles = {"convolution": f"width {AGREEMENT_REACH}", "lstm": "LSTM"}
    accuracy_axes(axes, f"{TITLES['agreement']}, {distance} words apart", "")
    axes.set_xlim(-0.5, len(NETWORKS) - 0.5)
    axes.set_xticks(range(len(names)), [titles[name] for name in names])


def table(results: Results) -> list[list[str]]:
    rows = [["task", "network", "distance", "theory", "measured (95 %)", "logit difference"]]
    for point in results.points():
        task, name = point.settings["task"], point.settings["network"]
        for distance, rate in rates_by_distance(results, point.name).items():
            known = f"{100 * predict(task, distance):.1f} %" if name == "convolution" else "–"
            gap = max(gaps_at(results, point.name, "gap_after", [distance]))
            rows.append([TITLES[task], name, str(distance), known, str(rate), scientific(gap)])
    return rows


NESTING = Study(
    name="nesting",
    title="Brackets, agreement, repetition: more than a set of windows",
    question=(
        "Are brackets nested correctly? Is the last word the same as the first? Are two words the "
        "same? Which of these can a network with max pooling know?"
    ),
    mathematics="""
<p>With max pooling, a network sees only a text's set of windows
<var>W<sub>R</sub></var>(<var>x</var>). It can decide only what this set decides:</p>
<p class="formula"><var>W<sub>R</sub></var>(<var>x</var>) = <var>W<sub>R</sub></var>(<var>y</var>)
⇒ logits(<var>x</var>) = logits(<var>y</var>)</p>
<p>For matched brackets, equal ends and repetition over <var>R</var> tokens or more, there are pairs
of texts, one correct and one not, with the same windows. Accuracy on these pairs is exactly ½. At
smaller distances the set of windows may be enough, and the grey line is the best accuracy that it
allows.</p>""",
    training=(
        "20 epochs on 1,400 texts of all distances together, tested on 200 others at each. The "
        "LSTM is trained in the same way, without any tuning."
    ),
    lesson=(
        "Nesting, agreement and repetition relate words to each other over any distance. A set of "
        "windows relates only words that share a window. Within its receptive field a convolution "
        "learns these relations as patterns; beyond it there is nothing to learn from. A network "
        "that carries a state along the text, such as an LSTM, is not limited to a window."
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
