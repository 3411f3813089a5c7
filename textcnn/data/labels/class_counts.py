"""Classes of which a split holds too few texts to say anything about them."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from textcnn.data.labelled import LabelledTexts
from textcnn.data.labels.unseen import UNSEEN

FEW = 5  # texts
SHOWN = 5  # classes


def few_texts(names: Sequence[str], counts: Sequence[int]) -> str | None:
    """The classes with fewer than FEW texts, in words; None if there are none."""
    known = [pair for pair in zip(names, counts, strict=True) if pair[0] != UNSEEN]
    none = [repr(name) for name, count in known if count == 0]
    few = [f"{name!r} ({count})" for name, count in known if 0 < count < FEW]
    parts = []
    if none:
        parts.append(f"no text of {listed(none)}")
    if few:
        parts.append(f"fewer than {FEW} texts of {listed(few)}")
    return " and ".join(parts) or None


def support_warnings(splits: Mapping[str, LabelledTexts], drawn: Collection[str]) -> Iterator[str]:
    """A warning for each split that lacks texts of a class.

    Args:
        splits: validation and test, by these names.
        drawn: the keys of those that were drawn from the training rows.
    """
    for name, rows in splits.items():
        if len(rows) and (few := few_texts(rows.names, rows.counts.tolist())):
            fix = "give more rows"
            if f"data.{name}" in drawn:
                fix += f", raise data.{name}_fraction, or use data.folds"
            yield f"{name} holds {few}, so scores say little about such classes; {fix}"


def listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN:,} more classes" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
