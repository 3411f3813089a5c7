"""Networks that hear keywords: what theory says of them, how they are trained and asked."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textcnn.studies.shared.study import Values

if TYPE_CHECKING:
    import numpy as np

    from textcnn.studies.audio.listener import Listener
    from textcnn.studies.audio.sound import Sound

    Heard = tuple[list[Sound], list[int]]  # sounds and their classes; those of a pair follow

# as in `textcnn.studies.audio.sound`, which needs numpy; tests/test_study_audio.py compares them
RATE = 8000  # samples per second
PIP, GAP, KEYWORD = 32, 16, 80  # samples

SAMPLES = 1200  # of a sound: 150 ms
HALF = 512  # samples from a place in the first half to one in the second: whole hops
FIRST, ROOM, PLACES = 96, 112, 4  # samples: where keywords begin, in so many places of a half
FILTERS = 12
LOUDNESS = 0.05  # of the noise, where keywords reach ½ to 1


@dataclass(frozen=True)
class Ear:
    """What a network hears at once."""

    title: str
    size: int  # samples of a frame; 1: a waveform
    hop: int  # samples from one frame to the next
    kernel: int  # frames

    @property
    def reach(self) -> int:
        """The receptive field in samples."""
        return self.size + (self.kernel - 1) * self.hop


def waveform(kernel: int) -> Ear:
    return Ear("waveform", 1, 1, kernel)


EARS = {"waveform": waveform(96), "spectrogram": Ear("spectrogram", 32, 16, 5)}
DEAF = Ear("spectrogram", 16, 16, 1)


def predict(ear: Ear) -> float:
    """The accuracy that theory gives in silence, for max pooling.

    A window tells which pip comes first if it holds a bit of both: the last sample of one and the
    first of the other, GAP + 1 samples apart.
    """
    last, next_one = PIP - 1, PIP + GAP
    told = [
        any(
            window <= start + last and window + ear.reach > start + next_one
            for window in range(0, SAMPLES - ear.reach + 1, ear.hop)
        )
        for start in begins(0, ear.hop)
    ]
    return sum(1.0 if each else 0.5 for each in told) / len(told)


def begins(place: int, step: int) -> range:
    """Where keywords of one of the places begin: from 0 on, half in each half of a sound."""
    first = FIRST + place % PLACES * ROOM + (HALF if place >= PLACES else 0)
    return range(first, first + ROOM - 47, step)


def build(ear: Ear, seed: int, **model: Any) -> "Listener":
    from textcnn.studies.audio.listener import Spectrogram, Waveform, build_listener

    front = Waveform() if ear.size == 1 else Spectrogram(ear.size, ear.hop)
    layer = {"name": "multi_width", "kernel_sizes": [ear.kernel], "num_filters": FILTERS}
    return build_listener(front, SAMPLES, 2, seed, **layer, **model)


def measure_spotting(ear: Ear, pooling: str, seed: int) -> Values:
    """Trained on keywords in the first half of a noise, asked for them everywhere."""
    import numpy as np

    from textcnn.studies.audio.listener import count_heard, train_listener

    draw = np.random.default_rng(seed)
    train = keywords([n for p in range(PLACES) for n in begins(p, 16)], 150, draw, LOUDNESS)
    tests = [keywords([*begins(p, 16)], 25, draw, LOUDNESS) for p in range(2 * PLACES)]
    listener = build(ear, seed, pooling=pooling)
    before = moved(listener, ear)
    train_listener(listener, *train, seed, epochs=8)
    measured = {
        "asked": [count_heard(listener, *test) for test in tests],
        "before": before,
        "after": moved(listener, ear),
    }
    return measured | (picture(listener, ear, draw) if pooling == "max" else {})


def keywords(
    starts: list[int], pairs: int, draw: "np.random.Generator", loudness: float
) -> "Heard":
    """Pairs of sounds, alike but for the order of their pips."""
    from textcnn.studies.audio.sound import keyword, noise, silence_around

    sounds, labels = [], []
    for _ in range(pairs):
        start, loud = int(draw.choice(starts)), draw.uniform(0.5, 1)
        around = noise(SAMPLES, loudness, draw)
        for rising in (0, 1):
            event = loud * keyword(bool(rising))
            sounds.append(silence_around(event, start, SAMPLES) + around)
            labels.append(rising)
    return sounds, labels


def moved(listener: "Listener", ear: Ear) -> Values:
    """How far logits are apart of a keyword in silence and of the same, somewhere else."""
    from textcnn.studies.audio.listener import hear, spread
    from textcnn.studies.audio.sound import keyword, silence_around

    gaps = {}
    for name, shift in (("hop", ear.hop), ("half", HALF), ("part", ear.hop // 2)):
        sounds = [
            silence_around(keyword(rising), start, SAMPLES)
            for rising in (False, True)
            for start in (FIRST + 16, FIRST + 16 + shift)
        ]
        gaps[name] = spread(hear(listener, sounds), 2)
    return gaps


def picture(listener: "Listener", ear: Ear, draw: "np.random.Generator") -> Values:
    """A keyword in the half that was not trained on, and where the network finds it."""
    import torch

    (_, sound), _ = keywords([FIRST + HALF + 200], 1, draw, LOUDNESS)
    heard = listener.front(torch.from_numpy(sound)[None]).values[0]  # (channels, time)
    return {
        "heard": [[round(float(number), 3) for number in row] for row in heard],
        "winner": listener.winner(sound) * ear.hop,
    }


def measure_reach(ear: Ear, seed: int) -> Values:
    """Keywords in silence, from the start of a hop on."""
    import numpy as np

    from textcnn.studies.audio.listener import count_heard, hear, spread, train_listener
    from textcnn.studies.audio.sound import keyword, silence_around
    from textcnn.studies.audio.witness import set_witness

    draw = np.random.default_rng(seed)
    starts = [n for place in range(2 * PLACES) for n in begins(place, 16)]
    train, test = (keywords(starts, pairs, draw, 0.0) for pairs in (150, 100))
    witness = None
    if ear.size == 1:
        told = build(ear, seed)
        pair = [silence_around(keyword(rising), FIRST, SAMPLES) for rising in (False, True)]
        witness = count_heard(told, *test) if set_witness(told, *pair) else None
    listener = build(ear, seed)
    before = spread(hear(listener, test[0]), 2)
    train_listener(listener, *train, seed, epochs=64)
    return count_heard(listener, *test) | {
        "witness": witness,
        "gap_before": before,
        "gap_after": spread(hear(listener, test[0]), 2),
        "receptive_field": listener.receptive_field,
    }
