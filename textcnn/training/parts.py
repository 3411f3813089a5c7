"""The parts of a training run, each made from the configuration and the parts before it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from accelerate import Accelerator

from textcnn.builders.data import build_data
from textcnn.builders.models import Model
from textcnn.builders.text import load_token_vectors
from textcnn.config.model_keys import ModelConfig, NetworkConfig
from textcnn.config.programs import TrainConfig
from textcnn.config.training import TrainingConfig
from textcnn.data.description import describe_data
from textcnn.data.prepare import PreparedData
from textcnn.data.sources.memory import Rows
from textcnn.data.trained_texts import Known
from textcnn.inference import AnyClassifier
from textcnn.models.classifier import TextCNN
from textcnn.models.ensemble import Ensemble
from textcnn.models.ngrams.beside import WithNgrams, ngrams_of
from textcnn.models.ngrams.ngrams import Ngrams
from textcnn.models.summary import summarize
from textcnn.text.vectors import TokenVectors
from textcnn.training.batches import EpochBatches, StreamBatches, TrainingBatches
from textcnn.training.final import Selection
from textcnn.training.growing.growth import growth_of
from textcnn.training.growing.origin import Origin
from textcnn.training.initial import initial_classifier
from textcnn.training.learner import Learner, Trained, build_learner
from textcnn.training.ngrams.baseline import is_cheap
from textcnn.training.objectives.adversarial import Adversary
from textcnn.training.objectives.distillation import Distillation
from textcnn.training.objectives.losses import loss_for, mass_for
from textcnn.training.objectives.mixup import mixup
from textcnn.training.objectives.objective import Objective, plain
from textcnn.training.objectives.r_drop import drops_before_pooling, r_drop
from textcnn.training.objectives.with_ngrams import ngrams_alone, with_ngrams
from textcnn.training.optimization.schedules import build_schedule
from textcnn.training.optimization.updates import UpdateRule
from textcnn.training.precision import Precision
from textcnn.training.report import Opening
from textcnn.training.subwords.vectors import note_on_missing


def load_data(
    config: TrainConfig,
    accelerator: Accelerator,
    memory: Mapping[str, Rows] | None,
    more_words: Sequence[str] | None = None,
    definition: str | None = None,
    known: Known | None = None,
) -> PreparedData:
    """Splits and encoded texts, the same in every process.

    Args:
        memory: rows given from Python; no test texts are drawn from them.
        more_words, definition, known: see `build_data`.
    """
    with accelerator.main_process_first():  # it fills the cache for the others
        return build_data(
            config.data,
            config.text,
            config.seed,
            memory=memory,
            draw_test=memory is None,
            part=config.training.teacher_part,
            subwords=config.uses_subwords,
            more_words=more_words,
            definition=definition,
            known=known,
        )


class Parts(NamedTuple):
    """A network, and what trains it."""

    classifier: AnyClassifier
    precision: Precision
    batches: TrainingBatches
    learner: Learner
    training: TrainingConfig


def build_parts(
    config: TrainConfig,
    data: PreparedData,
    vectors: TokenVectors | None,
    accelerator: Accelerator,
    selection: Selection | None,
    origin: Origin | None = None,
) -> Parts:
    """A new network that these data will train.

    Args:
        selection: what the run before chose, for the final training.
        origin: the checkpoint to start from; None: from nothing.

    Raises:
        InputError: parts don't fit the data or each other.
    """
    if selection is not None:
        config = final_config(config, selection.steps)
    classifier = initial_classifier(config, data, vectors, origin)
    # all of it: `Accelerator.prepare` moves only what the training loop learns
    classifier.model.to(accelerator.device)
    precision = Precision(config.training.precision, accelerator.device)
    batches = batches_for(config, data, accelerator)
    steps = batches.steps if selection is None else selection.all_steps
    learner = learner_for(
        config,
        data,
        trained_by_steps(classifier.model, config.learns_ngrams),
        precision,
        accelerator,
        steps,
    )
    if selection is not None:
        learner = replace(learner, schedule=selection.again(learner.schedule))
    return Parts(classifier, precision, batches, learner, config.training)


def vectors_for(config: TrainConfig, data: PreparedData) -> TokenVectors | None:
    """The pretrained vectors of the tokens in these data, if `text.vectors` names some."""
    return load_token_vectors(config.text, data.texts, config.network_seed)


def final_config(config: TrainConfig, steps: int) -> TrainConfig:
    """The configuration of the final training, which ends after these steps."""
    # one more epoch: with training.batch_tokens the steps of an epoch vary
    epochs = config.training.epochs + 1
    training = replace(config.training, max_steps=steps, patience=None, epochs=epochs)
    return replace(config, training=training)


def wants_baseline(config: TrainConfig, data: PreparedData, keep: bool) -> bool:
    """Whether to compare the model with the linear one.

    Args:
        keep: the run directory stays, for somebody to look at.
    """
    compared = isinstance(config.model, NetworkConfig)
    part = config.training.member is not None or config.training.teacher_fold is not None
    if config.baseline is None:
        return compared and not part and keep and is_cheap(data)
    return config.baseline and not part


def trained_by_steps(model: Model, learns_ngrams: bool) -> Trained:
    """What the training loop learns of a model: all, or all but its n-grams."""
    if isinstance(model, WithNgrams) and not learns_ngrams:
        network = model.network
        assert isinstance(network, TextCNN)
        return network
    assert not isinstance(model, Ensemble)
    return model


def opening_report(
    data: PreparedData,
    model: Model,
    vectors: TokenVectors | None,
    precision: Precision,
    config: ModelConfig,
    origin: Origin | None = None,
) -> Opening:
    """What the run reports before it starts.

    Args:
        origin: the checkpoint that it starts from; None: none.
    """
    of_vectors: tuple[str, ...] = ()
    if vectors is not None:
        network = model.network if isinstance(model, WithNgrams) else model
        assert isinstance(network, TextCNN)
        tokens = data.texts.encoder.vocabulary.known_tokens
        of_vectors = (*vectors.summary, note_on_missing(network.embedding, tokens, vectors))
    summary = summarize(model, int(data.texts.train.lengths.max()))
    description = describe_data(data.splits, data.texts, summary.field.size)
    growth = None if origin is None else growth_of(origin, data, model, vectors)
    return Opening(
        data.splits,
        description,
        summary,
        notes=(
            *of_vectors,
            *data.splits.notes,
            *ngram_notes(model, data),
        ),
        warnings=(
            *data.splits.warnings,
            *description.warnings,
            *filter(None, [size_warning(config, data), precision.warning()]),
            *([] if growth is None else growth.warnings),
        ),
        growth=growth,
    )


def size_warning(config: ModelConfig, data: PreparedData) -> str | None:
    """That the network needs more training texts than there are; None for a stream."""
    if data.stream is not None or not isinstance(config, NetworkConfig):
        return None
    return config.too_few(len(data.texts.train))


def ngram_notes(model: Model, data: PreparedData) -> list[str]:
    """Which texts of a stream n-grams are learned from."""
    if data.stream is None or ngrams_of(model) is None:
        return []
    return [
        f"n-grams are learned from the first {len(data.texts.train):,} training texts only; "
        "text.vocabulary_examples sets how many rows are read for that"
    ]


def learner_for(
    config: TrainConfig,
    data: PreparedData,
    network: Trained,
    precision: Precision,
    accelerator: Accelerator,
    steps: int | None,
) -> Learner:
    """The network with its loss, optimizer and schedule.

    Args:
        steps: of the whole run; None: unknown.

    Raises:
        InputError: `training.class_weights` doesn't fit the classes, or the schedule the steps.
    """
    schedule = build_schedule(steps=steps, metric=config.training.metric, **asdict(config.schedule))
    loss_of = loss_for(
        data.splits.train,
        weights=config.training.class_weights,
        label_smoothing=config.training.label_smoothing,
        name=config.training.loss,
        device=accelerator.device,
    )
    training = config.training
    return build_learner(
        network,
        loss_of,
        precision,
        accelerator,
        schedule=schedule,
        update=update_rule(config, data, accelerator),
        objective=objective_for(config, network),
        adversary=adversary_for(training, network),
        distillation=Distillation(training.temperature, training.teacher_weight),
        average={
            "name": training.average,
            "decay": training.average_decay,
            "begins": training.average_from,
            "steps": steps,
        },
        **optimizer_settings(config),
    )


def update_rule(config: TrainConfig, data: PreparedData, accelerator: Accelerator) -> UpdateRule:
    """How a step is made of the texts that `batches_for` draws for it."""
    training = config.training
    rule = UpdateRule(max_gradient_norm=training.max_gradient_norm)
    if training.accumulate > 1:
        # a student's loss is a mean over texts
        weights = None if config.is_student else training.class_weights
        rule.mass_of = mass_for(data.splits.train, weights=weights, device=accelerator.device)
        rule.piece_tokens = training.batch_tokens
        rule.piece_size = training.batch_size if training.batch_tokens is None else None
    return rule


def optimizer_settings(config: TrainConfig) -> dict[str, Any]:
    """The keys of `optimizer`, with the rate of the embedding's table under one name."""
    settings = asdict(config.optimizer)
    rates = {name: settings.pop(f"{name}_rate") for name in ("embedding", "vectors")}
    name = "embedding" if getattr(config.text, "vectors", None) is None else "vectors"
    return settings | {"table_name": name, "table_rate": rates[name]}


def objective_for(config: TrainConfig, network: Trained) -> Objective:
    """At most one of R-Drop, mixup and n-grams, as the configuration is checked."""
    if isinstance(network, Ngrams):
        return ngrams_alone
    if isinstance(network, WithNgrams):
        return partial(with_ngrams, weights=config.model.ngram_losses)
    training = config.training
    if training.r_drop:
        return partial(r_drop, weight=training.r_drop, whole=drops_before_pooling(network))
    if training.mixup:
        return partial(mixup, alpha=training.mixup)
    return plain


def adversary_for(training: TrainingConfig, network: Trained) -> Adversary | None:
    if not training.adversarial:
        return None
    assert isinstance(network, TextCNN)
    return Adversary(network, training.adversarial)


def batches_for(
    config: TrainConfig, data: PreparedData, accelerator: Accelerator
) -> TrainingBatches:
    """The batches of this process: of a stream, or of texts in memory."""
    training = config.training
    settings: dict[str, Any] = {
        "max_steps": training.max_steps,
        # the texts of a step are drawn together; `update_rule` divides them
        "batch_size": training.batch_size * training.accumulate,
        "batch_tokens": training.batch_tokens and training.batch_tokens * training.accumulate,
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
