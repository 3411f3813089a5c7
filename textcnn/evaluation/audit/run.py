"""The recipe of `textcnn.audit`: one section after the other, then audit.json."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

import textcnn
from textcnn.builders.data import division_again
from textcnn.config.data import DataConfig
from textcnn.config.evaluation.audit import AuditConfig
from textcnn.config.programs import TrainConfig
from textcnn.data.labelled import LabelledTexts
from textcnn.data.row_stream import load_stream
from textcnn.data.sources.source import Source
from textcnn.data.splits import Splits, load_splits
from textcnn.errors import InputError
from textcnn.evaluation.audit.exported import check_export
from textcnn.evaluation.audit.invariance import check_invariance
from textcnn.evaluation.audit.rates import percent
from textcnn.evaluation.audit.report import (
    Section,
    export_section,
    invariance_section,
    robustness_section,
    shortcuts_section,
    word_order_section,
)
from textcnn.evaluation.audit.robustness import check_robustness
from textcnn.evaluation.audit.shortcuts import check_shortcuts
from textcnn.evaluation.audit.subject import Subject
from textcnn.evaluation.audit.word_order import Bag, check_word_order
from textcnn.evaluation.chosen_data import chosen_data, found_data, labelled_rows
from textcnn.evaluation.page.audited import check_of, write_audit_page
from textcnn.inference import AnyClassifier, Restored, restore
from textcnn.system.atomic import write_json
from textcnn.system.terminal import build_console
from textcnn.text.encoder import TextEncoder

BAG_TEXTS = 20_000  # training texts of the bag of words, at most

# from training and validation texts, the encoder of the classifier and a seed
TrainBag = Callable[[LabelledTexts, LabelledTexts, TextEncoder, int], AnyClassifier]


def audit(config: AuditConfig, file: Path, given: Sequence[str], train_bag: TrainBag) -> bool:
    """Audit a checkpoint, print the tables, and write `file`.

    Args:
        file: audit.json
        given: the keys of `data` that the command line sets, as for `evaluate`.
        train_bag: trains a bag of words.

    Returns:
        whether all invariants hold, and the export answers as the checkpoint.

    Raises:
        InputError: the checkpoint or the data can't be used, or `file` can't be written.
    """
    console = build_console()
    restored = restore(config.checkpoint, table_memory=config.table_memory)
    trained, directory = restored.config, restored.directory
    data = found_data(chosen_data(config.data, trained.data, given), given, directory)
    rows, notes = labelled_rows(data, trained, restored.classifier.labels, config.checkpoint)
    chosen = drawn(rows, config.texts, config.seed)
    subject = Subject(restored.classifier, chosen.texts(), chosen.labels)
    for note in notes:
        console.print(note)
    name = "exact match" if chosen.multi_label else "accuracy"
    console.print(
        f"{directory}: {name} {percent(subject.accuracy)} on {len(chosen):,} of {len(rows):,} texts"
    )
    if subject.doubt is not None:
        console.print(f"warning: {subject.doubt}")
    sections = []
    for section in made_sections(subject, config, restored, train_bag, console):
        section.show(console)
        sections.append(section)
    holds = all(section.values.get("holds", True) for section in sections)
    result = {
        "checkpoint": str(directory),
        "data": asdict(data),
        "texts": len(chosen),
        "of": len(rows),
        "multi_label": chosen.multi_label,
        "accuracy": subject.accuracy,
        "doubt": subject.doubt,
        "holds": holds,
        "seed": config.seed,
        "textcnn": textcnn.__version__,
        "sections": {each.name: each.as_json() for each in sections},
    }
    facts = (f"{len(chosen):,} of {len(rows):,} texts", data.path or data.source)
    page = write(file, result, sections, directory, facts)
    console.print(f"saved in {file}, and as a page in {page.relative_to(file.parent)} beside it")
    return holds


def write(
    file: Path,
    result: dict[str, Any],
    sections: Sequence[Section],
    directory: Path,
    facts: Sequence[str],
) -> Path:
    """Write audit.json and the page beside it, and return the path of the page.

    Args:
        directory: of the checkpoint.
        facts: what was audited, a phrase each.

    Raises:
        InputError: they can't be written.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_json(file, result)
        return write_audit_page(
            file.parent,
            [check_of(section.as_json()) for section in sections],
            checkpoint=directory,
            facts=facts,
            warnings=[] if result["doubt"] is None else [result["doubt"]],
        )
    except OSError as error:
        raise InputError(f"run_dir={file.parent} can't be written: {error.strerror}") from error


def made_sections(
    subject: Subject,
    config: AuditConfig,
    restored: Restored,
    train_bag: TrainBag,
    console: Console,
) -> Iterator[Section]:
    """Each section as soon as it is measured."""
    yield invariance_section(check_invariance(subject))
    if config.exported is not None:
        yield export_section(check_export(subject, config.exported))
    bag, reason = None, "bag=false"
    if config.bag:
        bag, reason = bag_beside(restored, train_bag, config.seed)
    if bag is None:
        console.print(f"note: no bag of words to compare with: {reason}")
    yield word_order_section(check_word_order(subject, bag, config.seed))
    yield robustness_section(check_robustness(subject, config.seed))
    yield shortcuts_section(check_shortcuts(subject, config.seed))


def splits_of(data: DataConfig, trained: TrainConfig, labels: tuple[str, ...]) -> Splits:
    """The splits of training.

    Args:
        labels: of the classifier.

    Raises:
        InputError: as `load_splits`.
    """
    source = Source(**data.source_settings(), seed=trained.seed)
    division = division_again(data, trained, labels)
    if data.streaming:
        return load_stream(source, division, trained.text.vocabulary_examples)[0]
    return load_splits(source, division)


def drawn(rows: LabelledTexts, count: int, seed: int) -> LabelledTexts:
    """At most `count` random rows, in their order."""
    if len(rows) <= count:
        return rows
    chosen = np.random.default_rng(seed).choice(len(rows), count, replace=False)
    return rows.select(np.sort(chosen))


def bag_beside(restored: Restored, train_bag: TrainBag, seed: int) -> tuple[Bag | None, str]:
    """A bag of words of the checkpoint's own training texts; without one, the reason."""
    trained = restored.config
    if trained.data.source == "memory":
        return None, "the training texts were given from Python"
    try:
        data = found_data(trained.data, [], restored.directory)
        if data.train is None and trained.data.train is not None:
            return None, f"the training texts are not there: {trained.data.train}"
        splits = splits_of(data, trained, restored.classifier.labels)
    except InputError as error:
        return None, f"the training texts can't be read: {error}"
    if splits.labels != restored.classifier.labels:
        return None, "the training texts have other classes now"
    train, validation = (drawn(each, BAG_TEXTS, seed) for each in (splits.train, splits.validation))
    classifier = train_bag(train, validation, restored.classifier.encoder, seed)
    return Bag(classifier, len(train)), ""
