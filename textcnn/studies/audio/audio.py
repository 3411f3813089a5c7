"""Whether a keyword is found wherever it is heard, in a waveform and in a spectrogram."""

from typing import TYPE_CHECKING

from textcnn.studies.audio.hearing import (
    DEAF,
    EARS,
    PLACES,
    RATE,
    SAMPLES,
    Ear,
    begins,
    measure_reach,
    measure_spotting,
    predict,
    waveform,
)
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

REACHES = (8, 16, 17, 18, 24, 32, 48, 64, 96)  # samples, of a waveform
FEW_REACHES = (16, 96)
UNFOUND = (
    "There are weights that tell all orders, by linear programs; but where a window holds no more "
    "than the faded edges of both pips it hardly ever wins a maximum, and training finds nothing "
    "to begin with."
)


def points(plan: Plan) -> list[Point]:
    spotting = [
        Point(f"{ear}, {pooling}", {"ear": ear, "pooling": pooling}, plan.seeds)
        for ear in EARS
        for pooling in ("max", "flatten")
    ]
    reaches = [
        Point(f"reach {kernel}", {"kernel": kernel}, plan.seeds)
        for kernel in plan.pick(FEW_REACHES, REACHES)
    ]
    return [*spotting, *reaches, Point("short frames", {"kernel": 0}, plan.seeds)]


def measure(settings: Values, seed: int) -> Values:
    if "kernel" in settings:
        return measure_reach(waveform(settings["kernel"]) if settings["kernel"] else DEAF, seed)
    return measure_spotting(EARS[settings["ear"]], settings["pooling"], seed)


def by_place(results: Results, name: str) -> list[Rate]:
    values = results.of(name)
    return [Rate.of(v["asked"][place] for v in values) for place in range(2 * PLACES)]


def together(results: Results, name: str, places: range) -> Rate:
    """Sounds of other places are other sounds: those of a seed count together."""
    asked = [[v["asked"][place] for place in places] for v in results.of(name)]
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
    inside = together(results, point.name, range(PLACES))
    outside = together(results, point.name, range(PLACES, 2 * PLACES))

    def gap(moment: str, shift: str) -> float:
        return float(max(v[moment][shift] for v in values))

    made = [accuracy("T10", f"{title}: accuracy in the half it was trained on", 1.0, inside)]
    if point.settings["pooling"] == "flatten":
        statement = f"{title}: logits of a keyword and of the same, 64 ms later"
        return [
            *made,
            different_logits("T10", statement, gap("after", "half")),
            silent(f"{title}: accuracy in the half it never heard keywords in", str(outside)),
        ]
    statement = f"{title}: accuracy in the half it never heard keywords in"
    made.append(accuracy("T10", statement, 1.0, outside))
    ear = EARS[point.settings["ear"]]
    step = "one sample" if ear.hop == 1 else f"one hop of {ear.hop} samples"
    for moment in ("before", "after"):
        worst = max(gap(moment, "hop"), gap(moment, "half"))
        statement = f"{title}: logits of a keyword and of the same, {step} or 64 ms later, {moment}"
        made.append(equal_logits("T2", f"{statement} training", worst))
    if ear.hop > 1:
        statement = f"{title}: logits of a keyword and of the same, half a hop later"
        made.append(different_logits("", statement, gap("after", "part")))
    return made


def reach_claims(results: Results, point: Point) -> list[Claim]:
    ear = waveform(point.settings["kernel"]) if point.settings["kernel"] else DEAF
    share, values = predict(ear), results.of(point.name)
    title = f"{ear.title}, a receptive field of {ear.reach / RATE * 1000:g} ms"
    made = [accuracy("T2", f"{title}: accuracy", share, results.rate(point.name), UNFOUND)]
    if ear.size == 1:
        made.append(witness_claim(title, share, [v["witness"] for v in values]))
    for moment in ("before", "after") if share == 0.5 else ():
        gap = max(v[f"gap_{moment}"] for v in values)
        statement = f"{title}: logits of both orders of the pips, {moment} training"
        made.append(equal_logits("T2", statement, gap))
    return made


def witness_claim(title: str, share: float, witnesses: list[Values | None]) -> Claim:
    """That weights tell the orders, or none do, whatever training finds."""
    found = [each for each in witnesses if each is not None]
    if share == 1.0 and found:
        statement = f"{title}: accuracy of weights found by linear programs"
        return accuracy("T2", statement, share, Rate.of(found))
    statement = f"{title}: weights that tell the orders, by linear programs"
    expected = "none" if share == 0.5 else "some"
    measured = "some" if found else "none"
    return Claim("T2", statement, expected, measured, measured == expected)


def drawings(results: Results) -> list[Drawing]:
    figure, panels = new_figure(4, columns=2, size=(4.4, 2.4))
    for axes, name in zip(panels, EARS, strict=False):
        draw_heard(axes, EARS[name], results.first(f"{name}, max"))
    draw_places(panels[2], results)
    draw_reaches(panels[3], results)
    caption = (
        "Above: a keyword in noise as the networks hear it, in the half where they were never "
        "trained on one; the frame is the window that speaks most for the answer. Below: accuracy "
        "by place (max pooling finds it anywhere, flattening where it was trained, left of the "
        "dashed line) and by receptive field, in silence, with 95 % intervals; grey: theory."
    )
    return [Drawing("audio", caption, figure)]


