"""Which poolings know how many times something occurs (T5)."""

from random import Random
from typing import TYPE_CHECKING

from textcnn.studies.shared.figures import accuracy_axes, intervals, new_figure, predicted
from textcnn.studies.shared.markers import marked
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
    different_logits,
    equal_logits,
    scientific,
)

if TYPE_CHECKING:
    from textcnn.studies.shared.probe import Rows

K_MAX = 3  # features that k-max pooling keeps
MAX_COPIES = 5  # to distinguish from one more
COUNTED_LENGTH = 40  # words of a text
WIDTH = 3  # words in a window, enough to see the context of each copy
NETWORKS: dict[str, tuple[str, Values]] = {
    "max": ("max pooling", {"name": "nin", "depth": 1, "pooling": "max"}),
    "kmax": (
        f"{K_MAX}-max pooling",
        {"name": "nin", "depth": 1, "pooling": "kmax", "k": K_MAX},
    ),
    "mean": ("mean pooling", {"name": "nin", "depth": 1, "pooling": "mean"}),
    "sum": ("sum pooling", {"name": "nin", "depth": 1, "pooling": "sum"}),
    "max, wide": (f"width {WIDTH}, max pooling", multi_width(WIDTH)),
    "sum, wide": (f"width {WIDTH}, sum pooling", multi_width(WIDTH, pooling="sum")),
}
QUICK_POINTS = (("max", 1), ("kmax", 2), ("kmax", 3), ("sum", 1))


def predict(name: str, copies: int) -> float:
    """The best accuracy of distinguishing `copies` from one more, in texts of one length (T5).

    Of equal features, max pooling keeps one and k-max pooling k. A sum grows with each copy, and so
    does a mean, as long as it divides by the same number. The same holds for windows of several
    words if each copy has the same context and no window holds two copies.
    """
    kept = {"max": 1, "max, wide": 1, "kmax": K_MAX}.get(name)
    return 1.0 if kept is None or copies < kept else 0.5


def predict_doubled(pooling: str) -> float:
    """The best accuracy of distinguishing a text from the same text twice (T5).

    A mean sees only proportions.
    """
    return 1.0 if pooling == "sum" else 0.5


def points(plan: Plan) -> list[Point]:
    every = [(name, copies) for name in NETWORKS for copies in range(1, MAX_COPIES + 1)]
    counted = [
        Point(f"{name} {copies}", {"network": name, "copies": copies}, plan.seeds)
        for name, copies in plan.pick(QUICK_POINTS, every)
    ]
    doubled = [
        Point(f"{name} doubled", {"network": name, "doubled": True}, plan.seeds)
        for name in ("mean", "sum")
    ]
    return [*counted, *doubled]


def measure(settings: Values, seed: int) -> Values:
    from textcnn.studies.shared.probe import (
        Training,
        build_probe,
        measure_accuracy,
        pair_gaps,
        synthetic_rows,
        train_probe,
    )

    train: Rows
    test: Rows
    if "doubled" in settings:
        train, test = (doubled(pairs, Random(f"{seed} {pairs}")) for pairs in (300, 200))
    else:
        copies = settings["copies"]
        task = {"task": "count", "fewer": copies, "copies": copies + 1, "length": COUNTED_LENGTH}
        if settings["network"].endswith("wide"):
            task |= {"window": WIDTH, "distance": WIDTH}
        train = synthetic_rows(600, seed, **task)
        test = synthetic_rows(400, seed, "data.test", **task)
    classifier = build_probe(NETWORKS[settings["network"]][1], train, seed)
    before = pair_gaps(classifier, test)
    train_probe(classifier, train, seed, Training(epochs=40, learning_rate=0.01))
    after = pair_gaps(classifier, test)
    return measure_accuracy(classifier, test) | {
        "gap_before": before.max().item(),
        "gap_after": after.max().item(),
    }


def doubled(pairs: int, draw: Random) -> "Rows":
    """Pairs: ten words, one to three of them markers, and the same text twice."""
    rows = []
    for _ in range(pairs):
        places = draw.sample(range(10), draw.randint(1, 3))
        text = " ".join(marked(10, dict.fromkeys(places, "a")))
        rows += [(text, "once"), (f"{text} {text}", "twice")]
    return rows


