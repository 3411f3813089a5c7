"""Convolutions of one word: a perceptron at each position, and what each pooling then keeps."""

from collections.abc import Callable
from random import Random
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
    same_features,
    scientific,
)
from textcnn.studies.shared.theory import seen_by_max, seen_by_mean, seen_by_sum, windows

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from textcnn.inference import Classifier
    from textcnn.studies.shared.probe import Rows

Text = list[str]

POOLINGS = {"max": seen_by_max, "mean": seen_by_mean, "sum": seen_by_sum}
TEXT_LENGTH = 12  # words
BOTH_ORDERS = "both orders"  # the key of the gap between texts that differ only in order
TASKS: dict[str, Values] = {
    "keyword": {"task": "keyword", "phrase": 1},
    "order": {"task": "order", "distance": 3, "window": 1},
}
SENTENCE = "not a bad film but a good one"
REORDERED = "not a good film but a bad one"
SHOWN = 8  # channels in the figure


def predict(task: str) -> float:
    """The accuracy that theory predicts: all poolings see a single word, none sees order."""
    return {"keyword": 1.0, "order": 0.5}[task]


def points(plan: Plan) -> list[Point]:
    return [
        Point("layers", {"layers": True}, plan.seeds),
        Point("sentence", {"sentence": True}),
        *(
            Point(f"{task}, {pooling}", {"task": task, "pooling": pooling}, plan.seeds)
            for task in TASKS
            for pooling in POOLINGS
        ),
    ]


def measure(settings: Values, seed: int) -> Values:
    if "layers" in settings:
        return measure_layers(seed)
    if "sentence" in settings:
        return measure_sentence(seed)
    return measure_changes(settings["task"], settings["pooling"], seed)


def shuffled(text: Text, draw: Random) -> Text:
    return draw.sample(text, len(text))


def one_word_twice(text: Text, draw: Random) -> Text:
    return [*text, text[0]]


def text_twice(text: Text, draw: Random) -> Text:
    return text + text


CHANGES: dict[str, Callable[[Text, Random], Text]] = {
    "shuffled": shuffled,
    "one word twice": one_word_twice,
    "the whole text twice": text_twice,
}


def keeps(pooling: str, change: str) -> bool:
    """Whether theory says that the change is invisible to a pooling of single words (T1)."""
    text = ["u", "v", "w", "w", "x"]
    changed = CHANGES[change](text, Random(0))
    seen_by = POOLINGS[pooling]
    return seen_by(windows(text, (0,))) == seen_by(windows(changed, (0,)))


def measure_layers(seed: int) -> Values:
    """How far the layers of textcnn are from `linear` on each token alone."""
    import torch
    from torch.nn.functional import linear

    from textcnn.models.encoders.nin import Nin
    from textcnn.models.layers.convolution import Convolution
    from textcnn.models.layers.features import Features

    torch.manual_seed(seed)
    texts = torch.randn(8, 16, TEXT_LENGTH)  # (batch, channels, time)
    tokens = texts.transpose(1, 2)  # (batch, time, channels)
    features = Features(texts, torch.full((8,), TEXT_LENGTH))

    def gap(layer: torch.Tensor, perceptron: torch.Tensor) -> float:
        return (layer.transpose(1, 2) - perceptron).abs().max().item()

    with torch.no_grad():
        convolution = Convolution(16, 24, 1)
        alone = linear(tokens, convolution.weight[..., 0], convolution.bias)
        nin = Nin(16, depth=3, num_filters=24)
        first, *others = (
            (layer.get_parameter("weight")[..., 0], layer.get_parameter("bias"))
            for layer in nin.convolutions
        )
        perceptron = linear(tokens, *first)
        for weight, bias in others:
            perceptron = linear(perceptron.relu(), weight, bias)
        return {
            "convolution": gap(convolution(features).values, alone),
            "nin": gap(nin(features)[0].values, perceptron),
        }


def measure_sentence(seed: int) -> Values:
    """Features of two texts with the same words, by a network trained to separate these words."""
    import numpy as np
    import torch

    from textcnn.studies.shared.probe import build_probe, encode, train_probe

    words = sorted(set(SENTENCE.split()))
    rows = [(word, str(number % 2)) for number, word in enumerate(words)]
    classifier = build_probe({"name": "nin", "activation": "tanh"}, rows, seed)
    train_probe(classifier, rows * 10, seed)
    batch = encode(classifier, [(SENTENCE, "0"), (REORDERED, "0")]).batch(np.arange(2))
    with torch.inference_mode():
        trace = classifier.model.eval().activations(batch.ids, batch.lengths)
    return {
        "features": trace.features[0][:, :SHOWN].tolist(),  # (texts, channels, time)
        "pooled": trace.pooled[:, :SHOWN].tolist(),  # (texts, channels)
    }


