"""What an export needs of a classifier, and what it says of itself."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from torch import Tensor

from textcnn.runtime.calibration import Calibration
from textcnn.runtime.prediction import AnyPrediction
from textcnn.text.encoder import TextEncoder


class Subject(Protocol):
    """A `Classifier` or a `LabelSetClassifier`."""

    model: Any
    encoder: TextEncoder
    labels: tuple[str, ...]
    calibration: Calibration

    @property
    def raw_thresholds(self) -> tuple[float, ...] | None: ...  # None: one class per text

    def logits(self, texts: Sequence[str]) -> Tensor: ...

    def decide(self, logits: Tensor) -> Sequence[AnyPrediction]: ...


@dataclass(frozen=True)
class Measured:
    """Texts with their labels, which measure what an export loses."""

    texts: Sequence[str] = ()
    labels: Sequence[Any] = ()  # of each text: its class, or its label set


@dataclass(frozen=True)
class Named:
    """A classifier by the name that people know it by."""

    name: str
    classifier: Subject


@dataclass(frozen=True)
class Options:
    """How to export; see the keys of `textcnn.config.production.export`."""

    dtype: str | None = None  # float32, float16, int8; None: what the format prefers
    max_size: int | None = None  # bytes; None: no limit
    measured: Measured = Measured()
    provenance: dict[str, Any] = field(default_factory=dict)  # of the checkpoint, for the manifest
    name: str = "model"  # what the page of format=html calls the classifier
    beside: tuple[Named, ...] = ()  # other classifiers on that page


@dataclass(frozen=True)
class Exported:
    """What was written."""

    path: Path
    bytes: int
    notes: tuple[str, ...] = ()  # lines for the user: what it costs, what to do next
