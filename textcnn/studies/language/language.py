"""The limits on real texts: order, length, meaning, and what five remedies are worth."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textcnn.studies.language.networks import (
    GLOVE,
    NETWORKS,
    build_data,
    check_data,
    measure_network,
)
from textcnn.studies.language.wording import (
    TEMPLATES,
    WIDTHS,
    measure_negation,
    measure_synonyms,
    predict_negation,
    predict_unseen,
    synonym_claims,
    template_claims,
)
from textcnn.studies.shared.answers import (
    MANY_COLOURS,
    Networks,
    block_rates,
    draw_order,
    draw_rows,
    equality_claims,
    knows_no_order,
    negation_claims,
    order_claims,
    percent,
    rate_of,
    read_rates,
)
from textcnn.studies.shared.figures import accuracy_axes, intervals, new_figure, predicted
from textcnn.studies.shared.inputs import (
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

if TYPE_CHECKING:
    from matplotlib.axes import Axes

EXAMPLES, QUICK_EXAMPLES = 800, 300  # of each split, at most
EPOCHS, QUICK_EPOCHS = 20, 12  # at most
QUICK = ("nin", "multi_width", "vectors", "dilated")
SYNONYMS = {"synonyms, learnt vectors": None, "synonyms, GloVe vectors": GLOVE}


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
            for name in plan.pick(QUICK, tuple(NETWORKS))
        ),
        *(
            Point(
                f"negation, {template}, {width}",
                {"template": template, "width": width},
                plan.seeds,
            )
            for template in plan.pick(("near",), tuple(TEMPLATES))
            for width in plan.pick((1, 2), WIDTHS)
        ),
        *(Point(name, {"vectors": vectors}, plan.seeds) for name, vectors in SYNONYMS.items()),
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
    """Hold the data against what the networks that are to be trained need of them.

    Raises:
        InputError: they can't be used.
    """
    trained = [(point.settings, seed) for point, seed in missing if "network" in point.settings]
    units = sorted({NETWORKS[settings["network"]].unit for settings, _ in trained})
    for seed in sorted({seed for _, seed in trained}):
        check_data(trained[0][0]["data"], trained[0][0]["examples"], units, seed)


def networks(results: Results) -> Networks:
    """What the networks on real texts answered, by title; without those not measured."""
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
    """Which texts these are, and what is to be seen of them."""
    return [*vector_notes(results), *text_notes(results)]


def vector_notes(results: Results) -> list[str]:
    """That vectors were not to be had, where they weren't."""
    missing = {values["missing"] for m in results.measurements if "missing" in (values := m.values)}
    return [f"Pretrained vectors were not measured: {reason}" for reason in sorted(missing)]


def text_notes(results: Results) -> list[str]:
    asked = networks(results)
    if not asked:
        return []
    settings = next(p.settings for p in results.points() if "network" in p.settings)
    first = next(iter(asked.values()))
    said = [
        f"Texts: {describe(build_data(settings['data'], settings['examples']))}; "
        f"{first[0]['trained_on']} to train on, {first[0]['texts']} to test on, "
        f"{first[0]['classes']} classes; {baseline(first)}."
    ]
    if any(map(too_few, asked.values())):
        said.append(few_note(first[0]["texts"]))
    if idle := [title for title, values in asked.items() if no_better(values)]:
        said.append(
            f"No better than that: {'; '.join(idle)}. What shuffling leaves unchanged in such a "
            "network says nothing of order."
        )
    return [*said, *findings({t: v for t, v in asked.items() if t not in idle})]


def findings(able: Networks) -> list[str]:
    """What the remedies were worth here. `able`: networks that have learnt something."""
    if not able:
        return []
    rates = {title: rate_of(values, "correct") for title, values in able.items()}
    ranked = sorted(rates, key=lambda title: rates[title].share, reverse=True)
    best = rates[ranked[0]]
    level = [title for title in ranked[1:] if rates[title].interval[1] >= best.interval[0]]
    said = f"Best on these texts, {ranked[0]}: {best}"
    said += f"; chance alone may set it apart from: {'; '.join(level)}." if level else "."
    changed = [
        block_rates(values, "changed")[0].share
        for values in able.values()
        if not knows_no_order(values[0]["known"]) and not constant(values)
    ]
    if changed:
        least, most = (f"{100 * share:.1f}" for share in (min(changed), max(changed)))
        said += (
            f" Shuffling all tokens changes {least if least == most else f'{least} to {most}'} % "
            "of the predictions of networks that can see order."
        )
    return [said]


def drawings(results: Results) -> list[Drawing]:
    return [draw_networks(networks(results)), draw_wording(results)]


