"""The questions of the other studies, put to a user's own classifier and texts."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textcnn.studies.shared.answers import (
    block_rates,
    distance_claims,
    draw_order,
    draw_rows,
    equality_claims,
    length_claims,
    negation_claims,
    order_claims,
    place_claims,
    rate_of,
    read_rates,
)
from textcnn.studies.shared.figures import BLUE, GREY, accuracy_axes, intervals, new_figure
from textcnn.studies.shared.inputs import (
    baseline,
    check_enough,
    constant,
    data_digest,
    describe,
    digest,
    few_note,
    mute,
    no_better,
    too_few,
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
    silent,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from textcnn.config.data import DataConfig
    from textcnn.config.programs import TrainConfig
    from textcnn.data.batching import EncodedTexts
    from textcnn.inference import AnyClassifier

ASKED = 600  # texts, at most
QUICK_ASKED = 150
TITLE = "this classifier"


def points(plan: Plan) -> list[Point]:
    """One: the classifier and its texts are what they are, and each text is shuffled by itself."""
    settings = {
        "checkpoint": plan.checkpoint,
        "digest": checkpoint_digest(plan.checkpoint) if plan.checkpoint else "",
        "data": plan.data,
        "data_digest": data_digest(plan.data),
        "texts": QUICK_ASKED if plan.quick else ASKED,
    }
    return [Point("checkpoint", settings)]


def checkpoint_digest(path: str) -> str:
    """Of the files that predict: what was trained anew at the same place has another."""
    from textcnn.checkpoint import FILES, THRESHOLDS, find_checkpoint

    directory = find_checkpoint(path)
    files = [directory / name for name in (*FILES, THRESHOLDS)]
    return digest([file for file in files if file.is_file()])


def measure(settings: Values, seed: int) -> Values:
    """
    Raises:
        InputError: checkpoint or data can't be used.
    """
    from textcnn.studies.checkpoint.two_words import order_gaps
    from textcnn.studies.shared.questions import ask
    from textcnn.studies.shared.rearranged import sample

    classifier, trained, data, texts = load(settings)
    return ask(classifier, sample(texts, settings["texts"], seed), seed) | {
        "distances": order_gaps(classifier, texts),
        "unit": trained.text.unit,
        "name": trained.model.name,
        "multi_label": trained.data.multi_label,
        "source": describe(data),
        "available": len(texts),
        "classes": len(classifier.labels),
    }


def check(missing: Sequence[tuple[Point, int]]) -> None:
    """Hold checkpoint and data against what is asked of them.

    Raises:
        InputError: they can't be used, or the texts are too few.
    """
    for point, _ in missing:
        classifier, trained, _, texts = load(point.settings)
        # sets of labels: nothing says how many there may be
        check_enough(len(texts), 1 if trained.data.multi_label else len(classifier.labels))


def load(settings: Values) -> tuple["AnyClassifier", "TrainConfig", "DataConfig", "EncodedTexts"]:
    """The classifier, how it was trained, and the texts that it is asked about.

    Raises:
        InputError: checkpoint or data can't be used.
    """
    from textcnn.data.encoding import encode_labelled
    from textcnn.evaluation.report import test_rows
    from textcnn.inference import restore

    classifier, trained, _, _ = restore(settings["checkpoint"])
    data = chosen_data(settings["data"], trained)
    rows = test_rows(data, trained, classifier.labels)
    texts = encode_labelled(rows, classifier.encoder)
    return classifier, trained, data, texts


def chosen_data(data: Values, trained: "TrainConfig") -> "DataConfig":
    """As `textcnn.evaluate` chooses them: the classifier's own texts, or others.

    Args:
        data: all keys of `data`, none where none was given. Those of the bundled texts, the
            default, are taken for changes of the classifier's own; those of a Hub dataset, which
            may be a preset with columns of its own, are taken as they are.
    """
    from textcnn.config.data import DataConfig, SyntheticConfig
    from textcnn.evaluation import report

    if not data:
        return trained.data
    if data["source"] == "hub":
        return DataConfig(**data)
    kind = SyntheticConfig if data["source"] == "synthetic" else DataConfig
    usual = vars(kind())
    given = [f"data.{key}" for key, value in data.items() if value != usual[key]]
    other = [] if data["source"] == "bundled" else ["data"]
    return report.chosen_data(kind(**data), trained.data, [*other, *given])


def claims(results: Results) -> list[Claim]:
    values = results.of("checkpoint")
    correct = "sets of labels exactly right" if values[0]["multi_label"] else "accuracy"
    made = [
        silent(f"{TITLE}, {values[0]['name']}: {correct}", str(rate_of(values, "correct"))),
        silent(f"always the most frequent answer: {correct}", str(rate_of(values, "majority"))),
        *equality_claims({TITLE: values}, ["equal"]),
        *order_claims(TITLE, values),
        *distance_claims(values[0]),
        *place_claims(TITLE, values),
        *length_claims(TITLE, values),
        *negation_claims(TITLE, values),
    ]
    return mute(made) if too_few(values) else made


def notes(results: Results) -> list[str]:
    """Which texts were asked, and whether the answers say anything."""
    values = results.of("checkpoint")
    first = values[0]
    said = [
        f"Texts: {first['source']}; {first['texts']} of {first['available']} to test on are asked, "
        f"{first['classes']} classes; {baseline(values)}."
    ]
    if too_few(values):
        said.append(few_note(first["texts"]))
    if constant(values):
        said.append(
            "This classifier gives every text the same answer. That shuffling, moving and cutting "
            "change no prediction says nothing of what it reads: it has not learnt to tell the "
            "classes apart."
        )
    elif no_better(values):
        said.append(
            f"This classifier, with {rate_of(values, 'correct')}, is no better than that by more "
            "than chance: what changes its predictions, or does not, says little of what it reads."
        )
    return said


def drawings(results: Results) -> list[Drawing]:
    values = results.of("checkpoint")
    unit = {"char": "characters"}.get(values[0]["unit"], f"{values[0]['unit']}s")
    asked = values[0]["distances"] is not None
    figure, panels = new_figure(4 if asked else 3, columns=2, size=(4.2, 2.6))
    order, places, lengths = panels[:3]
    if asked:
        draw_distances(panels[3], values[0]["distances"], values[0]["known"]["field"])
    accuracy_axes(order, "", "")
    draw_order(order, {TITLE: values}, "correct", "Shuffled texts", f"{unit} that stay together")
    draw_places(places, values)
    rates = read_rates(values)
    accuracy_axes(lengths, "Only the beginning is read", f"{unit} read")
    lengths.set_xscale("log")
    lengths.set_xticks(list(rates), [str(tokens) for tokens in rates])
    lengths.minorticks_off()
    intervals(lengths, list(rates), list(rates.values()))
    usual, majority = (100 * rate_of(values, key).share for key in ("correct", "majority"))
    for share, linestyle in ((usual, "--"), (majority, ":")):
        for axes in (order, lengths):
            axes.axhline(share, color=GREY, linestyle=linestyle, linewidth=1)
        places.axvline(share, color=GREY, linestyle=linestyle, linewidth=1)
    caption = (
        "Accuracy on texts whose order, place or length is changed, with 95 % intervals. Dashed: "
        "on the texts as they are. Dotted: always the most frequent class."
    )
    if asked:
        caption += (
            " Last: how far the logits of two words in both orders are apart, by their distance "
            "among unknown words. Dashed: where the receptive field ends."
        )
    return [Drawing("checkpoint", caption, figure)]


def draw_places(axes: "Axes", values: list[Values]) -> None:
    names = list(values[0]["places"])
    rates = [rate_of(values, "places", name, "correct") for name in names]
    draw_rows(axes, names, rates)
    axes.set_xlim(-3, 106)
    axes.set_title("Elsewhere, and parts", loc="left")


def draw_distances(axes: "Axes", asked: Values, field: int) -> None:
    axes.plot(asked["distances"], asked["gaps"], "o-", color=BLUE, markersize=3.5, linewidth=1)
    axes.axvline(field - 0.5, color=GREY, linestyle="--", linewidth=1)
    axes.set_xticks([d for d in asked["distances"] if len(asked["distances"]) <= 20 or d % 10 == 0])
    axes.set_ylim(bottom=min(0.0, -0.05 * max(asked["gaps"])))
    axes.set_xlabel("tokens from one word to the other")
    axes.set_ylabel("difference of logits")
    title = "“{}” and “{}” in both orders".format(*asked["words"])
    axes.set_title(title, loc="left", parse_math=False)  # a word may be a dollar


def table(results: Results) -> list[list[str]]:
    values = results.of("checkpoint")
    texts = values[0]["texts"]
    rows = [["texts", "predictions that change", "accuracy (95 %)"]]
    rows.append(["as they are", "–", str(rate_of(values, "correct"))])
    blocks = values[0]["order"]["blocks"]
    changed, correct = (block_rates(values, key) for key in ("changed", "correct"))
    for block, change, right in zip(blocks, changed, correct, strict=True):
        what = "shuffled" if block == 1 else f"shuffled in blocks of {block} tokens"
        rows.append([what, f"{change.correct} of {texts}", str(right)])
    for name, found in values[0]["places"].items():
        rate = Rate(found["correct"], texts)
        rows.append([name, f"{found['changed']} of {texts}", str(rate)])
    for tokens, rate in read_rates(values).items():
        rows.append([f"the first {tokens} tokens", "–", str(rate)])
    return rows


CHECKPOINT = Study(
    name="checkpoint",
    title="Your own classifier: what it knows of order, place and length",
    question=(
        "What of all this holds for a classifier that you trained, on its own test texts or "
        "others? Does it read, or does it collect words?"
    ),
    mathematics="""
