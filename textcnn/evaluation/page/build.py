"""The content of a report, from a scored split."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textcnn.evaluation.measures.measure import Measures, measure
from textcnn.evaluation.metrics import Scores
from textcnn.evaluation.page.conclusions import conclusions
from textcnn.evaluation.page.content import Content, Figure, Grid
from textcnn.evaluation.page.drawings import draw_curves
from textcnn.evaluation.page.examples import examples_of, least_sure, surest_mistakes
from textcnn.evaluation.page.grids import classes_grid, confused_grid, confusion_of, measures_grid
from textcnn.evaluation.page.model_card import CardFacts
from textcnn.evaluation.predictions import Predictions
from textcnn.evaluation.references import BaselineScores, majority
from textcnn.evaluation.strongest import strongest_ngrams
from textcnn.evaluation.verdicts import score_warnings
from textcnn.inference import BaseClassifier
from textcnn.system.arguments import argument

DECIDING = 12  # n-grams of a class
MOST_DECIDED = 50  # classes in the table of n-grams


@dataclass(frozen=True)
class Scored:
    """A classifier and its predictions for a split."""

    classifier: BaseClassifier[Any]
    split: str  # its name
    scores: Scores
    predictions: Predictions
    names: Sequence[str]  # of the classes, by id; those that the classifier lacks come last
    text_of: Callable[[int], str]  # the text at a place of the split
    baseline: BaselineScores | None = None

    def measured(self) -> Measures:
        return measure(self.predictions)


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
    measures: Measures,
    background: Background,
    *,
    checkpoint: Path,
    model: str,
    data: str,
    more: Sequence[str] = (),
    warnings: Sequence[str] = (),
    slices: Sequence[Grid] = (),
    calibration: Figure | None = None,
    probabilities: Grid | None = None,
    audit: Sequence[str] = (),
) -> Content:
    """
    Args:
        checkpoint: the run or checkpoint directory, for commands.
        model, data: their names.
        more: conclusions beside those from the scores.
    """
    scores, predictions = scored.scores, scored.predictions
    most = majority(predictions)
    found = conclusions(scores, scored.split, measures.intervals["accuracy"], most, scored.baseline)
    show = (predictions, scored.names, scored.text_of, scored.classifier)
    return Content(
        name=f"{model} on {data}",
        facts=(
            checkpoint.as_posix(),
            f"{scores.examples:,} {scored.split} texts",
            f"{len(scored.classifier.labels):,} classes",
        ),
        conclusions=(*found, *more),
        warnings=(*score_warnings(scores, scored.split), *warnings),
        measures=measures_grid(scores, measures, most, scored.baseline),
        classes=classes_grid(scores, measures),
        confusion=confusion_of(scores),
        confused=confused_grid(scores, predictions),
        calibration=calibration,
        probabilities=probabilities,
        slices=tuple(slices),
        mistakes=examples_of(surest_mistakes(predictions), *show),
        unsure=examples_of(least_sure(predictions), *show),
        deciding=deciding_grid(scored.classifier),
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


def deciding_grid(classifier: BaseClassifier[Any]) -> Grid | None:
    """The n-grams that add most to each class; None if the model has no n-grams."""
    strongest = strongest_ngrams(classifier, DECIDING)
    if strongest is None:
        return None
    rows = [
        (label, "  ·  ".join(f"{each['ngram']} {each['weight']:+.2f}" for each in ngrams))
        for label, ngrams in [*strongest.items()][:MOST_DECIDED]
    ]
    return Grid(("class", "n-grams that add most to its logit"), tuple(rows), words=True)


def commands(checkpoint: Path) -> tuple[tuple[str, str], ...]:
    given = argument("checkpoint", checkpoint)
    return (
        ("Score it again, or on other texts:", f"python -m textcnn.evaluate {given}"),
        ("Label new texts:", f"python -m textcnn.predict {given} input=texts.txt"),
        ("Explain one answer:", f'python -m textcnn.explain {given} text="a text"'),
        ("Check what changes its answers:", f"python -m textcnn.audit {given}"),
    )


def read_audit(run_dir: Path) -> tuple[str, ...]:
    """The conclusions of an audit in a run directory; empty if there was none."""
    try:
        found = json.loads((run_dir / "audit.json").read_text(encoding="utf-8"))
        return tuple(str(line)[:500] for line in found["conclusions"])
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return ()