def prediction(settings: Values) -> float:
    if "doubled" in settings:
        return predict_doubled(settings["network"])
    return predict(settings["network"], settings["copies"])


def claims(results: Results) -> list[Claim]:
    made = []
    for point in results.points():
        title = describe(point.settings)
        share = prediction(point.settings)
        before, after = (
            max(values[key] for values in results.of(point.name))
            for key in ("gap_before", "gap_after")
        )
        if share == 0.5:
            made += [
                equal_logits(
                    "T5", f"{title}: logit difference within pairs, before training", before
                ),
                equal_logits(
                    "T5", f"{title}: logit difference within pairs, after training", after
                ),
            ]
        else:
            made.append(
                different_logits(
                    "T5", f"{title}: logit difference within pairs, after training", after
                )
            )
        made.append(accuracy("T5", f"{title}: accuracy", share, results.rate(point.name)))
    return made


def describe(settings: Values) -> str:
    title, _ = NETWORKS[settings["network"]]
    if "doubled" in settings:
        return f"{title}, a text or the same text twice"
    return f"{title}, {settings['copies']} or {settings['copies'] + 1} copies"


def drawings(results: Results) -> list[Drawing]:
    counted = [point for point in results.points() if "copies" in point.settings]
    names = dict.fromkeys(point.settings["network"] for point in counted)
    figure, panels = new_figure(len(names), columns=3, size=(3.1, 2.3))
    for axes, name in zip(panels, names, strict=True):
        measured = {
            point.settings["copies"]: results.rate(point.name)
            for point in counted
            if point.settings["network"] == name
        }
        every = list(range(1, MAX_COPIES + 1))
        shares = [predict(name, copies) for copies in every]
        predicted(axes, every, shares, drawstyle="steps-mid")
        intervals(axes, list(measured), list(measured.values()))
        accuracy_axes(axes, NETWORKS[name][0], "copies, or one more")
    caption = (
        "Accuracy of distinguishing a number of copies of a marker from one more, in texts of one "
        "length. Grey: theory. Points: trained networks, with 95 % intervals."
    )
    return [Drawing("counting", caption, figure)]


def table(results: Results) -> list[list[str]]:
    rows = [["network", "theory", "measured (95 %)", "logit difference"]]
    for point in results.points():
        gap = max(values["gap_after"] for values in results.of(point.name))
        share = f"{100 * prediction(point.settings):.0f} %"
        rows.append(
            [describe(point.settings), share, str(results.rate(point.name)), scientific(gap)]
        )
    return rows


COUNTING = Study(
    name="counting",
    title="How many times: which poolings count",
    question="A word occurs once or several times. Can a network count the copies?",
    mathematics="""
<p>Of equal features max pooling keeps one, so another copy changes nothing. k-max pooling keeps
<var>k</var>, so it counts up to <var>k</var>. A sum grows with every copy. A mean is the sum
divided by the length:</p>
<p class="formula">max → 1 · k-max → min(<var>c</var>, <var>k</var>) · sum → <var>c</var> ·
mean → <var>c</var> / <var>L</var></p>
<p>So a mean counts in texts of equal length, but can't distinguish a text from the same text
twice.</p>""",
    training=(
        "40 epochs on 600 texts, tested on 400 newly drawn ones. With a single copy there are only "
        "as many texts as positions, so those test texts also occur in training."
    ),
    lesson=(
        "Max pooling knows whether something occurs, not how many times. If the number matters, "
        "use a sum. A mean works as well while all texts have about the same length, and k-max "
        "pooling counts up to k. But a pooling that counts can be misled by the length of a text; "
        "max pooling can't."
    ),
    points=points,
    measure=measure,
    claims=claims,
    drawings=drawings,
    table=table,
    commands=(
        "python -m textcnn.train data=synthetic data.task=count model=nin",
        "python -m textcnn.train data=synthetic data.task=count model=nin model.pooling=sum",
    ),
)
