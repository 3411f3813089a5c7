"""Prediction with exported models, without torch.

from textcnn.runtime import load

classifier = load("exported")
classifier.predict(["a fine film"])[0].label
"""

from textcnn.errors import InputError
from textcnn.runtime.classifier import RuntimeClassifier
from textcnn.runtime.loading import load
from textcnn.runtime.prediction import Abstention, LabelSetPrediction, Prediction

__all__ = [
    "Abstention",
    "InputError",
    "LabelSetPrediction",
    "Prediction",
    "RuntimeClassifier",
    "load",
]
