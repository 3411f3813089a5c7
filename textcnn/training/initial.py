"""The model of a run before training."""

from textcnn.builders import Model, build_network, with_embedding_size
from textcnn.config.model_keys import ModelConfig, NetworkConfig
from textcnn.config.programs import TrainConfig
from textcnn.data.prepare import PreparedData
from textcnn.inference import AnyClassifier, build_classifier
from textcnn.models.classifier import TextCNN
from textcnn.models.ngrams.beside import WithNgrams
from textcnn.text.vectors import TokenVectors
from textcnn.training.ngrams.parts import count_ngrams
from textcnn.training.subwords.vectors import add_subwords


def initial_classifier(
    config: TrainConfig, data: PreparedData, vectors: TokenVectors | None
) -> AnyClassifier:
    """A classifier before training."""
    labels = data.splits.labels
    thresholds = (0.5,) * len(labels) if config.data.multi_label else None
    model = initial_model(
        config.model,
        config.text.max_length,
        data,
        vectors,
        weighs_subwords=config.weighs_subwords,
    )
    if config.composes_vectors:
        network = model.network if isinstance(model, WithNgrams) else model
        assert isinstance(network, TextCNN)
        add_subwords(network.embedding, data.texts.encoder.vocabulary.known_tokens, vectors)
    return build_classifier(model, data.texts.encoder, labels, thresholds)


def initial_model(
    config: ModelConfig,
    max_length: int | None,
    data: PreparedData,
    vectors: TokenVectors | None,
    *,
    weighs_subwords: bool = False,
) -> Model:
    """A network with random weights and these pretrained vectors, its n-grams, or both.

    Args:
        max_length: tokens kept of a text.
        weighs_subwords: see `count_ngrams`.
    """
    ngrams = None
    if config.ngrams:
        ngrams = count_ngrams(config, data, weighs_subwords=weighs_subwords)
    if not isinstance(config, NetworkConfig):
        assert ngrams is not None
        return ngrams
    network = build_network(
        with_embedding_size(config, vectors),
        max_length=max_length,
        vocabulary_size=len(data.texts.encoder.vocabulary),
        num_classes=len(data.splits.labels),
        vectors=vectors,
    )
    return network if ngrams is None else WithNgrams(network, ngrams)
