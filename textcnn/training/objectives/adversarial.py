"""Adversarial training (Miyato, Dai & Goodfellow 2017), on the vectors of a batch's tokens.

The paper perturbs every position of every text. Here all occurrences of a token in a batch share
one perturbation, a row of the embedding, so that every fast path stays in use: the first backward
pass has the gradient of the rows anyway, and a second pass with other rows costs what the first
one did.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from textcnn.data.batching import Batch
from textcnn.models.classifier import TextCNN
from textcnn.text.vocabulary import PADDING
from textcnn.training.optimization.rows import seen_rows

# Forward and backward pass with a factor for the loss; returns the loss without it, and the logits.
Pass = Callable[[float], tuple[Tensor, Tensor]]


class Adversary:
    """Trains on each batch twice: as it is, and with the vectors that raise its loss most."""

    def __init__(self, network: TextCNN, epsilon: float):
        """
        Args:
            network: its embedding has vectors.
            epsilon: as in `perturbation`.
        """
        tables = (network.embedding.table, network.embedding.fixed)
        self.weights = [table.weight for table in tables if table is not None]
        self.network, self.epsilon = network, epsilon

    def backpropagate(self, batch: Batch, run: Pass) -> tuple[Tensor, Tensor]:
        """Run both passes with half of each loss, and the same random numbers.

        Returns:
            The mean loss, and the logits (batch, classes) of the batch as it is.
        """
        random = random_state(batch.ids.device)
        with self.watched() as gradients:
            loss, logits = run(0.5)
        tokens, counts = self.distinct(batch)
        set_random_state(random, batch.ids.device)
        with self.perturbed(tokens, counts, gradients, len(batch.ids)):
            worse, _ = run(0.5)
        return (loss + worse) / 2, logits

    def distinct(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """The distinct tokens (tokens,) that are read, without padding, and their counts."""
        ids, _ = self.network.to_frame(batch.ids, batch.lengths)
        counts = ids.flatten().bincount(minlength=self.network.embedding.vocabulary_size)
        counts[PADDING] = 0
        tokens = counts.nonzero().flatten()
        return tokens, counts[tokens]

    @contextmanager
    def watched(self) -> Iterator[list[Tensor | None]]:
        """The gradients of each table, from this process and this backward pass alone."""
        gradients: list[Tensor | None] = [None] * len(self.weights)

        def keep(place: int) -> Callable[[Tensor], None]:
            return lambda gradient: gradients.__setitem__(place, gradient)

        frozen = [weight for weight in self.weights if not weight.requires_grad]
        for weight in frozen:  # vectors that don't learn are perturbed too
            weight.requires_grad_(True)
        handles = [weight.register_hook(keep(i)) for i, weight in enumerate(self.weights)]
        try:
            yield gradients
        finally:
            for handle in handles:
                handle.remove()
            for weight in frozen:
                weight.requires_grad_(False)
                weight.grad = None

    @contextmanager
    def perturbed(
        self, tokens: Tensor, counts: Tensor, gradients: Sequence[Tensor | None], texts: int
    ) -> Iterator[None]:
        """Change the rows of the tokens; at the end, put them back to the last bit."""
        with torch.no_grad():
            before = [weight.index_select(0, tokens) for weight in self.weights]
            slopes = [
                torch.zeros_like(rows) if gradient is None else rows_of(gradient, tokens)
                for rows, gradient in zip(before, gradients, strict=True)
            ]
            # several tables are channels side by side
            vectors, slope = torch.cat(before, dim=1), torch.cat(slopes, dim=1)
            added = perturbation(vectors, slope, counts, texts, self.epsilon)
            parts = added.split([rows.shape[1] for rows in before], dim=1)
            for weight, rows, part in zip(self.weights, before, parts, strict=True):
                weight.index_copy_(0, tokens, rows + part)
        try:
            yield
        finally:
            with torch.no_grad():
                for weight, rows in zip(self.weights, before, strict=True):
                    weight.index_copy_(0, tokens, rows)


def perturbation(
    vectors: Tensor, gradients: Tensor, counts: Tensor, texts: int, epsilon: float
) -> Tensor:
    """What to add to the vectors, so that the loss rises most: (tokens, channels).

    As in the paper, lengths are those of vectors with variance 1 in each channel, over the tokens
    of the batch as often as they occur; otherwise larger vectors would escape the perturbation.
    A text's perturbation is that of all its tokens, side by side. Its l2 norm is `epsilon`: of one
    text exactly, as in the paper, and of several texts as a root mean square, since they share
    tokens. To first order no other perturbation of that size raises the loss more. It is
    proportional to the mean gradient of a token's occurrences.

    Args:
        vectors: (tokens, channels) of distinct tokens.
        gradients: the same shape; only their direction matters.
        counts: (tokens,) how often each occurs.
        texts: in the batch.
    """
    if not len(vectors):
        return vectors
    number = counts.to(vectors.dtype)  # (tokens,)
    share = number / number.sum()
    mean = share @ vectors  # (channels,)
    deviation = (share @ (vectors - mean).square()).sqrt()
    # the largest is 1, so that squares of small gradients are not 0
    gradients = gradients / gradients.abs().amax().clamp(min=torch.finfo(gradients.dtype).tiny)
    # per occurrence, for vectors with variance 1
    slope = gradients * deviation / number[:, None]
    norm = (number @ slope.square()).sum().sqrt()
    added = deviation * slope * (epsilon * texts**0.5 / norm)
    # no gradient, or an infinite one in fp16, which the optimizer skips: no perturbation
    return added.nan_to_num(nan=0.0, posinf=0.0, neginf=0.0)


def rows_of(gradient: Tensor, tokens: Tensor) -> Tensor:
    """The rows (tokens, channels) of a table's gradient; 0 where it has none.

    Args:
        tokens: (tokens,) ascending.
    """
    if not gradient.is_sparse:
        return gradient.index_select(0, tokens)
    seen, values = seen_rows(gradient)
    if torch.equal(seen, tokens):  # without word dropout
        return values
    known = torch.isin(seen, tokens)  # a table may also have a row of padding
    rows = values.new_zeros(len(tokens), values.shape[1])
    return rows.index_copy_(0, torch.searchsorted(tokens, seen[known]), values[known])


def random_state(device: torch.device) -> list[Tensor]:
    """The states of the generators that a pass draws from."""
    states = [torch.get_rng_state()]
    if device.type != "cpu":
        states.append(torch.get_device_module(device).get_rng_state(device))
    return states


def set_random_state(states: Sequence[Tensor], device: torch.device) -> None:
    torch.set_rng_state(states[0])
    for state in states[1:]:
        torch.get_device_module(device).set_rng_state(state, device)
