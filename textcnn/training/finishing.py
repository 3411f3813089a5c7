"""The end of a run: the test of its best checkpoint, and everything that is reported."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from textcnn.checkpoint import update_manifest
from textcnn.data.batching import EncodedTexts
from textcnn.data.description import data_rows
from textcnn.evaluation.calibration.quality import judge_probabilities
from textcnn.evaluation.measures.measure import measure
from textcnn.evaluation.metrics import Scores
from textcnn.evaluation.page.build import Background, Scored, write_report
from textcnn.evaluation.page.grids import as_grid
from textcnn.evaluation.predictions import Predictions, score_split
from textcnn.evaluation.references import BaselineScores
from textcnn.evaluation.texts.answers import Answers
from textcnn.evaluation.texts.slices import slice_groups
from textcnn.inference import BaseClassifier, load
from textcnn.models.summary import summary_rows
from textcnn.system.atomic import write_json
from textcnn.system.run_dir import METRICS
from textcnn.training.calibrating import calibrate_best
from textcnn.training.growing.forgetting import Forgetting, watch
from textcnn.training.ngrams.baseline import train_baseline
from textcnn.training.parts import wants_baseline
from textcnn.training.report import Outcome, saved_line
from textcnn.training.tensorboard.hyper_parameters import shown_settings
from textcnn.training.tensorboard.judged import log_scored

if TYPE_CHECKING:
    from textcnn.training.recipe import TrainingRun


def finish(run: "TrainingRun") -> None:
    """Test the best checkpoint, as read back from the disk, and write `metrics.json`."""
    run.accelerator.wait_for_everyone()
    best = load(run.run_dir)
    texts, selection = run.trained_on.texts, run.selection
    answered: dict[str, tuple[Scores, Predictions]] = {}
    if selection is None:
        answered["validation"] = answers(run, best, texts.validation)
    if len(texts.test):
        answered["test"] = answers(run, best, texts.test)
    wanted = wants_baseline(run.config, run.data, run.keep)
    baseline = train_baseline(run.data, run.config.seed, run.score) if wanted else None
    if not run.is_first:
        return
    calibrate_best(run, best)
    test, validation = (answered.get(name, (None,))[0] for name in ("test", "validation"))
    outcome = replace(run.outcome(best, test, validation), baseline=baseline)
    outcome = replace(outcome, forgetting=forgotten(run, best, list(answered)))
    if selection is not None:
        outcome = replace(outcome, state=selection.state, final=run.state)
    update_manifest(
        run.run_dir / "best",
        metrics={name: scores.summary() for name, scores in outcome.scores.items()},
    )
    metrics = outcome.as_json(run.opening, run.vectors_coverage)
    write_json(run.run_dir / METRICS, metrics)
    split = next((name for name in ("test", "validation") if name in answered), None)
    scored = None if split is None else judged(run, outcome, split, answered[split][1])
    if run.curves is not None:
        if scored is not None:
            log_scored(run.curves, scored, outcome.step)
        settings = shown_settings(run.config, run.run_dir)
        outcome.log(run.curves, run.data.splits, settings, run.config.training.metric)
    outcome.report(run.console)
    outcome.report_forgetting(run.console)
    if run.old_test is not None and run.old_test.reason:
        run.console.print(
            f"the own test texts of init_from={run.config.init_from} can't tell what is forgotten: "
            f"{run.old_test.reason}"
        )
    if scored is not None:
        report(run, outcome, scored)
    if run.keep:
        run.console.print(saved_line(run.run_dir))


def forgotten(
    run: "TrainingRun", best: BaseClassifier[Any], names: Sequence[str]
) -> dict[str, Forgetting]:
    """How well the classes of the checkpoint that the run started from are found now.

    Args:
        names: of the splits to measure it on.
    """
    if run.origin is None or run.old_test is None:
        return {}
    splits = {name: run.data.splits.by_name()[name] for name in names}
    learned = run.trained_on.splits.train.text_hashes
    return watch(run.origin, best, splits, run.old_test, learned)


def answers(
    run: "TrainingRun", best: BaseClassifier[Any], texts: EncodedTexts
) -> tuple[Scores, Predictions]:
    """Every process scores a part and gets the answers to the whole."""
    processes = run.accelerator.process_index, run.accelerator.num_processes
    return score_split(best, texts, run.accelerator.device, rank=processes[0], count=processes[1])


def judged(
    run: "TrainingRun", outcome: Outcome, split: str, predictions: Predictions
) -> Scored | None:
    """What the report says of the answers to a split; None if the run writes no report."""
    part = run.config.training.member or run.config.training.teacher_fold
    if not run.config.report or not run.keep or part:
        return None
    rows, baseline, reference = run.data.splits.by_name()[split], outcome.baseline, None
    if baseline is not None:
        own = baseline.test if split == "test" else baseline.validation
        assert own is not None
        reference = BaselineScores(baseline.unit, own.accuracy, own.macro_f1)
    predictions = replace(predictions, rows=rows.numbers)
    return Scored(
        outcome.best,
        split,
        outcome.scores[split],
        measure(predictions),
        Answers(predictions, rows.texts(), outcome.best.probabilities),
        slice_groups(predictions, {}),
        reference,
        judge_probabilities(predictions, outcome.best.calibration),
    )


def report(run: "TrainingRun", outcome: Outcome, scored: Scored) -> None:
    """Write the page and the model card, and say where."""
    opening = run.opening
    background = Background(
        outcome.state.history,
        as_grid(data_rows(opening.description)),
        (*opening.notes, *opening.warnings),
        as_grid(summary_rows(opening.model)),
        run.config_yaml,
    )
    data = run.config.data
    page = write_report(
        run.run_dir,
        scored,
        background,
        checkpoint=run.run_dir,
        model=run.config.model.title,
        data=data.path or data.source,
    )
    run.console.print(f"report: {page}")
