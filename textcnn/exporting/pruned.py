"""Fewer words, n-grams and subwords: the most important ones of a model.

After Joulin 2016, "FastText.zip: Compressing text classification models", whose `quantize` keeps
the features with the largest norms. Here a feature also counts by the number of training texts that
have it, because a rare one changes few answers, and against its bytes.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from textcnn.errors import InputError
from textcnn.exporting.parts import Parts, narrow
from textcnn.runtime.blocks import Block
from textcnn.runtime.model import Model
from textcnn.runtime.tables import Tables
from textcnn.text.subwords import subwords_of
from textcnn.text.vocabulary import SPECIALS, UNKNOWN

BYTES_OF_KEY = 4  # of an n-gram or a subword
QUOTES = 3  # bytes of JSON around a word
STEPS = 14  # of the search for the size
TABLE_MEMORY = 2**30  # bytes
WORDS_AT_ONCE = 10_000


@dataclass(frozen=True)
class Features:
    """A number or a bool for each feature of a model."""

    words: np.ndarray  # (known tokens,)
    ngrams: np.ndarray  # (longer n-grams,)
    subwords: np.ndarray  # (subwords of the linear model,)

    def all(self) -> np.ndarray:
        return np.concatenate([self.words, self.ngrams, self.subwords])

    def at_least(self, threshold: float) -> "Features":
        """bool"""
        return Features(*(each >= threshold for each in vars(self).values()))


def fitted(parts: Parts, max_size: int, size_of: Callable[[Parts], int]) -> Parts:
    """The parts with the most important features that fit a size.

    Args:
        size_of: the bytes of an export.

    Raises:
        InputError: no word fits.
    """
    if size_of(parts) <= max_size:
        return parts
    importance = importance_of(parts)
    ordered = np.sort(importance.all())  # the least important first
    low, high = 0, len(ordered)  # with `low` left out the export is too large
    found = None
    for _ in range(STEPS):
        middle = (low + high) // 2
        smaller = pruned(parts, importance.at_least(ordered[middle]))
        if size_of(smaller) > max_size:
            low = middle
        else:
            high, found = middle, smaller
    if found is None or not found.tokens:
        least = size_of(pruned(parts, importance.at_least(np.inf)))
        raise InputError(
            f"max_size={max_size:,} bytes leaves no room for words: the rest of the model takes "
            f"{least:,}; give more, or train a model with fewer filters"
        )
    return found


def feature_counts(parts: Parts) -> dict[str, int]:
    """How many words, longer n-grams and subwords the parts have."""
    names = {"ngrams": "ngrams.first", "subwords": "ngrams.subwords.keys"}
    counts = {each: len(parts.tensors.get(name, ())) for each, name in names.items()}
    return {"words": len(parts.tokens), **counts}


def importance_of(parts: Parts) -> Features:
    """How far each feature sets the classes apart in training texts, for each of its bytes.

    Texts count by their square root: a logit that is large already needs no more.
    """
    tensors, size = parts.tensors, len(SPECIALS) + len(parts.tokens)
    often = np.sqrt(parts.counts)
    by_network, by_ngrams = parts.description.weights
    words = abs(by_network) * spread(word_logits(parts))
    cost = np.array([0, 0, *(len(each.encode("utf-8", "replace")) for each in parts.tokens)])
    cost = cost + QUOTES + sum(values[0].size for name, values in tensors.items() if by_id(name))
    ngrams = subwords = np.empty(0)
    if "ngrams.weights" in tensors:
        own = abs(by_ngrams) * spread(tensors["ngrams.weights"])  # (numbers,)
        bytes_of_row = BYTES_OF_KEY + tensors["ngrams.weights"].shape[1]
        words = words + own[:size]
        ngrams = often[size:] * own[size:] / bytes_of_row
        if "ngrams.subwords.keys" in tensors:
            own = abs(by_ngrams) * spread(tensors["ngrams.subwords.weights"])
            subwords = np.sqrt(subword_counts(parts)) * own / bytes_of_row
    return Features((often[:size] * words / cost)[len(SPECIALS) :], ngrams, subwords)


def word_logits(parts: Parts) -> np.ndarray:
    """(ids, classes): the network's logits of a text of this word alone, less those of an unknown
    word; 0 without a network."""
    description, size = parts.description, len(SPECIALS) + len(parts.tokens)
    logits = np.zeros((size, len(description.labels)), np.float32)
    if description.network is not None:
        alone = replace(description, ngrams=None)
        model = Model(alone, Tables(parts.tensors), size, TABLE_MEMORY)
        for ids in np.split(
            np.arange(size, dtype=np.int32), range(WORDS_AT_ONCE, size, WORDS_AT_ONCE)
        ):
            block = Block(ids, ids[:, None], np.ones(len(ids), np.int64))
            logits[ids] = model.vote(block)
    return logits - logits[UNKNOWN]


def subword_counts(parts: Parts) -> np.ndarray:
    """(subwords,) how many rare words of training have each.

    Subwords speak for words that are not known, and those are like rare ones.
    """
    keys, words = parts.tensors["ngrams.subwords.keys"], subwords_of(parts.tokens)
    counts = np.minimum(parts.counts[len(SPECIALS) : len(SPECIALS) + len(parts.tokens)], 2.0)
    places = np.searchsorted(keys, words.keys).clip(max=max(len(keys) - 1, 0))
    found = keys[places] == words.keys if len(keys) else np.zeros(len(places), bool)
    weights = np.repeat(counts, np.diff(words.offsets))
    return np.bincount(places[found], weights[found], minlength=len(keys))


def pruned(parts: Parts, keep: Features) -> Parts:
    """The parts with some features; an n-gram needs its words and its shorter n-gram too."""
    tensors, ids = dict(parts.tensors), np.concatenate([[True, True], keep.words])
    if "ngrams.weights" in tensors:
        first, last = (tensors[name].astype(np.int64) for name in ("ngrams.first", "ngrams.last"))
        kept = np.concatenate([ids, keep.ngrams & ids[last]])  # (numbers,)
        ngrams = parts.description.ngrams
        for _ in range(0 if ngrams is None else ngrams.longest - 1):
            kept[len(ids) :] &= kept[first]
        own, new = kept[len(ids) :], np.cumsum(kept) - 1
        tensors["ngrams.first"] = narrow(new[first[own]])
        tensors["ngrams.last"] = narrow(new[last[own]])
        for name in ("ngrams.weights", "ngrams.idf"):
            if name in tensors:
                tensors[name] = tensors[name][kept]
    for name in tensors:
        if by_id(name):
            tensors[name] = tensors[name][ids]
        elif name.startswith("ngrams.subwords."):
            tensors[name] = tensors[name][keep.subwords]
    tokens = tuple(np.array(parts.tokens, object)[keep.words].tolist())
    return replace(parts, tokens=tokens, tensors=tensors)


def by_id(name: str) -> bool:
    """Whether a tensor has a row for each id of the vocabulary."""
    return name.endswith((".embedding", ".rows"))


def spread(weights: np.ndarray) -> np.ndarray:
    """(features, classes) to (features,): how far apart a feature sets the classes."""
    return np.asarray(weights.max(axis=1) - weights.min(axis=1))
