"""Integrated gradients: what each token adds, approximately (Sundararajan et al. 2017).

"Axiomatic Attribution for Deep Networks". The vectors of a text grow from zero to what they are. A
token adds its vector times the mean gradient of the logit along this way.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from textcnn.explanation.contributions.parts import NETWORK, Ngram, Parts
from textcnn.models.classifier import TextCNN
from textcnn.text.spans import Span

STEPS = 32  # places on the way from zero to the text


def gradient_parts(
    model: TextCNN,
    inputs: dict[str, Any],
    classes: Tensor,
    units: Sequence[Sequence[Span]],
    steps: int = STEPS,
) -> list[Parts]:
    """The logits of each text as those of zero vectors, plus what each unit adds, approximately.

    Args:
        inputs, classes: as for `network_parts`.
        units: of each text, spans of tokens.
        steps: more are more exact, and take more time.
    """
    vectors, lengths = model.vectors(**inputs)  # (batch, time, dim)
    constant = logits_of(model, torch.zeros_like(vectors), lengths).gather(1, classes)
    sums = vectors.new_zeros(*classes.shape, vectors.shape[1])  # (batch, chosen, time)
    # cuDNN has no gradients of an LSTM in evaluation
    with torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
        for step in range(steps):
            scaled = (vectors.detach() * (step + 0.5) / steps).requires_grad_()
            logits = logits_of(model, scaled, lengths).gather(1, classes)
            for number in range(classes.shape[1]):
                (gradient,) = torch.autograd.grad(
                    logits[:, number].sum(), scaled, retain_graph=number + 1 < classes.shape[1]
                )
                sums[:, number] += (gradient * vectors).sum(dim=2) / steps
    before = torch.nn.functional.pad(sums.double().cumsum(dim=2), (1, 0)).cpu().numpy()
    texts = []
    for row, own in enumerate(constant.double().cpu().numpy()):
        parts = Parts(own)
        read = int(lengths[row])
        for start, end in units[row]:
            if start < read:
                added = before[row, :, min(end, read)] - before[row, :, start]
                parts.add(Ngram(NETWORK, ((start, end),)), added)
        texts.append(parts)
    return texts


def logits_of(model: TextCNN, vectors: Tensor, lengths: Tensor) -> Tensor:
    """(batch, classes) of vectors (batch, time, dim)."""
    pooled, _ = model.pool(model.encoder(model.place(vectors, lengths)))
    return model.classify(pooled)