def draw_heard(axes: "Axes", ear: Ear, values: Values) -> None:
    heard, end = values["heard"], 1000 * SAMPLES / RATE
    if ear.size == 1:
        time = [1000 * sample / RATE for sample in range(SAMPLES)]
        axes.plot(time, heard[0], color=BLUE, linewidth=0.6)
        axes.set_ylabel("amplitude")
        axes.set_xlim(0, end)
    else:
        extent = (0, 1000 * (len(heard[0]) * ear.hop + ear.size - ear.hop) / RATE, 0, RATE / 2000)
        axes.imshow(heard, origin="lower", aspect="auto", cmap="Blues", extent=extent)
        axes.set_ylabel("frequency in kHz")
    left = 1000 * values["winner"] / RATE
    axes.axvspan(left, left + 1000 * ear.reach / RATE, fill=False, edgecolor=ORANGE, linewidth=1.5)
    axes.set_xlabel("time in ms")
    axes.set_title(f"{ear.title}: the window that won", loc="left")


def draw_places(axes: "Axes", results: Results) -> None:
    starts = [1000 * (begins(p, 1)[0] + begins(p, 1)[-1]) / 2 / RATE for p in range(2 * PLACES)]
    predicted(axes, starts, [1.0] * len(starts))
    lines = [(ear, pooling) for ear in EARS for pooling in ("max", "flatten")]
    for number, (ear, pooling) in enumerate(lines):
        intervals(
            axes,
            [start + 1.2 * (number - 1.5) for start in starts],
            by_place(results, f"{ear}, {pooling}"),
            color=BLUE if pooling == "max" else ORANGE,
            label=f"{ear}, {pooling}",
            marker="o" if ear == "waveform" else "s",
        )
    border = (begins(PLACES - 1, 1)[-1] + begins(PLACES, 1)[0]) / 2
    axes.axvline(1000 * border / RATE, color=GREY, linestyle="--", linewidth=1)
    accuracy_axes(axes, "by place", "start of the keyword in ms")
    axes.legend(fontsize=7, loc="lower left", frameon=False)


def draw_reaches(axes: "Axes", results: Results) -> None:
    kernels = [p.settings["kernel"] for p in results.points() if p.settings.get("kernel")]
    every = range(min(kernels), max(kernels) + 1)
    predicted(axes, [1000 * k / RATE for k in every], [predict(waveform(k)) for k in every])
    rates = [results.rate(f"reach {kernel}") for kernel in kernels]
    intervals(axes, [1000 * kernel / RATE for kernel in kernels], rates)
    accuracy_axes(axes, "by receptive field, waveform", "receptive field in ms")


def table(results: Results) -> list[list[str]]:
    rows = [["network", "R in ms", "theory", "measured (95 %)"]]
    for point in results.points():
        if "kernel" in point.settings:
            ear = waveform(point.settings["kernel"]) if point.settings["kernel"] else DEAF
            rate = results.rate(point.name)
            rows.append([f"{ear.title}, in silence", *row_of(ear, predict(ear), rate)])
            continue
        ear = EARS[point.settings["ear"]]
        known = None if point.settings["pooling"] == "flatten" else 1.0
        inside = together(results, point.name, range(PLACES))
        outside = together(results, point.name, range(PLACES, 2 * PLACES))
        rows.append([f"{point.name}, trained half", *row_of(ear, 1.0, inside)])
        rows.append([f"{point.name}, other half", *row_of(ear, known, outside)])
    return rows


def row_of(ear: Ear, share: float | None, rate: Rate) -> list[str]:
    theory = "–" if share is None else f"{100 * share:.1f} %"
    return [f"{1000 * ear.reach / RATE:g}", theory, str(rate)]


AUDIO = Study(
    name="audio",
    title="The same convolution on sound: a keyword anywhere",
    question="Does a network that heard a keyword in one place find it in every other?",
    mathematics="""
<p>Text, waveform and spectrogram go through one layer; only the channels <var>c</var> are others:
numbers of an embedding, one amplitude, or the loudness of each frequency.</p>
<p class="formula"><var>H</var>[<var>i</var>, <var>d</var>] = Σ<sub><var>a</var></sub>
Σ<sub><var>c</var></sub> <var>V</var>[<var>a</var>, <var>c</var>, <var>d</var>] ·
<var>X</var>[<var>i</var> + <var>a</var>, <var>c</var>]</p>
<p>Weights have no index <var>i</var>: a sound that comes later makes the same features, later, and
their maximum is the same. <em>Exactly</em>, in silence, as long as the keyword stays
<var>R</var> − 1 samples from the ends and moves by whole samples; of a spectrogram, whose frames
start every hop, by whole hops. Two pips with a silence of <var>g</var> samples between them are
told from the same in the other order if one window holds a bit of both:
<var>R</var> ≥ <var>g</var> + 2. Else they have equal windows, and accuracy is ½.</p>""",
    training=(
        "Keywords in noise: 8 epochs of 300 sounds, asked on others. Receptive fields: 64 epochs "
        "of 300 sounds in silence, whose loudness varies, asked on 200 others. That is long, and "
        "was made so: with 32 epochs one seed of ten still guessed at 4 ms. Until a window that "
        "holds a bit of both pips wins some maximum, both orders have the same logits, and the "
        "loss leads nowhere. That weights exist is shown without training: a filter's maximum "
        "tells two sets of windows apart where one of them lies outside the convex hull of the "
        "others, which is a linear program for each window."
    ),
    lesson=(
        "For events that mean the same wherever they happen convolution and max pooling are right: "
        "what was learnt in one place holds in all, without a single example there. Flattening "
        "learns each place by itself. The receptive field, in milliseconds, must hold what makes "
        "the keyword one; in a spectrogram the frame's own length counts too."
    ),
    points=points,
    measure=measure,
    claims=claims,
    drawings=drawings,
    table=table,
)
