"""Small networks for sounds: the encoders and poolings for texts, without an embedding."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from accelerate.utils import set_seed
from torch import Tensor, nn

from textcnn.models.build import build_encoder, build_pooling, flat_frames
from textcnn.models.layers.features import Features
from textcnn.models.layers.field import Field
from textcnn.models.layers.position import POSITIONS
from textcnn.studies.audio.sound import Sound
from textcnn.studies.shared.study import Values
from textcnn.training.objectives.losses import build_loss
from textcnn.training.optimization.optimizers import build_optimizer


@dataclass(frozen=True)
class Spectrogram:
    """Loudness by time and frequency: frames of `size` samples, one every `hop` samples."""

    size: int
    hop: int

    def __call__(self, sounds: Tensor) -> Features:
        """(batch, samples) to (batch, frequency bins, frames)."""
        # without the zeros at the ends
        window = torch.hann_window(self.size + 2, periodic=False)[1:-1]
        bins = torch.stft(
            sounds, self.size, self.hop, window=window, center=False, return_complex=True
        )
        lengths = torch.full((len(sounds),), bins.shape[2])
        return Features(torch.log1p(bins.abs() ** 2), lengths, Field(self.size, self.hop))


@dataclass(frozen=True)
class Waveform:
    """The sound itself, as one channel."""

    def __call__(self, sounds: Tensor) -> Features:
        """(batch, samples) to (batch, 1, samples)."""
        return Features(sounds[:, None], torch.full((len(sounds),), sounds.shape[1]))


class Listener(nn.Module):
    """Logits of sounds: front, position, encoder, pooling and head."""

    def __init__(
        self,
        front: Spectrogram | Waveform,
        samples: int,
        num_classes: int,
        *,
        name: str,
        pooling: str = "max",
        chunks: int = 4,
        position: str = "none",
        **encoder_settings: Any,
    ):
        """
        Args:
            samples: length of a sound.
            name, pooling, chunks, position, encoder_settings: like the keys of `model=`.
        """
        super().__init__()
        self.front = front
        channels, time = front(torch.zeros(1, samples)).values.shape[1:]
        self.position = POSITIONS[position](channels, time)
        self.encoder = build_encoder(name, channels + self.position.extra, encoder_settings)
        frames = flat_frames(name, self.encoder, time)[0] if pooling == "flatten" else 0
        filters = self.encoder.channels[0]
        self.pooling = build_pooling(pooling, channels=filters, k=1, chunks=chunks, frames=frames)
        self.head = nn.Linear(filters * self.pooling.factor, num_classes)

    def features(self, sounds: Tensor) -> Features:
        """(batch, samples) to (batch, num_filters, positions)."""
        heard = self.front(sounds)
        values = heard.values.transpose(1, 2)  # (batch, time, channels)
        positioned = self.position(values, heard.lengths)
        (features,) = self.encoder(Features(positioned.transpose(1, 2), heard.lengths, heard.field))
        return features.each(torch.relu)

    def forward(self, sounds: Tensor) -> Tensor:
        """(batch, samples) to logits (batch, classes)."""
        pooled, _ = self.pooling(self.features(sounds))
        logits: Tensor = self.head(pooled)
        return logits

    @torch.no_grad()
    def winner(self, sound: Sound) -> int:
        """The position whose feature contributes most to the predicted class."""
        features = self.features(torch.from_numpy(sound)[None])
        pooled, winners = self.pooling(features)
        assert winners is not None
        label = self.head(pooled)[0].argmax()
        return int(winners[0, (self.head.weight[label] * pooled[0]).argmax()])

    @property
    def receptive_field(self) -> int:
        """Samples that one feature sees."""
        field: Field = self.features(torch.zeros(1, 4096)).field
        assert field.size is not None
        return field.size


def build_listener(
    front: Spectrogram | Waveform, samples: int, num_classes: int, seed: int, **model: Any
) -> Listener:
    """A listener with random weights; arguments as for `Listener`."""
    set_seed(seed)
    return Listener(front, samples, num_classes, **model)


def train_listener(
    listener: Listener,
    sounds: Sequence[Sound],
    labels: Sequence[int],
    seed: int,
    *,
    epochs: int,
    learning_rate: float = 0.01,
    batch_size: int = 32,
) -> None:
    """Train with Adam on the cross-entropy, and keep the last weights."""
    heard, classes = torch.from_numpy(np.stack(sounds)), torch.tensor(labels)
    loss = build_loss(multi_label=False, class_weights=None, label_smoothing=0.0)
    optimizer = build_optimizer("adam", listener.parameters(), learning_rate=learning_rate)
    draw = torch.Generator().manual_seed(seed)
    for _ in range(epochs):
        for batch in torch.randperm(len(heard), generator=draw).split(batch_size):
            optimizer.zero_grad()
            loss(listener(heard[batch]), classes[batch]).backward()
            optimizer.step()


@torch.no_grad()
def hear(listener: Listener, sounds: Sequence[Sound]) -> Tensor:
    """Logits (sounds, classes)."""
    parts = torch.from_numpy(np.stack(sounds)).split(64)
    return torch.cat([listener(part) for part in parts])


def count_recognised(listener: Listener, sounds: Sequence[Sound], labels: Sequence[int]) -> Values:
    """The number of sounds classified correctly, in the form that `Rate.of` accepts."""
    correct = hear(listener, sounds).argmax(dim=1) == torch.tensor(labels)
    return {"correct": int(correct.sum()), "texts": len(sounds)}


def spread(logits: Tensor, alike: int) -> float:
    """The largest difference of a logit within each group of `alike` consecutive sounds."""
    groups = logits.unflatten(0, (-1, alike))  # (groups, alike, classes)
    return float((groups.amax(dim=1) - groups.amin(dim=1)).max())
