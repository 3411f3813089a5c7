"""What a checkpoint's manifest reports, parsed with care: the file may come from anywhere."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor

from textcnn.errors import InputError

T = TypeVar("T")
# raised by operations on a value of an unexpected type
WRONG_TYPE = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)


@dataclass(frozen=True)
class Reported:
    """What training reported about a checkpoint; evaluation compares it with its own results."""

    test_data: str  # fingerprint of the test split
    scores: dict[str, Any] | None  # on the test split; None if training ended before the test
    golden: tuple[list[str], Tensor]  # a few texts and their logits (texts, classes) float32


def read_reported(manifest: dict[str, Any], file: Path, classes: int) -> Reported:
    """
    Args:
        file: the path of the manifest, for messages.
        classes: the number of classes of the checkpoint.

    Raises:
        InputError: an entry is missing or has another type than training writes.
    """

    def read(name: str, parse: Callable[[Any], T]) -> T:
        try:
            return parse(manifest[name])
        except WRONG_TYPE as error:
            raise InputError(
                f"{file}: the entry {name!r} is not what training writes; copy the checkpoint again"
            ) from error

    return Reported(
        read("data", parse_test_data),
        read("metrics", parse_scores),
        read("golden", lambda golden: parse_golden(golden, classes)),
    )


def parse_test_data(data: Any) -> str:
    if not isinstance(data["test"], str):
        raise TypeError
    return data["test"]


def parse_scores(metrics: Any) -> dict[str, Any] | None:
    scores: dict[str, Any] | None = metrics.get("test")
    if scores is not None and not isinstance(scores["accuracy"], int | float):
        raise TypeError
    return scores


def parse_golden(golden: Any, classes: int) -> tuple[list[str], Tensor]:
    texts = [entry["text"] for entry in golden]
    logits = torch.tensor([entry["logits"] for entry in golden], dtype=torch.float32)
    if not all(isinstance(text, str) for text in texts) or logits.shape != (len(texts), classes):
        raise TypeError
    return texts, logits
