"""Train, understand and ship convolutional text classifiers."""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = [
    "Classifier",
    "InputError",
    "LabelSetClassifier",
    "LabelSetPrediction",
    "Prediction",
    "load",
]

if TYPE_CHECKING:
    from textcnn.errors import InputError
    from textcnn.inference import (
        Classifier,
        LabelSetClassifier,
        LabelSetPrediction,
        Prediction,
        load,
    )


def __getattr__(name: str) -> Any:
    """Import torch only when something that needs it is asked for: `--help` should not wait."""
    import importlib

    if name not in __all__:
        raise AttributeError(f"module 'textcnn' has no attribute {name!r}")
    module = "textcnn.errors" if name == "InputError" else "textcnn.inference"
    return getattr(importlib.import_module(module), name)
