"""Rows and splits, from the keys `data.*`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from textcnn.config.data import DataConfig
from textcnn.config.synthetic import SyntheticConfig
from textcnn.config.text import TextConfig

if TYPE_CHECKING:
    from textcnn.config.programs import TrainConfig
    from textcnn.data.prepare import PreparedData
    from textcnn.data.sources.memory import Rows
    from textcnn.data.sources.source import Source
    from textcnn.data.splits import Division
    from textcnn.data.trained_texts import Known


from textcnn.builders.text import tokenizer_of, words_of_vectors


def read_data(keys: Mapping[str, Any]) -> DataConfig:
    """The configuration of the keys `data.*`, from plain values by name."""
    return SyntheticConfig(**keys) if keys.get("source") == "synthetic" else DataConfig(**keys)


def build_source(
    data: DataConfig, seed: int, memory: "Mapping[str, Rows] | None" = None
) -> "Source":
    """Where the rows are; arguments as for `build_data`."""
    from textcnn.data.sources.source import Source

    if memory is not None:
        return Source("memory", multi_label=data.multi_label, memory=memory)
    return Source(**data.source_settings(), seed=seed)


def build_division(data: DataConfig, seed: int) -> "Division":
    """How the rows are divided into splits."""
    from textcnn.data.splits import Division

    return Division(**data.split_settings(), seed=seed)


def division_again(data: DataConfig, trained: "TrainConfig", labels: Sequence[str]) -> "Division":
    """How rows are divided for a trained classifier.

    Args:
        trained: the configuration that it was trained with.
        labels: its classes; one that started from a checkpoint has some that no row needs to have.
    """
    division = build_division(data, trained.seed)
    if trained.init_from is None:
        return division
    return replace(division, known=tuple(labels), known_before=tuple(data.rename or ()))


def build_data(
    data: DataConfig,
    text: TextConfig,
    seed: int,
    *,
    memory: "Mapping[str, Rows] | None" = None,
    draw_test: bool = True,
    part: tuple[int, int] | None = None,
    subwords: bool = False,
    more_words: Sequence[str] | None = None,
    definition: str | None = None,
    known: "Known | None" = None,
) -> "PreparedData":
    """Splits, text encoder and encoded texts, as the keys `data.*` and `text.*` say.

    Args:
        seed: draws splits and synthetic texts.
        memory: rows to use instead of `data.source`, by split: `train`, and if given `validation`
            and `test`.
        draw_test: False: leave the test split empty if it has no rows of its own.
        part: train without this part of the training rows, from 1 of so many, and test on it.
        subwords: see `TextEncoder`.
        more_words: of the vocabulary; None: the first words of the vectors.
        definition: of a tokenizer with a file, its content; None: read the file.
        known: what the checkpoint knows that the run starts from; None: it starts from nothing.

    Raises:
        InputError: rows or keys can't be used, a tokenizer's package is missing, or the vectors
            can't be found.
    """
    # Imported here: Arrow takes a while, and predictions need no rows.
    from textcnn.data.prepare import prepare_data

    tokenizer = tokenizer_of(text, definition)
    source = build_source(data, seed, memory)
    division = replace(build_division(data, seed), part=part)
    if not draw_test:
        division = replace(division, test_fraction=None)
    if known is not None:
        classes = dict.fromkeys(map(division.renaming, known.labels))
        division = replace(division, known=tuple(classes), known_before=known.labels)
    if more_words is None:
        more_words = words_of_vectors(text, tokenizer)
    return prepare_data(
        source,
        division,
        tokenizer,
        more_words=more_words,
        max_length=text.max_length,
        truncate=text.truncate,
        subwords=subwords,
        streaming=data.streaming,
        vocabulary_examples=text.vocabulary_examples,
        shuffle_buffer=data.shuffle_buffer,
        known=known,
        **text.vocabulary_settings(),
    )


def store_splits(data: DataConfig, seed: int, *, overwrite: bool) -> list[str]:
    """Write the splits into `data.write_splits`, and return what to type to train on them.

    Args:
        overwrite: replace such files.

    Raises:
        InputError: rows can't be read, or files can't be written.
    """
    from textcnn.data.splits import load_splits
    from textcnn.data.written_splits import check_unwritten, write_splits
    from textcnn.system.paths import expanded

    assert data.write_splits is not None
    root, written = expanded(data.write_splits), []
    several = data.folds is not None and data.fold is None
    for fold in range(1, (data.folds or 1) + 1) if several else [None]:
        directory = root if fold is None else root / f"fold-{fold}"
        check_unwritten(directory, overwrite)
        division = build_division(data, seed)
        division = division if fold is None else replace(division, fold=fold)
        keys = write_splits(load_splits(build_source(data, seed), division), directory)
        written.append(f"{keys} data.duplicates={data.duplicates}")
    return written


def build_joined_data(data: "PreparedData", text: TextConfig) -> "PreparedData":
    """The same data with the validation rows among the training rows, and their vocabulary."""
    from textcnn.data.labelled import join
    from textcnn.data.prepare import prepare_texts

    splits = replace(data.splits, train=join(data.splits.train, data.splits.validation))
    texts = prepare_texts(
        splits,
        data.texts.encoder.tokenizer,
        max_length=text.max_length,
        truncate=text.truncate,
        subwords=data.texts.encoder.subwords,
        more_words=data.more_words,
        known=data.known,
        **text.vocabulary_settings(),
    )
    return replace(data, splits=splits, texts=texts)
