"""Score a checkpoint: `python -m textcnn.evaluate checkpoint=... [key=value ...]`."""

from textcnn.cli import CHECKPOINT_MISSING, overridden_keys, program
from textcnn.config.programs import EvaluateConfig
from textcnn.errors import InputError
from textcnn.system.interrupts import end_start
from textcnn.system.run_dir import EVALUATION, PREDICTIONS, check_directory, job_dir


@program("evaluate")
def main(config: EvaluateConfig) -> None:
    if not config.checkpoint:
        raise InputError(CHECKPOINT_MISSING)
    run_dir = job_dir(config.run_dir)
    check_directory(run_dir)
    file = run_dir / EVALUATION
    for each in (file, run_dir / PREDICTIONS):
        if each.exists() and not config.overwrite:
            raise InputError(f"{each} already exists; try another run_dir, or overwrite=true")
    given = [key for key in overridden_keys() if key.startswith("data")]

    # Imported here, after the checks: importing torch takes seconds.
    from textcnn.evaluation.report import evaluate

    end_start()
    evaluate(config, file, given)


if __name__ == "__main__":
    main()
