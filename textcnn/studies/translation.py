"""Where invariance hurts: melodies whose class is the beat at which they begin."""

from typing import TYPE_CHECKING, Any

from textcnn.studies.audio.sound import NOTES, RATE, Sound, melody, milliseconds, silence_around
from textcnn.studies.shared.figures import (
    BLUE,
    GREY,
    PREDICTED,
    accuracy_axes,
    intervals,
    new_figure,
)
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
)
from textcnn.studies.shared.theory import ceiling, seen_by_chunks, seen_by_max, windows

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes

    from textcnn.studies.audio.listener import Listener

BEATS, BEAT = 4, 320  # beats in a sound, and samples in each: 40 ms
MELODY_NOTES = 3
ONSETS = (96, 112, 128)  # samples from a beat to the melody, farther than any window reaches
FRAME, HOP = 32, 16  # samples in a frame of the spectrogram, and from one frame to the next
FILTERS = 16

KERNELS: dict[str, Values] = {  # receptive field: 96 samples each
    "spectrogram": {"name": "char_cnn", "kernel_sizes": [3, 3], "pool_sizes": [1, 1]},
    "waveform": {"name": "multi_width", "kernel_sizes": [96]},
}
# what a network knows about positions
KNOWING: dict[str, Values] = {
    "max": {},
    "2 chunks": {"pooling": "chunk_max", "chunks": 2},
    "4 chunks": {"pooling": "chunk_max", "chunks": 4},
    "position": {"position": "ramp"},
    "flatten": {"pooling": "flatten"},
}
THEOREMS = {"max": "T2", "2 chunks": "T7", "4 chunks": "T7", "position": "T6", "flatten": "T10"}
POINTS = [("spectrogram", knowing) for knowing in KNOWING] + [
    ("waveform", knowing) for knowing in ("max", "4 chunks")
]
QUICK_POINTS = [("spectrogram", knowing) for knowing in ("max", "2 chunks", "4 chunks", "position")]


def predict(knowing: str) -> float:
    """The best accuracy for a network that sees the windows of a sound, or of each chunk.

    Positions and flattening distinguish all positions.
    """
    if knowing in ("position", "flatten"):
        return 1.0
    chunks = KNOWING[knowing].get("chunks", 1)
    seen_by = seen_by_chunks(chunks) if chunks > 1 else seen_by_max
    length, window = 40, (0, 1, 2)  # ten tokens stand for a beat
    texts = [
        (["m" if place == beat * 10 + 4 else "o" for place in range(length)], str(beat))
        for beat in range(BEATS)
    ]
    return ceiling((seen_by(windows(text, window)), label) for text, label in texts)


def alike(knowing: str) -> int:
    """The number of consecutive beats that a network can't distinguish."""
    return round(1 / predict(knowing))


def points(plan: Plan) -> list[Point]:
    return [
        Point(f"{front}, {knowing}", {"front": front, "knowing": knowing}, plan.seeds)
        for front, knowing in plan.pick(QUICK_POINTS, POINTS)
    ]


def measure(settings: Values, seed: int) -> Values:
    """Train on melodies at every beat; measure on other melodies."""
    import numpy as np

    from textcnn.studies.audio.listener import count_recognised, hear, spread, train_listener

    front, knowing = settings["front"], settings["knowing"]
    draw = np.random.default_rng(seed)
    train, test = melodies(120, draw), melodies(60, draw)
    labels = [*range(BEATS)]
    listener = build(front, seed, **KNOWING[knowing])
    before = spread(hear(listener, test), alike(knowing))
    train_listener(listener, train, labels * 120, seed, epochs=8)
    asked = count_recognised(listener, test, labels * 60) | {
        "gap_before": before,
        "gap_after": spread(hear(listener, test), alike(knowing)),
        "receptive_field": listener.receptive_field,
    }
    return asked | (picture(listener, test) if front == "spectrogram" and knowing == "max" else {})


def build(front: str, seed: int, **knowing: Any) -> "Listener":
    from textcnn.studies.audio.listener import Spectrogram, Waveform, build_listener

    ear = Spectrogram(FRAME, HOP) if front == "spectrogram" else Waveform()
    layer = KERNELS[front] | {"num_filters": FILTERS}
    return build_listener(ear, BEATS * BEAT, BEATS, seed, **layer, **knowing)


def melodies(count: int, draw: "np.random.Generator") -> "list[Sound]":
    """Random melodies, each at every beat in turn."""
    sounds = []
    for _ in range(count):
        notes = draw.choice(NOTES, MELODY_NOTES)
        event = draw.uniform(0.5, 1) * melody([*notes], draw.uniform(0, 6.28))
        offset = int(draw.choice(ONSETS))
        sounds += [
            silence_around(event, beat * BEAT + offset, BEATS * BEAT) for beat in range(BEATS)
        ]
    return sounds


