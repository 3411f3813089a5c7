"""Synthetic sounds: keywords of two pips, and melodies, in silence or noise."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float32]  # (samples,)

RATE = 8000  # samples per second

PIP, GAP = 32, 16  # samples: 4 ms of a tone, 2 ms of silence
KEYWORD = 2 * PIP + GAP  # samples
LOW, HIGH = 1000.0, 2000.0  # Hz
NOTES = (750.0, 1250.0, 1750.0, 2250.0)  # Hz


def milliseconds(samples: float) -> float:
    return 1000 * samples / RATE


def pip(frequency: float, phase: float = 0.0) -> Sound:
    """A tone that swells and fades; neither its first sample nor its last is 0."""
    time = np.arange(PIP)
    swell = np.sin(np.pi * (time + 1) / (PIP + 1))
    tone: Sound = (swell * np.cos(2 * np.pi * frequency * time / RATE + phase)).astype(np.float32)
    return tone


def keyword(rising: bool) -> Sound:
    """A low and a high pip, or the same pips in the other order, with a gap between them."""
    first, second = (LOW, HIGH) if rising else (HIGH, LOW)
    return np.concatenate([pip(first), np.zeros(GAP, dtype=np.float32), pip(second)])


def melody(frequencies: Sequence[float], phase: float) -> Sound:
    """A pip for each note, without rests."""
    return np.concatenate([pip(frequency, phase) for frequency in frequencies])


def silence_around(event: Sound, start: int, samples: int) -> Sound:
    """Silence, except for the event from sample `start` on."""
    assert 0 <= start <= samples - len(event)
    sound = np.zeros(samples, dtype=np.float32)
    sound[start : start + len(event)] = event
    return sound


def noise(samples: int, loudness: float, draw: np.random.Generator) -> Sound:
    """White noise; `loudness` is its standard deviation, and the amplitude of a pip is 1."""
    return (loudness * draw.standard_normal(samples)).astype(np.float32)
