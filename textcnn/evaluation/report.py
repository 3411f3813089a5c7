"""The recipe of `textcnn.evaluate`: score a checkpoint, and compare with what training reported."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

import textcnn
from textcnn.config.data import DataConfig
from textcnn.config.keys import command_line
from textcnn.config.programs import EvaluateConfig
from textcnn.config.stored import dump
from textcnn.data.encoding import encode_labelled
from textcnn.errors import InputError
from textcnn.evaluation.chosen_data import chosen_data, found_data, labelled_rows
from textcnn.evaluation.manifest import read_reported
from textcnn.evaluation.measures.measure import Measures, measure
from textcnn.evaluation.metrics import Scores
from textcnn.evaluation.overlap import Overlap, find_overlap
from textcnn.evaluation.page.build import Background, Scored, read_history, write_report
from textcnn.evaluation.predictions import score_split
from textcnn.evaluation.references import (
    BaselineScores,
    Majority,
    doubts,
    majority,
    read_baseline,
)
from textcnn.evaluation.reproduction import reproduce
from textcnn.evaluation.tables import class_table, measures_line, slice_table, summary
from textcnn.evaluation.texts.answers import Answers
from textcnn.evaluation.texts.mistakes import MOST_CONFUSIONS, confusions, mistake_lines
from textcnn.evaluation.texts.slices import Group, slice_groups, weak_slices
from textcnn.evaluation.texts.written import write_predictions
from textcnn.evaluation.verdicts import score_warnings
from textcnn.inference import Restored, restore
from textcnn.system.atomic import write_json
from textcnn.system.run_dir import PREDICTIONS
from textcnn.system.terminal import build_console


def evaluate(config: EvaluateConfig, file: Path, given: Sequence[str]) -> None:
    """Score, print a table, and write `file` and PREDICTIONS beside it.

    Args:
        file: evaluation.json
        given: the keys of `data` that the command line sets. With `data` itself, other data are
            scored; without it, the checkpoint's own with these keys changed.
    """
    console = build_console()
    restored = restore(config.checkpoint, table_memory=config.table_memory, half=config.half)
    classifier, trained, manifest, directory, trained_texts = restored
    stored = read_reported(manifest, directory / "manifest.json", len(classifier.labels))
    data = found_data(chosen_data(config.data, trained.data, given), given, directory)
    rows, notes = labelled_rows(data, trained, classifier.labels, config.checkpoint)
    others = rows.others()
    columns = slice_columns(others, data.slices)
    texts = encode_labelled(rows, classifier.encoder)
    scores, predictions = score_split(
        classifier, texts, torch.device("cpu"), rows.numbers, batch_size=config.batch_size
    )
    check_loss(scores.loss, directory)
    measures, reference = measure(predictions, classifier.thresholds), majority(predictions)
    groups = slice_groups(predictions, columns)
    answers = Answers(predictions, rows.texts(), classifier.probabilities)
    overlap = find_overlap(trained_texts, rows.text_hashes, predictions.correct)
    same_data = rows.fingerprint == stored.test_data
    baseline = read_baseline(directory) if same_data else None
    found = reproduce(restored, stored, scores, same_data=same_data, given=given, half=config.half)

    result = scores.as_json() | {
        **measures.as_json(),
        "majority": None if reference is None else asdict(reference),
        "baseline": None if baseline is None else asdict(baseline),
        "slices": [group.as_json() for group in groups],
        "confusions": confusions_json(answers),
        "trained_on": None if overlap is None else asdict(overlap),
        "checkpoint": str(directory),
        "data": asdict(data),
        **found.as_json(),
        "textcnn": textcnn.__version__,
    }
    write(file, result, answers, others)
    console.print(class_table(scores, f"{directory} on {data.path or data.source}"))
    if len(groups) > 1:
        console.print(slice_table(groups))
    beside = f"each text in {PREDICTIONS} beside it"
    if config.report:
        scored = Scored(classifier, "test", scores, measures, answers, groups, baseline)
        page = write_page(file, scored, restored, data, found.verdict)
        beside = f"{beside}, and a page to read in {page.relative_to(file.parent)}"
    for line in (
        *notes,
        *(mistake_lines(answers, config.errors) if config.errors else ()),
        *score_lines(scores, measures, reference, baseline, groups, overlap),
        *found.lines,
        f"saved in {file}, {beside}",
    ):
        console.print(line)


def write_page(
    file: Path, scored: Scored, restored: Restored, data: DataConfig, verdict: str
) -> Path:
    """Write the page beside `file`, and return where it is."""
    return write_report(
        file.parent,
        scored,
        Background(read_history(restored.directory), config=dump(restored.config)),
        checkpoint=restored.directory,
        model=restored.config.model.title,
        data=data.path or data.source,
        more=[f"{verdict[0].upper()}{verdict[1:]}."],
    )


def score_lines(
    scores: Scores,
    measures: Measures,
    reference: Majority | None,
    baseline: BaselineScores | None,
    groups: Sequence[Group],
    overlap: Overlap | None,
) -> list[str]:
    """The scores of all texts, what they have to beat, and warnings."""
    sure = measures.intervals["accuracy"]
    compared = [each.line for each in (reference, baseline) if each is not None]
    warnings = [
        *score_warnings(scores, "the split"),
        *doubts(sure, reference),
        *weak_slices(groups, scores.accuracy),
        *([overlap.line] if overlap is not None and overlap.line is not None else []),
    ]
    lines = [summary(scores, sure), measures_line(measures), "; ".join(compared)]
    return [*lines, *(f"warning: {each}" for each in warnings)]


def slice_columns(
    others: Sequence[Mapping[str, Any]], names: Sequence[str] | str | None
) -> dict[str, list[Any]]:
    """The cells of the columns to slice by.

    Raises:
        InputError: the rows have no such column.
    """
    wanted = [names] if isinstance(names, str) else names or []
    there = dict.fromkeys(name for row in others for name in row) if wanted else {}
    for name in wanted:
        if name not in there:
            held = ", ".join(there) or "none"
            raise InputError(
                f"data.slices={command_line([name])}: the texts have no column {name!r} beside "
                f"text and label; they have {held}"
            )
    return {name: [row.get(name) for row in others] for name in wanted}


def write(
    file: Path,
    result: dict[str, Any],
    answers: Answers,
    others: Sequence[Mapping[str, Any]],
) -> None:
    """
    Raises:
        InputError: it can't be written.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_predictions(file.with_name(PREDICTIONS), answers, others)
        write_json(file, result)
    except OSError as error:
        raise InputError(f"run_dir={file.parent} can't be written: {error.strerror}") from error


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


def confusions_json(answers: Answers) -> list[dict[str, Any]]:
    rows = answers.predictions.rows
    return [each.as_json(rows) for each in confusions(answers, MOST_CONFUSIONS)]
