"""A run of studies: measure what is missing, say what it means, write the report."""

from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from textcnn.config import IllustrateConfig
from textcnn.cores import available_cores
from textcnn.data_config import DataConfig
from textcnn.errors import InputError
from textcnn.run_dir import RESULTS, claim
from textcnn.stored_config import dump
from textcnn.studies.catalogue import STUDIES
from textcnn.studies.ledger import Ledger
from textcnn.studies.progress import StudyProgress
from textcnn.studies.report import Chapter, Report
from textcnn.studies.study import Plan, Study, agrees, verdict
from textcnn.studies.workers import Work, measure_all
from textcnn.terminal import argument, build_console, build_table

PRESET_SEEDS = {"full": 3, "quick": 1}


def illustrate(config: IllustrateConfig, run_dir: Path, resume: bool) -> None:
    """Carry out the studies that are asked for, each measurement once.

    Raises:
        InputError: something given can't be used.
        KeyboardInterrupt: after Ctrl-C; what was measured is saved.
    """
    console = build_console()
    run = StudyRun(config, run_dir, resume, console)
    try:
        run.measure()
    except KeyboardInterrupt:
        if run.begun:
            console.print(
                f"interrupted; what was measured is saved in {run_dir}; go on with",
                f"  python -m textcnn.illustrate {argument('resume', run_dir)}",
                sep="\n",
            )
        raise
    run.finish()


class StudyRun:
    """The studies of a run, their ledgers and their report."""

    def __init__(self, config: IllustrateConfig, run_dir: Path, resume: bool, console: Console):
        self.config, self.run_dir, self.console = config, run_dir, console
        self.begun = resume
        self.plan = build_plan(config)
        self.studies = chosen_studies(config.study, self.plan)
        # where nothing is there yet, the directory is made with the first result
        self.ledgers = {
            study.name: Ledger(
                run_dir / RESULTS / f"{study.name}.json",
                study,
                study.points(self.plan),
                config.seed,
            )
            for study in self.studies
        }
        self.report = Report(run_dir, self.studies, config)

    def measure(self) -> None:
        missing: list[Work] = [
            (name, point, seed)
            for name, ledger in self.ledgers.items()
            for point, seed in ledger.missing
        ]
        measured = sum(len(ledger.measured) for ledger in self.ledgers.values())
        self.console.print(
            f"{len(self.studies)} studies, {len(missing)} measurements"
            + (f", {measured} more are there already" if measured else "")
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
        """Make the run directory, once something is known that is worth it."""
        if not self.begun:
            claim(self.run_dir, dump(self.config), self.config.overwrite)
            (self.run_dir / RESULTS).mkdir()
            self.begun = True

    def conclude(self, study: Study) -> None:
        ledger = self.ledgers[study.name]
        results = ledger.results
        claims = study.claims(results)
        ledger.conclude(claims)
        self.report.add(Chapter(study, results, claims))
        self.console.print(f"{study.name}: {verdict(claims)}")
        for broken in (each for each in claims if each.holds is False):
            self.console.print(
                f"  {broken.theorem} {broken.statement}: theory says {broken.predicted}, "
                f"measured {broken.measured}"
            )

    def finish(self) -> None:
        index = self.report.close()
        rows = [["study", "theorems", "claims that hold", "verdict"]]
        for chapter in self.report.chapters:
            spoken = [each for each in chapter.claims if each.holds is not None]
            theorems = dict.fromkeys(each.theorem for each in spoken if each.theorem)
            held = sum(bool(each.holds) for each in spoken)
            rows.append(
                [
                    chapter.study.name,
                    ", ".join(theorems),
                    f"{held} of {len(spoken)}",
                    "agrees" if agrees(chapter.claims) else "disagrees",
                ]
            )
        self.console.print(build_table("Theory and measurement", rows))
        self.console.print(
            f"report: {index}",
            f"figures: tensorboard --logdir {self.run_dir}",
            sep="\n",
        )


def build_plan(config: IllustrateConfig) -> Plan:
    """
    Raises:
        InputError: there is no such checkpoint.
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
    """
    Raises:
        InputError: the study of a checkpoint without one.
    """
    if name == "checkpoint" and not plan.checkpoint:
        raise InputError(
            "study=checkpoint needs a trained classifier; give checkpoint=<run or checkpoint "
            "directory>"
        )
    if name != "all":
        return [STUDIES[name]]
    return [s for s in STUDIES.values() if s.name != "checkpoint" or plan.checkpoint]
