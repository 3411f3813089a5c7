"""Occlusion: how much a logit falls without a word (Zeiler & Fergus 2014).

A word is taken out, and its neighbours meet: nothing stands in its place that the model never saw.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from textcnn.data.batching import EncodedTexts, sorted_batches
from textcnn.data.encoding import encode_rows
from textcnn.data.tokenized import number_tokens
from textcnn.explanation.contributions.parts import NETWORK, Ngram, Parts
from textcnn.models.classifier import TextCNN
from textcnn.text.encoder import TextEncoder
from textcnn.text.spans import Span

BATCH_SIZE, BATCH_TOKENS = 512, 2**15


def occlusion_parts(
    model: TextCNN,
    inputs: dict[str, Any],
    classes: Tensor,
    texts: Sequence[Sequence[str]],
    units: Sequence[Sequence[Span]],
    encoder: TextEncoder,
) -> list[Parts]:
    """The logits of each text as those of an empty one, plus what each unit adds, approximately.

    Args:
        inputs, classes: as for `network_parts`.
        texts: the tokens of each text.
        units: of each text, spans of tokens.
    """
    full = model(**inputs).double().cpu()  # (batch, classes)
    made = []
    for row, (tokens, spans) in enumerate(zip(texts, units, strict=True)):
        shorter = [without(tokens, [span]) for span in spans]
        logits = logits_of_tokens(model, [*shorter, ()], encoder)[:, classes[row].cpu()]
        added = (full[row][classes[row].cpu()] - logits[:-1]).numpy()  # (units, chosen)
        parts = Parts(logits[-1].numpy())
        for span, own in zip(spans, added, strict=True):
            parts.add(Ngram(NETWORK, (span,)), own)
        made.append(parts)
    return made


def without(tokens: Sequence[str], spans: Sequence[Span]) -> list[str]:
    """The tokens outside all spans."""
    gone = {place for start, end in spans for place in range(start, end)}
    return [token for place, token in enumerate(tokens) if place not in gone]


def encode_tokens(texts: Sequence[Sequence[str]], encoder: TextEncoder) -> EncodedTexts:
    """The ids of texts that are already split."""
    return encode_rows(number_tokens(texts), np.arange(len(texts)), encoder)


@torch.no_grad()
def logits_of_tokens(model: Any, texts: Sequence[Sequence[str]], encoder: TextEncoder) -> Tensor:
    """(texts, classes) float64"""
    device = next(model.parameters()).device
    encoded = encode_tokens(texts, encoder)
    found: list[tuple[np.ndarray, Tensor]] = []
    for rows in sorted_batches(encoded.lengths, BATCH_SIZE, BATCH_TOKENS):
        batch = encoded.batch(rows).to(device)
        found.append((rows, model(**batch.inputs).double().cpu()))
    order = np.concatenate([rows for rows, _ in found]).argsort()
    return torch.cat([logits for _, logits in found])[torch.from_numpy(order)]
