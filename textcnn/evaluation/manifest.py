"""What a checkpoint's manifest says of it, read with care: the file may come from anywhere."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor

from textcnn.errors import InputError

T = TypeVar("T")
# what comes of taking a value for one of another type
WRONG = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)


@dataclass(frozen=True)
class Claims:
    """What training said of a checkpoint, to be held against what is found."""

    test_data: str  # fingerprint of the test split
    reported: dict[str, Any] | None  # the scores on it; None if training ended before the test
    golden: tuple[list[str], Tensor]  # texts, and their logits (texts, classes)


def read_claims(manifest: dict[str, Any], file: Path, classes: int) -> Claims:
    """
    Args:
        file: where the manifest is from, for messages.
        classes: how many the checkpoint has.

    Raises:
        InputError: an entry is missing, or of another type than training writes.
    """

    def read(name: str, parse: Callable[[Any], T]) -> T:
        try:
            return parse(manifest[name])
        except WRONG as error:
            raise InputError(f"{file}: {name} is not what training writes there") from error

    return Claims(
        read("data", parse_test_data),
        read("metrics", parse_reported),
        read("golden", lambda golden: parse_golden(golden, classes)),
    )


def parse_test_data(data: Any) -> str:
    if not isinstance(data["test"], str):
        raise TypeError
    return data["test"]


def parse_reported(metrics: Any) -> dict[str, Any] | None:
    reported: dict[str, Any] | None = metrics.get("test")
    if reported is not None and not isinstance(reported["accuracy"], int | float):
        raise TypeError
    return reported


def parse_golden(golden: Any, classes: int) -> tuple[list[str], Tensor]:
    texts = [entry["text"] for entry in golden]
    logits = torch.tensor([entry["logits"] for entry in golden], dtype=torch.float32)
    if not all(isinstance(text, str) for text in texts) or logits.shape != (len(texts), classes):
        raise TypeError
    return texts, logits
