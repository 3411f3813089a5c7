"""Compare runs: `python -m textcnn.compare outputs/a outputs/b ... [key=value ...]`."""

from textcnn.cli import overridden_keys, program
from textcnn.config.evaluation.comparison import CompareConfig
from textcnn.errors import InputError
from textcnn.system.interrupts import end_start


@program("compare", positional="runs")
def main(config: CompareConfig) -> None:
    if not config.runs:
        raise InputError("runs are missing; try compare outputs/a outputs/b, or a sweep's folder")
    given = [key for key in overridden_keys() if key.startswith("data")]

    # Imported here, after the checks: importing torch takes seconds.
    from textcnn.evaluation.comparison.compare import carry_out

    end_start()
    carry_out(config, given)


if __name__ == "__main__":
    main()
