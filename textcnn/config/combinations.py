"""Keys that are valid alone, but not together: one line for each such combination."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from textcnn.config.data import DataConfig
from textcnn.config.keys import command_line
from textcnn.config.model_keys import MAX_POSITIONS, NetworkConfig
from textcnn.config.synthetic import SyntheticConfig
from textcnn.config.text import TextConfig
from textcnn.config.training import OptimizerConfig, TrainingConfig

if TYPE_CHECKING:
    from textcnn.config.programs import TrainConfig


def final_conflicts(config: "TrainConfig") -> Iterator[str]:
    """What can't be trained again on train + validation."""
    if config.data.streaming:
        yield (
            "training.final=all needs all rows in memory, got data.streaming=true; try "
            "training.final=best"
        )
    if config.is_student:
        given = (
            "training.out_of_fold=true" if config.teacher is None else f"teacher={config.teacher}"
        )
        yield (
            f"training.final=all with {given}: a teacher's answers are for the training texts, not "
            "for the validation texts; try training.final=best"
        )


def teacher_conflicts(config: "TrainConfig") -> Iterator[str]:
    training, data = config.training, config.data
    if training.out_of_fold and config.teacher is not None:
        yield (
            f"training.out_of_fold=true trains its own teachers, got teacher={config.teacher}; "
            "leave out one of the two"
        )
    if training.out_of_fold and data.streaming:
        yield (
            "training.out_of_fold needs all rows in memory, got data.streaming=true; leave out "
            "one of the two"
        )
    if data.unlabelled is not None and not config.is_student and training.teacher_fold is None:
        yield (
            f"data.unlabelled={command_line(data.unlabelled)} needs a teacher, got none; add "
            "teacher=<run>, or training.out_of_fold=true"
        )
    if data.unlabelled is not None and training.sampling != "shuffle":
        yield (
            f"training.sampling={training.sampling} draws texts by their labels, got "
            f"data.unlabelled={command_line(data.unlabelled)}; leave out one of the two"
        )
    if config.is_student or training.out_of_fold:
        return
    usual = TrainingConfig()
    for name in ("temperature", "teacher_weight", "teacher_folds"):
        if (value := getattr(training, name)) != getattr(usual, name):
            yield (
                f"training.{name}={command_line(value)} needs a teacher, got none; add "
                "teacher=<run>, or training.out_of_fold=true"
            )


def origin_conflicts(config: "TrainConfig") -> Iterator[str]:
    """Keys that don't go with `init_from`, or need it."""
    if config.init_from is None:
        if config.init_from_test is not None:
            yield (
                f"init_from_test={command_line(config.init_from_test)} needs init_from, got null; "
                "leave it out"
            )
    elif config.training.out_of_fold:
        yield (
            "training.out_of_fold=true trains teachers that don't know the texts, got init_from="
            f"{config.init_from}, which may know them; leave out one of the two"
        )


def length_conflicts(data: DataConfig, text: TextConfig) -> Iterator[str]:
    if not isinstance(data, SyntheticConfig) or text.unit != "word" or text.max_length is None:
        return
    if data.length > text.max_length:
        yield (
            f"data.length={data.length} exceeds text.max_length={text.max_length}, which would cut "
            f"off markers; try text.max_length={data.length}"
        )


def rate_conflicts(
    optimizer: OptimizerConfig, text: TextConfig, model: NetworkConfig
) -> Iterator[str]:
    """Rates of a table that this run doesn't train."""
    vectors = getattr(text, "vectors", None)
    for name in ("embedding_rate", "vectors_rate"):
        rate = getattr(optimizer, name)
        if rate is None:
            continue
        if model.embedding in ("static", "onehot"):
            yield (
                f"optimizer.{name}={rate} has no effect with model.embedding={model.embedding}, "
                "which learns no vectors; leave it out"
            )
        elif name == "vectors_rate" and vectors is None:
            yield (
                f"optimizer.vectors_rate={rate} needs text.vectors, got null; try "
                f"optimizer.embedding_rate={rate}"
            )
        elif name == "embedding_rate" and vectors is not None:
            yield (
                f"optimizer.embedding_rate={rate} is for random vectors, got text.vectors="
                f"{command_line(vectors)}; try optimizer.vectors_rate={rate}"
            )


def ngram_conflicts(config: "TrainConfig") -> Iterator[str]:
    model, training = config.model, config.training
    if getattr(config.text, "subwords", None):
        yield from subword_conflicts(config)
    if not model.ngrams:
        return
    if not config.learns_ngrams:
        if config.data.streaming:
            yield (
                "model.ngram_solver=liblinear needs all rows in memory, got data.streaming=true; "
                "try model.ngram_solver=gradient"
            )
        return
    if isinstance(model, NetworkConfig) and training.members > 1:
        yield (
            f"training.members={training.members} with n-grams trained by gradients: members share "
            "their n-grams; try model.ngrams=0, or model.ngram_solver=liblinear without a stream"
        )
    for name in ("r_drop", "mixup", "adversarial"):
        if isinstance(model, NetworkConfig) and (value := getattr(training, name)):
            yield (
                f"training.{name}={value} regularizes a network alone, got n-grams trained by "
                "gradients; try model.ngrams=0, or model.ngram_solver=liblinear without a stream"
            )
    if not any(model.ngram_losses):
        yield "model.ngram_losses=[0,0,0] leaves nothing to learn; try model.ngram_losses=[0.3,1,1]"


