"""A model inside the page: an export of `format=numpy`, as JavaScript reads it."""

import base64
import json
import zlib
from collections.abc import Mapping
from typing import Any

from textcnn.errors import InputError
from textcnn.live_page import unicode_tables
from textcnn.text.tokenizers import EVERY_LANGUAGE, SEPARATING, Tokenizer

# The tokenizers that tokenize.js has.
WORD_TOKENIZERS = (*SEPARATING, "unicode", "basic_english", "whitespace", "kim")


def embedded_model(
    facts: Mapping[str, Any],
    tokenizer: Tokenizer,
    files: Mapping[str, bytes],
    golden: list[dict[str, Any]],
) -> dict[str, Any]:
    """What `LocalModel` in local_engine.js reads.

    Args:
        facts: see `model_facts`; also `notes`, lines below the contributions.
        files: model.json, vocabulary.json and tables.safetensors of an export; see
            `textcnn.runtime.stored`.
        golden: texts and their logits.

    Raises:
        InputError: JavaScript doesn't have this tokenizer.
    """
    model = json.loads(files["model.json"])
    if model["calibration"] is not None:
        del model["calibration"]["coverage"]  # a curve that the page doesn't show
    return {
        "facts": dict(facts),
        "tokenizer": javascript_settings(tokenizer),
        "model": model,
        "tokens": json.loads(files["vocabulary.json"])["tokens"],
        "tables": base64.b64encode(zlib.compress(files["tables.safetensors"])).decode("ascii"),
        "golden": golden,
    }


def javascript_settings(tokenizer: Tokenizer) -> dict[str, Any]:
    """The settings of a tokenizer with all defaults filled in, as `buildTokenizer` takes them.

    Raises:
        InputError: JavaScript doesn't have this tokenizer.
    """
    given = dict(tokenizer.settings)
    unit, name = given["unit"], given.get("tokenizer")
    if unit == "word" and (given.get("definition") is not None or name not in WORD_TOKENIZERS):
        raise InputError(
            f"format=html takes text.tokenizer={', '.join(WORD_TOKENIZERS)}, characters and bytes, "
            f"got text.tokenizer={name}; try format=numpy"
        )
    every_language = unit == "word" and name in EVERY_LANGUAGE

    def choose(key: str, default: Any) -> Any:
        return default if given.get(key) is None else given[key]

    return {
        "unit": unit,
        "tokenizer": name,
        "form": choose("normalize", "NFKC" if every_language else "none"),
        # those convert to lower case themselves
        "lowercase": name not in SEPARATING and choose("lowercase", every_language),
        "strip_accents": choose("strip_accents", False),
        "strip_invisible": choose("strip_invisible", every_language),
    }


def unicode_data() -> dict[str, Any]:
    """The tables of characters that tokenize.js and spans.js read."""
    return {
        "word_breaks": unicode_tables.word_breaks(),
        "combining": unicode_tables.combining(),
        **unicode_tables.flags(),
        **unicode_tables.signs(),
        **unicode_tables.removable(),
    }
