"""Training steps on synthetic ids of any size: for memory, sweep and floor."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
import usual
from torch import nn

from textcnn.models.build import build_model
from textcnn.training.optimization.optimizers import build_optimizer, takes_rows


@dataclass(frozen=True)
class Size:
    time: int = 256  # tokens per text
    vocabulary: int = 20_000
    filters: int = 100  # of each width
    batch: int = 50  # texts

    embedding_dim = 300
    kernel_sizes = (3, 4, 5)


def make_ids(size: Size) -> torch.Tensor:
    """Token ids (batch, time) that follow Zipf's law."""
    ranks = 1 / np.arange(1, size.vocabulary + 1)
    draw = np.random.default_rng(0)
    ids = draw.choice(size.vocabulary, (size.batch, size.time), p=ranks / ranks.sum())
    return torch.from_numpy(ids + 2)


def build(kind: str, size: Size) -> Callable[[], int]:
    """A training step that returns its number of texts.

    Args:
        kind: program and precision, such as `textcnn fp32` or `usual bf16`.
    """
    program, precision = kind.split()
    ids = make_ids(size)
    lengths = torch.full((size.batch,), size.time)
    labels = torch.arange(size.batch) % 2
    sizes = size.vocabulary + 2, size.embedding_dim
    optimizer: torch.optim.Optimizer
    if program == "usual":
        plain = usual.WordCnn(*sizes, list(size.kernel_sizes), size.filters, 2)
        model: nn.Module = plain
        optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
    else:
        model = ours = build_model(
            "multi_width",
            vocabulary_size=sizes[0],
            num_classes=2,
            embedding_dim=sizes[1],
            kernel_sizes=size.kernel_sizes,
            num_filters=size.filters,
            dropout=0.5,
        )
        optimizer = build_optimizer("adam", model.parameters(), learning_rate=0.001)
        table = ours.embedding.table
        assert table is not None
        table.sparse = takes_rows(optimizer, table)  # as in training

    def step() -> int:
        model.train()
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            logits = model(ids) if program == "usual" else model(ids, lengths)
            loss = F.cross_entropy(logits, labels)
        loss.backward()
        optimizer.step()
        loss.item()
        return size.batch

    return step
