"""From tokens to ids: encode many texts at once."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from textcnn.data.batching import EncodedTexts
from textcnn.data.tokenized import TEXTS_AT_ONCE, TokenizedTexts, tokenize_list
from textcnn.data.unknown_words import unknown_tokens
from textcnn.text.encoder import TextEncoder
from textcnn.text.many_words import many_basic_english_words
from textcnn.text.ranges import ranges
from textcnn.text.tokenizers import Tokenizer, basic_english_words
from textcnn.text.vocabulary import UNKNOWN

if TYPE_CHECKING:
    from textcnn.data.labelled import LabelledTexts

# From this many characters on, texts are split together. From a tenth of it on that is as fast, but
# the import of Arrow takes 0.1 s. All chunks of `textcnn.system.chunks` are longer, except a single
# one. At the upper limit Arrow's 32-bit offsets could overflow.
MIN_TOGETHER, MAX_TOGETHER = 2**15, 2**29


def encode_texts(
    texts: Sequence[str],
    encoder: TextEncoder,
    labels: np.ndarray | None = None,
    *,
    min_together: int = MIN_TOGETHER,
) -> EncodedTexts:
    """The ids of texts in memory, equal to `encoder(text)` of each.

    Args:
        labels: (texts,) int64; for label sets (texts, classes) bool.
        min_together: see `tokenize_texts`.
    """
    tokenized = tokenize_texts(encoder.tokenizer, texts, min_together=min_together)
    return encode_rows(tokenized, np.arange(len(texts)), encoder, labels)


def tokenize_texts(
    tokenizer: Tokenizer, texts: Sequence[str], *, min_together: int = MIN_TOGETHER
) -> TokenizedTexts:
    """The tokens of texts, in this process; the table may repeat a token.

    Args:
        min_together: characters from which on `basic` and `basic_english` split all texts
            together.
    """
    if tokenizer.split is basic_english_words and min_together <= sum(map(len, texts)):
        prepared = list(map(tokenizer.prepare, texts))
        # preparation may lengthen texts
        words = None
        if sum(map(len, prepared)) < MAX_TOGETHER:
            words = many_basic_english_words(prepared)
        if words is not None:
            table, places, lengths = words
            return TokenizedTexts(tuple(table), places, np.append(0, np.cumsum(lengths)))
    return tokenize_list(tokenizer, texts)


def encode_labelled(
    rows: "LabelledTexts", encoder: TextEncoder, tokenized: TokenizedTexts | None = None
) -> EncodedTexts:
    """The ids of labelled rows, with their labels, weights and soft labels.

    Args:
        tokenized: all texts of `rows.source`, if they are tokenized already.
    """
    if tokenized is None:
        tokenized = rows.source.tokenized(encoder.tokenizer)
    encoded = encode_rows(tokenized, rows.rows, encoder, rows.labels, rows.weights)
    return replace(encoded, targets=rows.targets)


def encode_rows(
    tokenized: TokenizedTexts,
    rows: np.ndarray,
    encoder: TextEncoder,
    labels: np.ndarray | None = None,
    weights: np.ndarray | None = None,
    *,
    texts_at_once: int = TEXTS_AT_ONCE,
) -> EncodedTexts:
    """The ids of the texts `rows`, equal to `encoder(text)` of each.

    Args:
        rows: (texts,) int64, indices into `tokenized`.
        labels: of these texts: (texts,) int64; for label sets (texts, classes) bool.
        weights: of these texts: (texts,) float32; None: all 1.
        texts_at_once: texts whose tokens are copied together, which limits memory.
    """
    ids = np.array(encoder.vocabulary.encode(tokenized.table), np.int32)  # (table,)

    def encoded(places: np.ndarray, offsets: np.ndarray) -> EncodedTexts:
        unknown = None
        if encoder.subwords and UNKNOWN in ids:
            unknown = unknown_tokens(tokenized.table, ids, places)
        return EncodedTexts(ids[places], offsets, full_lengths, labels, weights, unknown=unknown)

    full_lengths = tokenized.lengths[rows]
    lengths = full_lengths
    if encoder.max_length is not None:
        lengths = np.minimum(full_lengths, encoder.max_length)
    if lengths.sum() == len(tokenized.places) and np.array_equal(rows, np.arange(len(tokenized))):
        return encoded(tokenized.places, tokenized.offsets)
    # two pieces of a text are kept, one from each end
    back = {"head": 0 * lengths, "tail": lengths, "both": lengths // 2}[encoder.truncate]
    ends = tokenized.offsets[rows + 1]
    starts = np.stack([tokenized.offsets[rows], ends - back], axis=1)  # (texts, 2)
    pieces = np.stack([lengths - back, back], axis=1)  # (texts, 2)
    blocks = [slice(start, start + texts_at_once) for start in range(0, len(rows), texts_at_once)]
    kept = [
        tokenized.places[ranges(starts[block].ravel(), pieces[block].ravel())] for block in blocks
    ]
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    return encoded(np.concatenate([np.empty(0, np.int32), *kept]), offsets)
