"""A run of studies: measure what is missing, compare with theory, write the report."""

from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from textcnn.config.data import DataConfig
from textcnn.config.evaluation.illustrate import PRESET_SEEDS, IllustrateConfig
from textcnn.config.stored import dump
from textcnn.errors import InputError
from textcnn.studies.catalogue import CHECKS, NOTES, STUDIES
from textcnn.studies.shared.study import Plan, Study
from textcnn.studies.tour.command import repeating_command
from textcnn.studies.tour.ledger import Ledger, damaged
from textcnn.studies.tour.progress import StudyProgress
from textcnn.studies.tour.report import Chapter, Report
from textcnn.studies.tour.workers import Work, WorkerKilledError, measure_all
from textcnn.system.arguments import argument
from textcnn.system.cores import available_cores
from textcnn.system.run_dir import RESULTS, cannot_be_written, create_run_dir
from textcnn.system.terminal import build_console, build_table

FULL = Plan(quick=False, seeds=PRESET_SEEDS["full"], checkpoint="", data={})


def illustrate(config: IllustrateConfig, run_dir: Path, resume: bool) -> None:
    """Run the chosen studies; measurements of an earlier run are not repeated.

    Raises:
        InputError: data or checkpoint can't be used, or a file can't be read or written.
        KeyboardInterrupt: after Ctrl-C; finished measurements are saved.
    """
    console = build_console()
    run = StudyRun(config, run_dir, resume, console)
    run.check()
    resuming = f"python -m textcnn.illustrate {argument('resume', run_dir)}"
    saved = f"finished measurements are saved in {run_dir}; resume with"
    try:
        run.measure()
    except KeyboardInterrupt:
        if run.begun:
            console.print(f"interrupted; {saved}\n  {resuming}")
        raise
    except WorkerKilledError as error:
        killed = "a worker process was killed, probably because memory ran out"
        fix = f"{saved} {resuming} workers=1" if run.begun else "try workers=1"
        raise InputError(f"{killed}; {fix}") from error
    except InputError as error:
        if not run.begun or resume:
            raise
        raise InputError(f"{error}; {saved} {resuming}") from error
    run.finish()


class StudyRun:
    """The studies of a run, their ledgers and their report."""

    def __init__(self, config: IllustrateConfig, run_dir: Path, resume: bool, console: Console):
        self.config, self.run_dir, self.console = config, run_dir, console
        self.begun = resume
        self.plan = build_plan(config)
        self.studies = chosen_studies(config.study, self.plan)
        # a new run directory is created with the first result
        self.ledgers = {
            study.name: Ledger(
                run_dir / RESULTS / f"{study.name}.json",
                study,
                study.points(self.plan),
                config.seed,
                resume,
            )
            for study in self.studies
        }
        self.report = Report(
            run_dir,
            self.studies,
            lambda study: repeating_command(config, study),
            full=FULL if self.plan.quick else None,
        )

    def check(self) -> None:
        """Check the data and the checkpoint of the studies that read them.

        Raises:
            InputError: data or checkpoint can't be used.
        """
        for name, check_study in CHECKS.items():
            if name in self.ledgers and self.ledgers[name].missing:
                check_study(self.ledgers[name].missing)

    def measure(self) -> None:
        """Make the missing measurements, and conclude each study once it has all of them."""
        ledgers = self.ledgers.values()
        missing: list[Work] = [
            (name, point, seed)
            for name, ledger in self.ledgers.items()
            for point, seed in ledger.missing
        ]
        measured = sum(len(ledger.measured) for ledger in ledgers)
        outdated = sum(ledger.outdated for ledger in ledgers)
        self.console.print(
            f"{count(len(self.studies), 'study', 'studies')}, "
            f"{count(len(missing), 'measurement', 'measurements')}"
            + (f", {measured} already done" if measured else "")
            + (f"; {outdated} with other settings or inputs are repeated" if outdated else "")
        )
        for study in self.studies:
            if not self.ledgers[study.name].missing:
                self.conclude(study)
        workers = min(self.config.workers or available_cores(), max(len(missing), 1))
        with StudyProgress(self.console, len(self.studies), measured, len(missing)) as progress:
            for (name, point, seed), values in measure_all(missing, workers):
                self.begin()
                ledger = self.ledgers[name]
                ledger.add(point, seed, values)
                progress.measured(name, point.name, seed)
                if not ledger.missing:
                    self.conclude(STUDIES[name])
                    progress.concluded()

    def begin(self) -> None:
        """Create the run directory, once there is a result to save."""
        if not self.begun:
            create_run_dir(self.run_dir, dump(self.config), self.config.overwrite)
            self.begun = True
        (self.run_dir / RESULTS).mkdir(exist_ok=True)

    def conclude(self, study: Study) -> None:
        """Compare the results of a study with theory, and write its page.

        Raises:
            InputError: stored results are damaged, or a file can't be written.
        """
        ledger = self.ledgers[study.name]
        results = ledger.results
        try:
            notes = NOTES[study.name](results) if study.name in NOTES else []
            chapter = Chapter(study, results, study.claims(results), notes)
            self.report.add(chapter, new=not ledger.concluded)
        except OSError as error:
            raise InputError(cannot_be_written(self.run_dir, error)) from error
        except Exception as error:  # damaged values can raise nearly any exception
            if not ledger.before:
                raise
            raise InputError(damaged(ledger.file, f"its values lead to {error!r}")) from error
        ledger.conclude(chapter.agreement, chapter.conclusion, chapter.claims)
        self.console.print(f"{study.name}: {chapter.conclusion}")
        for broken in (each for each in chapter.claims if each.holds is False):
            self.console.print(
                f"  {broken.theorem} {broken.statement}: theory predicts {broken.predicted}, "
                f"measured {broken.measured}{broken.why and f' ({broken.why})'}"
            )
        for note in notes:
            self.console.print(f"  {note}")

    def finish(self) -> None:
        """Close the report and print a summary."""
        index = self.report.close()
        rows = [["study", "theorems", "claims that hold", "verdict"]]
        for chapter in self.report.chapters:
            theorems = dict.fromkeys(each.theorem for each in chapter.predicted if each.theorem)
            held = sum(bool(each.holds) for each in chapter.predicted)
            rows.append(
                [
                    chapter.study.name,
                    ", ".join(theorems),
                    f"{held} of {len(chapter.predicted)}",
                    {True: "agrees", False: "disagrees", None: "none"}[chapter.agreement],
                ]
            )
        self.console.print(build_table("Theory and measurement", rows))
        self.console.print(
            f"report: {index}",
            f"figures: tensorboard --logdir {self.run_dir}",
            sep="\n",
        )


def count(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"


def build_plan(config: IllustrateConfig) -> Plan:
    """What to measure, from the configuration.

    Raises:
        InputError: the checkpoint does not exist.
    """
    checkpoint = config.checkpoint
    if checkpoint:
        from textcnn.checkpoint import find_checkpoint

        checkpoint = str(find_checkpoint(checkpoint).absolute())
    data = asdict(config.data)
    return Plan(
        quick=config.preset == "quick",
        seeds=config.seeds or PRESET_SEEDS[config.preset],
        checkpoint=checkpoint,
        data={} if data == asdict(DataConfig()) else data,
    )


def chosen_studies(name: str, plan: Plan) -> list[Study]:
    if name != "all":
        return [STUDIES[name]]
    return [s for s in STUDIES.values() if s.name != "checkpoint" or plan.checkpoint]
