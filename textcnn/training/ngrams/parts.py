"""The n-grams of a run: counted, trained and scaled before the network is trained."""

from collections.abc import Mapping

import torch
from torch import Tensor

from textcnn.builders.models import Model
from textcnn.config.model_keys import ModelConfig
from textcnn.config.programs import TrainConfig
from textcnn.data.prepare import PreparedData
from textcnn.models.ngrams.beside import WithNgrams, ngrams_of
from textcnn.models.ngrams.ngrams import Ngrams
from textcnn.training.growing.ngrams import KeptNgrams
from textcnn.training.growing.origin import Origin
from textcnn.training.ngrams.linear import calibrate, fit_linear, learn_ngrams, rescale
from textcnn.training.objectives.losses import class_weights
from textcnn.training.subwords.weights import fit_subwords, learn_subwords


def count_ngrams(
    model: ModelConfig, data: PreparedData, *, weighs_subwords: bool, origin: Origin | None = None
) -> Ngrams:
    """The n-grams of the training texts, with the weights of naive Bayes.

    Args:
        weighs_subwords: add the weights of subwords, which are still zero.
        origin: the checkpoint whose n-grams stay, with their weights; None: there is none.
    """
    texts, num_classes = data.texts, len(data.splits.labels)
    encoder = texts.encoder
    subwords, kept = None, kept_ngrams(origin, data)
    if weighs_subwords:
        subwords = learn_subwords(texts.train, encoder.vocabulary, num_classes, kept)
    return learn_ngrams(
        texts.train,
        vocabulary_size=len(encoder.vocabulary),
        num_classes=num_classes,
        subwords=subwords,
        kept=kept,
        **model.ngram_settings(),
    )


def kept_ngrams(origin: Origin | None, data: PreparedData) -> KeptNgrams | None:
    """The n-grams of a checkpoint for a run on these data; None if there are none."""
    if origin is None or origin.ngrams is None:
        return None
    return KeptNgrams(
        origin.ngrams,
        origin.token_rows(data.texts.encoder.vocabulary),
        origin.classes(data.splits.labels),
        origin.known.has_text(data.splits.train.text_hashes),
    )


def weights_of_classes(config: TrainConfig, data: PreparedData) -> Tensor | None:
    """
    Raises:
        InputError: `training.class_weights` doesn't fit the classes.
    """
    rows = data.splits.train
    return class_weights(
        config.training.class_weights, rows.names, rows.counts, len(rows), rows.multi_label
    )


def train_ngrams(
    model: Model,
    config: TrainConfig,
    data: PreparedData,
    chosen: Mapping[str, Tensor] | None = None,
    origin: Origin | None = None,
) -> None:
    """Fit n-grams, if a model has any, to the training texts, and scale them on validation texts.

    Args:
        chosen: the weights of a model that was scaled on validation texts, for the final training,
            which has no such texts; None: scale on the validation texts.
        origin: the checkpoint whose weights the n-grams have; None: they have none.

    Raises:
        InputError: `training.class_weights` doesn't fit the classes.
    """
    if chosen is not None and isinstance(model, WithNgrams):
        model.weights.copy_(chosen["weights"])
    ngrams = ngrams_of(model)
    if ngrams is None or config.learns_ngrams:
        return
    device = ngrams.table.weight.device
    prefix, kept = "ngrams." if ngrams is not model else "", kept_ngrams(origin, data)
    fit_ngrams(ngrams.cpu(), config, data, chosen, prefix, kept)
    ngrams.to(device)


def fit_ngrams(
    ngrams: Ngrams,
    config: TrainConfig,
    data: PreparedData,
    chosen: Mapping[str, Tensor] | None,
    prefix: str,
    kept: KeptNgrams | None,
) -> None:
    """`train_ngrams` for n-grams on the CPU, where liblinear runs.

    Args:
        prefix: of the names of the n-grams' tensors in `chosen`.
    """
    train, settings = data.texts.train, config.model.linear_settings()
    weights = weights_of_classes(config, data)
    known = None if kept is None else torch.tensor(kept.classes.known)
    fit_linear(ngrams, train, class_weights=weights, known=known, seed=config.seed, **settings)
    subwords = None
    if ngrams.subwords is not None:
        subwords = fit_subwords(
            ngrams.subwords,
            train,
            data.texts.encoder.vocabulary,
            scaling=ngrams.scaling,
            loss=config.model.ngram_loss,
            class_weights=weights,
            kept=kept,
            seed=config.seed,
        )
    if chosen is None:
        calibrate(ngrams, data.texts.validation, subwords)
        return
    rescale(ngrams, *chosen[f"{prefix}calibration"].tolist())
    if ngrams.subwords is not None and subwords is not None:
        subwords.install(ngrams.subwords, *chosen[f"{prefix}subwords.calibration"].tolist())
