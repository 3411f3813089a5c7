"""The jobs of a sweep (`-m`), all checked before the first one starts."""

from collections.abc import Sequence
from itertools import islice

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser

from textcnn.config.compose import compose
from textcnn.errors import InputError

MOST_JOBS = 10_000
SHOWN = 10  # problems
OTHER_SWEEPERS = ("hydra/sweeper", "hydra/launcher")  # which choose jobs of their own


def check_jobs(program: str, overrides: Sequence[str]) -> None:
    """
    Args:
        overrides: of the command line, `seed=1,2,3`.

    Raises:
        InputError: with a line for each distinct problem, and the first job that has it.
    """
    if any(each.startswith(OTHER_SWEEPERS) for each in overrides):
        return
    problems: dict[str, str] = {}
    jobs = jobs_of(overrides)
    for number, job in enumerate(jobs):
        try:
            compose(program, job)
        except InputError as error:
            problems.setdefault(str(error), f"job {number}: {varied(job, overrides)}")
    if problems:
        lines = [f"{problem} ({job})" for problem, job in islice(problems.items(), SHOWN)]
        raise InputError("\n".join(lines))


def varied(job: Sequence[str], overrides: Sequence[str]) -> str:
    """What is special about a job: its values of keys to which the command line gives several."""
    given = (each.partition("=") for each in overrides)
    keys = {key for key, _, value in given if "," in value or "(" in value}
    return " ".join(each for each in job if each.partition("=")[0] in keys)


def jobs_of(overrides: Sequence[str]) -> list[list[str]]:
    """The overrides of each job, in Hydra's order.

    Raises:
        InputError: there are too many.
    """
    parsed = OverridesParser.create().parse_overrides(list(overrides))
    count = 1
    for each in parsed:
        if each.is_sweep_override() and each.is_discrete_sweep():
            count *= sum(1 for _ in islice(each.sweep_string_iterator(), MOST_JOBS + 1))
        if count > MOST_JOBS:
            raise InputError(
                f"a sweep has at most {MOST_JOBS:,} jobs; got more, with {each.input_line}"
            )
    (jobs,) = BasicSweeper.split_arguments(parsed, None)
    return jobs
