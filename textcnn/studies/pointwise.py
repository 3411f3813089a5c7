"""Convolutions of one token: a perceptron at each position, and what pooling then keeps."""

from typing import TYPE_CHECKING, Any

from textcnn.studies.shared.figures import new_figure
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
from textcnn.studies.single_words import (
    CHANGES,
    ONE,
    OTHER,
    PAIRS,
    SEEN,
    SHOWN,
    TASKS,
    Text,
    keeps,
    measure_changes,
    measure_layers,
    measure_sentence,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SAME_FEATURES = 1e-6  # the largest difference of a convolution and a perceptron


def predict(task: str) -> float:
    """The accuracy that theory gives: one word is seen by all poolings, order by none."""
    return {"keyword": 1.0, "order": 0.5}[task]


def points(plan: Plan) -> list[Point]:
    return [
        Point("layers", {"layers": True}, plan.seeds),
        Point("sentence", {"sentence": True}),
        *(
            Point(f"{task}, {pooling}", {"task": task, "pooling": pooling}, plan.seeds)
            for task in TASKS
            for pooling in SEEN
        ),
    ]


def measure(settings: Values, seed: int) -> Values:
    if "layers" in settings:
        return measure_layers(seed)
    if "sentence" in settings:
        return measure_sentence(seed)
    return measure_changes(settings["task"], settings["pooling"], seed)


def moved(results: Results, pooling: str, change: str) -> list[float]:
    """How far, before and after training, on each task and with each seed."""
    return [
        values[moment][change]
        for task in TASKS
        for values in results.of(f"{task}, {pooling}")
        for moment in ("before", "after")
    ]


def claims(results: Results) -> list[Claim]:
    layers = results.of("layers")
    made = [
        same_features(
            "width 1 and a fully connected layer at each position", layers, "convolution"
        ),
        same_features("network in network and a perceptron on each token alone", layers, "nin"),
    ]
    for pooling in SEEN:
        for change in CHANGES:
            statement = f"{pooling} pooling, {change}: logits, before and after training"
            by = moved(results, pooling, change)
            made.append(
                equal_logits("T1", statement, max(by))
                if keeps(pooling, change)
                else different_logits("T1", statement, min(by))
            )
        pairs = max(
            v[m][PAIRS] for v in results.of(f"order, {pooling}") for m in ("before", "after")
        )
        statement = f"{pooling} pooling, markers in both orders: logits, before and after training"
        made.append(equal_logits("T1", statement, pairs))
    for task in TASKS:
        for pooling in SEEN:
            rate = results.rate(f"{task}, {pooling}")
            made.append(accuracy("T1", f"{pooling} pooling: {task}", predict(task), rate))
    return made


def same_features(statement: str, layers: list[Values], key: str) -> Claim:
    difference = max(values[key] for values in layers)
    return Claim(
        "T0",
        statement,
        f"≤ {SAME_FEATURES:g}",
        scientific(difference),
        difference <= SAME_FEATURES,
    )


def drawings(results: Results) -> list[Drawing]:
    figure, panels = new_figure(2, columns=2, size=(3.9, 2.9))
    seen = results.first("sentence")
    for axes, text, features, pooled in zip(
        panels, (ONE, OTHER), seen["features"], seen["pooled"], strict=True
    ):
        image = draw_features(axes, text.split(), features, pooled)
    panels[0].set_ylabel("channel")
    bar = figure.colorbar(image, ax=panels, shrink=0.8, aspect=25, pad=0.01)
    bar.set_label("activation")
    caption = (
        f"What {SHOWN} channels of a 1×1 network make of two texts. The columns change places with "
        "their words; the maximum of each channel, at the right, stays, and so does all that is "
        "computed of it. For this network the texts are the same."
    )
    return [Drawing("pointwise", caption, figure)]


def draw_features(
    axes: "Axes", words: Text, features: list[list[float]], pooled: list[float]
) -> Any:
    """Channels down, words across, and set apart what max pooling keeps."""
    gap = float("nan")
    grid = [[*row, gap, largest] for row, largest in zip(features, pooled, strict=True)]
    image = axes.imshow(grid, cmap="PuOr", vmin=-1, vmax=1, aspect="auto")
    places = [*range(len(words)), len(words) + 1]
    axes.set_xticks(places, [*words, "max"], rotation=45)
    axes.set_yticks(range(SHOWN), [str(channel + 1) for channel in range(SHOWN)])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return image


def table(results: Results) -> list[list[str]]:
    rows = [["pooling", *(f"logits move: {change}" for change in CHANGES), "keyword", "order"]]
    for pooling in SEEN:
        rates = [str(results.rate(f"{task}, {pooling}")) for task in TASKS]
        most = [scientific(max(moved(results, pooling, change))) for change in CHANGES]
        rows.append([pooling, *most, *rates])
    return rows


POINTWISE = Study(
    name="pointwise",
    title="Width 1: a perceptron at each word, and a bag of words",
    question="What does a network know of a text whose convolutions see one word at a time?",
    mathematics="""
<p>A kernel of one token has no neighbours to look at. It makes of each word
<var>x<sub>i</sub></var>, wherever that stands, the same</p>
<p class="formula"><var>h<sub>i</sub></var> = <var>V x<sub>i</sub></var> + <var>u</var>,</p>
<p>a fully connected layer; several of them are a perceptron for each word (Lin 2013, network in
network). Pooling then forgets the places: the maximum depends on the <em>set</em> of the words, the
mean on their <em>proportions</em>, the sum on their <em>counts</em>.</p>""",
    training=(
        "6 epochs on 800 texts of random words, asked on 400 others. Equalities are asked of "
        "networks with random weights and of the same ones after training."
    ),
    lesson=(
        "A 1×1 convolution is a fully connected layer that is applied to each word. With global "
        "pooling behind it no order is left: “not a bad film but a good one” and “not a good film "
        "but a bad one” get the same logits, before training and after. It is a bag of words with "
        "learnt features, and where single words decide that is all one needs."
    ),
    points=points,
    measure=measure,
    claims=claims,
    drawings=drawings,
    table=table,
    commands=(
        "python -m textcnn.train model=nin data=synthetic data.task=keyword data.phrase=1",
        "python -m textcnn.train model=nin data=synthetic data.task=order",
    ),
)
