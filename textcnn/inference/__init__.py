"""Trained classifiers, and how they are loaded."""

from textcnn.inference.classifier import BaseClassifier
from textcnn.inference.kinds import (
    AnyClassifier,
    Classifier,
    LabelSetClassifier,
    build_classifier,
)
from textcnn.inference.loading import Restored, load, rebuild, restore

__all__ = [
    "AnyClassifier",
    "BaseClassifier",
    "Classifier",
    "LabelSetClassifier",
    "Restored",
    "build_classifier",
    "load",
    "rebuild",
    "restore",
]
