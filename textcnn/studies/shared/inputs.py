"""The real texts that a study is given: which they are, and whether they are enough."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from textcnn.errors import InputError
from textcnn.studies.shared.answers import percent, rate_of
from textcnn.studies.shared.study import Claim, Values, silent

if TYPE_CHECKING:
    from textcnn.config.data import DataConfig

ENOUGH = 100  # test texts, from which on a share is known to ten points either way, or better
LEAST = 2  # test texts for each class, below which nothing is measured


def describe(data: "DataConfig") -> str:
    """Which texts these are, in a few words."""
    if data.source == "bundled":
        return "the bundled BBC news"
    if data.source == "hub":
        parts = (data.path, data.name, data.revision)
        return " ".join(part for part in parts if part is not None)
    if data.source == "files":
        given = (data.train, data.validation, data.test)
        files = (paths if isinstance(paths, list) else [paths] for paths in given if paths)
        return ", ".join(path for paths in files for path in paths)
    return f"data=synthetic data.task={vars(data)['task']}"


def digest(files: Sequence[Path]) -> str:
    """Other content in the same place has another."""
    from textcnn.checkpoint import sha256

    return hashlib.sha256("".join(map(sha256, files)).encode()).hexdigest()


def data_digest(data: Values) -> str:
    """Of the files that texts are read from; "" where they come from elsewhere.

    Args:
        data: the keys of `DataConfig`, or none.

    Raises:
        InputError: there is no such file.
    """
    from textcnn.data.sources.files import find_files

    if data.get("source") != "files":
        return ""
    given = {f"data.{key}": data[key] for key in ("train", "validation", "test") if data[key]}
    return digest([file for key, paths in given.items() for file in find_files(key, paths)])


def check_enough(texts: int, classes: int) -> None:
    """
    Raises:
        InputError: so few texts show nothing.
    """
    if texts < LEAST * classes:
        raise InputError(
            f"{texts} test texts are too few for {classes} classes; at least {LEAST * classes} "
            "are needed: give more rows, or data.test=<file>"
        )


def too_few(values: Sequence[Values]) -> bool:
    """To make claims of what networks answered."""
    return any(each["texts"] < ENOUGH for each in values)


def mute(claims: Sequence[Claim]) -> list[Claim]:
    """The numbers without what theory says of them."""
    return [silent(claim.statement, claim.measured) for claim in claims]


def few_note(texts: int) -> str:
    return (
        f"{texts} test texts are too few for a verdict: with fewer than {ENOUGH} chance alone "
        "moves a share by more than ten points. Their numbers stand without one."
    )


def no_better(values: Sequence[Values]) -> bool:
    """Than always the most frequent class, by more than chance explains."""
    return rate_of(values, "correct").interval[0] <= rate_of(values, "majority").share


def constant(values: Sequence[Values]) -> bool:
    """Whether all texts get the same answer."""
    return all(each["answers"] == 1 for each in values)


def baseline(values: Sequence[Values]) -> str:
    share = percent(rate_of(values, "majority"))
    return f"always answering the most frequent class is right for {share}"
