"""Encoded texts whose tokens are shuffled, moved, rolled or cut, without a loop over tokens."""

import numpy as np

from textcnn.data.batching import EncodedTexts
from textcnn.data.perturbations.order import positions_in, shuffled_blocks
from textcnn.text.vocabulary import UNKNOWN


def rebuilt(texts: EncodedTexts, ids: np.ndarray, lengths: np.ndarray) -> EncodedTexts:
    """The same labels with other ids; `ids` holds all texts, one after the other."""
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    return EncodedTexts(ids, offsets, lengths, texts.labels)


def sample(texts: EncodedTexts, count: int, seed: int) -> EncodedTexts:
    """At most `count` random texts, in their original order."""
    if len(texts) <= count:
        return texts
    rows = np.sort(np.random.default_rng(seed).choice(len(texts), count, replace=False))
    lengths = texts.lengths[rows]
    text, position = positions_in(lengths)
    ids = texts.ids[texts.offsets[rows][text] + position]
    labels = None if texts.labels is None else texts.labels[rows]
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    return EncodedTexts(ids, offsets, texts.full_lengths[rows], labels)


def shuffled(texts: EncodedTexts, block: int, seed: int) -> EncodedTexts:
    """Each text with its blocks of `block` tokens in random order.

    Tokens within a block keep their order. The last block may be shorter.
    """
    return rebuilt(texts, texts.ids[shuffled_blocks(texts.lengths, block, seed)], texts.lengths)


def rolled(texts: EncodedTexts) -> EncodedTexts:
    """Each text with its second half first."""
    lengths = texts.lengths
    text, position = positions_in(lengths)
    moved = (position + lengths[text] // 2) % lengths[text]
    return rebuilt(texts, texts.ids[texts.offsets[text] + moved], lengths)


def surrounded(texts: EncodedTexts, before: int, after: int) -> EncodedTexts:
    """Each text with unknown tokens `before` and `after` it."""
    lengths = texts.lengths + before + after
    text, position = positions_in(lengths)
    inside = (position >= before) & (position < before + texts.lengths[text])
    ids = np.full(len(text), UNKNOWN, np.int32)
    ids[inside] = texts.ids
    return rebuilt(texts, ids, lengths)


def cut(texts: EncodedTexts, lengths: np.ndarray, last: bool = False) -> EncodedTexts:
    """The first `lengths` (texts,) tokens of each text, or the last.

    No length may exceed that of its text.
    """
    text, position = positions_in(lengths)
    skipped = texts.lengths - lengths if last else 0 * lengths
    return rebuilt(texts, texts.ids[(texts.offsets[:-1] + skipped)[text] + position], lengths)
