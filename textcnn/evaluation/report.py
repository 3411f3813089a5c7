"""The recipe of `textcnn.evaluate`: score a checkpoint, and compare with what training reported."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from rich.table import Table

import textcnn
from textcnn.config.data import DataConfig
from textcnn.config.keys import command_line
from textcnn.config.programs import EvaluateConfig
from textcnn.config.stored import dump
from textcnn.data.encoding import encode_labelled
from textcnn.errors import InputError
from textcnn.evaluation.calibration.quality import (
    abstaining_table,
    judge_probabilities,
)
from textcnn.evaluation.chosen_data import chosen_data, found_data, labelled_rows
from textcnn.evaluation.manifest import read_reported
from textcnn.evaluation.measures.measure import measure
from textcnn.evaluation.overlap import Overlap, find_overlap, seen_rows
from textcnn.evaluation.page.build import Scored, read_background, write_report
from textcnn.evaluation.predictions import score_split
from textcnn.evaluation.references import (
    Majority,
    doubts,
    majority,
    read_baseline,
)
from textcnn.evaluation.reproduction import reproduce
from textcnn.evaluation.tables import class_table, measures_line, slice_table, summary
from textcnn.evaluation.texts.answers import Answers
from textcnn.evaluation.texts.mistakes import MOST_CONFUSIONS, confusions, mistake_lines
from textcnn.evaluation.texts.slices import slice_groups, weak_slices
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
    same_data = rows.fingerprint == stored.test_data
    scored = Scored(
        classifier,
        "test",
        scores,
        measure(predictions, classifier.thresholds),
        Answers(predictions, rows.texts(), classifier.probabilities),
        slice_groups(predictions, columns, seen_rows(trained_texts, rows.text_hashes)),
        read_baseline(directory) if same_data else None,
        judge_probabilities(predictions, classifier.calibration),
    )
    reference = majority(predictions)
    overlap = find_overlap(trained_texts, rows.text_hashes, predictions.correct)
    found = reproduce(restored, stored, scores, same_data=same_data, given=given, half=config.half)

    result = numbers(scored, reference) | {
        "trained_on": None if overlap is None else asdict(overlap),
        "checkpoint": str(directory),
        "data": asdict(data),
        **found.as_json(),
        "textcnn": textcnn.__version__,
    }
    write(file, result, scored.answers, others)
    beside = f"each text in {PREDICTIONS} beside it"
    if config.report:
        page = write_page(file, scored, restored, data, found.verdict, overlap)
        beside = f"{beside}, and a page to read in {page.relative_to(file.parent)}"
    for table in tables(scored, f"{directory} on {data.path or data.source}"):
        console.print(table)
    sliced = {group.by for group in scored.groups if group.column}
    notes += [
        f"data.slices: all texts have the same value in column {name!r}"
        for name in columns
        if name not in sliced
    ]
    said = (*notes, *lines(scored, reference, overlap, config.errors), *found.lines)
    for line in (*said, f"saved in {file}, {beside}"):
        console.print(line)


def numbers(scored: Scored, reference: Majority | None) -> dict[str, Any]:
    """What evaluation.json says of the scores."""
    baseline, trust, answers = scored.baseline, scored.trust, scored.answers
    rows = answers.predictions.rows
    return scored.scores.as_json() | {
        **scored.measures.as_json(),
        "majority": None if reference is None else asdict(reference),
        "baseline": None if baseline is None else asdict(baseline),
        "calibration": None if trust is None else trust.as_json(),
        "slices": [group.as_json() for group in scored.groups],
        "confusions": [each.as_json(rows) for each in confusions(answers, MOST_CONFUSIONS)],
    }


def write_page(
    file: Path,
    scored: Scored,
    restored: Restored,
    data: DataConfig,
    verdict: str,
    overlap: Overlap | None,
) -> Path:
    """Write the page beside `file`, and return where it is."""
    return write_report(
        file.parent,
        scored,
        read_background(restored.directory, dump(restored.config)),
        checkpoint=restored.directory,
        model=restored.config.model.title,
        data=data.path or data.source,
        more=[f"{verdict[0].upper()}{verdict[1:]}."],
        warnings=[] if overlap is None or overlap.line is None else [overlap.line],
    )


def tables(scored: Scored, title: str) -> Iterator[Table]:
    yield class_table(scored.scores, title)
    if len(scored.groups) > 1:
        yield slice_table(scored.groups)
    if scored.trust is not None and scored.trust.abstaining:
        yield abstaining_table(scored.trust)


def lines(
    scored: Scored, reference: Majority | None, overlap: Overlap | None, errors: int
) -> Iterator[str]:
    """The texts to read first, the scores of all texts, what they have to beat, and warnings.

    Args:
        errors: texts of each kind to list.
    """
    if errors:
        yield from mistake_lines(scored.answers, errors)
    scores, measures = scored.scores, scored.measures
    sure = measures.intervals["accuracy"]
    yield summary(scores, sure)
    yield measures_line(measures)
    yield "; ".join(each.line for each in (reference, scored.baseline) if each is not None)
    warnings = [
        *([overlap.line] if overlap is not None and overlap.line is not None else []),
        *score_warnings(scores, "the split"),
        *doubts(sure, reference),
        *weak_slices(scored.groups, scores.accuracy),
    ]
    yield from (f"warning: {each}" for each in warnings)
    if scored.trust is not None:
        yield scored.trust.line


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
