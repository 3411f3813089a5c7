"""The words that a classifier reads of its texts, to be put in another order or replaced."""

from collections.abc import Sequence

import numpy as np

from textcnn.data.batching import EncodedTexts
from textcnn.data.encoding import encode_rows, encode_texts
from textcnn.data.tokenized import TokenizedTexts, number_tokens
from textcnn.text.encoder import TextEncoder, cut


def reads_words(encoder: TextEncoder) -> bool:
    """Whether the tokens are words, not characters or bytes."""
    return dict(encoder.tokenizer.settings)["unit"] == "word"


def words_of(texts: Sequence[str], encoder: TextEncoder) -> TokenizedTexts:
    """The words of each text up to the length limit.

    They are the tokens; of models of characters and bytes, what white space separates.
    """
    read = [cut(encoder.tokenizer(text), encoder.max_length, encoder.truncate) for text in texts]
    if reads_words(encoder):
        return number_tokens(read)
    return number_tokens([encoder.tokenizer.join(tokens).split() for tokens in read])


def encode_words(words: TokenizedTexts, encoder: TextEncoder) -> EncodedTexts:
    """The ids of texts that consist of these words; characters get a blank between two words."""
    if reads_words(encoder):
        return encode_rows(words, np.arange(len(words)), encoder)
    return encode_texts([" ".join(each) for each in word_lists(words)], encoder)


def word_lists(words: TokenizedTexts) -> list[list[str]]:
    """The words of each text."""
    table, parts = words.table, np.split(words.places, words.offsets[1:-1])
    return [[table[place] for place in part.tolist()] for part in parts]
