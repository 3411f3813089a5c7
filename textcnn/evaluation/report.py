"""The recipe of `textcnn.evaluate`: score a checkpoint, and compare with what training reported."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from rich.table import Table

import textcnn
from textcnn.config.keys import command_line
from textcnn.config.programs import EvaluateConfig, TrainConfig
from textcnn.config.stored import dump
from textcnn.data.encoding import encode_labelled
from textcnn.errors import InputError
from textcnn.evaluation.calibration.quality import (
    CalibrationReport,
    abstaining_table,
    judge_probabilities,
)
from textcnn.evaluation.chosen_data import chosen_data, found_data, labelled_rows
from textcnn.evaluation.manifest import read_reported
from textcnn.evaluation.measures.measure import Measures, measure
from textcnn.evaluation.metrics import Scores
from textcnn.evaluation.overlap import find_overlap
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
from textcnn.inference import restore
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
    device = torch.device("cpu")
    scores, predictions = score_split(
        classifier, texts, device, rows.numbers, batch_size=config.batch_size
    )
    check_loss(scores.loss, directory)
    measures = measure(predictions, classifier.thresholds)
    reference = majority(predictions)
    groups = slice_groups(predictions, columns)
    trust = judge_probabilities(predictions, classifier.calibration)
    answers = Answers(predictions, rows.texts(), classifier.probabilities)
    overlap = find_overlap(trained_texts, rows.text_hashes, predictions.correct)
    same_data = rows.fingerprint == stored.test_data
    baseline = read_baseline(directory) if same_data else None
    again = reproduce(restored, stored, scores, same_data=same_data, given=given, half=config.half)

    scored = Scored(classifier, "test", scores, measures, answers, groups, baseline, trust)
    result = found(scored, reference) | {
        "checkpoint": str(directory),
        "data": asdict(data),
        "trained_on": None if overlap is None else asdict(overlap),
        **again.as_json(),
        "textcnn": textcnn.__version__,
    }
    write(file, result, answers, others)
    name = data.path or data.source
    beside = f"each text in {PREDICTIONS} beside it"
    if config.report:
        page = page_of(scored, trained, file.parent, directory, name, again.verdict)
        beside = f"{beside}, and a page to read in {page.relative_to(file.parent)}"
    for table in tables(scores, f"{directory} on {name}", groups, trust):
        console.print(table)
    warning = [] if overlap is None else overlap.warnings
    for line in (*notes, *lines(scored, reference, config.errors), *warning, *again.lines):
        console.print(line)
    console.print(f"saved in {file}, {beside}")


def lines(scored: Scored, reference: Majority | None, errors: int) -> Iterator[str]:
    """What the terminal shows below the tables.

    Args:
        errors: texts of each kind to list.
    """
    if errors:
        yield from mistake_lines(scored.answers, errors)
    compared = (scored.scores, scored.measures, reference, scored.baseline, scored.groups)
    yield from score_lines(*compared)
    if scored.trust is not None:
        yield scored.trust.line


def found(scored: Scored, reference: Majority | None) -> dict[str, Any]:
    """The numbers of evaluation.json."""
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


def page_of(
    scored: Scored, trained: TrainConfig, run_dir: Path, directory: Path, data: str, verdict: str
) -> Path:
    """Write the report, and return the path of its page.

    Args:
        trained: with what the checkpoint was trained.
        run_dir: of the evaluation.
        directory: of the checkpoint.
        data: their name.
    """
    return write_report(
        run_dir,
        scored,
        Background(read_history(directory), config=dump(trained)),
        checkpoint=directory,
        model=trained.model.title,
        data=data,
        more=[f"{verdict[0].upper()}{verdict[1:]}."],
    )


def tables(
    scores: Scores, title: str, groups: Sequence[Group], trust: CalibrationReport | None
) -> Iterator[Table]:
    yield class_table(scores, title)
    if len(groups) > 1:
        yield slice_table(groups)
    if trust is not None and trust.abstaining:
        yield abstaining_table(trust)


def score_lines(
    scores: Scores,
    measures: Measures,
    reference: Majority | None,
    baseline: BaselineScores | None,
    groups: Sequence[Group],
) -> list[str]:
    """The scores of all texts, what they have to beat, and warnings."""
    sure = measures.intervals["accuracy"]
    compared = [each.line for each in (reference, baseline) if each is not None]
    warnings = [
        *score_warnings(scores, "the split"),
        *doubts(sure, reference),
        *weak_slices(groups, scores.accuracy),
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