def measure_changes(task: str, pooling: str, seed: int) -> Values:
    """How far changes of the texts move their logits, and the accuracy on the task."""
    from textcnn.studies.shared.probe import (
        Training,
        build_probe,
        measure_accuracy,
        pair_gaps,
        synthetic_rows,
        train_probe,
    )

    settings = TASKS[task] | {"length": TEXT_LENGTH, "filler": "random"}
    train = synthetic_rows(800, seed, **settings)
    test = synthetic_rows(400, seed, "data.test", **settings)
    classifier = build_probe({"name": "nin", "pooling": pooling}, train, seed)
    values: Values = {}
    for moment in ("before", "after"):
        if moment == "after":
            train_probe(classifier, train, seed, Training(epochs=6))
        pairs = {BOTH_ORDERS: pair_gaps(classifier, test).max().item()}
        values[moment] = change_gaps(classifier, test[:100], seed) | pairs
    return values | measure_accuracy(classifier, test)


def change_gaps(classifier: "Classifier", rows: "Rows", seed: int) -> dict[str, float]:
    """The largest difference of a logit that each change makes."""
    from textcnn.studies.shared.probe import logit_gap

    draw = Random(seed)
    return {
        name: logit_gap(
            classifier,
            [text for text, _ in rows],
            [" ".join(change(text.split(), draw)) for text, _ in rows],
        )
        for name, change in CHANGES.items()
    }


def moved(results: Results, pooling: str, change: str) -> list[float]:
    """How far a change moves the logits: for each task and seed, before and after training."""
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
            "T0",
            "feature difference between width 1 and a fully connected layer at each position",
            max(values["convolution"] for values in layers),
        ),
        same_features(
            "T0",
            "feature difference between a network in network and a perceptron on each token alone",
            max(values["nin"] for values in layers),
        ),
    ]
    for pooling in POOLINGS:
        for change in CHANGES:
            statement = f"{pooling} pooling, {change}: logit change, before and after training"
            by = moved(results, pooling, change)
            made.append(
                equal_logits("T1", statement, max(by))
                if keeps(pooling, change)
                else different_logits("T1", statement, min(by))
            )
        pairs = max(
            values[moment][BOTH_ORDERS]
            for values in results.of(f"order, {pooling}")
            for moment in ("before", "after")
        )
        statement = f"{pooling} pooling, both orders: logit difference, before and after training"
        made.append(equal_logits("T1", statement, pairs))
    for task in TASKS:
        for pooling in POOLINGS:
            rate = results.rate(f"{task}, {pooling}")
            made.append(
                accuracy("T1", f"{pooling} pooling: accuracy on {task}", predict(task), rate)
            )
    return made


def drawings(results: Results) -> list[Drawing]:
    figure, panels = new_figure(2, columns=2, size=(3.9, 2.9))
    seen = results.first("sentence")
    for axes, text, features, pooled in zip(
        panels, (SENTENCE, REORDERED), seen["features"], seen["pooled"], strict=True
    ):
        image = draw_features(axes, text.split(), features, pooled)
    panels[0].set_ylabel("channel")
    bar = figure.colorbar(image, ax=panels, shrink=0.8, aspect=25, pad=0.01)
    bar.set_label("activation")
    caption = (
        f"{SHOWN} channels of a 1×1 network on two texts with the same words. The columns move "
        "with their words. The maximum of each channel, on the right, is the same for both texts, "
        "and so is everything computed from it. This network can't distinguish the two texts."
    )
    return [Drawing("pointwise", caption, figure)]


def draw_features(
    axes: "Axes", words: Text, features: list[list[float]], pooled: list[float]
) -> Any:
    """A row for each channel, a column for each word, and a last one for the maximum."""
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
    rows = [["pooling", *(f"logit change: {change}" for change in CHANGES), "keyword", "order"]]
    for pooling in POOLINGS:
        rates = [str(results.rate(f"{task}, {pooling}")) for task in TASKS]
        most = [scientific(max(moved(results, pooling, change))) for change in CHANGES]
        rows.append([pooling, *most, *rates])
    return rows


POINTWISE = Study(
    name="pointwise",
    title="Width 1: a perceptron at each word, and a bag of words",
    question="What does a network know about a text if its convolutions see one word at a time?",
    mathematics="""
<p>A kernel of one word sees no neighbours. It maps each word <var>x<sub>i</sub></var>, wherever it
stands, to the same</p>
<p class="formula"><var>h<sub>i</sub></var> = <var>V x<sub>i</sub></var> + <var>u</var>.</p>
<p>This is a fully connected layer. Several of them are a perceptron applied to each word
(Lin 2013, network in network). Pooling then discards the positions: the maximum depends only on the
<em>set</em> of words, the mean on their <em>proportions</em>, the sum on their
<em>counts</em>.</p>""",
    training=(
        "6 epochs on 800 texts of random words, tested on 400 others. Equalities are tested on "
        "networks with random weights and on the same networks after training."
    ),
    lesson=(
        "A 1×1 convolution is a fully connected layer applied to each word. After global pooling "
        "no order is left: “not a bad film but a good one” and “not a good film but a bad one” get "
        "the same logits, before and after training. The network is a bag of words with learned "
        "features. If single words decide the class, nothing more is needed."
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
