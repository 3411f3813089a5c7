"""A small file of the library `tokenizers`."""

import json
from typing import Any

from tiny_data import CLASS_WORDS

WORDS = sorted(word for words in CLASS_WORDS.values() for word in words)
PIECES = ["[UNK]", *WORDS, "fill", "##er", *(f"##{digit}" for digit in range(10))]


def definition(**changes: Any) -> str:
    """A WordPiece tokenizer of these pieces."""
    model = {
        "type": "WordPiece",
        "unk_token": "[UNK]",
        "continuing_subword_prefix": "##",
        "max_input_chars_per_word": 100,
        "vocab": {piece: number for number, piece in enumerate(PIECES)},
    }
    parts: dict[str, Any] = {
        "version": "1.0",
        "truncation": {
            "direction": "Right",
            "max_length": 2,
            "strategy": "LongestFirst",
            "stride": 0,
        },
        "padding": None,
        "added_tokens": [],
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": None,
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": False},
        "model": model,
    }
    return json.dumps(parts | changes)
