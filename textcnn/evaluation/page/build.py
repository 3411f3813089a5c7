"""The content of a report, from a scored split."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from textcnn.evaluation.calibration.quality import CalibrationReport
from textcnn.evaluation.measures.measure import Measures
from textcnn.evaluation.metrics import Scores
from textcnn.evaluation.page.audited import found_audit
from textcnn.evaluation.page.conclusions import conclusions, trust_line
from textcnn.evaluation.page.content import Check, Content, Example, Grid
from textcnn.evaluation.page.drawings import draw_curves
from textcnn.evaluation.page.examples import SHOWN, examples_of
from textcnn.evaluation.page.grids import (
    as_grid,
    classes_grid,
    confused_grid,
    confusion_of,
    measures_grid,
    slice_grid,
)
from textcnn.evaluation.page.model_card import write_card
from textcnn.evaluation.page.page import write_page
from textcnn.evaluation.page.probabilities import abstaining_grid, reliability_figure
from textcnn.evaluation.references import BaselineScores, majority
from textcnn.evaluation.texts.answers import Answers
from textcnn.evaluation.texts.mistakes import least_sure, surest_mistakes
from textcnn.evaluation.texts.slices import Group, weak_slices
from textcnn.evaluation.verdicts import score_warnings
from textcnn.explanation.learned.summary import brief
from textcnn.explanation.shown.summary_tables import FILTERS, class_rows, filter_rows
from textcnn.hub.card import CardFacts
from textcnn.inference import BaseClassifier
from textcnn.system.arguments import argument
from textcnn.system.atomic import existing
from textcnn.system.run_dir import METRICS

DECIDING = 8  # n-grams of a class
MOST_CLASSES, MOST_LAYERS = 20, 200  # of a run that is read
MOST_EPOCHS = 1000  # of a history that is drawn


@dataclass(frozen=True)
class Scored:
    """A classifier and its predictions for a split."""

    classifier: BaseClassifier[Any]
    split: str  # its name
    scores: Scores
    measures: Measures
    answers: Answers
    groups: Sequence[Group]  # slices
    baseline: BaselineScores | None = None
    trust: CalibrationReport | None = None  # how good its probabilities are

    @cached_property
    def mistakes(self) -> tuple[Example, ...]:
        """The surest ones."""
        return examples_of(surest_mistakes(self.answers, SHOWN), self.answers, self.classifier)

    @cached_property
    def unsure(self) -> tuple[Example, ...]:
        """The texts with the least sure answers."""
        return examples_of(least_sure(self.answers, SHOWN), self.answers, self.classifier)


@dataclass(frozen=True)
class Background:
    """What is known of a run beside its scores; all of it may be missing."""

    history: Sequence[dict[str, Any]] = ()  # see `draw_curves`
    data: Grid | None = None
    notes: Sequence[str] = ()
    layers: Grid | None = None
    config: str = ""  # YAML


def build_content(
    scored: Scored,
    background: Background,
    *,
    checkpoint: Path,
    model: str,
    data: str,
    more: Sequence[str] = (),
    warnings: Sequence[str] = (),
    audit: Sequence[Check] = (),
) -> Content:
    """
    Args:
        checkpoint: the run or checkpoint directory, for commands.
        model, data: their names.
        more: conclusions beside those from the scores.
    """
    scores, measures, answers = scored.scores, scored.measures, scored.answers
    most, sure = majority(answers.predictions), measures.intervals["accuracy"]
    found = [*conclusions(scores, scored.split, sure, most, scored.baseline)]
    if scored.trust is not None:
        found.append(trust_line(scored.trust))
    log_loss = scores.loss if scored.trust is None else scored.trust.after.log_loss
    weak = weak_slices(scored.groups, scores.accuracy)
    return Content(
        name=f"{model} on {data}",
        facts=(
            checkpoint.as_posix(),
            f"{scores.examples:,} {scored.split} texts",
            f"{len(scored.classifier.labels):,} classes",
        ),
        conclusions=(*found, *more),
        warnings=(*warnings, *score_warnings(scores, scored.split), *weak),
        measures=measures_grid(scores, measures, most, scored.baseline, log_loss),
        classes=classes_grid(scores, measures),
        confusion=confusion_of(scores),
        confused=confused_grid(answers),
        calibration=None if scored.trust is None else reliability_figure(scored.trust),
        probabilities=None if scored.trust is None else abstaining_grid(scored.trust),
        # those by class are in the table of classes
        slices=tuple(slice_grid(group) for group in scored.groups if group.by != "class"),
        mistakes=scored.mistakes,
        unsure=scored.unsure,
        deciding=tuple(deciding_grids(scored)),
        audit=tuple(audit),
        curves=draw_curves(background.history),
        data=background.data,
        notes=tuple(background.notes),
        layers=background.layers,
        config=background.config,
        commands=commands(checkpoint),
    )


def card_facts(scored: Scored, data: str) -> CardFacts:
    """
    Args:
        data: its path on the Hub, or a name.
    """
    scores = scored.scores
    return CardFacts(
        scored.classifier.labels,
        scores.multi_label,
        data,
        data,
        scored.split,
        {"accuracy": scores.accuracy, "f1": scores.macro_f1},
    )


def deciding_grids(scored: Scored) -> Iterator[Grid]:
    """What decides for each class, and what filters look for; nothing for deep networks."""
    summary = brief(scored.classifier, scored.answers.texts)
    if summary is None:
        return
    title = f"Sums over {summary.texts:,} of the texts; in brackets the number of texts."
    yield replace(as_grid(class_rows(summary, DECIDING), title), words=True)
    if summary.filters:
        caption = "; ".join(["The most influential filters", *summary.lines])
        yield replace(as_grid(filter_rows(summary.living[:FILTERS]), f"{caption}."), words=True)


def commands(checkpoint: Path) -> tuple[tuple[str, str], ...]:
    given = argument("checkpoint", checkpoint)
    return (
        ("Score it again, or on other texts:", f"python -m textcnn.evaluate {given}"),
        ("Label new texts:", f"python -m textcnn.predict {given} input=texts.txt"),
        ("Explain one answer:", f'python -m textcnn.explain {given} text="a text"'),
        ("Check what changes its answers:", f"python -m textcnn.audit {given}"),
    )


def write_report(run_dir: Path, scored: Scored, background: Background, **named: Any) -> Path:
    """Write the page and the model card into a run directory, and return the path of the page.

    Args:
        named: as `build_content` takes them.
    """
    content = build_content(
        scored, background, audit=found_audit(run_dir, named["checkpoint"]), **named
    )
    write_card(run_dir, content, card_facts(scored, named["data"]))
    return write_page(run_dir, content)


def read_background(checkpoint: Path, config: str) -> Background:
    """What the run that a checkpoint belongs to says of itself, as far as it can be read.

    Args:
        config: YAML.
    """
    try:
        file = existing(checkpoint).parent / METRICS
        metrics = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return Background(config=config)
    return Background(
        read_history(metrics), read_data(metrics), layers=read_layers(metrics), config=config
    )


UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, OverflowError)


def read_data(metrics: Any) -> Grid | None:
    """The texts of each class in each split."""
    try:
        splits = metrics["data"]["splits"]
        names = [str(name) for name in splits]
        classes = [*next(iter(splits.values()))["classes"]][:MOST_CLASSES]
        rows = [["texts", *(f"{int(split['texts']):,}" for split in splits.values())]]
        for label in classes:
            counts = (int(split["classes"][label]) for split in splits.values())
            rows.append([str(label)[:100], *(f"{count:,}" for count in counts)])
        return as_grid([["", *names], *rows])
    except UNREADABLE:
        return None


def read_layers(metrics: Any) -> Grid | None:
    """The layers of the network with their parameters."""
    try:
        layers = metrics["model"]["layers"][:MOST_LAYERS]
        rows = [
            (str(each["name"])[:100], str(each["kind"])[:100], f"{int(each['parameters']):,}")
            for each in layers
        ]
        return as_grid([("layer", "kind", "parameters"), *rows])
    except UNREADABLE:
        return None


def read_history(metrics: Any) -> list[dict[str, Any]]:
    """A line for each validation; empty if there is nothing to read."""
    try:
        lines = metrics["history"]
        return [
            {"epoch": int(line["epoch"])}
            | {
                split: {name: float(line[split][name]) for name in ("loss", "accuracy")}
                for split in ("train", "validation")
            }
            for line in lines[:MOST_EPOCHS]
        ]
    except UNREADABLE:
        return []
