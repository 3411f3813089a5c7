"""From a configuration to a finished run: of one network, or of an ensemble."""

from pathlib import Path
from typing import Any

from textcnn.config.model_keys import NetworkConfig
from textcnn.config.programs import TrainConfig
from textcnn.errors import InputError
from textcnn.system.arguments import argument
from textcnn.system.atomic import existing
from textcnn.system.failures import os_failure
from textcnn.system.run_dir import CONFIG, METRICS
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
    try:
        run.start()
        run.learn()
        run.finish()
        check_kept(run)
    except Interrupted:
        run.console.print(
            f"interrupted {run.progress}; to resume, run",
            f"  python -m textcnn.train {argument('resume', resume_from)}",
            sep="\n",
        )
        raise KeyboardInterrupt from None
    except BrokenPipeError:  # standard output, not a file
        raise
    except OSError as error:
        command = f"python -m textcnn.train {argument('resume', resume_from)}"
        begun = existing(run.run_dir / "last").is_dir()
        again = f"; to resume after that, run {command}" if begun else ""
        raise InputError(f"{os_failure(error)}{again}") from error


def check_kept(run: TrainingRun) -> None:
    """
    Raises:
        InputError: somebody deleted what the run wrote.
    """
    lost = [name for name in (METRICS, CONFIG) if not (run.run_dir / name).is_file()]
    if run.is_first and lost:
        raise InputError(
            f"{run.run_dir / lost[0]} was deleted while the run was going on; train again with "
            "another run_dir"
        )
