"""Reproduce the published numbers, measure ablations and learning curves."""

import os
import sys
from argparse import Namespace
from pathlib import Path

# `table` and other parts of the benchmark
sys.path.append(str(Path(__file__).parents[1] / "bench"))

from arguments import parse
from pool import alone_in

from textcnn.errors import InputError
from textcnn.system.failures import os_failure


def main() -> None:
    options = parse(sys.argv[1:])
    try:
        with alone_in(options.work):
            failures = run(options)
    except InputError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print(
            f"interrupted; finished jobs are in {options.work}, and the same command continues",
            file=sys.stderr,
        )
        sys.exit(130)
    except BrokenPipeError:  # the reader of a pipe, such as head, has ended
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        print(f"{os_failure(error)}; the same command continues", file=sys.stderr)
        sys.exit(2)
    for line in failures:
        print(line, file=sys.stderr)
    sys.exit(1 if failures else 0)


def run(options: Namespace) -> list[str]:
    """Carry out the program; returns a line about each job that failed."""
    # imported here: the others import NumPy and matplotlib
    if options.program == "ablations":
        from ablations import ablate

        return ablate(options)
    if options.program == "curves":
        from curves import measure_curves

        return measure_curves(options)
    if options.program == "characters":
        from characters import measure_characters

        return measure_characters(options)
    from campaign import reproduce

    return reproduce(options)


if __name__ == "__main__":
    main()
