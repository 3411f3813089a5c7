"""Where invariance hurts: a melody whose meaning is when it begins."""

from typing import TYPE_CHECKING, Any

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
    from textcnn.studies.audio.sound import Sound

RATE = 8000  # samples per second, as in `textcnn.studies.audio.sound`
BEATS, BEAT = 4, 320  # in a sound, and samples in each: 40 ms
NOTES_HEARD, PIP = 3, 32  # of a melody, and the samples of each
OFFSETS = (96, 112, 128)  # samples from a beat to the melody: farther than any window reaches
SIZE, HOP = 32, 16  # samples of a frame of the spectrogram, and from one to the next
FILTERS = 16

KERNELS: dict[str, Values] = {  # each sees 96 samples
    "spectrogram": {"name": "char_cnn", "kernel_sizes": [3, 3], "pool_sizes": [1, 1]},
    "waveform": {"name": "multi_width", "kernel_sizes": [96]},
}
KNOWING: dict[str, Values] = {
    "max": {},
    "2 chunks": {"pooling": "chunk_max", "chunks": 2},
    "4 chunks": {"pooling": "chunk_max", "chunks": 4},
    "position": {"position": "ramp"},
    "flatten": {"pooling": "flatten"},
}
THEOREMS = {"max": "T2", "2 chunks": "T7", "4 chunks": "T7", "position": "T6", "flatten": "T10"}
ASKED = [("spectrogram", knowing) for knowing in KNOWING] + [
    ("waveform", knowing) for knowing in ("max", "4 chunks")
]
QUICK = [("spectrogram", knowing) for knowing in ("max", "2 chunks", "4 chunks", "position")]


def predict(knowing: str) -> float:
    """The accuracy that theory gives: of who knows the windows of the sound, or of its parts.

    Positions and flattening tell every place from every other.
    """
    if knowing in ("position", "flatten"):
        return 1.0
    chunks = KNOWING[knowing].get("chunks", 1)
    seen_by = seen_by_chunks(chunks) if chunks > 1 else seen_by_max
    length, window = 40, (0, 1, 2)  # a beat of ten tokens stands for one of a sound
    texts = [
        (["m" if place == beat * 10 + 4 else "o" for place in range(length)], str(beat))
        for beat in range(BEATS)
    ]
    return ceiling((seen_by(windows(text, window)), label) for text, label in texts)


def alike(knowing: str) -> int:
    """How many beats in a row a network can't tell apart."""
    return round(1 / predict(knowing))


def points(plan: Plan) -> list[Point]:
    return [
        Point(f"{front}, {knowing}", {"front": front, "knowing": knowing}, plan.seeds)
        for front, knowing in plan.pick(QUICK, ASKED)
    ]


def measure(settings: Values, seed: int) -> Values:
    """Melodies at every beat; those of the test are others than those of the training."""
    import numpy as np

    from textcnn.studies.audio.listener import count_heard, hear, spread, train_listener

    front, knowing = settings["front"], settings["knowing"]
    draw = np.random.default_rng(seed)
    train, test = melodies(120, draw), melodies(60, draw)
    labels = [*range(BEATS)]
    listener = build(front, seed, **KNOWING[knowing])
    before = spread(hear(listener, test), alike(knowing))
    train_listener(listener, train, labels * 120, seed, epochs=8)
    asked = count_heard(listener, test, labels * 60) | {
        "gap_before": before,
        "gap_after": spread(hear(listener, test), alike(knowing)),
        "receptive_field": listener.receptive_field,
    }
    return asked | (picture(listener, test) if front == "spectrogram" and knowing == "max" else {})


def build(front: str, seed: int, **knowing: Any) -> "Listener":
    from textcnn.studies.audio.listener import Spectrogram, Waveform, build_listener

    ear = Spectrogram(SIZE, HOP) if front == "spectrogram" else Waveform()
    layer = KERNELS[front] | {"num_filters": FILTERS}
    return build_listener(ear, BEATS * BEAT, BEATS, seed, **layer, **knowing)


def melodies(count: int, draw: "np.random.Generator") -> "list[Sound]":
    """Each at every beat, one after the other."""
    from textcnn.studies.audio.sound import NOTES, melody, silence_around

    sounds = []
    for _ in range(count):
        notes = draw.choice(NOTES, NOTES_HEARD)
        event = draw.uniform(0.5, 1) * melody([*notes], draw.uniform(0, 6.28))
        offset = int(draw.choice(OFFSETS))
        sounds += [
            silence_around(event, beat * BEAT + offset, BEATS * BEAT) for beat in range(BEATS)
        ]
    return sounds


