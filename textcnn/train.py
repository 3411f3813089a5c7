"""Train a classifier: `python -m textcnn.train [key=value ...]`."""

import os

from textcnn.cli import program, refuse_changes
from textcnn.config.programs import TrainConfig
from textcnn.config.stored import read_config
from textcnn.system.run_dir import CONFIG, check_free, find_run, job_dir


@program("train")
def main(config: TrainConfig) -> None:
    resume = config.resume is not None
    if config.resume is None:
        run_dir = job_dir(config.run_dir)
        if os.environ.get("RANK", "0") == "0":  # under torchrun the first process creates it
            check_free(run_dir, config.overwrite)
    else:
        run_dir = find_run(config.resume)
        changed = refuse_changes(allowed={"training.epochs"})
        epochs = config.training.epochs
        config = read_config(run_dir / CONFIG, TrainConfig)
        if "training.epochs" in changed:
            config.training.epochs = epochs

    # Imported here, after the checks: importing torch takes seconds.
    from textcnn.training.runs import train
    from textcnn.training.several.cross_validation import cross_validate

    all_folds = config.data.folds is not None and config.data.fold is None
    carry_out = cross_validate if all_folds else train
    carry_out(config, run_dir, resume)


if __name__ == "__main__":
    main()
