"""Networks that recognise keywords: what theory predicts, and how they are trained and measured."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textcnn.studies.audio.sound import (
    GAP,
    PIP,
    Sound,
    keyword,
    noise,
    silence_around,
)
from textcnn.studies.shared.networks import multi_width
from textcnn.studies.shared.study import Values

if TYPE_CHECKING:
    import numpy as np

    from textcnn.studies.audio.listener import Listener

    Heard = tuple[list[Sound], list[int]]  # sounds and their classes; pairs are adjacent

SAMPLES = 1200  # of a sound: 150 ms
HALF = 512  # samples from a slot in the first half to its counterpart in the second: whole hops
FIRST_SLOT, SLOT_SIZE = 96, 112  # samples: where keywords may begin
SLOTS = 4  # in each half
FILTERS = 12
LOUDNESS = 0.05  # standard deviation of the noise; keywords have amplitudes of ½ to 1


@dataclass(frozen=True)
class Ear:
    """The input of a network, and how much of it one window holds."""

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
DEAF = Ear("spectrogram", 16, 16, 1)  # its windows never hold both pips


def predict(ear: Ear) -> float:
    """The accuracy that theory predicts in silence, for max pooling.

    A window shows which pip comes first if it holds part of both: the last sample of one and the
    first of the other, GAP + 1 samples apart.
    """
    last, next_one = PIP - 1, PIP + GAP
    seen = [
        any(
            window <= start + last and window + ear.reach > start + next_one
            for window in range(0, SAMPLES - ear.reach + 1, ear.hop)
        )
        for start in begins(0, ear.hop)
    ]
    return sum(1.0 if each else 0.5 for each in seen) / len(seen)


def begins(slot: int, step: int) -> range:
    """The samples at which keywords of a slot begin: slots 0 to 3 are in the first half."""
    first = FIRST_SLOT + slot % SLOTS * SLOT_SIZE + (HALF if slot >= SLOTS else 0)
    return range(first, first + SLOT_SIZE - 47, step)


def build(ear: Ear, seed: int, **model: Any) -> "Listener":
    from textcnn.studies.audio.listener import Spectrogram, Waveform, build_listener

    front = Waveform() if ear.size == 1 else Spectrogram(ear.size, ear.hop)
    layer = multi_width(ear.kernel, num_filters=FILTERS)
    return build_listener(front, SAMPLES, 2, seed, **layer, **model)


def measure_spotting(ear: Ear, pooling: str, seed: int) -> Values:
    """Train on keywords in the first half of a sound with noise; measure in all slots."""
    import numpy as np

    from textcnn.studies.audio.listener import count_recognised, train_listener

    draw = np.random.default_rng(seed)
    train = random_keywords([n for p in range(SLOTS) for n in begins(p, 16)], 150, draw, LOUDNESS)
    tests = [random_keywords([*begins(p, 16)], 25, draw, LOUDNESS) for p in range(2 * SLOTS)]
    listener = build(ear, seed, pooling=pooling)
    before = moved(listener, ear)
    train_listener(listener, *train, seed, epochs=8)
    measured = {
        "asked": [count_recognised(listener, *test) for test in tests],
        "before": before,
        "after": moved(listener, ear),
    }
    return measured | (picture(listener, ear, draw) if pooling == "max" else {})


def random_keywords(
    starts: list[int], pairs: int, draw: "np.random.Generator", loudness: float
) -> "Heard":
    """Pairs of sounds that differ only in the order of their pips."""
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
    """The largest difference of a logit when a keyword in silence moves."""
    from textcnn.studies.audio.listener import hear, spread

    gaps = {}
    for name, shift in (("hop", ear.hop), ("half", HALF), ("part", ear.hop // 2)):
        sounds = [
            silence_around(keyword(rising), start, SAMPLES)
            for rising in (False, True)
            for start in (FIRST_SLOT + 16, FIRST_SLOT + 16 + shift)
        ]
        gaps[name] = spread(hear(listener, sounds), 2)
    return gaps


def picture(listener: "Listener", ear: Ear, draw: "np.random.Generator") -> Values:
    """A keyword in the untrained half, and the sample where the winning window begins."""
    import torch

    (_, sound), _ = random_keywords([FIRST_SLOT + HALF + 200], 1, draw, LOUDNESS)
    heard = listener.front(torch.from_numpy(sound)[None]).values[0]  # (channels, time)
    return {
        "heard": [[round(float(number), 3) for number in row] for row in heard],
        "winner": listener.winner(sound) * ear.hop,
    }


def measure_reach(ear: Ear, seed: int) -> Values:
    """Train and measure on keywords in silence, all of which begin at the start of a hop."""
    import numpy as np

    from textcnn.studies.audio.linear_programs import set_separating_weights
    from textcnn.studies.audio.listener import count_recognised, hear, spread, train_listener

    draw = np.random.default_rng(seed)
    starts = [start for slot in range(2 * SLOTS) for start in begins(slot, 16)]
    train, test = (random_keywords(starts, pairs, draw, 0.0) for pairs in (150, 100))
    witness = None
    if ear.size == 1:
        untrained = build(ear, seed)
        pair = [silence_around(keyword(rising), FIRST_SLOT, SAMPLES) for rising in (False, True)]
        witness = (
            count_recognised(untrained, *test) if set_separating_weights(untrained, *pair) else None
        )
    listener = build(ear, seed)
    before = spread(hear(listener, test[0]), 2)
    train_listener(listener, *train, seed, epochs=64)
    return count_recognised(listener, *test) | {
        "witness": witness,
        "gap_before": before,
        "gap_after": spread(hear(listener, test[0]), 2),
        "receptive_field": listener.receptive_field,
    }
