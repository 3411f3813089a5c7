"""The model of a run before training."""

from typing import Any

import torch

from textcnn.builders.models import Model, build_network, with_embedding_size
from textcnn.config.model_keys import ModelConfig, NetworkConfig
from textcnn.config.programs import TrainConfig
from textcnn.data.prepare import PreparedData
from textcnn.errors import InputError
from textcnn.inference import AnyClassifier, build_classifier
from textcnn.models.classifier import TextCNN
from textcnn.models.ngrams.beside import WithNgrams
from textcnn.system.memory import lacking
from textcnn.text.vectors import TokenVectors
from textcnn.training.growing.origin import Origin
from textcnn.training.growing.weights import keep_weights
from textcnn.training.ngrams.parts import count_ngrams
from textcnn.training.subwords.vectors import add_subwords


def initial_classifier(
    config: TrainConfig,
    data: PreparedData,
    vectors: TokenVectors | None,
    origin: Origin | None = None,
) -> AnyClassifier:
    """A classifier before training.

    Args:
        origin: the checkpoint whose weights it keeps; None: they are random, or those of vectors.

    Raises:
        InputError: the weights of the checkpoint don't fit.
    """
    labels = data.splits.labels
    thresholds = (0.5,) * len(labels) if config.data.multi_label else None
    model = initial_model(
        config.model,
        config.text.max_length,
        data,
        vectors,
        weighs_subwords=config.weighs_subwords,
        origin=origin,
    )
    network = model.network if isinstance(model, WithNgrams) else model
    if config.composes_vectors:
        assert isinstance(network, TextCNN)
        add_subwords(network.embedding, data.texts.encoder.vocabulary.known_tokens, vectors)
    if origin is not None and isinstance(network, TextCNN):
        rows = origin.token_rows(data.texts.encoder.vocabulary)
        keep_weights(network, origin, rows, origin.classes(labels), config.training.member)
        if isinstance(model, WithNgrams):  # until validation chooses others
            model.weights.copy_(origin.checkpoint.weights["weights"])
    return build_classifier(model, data.texts.encoder, labels, thresholds)


def initial_model(
    config: ModelConfig,
    max_length: int | None,
    data: PreparedData,
    vectors: TokenVectors | None,
    *,
    weighs_subwords: bool = False,
    origin: Origin | None = None,
) -> Model:
    """A network with random weights and these pretrained vectors, its n-grams, or both.

    Args:
        max_length: tokens kept of a text.
        weighs_subwords, origin: see `count_ngrams`.
    """
    ngrams = None
    if config.ngrams:
        ngrams = count_ngrams(config, data, weighs_subwords=weighs_subwords, origin=origin)
    if not isinstance(config, NetworkConfig):
        assert ngrams is not None
        return ngrams
    sizes: dict[str, Any] = {
        "max_length": max_length,
        "vocabulary_size": len(data.texts.encoder.vocabulary),
        "num_classes": len(data.splits.labels),
        "vectors": vectors,
    }
    config = with_embedding_size(config, vectors)
    check_size(config, sizes)
    network = build_network(config, **sizes)
    return network if ngrams is None else WithNgrams(network, ngrams)


def check_size(config: NetworkConfig, sizes: dict[str, Any]) -> None:
    """Check the number of weights before memory is allocated for them.

    Args:
        sizes: the other arguments of `build_network`.

    Raises:
        InputError: training them needs more memory than is available.
    """
    try:
        # no weights and no random numbers: those of the run stay as they are
        with torch.random.fork_rng(devices=[]), torch.device("meta"):
            network = build_network(config, **sizes)
        weights = sum(weight.numel() for weight in network.parameters())
    except RuntimeError as error:  # more than 2^63 numbers in a tensor
        raise InputError(
            f"model={config.name} with these sizes can't be built: "
            f"{' '.join(str(error).split())[:120]}; try smaller ones"
        ) from error
    # a gradient, and two averages of Adam, beside each weight; on a GPU, weights only pass here
    copies = 1 if torch.accelerator.is_available() else 4
    if lack := lacking(weights * 4 * copies):
        raise InputError(
            f"model={config.name} with these sizes has {weights:,} weights: {lack}; try a smaller "
            "one, such as model.num_filters=100 or text.max_vocabulary=50000"
        )
