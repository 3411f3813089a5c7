"""What changes a checkpoint's answers: `python -m textcnn.audit checkpoint=... [key=value ...]`."""

import sys

from textcnn.cli import CHECKPOINT_MISSING, overridden_keys, program
from textcnn.config.evaluation.audit import AuditConfig
from textcnn.errors import InputError
from textcnn.system.interrupts import end_start
from textcnn.system.run_dir import AUDIT, check_directory, check_writable, job_dir

BROKEN = 1  # the exit code if an invariant breaks


@program("audit")
def main(config: AuditConfig) -> None:
    if not config.checkpoint:
        raise InputError(CHECKPOINT_MISSING)
    run_dir = job_dir(config.run_dir)
    check_directory(run_dir)
    file = run_dir / AUDIT
    if file.exists() and not config.overwrite:
        raise InputError(f"{file} already exists; try another run_dir, or overwrite=true")
    check_writable(run_dir)
    given = [key for key in overridden_keys() if key.startswith("data")]

    # Imported here, after the checks: importing torch takes seconds.
    from textcnn.evaluation.audit.run import audit
    from textcnn.training.ngrams.baseline import train_bag

    end_start()
    if not audit(config, file, given, train_bag):
        sys.exit(BROKEN)


if __name__ == "__main__":
    main()
