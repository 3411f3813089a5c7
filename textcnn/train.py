"""Train a classifier: `python -m textcnn.train [key=value ...]`."""

import os
from pathlib import Path

from textcnn.cli import overridden_keys, program
from textcnn.config.programs import TrainConfig
from textcnn.config.stored import parse_train_config
from textcnn.errors import InputError
from textcnn.system.run_dir import CONFIG, check_free, find_run, job_dir


@program("train")
def main(config: TrainConfig) -> None:
    resume = config.resume is not None
    if config.resume is None:
        run_dir = job_dir(config.run_dir)
        if os.environ.get("RANK", "0") == "0":  # under torchrun the first process makes it
            check_free(run_dir, config.overwrite)
    else:
        run_dir = find_run(config.resume)
        config = resumed_config(config, run_dir / CONFIG)

    # Imported here, where the configuration is known to be sound: this takes seconds.
    from textcnn.training.cross_validation import cross_validate
    from textcnn.training.recipe import train

    all_folds = config.data.folds is not None and config.data.fold is None
    carry_out = cross_validate if all_folds else train
    carry_out(config, run_dir, resume)


def resumed_config(config: TrainConfig, stored: Path) -> TrainConfig:
    """The configuration of the run to go on with; only `training.epochs` may be changed."""
    changed = [key for key in overridden_keys() if key not in {"resume", "training.epochs"}]
    if changed:
        raise InputError(
            f"resume goes on as the run began, only training.epochs may change; got {changed[0]}"
        )
    try:
        before = parse_train_config(stored.read_text(encoding="utf-8"))
    except ValueError as error:  # not UTF-8, or an InputError, which doesn't know the file
        raise InputError(f"{stored}: {' '.join(str(error).split())}") from error
    if "training.epochs" in overridden_keys():
        before.training.epochs = config.training.epochs
    return before


if __name__ == "__main__":
    main()
