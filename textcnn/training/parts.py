"""The parts of a training run, each made from the configuration and the parts before it."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from accelerate import Accelerator

from textcnn.builders import build_data, build_network
from textcnn.config.programs import TrainConfig
from textcnn.data.description import describe_data
from textcnn.data.prepare import PreparedData
from textcnn.data.sources.memory import Rows
from textcnn.inference import AnyClassifier, build_classifier
from textcnn.models.classifier import TextCNN
from textcnn.models.summary import summarize
from textcnn.text.vectors import TokenVectors
from textcnn.training.batches import EpochBatches, StreamBatches, TrainingBatches
from textcnn.training.learner import Learner, build_learner
from textcnn.training.losses import loss_for
from textcnn.training.precision import Precision
from textcnn.training.report import Opening
from textcnn.training.several.distillation import Distillation


def load_data(
    config: TrainConfig, accelerator: Accelerator, memory: Mapping[str, Rows] | None
) -> PreparedData:
    """Splits and encoded texts, the same in every process.

    Args:
        memory: rows given from Python; no test texts are drawn from them.
    """
    with accelerator.main_process_first():  # it fills the cache for the others
        return build_data(
            config.data,
            config.text,
            config.seed,
            memory=memory,
            draw_test=memory is None,
            part=config.training.teacher_part,
        )


def initial_classifier(
    config: TrainConfig, data: PreparedData, vectors: TokenVectors | None
) -> AnyClassifier:
    """A classifier with random weights and these pretrained vectors."""
    labels = data.splits.labels
    network = build_network(
        config.model,
        max_length=config.text.max_length,
        vocabulary_size=len(data.texts.encoder.vocabulary),
        num_classes=len(labels),
        vectors=vectors,
    )
    thresholds = (0.5,) * len(labels) if config.data.multi_label else None
    return build_classifier(network, data.texts.encoder, labels, thresholds)


def opening_report(
    data: PreparedData,
    network: TextCNN,
    vectors: TokenVectors | None,
    precision: Precision,
) -> Opening:
    """What the run reports before it starts."""
    summary = summarize(network, int(data.texts.train.lengths.max()))
    description = describe_data(data.splits, data.texts, summary.field.size)
    return Opening(
        data.splits,
        description,
        summary,
        notes=(*([vectors.summary] if vectors else []), *data.splits.notes),
        warnings=(*description.warnings, *filter(None, [precision.warning()])),
    )


def learner_for(
    config: TrainConfig,
    data: PreparedData,
    network: TextCNN,
    precision: Precision,
    accelerator: Accelerator,
) -> Learner:
    """The network with its loss and optimizer.

    Raises:
        InputError: `training.class_weights` doesn't fit the classes.
    """
    loss_of = loss_for(
        data.splits.train,
        weights=config.training.class_weights,
        label_smoothing=config.training.label_smoothing,
        device=accelerator.device,
    )
    training = config.training
    return build_learner(
        network,
        loss_of,
        precision,
        accelerator,
        distillation=Distillation(training.temperature, training.teacher_weight),
        **asdict(config.optimizer),
    )


def batches_for(
    config: TrainConfig, data: PreparedData, accelerator: Accelerator
) -> TrainingBatches:
    """The batches of this process: of a stream, or of texts in memory."""
    training = config.training
    settings: dict[str, Any] = {
        "max_steps": training.max_steps,
        "batch_size": training.batch_size,
        "batch_tokens": training.batch_tokens,
        "seed": config.network_seed,
        "rank": accelerator.process_index,
        "count": accelerator.num_processes,
    }
    if data.stream is not None:
        return StreamBatches(
            data.stream,
            data.texts.encoder,
            window=config.data.shuffle_buffer,
            validate_every=training.validate_every,
            **settings,
        )
    strata = data.splits.train.strata
    # inversely proportional to the size of the class, so that all classes are drawn equally often
    weights = 1 / np.bincount(strata)[strata]
    return EpochBatches(
        data.learned,
        epochs=training.epochs,
        sampling_weights=weights if training.sampling == "balanced" else None,
        **settings,
    )