<p>Where a network sees windows of <var>R</var> tokens and pools them wherever they stand,
theory speaks of every weight, trained or not: its logits go by the windows
<var>W<sub>R</sub></var>(<var>x</var>) of a text alone.</p>
<p class="formula"><var>R</var> = 1: <var>f</var>(<var>x</var>) =
<var>f</var>(shuffled <var>x</var>); &nbsp; <var>d</var> ≥ <var>R</var>:
<var>f</var>(… A … B …) = <var>f</var>(… B … A …)</p>
<p>And every classifier here gives a text the same logits whatever stands beside it and however
it is padded, and knows nothing of how the dimensions of its embedding are numbered.</p>""",
    training=(
        "Nothing is trained: the classifier is asked as it is, about a sample of the test texts "
        "where there are more than a study asks. The two words are the commonest of its texts."
    ),
    lesson=(
        "Where a classifier is better than the most frequent class, and its predictions survive "
        "shuffling, it does not use the order of words, though it could: the task does not ask for "
        "it, and a bag of words would do. Where the last half "
        "alone is classified worse than the first, what decides stands at the beginning, and "
        "fewer tokens are enough. Where unknown words in front change predictions, it has learnt "
        "where its texts begin."
    ),
    points=points,
    measure=measure,
    claims=claims,
    drawings=drawings,
    table=table,
    commands=(
        "python -m textcnn.train run_dir=outputs/mine",
        "python -m textcnn.illustrate study=checkpoint checkpoint=outputs/mine",
    ),
)
