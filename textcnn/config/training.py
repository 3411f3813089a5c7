"""The keys of the optimizers and of the training loop."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from textcnn.config.keys import chosen_by, fraction, key
from textcnn.config.quoting import weights_by_name

# A string, a list or numbers by name: OmegaConf has no such union, so `check` validates it.
ClassWeights = Any
SMALLEST_MIXUP = 0.01


@dataclass
class OptimizerConfig:
    name: str = key("adam", "the optimizer; choose it with optimizer=")
    learning_rate: float = key(0.003, "step size", above=0.0, at_most=1e30)
    weight_decay: float = key(
        0.0,
        "factor of the L2 penalty; vectors that start from text.vectors have none",
        at_least=0.0,
    )
    embedding_rate: float | None = key(
        None,
        "learning rate of the embedding, as a multiple of optimizer.learning_rate; for an "
        "embedding that starts from random vectors; null: 1",
        above=0.0,
        at_most=1e30,
    )
    vectors_rate: float | None = key(
        None,
        "the same for an embedding that starts from text.vectors; null: 1",
        above=0.0,
        at_most=1e30,
    )


@dataclass
class AdamConfig(OptimizerConfig):
    name: str = chosen_by("optimizer", "adam")
    betas: list[float] = key(
        [0.9, 0.999],
        "decay rates of the running means of the gradient and of its square",
        at_least=0.0,
        below=1.0,
        length=(2, 2),
    )
    eps: float = key(1e-8, "added to the denominator for numerical stability", above=0.0)


@dataclass
class AdamWConfig(AdamConfig):
    name: str = chosen_by("optimizer", "adamw")
    weight_decay: float = key(
        0.01,
        "fraction of a weight that a step with a learning rate of 1 removes; for the weights of "
        "convolutions and linear layers, not for embeddings, biases and normalizations",
        at_least=0.0,
    )


@dataclass
class SgdConfig(OptimizerConfig):
    name: str = chosen_by("optimizer", "sgd")
    momentum: float = fraction("decay rate of the running sum of gradients", default=0.9)
    nesterov: bool = key(False, "use Nesterov's momentum")

    def conflicts(self) -> Iterator[str]:
        if self.nesterov and not self.momentum:
            yield (
                "optimizer.nesterov=true needs momentum, got optimizer.momentum=0; try "
                "optimizer.momentum=0.9"
            )


@dataclass
class AdadeltaConfig(OptimizerConfig):
    name: str = chosen_by("optimizer", "adadelta")
    rho: float = key(
        0.95,
        "decay rate of the running means of squared gradients and updates",
        at_least=0.0,
        below=1.0,
    )
    eps: float = key(1e-6, "added to the denominator for numerical stability", above=0.0)


@dataclass
class TrainingConfig:
    epochs: int = key(12, "maximum number of passes over the training texts", at_least=1)
    max_steps: int | None = key(
        None,
        "maximum number of steps (updates of the weights), even within an epoch; null: "
        "training.epochs alone, or one pass over a stream",
        at_least=1,
    )
    validate_every: int = key(
        1000,
        "with data.streaming, number of steps between validations; without, each epoch ends with "
        "one",
        at_least=1,
    )
    batch_size: int = key(50, "number of texts per batch and process", at_least=1)
    batch_tokens: int | None = key(
        None,
        "number of tokens per batch and process, including padding; a longer text is a batch of "
        "its own; null: training.batch_size texts",
        at_least=1,
    )
    accumulate: int = key(
        1,
        "number of batches whose gradients make one step, for the memory of a small batch and the "
        "steps of a large one",
        at_least=1,
    )
    max_gradient_norm: float | None = key(
        None,
        "clip the gradients of all weights together to this l2 norm; null: no clipping",
        above=0.0,
    )
    precision: str = key(
        "fp32",
        "precision of the matrix products in training (bf16: CPUs and GPUs that support it; fp16: "
        "GPUs); weights, optimizer state, losses, validation and test are always fp32",
        choices=("fp32", "bf16", "fp16"),
    )
    patience: int | None = key(
        3,
        "stop after this many validations in a row without a better training.metric; null: never "
        "stop early",
        at_least=1,
    )
    metric: str = key(
        "loss",
        "the validation metric that selects the best checkpoint",
        choices=("accuracy", "macro_f1", "micro_f1", "loss"),
    )
    class_weights: ClassWeights = key(
        None,
        "weights of the classes in the loss: balanced (inversely proportional to their "
        "frequency), {rare:5,other:1} (in quotes for the shell if a name needs them), or a list in "
        "the order of the class names; null: all equal",
        weights=True,
        optional=True,
    )
    sampling: str = key(
        "shuffle",
        "how an epoch draws texts: shuffle (each text once) or balanced (with replacement, every "
        "class equally often)",
        choices=("shuffle", "balanced"),
    )
    loss: str = key(
        "cross_entropy",
        "what training minimizes: cross_entropy, or a loss of each class against the rest, with "
        "targets +1 and -1: squared (half the squared error) or hinge; with these two, only "
        "training.calibrate makes probabilities of the logits",
        choices=("cross_entropy", "squared", "hinge"),
    )
    label_smoothing: float = fraction(
        "fraction of each target that is spread evenly over the classes"
    )
    r_drop: float = key(
        0.0,
        "R-Drop: weight of the divergence between the answers of two passes with different "
        "dropout; 0: one pass",
        at_least=0.0,
    )
    mixup: float = key(
        0.0,
        "mixup: each text's pooled features and target are mixed with those of another text, in "
        "shares from Beta(mixup, mixup), so 1 draws all shares equally often; 0: none",
        at_least=0.0,
    )
    adversarial: float = key(
        0.0,
        "adversarial training: l2 norm per text of the change of the token vectors that raises the "
        "loss most, where a vector's values have variance 1; 0: none",
        at_least=0.0,
    )
    average: str = key(
        "none",
        "which weights are validated, saved and tested: none (those of the last step), ema (an "
        "exponential moving average over the steps) or tail (the mean over the last part)",
        choices=("none", "ema", "tail"),
    )
    average_decay: float = key(
        0.999,
        "with training.average=ema, how much less a step counts than the next one",
        above=0.0,
        below=1.0,
    )
    average_from: float = fraction(
        "with training.average=tail, fraction of all steps after which the mean begins", 2 / 3
    )
    final: str = key(
        "best",
        "which model a run ends with: best (the best checkpoint by training.metric) or all (a new "
        "one, trained on train and validation for as many steps as the best had)",
        choices=("best", "all"),
    )
    calibrate: bool = key(
        True,
        "fit a temperature (label sets: a slope and an offset for each label) on the validation "
        "texts at the end, so that probabilities say how often an answer is correct; no answer "
        "changes; false: the probabilities that the network computes",
    )
    log_every: int = key(
        10, "number of steps between two points of the training curves", at_least=1
    )
    members: int = key(
        1,
        "number of networks to train with different seeds, whose mean probability is the "
        "prediction; one checkpoint holds them all",
        at_least=1,
        at_most=100,
    )
    member: int | None = key(
        None,
        "train only this one of training.members, counted from 1, with seed + training.member - 1 "
        "for weights, batches and dropout; null: all of them",
        at_least=1,
    )

    temperature: float = key(
        2.0,
        "with a teacher, the number by which its logits and the student's are divided; a higher "
        "one tells the student more of the improbable classes",
        above=0.0,
    )
    teacher_weight: float = key(
        0.5,
        "weight of the teacher's probabilities in the loss; the labels have the rest; texts "
        "without a label have the teacher only",
        at_least=0.0,
        at_most=1.0,
    )
    out_of_fold: bool = key(
        False,
        "learn also from the probabilities that networks give to texts they have not seen: each of "
        "training.teacher_folds networks is trained on the other parts of the training texts",
    )
    teacher_folds: int = key(
        5,
        "with training.out_of_fold, number of parts of the training texts, and of networks",
        at_least=2,
    )
    teacher_fold: int | None = key(
        None,
        "train only the network that has not seen this part, counted from 1, and test it on that "
        "part; null: all of them, and then the student",
        at_least=1,
    )

    @property
    def teacher_part(self) -> tuple[int, int] | None:
        """The part of the training texts, from 1, that this run leaves out, and their number."""
        return None if self.teacher_fold is None else (self.teacher_fold, self.teacher_folds)

    @property
    def stored_members(self) -> int:
        """How many networks the checkpoint of such a run holds."""
        return self.members if self.member is None else 1

    @property
    def trains_members(self) -> bool:
        """Whether the run consists of a run for each member."""
        return self.stored_members > 1

    def __post_init__(self) -> None:
        if isinstance(self.class_weights, str):  # as `as_hydra` leaves weights by name
            self.class_weights = weights_by_name(self.class_weights) or self.class_weights

    def conflicts(self) -> Iterator[str]:
        if self.member is not None and self.member > self.members:
            yield (
                f"training.member takes 1 to {self.members} (training.members), got {self.member}; "
                f"try training.members={self.member}"
            )
        if self.r_drop and self.mixup:
            yield (
                f"training.r_drop={self.r_drop} with training.mixup={self.mixup}: textcnn trains "
                "with at most one of them; try training.mixup=0"
            )
        if 0 < self.mixup < SMALLEST_MIXUP:
            yield (
                f"training.mixup must be 0 or at least {SMALLEST_MIXUP}, got {self.mixup}: smaller "
                "values mix nothing; try training.mixup=0"
            )
        if self.mixup and self.batch_size == 1:
            yield (
                "training.mixup mixes texts of a batch, got training.batch_size=1; try "
                "training.batch_size=50"
            )
        if self.loss != "cross_entropy" and self.metric == "loss":
            yield (
                f"training.metric=loss with training.loss={self.loss}: the validation loss is a "
                "cross-entropy, which training doesn't minimize; try training.metric=accuracy"
            )
        if self.loss == "hinge" and self.label_smoothing:
            yield (
                f"training.label_smoothing={self.label_smoothing} with training.loss=hinge, whose "
                "targets are signs; try training.label_smoothing=0, or training.loss=squared"
            )
        if self.teacher_fold is not None and not self.out_of_fold:
            yield (
                f"training.teacher_fold={self.teacher_fold} needs training.out_of_fold=true, got "
                "false; add it"
            )
        if self.teacher_fold is not None and self.teacher_fold > self.teacher_folds:
            yield (
                f"training.teacher_fold takes 1 to {self.teacher_folds} (training.teacher_folds), "
                f"got {self.teacher_fold}; try training.teacher_fold=1"
            )
        if self.teacher_fold is not None and self.members > 1:
            yield (
                f"training.teacher_fold={self.teacher_fold} trains a single network, got "
                f"training.members={self.members}; leave out one of the two"
            )
