"""Answers of all runs to the same test texts: read where they are stored, else computed."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from torch import Tensor

from textcnn.config.data import DataConfig
from textcnn.data.same_text import hash_texts
from textcnn.errors import InputError
from textcnn.evaluation.chosen_data import chosen_data, found_data, test_rows
from textcnn.evaluation.comparison.answers import (
    SAMPLE,
    Answers,
    TestTexts,
    correct_texts,
    predictions_of,
    read_predictions,
    scores_of,
)
from textcnn.evaluation.comparison.groups import Group
from textcnn.evaluation.comparison.run import LeftOut, Run
from textcnn.inference import Restored, restore

PREDICTIONS = "predictions.jsonl"  # that `evaluate` leaves in its run_dir
Stored = tuple[list[str], np.ndarray]  # texts, and which are labelled correctly


@dataclass(frozen=True)
class GivenData:
    """Other texts than those of the runs.

    Attributes:
        config: as the command line gives it.
        keys: of `data`, that the command line sets.
    """

    config: DataConfig
    keys: Sequence[str]


@dataclass
class Collector:
    """Collects answers, and a note for the user about each run that can't be scored."""

    table_memory: int  # MB
    announce: Callable[[str], None]  # what is being done, in a line
    notes: list[str] = field(default_factory=list)
    done: int = 0  # runs that are scored
    total: int = 0  # runs to score, at most

    def on_own_texts(self, groups: Sequence[Group]) -> list[Answers]:
        """The answers to every test split that runs of several groups have in common."""
        by_split: dict[str, dict[str, list[Run]]] = {}  # by fingerprint and group
        for group in groups:
            for run in group.runs:
                if run.test_data is not None and "test" in run.scores:
                    by_group = by_split.setdefault(run.test_data, {})
                    by_group.setdefault(group.name, []).append(run)
        shared = {
            split: [run for runs in by_group.values() for run in runs]
            for split, by_group in by_split.items()
            if len(by_group) > 1
        }
        self.total = sum(map(len, shared.values()))
        return [self.of_split(split, runs) for split, runs in shared.items()]

    def of_split(self, split: str, runs: Sequence[Run]) -> Answers:
        """
        Args:
            split: fingerprint of the test texts, which all these runs have.
        """
        stored = {run.directory: found for run in runs if (found := self.stored(run))}
        self.total -= len(stored)
        test = None
        if len(stored) < len(runs):
            test = self.own_texts([run for run in runs if run.directory not in stored], split)
        texts = test.texts if test else next((texts for texts, _ in stored.values()), [])
        correct = {place: right for place, (own, right) in stored.items() if own == texts}
        if test is not None:
            left = [run for run in runs if run.directory not in correct]
            for run, predicted in self.predictions(left, test):
                correct[run.directory] = correct_texts(predicted, test)
        return Answers(hash_texts(texts), correct, texts[:SAMPLE])

    def on_given_texts(
        self, runs: Sequence[Run], given: GivenData
    ) -> tuple[Answers, list[Run], list[LeftOut]]:
        """The answers to other texts, the runs with their scores on them, and those without.

        Raises:
            InputError: no checkpoint can be read, or the texts can't.
        """
        test = self.given_texts(runs, given)
        self.total = len(runs)
        noted, correct, scored = len(self.notes), {}, []
        for run, predicted in self.predictions(runs, test):
            correct[run.directory] = correct_texts(predicted, test)
            scores = run.scores | {"test": scores_of(predicted, test)}
            scored.append(replace(run, scores=scores, examples={"test": len(test.texts)}))
        left = [run for run in runs if run.directory not in correct]
        reasons, self.notes = self.notes[noted:], self.notes[:noted]
        out = [LeftOut(run.directory, why) for run, why in zip(left, reasons, strict=True)]
        return Answers(hash_texts(test.texts), correct, test.texts[:SAMPLE]), scored, out

    def stored(self, run: Run) -> Stored | None:
        """The texts and answers in the predictions of a run, if they fit what it reports."""
        file = run.directory / PREDICTIONS
        if not file.is_file():
            return None
        try:
            return read_predictions(file, run.examples["test"], run.scores["test"]["accuracy"])
        except (ValueError, OSError, RecursionError) as error:
            self.notes.append(f"{run.name}: {PREDICTIONS} is not used: {one_line(error)}")
            return None

    def own_texts(self, runs: Sequence[Run], split: str) -> TestTexts | None:
        """The test texts of the first of these runs whose texts are still there."""
        reasons = []
        for run in runs:
            try:
                return self.texts_of(run, split)
            except (InputError, OSError) as error:
                reasons.append(one_line(error))
        self.notes.append(
            f"{', '.join(run.name for run in runs)}: the test texts can't be read, so that nothing "
            f"can be paired ({reasons[0]}); try data=... to score other texts"
        )
        return None

    def texts_of(self, run: Run, split: str | None) -> TestTexts:
        """
        Args:
            split: the fingerprint of the texts; None: unknown.

        Raises:
            InputError: the checkpoint or the texts can't be read, or they have changed.
        """
        restored = self.restored(run)
        data = found_data(restored.config.data, (), restored.directory)
        rows, _ = test_rows(data, restored.config, restored.classifier.labels)
        if rows.fingerprint != split:
            raise InputError("they have changed since training")
        return TestTexts(rows.texts(), rows.labels, rows.names)

    def given_texts(self, runs: Sequence[Run], given: GivenData) -> TestTexts:
        """The texts that the command line gives, read with the columns of the first run."""
        first = next((run for run in runs if run.checkpoint is not None), runs[0])
        restored = self.restored(first)
        data = chosen_data(given.config, restored.config.data, given.keys)
        data = found_data(data, given.keys, restored.directory)
        rows, _ = test_rows(data, restored.config, restored.classifier.labels)
        return TestTexts(rows.texts(), rows.labels, rows.names)

    def restored(self, run: Run) -> Restored:
        """
        Raises:
            InputError: there is no checkpoint, or it is damaged.
        """
        if run.checkpoint is None:
            raise InputError(f"{run.name} has no checkpoint")
        return restore(run.checkpoint, table_memory=self.table_memory)

    def predictions(self, runs: Sequence[Run], test: TestTexts) -> Iterator[tuple[Run, Tensor]]:
        """What each run answers, see `predictions_of`; one note for each that doesn't."""
        for run in runs:
            self.done += 1
            self.announce(f"scoring {run.name} ({self.done} of {self.total})")
            try:
                classifier = self.restored(run).classifier
                several = classifier.thresholds is not None
                if classifier.labels != test.names[: len(classifier.labels)] or several != (
                    test.labels.ndim == 2
                ):
                    raise InputError("it has other classes than the texts")
                yield run, predictions_of(classifier, test.texts)
            except (InputError, OSError) as error:
                self.notes.append(f"{run.name} can't be scored: {one_line(error)}")


def one_line(error: Exception) -> str:
    return " ".join(str(error).split())
