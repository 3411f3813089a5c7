"""N-grams beside a network: two classifiers that err on different texts."""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from textcnn.data.unknown_words import UnknownWords
from textcnn.models.classifier import Activations
from textcnn.models.ngrams.ngrams import Ngrams


class WithNgrams(nn.Module):
    """The logits of a network plus those of n-grams, each times a weight.

    Validation sets the weights.
    """

    network: Any  # TextCNN or Ensemble
    weights: Tensor

    def __init__(self, network: nn.Module, ngrams: Ngrams):
        super().__init__()
        self.network, self.ngrams = network, ngrams
        self.register_buffer("weights", torch.ones(2))

    @property
    def tables(self) -> list[nn.Embedding]:
        """The tables whose rows training updates, the network's first."""
        return [*self.network.tables, *self.ngrams.tables]

    def limit_norms(self) -> None:
        """That of the network."""
        self.network.limit_norms()

    def forward(
        self,
        ids: Tensor,
        lengths: Tensor,
        labels: Tensor | None = None,
        unknown: UnknownWords | None = None,
    ) -> Tensor:
        """(batch, classes); ids and lengths as for TextCNN.

        Args:
            labels: of training texts, see `Ngrams.forward`. The result is then that of the network
                and that of the n-grams, (2, batch, classes).
            unknown: the words behind UNKNOWN ids.
        """
        if labels is not None:
            return torch.stack([self.network(ids, lengths), self.ngrams(ids, lengths, labels)])
        ngrams = self.ngrams(ids, lengths, unknown=unknown)
        return self.weighted(self.network(ids, lengths, unknown=unknown), ngrams)

    def activations(
        self, ids: Tensor, lengths: Tensor, unknown: UnknownWords | None = None
    ) -> Activations:
        """Those of the network, with the logits of both; arguments as for `forward`."""
        made: Activations = self.network.activations(ids, lengths, unknown)
        ngrams = self.ngrams(ids, lengths, unknown=unknown)
        return replace(made, logits=self.weighted(made.logits, ngrams))

    @property
    def receptive_field(self) -> int | None:
        """That of the network: n-grams have a maximum length of their own."""
        field: int | None = self.network.receptive_field
        return field

    def weighted(self, network: Tensor, ngrams: Tensor) -> Tensor:
        """The sum (batch, classes) of the logits of both, each times its weight."""
        return self.weights[0] * network + self.weights[1] * ngrams


def ngrams_of(model: nn.Module) -> Ngrams | None:
    """The n-grams of a model, if it has any."""
    if isinstance(model, WithNgrams):
        return model.ngrams
    return model if isinstance(model, Ngrams) else None
