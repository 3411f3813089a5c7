"""Train, understand and ship convolutional text classifiers."""

from typing import TYPE_CHECKING, Any

from textcnn.system.interrupts import begin_program

__version__ = "0.1.0"
__all__ = [
    "Abstention",
    "Classifier",
    "InputError",
    "LabelSetClassifier",
    "LabelSetPrediction",
    "Prediction",
    "TextClassifier",
    "fit",
    "load",
]

if TYPE_CHECKING:
    from textcnn.errors import InputError
    from textcnn.estimator import TextClassifier
    from textcnn.from_python import fit
    from textcnn.inference import Classifier, LabelSetClassifier, load
    from textcnn.runtime.prediction import Abstention, LabelSetPrediction, Prediction


# Imported when it is first used, because torch takes seconds: `--help` should not wait.
MODULES = {
    "Abstention": "textcnn.runtime.prediction",
    "InputError": "textcnn.errors",
    "LabelSetPrediction": "textcnn.runtime.prediction",
    "Prediction": "textcnn.runtime.prediction",
    "TextClassifier": "textcnn.estimator",
    "fit": "textcnn.from_python",
}


def __getattr__(name: str) -> Any:
    import importlib

    if name not in __all__:
        raise AttributeError(f"module 'textcnn' has no attribute {name!r}")
    try:
        return getattr(importlib.import_module(MODULES.get(name, "textcnn.inference")), name)
    except ModuleNotFoundError as error:
        from textcnn.system.packages import advice, missing_packages

        if not (missing := missing_packages()):
            raise
        raise ModuleNotFoundError(advice(f"textcnn.{name}", missing), name=error.name) from None


def __dir__() -> list[str]:
    return [*globals(), *__all__]


begin_program()
