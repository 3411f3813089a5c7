"""The rows that `textcnn.evaluate` scores: the checkpoint's own test texts, or others."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from textcnn.builders.data import division_again
from textcnn.config.data import DataConfig
from textcnn.config.keys import command_line
from textcnn.config.programs import TrainConfig
from textcnn.config.synthetic import SyntheticConfig
from textcnn.data.labelled import LabelledTexts
from textcnn.data.row_stream import load_stream
from textcnn.data.sources.formats import TABLES, format_of
from textcnn.data.sources.source import Source
from textcnn.data.splits import load_splits, load_test
from textcnn.errors import InputError, NoLabelsError
from textcnn.system.arguments import argument
from textcnn.system.paths import find_stored, place_above


def chosen_data(data: DataConfig, trained: DataConfig, given: Sequence[str]) -> DataConfig:
    """The data to score.

    Without `data=...`, the checkpoint's own with the given keys changed; so for synthetic texts.
    Other files, or a Hub dataset named by its path, have the columns of training unless columns are
    given; a preset names its own.
    """
    synthetic = isinstance(data, SyntheticConfig) and isinstance(trained, SyntheticConfig)
    if "data" not in given or synthetic:
        names = [key.removeprefix("data.") for key in given if key != "data"]
        return replace(trained, **{name: getattr(data, name) for name in names})
    if data.source == "files" or "data.path" in given:
        columns = ["text", "label", "multi_label", "label_separator", "encoding", "header"]
        if "data.label" not in given:  # other columns hold what they hold
            columns += ["label_kind", "classes"]
        kept = [name for name in columns if f"data.{name}" not in given]
        return replace(data, **{name: getattr(trained, name) for name in kept})
    return data


def found_data(data: DataConfig, given: Sequence[str], directory: Path) -> DataConfig:
    """The data, whose stored paths are found from another directory than that of training.

    Args:
        directory: of the checkpoint.

    Raises:
        InputError: a stored file is nowhere.
    """
    found: dict[str, Any] = {}
    if data.source == "hub" and data.path and "data.path" not in given:
        found["path"] = place_above(data.path, directory) or data.path
    for key, paths in data.files().items():
        if key in given:
            continue
        name = key.removeprefix("data.")
        try:
            places = [find_stored(key, path, directory) for path in paths]
        except InputError:
            if needed(name, data):
                raise
            found[name] = None
        else:
            found[name] = places if isinstance(getattr(data, name), list) else places[0]
    return replace(data, **found)


def needed(name: str, data: DataConfig) -> bool:
    """Whether a file is read to score.

    Of the rows only those of the test, unless they are drawn from others; all corrections.
    """
    if name in ("train", "validation"):
        return data.test is None or data.folds is not None
    return name != "unlabelled"


def labelled_rows(
    data: DataConfig, trained: TrainConfig, labels: tuple[str, ...], checkpoint: str
) -> tuple[LabelledTexts, list[str]]:
    """As `test_rows`; texts without labels are told which program is for them.

    Args:
        checkpoint: as the user gave it.
    """
    try:
        return test_rows(data, trained, labels)
    except NoLabelsError as error:
        one_file = data.source == "files" and isinstance(data.test, str) and data.folds is None
        file = data.test if one_file and format_of(data.test) not in TABLES else "texts.txt"
        arguments = [argument("checkpoint", checkpoint), argument("input", file)]
        if data.text != trained.data.text:
            arguments.append(argument("data.text", data.text))
        raise InputError(
            f"{error}; if these texts have no labels, let the checkpoint label them: python -m "
            f"textcnn.predict {' '.join(arguments)}"
        ) from None


def test_rows(
    data: DataConfig, trained: TrainConfig, labels: tuple[str, ...]
) -> tuple[LabelledTexts, list[str]]:
    """The rows to score, with the label ids of the classifier, and notes for the user."""
    if data.source == "memory":
        raise InputError(
            "the rows of this checkpoint were given from Python; give data=files data.test=<file>"
        )
    if data.source == "files" and data.test is None and data.train is None:
        raise InputError("data=files needs data.test=<file> to score, got null")
    if data.multi_label != trained.data.multi_label:
        fitting = f"data.multi_label={command_line(trained.data.multi_label)}"
        got = command_line(data.multi_label)
        raise InputError(f"the checkpoint was trained with {fitting}, got {got}; add {fitting}")
    source = Source(**data.source_settings(), seed=trained.seed, carry=True)
    division = division_again(data, trained, labels)
    readers = source.open_stream()[1] if data.streaming else source.open()[0]
    found = load_test(readers, division, labels)
    if found is not None:
        return found
    if data.streaming:  # drawn from the first rows, as in training
        splits, _ = load_stream(source, division, trained.text.vocabulary_examples)
    else:
        splits = load_splits(source, division)
    if splits.labels != labels:
        raise InputError(
            f"the data have the classes {', '.join(splits.labels)}, the checkpoint has "
            f"{', '.join(labels)}; give data with the classes of the checkpoint"
        )
    return splits.test, []
