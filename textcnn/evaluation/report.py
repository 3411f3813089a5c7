"""The recipe of `textcnn.evaluate`: score a checkpoint, and compare with what training reported."""

import math
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import textcnn
from textcnn.config.data import DataConfig
from textcnn.config.keys import command_line
from textcnn.config.programs import EvaluateConfig, TrainConfig
from textcnn.config.synthetic import SyntheticConfig
from textcnn.data.encoding import encode_labelled
from textcnn.data.labelled import LabelledTexts
from textcnn.data.row_stream import load_stream
from textcnn.data.sources.source import Source
from textcnn.data.splits import Division, load_splits, load_test
from textcnn.errors import InputError
from textcnn.evaluation.manifest import read_reported
from textcnn.evaluation.metrics import Scores
from textcnn.evaluation.scoring import score_classifier
from textcnn.evaluation.tables import class_table, summary
from textcnn.evaluation.verdicts import score_warnings
from textcnn.inference import AnyClassifier, restore
from textcnn.system.atomic import write_json
from textcnn.system.paths import find_stored, place_above
from textcnn.system.terminal import build_console

GOLDEN_TOLERANCE = 1e-4  # largest difference of a logit between machines


def evaluate(config: EvaluateConfig, file: Path, given: Sequence[str]) -> None:
    """Score, print a table, and write `file`.

    Args:
        file: evaluation.json
        given: the keys of `data` that the command line sets. With `data` itself, other data are
            scored; without it, the checkpoint's own with these keys changed.
    """
    console = build_console()
    classifier, trained, manifest, directory = restore(
        config.checkpoint, table_memory=config.table_memory, half=config.half
    )
    stored = read_reported(manifest, directory / "manifest.json", len(classifier.labels))
    data = found_data(chosen_data(config.data, trained.data, given), given, directory)
    rows, notes = test_rows(data, trained, classifier.labels)
    texts = encode_labelled(rows, classifier.encoder)
    device = torch.device("cpu")
    scores = score_classifier(classifier, texts, device, batch_size=config.batch_size)
    check_loss(scores.loss, directory)
    same_data = rows.fingerprint == stored.test_data
    reported = stored.scores if same_data else None
    # half precision changes logits by more than another machine would
    exact = restore(directory, table_memory=0).classifier if config.half else classifier
    golden = golden_difference(exact, *stored.golden)
    verdict = judge(scores, reported, same_data, given, golden)

    result = scores.as_json() | {
        "checkpoint": str(directory),
        "data": asdict(data),
        "reported": reported,
        "reproduced": None if reported is None else reported["accuracy"] == scores.accuracy,
        "golden_difference": golden,
        "textcnn": textcnn.__version__,
    }
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_json(file, result)
    except OSError as error:
        raise InputError(f"run_dir={file.parent} can't be written: {error.strerror}") from error
    console.print(class_table(scores, f"{directory} on {data.path or data.source}"))
    doubts = [f"warning: {line}" for line in score_warnings(scores, "the split")]
    for line in (*notes, summary(scores), *doubts, verdict, f"saved in {file}"):
        console.print(line)


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
    source = Source(**data.source_settings(), seed=trained.seed)
    division = Division(**data.split_settings(), seed=trained.seed)
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


def check_loss(loss: float, directory: Path) -> None:
    """
    Raises:
        InputError: the checkpoint computes infinite numbers or nan.
    """
    if not math.isfinite(loss):
        raise InputError(
            f"{directory}: the loss is {loss}: the network computes infinite numbers or nan for "
            "these texts; train again with a smaller optimizer.learning_rate"
        )


def golden_difference(classifier: AnyClassifier, texts: list[str], stored: Tensor) -> float:
    """The largest difference between the stored logits of the golden texts and those of now."""
    return (classifier.logits(texts) - stored).abs().max().item()


def judge(
    scores: Scores,
    reported: dict[str, float] | None,
    same_data: bool,
    given: Sequence[str],
    golden: float,
) -> str:
    """Whether the scores are those that training reported, in a sentence."""
    if not golden <= GOLDEN_TOLERANCE:  # nan is not a reproduction either
        return (
            f"differs: logits of the checkpoint's golden texts are off by up to {golden:.2g}; "
            "this machine or its libraries compute different numbers than training did"
        )
    if reported is None:
        if same_data:
            return "nothing to compare with: training reported no test scores of this checkpoint"
        changed = (
            "these are not the test texts of the training run"
            if given
            else "the test data have changed"
        )
        return f"nothing to compare with: {changed}"
    if reported["accuracy"] == scores.accuracy:
        return f"reproduced: training reported the same accuracy, {100 * scores.accuracy:.2f} %"
    return f"differs: training reported an accuracy of {100 * reported['accuracy']:.2f} %"
