"""Texts of ids with their tokens elsewhere: shuffled, moved, rolled, cut. No Python per token."""

import numpy as np

from textcnn.data.batching import EncodedTexts
from textcnn.text.vocabulary import UNKNOWN


def rebuilt(texts: EncodedTexts, ids: np.ndarray, lengths: np.ndarray) -> EncodedTexts:
    """The same classes, with other ids, end to end."""
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    return EncodedTexts(ids, offsets, lengths, texts.labels)


def within(lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each token of texts so long: which text it is in, and its place there."""
    text = np.repeat(np.arange(len(lengths)), lengths)
    starts = np.cumsum(lengths) - lengths
    return text, np.arange(len(text)) - starts[text]


def sample(texts: EncodedTexts, count: int, seed: int) -> EncodedTexts:
    """So many of the texts at most, drawn by seed, in their order."""
    if len(texts) <= count:
        return texts
    rows = np.sort(np.random.default_rng(seed).choice(len(texts), count, replace=False))
    lengths = texts.lengths[rows]
    text, place = within(lengths)
    ids = texts.ids[texts.offsets[rows][text] + place]
    labels = None if texts.labels is None else texts.labels[rows]
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    return EncodedTexts(ids, offsets, texts.full_lengths[rows], labels)


def shuffled(texts: EncodedTexts, block: int, seed: int) -> EncodedTexts:
    """Each text's blocks of so many tokens in random order; within a block all stays as it is.

    What is left at the end is a block too.
    """
    text, place = within(texts.lengths)
    first = place % block == 0
    keys = np.random.default_rng(seed).random(int(first.sum()))
    key = keys[np.cumsum(first) - 1]  # of each token that of its block
    return rebuilt(texts, texts.ids[np.lexsort((place, key, text))], texts.lengths)


def rolled(texts: EncodedTexts) -> EncodedTexts:
    """Each text from its middle on, and then from its beginning."""
    lengths = texts.lengths
    text, place = within(lengths)
    moved = (place + lengths[text] // 2) % lengths[text]
    return rebuilt(texts, texts.ids[texts.offsets[text] + moved], lengths)


def surrounded(texts: EncodedTexts, front: int, behind: int) -> EncodedTexts:
    """So many unknown tokens before and after each text."""
    lengths = texts.lengths + front + behind
    text, place = within(lengths)
    inside = (place >= front) & (place < front + texts.lengths[text])
    ids = np.full(len(text), UNKNOWN, np.int32)
    ids[inside] = texts.ids
    return rebuilt(texts, ids, lengths)


def cut(texts: EncodedTexts, lengths: np.ndarray, last: bool = False) -> EncodedTexts:
    """The first so many tokens of each text, or the last: `lengths` (texts,), none longer."""
    text, place = within(lengths)
    skipped = texts.lengths - lengths if last else 0 * lengths
    return rebuilt(texts, texts.ids[(texts.offsets[:-1] + skipped)[text] + place], lengths)