def picture(listener: "Listener", sounds: "list[Sound]") -> Values:
    """The spectrograms of a melody at the first and the third beat."""
    import numpy as np
    import torch

    heard = listener.front(torch.from_numpy(np.stack([sounds[0], sounds[2]]))).values
    return {"heard": [[[round(n, 3) for n in row] for row in one] for one in heard.tolist()]}


def claims(results: Results) -> list[Claim]:
    made = []
    for point in results.points():
        front, knowing = point.settings["front"], point.settings["knowing"]
        title, theorem = f"{front}, {told(knowing)}", THEOREMS[knowing]
        for moment in ("before", "after") if alike(knowing) > 1 else ():
            which = "at every beat" if alike(knowing) == BEATS else "in the same half"
            gap = max(v[f"gap_{moment}"] for v in results.of(point.name))
            statement = f"{title}: logits of a melody {which}, {moment} training"
            made.append(equal_logits(theorem, statement, gap))
        statement = f"{title}: accuracy of the beat"
        made.append(accuracy(theorem, statement, predict(knowing), results.rate(point.name)))
    return made


def told(knowing: str) -> str:
    return {"max": "max pooling", "position": "position channel"}.get(knowing, knowing)


def drawings(results: Results) -> list[Drawing]:
    figure, panels = new_figure(3, columns=3, size=(3.4, 2.9))
    heard = results.first("spectrogram, max")["heard"]
    for axes, spectrogram, beat in zip(panels, heard, (1, 3), strict=False):
        draw_melody(axes, spectrogram, beat)
    draw_accuracies(panels[2], results)
    caption = (
        "Left: the same melody at the first and at the third beat, two classes; dashed: the beats. "
        "Right: how often a network names the beat, with 95 % intervals; grey: theory."
    )
    return [Drawing("translation", caption, figure)]


def draw_melody(axes: "Axes", spectrogram: list[list[float]], beat: int) -> None:
    end = 1000 * (len(spectrogram[0]) * HOP + SIZE - HOP) / RATE
    extent = (0, end, 0, RATE / 2000)
    axes.imshow(spectrogram, origin="lower", aspect="auto", cmap="Blues", extent=extent)
    for border in range(1, BEATS):
        axes.axvline(1000 * border * BEAT / RATE, color=GREY, linestyle="--", linewidth=1)
    axes.set_xlabel("time in ms")
    axes.set_ylabel("frequency in kHz")
    axes.set_title(f"at beat {beat}", loc="left")


def draw_accuracies(axes: "Axes", results: Results) -> None:
    names = results.points()
    for place, point in enumerate(names):
        share = 100 * predict(point.settings["knowing"])
        axes.bar(place, share, width=0.7, color=PREDICTED["color"], zorder=0)
    intervals(axes, [*range(len(names))], [results.rate(point.name) for point in names], BLUE)
    accuracy_axes(axes, "beat named", "")
    labels = [
        told(p.settings["knowing"]) + (", waveform" if p.settings["front"] == "waveform" else "")
        for p in names
    ]
    axes.set_xticks(range(len(names)), labels, rotation=40, ha="right", rotation_mode="anchor")
    axes.tick_params(axis="x", labelsize=7.5)


def table(results: Results) -> list[list[str]]:
    rows = [["sound as", "network", "theory", "measured (95 %)"]]
    for point in results.points():
        front, knowing = point.settings["front"], point.settings["knowing"]
        theory = f"{100 * predict(knowing):.1f} %"
        rows.append([front, told(knowing), theory, str(results.rate(point.name))])
    return rows


TRANSLATION = Study(
    name="translation",
    title="Where invariance hurts: a melody whose onset is its meaning",
    question="The same melody begins at one of four beats. Can a network say at which?",
    mathematics="""
<p>What finds a keyword anywhere cannot say where. A melody that comes later makes the same
features, later, and of them max pooling keeps the largest and forgets the place:</p>
<p class="formula">max<sub><var>i</var></sub> <var>H</var>[<var>i</var> − <var>s</var>] =
max<sub><var>i</var></sub> <var>H</var>[<var>i</var>]</p>
<p>At every beat the logits are <em>identical</em> and the accuracy of <var>B</var> beats is
1/<var>B</var>. <var>P</var> chunks read log<sub>2</sub> <var>P</var> bits of the place: of
<var>B</var> beats min(1, <var>P</var>/<var>B</var>). A channel that says where a frame stands, or
flattening, tells all of them.</p>""",
    training=("8 epochs on 120 melodies at every beat, asked on 60 others."),
    lesson=(
        "Before you pool, ask whether the place is part of the meaning. Where it is, as in "
        "transcribing music or in an argument's first and last sentence, no amount of training "
        "helps max pooling; one more channel with the position, or pooling by parts, does, at "
        "once and with the same convolutions."
    ),
    points=points,
    measure=measure,
    claims=claims,
    drawings=drawings,
    table=table,
)
