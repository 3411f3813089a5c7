"""Probabilities of texts by models that have not seen them, trained on the other folds."""

from collections.abc import Callable
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from textcnn.config.programs import TrainConfig
from textcnn.data.audit.pool import Pool
from textcnn.data.sources.memory import Rows
from textcnn.errors import InputError
from textcnn.inference import load
from textcnn.system.terminal import build_console
from textcnn.system.workers import build_pool, kill_workers
from textcnn.training.isolation import isolated
from textcnn.training.runs import build_run


def out_of_fold_probabilities(
    pool: Pool,
    config: TrainConfig,
    folds: int,
    *,
    workers: int,
    done: Callable[[int], None],
) -> np.ndarray:
    """(texts, classes) float64; a class that the other folds lack has the probability 0.

    Args:
        workers: processes that train at the same time; 1: train in this process.
        done: is called with the number of finished folds.

    Raises:
        InputError: a model can't be trained, or its process was killed.
    """
    fold = pool.folds(folds, config.seed)
    probabilities = np.zeros((len(pool), len(pool.names)))
    pieces = [
        (config, pool.rows(fold != number), list(pool.rows(fold == number).texts))
        for number in range(folds)
    ]

    def keep(number: int, result: tuple[tuple[str, ...], np.ndarray]) -> None:
        names, values = result
        columns = np.array([pool.names.index(name) for name in names])
        probabilities[np.ix_(np.flatnonzero(fold == number), columns)] = values

    if workers == 1:
        for number, piece in enumerate(pieces):
            keep(number, read_others(*piece))
            done(number + 1)
        return probabilities
    processes = build_pool(workers)
    try:
        waiting = {processes.submit(read_others, *piece): at for at, piece in enumerate(pieces)}
        for count, future in enumerate(as_completed(waiting), start=1):
            keep(waiting[future], future.result())
            done(count)
        processes.shutdown()
    except BrokenProcessPool as error:
        raise InputError(
            "a process that trained a model was killed, likely for lack of memory; try workers=1"
        ) from error
    finally:
        kill_workers(processes)
    return probabilities


def read_others(
    config: TrainConfig, train: Rows, texts: list[str]
) -> tuple[tuple[str, ...], np.ndarray]:
    """Train on some texts and read others.

    Returns:
        The classes of the training texts, and the probabilities (texts, classes).
    """
    with TemporaryDirectory(prefix="textcnn-") as temporary, isolated():
        directory = Path(temporary) / "run"
        run = build_run(
            replace(config, run_dir=str(directory), baseline=False),
            directory,
            console=build_console(quiet=True),
            memory={"train": train},
            keep=False,
        )
        run.start()
        run.learn()
        run.finish()
        classifier = load(directory)
        return classifier.labels, classifier.probabilities(classifier.logits(texts)).numpy()
