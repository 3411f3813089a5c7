"""From rows to ids: the text encoder that the training rows teach, and all splits encoded."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from textcnn.data.batching import EncodedTexts, encode
from textcnn.data.splits import Splits
from textcnn.text.encoder import TextEncoder, build_vocabulary
from textcnn.text.tokenizers import Tokenizer


@dataclass(frozen=True)
class PreparedTexts:
    """A text encoder and the splits as it encodes them."""

    encoder: TextEncoder
    train: EncodedTexts
    validation: EncodedTexts
    test: EncodedTexts

    def splits(self) -> dict[str, EncodedTexts]:
        return {"train": self.train, "validation": self.validation, "test": self.test}


def prepare_texts(
    splits: Splits,
    tokenizer: Tokenizer,
    *,
    max_length: int | None,
    truncate: str,
    **vocabulary_settings: Any,
) -> PreparedTexts:
    """Learn the vocabulary from the training rows alone, and encode all rows.

    Args:
        vocabulary_settings: as `build_vocabulary` takes them.
    """
    tokenized = [tokenizer(text) for text in splits.train["text"]]
    vocabulary = build_vocabulary(tokenizer, tokenized, **vocabulary_settings)
    encoder = TextEncoder(tokenizer, vocabulary, max_length, truncate)
    train = encode(tokenized, encoder, np.asarray(splits.train["label"][:]))
    others = (
        encode(map(tokenizer, rows["text"]), encoder, np.asarray(rows["label"][:]))
        for rows in (splits.validation, splits.test)
    )
    return PreparedTexts(encoder, train, *others)
