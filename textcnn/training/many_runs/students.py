"""Where a student's targets come from: a teacher, or networks that have not seen the text."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from textcnn.config.programs import TrainConfig
from textcnn.data.splits import parts_of
from textcnn.errors import InputError
from textcnn.inference import load
from textcnn.models.ensemble import mean_logits
from textcnn.system.atomic import new_file
from textcnn.system.failures import failing_as_os_error
from textcnn.system.run_dir import TEACHER_LOGITS
from textcnn.training.batches import EpochBatches, StreamBatches
from textcnn.training.many_runs.jobs import Job, train_all
from textcnn.training.many_runs.teacher import Teacher
from textcnn.training.recipe import TrainingRun


def teach(run: TrainingRun) -> None:
    """Let the batches of a run carry the logits to learn from.

    Raises:
        InputError, Interrupted: as `out_of_fold_logits`.
    """
    if run.teacher is None:
        assert isinstance(run.batches, EpochBatches)
        run.batches.teach(out_of_fold_logits(run))
        return
    run.console.print(f"teacher: {run.config.teacher}")
    if isinstance(run.batches, StreamBatches):
        run.batches.teach(run.teacher.logits)
    elif isinstance(run.batches, EpochBatches):
        run.batches.teach(run.teacher.logits(run.data.learned_texts()))


def out_of_fold_logits(run: TrainingRun) -> np.ndarray:
    """The logits of the training texts by networks that have not seen them.

    Each of `training.teacher_folds` networks is trained on the other parts of the training texts,
    in `teacher-1` and so on, and reads its own part. Texts without a label are read by all; their
    probabilities are averaged. The logits are stored, so that a resumed run and all members of an
    ensemble learn from the same.

    Returns:
        (training texts and those without labels, classes) float32

    Raises:
        InputError: a network can't be trained.
        Interrupted: after Ctrl-C or SIGTERM, once the progress is saved.
    """
    made_of = "\n".join(run.data.splits.fingerprints().values())
    folders = [run.run_dir]
    if run.config.training.member is not None:
        folders.append(run.run_dir.parent)  # the ensemble has trained the teachers
    for folder in folders:
        stored = read_logits(folder / TEACHER_LOGITS, made_of)
        if stored is not None:
            return stored.numpy()
    jobs = teacher_jobs(run.config, run.run_dir)
    train_all(jobs, run)
    run.accelerator.wait_for_everyone()
    logits = collect(run, jobs)
    if run.is_first:
        with (
            new_file(run.run_dir / TEACHER_LOGITS) as file,
            failing_as_os_error(file, SafetensorError),
        ):
            save_file({"logits": logits}, file, {"made_of": made_of})
    return logits.numpy()


def teacher_jobs(config: TrainConfig, run_dir: Path) -> list[Job]:
    """A run for each part of the training texts, which leaves it out."""
    count = config.training.teacher_folds
    data = replace(config.data, unlabelled=None)
    return [
        Job(
            f"teacher {fold} of {count}",
            replace(
                config,
                data=data,
                training=replace(config.training, teacher_fold=fold, members=1, member=None),
            ),
            run_dir / f"teacher-{fold}",
        )
        for fold in range(1, count + 1)
    ]


def collect(run: TrainingRun, jobs: list[Job]) -> Tensor:
    """What trained teachers think of the texts: (texts, classes) float32."""
    splits = run.data.splits
    texts = splits.train.texts()
    part = parts_of(splits.train, len(jobs), run.config.seed)
    more = splits.unlabelled
    unlabelled = [] if more is None else more.texts()
    logits = torch.empty(len(texts), len(splits.labels))
    of_unlabelled = []
    for number, job in enumerate(jobs):
        teacher = Teacher(load(job.directory), splits.labels)
        own = np.flatnonzero(part == number)
        logits[torch.from_numpy(own)] = teacher.tensor([texts[row] for row in own])
        of_unlabelled.append(teacher.tensor(unlabelled))
    mean = mean_logits(torch.stack(of_unlabelled), splits.train.multi_label)
    return torch.cat([logits, mean])


def read_logits(file: Path, made_of: str) -> Tensor | None:
    """The stored logits; None if there are none, or for other texts.

    Raises:
        InputError: the file is damaged.
    """
    if not file.is_file():
        return None
    try:
        with safe_open(file, "pt") as stored:
            if (stored.metadata() or {}).get("made_of") != made_of:
                return None
            logits: Tensor = stored.get_tensor("logits")
            return logits
    except SafetensorError as error:
        raise InputError(f"{file} can't be read: {error}; delete it") from error
