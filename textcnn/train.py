"""Train a classifier: `python -m textcnn.train [key=value ...]`."""

import os
from pathlib import Path

from textcnn.cli import overridden_keys, program, refuse_changes
from textcnn.config.check import check
from textcnn.config.model_keys import NetworkConfig
from textcnn.config.programs import TrainConfig
from textcnn.config.stored import read_config
from textcnn.errors import InputError
from textcnn.system.atomic import existing
from textcnn.system.interrupts import end_start
from textcnn.system.lock import lock_directory
from textcnn.system.paths import check_place, check_stored, place_above
from textcnn.system.run_dir import (
    METRICS,
    check_begun,
    check_free,
    continued,
    find_config,
    job_dir,
    runs_inside,
)


@program("train")
def main(config: TrainConfig) -> None:
    resume, first = config.resume is not None, os.environ.get("RANK", "0") == "0"
    if config.resume is None:
        run_dir = job_dir(config.run_dir)
        if continued(run_dir, config.overwrite):
            if (run_dir / METRICS).is_file():
                print(f"{run_dir} is finished")
                return
            resume = existing(run_dir / "last").is_dir() or bool(runs_inside(run_dir))
            config.overwrite = not resume
        elif first:  # under torchrun the first process creates it
            check_free(run_dir, config.overwrite)
    else:
        file = find_config(config.resume, "train")
        run_dir = file.parent
        if first:
            lock_directory(run_dir)
        changed = refuse_changes(allowed={"training.epochs"})
        epochs = config.training.epochs
        config = read_config(file, TrainConfig)
        check_files(config, run_dir)
        if isinstance(config.model, NetworkConfig):  # n-grams are trained again from the start
            check_begun(run_dir)
        if "training.epochs" in changed:
            refuse_other_epochs(config, epochs)
            config.training.epochs = epochs
            check(config)

    # Imported here, after the checks: importing torch takes seconds.
    from textcnn.builders.data import store_splits
    from textcnn.training.growing.settings import check_elsewhere, grown_config
    from textcnn.training.many_runs.cross_validation import cross_validate
    from textcnn.training.runs import train

    end_start()
    if config.init_from is not None and config.resume is None:
        check_elsewhere(config.init_from, run_dir, config.overwrite and not resume)
        config = grown_config(config, overridden_keys())
    if config.data.write_splits is not None and not resume and first:
        for keys in store_splits(config.data, config.seed, overwrite=config.overwrite):
            print(f"splits written; to train on them: {keys}")
    all_folds = config.data.folds is not None and config.data.fold is None
    carry_out = cross_validate if all_folds else train
    carry_out(config, run_dir, resume)


def check_files(config: TrainConfig, run_dir: Path) -> None:
    """
    Raises:
        InputError: files of a run are not found from here.
    """
    for key, paths in config.data.files().items():
        for path in paths:
            check_stored(key, path, run_dir)
    if config.data.source == "hub" and config.data.path:
        check_place("data.path", config.data.path, place_above(config.data.path, run_dir))


def refuse_other_epochs(config: TrainConfig, epochs: int) -> None:
    """
    Raises:
        InputError: steps that were done would have been others with as many epochs.
    """
    if epochs != config.training.epochs and (setting := config.depends_on_epochs()):
        raise InputError(
            f"training.epochs={config.training.epochs} can't change in a run with {setting}, which "
            f"depends on it, got {epochs}; leave it out, or start a new run"
        )


if __name__ == "__main__":
    main()
