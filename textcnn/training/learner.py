"""What one training step needs: network, optimizer, loss, precision and device."""

from dataclasses import dataclass
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from textcnn.data.batching import Batch
from textcnn.models.classifier import TextCNN
from textcnn.training.losses import Loss, count_correct
from textcnn.training.optimizers import build_optimizer, seen_rows, takes_rows
from textcnn.training.precision import Precision
from textcnn.training.several.distillation import Distillation


@dataclass(frozen=True)
class Learner:
    """Updates a network, one batch at a time."""

    model: nn.Module  # as `accelerator.prepare` returns it
    optimizer: torch.optim.Optimizer
    loss_of: Loss
    precision: Precision
    accelerator: Accelerator
    distillation: Distillation | None = None  # for batches with a teacher's logits

    def step(self, batch: Batch) -> tuple[float, int]:
        """Update the weights. Return the loss and the correct texts from before the update."""
        batch = batch.to(self.accelerator.device)
        assert batch.labels is not None
        with self.precision.autocast():
            logits = self.model(batch.ids, batch.lengths).float()  # (batch, classes)
        loss = self.loss(logits, batch)
        self.optimizer.zero_grad()
        self.accelerator.backward(self.precision.scaled(loss))
        self.precision.step(self.optimizer)
        return loss.item(), count_correct(logits, batch.labels)

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """A scalar in nats, from the labels and, if there is a teacher, from its logits."""
        assert batch.labels is not None
        if batch.teacher is None or self.distillation is None:
            return self.loss_of(logits, batch.labels, batch.weights)
        return self.distillation.loss(
            self.loss_of,
            logits,
            batch.labels,
            batch.teacher,
            weights=batch.weights,
            labelled=batch.labelled,
        )

    @property
    def learning_rate(self) -> float:
        rate: float = self.optimizer.param_groups[0]["lr"]
        return rate

    def gradient_norm(self) -> float:
        """The l2 norm of the last gradient, over all parameters."""
        gradients = [p.grad for p in self.model.parameters() if p.grad is not None]
        values = [seen_rows(each)[1] if each.is_sparse else each for each in gradients]
        return nn.utils.get_total_norm(values).item()

    def any_process(self, asked: bool) -> bool:
        """Whether any process was asked to stop: all must stop after the same step."""
        if self.accelerator.num_processes == 1:
            return asked
        if asked:
            self.accelerator.set_trigger()
        return bool(self.accelerator.check_trigger())


def build_learner(
    network: TextCNN,
    loss_of: Loss,
    precision: Precision,
    accelerator: Accelerator,
    *,
    distillation: Distillation | None = None,
    **optimizer_settings: Any,
) -> Learner:
    """
    Args:
        optimizer_settings: as `build_optimizer` takes them, `name` and `learning_rate` included.
    """
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimizer = build_optimizer(parameters=trained, **optimizer_settings)
    optimizer.register_step_post_hook(lambda *_: network.limit_norms())
    model: nn.Module = network
    # one process on a CPU gains nothing from `prepare`, which takes a second to import
    if accelerator.num_processes > 1 or accelerator.device.type != "cpu":
        model, optimizer = accelerator.prepare(network, optimizer)
    elif (table := network.embedding.table) is not None:
        # processes would have to agree on the rows; a GPU updates all rows in no time
        table.sparse = takes_rows(optimizer, table)
    return Learner(model, optimizer, loss_of, precision, accelerator, distillation)
