"""From a source to ids: splits, the vocabulary of the training rows, all rows encoded."""

from dataclasses import dataclass

from textcnn.data.batching import EncodedTexts
from textcnn.data.encoding import encode_labelled
from textcnn.data.row_stream import RowStream, load_stream
from textcnn.data.sources.source import Source
from textcnn.data.splits import Division, Splits, load_splits
from textcnn.text.encoder import TextEncoder, build_vocabulary
from textcnn.text.tokenizers import Tokenizer


@dataclass(frozen=True)
class PreparedTexts:
    """A text encoder, and the splits as it encodes them."""

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
    min_frequency: int = 1,
    max_vocabulary: int | None = None,
) -> PreparedTexts:
    """Learn the vocabulary from the training rows only, and encode all rows.

    Args:
        max_length, truncate: see `TextEncoder`.
        min_frequency, max_vocabulary: see `build_vocabulary`.
    """
    # splits that were drawn from one source are tokenized together
    sources = {rows.source for rows in splits.by_name().values()}
    tokenized = {source: source.tokenized(tokenizer) for source in sources}
    train = splits.train
    vocabulary = build_vocabulary(
        tokenizer,
        lambda: tokenized[train.source].counts(train.rows),
        min_frequency=min_frequency,
        max_vocabulary=max_vocabulary,
    )
    encoder = TextEncoder(tokenizer, vocabulary, max_length, truncate)
    encoded = {
        name: encode_labelled(rows, encoder, tokenized[rows.source])
        for name, rows in splits.by_name().items()
    }
    return PreparedTexts(encoder, **encoded)


@dataclass(frozen=True)
class PreparedData:
    """The data of a training run."""

    splits: Splits
    texts: PreparedTexts
    stream: RowStream | None  # the training rows if streaming; `splits` then has the first rows


def prepare_data(
    source: Source,
    division: Division,
    tokenizer: Tokenizer,
    *,
    max_length: int | None,
    truncate: str,
    min_frequency: int = 1,
    max_vocabulary: int | None = None,
    streaming: bool = False,
    vocabulary_examples: int = 100_000,
) -> PreparedData:
    """Read the rows of a source, divide them into splits, and encode them.

    Args:
        max_length, truncate, min_frequency, max_vocabulary: see `prepare_texts`.
        streaming: don't hold the training rows in memory.
        vocabulary_examples: with `streaming`, the first rows, see `load_stream`.

    Raises:
        InputError: as `load_splits` and `load_stream`.
    """
    stream = None
    if streaming:
        splits, stream = load_stream(source, division, vocabulary_examples)
    else:
        splits = load_splits(source, division)
    texts = prepare_texts(
        splits,
        tokenizer,
        max_length=max_length,
        truncate=truncate,
        min_frequency=min_frequency,
        max_vocabulary=max_vocabulary,
    )
    return PreparedData(splits, texts, stream)
