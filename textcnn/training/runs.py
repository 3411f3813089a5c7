"""From a configuration to a finished run: of one network, or of an ensemble."""

from pathlib import Path
from typing import Any

from textcnn.config.model_keys import NetworkConfig
from textcnn.config.programs import TrainConfig
from textcnn.system.terminal import argument
from textcnn.training.loop import Interrupted
from textcnn.training.many_runs.members import EnsembleRun
from textcnn.training.ngrams.run import LinearRun
from textcnn.training.recipe import TrainingRun


def train(config: TrainConfig, run_dir: Path, resume: bool) -> None:
    """Train, keep the best checkpoint, test it, and report.

    Raises:
        InputError: data or run directory can't be used; nothing has been written then.
        KeyboardInterrupt: after Ctrl-C or SIGTERM, once `last/` is saved.
    """
    carry_out(build_run(config, run_dir, resume), resume_from=run_dir)


def build_run(
    config: TrainConfig, run_dir: Path, resume: bool = False, **options: Any
) -> TrainingRun:
    """The run that a configuration asks for: of n-grams, of one network, or of an ensemble.

    Args:
        options: as `TrainingRun` takes them.
    """
    if not isinstance(config.model, NetworkConfig) and not config.learns_ngrams:
        return LinearRun(config, run_dir, resume, **options)
    kind = EnsembleRun if config.training.trains_members else TrainingRun
    return kind(config, run_dir, resume, **options)


def carry_out(run: TrainingRun, resume_from: Path) -> None:
    """
    Args:
        resume_from: the run directory to name if the user interrupts the run.
    """
    run.start()
    try:
        run.learn()
    except Interrupted:
        run.console.print(
            f"interrupted {run.progress}; to resume, run",
            f"  python -m textcnn.train {argument('resume', resume_from)}",
            sep="\n",
        )
        raise KeyboardInterrupt from None
    run.finish()
