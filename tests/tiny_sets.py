"""A classifier of label sets, with weights set by hand.

The logit of a label is 2 in a text that holds the word of it, else -2: probabilities 0.88 and 0.12.
"""

import math

import torch

from textcnn.checkpoint import Checkpoint
from textcnn.config.data import DataConfig
from textcnn.config.model import MultiWidthConfig
from textcnn.config.programs import TrainConfig
from textcnn.config.stored import dump
from textcnn.config.text import WordConfig
from textcnn.config.training import AdamConfig
from textcnn.inference import AnyClassifier, build_classifier
from textcnn.models.build import build_model
from textcnn.models.classifier import TextCNN
from textcnn.models.encoders.multi_width import MultiWidth
from textcnn.models.layers.convolution import Convolution
from textcnn.text.encoder import TextEncoder
from textcnn.text.tokenizers import build_tokenizer
from textcnn.text.vocabulary import SPECIALS, Vocabulary

WORDS = ("goal", "chip", "actor")
LABELS = ("sport", "tech", "film")
HALVES = (0.5, 0.5, 0.5)
LIKELY = 1 / (1 + math.exp(-2))
UNLIKELY = 1 - LIKELY
MODEL = MultiWidthConfig(embedding_dim=3, kernel_sizes=[1], num_filters=3)


def set_model() -> TextCNN:
    model = build_model(vocabulary_size=len(SPECIALS) + 3, num_classes=3, **MODEL.settings(None))
    one_each = torch.eye(3)
    with torch.no_grad():
        assert model.embedding.table is not None
        model.embedding.table.weight[:] = torch.cat([torch.zeros(len(SPECIALS), 3), one_each])
        assert isinstance(model.encoder, MultiWidth)
        convolution = model.encoder.convolutions[0]
        assert isinstance(convolution, Convolution)
        assert convolution.bias is not None
        convolution.weight[:] = one_each[:, :, None]
        convolution.bias[:] = 0
        model.head.weight[:] = 4 * one_each
        model.head.bias[:] = -2
    return model


def set_classifier(thresholds: tuple[float, ...] | None = HALVES) -> AnyClassifier:
    encoder = TextEncoder(
        build_tokenizer("word", tokenizer="basic_english"), Vocabulary(WORDS), 500, "head"
    )
    return build_classifier(set_model(), encoder, LABELS, thresholds)


def set_checkpoint(thresholds: tuple[float, ...] | None = HALVES) -> Checkpoint:
    data = DataConfig(multi_label=True)
    config = TrainConfig(data=data, text=WordConfig(), model=MODEL, optimizer=AdamConfig())
    weights = set_model().state_dict()
    return Checkpoint(dump(config), weights, Vocabulary(WORDS), LABELS, {}, thresholds)
