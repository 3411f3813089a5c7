"""Measure what convolutions see: `python -m textcnn.illustrate study=... [key=value ...]`."""

from pathlib import Path
from typing import Any

from textcnn.cli import overridden_keys, program
from textcnn.config.data import DataConfig
from textcnn.config.programs import IllustrateConfig
from textcnn.config.stored import parse_config
from textcnn.errors import InputError
from textcnn.system.run_dir import check_free, check_writable, find_config, job_dir


@program("illustrate")
def main(config: IllustrateConfig) -> None:
    resume = config.resume is not None
    if config.resume is None:
        run_dir = job_dir(config.run_dir)
        check_free(run_dir, config.overwrite)
        make_absolute(config)
    else:
        stored = find_config(config.resume, "illustrate")
        run_dir, workers = stored.parent, config.workers
        check_resumed()
        config = read_config(stored)
        config.workers = workers
    check_writable(run_dir)

    # imported only after the configuration is checked, because this takes seconds
    from textcnn.studies.tour.run import illustrate

    illustrate(config, run_dir, resume)


def make_absolute(config: IllustrateConfig) -> None:
    """Make the paths of inputs absolute, so that the run can be resumed from any directory."""
    config.checkpoint = absolute(config.checkpoint) if config.checkpoint else ""
    data: DataConfig = config.data
    if data.source == "files":
        data.train, data.validation, data.test = map(
            absolute, (data.train, data.validation, data.test)
        )
    elif data.path is not None and Path(data.path).expanduser().is_dir():
        data.path = absolute(data.path)


def absolute(given: Any) -> Any:
    """The absolute form of a path, a glob, a list of them or None."""
    if isinstance(given, list):
        return [absolute(path) for path in given]
    return given if given is None else str(Path(given).expanduser().absolute())


def check_resumed() -> None:
    """Check that a resumed run keeps its settings.

    Raises:
        InputError: a key was given that would change the measurements.
    """
    changed = [key for key in overridden_keys() if key not in {"resume", "workers"}]
    if changed:
        raise InputError(
            f"a resumed run keeps its settings, only workers may change; got {changed[0]}: "
            "leave it out"
        )


def read_config(stored: Path) -> IllustrateConfig:
    """The configuration of a run of studies.

    Raises:
        InputError: the file does not hold one.
    """
    try:
        return parse_config(stored.read_text(encoding="utf-8"), IllustrateConfig)
    except ValueError as error:  # not UTF-8, or an InputError, which does not name the file
        raise InputError(f"{stored}: {' '.join(str(error).split())}") from error


if __name__ == "__main__":
    main()
