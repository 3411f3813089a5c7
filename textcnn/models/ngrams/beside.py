"""N-grams beside a network: two classifiers that err on different texts."""

import torch
from torch import Tensor, nn

from textcnn.models.ngrams.ngrams import Ngrams


class WithNgrams(nn.Module):
    """The logits of a network plus those of n-grams, each times a weight.

    The two are trained apart; validation sets the weights.
    """

    weights: Tensor

    def __init__(self, network: nn.Module, ngrams: Ngrams):
        super().__init__()
        self.network, self.ngrams = network, ngrams
        self.register_buffer("weights", torch.ones(2))

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """(batch, classes); arguments as for TextCNN."""
        return self.weighted(self.network(ids, lengths), self.ngrams(ids, lengths))

    def weighted(self, network: Tensor, ngrams: Tensor) -> Tensor:
        """The sum (batch, classes) of the logits of both, each times its weight."""
        return self.weights[0] * network + self.weights[1] * ngrams


def ngrams_of(model: nn.Module) -> Ngrams | None:
    """The n-grams of a model, if it has any."""
    if isinstance(model, WithNgrams):
        return model.ngrams
    return model if isinstance(model, Ngrams) else None
