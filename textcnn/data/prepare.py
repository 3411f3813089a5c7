"""From a source to ids: splits, the vocabulary of the training rows, and all rows encoded."""

from dataclasses import dataclass
from typing import Any

from textcnn.config.data import DataConfig
from textcnn.config.text import TextConfig
from textcnn.data.batching import EncodedTexts
from textcnn.data.encoding import encode_rows
from textcnn.data.row_stream import RowStream, load_stream
from textcnn.data.sources.source import Source
from textcnn.data.splits import Division, Splits, load_splits
from textcnn.text.encoder import TextEncoder, build_vocabulary
from textcnn.text.tokenizers import Tokenizer, build_tokenizer


@dataclass(frozen=True)
class PreparedTexts:
    """A text encoder and the splits as it encodes them."""

    encoder: TextEncoder
    train: EncodedTexts
    validation: EncodedTexts
    test: EncodedTexts

    def by_name(self) -> dict[str, EncodedTexts]:
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
    # splits that were drawn from one source are tokenized together
    sources = {rows.source for rows in splits.by_name().values()}
    tokenized = {source: source.tokenized(tokenizer) for source in sources}
    train = splits.train
    vocabulary = build_vocabulary(
        tokenizer, lambda: tokenized[train.source].counts(train.rows), **vocabulary_settings
    )
    encoder = TextEncoder(tokenizer, vocabulary, max_length, truncate)
    encoded = {
        name: encode_rows(tokenized[rows.source], rows.rows, encoder, rows.labels)
        for name, rows in splits.by_name().items()
    }
    return PreparedTexts(encoder, **encoded)


@dataclass(frozen=True)
class PreparedData:
    """All that training, or a look at the data, needs of them."""

    splits: Splits
    texts: PreparedTexts
    stream: RowStream | None  # where the training rows are not held; `splits` has the first


def prepare_data(data: DataConfig, text: TextConfig, seed: int) -> PreparedData:
    """
    Raises:
        InputError: as `load_splits`, or a tokenizer that can't be had.
    """
    tokenizer = build_tokenizer(text.unit, **text.tokenizer_settings())
    source = Source(**data.source_settings(), seed=seed)
    division = Division(**data.split_settings(), seed=seed)
    stream = None
    if data.streaming:
        splits, stream = load_stream(source, division, text.vocabulary_examples)
    else:
        splits = load_splits(source, division)
    texts = prepare_texts(
        splits,
        tokenizer,
        max_length=text.max_length,
        truncate=text.truncate,
        **text.vocabulary_settings(),
    )
    return PreparedData(splits, texts, stream)
