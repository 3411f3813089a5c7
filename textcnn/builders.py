"""From typed configuration to objects: the only module below the entry points that does this.

The classes that are built take plain values and know nothing of the configuration.
"""

from collections.abc import Mapping
from dataclasses import replace

from textcnn.config.data import DataConfig
from textcnn.config.text import TextConfig
from textcnn.data.prepare import PreparedData, prepare_data
from textcnn.data.sources.memory import Rows
from textcnn.data.sources.source import Source
from textcnn.data.splits import Division
from textcnn.text.tokenizers import build_tokenizer


def build_data(
    data: DataConfig,
    text: TextConfig,
    seed: int,
    *,
    memory: Mapping[str, Rows] | None = None,
    draw_test: bool = True,
) -> PreparedData:
    """Splits, text encoder and encoded texts, as the keys `data.*` and `text.*` say.

    Args:
        seed: draws splits and synthetic texts.
        memory: rows to use instead of `data.source`, by split: `train`, and if given `validation`
            and `test`.
        draw_test: False: leave the test split empty if it has no rows of its own.

    Raises:
        InputError: rows or keys can't be used, or a tokenizer's package is missing.
    """
    tokenizer = build_tokenizer(text.unit, **text.tokenizer_settings())
    if memory is None:
        source = Source(**data.source_settings(), seed=seed)
    else:
        source = Source("memory", multi_label=data.multi_label, memory=memory)
    division = Division(**data.split_settings(), seed=seed)
    if not draw_test:
        division = replace(division, test_fraction=None)
    return prepare_data(
        source,
        division,
        tokenizer,
        max_length=text.max_length,
        truncate=text.truncate,
        streaming=data.streaming,
        vocabulary_examples=text.vocabulary_examples,
        **text.vocabulary_settings(),
    )
