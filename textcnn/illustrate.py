"""Show what convolutions see: `python -m textcnn.illustrate study=... [key=value ...]`."""

from textcnn.cli import overridden_keys, program
from textcnn.config import IllustrateConfig
from textcnn.errors import InputError
from textcnn.run_dir import check_free, find_config, job_dir
from textcnn.stored_config import parse_config


@program("illustrate")
def main(config: IllustrateConfig) -> None:
    resume = config.resume is not None
    if config.resume is None:
        run_dir = job_dir(config.run_dir)
        check_free(run_dir, config.overwrite)
    else:
        stored = find_config(config.resume)
        run_dir, workers = stored.parent, config.workers
        config = parse_config(stored.read_text(encoding="utf-8"), IllustrateConfig)
        check_resumed()
        config.workers = workers

    # Imported here, where the configuration is known to be sound: this takes seconds.
    from textcnn.studies.run import illustrate

    illustrate(config, run_dir, resume)


def check_resumed() -> None:
    """
    Raises:
        InputError: a key was given that would change what is measured.
    """
    changed = [key for key in overridden_keys() if key not in {"resume", "workers"}]
    if changed:
        raise InputError(
            f"resume goes on as the run began, only workers may change; got {changed[0]}"
        )


if __name__ == "__main__":
    main()
