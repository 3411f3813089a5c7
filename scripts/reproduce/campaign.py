"""`make reproduce`: data sets x experiments and baselines x folds or seeds."""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from arguments import ROOT
from baseline_names import BASELINE_NAMES
from entries import load_entries, make_entry, merge, save_json, save_text
from experiments import EXPERIMENTS, Origin, existing, find
from jobs import TRAIN, Job
from notes import write_notes
from pages import results_page
from pool import Pool, is_finished
from sources import DATA, FOLDS, SEEDS, Run, available

from textcnn.errors import InputError


@dataclass(frozen=True)
class Row:
    """A row of the tables: an experiment or a baseline on a data set."""

    name: str
    data: str
    jobs: tuple[Job, ...]


def reproduce(options: argparse.Namespace) -> list[str]:
    """Carry out what is left, and renew the pages.

    Returns:
        A line about each job that failed.

    Raises:
        InputError: data, an experiment or a file can't be used.
        KeyboardInterrupt: after Ctrl-C; the pages have the finished rows.
    """
    output = options.output or ROOT / "docs"
    load_entries(output / "results.json")  # refuse damaged results before hours of training
    if options.merge is not None:
        if not options.merge.is_file():
            raise InputError(f"--merge {options.merge} is no file; give a results.json")
        write(load_entries(options.merge), options)
        return []
    rows = [*plan(options)]
    jobs = [job for row in rows for job in row.jobs]
    origins = {
        job.origin.directory: job.origin for job in jobs if job.origin and not is_finished(job)
    }
    if options.list:
        left = [job.title for job in [*origins.values(), *jobs] if job.result() is None]
        print(*left or ["all jobs are finished"], sep="\n")
        return []
    pool = Pool(options.jobs, options.threads)
    try:
        failures = pool.carry_out([*origins.values()]) if origins else []
        waiting = [job for job in jobs if job.origin and not is_finished(job.origin)]
        failures += [
            f"{job.title}: not started, because its checkpoint is missing: {job.origin.title}"
            for job in waiting
            if job.origin
        ]
        failures += pool.carry_out([job for job in jobs if job not in waiting])
        failures += pool.measure_speeds([row.jobs[0] for row in rows])
    finally:
        new = [made for row in rows if (made := entry_of(row, options.folder)) is not None]
        write(new, options)
    return failures


def entry_of(row: Row, folder: Path | None) -> dict[str, object] | None:
    try:
        return make_entry(row.name, row.data, row.jobs, folder)
    except InputError:  # the pool has reported it
        return None


def write(new: list[dict[str, object]], options: argparse.Namespace) -> None:
    """Renew the pages; new entries replace those of the same rows."""
    output = options.output or ROOT / "docs"
    entries, lines = merge(load_entries(output / "results.json"), new)
    page = results_page(entries)
    save_json(output / "results.json", {"entries": entries})
    save_text(output / "results.md", page)
    print(*lines, sep="\n", end="\n" if lines else "")
    if options.output is None:
        write_notes(ROOT / "configs" / "experiment", entries)


def plan(options: argparse.Namespace) -> Iterator[Row]:
    """The rows to measure.

    Raises:
        InputError: a file of a data set that the user asks for is missing.
    """
    names, lines = available(options.data, options.folder)
    present = existing()
    if options.data is None and options.only is None:
        lines += [asked_only(data) for data, rows in DATA.items() if rows.asked]
    chosen = options.only or [*BASELINE_NAMES, *(each for each in EXPERIMENTS if each in present)]
    if "fasttext" in chosen and not installed("fasttext"):
        lines.append("fastText is left out: it is not installed; try pip install -e '.[bench]'")
        chosen = [name for name in chosen if name != "fasttext"]
    print(*lines, sep="\n", end="\n" if lines else "")
    planned = [
        (name, data)
        for data in names
        for name in chosen
        if runs_on(name, data, asked=options.only is not None and options.data is not None)
    ]
    for name in chosen if options.only else ():
        if name not in (each for each, _ in planned):
            where = " or ".join(find(name).paper)
            raise InputError(
                f"{name} runs on none of the data sets that take part; add --data {where}"
            )
    for name, data in planned:
        lacking = lacks_origin(name, options)
        if lacking is None:
            yield plan_row(name, data, options)
        elif name in (options.only or ()):
            raise InputError(f"{lacking}; add it, or use --hub")
        else:
            print(f"{DATA[data].title}, {lacking}")


def asked_only(data: str) -> str:
    """A line about a data set that takes part only if the user asks for it."""
    names = [name for name, found in EXPERIMENTS.items() if [*found.paper] == [data]]
    return f"{DATA[data].title} is left out, and so are {', '.join(names)}; add --data {data}"


def runs_on(name: str, data: str, *, asked: bool) -> bool:
    """Whether an experiment or a baseline takes part on a data set.

    Args:
        asked: the user names both.

    Raises:
        InputError: it starts from a checkpoint, which says nothing about this data set.
    """
    if name in BASELINE_NAMES or data in find(name).paper:
        return True
    origin = find(name).origin
    if asked and origin is not None:
        raise InputError(
            f"{name} starts from a checkpoint on {origin.data} and runs on "
            f"{', '.join(find(name).paper)}, got --data {data}; leave one of the two out"
        )
    return asked


def lacks_origin(name: str, options: argparse.Namespace) -> str | None:
    """What is missing for the checkpoint that an experiment starts from; None: nothing."""
    origin = None if name in BASELINE_NAMES else find(name).origin
    lacking = DATA[origin.data].missing(options.folder) if origin else []
    if origin is None or not lacking:
        return None
    return (
        f"{name} is left out: it starts from a checkpoint on {DATA[origin.data].title}, and "
        f"{options.folder} has no {', '.join(lacking)}"
    )


def installed(baseline: str) -> bool:
    from baselines import BASELINES  # imports scikit-learn, which takes a second

    return BASELINES[baseline].installed


def plan_row(name: str, data: str, options: argparse.Namespace) -> Row:
    rows = DATA[data]
    base = rows.overrides(options.folder)
    program, cost, title = name, 0.3 * rows.cost, BASELINE_NAMES.get(name, name)
    origin = None
    if name not in BASELINE_NAMES:
        found = find(name)
        base += (f"experiment={name}", *found.settings.get(data, ()), "baseline=false")
        program, cost = TRAIN, found.cost * rows.cost
        if found.origin is not None:
            origin = origin_job(found.origin, options)
            base += found.origin.renaming(data, from_hub=options.folder is None)
    jobs = [
        Job(
            options.work.resolve() / data / name / run.name,
            f"{rows.title}, {title}, {run.name.replace('-', ' ')}",
            program,
            base,
            run,
            rows.longest,
            keep=number == 0,
            cost=cost,
            origin=origin,
        )
        for number, run in enumerate(rows.runs(options.folds or FOLDS, options.seeds or SEEDS))
    ]
    return Row(name, data, tuple(jobs))


def origin_job(origin: Origin, options: argparse.Namespace) -> Job:
    """The training whose checkpoint an experiment starts from."""
    rows = DATA[origin.data]
    return Job(
        options.work.resolve() / origin.data / f"{origin.experiment}-as-origin",
        f"{rows.title}, {origin.experiment}, from which others start",
        TRAIN,
        (
            *rows.overrides(options.folder),
            f"experiment={origin.experiment}",
            *origin.settings,
            "baseline=false",
        ),
        Run("seed-0", (("seed", 0),)),
        keep=True,
        starts_others=True,
    )
