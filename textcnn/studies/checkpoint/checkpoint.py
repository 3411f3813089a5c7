"""The questions of the other studies, asked of a user's own classifier and texts."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from textcnn.errors import InputError
from textcnn.studies.shared.claims import (
    block_rates,
    distance_claims,
    equality_claims,
    length_claims,
    negation_claims,
    order_claims,
    place_claims,
    rate_of,
    read_rates,
)
from textcnn.studies.shared.figures import (
    BLUE,
    GREY,
    accuracy_axes,
    draw_order,
    draw_rows,
    intervals,
    new_figure,
)
from textcnn.studies.shared.real_texts import (
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
from textcnn.system.fonts import drawable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from textcnn.data.batching import EncodedTexts
    from textcnn.inference import AnyClassifier

MAX_TEXTS, QUICK_MAX_TEXTS = 600, 150
TITLE = "this classifier"


def points(plan: Plan) -> list[Point]:
    """A single point with one seed: the classifier is already trained."""
    settings = {
        "checkpoint": plan.checkpoint,
        "digest": checkpoint_digest(plan.checkpoint) if plan.checkpoint else "",
        "data": plan.data,
        "data_digest": data_digest(plan.data),
        "texts": QUICK_MAX_TEXTS if plan.quick else MAX_TEXTS,
    }
    return [Point("checkpoint", settings)]


def checkpoint_digest(path: str) -> str:
    """A hash of the files that determine predictions; it changes if the run is trained again."""
    from textcnn.checkpoint import FILES, THRESHOLDS, find_checkpoint

    directory = find_checkpoint(path)
    files = [directory / name for name in (*FILES, THRESHOLDS)]
    return digest([file for file in files if file.is_file()])


def measure(settings: Values, seed: int) -> Values:
    """The answers to all questions, and which texts were used.

    Raises:
        InputError: the checkpoint or the data can't be used.
    """
    from textcnn.studies.checkpoint.two_words import order_gaps
    from textcnn.studies.shared.perturbations import sample
    from textcnn.studies.shared.questions import ask

    classifier, texts, facts = load(settings)
    answers = ask(classifier, sample(texts, settings["texts"], seed), seed)
    return answers | {"distances": order_gaps(classifier, texts)} | facts


def check(missing: Sequence[tuple[Point, int]]) -> None:
    """Check that the checkpoint and the data can be used.

    Raises:
        InputError: they can't be used, or there are too few texts.
    """
    for point, _ in missing:
        _, texts, facts = load(point.settings)
        # the number of possible label sets is unknown
        check_enough(len(texts), 1 if facts["multi_label"] else facts["classes"])


class Subject(NamedTuple):
    """A trained classifier and the texts that it is tested on."""

    classifier: "AnyClassifier"
    texts: "EncodedTexts"
    facts: Values  # about both, for the report


def load(settings: Values) -> Subject:
    """
    Args:
        settings: of the point.

    Raises:
        InputError: the checkpoint or the data can't be used.
    """
    from textcnn.data.encoding import encode_labelled
    from textcnn.evaluation.chosen_data import found_data, test_rows
    from textcnn.inference import restore

    classifier, trained, _, directory, _ = restore(settings["checkpoint"])
    if (count := trained.training.stored_members) > 1:
        raise InputError(
            f"study=checkpoint examines a single network, got {settings['checkpoint']}, an "
            f"ensemble of {count}; give one member, checkpoint=<run>/member-1"
        )
    classifier = network_alone(classifier, settings["checkpoint"])
    data = chosen_data(settings["data"], trained.data)
    if data.source == trained.data.source:
        data = found_data(data, [], directory)
    if data.unseen_label == "wrong":  # such texts have no class that could be examined
        data = replace(data, unseen_label="drop")
    rows, _ = test_rows(data, trained, classifier.labels)
    facts = {
        "unit": trained.text.unit,
        "name": trained.model.name,
        "multi_label": trained.data.multi_label,
        "source": describe(asdict(data)),
        "available": len(rows),
        "classes": len(classifier.labels),
    }
    return Subject(classifier, encode_labelled(rows, classifier.encoder), facts)


def network_alone(classifier: "AnyClassifier", checkpoint: str) -> "AnyClassifier":
    """The classifier without n-grams, whose answers theory doesn't speak of.

    Raises:
        InputError: it has no network.
    """
    from textcnn.inference import build_classifier
    from textcnn.models.ngrams.beside import WithNgrams
    from textcnn.models.ngrams.ngrams import Ngrams

    model = classifier.model
    if isinstance(model, Ngrams):
        raise InputError(
            f"study=checkpoint examines a network, got {checkpoint}, a model of n-grams alone; "
            "give a run with another model"
        )
    if not isinstance(model, WithNgrams):
        return classifier
    parts = (model.network, classifier.encoder, classifier.labels, classifier.raw_thresholds)
    return build_classifier(*parts)


def chosen_data(data: Values, trained: Any) -> Any:
    """The configuration of the data to test on, chosen as `textcnn.evaluate` does.

    Args:
        trained: the configuration of the classifier's own data.
        data: all keys of `data=`; none if the user gave none. With `source=bundled`, the default,
            they modify the classifier's own data. With `source=hub` they are used unchanged,
            because they may be a preset with columns of its own.
    """
    from textcnn.builders.data import read_data
    from textcnn.evaluation import chosen_data as evaluation

    if not data:
        return trained
    if data["source"] == "hub":
        return read_data(data)
    usual = vars(read_data({"source": data["source"]}))
    given = [f"data.{key}" for key, value in data.items() if value != usual[key]]
    other = [] if data["source"] == "bundled" else ["data"]
    return evaluation.chosen_data(read_data(data), trained, [*other, *given])


def claims(results: Results) -> list[Claim]:
    values = results.of("checkpoint")
    correct = "label sets exactly right" if values[0]["multi_label"] else "accuracy"
    made = [
        silent(f"{TITLE}, {values[0]['name']}: {correct}", str(rate_of(values, "correct"))),
        silent(f"always the most frequent class: {correct}", str(rate_of(values, "majority"))),
        *equality_claims({TITLE: values}, ["equal"]),
        *order_claims(TITLE, values),
        *distance_claims(values[0]),
        *place_claims(TITLE, values),
        *length_claims(TITLE, values),
        *negation_claims(TITLE, values),
    ]
    return mute(made) if too_few(values) else made


def notes(results: Results) -> list[str]:
    """Which texts were used, and whether the answers mean anything."""
    values = results.of("checkpoint")
    first = values[0]
    said = [
        f"Texts: {first['source']}; {first['texts']} of {first['available']} test texts, "
        f"{first['classes']} classes; {baseline(values)}."
    ]
    if too_few(values):
        said.append(few_note(first["texts"]))
    if constant(values):
        said.append(
            "This classifier predicts the same for every text: it has not learned to distinguish "
            "the classes. If shuffling, moving or cutting changes no prediction, this says nothing "
            "about what it reads."
        )
    elif no_better(values):
        said.append(
            f"This classifier, with {rate_of(values, 'correct')}, is better than that only by "
            "chance, or not at all. What changes its predictions says little about what it reads."
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
    accuracy_axes(lengths, "Only the first tokens are read", f"{unit} read")
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
        "Accuracy after changing the order, place or length of the texts, with 95 % intervals. "
        "Dashed: on unchanged texts. Dotted: always the most frequent class."
    )
    if asked:
        caption += (
            " Last panel: difference of the logits of two words in both orders, by their distance "
            "among unknown words. Dashed: the end of the receptive field."
        )
    return [Drawing("checkpoint", caption, figure)]


def draw_places(axes: "Axes", values: list[Values]) -> None:
    names = list(values[0]["places"])
    rates = [rate_of(values, "places", name, "correct") for name in names]
    draw_rows(axes, names, rates)
    axes.set_xlim(-3, 106)
    axes.set_title("Moved texts, and parts", loc="left")


def draw_distances(axes: "Axes", asked: Values, field: int) -> None:
    axes.plot(asked["distances"], asked["gaps"], "o-", color=BLUE, markersize=3.5, linewidth=1)
    axes.axvline(field - 0.5, color=GREY, linestyle="--", linewidth=1)
    axes.set_xticks([d for d in asked["distances"] if len(asked["distances"]) <= 20 or d % 10 == 0])
    axes.set_ylim(bottom=min(0.0, -0.05 * max(asked["gaps"])))
    axes.set_xlabel("tokens from one word to the other")
    axes.set_ylabel("logit difference")
    words, families, _ = drawable(asked["words"])
    title = "“{}” and “{}” in both orders".format(*words)
    # a word may be a dollar
    axes.set_title(title, loc="left", parse_math=False, fontfamily=families)


def table(results: Results) -> list[list[str]]:
    values = results.of("checkpoint")
    texts = values[0]["texts"]
    rows = [["texts", "predictions that change", "accuracy (95 %)"]]
    rows.append(["unchanged", "–", str(rate_of(values, "correct"))])
    blocks = values[0]["order"]["blocks"]
    changed, correct = (block_rates(values, key) for key in ("changed", "correct"))
    for block, change, right in zip(blocks, changed, correct, strict=True):
        what = "shuffled" if block == 1 else f"shuffled in blocks of {block} tokens"
        rows.append([what, f"{change.correct} of {texts}", str(right)])
    for name, found in values[0]["places"].items():
        rate = Rate(found["correct"], texts)
        rows.append([name, f"{found['changed']} of {texts}", str(rate)])
    for tokens, rate in read_rates(values).items():
        rows.append([f"only the first {tokens} tokens", "–", str(rate)])
    return rows


CHECKPOINT = Study(
    name="checkpoint",
    title="Your own classifier: what it knows about order, place and length",
    question=(
        "Which of these limits apply to a classifier that you trained, on its own test texts or "
        "on others? Does it read, or does it collect words?"
    ),
    mathematics="""
<p>If a network sees windows of <var>R</var> tokens and its pooling ignores positions, theory covers
all weights, trained or not: the logits depend only on the windows
<var>W<sub>R</sub></var>(<var>x</var>) of a text.</p>
<p class="formula"><var>R</var> = 1: <var>f</var>(<var>x</var>) =
<var>f</var>(shuffled <var>x</var>); &nbsp; <var>d</var> ≥ <var>R</var>:
<var>f</var>(… A … B …) = <var>f</var>(… B … A …)</p>
<p>Every classifier here gives a text the same logits whatever other texts are in the batch and
however the text is padded. The numbering of the embedding dimensions does not matter
either.</p>""",
    training=(
        "Nothing is trained. The classifier is tested as it is, on a random sample if there are "
        "more test texts than the study uses. The two words are the most frequent ones of these "
        "texts."
    ),
    lesson=(
        "If a classifier beats the most frequent class and its predictions survive shuffling, it "
        "does not use the order of words, even if it could. The task does not require order, and a "
        "bag of words would do. If accuracy on the last half alone is lower than on the first, the "
        "decisive words are at the beginning, and fewer tokens are enough. If unknown words before "
        "a text change predictions, the classifier has learned where its texts begin."
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
