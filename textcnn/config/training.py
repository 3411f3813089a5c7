"""The keys of optimizers and of the training loop."""

from dataclasses import dataclass
from typing import Any

from textcnn.config.keys import key

ClassWeights = Any  # a string, a list or numbers by name, of which OmegaConf has no union


@dataclass
class OptimizerConfig:
    name: str = key("adam", "the optimizer, chosen by optimizer=adam and the like")
    learning_rate: float = key(0.003, "step size", above=0.0, at_most=1e30)
    weight_decay: float = key(0.0, "L2 penalty", at_least=0.0)


@dataclass
class AdamConfig(OptimizerConfig):
    name: str = key("adam", "chosen by optimizer=adam", choices=("adam",))
    betas: list[float] = key(
        [0.9, 0.999], "decay of the two running means", at_least=0.0, below=1.0, length=(2, 2)
    )
    eps: float = key(1e-8, "added to the denominator", above=0.0)


@dataclass
class AdadeltaConfig(OptimizerConfig):
    name: str = key("adadelta", "chosen by optimizer=adadelta", choices=("adadelta",))
    rho: float = key(0.95, "decay of the running means", at_least=0.0, below=1.0)
    eps: float = key(1e-6, "added to the denominator", above=0.0)


@dataclass
class TrainingConfig:
    epochs: int = key(12, "passes over the training texts, at most", at_least=1)
    max_steps: int | None = key(
        None,
        "steps, at most; null: as many as the epochs have, or one pass over a stream",
        at_least=1,
    )
    validate_every: int = key(
        1000, "steps between two validations of a stream, which has no epochs", at_least=1
    )
    batch_size: int = key(50, "texts per step (and per process)", at_least=1)
    batch_tokens: int | None = key(
        None,
        "tokens per step, padding counted, in place of batch_size: many short texts or a few long "
        "ones; a text longer than that is alone in its batch",
        at_least=1,
    )
    precision: str = key(
        "fp32",
        "of the matrix products in training; weights, optimizer, losses, validation and test are "
        "fp32 in each. bf16 is for CPUs and GPUs that have it, fp16 for GPUs",
        choices=("fp32", "bf16", "fp16"),
    )
    patience: int | None = key(
        3, "validations without a better `metric` before training stops; null: never", at_least=1
    )
    metric: str = key(
        "loss",
        "the validation metric that chooses the best checkpoint",
        choices=("accuracy", "macro_f1", "micro_f1", "loss"),
    )
    class_weights: ClassWeights = key(
        None,
        "how much a text counts in the loss by its class: `balanced`, the rarer the more; or "
        "given, {rare:5,other:1} or a list in the order of the classes' names",
        weights=True,
        optional=True,
    )
    sampling: str = key(
        "shuffle",
        "each text once in an epoch; or drawn with replacement, each class as often as the others",
        choices=("shuffle", "balanced"),
    )
    label_smoothing: float = key(
        0.0, "share of the target that is spread evenly over the classes", at_least=0.0, below=1.0
    )
    log_every: int = key(10, "steps between two points of a training curve", at_least=1)
