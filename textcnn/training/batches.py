"""The batches that the training loop iterates over, in stretches between two validations."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from typing import Any, Protocol, TypeVar

import numpy as np

from textcnn.data.batching import Batch, EncodedTexts, shuffled_batches
from textcnn.data.encoding import encode_labelled
from textcnn.data.labelled import LabelledTexts
from textcnn.data.row_stream import RowStream
from textcnn.data.unlabelled import taught
from textcnn.errors import InputError
from textcnn.text.encoder import TextEncoder

P = TypeVar("P")


class TrainingBatches(Protocol):
    """The batches of one process; every process has the same number."""

    steps: int | None  # in total; None: unknown

    @property
    def finished(self) -> bool:
        """Whether no batches are left."""

    def __iter__(self) -> Iterator[Batch]:
        """The batches up to the next validation."""

    def position(self) -> dict[str, int]:
        """The current position, as plain values."""

    def go_to(self, position: dict[str, int]) -> None:
        """Continue from a `position`.

        Raises:
            TypeError: it is not a position in batches of this kind.
        """


@dataclass
class EpochPosition:
    epoch: int = 0  # epochs completed
    batch: int = 0  # batches completed in the current epoch


class EpochBatches:
    """Batches of texts in memory; a validation follows every epoch."""

    def __init__(
        self,
        texts: EncodedTexts,
        *,
        epochs: int,
        max_steps: int | None,
        batch_size: int,
        batch_tokens: int | None,
        sampling_weights: np.ndarray | None,
        seed: int,
        rank: int,
        count: int,
    ):
        """
        Args:
            texts: all training texts, in every process.
            sampling_weights: see `shuffled_batches`.
            rank: the index of this process among `count`.
        """
        self.texts = texts
        self.epochs = epochs
        self.batch_size, self.batch_tokens = batch_size, batch_tokens
        self.sampling_weights = sampling_weights
        self.seed = seed
        self.rank, self.count = rank, count
        self.at = EpochPosition()
        # with batch_tokens or sampling weights, epochs may differ by a few batches
        all_steps = epochs * len(self.epoch_batches(0))
        self.steps: int | None = min(all_steps, max_steps or all_steps)

    def epoch_batches(self, epoch: int) -> list[np.ndarray]:
        batches = shuffled_batches(
            self.texts.lengths,
            batch_size=self.batch_size,
            batch_tokens=self.batch_tokens,
            seed=self.seed,
            epoch=epoch,
            sampling_weights=self.sampling_weights,
        )
        return batches_of_rank(batches, self.rank, self.count)

    @property
    def finished(self) -> bool:
        return self.at.epoch >= self.epochs

    def __iter__(self) -> Iterator[Batch]:
        for rows in self.epoch_batches(self.at.epoch)[self.at.batch :]:
            self.at.batch += 1
            yield self.texts.batch(rows)
        self.at = EpochPosition(self.at.epoch + 1)

    def position(self) -> dict[str, int]:
        return asdict(self.at)

    def go_to(self, position: dict[str, int]) -> None:
        self.at = read_position(EpochPosition, position)

    def teach(self, logits: np.ndarray) -> None:
        """Carry a teacher's logits (texts, classes) float32 in the batches."""
        self.texts = taught(self.texts, logits)


@dataclass
class StreamPosition:
    passed: int = 0  # passes over the stream completed
    window: int = 0  # windows completed in the current pass
    batch: int = 0  # batches completed in the current window
    stretch: int = 0  # batches since the last validation
    ended: int = 0  # 1 once the stream has ended and won't start over


class StreamBatches:
    """Batches of rows that are read during training, one window at a time."""

    def __init__(
        self,
        stream: RowStream,
        encoder: TextEncoder,
        *,
        window: int,
        max_steps: int | None,
        validate_every: int,
        batch_size: int,
        batch_tokens: int | None,
        seed: int,
        rank: int,
        count: int,
    ):
        """
        Args:
            window: texts that are read and shuffled together.
            max_steps: repeat the stream until then; None: one pass.
            validate_every: batches between two validations.
        """
        self.stream = stream
        self.encoder = encoder
        self.window = window
        self.steps = max_steps
        self.validate_every = validate_every
        self.batch_size, self.batch_tokens = batch_size, batch_tokens
        self.seed = seed
        self.rank, self.count = rank, count
        self.logits_of: Callable[[list[str]], np.ndarray] | None = None
        self.at = StreamPosition()
        self.running = self.batches()

    @property
    def finished(self) -> bool:
        return bool(self.at.ended)

    def __iter__(self) -> Iterator[Batch]:
        while self.at.stretch < self.validate_every:
            batch = next(self.running, None)
            if batch is None:
                self.at.ended = 1
                break
            self.at.stretch += 1
            yield batch
        self.at.stretch = 0

    def batches(self) -> Iterator[Batch]:
        """All remaining batches."""
        while self.at.passed == 0 or self.steps is not None:
            begun, seen = self.at.window, 0
            for rows in self.stream.windows(self.window, skip=begun):
                seen += len(rows)
                yield from self.window_batches(rows)
                self.at.window, self.at.batch = self.at.window + 1, 0
            if not seen and not begun:
                raise InputError("every text of data.train occurs in validation or test")
            self.at.passed, self.at.window = self.at.passed + 1, 0

    def window_batches(self, rows: LabelledTexts) -> Iterator[Batch]:
        """The remaining batches of a window."""
        if not len(rows):
            return
        texts = encode_labelled(rows, self.encoder)
        if self.logits_of is not None:
            texts = taught(texts, self.logits_of(rows.texts()))
        batches = shuffled_batches(
            texts.lengths,
            batch_size=self.batch_size,
            batch_tokens=self.batch_tokens,
            seed=self.seed,
            # a different order in every pass
            epoch=self.at.passed * 2**32 + self.at.window,
        )
        for chosen in batches_of_rank(batches, self.rank, self.count)[self.at.batch :]:
            self.at.batch += 1
            yield texts.batch(chosen)

    def position(self) -> dict[str, int]:
        return asdict(self.at)

    def go_to(self, position: dict[str, int]) -> None:
        self.at = read_position(StreamPosition, position)
        self.running = self.batches()

    def teach(self, logits_of: Callable[[list[str]], np.ndarray]) -> None:
        """Carry a teacher's logits in the batches.

        Args:
            logits_of: from texts to (texts, classes) float32.
        """
        self.logits_of = logits_of


def batches_of_rank(batches: list[np.ndarray], rank: int, count: int) -> list[np.ndarray]:
    """The batches of one process. All processes get the same number, so some batches repeat."""
    each = -(-len(batches) // count)
    return [batches[(rank + turn * count) % len(batches)] for turn in range(each)]


def read_position(kind: type[P], stored: dict[str, Any]) -> P:
    known = [entry.name for entry in fields(kind)]  # type: ignore[arg-type]
    if (
        not isinstance(stored, dict)
        or set(stored) != set(known)
        or not all(type(n) is int and n >= 0 for n in stored.values())
    ):
        raise TypeError(f"not a position: {stored!r:.80}")
    return kind(**stored)
