"""Shortcuts: one token, one character or the length gives the label away."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

PRECISION = 0.95  # fraction of the texts with the feature that are of one class
RECALL = 0.5  # fraction of the class's texts that have the feature
# An invisible character in a few texts is already a leak: no writer types it.
RECALL_INVISIBLE = 0.05
SEPARATION = 0.95  # probability that a text of the class is longer (or shorter) than another
FEW = 5  # texts
SHOWN = 20


@dataclass(frozen=True)
class Shortcut:
    """A feature that gives a class away."""

    feature: str
    label: str
    precision: float  # fraction of the texts with the feature that have this label
    recall: float  # fraction of the texts with this label that have the feature

    def __str__(self) -> str:
        return (
            f"{self.feature} gives {self.label} away: {100 * self.recall:.0f} % of its texts have "
            f"it, and {100 * self.precision:.0f} % of the texts that have it are {self.label}"
        )


def find_shortcuts(
    texts: Sequence[str],
    labels: np.ndarray,
    names: Sequence[str],
    split: Callable[[str], Sequence[str]],
) -> list[Shortcut]:
    """The shortcuts with the highest recall, SHOWN at most.

    Args:
        labels: (texts,) class ids, or for label sets (texts, classes) bool.
        split: the tokenizer.
    """
    found = []
    for features, recall in (
        (lambda text: token_features(split(text)), RECALL),
        (invisible_features, RECALL_INVISIBLE),
    ):
        found += telling(texts, labels, names, features, recall)
    found += telling_lengths(texts, labels, names)
    return sorted(found, key=lambda each: (-each.recall, -each.precision, each.feature))[:SHOWN]


def token_features(tokens: Sequence[str]) -> list[str]:
    features = [f"the token {token!r}" for token in set(tokens)]
    if tokens:
        features += [f"the first token {tokens[0]!r}", f"the last token {tokens[-1]!r}"]
    return features


def invisible_features(text: str) -> list[str]:
    """Control and format characters, private ones, and white space other than blank and line."""
    return [
        f"the invisible character U+{ord(character):04X}"
        for character in set(text)
        if not character.isprintable() and character not in "\n\r\t"
    ]


def telling(
    texts: Sequence[str],
    labels: np.ndarray,
    names: Sequence[str],
    features: Callable[[str], Iterable[str]],
    recall: float,
) -> list[Shortcut]:
    """The features that only texts of one class have, and at least `recall` of them."""
    # imported here: scikit-learn takes a second
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import CountVectorizer

    vectorizer = CountVectorizer(analyzer=features, binary=True, dtype=np.int32)
    try:
        present = vectorizer.fit_transform(texts)  # (texts, features)
    except ValueError:  # no text has a feature
        return []
    member = membership(labels, len(names))
    counts = (csr_matrix(member.T.astype(np.int32)) @ present).tocoo()  # (classes, features)
    totals = np.asarray(present.sum(axis=0)).ravel()
    sizes = member.sum(axis=0)
    precision, share = counts.data / totals[counts.col], counts.data / sizes[counts.row]
    good = (precision >= PRECISION) & (share >= recall) & (counts.data >= FEW)
    # a class that most texts have is given away by nothing
    good &= sizes[counts.row] < PRECISION * len(texts)
    words = vectorizer.get_feature_names_out()
    return [
        Shortcut(words[counts.col[at]], names[counts.row[at]], precision[at], share[at])
        for at in np.flatnonzero(good)
    ]


def telling_lengths(
    texts: Sequence[str], labels: np.ndarray, names: Sequence[str]
) -> list[Shortcut]:
    """Classes whose texts are nearly all longer, or all shorter, than the others."""
    from scipy.stats import rankdata

    lengths = np.array([len(text) for text in texts])
    ranks = rankdata(lengths)
    found = []
    for column, name in zip(membership(labels, len(names)).T, names, strict=True):
        own, others = int(column.sum()), int((~column).sum())
        if min(own, others) < FEW:
            continue
        # the area under the ROC curve, from the sum of ranks (Mann & Whitney 1947)
        area = (ranks[column].sum() - own * (own + 1) / 2) / (own * others)
        if max(area, 1 - area) < SEPARATION:
            continue
        longer = area > 0.5
        border = np.quantile(lengths[column], 0.05 if longer else 0.95)
        has = lengths >= border if longer else lengths <= border
        words = "at least" if longer else "at most"
        found.append(
            Shortcut(
                f"a length of {words} {border:,.0f} characters",
                name,
                float(column[has].mean()),
                float(has[column].mean()),
            )
        )
    return found


def membership(labels: np.ndarray, classes: int) -> np.ndarray:
    """(texts, classes) bool."""
    return labels if labels.ndim == 2 else np.eye(classes, dtype=bool)[labels]
