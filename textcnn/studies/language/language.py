"""The limits on real texts: order, length and meaning, and what five remedies are worth."""

from collections.abc import Sequence

from textcnn.studies.language.drawings import draw_networks, draw_wording
from textcnn.studies.language.negation import KERNEL_SIZES, measure_negation, template_claims
from textcnn.studies.language.networks import GLOVE, NETWORKS, check_data, measure_network
from textcnn.studies.language.synonyms import measure_synonyms, synonym_claims
from textcnn.studies.shared.claims import (
    Networks,
    block_rates,
    equality_claims,
    knows_no_order,
    negation_claims,
    order_claims,
    percent,
    rate_of,
)
from textcnn.studies.shared.negated_texts import TEMPLATES
from textcnn.studies.shared.real_texts import (
    baseline,
    constant,
    data_digest,
    describe,
    few_note,
    mute,
    no_better,
    too_few,
)
from textcnn.studies.shared.study import Claim, Drawing, Plan, Point, Results, Study, Values, silent

EXAMPLES, QUICK_EXAMPLES = 800, 300  # of each split, at most
EPOCHS, QUICK_EPOCHS = 20, 12  # at most
QUICK_NETWORKS = ("nin", "multi_width", "vectors", "dilated")
# the points of synonyms and their `text.vectors`
SYNONYM_POINTS = {"synonyms, learned vectors": None, "synonyms, GloVe vectors": GLOVE}


def points(plan: Plan) -> list[Point]:
    common = {
        "data": plan.data,
        "data_digest": data_digest(plan.data),
        "examples": QUICK_EXAMPLES if plan.quick else EXAMPLES,
        "epochs": QUICK_EPOCHS if plan.quick else EPOCHS,
    }
    return [
        *(
            Point(name, {"network": name, **common}, plan.seeds)
            for name in plan.pick(QUICK_NETWORKS, tuple(NETWORKS))
        ),
        *(
            Point(
                f"negation, {template}, {width}",
                {"template": template, "width": width},
                plan.seeds,
            )
            for template in plan.pick(("near",), tuple(TEMPLATES))
            for width in plan.pick((1, 2), KERNEL_SIZES)
        ),
        *(
            Point(name, {"vectors": vectors}, plan.seeds)
            for name, vectors in SYNONYM_POINTS.items()
        ),
    ]


def measure(settings: Values, seed: int) -> Values:
    if "template" in settings:
        return measure_negation(settings["template"], settings["width"], seed)
    if "vectors" in settings:
        return measure_synonyms(settings["vectors"], seed)
    return measure_network(
        NETWORKS[settings["network"]],
        settings["data"],
        settings["examples"],
        settings["epochs"],
        seed,
    )


def check(missing: Sequence[tuple[Point, int]]) -> None:
    """Check that the missing networks can be trained on the data.

    Raises:
        InputError: the data can't be used.
    """
    trained = [(point.settings, seed) for point, seed in missing if "network" in point.settings]
    units = sorted({NETWORKS[settings["network"]].unit for settings, _ in trained})
    for seed in sorted({seed for _, seed in trained}):
        check_data(trained[0][0]["data"], trained[0][0]["examples"], units, seed)


def networks(results: Results) -> Networks:
    """The values of the networks on real texts, by title; without those that were not measured."""
    names = [point.name for point in results.points() if "network" in point.settings]
    measured = {NETWORKS[name].title: results.of(name) for name in names}
    return {
        title: values
        for title, values in measured.items()
        if not any("missing" in each for each in values)
    }


def claims(results: Results) -> list[Claim]:
    asked = networks(results)
    made = equality_claims(asked, ["before", "equal"])
    for title, values in asked.items():
        made += order_claims(title, values)
        if knows_no_order(values[0]["known"]):
            made += negation_claims(title, values)
    if any(map(too_few, asked.values())):
        made = mute(made)
    for point in results.points():
        settings, name = point.settings, point.name
        if "template" in settings:
            made += template_claims(results, name, settings["template"], settings["width"])
        elif "vectors" in settings:
            made += synonym_claims(results, name, settings["vectors"])
        else:
            made.append(remedy_claim(results, name))
    return made


def remedy_claim(results: Results, name: str) -> Claim:
    values = results.of(name)
    title = f"{NETWORKS[name].title}: accuracy on real texts"
    for each in values:
        if "missing" in each:
            return silent(title, f"not measured: {each['missing']}")
    shares = sorted(100 * each["correct"] / each["texts"] for each in values)
    seeds = f"; by seed {shares[0]:.1f} to {shares[-1]:.1f} %" if len(shares) > 1 else ""
    return silent(title, f"{rate_of(values, 'correct')}{seeds}")


def notes(results: Results) -> list[str]:
    """Which texts were used, and what the results on them show."""
    return [*vector_notes(results), *text_notes(results)]


