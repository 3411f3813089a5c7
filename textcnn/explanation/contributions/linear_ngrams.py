"""What each n-gram of a text adds to the logits of the linear model over n-grams."""

from typing import Any

import torch
from torch import Tensor

from textcnn.explanation.contributions.parts import NGRAMS, SUBWORDS, Ngram, Parts
from textcnn.models.ngrams.index import NgramIndex
from textcnn.models.ngrams.ngrams import Ngrams
from textcnn.text.spans import Span
from textcnn.text.vocabulary import PADDING, UNKNOWN


def ngram_parts(model: Ngrams, inputs: dict[str, Any], classes: Tensor) -> list[Parts]:
    """The logits of each text as a sum over its distinct n-grams, whatever their number.

    Arguments are those of `network_parts`.
    """
    ids, lengths, unknown = inputs["ids"], inputs["lengths"], inputs.get("unknown")
    numbers = model.index.numbers(ids, lengths)  # (batch, places)
    # (batch, places, chosen); `Ngrams.contributions` would make numbers for all classes
    added = model.weights()[numbers[..., None], classes[:, None]].double()
    if model.scaling == "tf_idf":
        added = added / model.norms(numbers).double()[..., None]
    weights = added.cpu().numpy()
    constant = model.constant.double()[classes].cpu().numpy()  # (batch, chosen)
    found = occurrences(model.index, ids, lengths)
    texts = []
    for row, places in enumerate(found):
        parts = Parts(constant[row])
        for number, own in zip(numbers[row].tolist(), weights[row], strict=True):
            if number != PADDING and own.any():
                parts.add(places[number], own)
        texts.append(parts)
    if unknown is not None and model.subwords is not None and len(unknown):
        sums = model.subwords.sums(unknown.keys, unknown.offsets).double()  # (words, all classes)
        text, token = (ids == UNKNOWN).nonzero(as_tuple=True)
        words: dict[tuple[int, int], list[Span]] = {}
        triples = zip(text.tolist(), token.tolist(), unknown.words.tolist(), strict=True)
        for row, start, word in triples:
            words.setdefault((row, word), []).append((start, start + 1))
        for (row, word), spans in words.items():  # each word counts once in a text
            own = sums[word][classes[row]].cpu().numpy()
            if own.any():
                texts[row].add(Ngram(SUBWORDS, tuple(spans)), own)
    return texts


def occurrences(index: NgramIndex, ids: Tensor, lengths: Tensor) -> list[dict[int, Ngram]]:
    """Of each text, where the n-grams of each number are."""
    texts = [Places(length) for length in lengths.tolist()]
    for size, numbers in enumerate(numbers_by_length(index, ids, lengths), start=1):
        rows, starts = (numbers != PADDING).nonzero(as_tuple=True)
        found = numbers[rows, starts]
        for row, start, number in zip(rows.tolist(), starts.tolist(), found.tolist(), strict=True):
            # longer n-grams begin at the mark of the text's start
            first = start if size == 1 else start - 1
            texts[row].add(number, first, first + size)
    return [each.ngrams for each in texts]


def numbers_by_length(index: NgramIndex, ids: Tensor, lengths: Tensor) -> list[Tensor]:
    """The number of the n-gram at each place, for one token, two tokens and so on."""
    inside = torch.arange(ids.shape[1], device=ids.device) < lengths[:, None]
    single = ids.where(inside & (ids != UNKNOWN), PADDING)
    return [single, *(index.table.look_up(k) for k in index.keys_by_length(ids, lengths))]


class Places:
    """Where n-grams are in a text of `tokens` tokens."""

    def __init__(self, tokens: int):
        self.tokens = tokens
        self.ngrams: dict[int, Ngram] = {}

    def add(self, number: int, first: int, end: int) -> None:
        """
        Args:
            first, end: tokens, -1 for the mark of the text's start.
        """
        span = (max(first, 0), min(end, self.tokens))
        before = self.ngrams.get(number)
        places = (span,) if before is None else (*before.places, span)
        self.ngrams[number] = Ngram(NGRAMS, places, first < 0, end > self.tokens)
