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
    loss: str = key(
        "cross_entropy",
        "what training minimizes: cross_entropy, or a loss of each class against the rest, with "
        "targets +1 and -1: squared (half the squared error) or hinge; with these two, "
        "probabilities are not calibrated",
        choices=("cross_entropy", "squared", "hinge"),
    )
    label_smoothing: float = fraction(
        "fraction of each target that is spread evenly over the classes"
    )
    log_every: int = key(
        10, "number of steps between two points of the training curves", at_least=1
    )

    def conflicts(self) -> Iterator[str]:
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