def draw_networks(asked: Networks) -> Drawing:
    figure, (remedies, changed, lengths, legend) = new_figure(4, columns=2, size=(4.6, 2.8))
    names = list(asked)
    rates = [rate_of(values, "correct") for values in asked.values()]
    draw_rows(remedies, names, rates)
    remedies.set_title("The remedies side by side", loc="left")
    draw_order(changed, asked, "changed", "Shuffled texts", "tokens that stay together")
    changed.set_ylabel("predictions changed %")
    predicted(changed, (1, 50), (0, 0))
    draw_lengths(lengths, asked)
    legend.axis("off")
    legend.legend(*changed.get_legend_handles_labels(), loc="center left", frameon=False)
    caption = (
        "Networks trained on the same real texts, with 95 % intervals: how good they are; the "
        "share of predictions that shuffling changes, by how many tokens stay together (grey: "
        "theory, none for networks that see one token at a time); accuracy when only "
        "the beginning is read."
    )
    return Drawing("language", caption, figure)


def draw_lengths(axes: "Axes", asked: Networks) -> None:
    accuracy_axes(axes, "Only the beginning is read", "tokens read")
    ticks: set[int] = set()
    for number, values in enumerate(asked.values()):
        rates = read_rates(values)
        ticks |= set(rates)
        places = [tokens * 1.04 ** (number - len(asked) / 2) for tokens in rates]
        intervals(axes, places, list(rates.values()), MANY_COLOURS[number])
    axes.set_xscale("log")
    shown = [tick for tick in sorted(ticks) if tick in (5, 10, 20, 50, 100, 200, 500)]
    axes.set_xticks(shown, [str(tick) for tick in shown])
    axes.minorticks_off()


def draw_wording(results: Results) -> Drawing:
    """Negations by width, one panel for each template, and the synonyms."""
    settings = {point.name: point.settings for point in results.points()}
    templates = list(dict.fromkeys(s["template"] for s in settings.values() if "template" in s))
    figure, panels = new_figure(len(templates) + 1, columns=3, size=(3.3, 2.5))
    for axes, template in zip(panels, templates, strict=False):
        names = [n for n, s in settings.items() if s.get("template") == template]
        widths = [settings[name]["width"] for name in names]
        accuracy_axes(axes, f"Negation, {template}", "words per window")
        axes.set_xticks(widths)
        theory = [predict_negation(template, width) for width in widths]
        predicted(axes, widths, theory, "steps-mid")
        intervals(axes, widths, [results.rate(name) for name in names])
    axes = panels[-1]
    accuracy_axes(axes, "Synonyms never seen in training", "")
    predicted(axes, [-0.2, 0.2], [predict_unseen()] * 2)
    for place, name in enumerate(SYNONYMS):
        if "missing" not in results.first(name):
            intervals(axes, [place], [results.rate(name)])
    axes.set_xticks([0, 1], [name.removeprefix("synonyms, ") for name in SYNONYMS])
    axes.set_xlim(-0.5, 1.5)
    caption = (
        "Accuracy on texts of the same words in another order, by the width of the windows, and on "
        "words that training never saw. Grey: theory, where it speaks. Points: networks after "
        "training, with 95 % intervals."
    )
    return Drawing("language_wording", caption, figure)


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
        "On news, or on your own texts: does order matter, what of words never seen and of "
        "negation, and which of five remedies helps?"
    ),
    mathematics="""
<p>The dimensions of an embedding have no order: with a permutation <var>π</var> of them, and of
the weights that read them, <var>W<sub>π</sub> x<sub>π</sub></var> = <var>W x</var>, so no logit
changes. In an image neighbouring pixels belong together; in a text only the tokens have
neighbours.</p>
<p class="formula"><var>R</var> = 1: <var>f</var>(<em>not terrible, it was great</em>) =
<var>f</var>(<em>not great, it was terrible</em>)</p>
<p>Texts of the same words differ in their windows of <var>R</var> words only when
<var>R</var> is large enough; the best accuracy that there is follows from counting windows. And
all words that training never saw are one unknown word: synonyms of both classes make the same
texts, and accuracy is exactly ½, unless vectors learnt elsewhere say what they mean.</p>""",
    training=(
        "On the real texts each network trains until validation gets no better, all with the same "
        "settings. Sentences made by rule: 12 to 15 epochs, asked on pairs of words that were not "
        "trained on."
    ),
    lesson=(
        "Theory says what a network can't know, the task says whether that matters. Where "
        "shuffling a text hardly changes what n-grams predict, words are enough, and a bag of "
        "words is the one to beat. Where one negation decides, a window that holds it is the "
        "difference between chance and certainty. The remedies are no ladder: whether pretrained "
        "vectors, n-grams, depth, dilation or characters pay depends on the texts, and on how many "
        "there are to learn from."
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