def picture(listener: "Listener", sounds: "list[Sound]") -> Values:
    """The spectrograms of a melody at the first beat and at the third."""
    import numpy as np
    import torch

    heard = listener.front(torch.from_numpy(np.stack([sounds[0], sounds[2]]))).values
    return {"heard": [[[round(n, 3) for n in row] for row in one] for one in heard.tolist()]}


def claims(results: Results) -> list[Claim]:
    made = []
    for point in results.points():
        front, knowing = point.settings["front"], point.settings["knowing"]
        title, theorem = f"{front}, {network_title(knowing)}", THEOREMS[knowing]
        for moment in ("before", "after") if alike(knowing) > 1 else ():
            which = "at every beat" if alike(knowing) == BEATS else "in the same half"
            gap = max(v[f"gap_{moment}"] for v in results.of(point.name))
            statement = (
                f"{title}: logit difference between copies of a melody {which}, {moment} training"
            )
            made.append(equal_logits(theorem, statement, gap))
        statement = f"{title}: accuracy of naming the beat"
        made.append(accuracy(theorem, statement, predict(knowing), results.rate(point.name)))
    return made


def network_title(knowing: str) -> str:
    return {"max": "max pooling", "position": "position channel"}.get(knowing, knowing)


def drawings(results: Results) -> list[Drawing]:
    figure, panels = new_figure(3, columns=3, size=(3.4, 2.9))
    heard = results.first("spectrogram, max")["heard"]
    for axes, spectrogram, beat in zip(panels, heard, (1, 3), strict=False):
        draw_melody(axes, spectrogram, beat)
    draw_accuracies(panels[2], results)
    caption = (
        "Left and middle: the same melody at the first beat and at the third, which are different "
        "classes. Dashed: the beats. Right: accuracy of naming the beat, with 95 % intervals. "
        "Grey: theory."
    )
    return [Drawing("translation", caption, figure)]


def draw_melody(axes: "Axes", spectrogram: list[list[float]], beat: int) -> None:
    end = milliseconds(len(spectrogram[0]) * HOP + FRAME - HOP)
    extent = (0, end, 0, RATE / 2000)
    axes.imshow(spectrogram, origin="lower", aspect="auto", cmap="Blues", extent=extent)
    for border in range(1, BEATS):
        axes.axvline(milliseconds(border * BEAT), color=GREY, linestyle="--", linewidth=1)
    axes.set_xlabel("time in ms")
    axes.set_ylabel("frequency in kHz")
    axes.set_title(f"at beat {beat}", loc="left")


def draw_accuracies(axes: "Axes", results: Results) -> None:
    names = results.points()
    for place, point in enumerate(names):
        share = 100 * predict(point.settings["knowing"])
        axes.bar(place, share, width=0.7, color=PREDICTED["color"], zorder=0)
    intervals(axes, [*range(len(names))], [results.rate(point.name) for point in names], BLUE)
    accuracy_axes(axes, "naming the beat", "")
    suffixes = {"spectrogram": "", "waveform": ", waveform"}
    labels = [
        network_title(point.settings["knowing"]) + suffixes[point.settings["front"]]
        for point in names
    ]
    axes.set_xticks(range(len(names)), labels, rotation=40, ha="right", rotation_mode="anchor")
    axes.tick_params(axis="x", labelsize=7.5)


def table(results: Results) -> list[list[str]]:
    rows = [["input", "network", "theory", "measured (95 %)"]]
    for point in results.points():
        front, knowing = point.settings["front"], point.settings["knowing"]
        theory = f"{100 * predict(knowing):.1f} %"
        rows.append([front, network_title(knowing), theory, str(results.rate(point.name))])
    return rows


TRANSLATION = Study(
    name="translation",
    title="Where invariance hurts: a melody whose onset is its meaning",
    question="A melody begins at one of four beats. Can a network say at which?",
    mathematics="""
<p>A network that finds a keyword anywhere can't say where it is. A delayed melody gives the same
features, delayed. Max pooling keeps the largest and discards its position:</p>
<p class="formula">max<sub><var>i</var></sub> <var>H</var>[<var>i</var> − <var>s</var>] =
max<sub><var>i</var></sub> <var>H</var>[<var>i</var>]</p>
<p>The logits are <em>identical</em> at every beat, so accuracy on <var>B</var> beats is
1/<var>B</var>. <var>P</var> chunks carry log<sub>2</sub> <var>P</var> bits of the position, enough
for accuracy min(1, <var>P</var>/<var>B</var>). A channel with the position of each frame, or
flattening, distinguishes all beats.</p>""",
    training="8 epochs on 120 melodies at every beat, tested on 60 others.",
    lesson=(
        "Before you pool, ask whether the position is part of the meaning. If it is, as in "
        "transcribing music, or for the first and last sentence of an argument, no amount of "
        "training helps max pooling. A channel with the position, or pooling by parts, solves the "
        "problem at once, with the same convolutions."
    ),
    points=points,
    measure=measure,
    claims=claims,
    drawings=drawings,
    table=table,
)