def vector_notes(results: Results) -> list[str]:
    """Why pretrained vectors were not measured, if they were not."""
    missing = {values["missing"] for m in results.measurements if "missing" in (values := m.values)}
    return [f"Pretrained vectors were not measured: {reason}" for reason in sorted(missing)]


def text_notes(results: Results) -> list[str]:
    asked = networks(results)
    if not asked:
        return []
    settings = next(p.settings for p in results.points() if "network" in p.settings)
    first = next(iter(asked.values()))
    said = [
        f"Texts: {describe(settings['data'])}; "
        f"{first[0]['trained_on']} for training, {first[0]['texts']} for the test, "
        f"{first[0]['classes']} classes; {baseline(first)}."
    ]
    if any(map(too_few, asked.values())):
        said.append(few_note(first[0]["texts"]))
    if idle := [title for title, values in asked.items() if no_better(values)]:
        said.append(
            f"No better than that: {'; '.join(idle)}. If shuffling changes nothing in such a "
            "network, this says nothing about order."
        )
    return [*said, *findings({t: v for t, v in asked.items() if t not in idle})]


def findings(able: Networks) -> list[str]:
    """What the remedies were worth here; `able` are the networks that learned something."""
    if not able:
        return []
    rates = {title: rate_of(values, "correct") for title, values in able.items()}
    ranked = sorted(rates, key=lambda title: rates[title].share, reverse=True)
    best = rates[ranked[0]]
    level = [title for title in ranked[1:] if rates[title].interval[1] >= best.interval[0]]
    said = f"Best on these texts is “{ranked[0]}”: {best}."
    if level:
        said += f" The intervals of these networks overlap with it: {'; '.join(level)}."
    changed = [
        block_rates(values, "changed")[0].share
        for values in able.values()
        if not knows_no_order(values[0]["known"]) and not constant(values)
    ]
    if changed:
        least, most = (f"{100 * share:.1f}" for share in (min(changed), max(changed)))
        said += (
            f" Shuffling all tokens changes {least if least == most else f'{least} to {most}'} % "
            "of the predictions of the networks that can see order."
        )
    return [said]


def drawings(results: Results) -> list[Drawing]:
    return [draw_networks(networks(results)), draw_wording(results)]


def table(results: Results) -> list[list[str]]:
    rows = [
        [
            *("network", "R", "parameters", "seconds of training", "accuracy (95 %)"),
            *("changed by shuffling", "accuracy, shuffled"),
        ]
    ]
    for title, values in networks(results).items():
        field = values[0]["known"]["field"]
        seconds = [each["seconds"] for each in values]
        rows.append(
            [
                title,
                "all" if field is None else str(field),
                f"{values[0]['parameters']:,}",
                f"{sum(seconds) / len(seconds):.1f}",
                str(rate_of(values, "correct")),
                percent(block_rates(values, "changed")[0]),
                percent(block_rates(values, "correct")[0]),
            ]
        )
    return rows


LANGUAGE = Study(
    name="language",
    title="Real language: what the limits cost, and what the remedies are worth",
    question=(
        "On news, or on your own texts: does order matter, what happens with unseen words and "
        "negation, and which of five remedies helps?"
    ),
    mathematics="""
<p>The dimensions of an embedding have no order. For a permutation <var>π</var> of the dimensions,
and of the weights that read them, <var>W<sub>π</sub> x<sub>π</sub></var> = <var>W x</var>, so no
logit changes. In an image, neighbouring pixels belong together. In a text, only the tokens have
neighbours.</p>
<p class="formula"><var>R</var> = 1: <var>f</var>(<em>not terrible, it was great</em>) =
<var>f</var>(<em>not great, it was terrible</em>)</p>
<p>Texts of the same words differ in their windows of <var>R</var> words only if
<var>R</var> is large enough; counting windows gives the best possible accuracy. All words that
training never saw are one unknown word, so synonyms of both classes give the same texts. Accuracy
on them is exactly ½, unless vectors learned elsewhere say what the words mean.</p>""",
    training=(
        "On the real texts, each network trains until the validation loss stops improving, with "
        "the same settings for all. Synthetic sentences: 12 to 15 epochs, tested on words or "
        "pairs of words that training never saw."
    ),
    lesson=(
        "Theory says what a network can't know; the task decides whether that matters. If "
        "shuffling hardly changes the predictions of an n-gram network, words are enough, and the "
        "bag of words is the baseline to beat. If a single negation decides, a window that holds "
        "it is the difference between chance and certainty. The remedies form no ranking: whether "
        "pretrained vectors, n-grams, depth, dilation or characters help depends on the texts and "
        "on how many there are for training."
    ),
    points=points,
    measure=measure,
    claims=claims,
    drawings=drawings,
    table=table,
    commands=(
        "python -m textcnn.train text.max_length=128 text.vectors=glove",
        "python -m textcnn.train text.max_length=128 model=dilated",
        "python -m textcnn.train model=nin text.max_length=128",
    ),
)
