"""The run directory: where it is, whether it is free, and which of Hydra's files it holds."""

import os
import re
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import OmegaConf

from textcnn.errors import InputError
from textcnn.system.atomic import existing
from textcnn.system.failures import ADVICE
from textcnn.system.lock import lock_directory
from textcnn.system.paths import expanded

CONFIG = "config.yaml"
METRICS = "metrics.json"
EVALUATION = "evaluation.json"
PREDICTIONS = "predictions.jsonl"  # of evaluate
AUDIT = "audit.json"
RESULTS, FIGURES, REPORT = "results", "figures", "report"  # of studies
PROJECTOR, PROJECTOR_CONFIG = "projector", "projector_config.pbtxt"  # of TensorBoard
RUNS_INSIDE = ("fold", "member", "teacher")  # fold-1, fold-2, ...
TEACHER_LOGITS = "teacher_logits.safetensors"
WORDS = "words_of_vectors.json"
TOKENIZER = "tokenizer.json"
MADE_BY_A_RUN = (
    *(CONFIG, METRICS, EVALUATION, PREDICTIONS, AUDIT),
    *("best", "last", ".best.old", ".last.old", ".hydra"),
    *(PROJECTOR, PROJECTOR_CONFIG),
    *(RESULTS, FIGURES, REPORT, TEACHER_LOGITS, WORDS, TOKENIZER),
)


def job_dir(run_dir: str) -> Path:
    """The directory this job writes to: `run_dir`, or in a multirun the job's own subdirectory.

    Raises:
        InputError: `run_dir` is empty.
    """
    if HydraConfig.initialized() and HydraConfig.get().mode == RunMode.MULTIRUN:
        return Path(HydraConfig.get().runtime.output_dir)
    if not run_dir:
        raise InputError("run_dir is empty; try run_dir=outputs/run")
    return expanded(run_dir)


def continued(run_dir: Path, overwrite: bool) -> bool:
    """Whether this is a job of a sweep that has begun before, and is started again.

    Raises:
        InputError: the directory holds a job with other values.
    """
    if not HydraConfig.initialized() or HydraConfig.get().mode != RunMode.MULTIRUN or overwrite:
        return False
    stored = run_dir / ".hydra" / "overrides.yaml"
    if os.environ.get("WORLD_SIZE", "1") != "1" or not stored.is_file():
        return False
    lock_directory(run_dir)
    before, now = OmegaConf.load(stored), HydraConfig.get().overrides.task
    if [*map(str, before)] != [*now]:
        raise InputError(
            f"{run_dir} holds a job of another sweep ({' '.join(map(str, before))}), got "
            f"{' '.join(now)}; try another run_dir, or overwrite=true"
        )
    return True


def check_directory(run_dir: Path) -> None:
    """
    Raises:
        InputError: `run_dir` exists and is not a directory.
    """
    if run_dir.exists() and not run_dir.is_dir():
        raise InputError(f"run_dir={run_dir} is a file; give a directory instead")


def check_free(run_dir: Path, overwrite: bool) -> None:
    """Check without changing anything; a directory that exists is locked.

    Raises:
        InputError: `run_dir` is a file, is in use by another process, or holds a run and
            `overwrite` is False.
    """
    check_directory(run_dir)
    if run_dir.is_dir():
        lock_directory(run_dir)
    if not overwrite and any((run_dir / name).exists() for name in MADE_BY_A_RUN):
        raise InputError(holds_a_run(run_dir))


def check_writable(run_dir: Path) -> None:
    """Check before training starts; leaves nothing behind.

    Raises:
        InputError: `run_dir` can't be written.
    """
    try:
        there = next(path for path in (run_dir, *run_dir.absolute().parents) if path.exists())
        with TemporaryDirectory(dir=there):
            pass
    except OSError as error:
        raise InputError(cannot_be_written(run_dir, error)) from error


def cannot_be_written(run_dir: Path, error: OSError) -> str:
    return (
        f"run_dir={run_dir} can't be written: {error.strerror}; "
        f"{ADVICE.get(error.errno or 0, 'make it writable or try another one')}"
    )


def holds_a_run(run_dir: Path) -> str:
    return (
        f"run_dir={run_dir} already holds a run; try another one, overwrite=true to replace it, "
        f"or resume={run_dir} to resume it"
    )


def create_run_dir(run_dir: Path, config_yaml: str, overwrite: bool) -> None:
    """Create and lock the directory of a new run; with `overwrite`, delete an earlier run first.

    Raises:
        InputError: it can't be created or written, or another process created a run there first.
    """
    try:
        run_dir.mkdir(parents=True, exist_ok=True)
        lock_directory(run_dir)
        old = [*map(run_dir.joinpath, MADE_BY_A_RUN), *run_dir.glob("events.out.tfevents.*")]
        old += [each.parent for each in runs_inside(run_dir)]
        for path in old if overwrite else ():
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        with (run_dir / CONFIG).open("x", encoding="utf-8") as file:
            file.write(config_yaml)
        if HydraConfig.initialized():
            hydra = run_dir / ".hydra"
            hydra.mkdir()
            OmegaConf.save(HydraConfig.get().overrides.task, hydra / "overrides.yaml")
            OmegaConf.save({"hydra": HydraConfig.get()}, hydra / "hydra.yaml")
    except FileExistsError:
        raise InputError(holds_a_run(run_dir)) from None
    except OSError as error:
        raise InputError(cannot_be_written(run_dir, error)) from error


def run_name(checkpoint: Path) -> str:
    """What people call a checkpoint: the name of its run directory, or else its own."""
    own = checkpoint.resolve()
    return own.parent.name if own.name in ("best", "last") else own.name


def runs_inside(run_dir: Path) -> list[Path]:
    """The configuration files of the runs that a run consists of: folds, members, teachers."""
    return [file for kind in RUNS_INSIDE for file in run_dir.glob(f"{kind}-*/{CONFIG}")]


def find_config(path: str, program: str) -> Path:
    """The configuration file of the run in the directory `path`.

    Raises:
        InputError: there is no run, or it is a run of another program.
    """
    file = expanded(path) / CONFIG
    if not file.is_file():
        raise InputError(f"resume={path} holds no run (no {CONFIG}); give a run directory")
    keys = re.findall(r"^(study|model):", file.read_text("utf-8", errors="replace"), re.MULTILINE)
    made_by = {("study",): "illustrate", ("model",): "train"}.get(tuple(keys), program)
    if made_by != program:
        raise InputError(
            f"resume={path} is a run of textcnn.{made_by}, not of textcnn.{program}; try "
            f"python -m textcnn.{made_by} resume={path}"
        )
    return file


def check_begun(run_dir: Path) -> None:
    """Check that a run can be resumed.

    Raises:
        InputError: it saved no checkpoint.
    """
    if not existing(run_dir / "last").is_dir() and not runs_inside(run_dir):
        raise InputError(
            f"resume={run_dir}: that run has saved no checkpoint yet; start it again with "
            f"run_dir={run_dir} overwrite=true"
        )
