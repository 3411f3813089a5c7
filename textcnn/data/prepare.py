"""From a source to ids: splits, the vocabulary of the training rows, all rows encoded."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from textcnn.data.batching import EncodedTexts
from textcnn.data.encoding import encode_labelled
from textcnn.data.row_stream import RowStream, load_stream
from textcnn.data.sources.source import Source
from textcnn.data.splits import Division, Splits, load_splits
from textcnn.data.trained_texts import Known
from textcnn.data.unlabelled import joined, with_unlabelled
from textcnn.text.encoder import TextEncoder, build_vocabulary
from textcnn.text.tokenizers import Tokenizer


@dataclass(frozen=True)
class PreparedTexts:
    """A text encoder, and the splits as it encodes them."""

    encoder: TextEncoder
    train: EncodedTexts
    validation: EncodedTexts
    test: EncodedTexts
    added: int = 0  # how many tokens, the last ones, come from `more_words`

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
    subwords: bool = False,
    more_words: Sequence[str] = (),
    known: Known | None = None,
) -> PreparedTexts:
    """Learn the vocabulary from the training rows and texts without labels, and encode all rows.

    Args:
        max_length, truncate, subwords: see `TextEncoder`.
        min_frequency, max_vocabulary: see `build_vocabulary`.
        more_words: are known too, with ids behind those of the texts' tokens.
        known: its tokens come first.
    """
    # splits that were drawn from one source are tokenized together
    learned = [rows for rows in (splits.train, splits.unlabelled) if rows is not None]
    sources = {rows.source for rows in [*splits.by_name().values(), *learned]}
    tokenized = {source: source.tokenized(tokenizer) for source in sources}

    def counts() -> dict[str, int]:
        of_each = [tokenized[rows.source].counts(rows.rows) for rows in learned]
        return of_each[0] if len(of_each) == 1 else dict(sum(map(Counter, of_each), Counter()))

    learned_tokens = build_vocabulary(
        tokenizer,
        counts,
        min_frequency=min_frequency,
        max_vocabulary=max_vocabulary,
    )
    if known is not None:
        learned_tokens = known.with_new(learned_tokens, max_vocabulary)
        more_words = [*more_words, *known.more_tokens]
    vocabulary = learned_tokens.extended(more_words)
    encoder = TextEncoder(tokenizer, vocabulary, max_length, truncate, subwords)
    encoded = {
        name: encode_labelled(rows, encoder, tokenized[rows.source])
        for name, rows in splits.by_name().items()
    }
    return PreparedTexts(encoder, **encoded, added=len(vocabulary) - len(learned_tokens))


@dataclass(frozen=True)
class PreparedData:
    """The data of a training run."""

    splits: Splits
    texts: PreparedTexts
    stream: RowStream | None  # the training rows if streaming; `splits` then has the first rows
    more_words: Sequence[str] = ()  # see `prepare_texts`
    known: Known | None = None  # what the checkpoint knows that the run starts from

    @property
    def learned(self) -> EncodedTexts:
        """The training texts, and behind them those without labels.

        Networks learn nothing from the subwords of unknown words.
        """
        rows = self.splits.unlabelled
        if rows is None:
            return self.texts.train.ids_alone
        return joined(self.texts.train, encode_labelled(rows, self.texts.encoder))

    def learned_texts(self) -> list[str]:
        """The strings of `learned`."""
        more = self.splits.unlabelled
        return [*self.splits.train.texts(), *([] if more is None else more.texts())]


def prepare_data(
    source: Source,
    division: Division,
    tokenizer: Tokenizer,
    *,
    max_length: int | None,
    truncate: str,
    min_frequency: int = 1,
    max_vocabulary: int | None = None,
    subwords: bool = False,
    more_words: Sequence[str] = (),
    streaming: bool = False,
    vocabulary_examples: int = 100_000,
    shuffle_buffer: int | None = None,
    known: Known | None = None,
) -> PreparedData:
    """Read the rows of a source, divide them into splits, and encode them.

    Args:
        max_length, truncate, min_frequency, max_vocabulary, subwords, more_words, known:
            see `prepare_texts`.
        streaming: don't hold the training rows in memory.
        vocabulary_examples, shuffle_buffer: with `streaming`, the first rows, and those that are
            shuffled among themselves, see `load_stream`.

    Raises:
        InputError: as `load_splits` and `load_stream`.
    """
    stream = None
    if streaming:
        splits, stream = load_stream(source, division, vocabulary_examples, shuffle_buffer)
    else:
        splits = load_splits(source, division)
        if (rows := source.read_unlabelled()) is not None:
            splits = with_unlabelled(splits, rows, division.duplicates)
    texts = prepare_texts(
        splits,
        tokenizer,
        max_length=max_length,
        truncate=truncate,
        min_frequency=min_frequency,
        max_vocabulary=max_vocabulary,
        subwords=subwords,
        more_words=more_words,
        known=known,
    )
    return PreparedData(splits, texts, stream, more_words, known)
