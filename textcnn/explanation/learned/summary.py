"""A classifier explained over many texts: what decides for each class, what filters look for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from textcnn.explanation.contributions.sums import widest_window
from textcnn.explanation.explain import WIDEST, chosen_method
from textcnn.explanation.learned.decisive import OfClass, decisive_ngrams
from textcnn.explanation.learned.filters import Alike, Filter, examine_filters
from textcnn.explanation.subject import Subject

APPROXIMATED = 200  # texts that are read where n-grams are approximated, which takes longer

BRIEF, FEWEST = 100_000, 20  # characters and texts of a brief summary


@dataclass(frozen=True)
class Summary:
    """What a classifier has learned, as far as some texts show it."""

    texts: int  # that were read
    method: str  # "exact", "gradients" or "occlusion"
    classes: dict[str, OfClass]
    filters: list[Filter]  # the most influential first; empty without max pooling over windows
    alike: list[Alike]

    @property
    def dead(self) -> list[Filter]:
        return [each for each in self.filters if each.dead]

    @property
    def living(self) -> list[Filter]:
        return [each for each in self.filters if not each.dead]

    def most_predicted(self, limit: int) -> dict[str, OfClass]:
        """All classes, or those that are predicted most if there are more than `limit`."""
        if len(self.classes) <= limit:
            return self.classes
        ordered = sorted(self.classes.items(), key=lambda item: -item[1].texts)
        return dict(ordered[:limit])

    @property
    def lines(self) -> list[str]:
        """What to know about the filters, and about the method."""
        said = []
        if self.filters:
            said.append(named("dead filters", [each.name for each in self.dead], len(self.filters)))
            said.append(f"pairs of filters that find nearly the same: {len(self.alike):,}")
        if self.method != "exact":
            said.append(f"what n-grams add is an approximation by {self.method}")
        return said

    def as_json(self) -> dict[str, Any]:
        return {
            "texts": self.texts,
            "method": self.method,
            "classes": {label: each.as_json() for label, each in self.classes.items()},
            "filters": [each.as_json() for each in self.filters],
            "dead": [each.name for each in self.dead],
            "duplicates": [each.as_json() for each in self.alike],
        }


def brief(classifier: Subject, texts: Sequence[str]) -> Summary | None:
    """A summary of a few of the texts, which takes less than about a second.

    None for models whose logits are no sums over n-grams.
    """
    window = widest_window(classifier.model)
    if window is None or window > WIDEST or not texts:
        return None
    # long texts take longer
    most = int(BRIEF * len(texts) / max(sum(map(len, texts)), 1))
    return summarize(classifier, sampled(texts, max(most, FEWEST)), method="exact")


def named(what: str, names: Sequence[str], total: int) -> str:
    shown = "; ".join(names[:5]) + ("; ..." if len(names) > 5 else "")
    return f"{what}: {len(names):,} of {total:,}" + (f" ({shown})" if names else "")


def summarize(
    classifier: Subject, texts: Sequence[str], *, method: str = "auto", count: int = 10
) -> Summary:
    """
    Args:
        method: as for `explain`.
        count: n-grams of a class.

    Raises:
        InputError: as `explain`.
    """
    method = chosen_method(classifier.model, method)
    if method != "exact":
        texts = sampled(texts, APPROXIMATED)
    filters, alike = examine_filters(classifier, texts)
    filters.sort(key=lambda each: -each.spread)
    classes = decisive_ngrams(classifier, texts, method, count)
    return Summary(len(texts), method, classes, filters, alike)


def sampled(texts: Sequence[str], most: int, seed: int = 0) -> list[str]:
    """At most so many of the texts, drawn at random, in their order."""
    if len(texts) <= most:
        return list(texts)
    rows = np.random.default_rng(seed).choice(len(texts), most, replace=False)
    return [texts[row] for row in np.sort(rows).tolist()]
