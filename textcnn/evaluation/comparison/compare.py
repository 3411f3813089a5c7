"""The recipe of `textcnn.compare`: read runs, group them, test differences, report."""

from collections.abc import Sequence
from pathlib import Path

import torch
from rich.console import Console

from textcnn.config.evaluation.comparison import BEST, FIRST, MOST_RUNS, CompareConfig
from textcnn.errors import InputError
from textcnn.evaluation.comparison.answers import SAMPLE, Answers
from textcnn.evaluation.comparison.collect import Collector, GivenData, one_line
from textcnn.evaluation.comparison.conclusions import conclude
from textcnn.evaluation.comparison.cost import texts_per_second
from textcnn.evaluation.comparison.files import check_output, write
from textcnn.evaluation.comparison.groups import Group, group_runs
from textcnn.evaluation.comparison.pairs import compare, corrected
from textcnn.evaluation.comparison.result import Result
from textcnn.evaluation.comparison.run import LeftOut, Run, named
from textcnn.evaluation.comparison.search import run_directories
from textcnn.evaluation.comparison.stored import read_run
from textcnn.evaluation.comparison.tables import difference_rows, score_rows, setting_rows
from textcnn.system.escapes import in_one_line
from textcnn.system.paths import expanded
from textcnn.system.terminal import build_console, build_table

SHOWN = 20  # directories that are left out


def carry_out(config: CompareConfig, given: Sequence[str]) -> None:
    """Compare, print, and write the files.

    Args:
        given: the keys of `data` that the command line sets; without any, each run is scored on
            its own test texts.

    Raises:
        InputError: a directory holds no run, no run can be compared, or a file can't be written.
    """
    outputs = [expanded(each) for each in config.outputs]
    for path in outputs:
        check_output(path, config.overwrite)
    console = build_console()
    runs, left_out = read_runs(run_directories(config.runs, MOST_RUNS))
    refuse_nothing(runs, left_out)
    collector = Collector(config.table_memory, console.print)
    answers: list[Answers] = []
    if given:
        found, runs, more = collector.on_given_texts(runs, GivenData(config.data, given))
        answers, left_out = [found], [*left_out, *more]
        refuse_nothing(runs, left_out)
    groups = group_runs(runs)
    if config.paired and not given:
        answers = collector.on_own_texts(groups)
    reference = chosen_reference(groups, config.reference)
    compared = [compare(each, reference, answers) for each in groups if each is not reference]
    comparisons = corrected([each for each in compared if each is not None])
    paired = config.paired or bool(given)
    result = Result(
        groups=tuple(groups),
        reference=reference,
        comparisons=tuple(comparisons),
        speeds=measured(groups, answers, collector) if config.speed else {},
        threads=torch.get_num_threads(),
        conclusions=tuple(conclude(groups, reference, comparisons, paired)),
        notes=tuple(collector.notes),
        left_out=tuple(left_out),
    )
    report(console, result)
    for path in outputs:
        write(path, result)
        console.print(f"saved in {path}")


def read_runs(directories: Sequence[Path]) -> tuple[list[Run], list[LeftOut]]:
    """The finished runs, with names, and the others with the reason."""
    runs, left_out = [], []
    for directory in directories:
        try:
            runs.append(read_run(directory))
        except (InputError, OSError) as error:
            reason = one_line(error).removeprefix(f"{directory}/")
            left_out.append(LeftOut(directory, reason))
    return named(runs) if runs else [], left_out


def refuse_nothing(runs: Sequence[Run], left_out: Sequence[LeftOut]) -> None:
    """
    Raises:
        InputError: no run is left.
    """
    if runs:
        return
    if not left_out:
        raise InputError("runs is empty; give directories: compare outputs/a outputs/b")
    first, count = left_out[0], len(left_out)
    others = f"; so {count - 1} more" if count > 1 else ""
    raise InputError(
        f"no run can be compared: {in_one_line(str(first.directory))}: {first.reason}{others}"
    )


def chosen_reference(groups: Sequence[Group], wanted: str) -> Group:
    """
    Args:
        wanted: best, first, or a directory of a run.

    Raises:
        InputError: no run is in that directory.
    """
    if wanted == FIRST:
        return groups[0]
    if wanted == BEST:
        has_all = all(group.score("validation", "accuracy") for group in groups)
        split = "validation" if has_all else "test"
        means = [group.score(split, "accuracy") for group in groups]
        scores = [-1.0 if mean is None else mean.mean for mean in means]
        return groups[scores.index(max(scores))]
    directory = expanded(wanted).absolute()
    for group in groups:
        for run in group.runs:
            place = run.directory.absolute()
            places = [place, place.parent] if run.part[0] else [place]  # a cross-validation
            if wanted in (group.name, run.name) or directory in places:
                return group
    raise InputError(
        f"reference takes {BEST}, {FIRST} or the directory of one of the runs, got {wanted}; they "
        f"are {', '.join(group.name for group in groups[:5])}"
    )


def measured(
    groups: Sequence[Group], answers: Sequence[Answers], collector: Collector
) -> dict[str, float]:
    """Texts per second of a checkpoint of each group, one after another, on the same texts."""
    sample = next((each.sample for each in answers if each.sample), None)
    if sample is None:
        first = groups[0].runs[0]
        try:
            sample = collector.texts_of(first, first.test_data).texts[:SAMPLE]
        except (InputError, OSError) as error:
            collector.notes.append(
                f"texts/s are not measured without test texts: {one_line(error)}"
            )
            return {}
    speeds = {}
    for group in groups:
        run = next((each for each in group.runs if each.checkpoint is not None), None)
        if run is None:
            continue
        try:
            classifier = collector.restored(run).classifier
            speeds[group.name] = texts_per_second(classifier, sample)
        except (InputError, OSError) as error:
            collector.notes.append(f"{run.name}: speed is not measured: {one_line(error)}")
    return speeds


def report(console: Console, result: Result) -> None:
    """Print the tables, then what they mean."""
    console.print(build_table("Runs", score_rows(result)))
    if settings := setting_rows(result):
        console.print(build_table("What differs", settings))
    if differences := difference_rows(result):
        console.print(
            build_table(f"Compared with {result.reference.name} on the same texts", differences)
        )
    if result.speeds:
        plural = "" if result.threads == 1 else "s"
        console.print(f"texts/s: one after another, with {result.threads} thread{plural}")
    for each in result.left_out[:SHOWN]:
        console.print(f"left out: {in_one_line(str(each.directory))}: {each.reason}")
    if (more := len(result.left_out) - SHOWN) > 0:
        console.print(f"left out: {more:,} more")
    for line in (*(f"note: {note}" for note in result.notes), *result.conclusions):
        console.print(line)
