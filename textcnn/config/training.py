"""The keys of the optimizers and of the training loop."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from textcnn.config.keys import chosen_by, fraction, key

# A string, a list or numbers by name: OmegaConf has no such union, so `check` validates it.
ClassWeights = Any


@dataclass
class OptimizerConfig:
    name: str = key("adam", "the optimizer; choose it with optimizer=")
    learning_rate: float = key(0.003, "step size", above=0.0, at_most=1e30)
    weight_decay: float = key(0.0, "factor of the L2 penalty", at_least=0.0)


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
        "maximum number of steps (batches), even within an epoch; null: training.epochs alone, or "
        "one pass over a stream",
        at_least=1,
    )
    validate_every: int = key(
        1000,
        "with data.streaming, number of steps between validations; without, each epoch ends with "
        "one",
        at_least=1,
    )
    batch_size: int = key(50, "number of texts per step and process", at_least=1)
    batch_tokens: int | None = key(
        None,
        "number of tokens per step and process, including padding; a longer text is a batch of its "
        "own; null: training.batch_size texts",
        at_least=1,
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
        "frequency), {rare:5,other:1}, or a list in the order of the class names; null: all equal",
        weights=True,
        optional=True,
    )
    sampling: str = key(
        "shuffle",
        "how an epoch draws texts: shuffle (each text once) or balanced (with replacement, every "
        "class equally often)",
        choices=("shuffle", "balanced"),
    )
    label_smoothing: float = fraction(
        "fraction of each target that is spread evenly over the classes"
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

    def conflicts(self) -> Iterator[str]:
        if self.member is not None and self.member > self.members:
            yield (
                f"training.member takes 1 to {self.members} (training.members), got {self.member}; "
                f"try training.members={self.member}"
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