def subword_conflicts(config: "TrainConfig") -> Iterator[str]:
    """Why text.subwords=true is refused."""
    model = config.model
    if config.uses_subwords:
        return
    if not model.ngrams:
        yield (
            "text.subwords=true needs n-grams or vectors, got model.ngrams=0 and text.vectors="
            "null; try model.ngrams=2, or text.subwords=null"
        )
    elif config.learns_ngrams:
        yield (
            "text.subwords=true needs n-grams trained by liblinear, got model.ngram_solver="
            "gradient or a stream; try text.subwords=null"
        )
    else:
        yield (
            "text.subwords=true with model.ngram_scaling=tf_idf, which divides by the norm of a "
            "text's n-grams; try model.ngram_scaling=naive_bayes, or text.subwords=null"
        )


def without_network(config: "TrainConfig") -> Iterator[str]:
    """Keys that would have no effect on model=ngrams."""
    training, usual = config.training, TrainingConfig()
    instead = {
        "sampling": "training.class_weights=balanced",
        "loss": "model.ngram_loss=logistic",
        "average": "training.average=none",
    }
    if config.learns_ngrams:  # by the training loop, as a network
        instead = {}
    for name, other in instead.items():
        if (value := getattr(training, name)) != getattr(usual, name):
            yield f"training.{name}={value} needs a network, got model=ngrams; try {other}"
    given = {
        "text.vectors": getattr(config.text, "vectors", None),
        "text.vectors_std": getattr(config.text, "vectors_std", None),
        "optimizer.embedding_rate": config.optimizer.embedding_rate,
        "optimizer.vectors_rate": config.optimizer.vectors_rate,
        "training.members": training.members if training.members > 1 else None,
        "training.label_smoothing": not config.learns_ngrams and training.label_smoothing,
        "training.r_drop": training.r_drop,
        "training.mixup": training.mixup,
        "training.adversarial": training.adversarial,
        "teacher": config.teacher,
        "training.out_of_fold": training.out_of_fold,
        "data.unlabelled": config.data.unlabelled,
    }
    for name, value in given.items():
        if value:
            yield (
                f"{name}={command_line(value)} needs a network, got model=ngrams; leave it out, or "
                "try model=multi_width model.ngrams=3"
            )


def embedding_conflicts(text: TextConfig, model: NetworkConfig) -> Iterator[str]:
    vectors, std = getattr(text, "vectors", None), getattr(text, "vectors_std", None)
    if std is not None and vectors is None:
        yield f"text.vectors_std={std} needs text.vectors, got null; try text.vectors=glove"
    if vectors is not None and not model.has_vectors:
        yield (
            f"text.vectors={command_line(vectors)} with model={model.name}: it has weights for "
            "words, and no vectors; try text.vectors=null, or model=multi_width"
        )
    elif vectors is None and model.has_vectors and model.embedding in ("static", "multichannel"):
        yield (
            f"model.embedding={model.embedding} needs pretrained word vectors; try "
            "text.vectors=glove, or model.embedding=nonstatic"
        )
    elif vectors is not None and model.embedding in ("random", "onehot"):
        yield (
            f"model.embedding={model.embedding} ignores text.vectors={command_line(vectors)}; "
            "try model.embedding=nonstatic"
        )
    elif isinstance(vectors, list) and len({*vectors}) < len(vectors):
        twice = next(name for name in vectors if vectors.count(name) > 1)
        yield (
            f"text.vectors={command_line(vectors)} names {twice} twice; name each source once, or "
            "try model.embedding=multichannel"
        )
    if text.unit == "word" and model.has_vectors and model.embedding == "onehot":
        yield (
            "model.embedding=onehot needs one channel per token, too many with text=word; "
            "try text=char, or model.embedding=nonstatic"
        )
    for name, value in (("position", "learned"), ("pooling", "flatten")):
        positions = model.max_positions or text.max_length
        if getattr(model, name) == value and positions is not None and positions > MAX_POSITIONS:
            yield (
                f"model.{name}={value} takes at most {MAX_POSITIONS:,} positions, got "
                f"text.max_length={positions}; try model.max_positions=500"
            )
        if getattr(model, name) == value and positions is None:
            yield (
                f"model.{name}={value} needs a maximum length; try model.max_positions=500 or "
                "text.max_length=500"
            )


def regularizer_conflicts(model: NetworkConfig, training: TrainingConfig) -> Iterator[str]:
    names = ("dropout", "word_dropout", "embedding_dropout", "block_dropout")
    drops = any(getattr(model, name, 0.0) for name in names)
    # an installed encoder may have dropout of its own
    if training.r_drop and not drops and not hasattr(model, "options"):
        yield (
            f"training.r_drop={training.r_drop} compares passes with different dropout, but there "
            "is no dropout; try model.dropout=0.5"
        )
    if training.adversarial and not model.has_vectors:
        yield (
            f"training.adversarial={training.adversarial} changes the vectors of tokens, which "
            f"model={model.name} doesn't have; try training.adversarial=0, or model=multi_width"
        )
    elif training.adversarial and model.embedding == "onehot":
        yield (
            f"training.adversarial={training.adversarial} changes the vectors of tokens, which "
            "model.embedding=onehot doesn't have; try training.adversarial=0, or "
            "model.embedding=nonstatic"
        )
