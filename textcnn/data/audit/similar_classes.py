"""Classes that look alike: by their names, or because texts of one pass for the other."""

import difflib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

ALIKE = 0.85  # similarity of two names, from 0 to 1
CONFUSED = 0.2  # fraction of a class's texts that count as the other class
FEW = 5  # texts
MOST_CLASSES = 1000  # names are compared in pairs
SHOWN = 20


@dataclass(frozen=True)
class SimilarClasses:
    """Two classes, and why they may be one."""

    first: str
    second: str
    why: str

    def __str__(self) -> str:
        return f"{self.first!r} and {self.second!r}: {self.why}"


def similar_names(names: Sequence[str]) -> list[SimilarClasses]:
    """Pairs of names that differ in case, blanks, accents, or a letter or two."""
    plain = [plain_name(name) for name in names[:MOST_CLASSES]]
    found = []
    for second, name in enumerate(plain):
        for first in range(second):
            other = plain[first]
            if name == other:
                why = "the names differ in case, white space, accents or punctuation"
            elif digits(name) == digits(other) and likeness(name, other) >= ALIKE:
                why = "the names are spelt almost alike"
            else:
                continue
            found.append(SimilarClasses(names[first], names[second], why))
    return found[:SHOWN]


def confused_classes(
    names: Sequence[str], labels: np.ndarray, suggested: np.ndarray
) -> list[SimilarClasses]:
    """Pairs of classes of which many texts count as the other one.

    Args:
        labels, suggested: (texts,) class ids.
    """
    sizes = np.bincount(labels, minlength=len(names))
    wrong = labels != suggested
    pairs, counts = np.unique(
        np.stack([labels[wrong], suggested[wrong]]), axis=1, return_counts=True
    )
    found = []
    for (label, other), count in sorted(
        zip(pairs.T.tolist(), counts.tolist(), strict=True), key=lambda each: -each[1]
    ):
        if count >= max(FEW, CONFUSED * sizes[label]):
            why = f"{count:,} of {sizes[label]:,} texts of the first look like the second"
            found.append(SimilarClasses(names[label], names[other], why))
    return found[:SHOWN]


def plain_name(name: str) -> str:
    """Without case, accents, punctuation and white space."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    return "".join(character for character in decomposed if character.isalnum())


def digits(name: str) -> str:
    """Names such as level 1 and level 2 are meant to differ."""
    return "".join(character for character in name if character.isdigit())


def likeness(first: str, second: str) -> float:
    matcher = difflib.SequenceMatcher(None, first, second, autojunk=False)
    # cheap upper limits first: there are many pairs
    if matcher.real_quick_ratio() < ALIKE or matcher.quick_ratio() < ALIKE:
        return 0.0
    return matcher.ratio()
