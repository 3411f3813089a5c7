"""Whether a network finds a keyword anywhere, in a waveform and in a spectrogram (T2, T10)."""

from typing import TYPE_CHECKING

from textcnn.studies.audio.keywords import (
    DEAF,
    EARS,
    SAMPLES,
    SLOTS,
    Ear,
    begins,
    measure_reach,
    measure_spotting,
    predict,
    waveform,
)
from textcnn.studies.audio.sound import RATE, milliseconds
from textcnn.studies.shared.figures import (
    BLUE,
    GREY,
    ORANGE,
    accuracy_axes,
    intervals,
    new_figure,
    predicted,
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
    accuracy,
    different_logits,
    equal_logits,
    silent,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

REACHES = (8, 16, 17, 18, 24, 32, 48, 64, 96)  # receptive fields of a waveform, in samples
QUICK_REACHES = (16, 96)
NOT_FOUND = (
    "Linear programs find weights that distinguish all orders. But a window that holds only the "
    "faded edges of both pips hardly ever wins a maximum, so training gets no gradient to start "
    "from."
)


def points(plan: Plan) -> list[Point]:
    spotting = [
        Point(f"{ear}, {pooling}", {"ear": ear, "pooling": pooling}, plan.seeds)
        for ear in EARS
        for pooling in ("max", "flatten")
    ]
    reaches = [
        Point(f"reach {kernel}", {"kernel": kernel}, plan.seeds)
        for kernel in plan.pick(QUICK_REACHES, REACHES)
    ]
    return [*spotting, *reaches, Point("short frames", {"kernel": 0}, plan.seeds)]


def measure(settings: Values, seed: int) -> Values:
    if "kernel" in settings:
        return measure_reach(waveform(settings["kernel"]) if settings["kernel"] else DEAF, seed)
    return measure_spotting(EARS[settings["ear"]], settings["pooling"], seed)


def by_slot(results: Results, name: str) -> list[Rate]:
    """Accuracy in each slot, over all seeds."""
    values = results.of(name)
    return [Rate.of(v["asked"][slot] for v in values) for slot in range(2 * SLOTS)]


def together(results: Results, name: str, slots: range) -> Rate:
    """Accuracy over several slots; their sounds differ, so those of a seed are added up."""
    asked = [[v["asked"][slot] for slot in slots] for v in results.of(name)]
    return Rate.of(
        {key: sum(each[key] for each in one) for key in ("correct", "texts")} for one in asked
    )


def claims(results: Results) -> list[Claim]:
    made = []
    for point in results.points():
        if "kernel" in point.settings:
            made += reach_claims(results, point)
        else:
            made += spotting_claims(results, point)
    return made


def spotting_claims(results: Results, point: Point) -> list[Claim]:
    values = results.of(point.name)
    title = f"{point.settings['ear']}, {point.settings['pooling']} pooling"
    inside = together(results, point.name, range(SLOTS))
    outside = together(results, point.name, range(SLOTS, 2 * SLOTS))

    def gap(moment: str, shift: str) -> float:
        return float(max(v[moment][shift] for v in values))

    made = [accuracy("T10", f"{title}: accuracy in the trained half", 1.0, inside)]
    if point.settings["pooling"] == "flatten":
        statement = f"{title}: logit change if a keyword moves by 64 ms, after training"
        return [
            *made,
            different_logits("T10", statement, gap("after", "half")),
            silent(f"{title}: accuracy in the untrained half", str(outside)),
        ]
    statement = f"{title}: accuracy in the untrained half"
    made.append(accuracy("T10", statement, 1.0, outside))
    ear = EARS[point.settings["ear"]]
    step = "one sample" if ear.hop == 1 else f"one hop of {ear.hop} samples"
    for moment in ("before", "after"):
        worst = max(gap(moment, "hop"), gap(moment, "half"))
        statement = f"{title}: logit change if a keyword moves by {step} or 64 ms, {moment}"
        made.append(equal_logits("T2", f"{statement} training", worst))
    if ear.hop > 1:
        statement = f"{title}: logit change if a keyword moves by half a hop, after training"
        made.append(different_logits("", statement, gap("after", "part")))
    return made


def reach_claims(results: Results, point: Point) -> list[Claim]:
    ear = waveform(point.settings["kernel"]) if point.settings["kernel"] else DEAF
    share, values = predict(ear), results.of(point.name)
    title = f"{ear.title}, receptive field {milliseconds(ear.reach):g} ms"
    made = [accuracy("T2", f"{title}: accuracy", share, results.rate(point.name), NOT_FOUND)]
    if ear.size == 1:
        made.append(existence_claim(title, share, [v["witness"] for v in values]))
    for moment in ("before", "after") if share == 0.5 else ():
        gap = max(v[f"gap_{moment}"] for v in values)
        statement = f"{title}: logit difference between both orders of the pips, {moment} training"
        made.append(equal_logits("T2", statement, gap))
    return made


def existence_claim(title: str, share: float, witnesses: list[Values | None]) -> Claim:
    """Weights that distinguish the orders exist, or none do, whatever training finds."""
    found = [each for each in witnesses if each is not None]
    if share == 1.0 and found:
        statement = f"{title}: accuracy of weights found by linear programs"
        return accuracy("T2", statement, share, Rate.of(found))
    statement = f"{title}: weights that distinguish the orders, by linear programs"
    expected = "none" if share == 0.5 else "some"
    measured = "some" if found else "none"
    return Claim("T2", statement, expected, measured, measured == expected)


def drawings(results: Results) -> list[Drawing]:
    figure, panels = new_figure(4, columns=2, size=(4.4, 2.4))
    for axes, name in zip(panels, EARS, strict=False):
        draw_heard(axes, EARS[name], results.first(f"{name}, max"))
    draw_slots(panels[2], results)
    draw_reaches(panels[3], results)
    caption = (
        "Top: a keyword in noise, as the networks hear it, in the untrained half; the frame is the "
        "window that contributes most to the prediction. Bottom left: accuracy by position of the "
        "keyword. Max pooling finds it anywhere, flattening only in the trained half, left of the "
        "dashed line. Bottom right: accuracy by receptive field, in silence. Grey: theory. Points "
        "have 95 % intervals."
    )
    return [Drawing("audio", caption, figure)]


def draw_heard(axes: "Axes", ear: Ear, values: Values) -> None:
    heard, end = values["heard"], milliseconds(SAMPLES)
    if ear.size == 1:
        time = [milliseconds(sample) for sample in range(SAMPLES)]
        axes.plot(time, heard[0], color=BLUE, linewidth=0.6)
        axes.set_ylabel("amplitude")
        axes.set_xlim(0, end)
    else:
        extent = (0, milliseconds(len(heard[0]) * ear.hop + ear.size - ear.hop), 0, RATE / 2000)
        axes.imshow(heard, origin="lower", aspect="auto", cmap="Blues", extent=extent)
        axes.set_ylabel("frequency in kHz")
    left = milliseconds(values["winner"])
    axes.axvspan(left, left + milliseconds(ear.reach), fill=False, edgecolor=ORANGE, linewidth=1.5)
    axes.set_xlabel("time in ms")
    axes.set_title(f"{ear.title}: the winning window", loc="left")


def draw_slots(axes: "Axes", results: Results) -> None:
    starts = [milliseconds((begins(s, 1)[0] + begins(s, 1)[-1]) / 2) for s in range(2 * SLOTS)]
    predicted(axes, starts, [1.0] * len(starts))
    lines = [(ear, pooling) for ear in EARS for pooling in ("max", "flatten")]
    for number, (ear, pooling) in enumerate(lines):
        intervals(
            axes,
            [start + 1.2 * (number - 1.5) for start in starts],
            by_slot(results, f"{ear}, {pooling}"),
            color=BLUE if pooling == "max" else ORANGE,
            label=f"{ear}, {pooling}",
            marker="o" if ear == "waveform" else "s",
        )
    border = (begins(SLOTS - 1, 1)[-1] + begins(SLOTS, 1)[0]) / 2
    axes.axvline(milliseconds(border), color=GREY, linestyle="--", linewidth=1)
    accuracy_axes(axes, "by position", "start of the keyword in ms")
    axes.legend(fontsize=7, loc="lower left", frameon=False)


def draw_reaches(axes: "Axes", results: Results) -> None:
    kernels = [p.settings["kernel"] for p in results.points() if p.settings.get("kernel")]
    every = range(min(kernels), max(kernels) + 1)
    theory = [predict(waveform(kernel)) for kernel in every]
    predicted(axes, [milliseconds(kernel) for kernel in every], theory)
    rates = [results.rate(f"reach {kernel}") for kernel in kernels]
    intervals(axes, [milliseconds(kernel) for kernel in kernels], rates)
    accuracy_axes(axes, "by receptive field, waveform", "receptive field in ms")


def table(results: Results) -> list[list[str]]:
    rows = [["network", "receptive field in ms", "theory", "measured (95 %)"]]
    for point in results.points():
        if "kernel" in point.settings:
            ear = waveform(point.settings["kernel"]) if point.settings["kernel"] else DEAF
            rate = results.rate(point.name)
            rows.append([f"{ear.title}, in silence", *row_of(ear, predict(ear), rate)])
            continue
        ear = EARS[point.settings["ear"]]
        known = None if point.settings["pooling"] == "flatten" else 1.0
        inside = together(results, point.name, range(SLOTS))
        outside = together(results, point.name, range(SLOTS, 2 * SLOTS))
        rows.append([f"{point.name}, trained half", *row_of(ear, 1.0, inside)])
        rows.append([f"{point.name}, untrained half", *row_of(ear, known, outside)])
    return rows


def row_of(ear: Ear, share: float | None, rate: Rate) -> list[str]:
    theory = "–" if share is None else f"{100 * share:.1f} %"
    return [f"{milliseconds(ear.reach):g}", theory, str(rate)]


AUDIO = Study(
    name="audio",
    title="The same convolution on sound: a keyword anywhere",
    question="Does a network that learned a keyword in one place find it in all others?",
    mathematics="""
<p>Text, waveform and spectrogram pass through the same layer. Only the channels <var>c</var>
differ: dimensions of an embedding, one amplitude, or the loudness at each frequency.</p>
<p class="formula"><var>H</var>[<var>i</var>, <var>d</var>] = Σ<sub><var>a</var></sub>
Σ<sub><var>c</var></sub> <var>V</var>[<var>a</var>, <var>c</var>, <var>d</var>] ·
<var>X</var>[<var>i</var> + <var>a</var>, <var>c</var>]</p>
<p>The weights have no index <var>i</var>. A delayed sound gives the same features, delayed, and
their maximum is the same. This is <em>exact</em> in silence, as long as the keyword stays
<var>R</var> − 1 samples away from the ends and moves by whole samples. In a spectrogram, whose
frames start every hop, it must move by whole hops. Two pips with a silence of <var>g</var> samples
between them can be distinguished from the same pips in the other order if one window holds part of
both: <var>R</var> ≥ <var>g</var> + 2. Otherwise both orders have the same windows, and accuracy
is ½.</p>""",
    training=(
        "Keywords in noise: 8 epochs on 300 sounds, tested on others. Receptive fields: 64 epochs "
        "on 300 sounds in silence with varying loudness, tested on 200 others. So many epochs are "
        "needed: after 32, one seed of ten still guessed at 4 ms. Until a window that holds part "
        "of both pips wins a maximum, both orders have the same logits and the loss gives no "
        "direction. Linear programs show without training that suitable weights exist: the "
        "maximum of a filter distinguishes two sets of windows if a window of one set lies "
        "outside the convex hull of the other, which is a linear program for each window."
    ),
    lesson=(
        "For events that mean the same wherever they happen, convolution with max pooling is "
        "right: what it learns in one place holds everywhere, without a single example from there. "
        "Flattening learns each place separately. The receptive field, in milliseconds, must hold "
        "what distinguishes the keyword. In a spectrogram the length of a frame counts too."
    ),
    points=points,
    measure=measure,
    claims=claims,
    drawings=drawings,
    table=table,
)
