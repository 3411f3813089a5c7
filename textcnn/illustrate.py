"""Measure what convolutions see: `python -m textcnn.illustrate study=... [key=value ...]`."""

from typing import Any

from textcnn.cli import program, refuse_changes
from textcnn.config.data import DataConfig
from textcnn.config.evaluation.illustrate import IllustrateConfig
from textcnn.config.stored import read_config
from textcnn.hub.address import is_address
from textcnn.system.interrupts import end_start
from textcnn.system.lock import lock_directory
from textcnn.system.paths import expanded
from textcnn.system.run_dir import check_free, check_writable, continued, find_config, job_dir


@program("illustrate")
def main(config: IllustrateConfig) -> None:
    resume = config.resume is not None
    if config.resume is None:
        run_dir = job_dir(config.run_dir)
        resume = continued(run_dir, config.overwrite)
        if not resume:
            check_free(run_dir, config.overwrite)
        make_absolute(config)
    else:
        stored = find_config(config.resume, "illustrate")
        refuse_changes(allowed={"workers"})
        run_dir, workers = stored.parent, config.workers
        lock_directory(run_dir)
        config = read_config(stored, IllustrateConfig)
        config.workers = workers
    check_writable(run_dir)

    # Imported here, after the checks: importing torch takes seconds.
    from textcnn.studies.tour.run import illustrate

    end_start()
    illustrate(config, run_dir, resume)


def make_absolute(config: IllustrateConfig) -> None:
    """Make input paths absolute, so that a run can be resumed from any directory."""
    if config.checkpoint and not is_address(config.checkpoint):
        config.checkpoint = absolute(config.checkpoint)
    data: DataConfig = config.data
    if data.source == "files":
        data.train, data.validation, data.test = map(
            absolute, (data.train, data.validation, data.test)
        )
    elif data.path is not None and expanded(data.path).is_dir():
        data.path = absolute(data.path)


def absolute(given: Any) -> Any:
    """Make absolute: a path, a glob, a list of them or None."""
    if isinstance(given, list):
        return [absolute(path) for path in given]
    return given if given is None else str(expanded(given).absolute())


if __name__ == "__main__":
    main()
