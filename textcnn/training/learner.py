"""What one training step needs: network, optimizer, loss, precision and device."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from textcnn.data.batching import Batch
from textcnn.models.classifier import TextCNN
from textcnn.models.ngrams.beside import WithNgrams
from textcnn.models.ngrams.ngrams import Ngrams
from textcnn.training.objectives.adversarial import Adversary
from textcnn.training.objectives.distillation import Distillation
from textcnn.training.objectives.losses import Loss, count_correct
from textcnn.training.objectives.objective import Objective, plain
from textcnn.training.optimization.averaging import WeightAverage, build_average
from textcnn.training.optimization.gradients import gradient_norm
from textcnn.training.optimization.optimizers import build_optimizer, takes_rows
from textcnn.training.optimization.parameter_groups import REST, parameter_groups
from textcnn.training.optimization.schedules import Schedule, constant, set_rates
from textcnn.training.optimization.updates import UpdateRule
from textcnn.training.precision import Precision
from textcnn.training.state import TrainingState

Trained = TextCNN | Ngrams | WithNgrams  # what has gradients


@dataclass(frozen=True)
class Learner:
    """Updates a model, one batch at a time."""

    model: nn.Module  # as `accelerator.prepare` returns it
    optimizer: torch.optim.Optimizer
    loss_of: Loss
    precision: Precision
    accelerator: Accelerator
    schedule: Schedule = constant
    update: UpdateRule = field(default_factory=UpdateRule)
    objective: Objective = plain
    adversary: Adversary | None = None  # None: no adversarial training
    average: WeightAverage | None = None
    distillation: Distillation | None = None  # for batches with a teacher's logits

    def step(self, batch: Batch) -> tuple[float, int]:
        """Update the weights. Return the loss and the correct texts from before the update."""
        self.optimizer.zero_grad()
        batch = batch.to(self.accelerator.device)
        loss, correct = 0.0, 0
        for piece, share, last in self.update.pieces(batch):
            # processes exchange gradients once a step
            with nullcontext() if last else self.accelerator.no_sync(self.model):
                part, right = self.backward(piece, share)
            loss, correct = loss + part, correct + right
        self.precision.unscale(self.optimizer)
        self.update.clip(self.model.parameters())
        self.precision.step(self.optimizer)
        return loss, correct

    def backward(self, batch: Batch, share: float | None) -> tuple[float, int]:
        """Add the gradients of a batch, whose loss counts `share` (None: 1)."""
        assert batch.labels is not None
        share = 1.0 if share is None else share

        def run(factor: float) -> tuple[Tensor, Tensor]:
            return self.backpropagate(batch, factor * share)

        loss, logits = (
            run(1.0) if self.adversary is None else self.adversary.backpropagate(batch, run)
        )
        return loss.item() * share, count_correct(logits, batch.labels)

    def backpropagate(self, batch: Batch, factor: float) -> tuple[Tensor, Tensor]:
        """Add the gradient of factor x loss. Return the loss and the logits (batch, classes)."""
        loss, logits = self.objective(self.logits, self.loss, batch)
        self.accelerator.backward(self.precision.scaled(loss * factor))
        return loss, logits

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """A scalar in nats, from the labels and, if there is a teacher, from its logits."""
        assert batch.labels is not None
        if batch.teacher is None or self.distillation is None:
            return self.loss_of(logits, batch.labels, batch.weights, batch.targets)
        return self.distillation.loss(
            self.loss_of,
            logits,
            batch.labels,
            batch.teacher,
            weights=batch.weights,
            labelled=batch.labelled,
            targets=batch.targets,
        )

    def logits(self, ids: Tensor, lengths: Tensor, more: Any = None) -> Tensor:
        """In fp32 (batch, classes), all in one forward pass, as several processes need it.

        Args:
            more: see `LogitsOf`.
        """
        with self.precision.autocast():
            logits: Tensor = self.model(ids, lengths, more).float()
        return logits

    def set_rates(self, state: TrainingState) -> None:
        """Set the learning rates of the next step."""
        set_rates(self.optimizer, self.schedule(state.step, state.history))

    def averaged(self) -> AbstractContextManager[None]:
        """A context in which the network has its average weights, if they are averaged."""
        return nullcontext() if self.average is None else self.average.applied()

    @property
    def learning_rates(self) -> dict[str, float]:
        """The rate of the last step for each group of weights: `learning_rate` is that of most."""
        rates: dict[str, float] = {}
        for group in self.optimizer.param_groups:
            name = group.get("name", REST)
            rates["learning_rate" if name == REST else f"learning_rate_{name}"] = group["lr"]
        return rates

    def gradient_norm(self) -> float:
        """The l2 norm of the last gradient before clipping, over all parameters."""
        norm = self.update.norm
        return gradient_norm(self.model.parameters()).item() if norm is None else norm

    def any_process(self, asked: bool) -> bool:
        """Whether any process was asked to stop: all must stop after the same step."""
        if self.accelerator.num_processes == 1:
            return asked
        if asked:
            self.accelerator.set_trigger()
        return bool(self.accelerator.check_trigger())


def build_learner(
    network: Trained,
    loss_of: Loss,
    precision: Precision,
    accelerator: Accelerator,
    *,
    schedule: Schedule,
    update: UpdateRule,
    average: dict[str, Any],
    name: str,
    learning_rate: float,
    weight_decay: float,
    table_name: str = "embedding",
    table_rate: float | None = None,
    objective: Objective = plain,
    adversary: Adversary | None = None,
    distillation: Distillation | None = None,
    **optimizer_settings: Any,
) -> Learner:
    """
    Args:
        average: as `build_average` takes it.
        name, learning_rate, optimizer_settings: as `build_optimizer` takes them.
        weight_decay, table_name, table_rate: as `parameter_groups` takes them.
    """
    groups = parameter_groups(
        network,
        learning_rate=learning_rate,
        weight_decay=weight_decay,
        table_name=table_name,
        table_rate=table_rate,
        matrices_only=name == "adamw",
    )
    optimizer = build_optimizer(name, groups, learning_rate=learning_rate, **optimizer_settings)
    optimizer.register_step_post_hook(lambda *_: network.limit_norms())
    # after the hook above: averages have limited norms too
    averaged = build_average(network=network, optimizer=optimizer, **average)
    model: nn.Module = network
    # one process on a CPU gains nothing from `prepare`, which takes a second to import
    if accelerator.num_processes > 1 or accelerator.device.type != "cpu":
        model, optimizer = accelerator.prepare(network, optimizer)
    else:
        # processes would have to agree on the rows; a GPU updates all rows in no time
        for table in network.tables:
            table.sparse = takes_rows(optimizer, table)
    return Learner(
        model,
        optimizer,
        loss_of,
        precision,
        accelerator,
        schedule,
        update,
        objective,
        adversary,
        averaged,
        distillation,
    )
