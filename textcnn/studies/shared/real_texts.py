"""The real texts that a study uses: which ones, and whether they are enough."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from textcnn.errors import InputError
from textcnn.studies.shared.claims import percent, rate_of
from textcnn.studies.shared.study import Claim, Values, silent

# test texts for a verdict; with these, an accuracy is known to within ten points
MIN_TEXTS_FOR_VERDICT = 100
MIN_TEXTS_PER_CLASS = 2  # test texts; with fewer nothing is measured


def describe(data: Values) -> str:
    """Where the texts come from, in a few words.

    Args:
        data: keys of `data=`; none for the bundled texts.
    """
    source = data.get("source", "bundled")
    if source == "bundled":
        return "the bundled BBC news"
    if source == "hub":
        parts = (data["path"], data["name"], data["revision"])
        return " ".join(part for part in parts if part is not None)
    if source == "files":
        given = (data["train"], data["validation"], data["test"])
        files = (paths if isinstance(paths, list) else [paths] for paths in given if paths)
        return ", ".join(path for paths in files for path in paths)
    return f"data=synthetic data.task={data['task']}"


def digest(files: Sequence[Path]) -> str:
    """A hash that changes with the content of the files."""
    from textcnn.checkpoint import sha256

    return hashlib.sha256("".join(map(sha256, files)).encode()).hexdigest()


def data_digest(data: Values) -> str:
    """A hash of the data files; "" for texts from other sources.

    Args:
        data: keys of `data=`; none for the bundled texts.

    Raises:
        InputError: a file does not exist.
    """
    from textcnn.data.sources.files import find_files

    if data.get("source") != "files":
        return ""
    given = {f"data.{key}": data[key] for key in ("train", "validation", "test") if data[key]}
    return digest([file for key, paths in given.items() for file in find_files(key, paths)])


def check_enough(texts: int, classes: int) -> None:
    """Check that there are enough test texts to measure anything.

    Raises:
        InputError: there are too few.
    """
    if texts < MIN_TEXTS_PER_CLASS * classes:
        raise InputError(
            f"{texts} test texts are too few for {classes} classes: at least "
            f"{MIN_TEXTS_PER_CLASS * classes} are needed; give more rows, or data.test=<file>"
        )


def too_few(values: Sequence[Values]) -> bool:
    """Whether there are too few test texts for a verdict."""
    return any(each["texts"] < MIN_TEXTS_FOR_VERDICT for each in values)


def mute(claims: Sequence[Claim]) -> list[Claim]:
    """The same numbers, without predictions and verdicts."""
    return [silent(claim.statement, claim.measured) for claim in claims]


def few_note(texts: int) -> str:
    return (
        f"{texts} test texts are too few for a verdict: with fewer than {MIN_TEXTS_FOR_VERDICT}, "
        "chance alone can move an accuracy by more than ten points. The numbers are shown without "
        "a verdict."
    )


def no_better(values: Sequence[Values]) -> bool:
    """Whether a classifier beats the most frequent class only by chance, or not at all."""
    return rate_of(values, "correct").interval[0] <= rate_of(values, "majority").share


def constant(values: Sequence[Values]) -> bool:
    """Whether all texts get the same prediction."""
    return all(each["answers"] == 1 for each in values)


def baseline(values: Sequence[Values]) -> str:
    """The accuracy of always predicting the most frequent class, as a clause."""
    share = percent(rate_of(values, "majority"))
    return f"always predicting the most frequent class is correct for {share}"
