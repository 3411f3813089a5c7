"""From tokens to ids: what an encoder makes of many texts at once."""

from collections.abc import Sequence

import numpy as np

from textcnn.data.batching import EncodedTexts
from textcnn.data.tokenized import GATHERED_AT_ONCE, TokenizedTexts, gather, tokenize_list
from textcnn.text.encoder import TextEncoder
from textcnn.text.many_words import many_basic_english_words
from textcnn.text.tokenizers import Tokenizer, basic_english_words

# Characters from which on many texts are better split at once, and up to which Arrow counts bytes.
# Splitting them at once is as fast from a tenth as many on, but takes 0.1 s once to import Arrow.
# No chunk of `textcnn.system.chunks` is shorter, unless it is the only one.
MIN_TOGETHER, MAX_TOGETHER = 2**15, 2**29


def encode_texts(
    texts: Sequence[str], encoder: TextEncoder, labels: np.ndarray | None = None
) -> EncodedTexts:
    """The ids of a few texts, each as `encoder(text)` gives them."""
    tokenized = tokenize_texts(encoder.tokenizer, texts)
    return encode_rows(tokenized, np.arange(len(texts)), encoder, labels)


def tokenize_texts(tokenizer: Tokenizer, texts: Sequence[str]) -> TokenizedTexts:
    """The tokens of texts, in this process; a token may be in the table several times."""
    if (
        tokenizer.split is basic_english_words
        and MIN_TOGETHER <= sum(map(len, texts)) < MAX_TOGETHER
    ):
        words = many_basic_english_words(texts)
        if words is not None:
            table, places, lengths = words
            return TokenizedTexts(tuple(table), places, np.append(0, np.cumsum(lengths)))
    return tokenize_list(tokenizer, texts)


def encode_rows(
    tokenized: TokenizedTexts,
    rows: np.ndarray,
    encoder: TextEncoder,
    labels: np.ndarray | None = None,
) -> EncodedTexts:
    """The ids of the texts `rows`, each as `encoder(text)` gives them.

    Args:
        rows: (texts,) int64
        labels: of these texts: (texts,) int64, or (texts, classes) bool.
    """
    ids = np.array(encoder.vocabulary.encode(tokenized.table), np.int32)  # of each place
    full_lengths = tokenized.lengths[rows]
    lengths = full_lengths
    if encoder.max_length is not None:
        lengths = np.minimum(full_lengths, encoder.max_length)
    if lengths.sum() == len(tokenized.places) and np.array_equal(rows, np.arange(len(tokenized))):
        return EncodedTexts(ids[tokenized.places], tokenized.offsets, full_lengths, labels)
    # a text is kept in two pieces, one from each end
    behind = {"head": 0 * lengths, "tail": lengths, "both": lengths // 2}[encoder.truncate]
    ends = tokenized.offsets[rows + 1]
    starts = np.stack([tokenized.offsets[rows], ends - behind], axis=1)  # (texts, 2)
    pieces = np.stack([lengths - behind, behind], axis=1)
    blocks = range(0, len(rows), GATHERED_AT_ONCE)
    kept = [
        ids[
            gather(
                tokenized.places,
                starts[i : i + GATHERED_AT_ONCE].ravel(),
                pieces[i : i + GATHERED_AT_ONCE].ravel(),
            )
        ]
        for i in blocks
    ]
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    all_ids = np.concatenate([np.empty(0, np.int32), *kept])
    return EncodedTexts(all_ids, offsets, full_lengths, labels)
