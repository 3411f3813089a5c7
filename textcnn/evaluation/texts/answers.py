"""The answer to each text: its label, its prediction and its probabilities, by name."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress
from typing import Any

import torch
from torch import Tensor

from textcnn.data.labels.unseen import UNSEEN
from textcnn.evaluation.predictions import Predictions

AT_ONCE = 2**20  # probabilities
MOST_LISTED = 1000  # classes; of more, only the most probable ones of a text are listed


@dataclass(frozen=True)
class Answers:
    """Predictions with the texts that they are about.

    `probabilities` turns logits (texts, classes) into the probabilities that `predict` gives. Where
    `Predictions` lacks the logits, those of softmax are used.
    """

    predictions: Predictions
    texts: Sequence[str]
    probabilities: Callable[[Tensor], Tensor]

    def __len__(self) -> int:
        return len(self.texts)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Of the classes, and UNSEEN behind them."""
        return (*self.predictions.labels, UNSEEN)

    def label(self, text: int) -> Any:
        """The true class, or a list of labels."""
        return self.named(self.predictions.truth[text])

    def prediction(self, text: int) -> Any:
        """The predicted class, or a list of labels."""
        if self.predictions.multi_label:
            return self.named(self.predictions.chosen_sets[text])
        return self.named(self.predictions.predicted[text])

    def named(self, classes: Any) -> Any:
        if self.predictions.multi_label:
            return list(compress(self.names, classes))
        return self.names[classes]

    def listed(self) -> Iterator[dict[str, float]]:
        """The probabilities of each text by name, of the most probable classes if there are many.

        Finite numbers: infinite logits were refused before.
        """
        found, labels = self.predictions, self.predictions.labels
        if found.logits is not None and len(labels) <= MOST_LISTED:
            for block in found.logits.split(max(AT_ONCE // len(labels), 1)):
                for row in self.probabilities(block).tolist():
                    yield dict(zip(labels, row, strict=True))
            return
        rows = zip(found.top.tolist(), self.top_probabilities.tolist(), strict=True)
        for classes, shares in rows:
            yield {labels[id]: share for id, share in zip(classes, shares, strict=True)}

    @cached_property
    def top_probabilities(self) -> Tensor:
        """(texts, at most MOST_PROBABLE) float32, of the classes in `Predictions.top`."""
        found = self.predictions
        if found.logits is None:
            return (found.top_logits - found.totals[:, None]).exp()
        size = max(AT_ONCE // found.logits.shape[1], 1)
        parts = zip(found.logits.split(size), found.top.split(size), strict=True)
        shares = [self.probabilities(logits).gather(1, top) for logits, top in parts]
        return torch.cat([found.top_logits[:0], *shares])
