"""What would change the answer: few words without which a text gets another one."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from torch import Tensor

from textcnn.explanation.contributions.occlusion import logits_of_tokens, without
from textcnn.explanation.subject import Subject, names_of
from textcnn.explanation.tokenized import TokenizedText
from textcnn.explanation.units import units_of
from textcnn.runtime.prediction import AnyPrediction
from textcnn.text.spans import Span

# Limits of each step of the search, so that its time is bounded.
TRIED = 1000  # shortened texts
TRIED_TOKENS = 2**17  # their tokens
TRIED_LOGITS = 2**22  # their logits
CANDIDATES = 32  # words of which the best is removed next
ROUNDS = 4  # times the limits, for all rounds together
SHRUNK = 64  # words that are put back in turn


@dataclass(frozen=True)
class Flip:
    """Words whose removal changes the answer."""

    words: tuple[str, ...]  # in the order of the text
    places: tuple[Span, ...]  # of all tokens of the text, before it is cut to `text.max_length`
    characters: tuple[Span | None, ...]
    before: tuple[str, ...]  # the answer: a class, or the labels of a set
    after: tuple[str, ...]
    prediction: AnyPrediction  # of the text without these words
    smallest: bool  # whether all smaller sets were tried; otherwise a smaller one may exist

    def as_json(self) -> dict[str, Any]:
        return {
            "words": self.words,
            "places": self.places,
            "characters": self.characters,
            "smallest": self.smallest,
            **self.prediction.as_json(),
        }

    @property
    def sentence(self) -> str:
        words = ", ".join(f"“{word.strip()}”" for word in self.words)
        before, after = (", ".join(names) or "no label" for names in (self.before, self.after))
        how = "no fewer words do that" if self.smallest else "fewer words may do that too"
        return f"Without {words} the answer is {after} instead of {before}; {how}."


class Search:
    """A text and its words, in the order in which they may be removed."""

    def __init__(self, classifier: Subject, text: TokenizedText):
        self.classifier, self.text = classifier, text
        self.units = units_of(text.every_token, classifier.encoder.tokenizer)
        self.before = self.answer(self.logits([()]))
        # the longest texts, and with many classes all, are tried with fewer removals
        limits = (
            TRIED_TOKENS // max(len(text.every_token), 1),
            TRIED_LOGITS // len(classifier.labels),
        )
        self.limit = max(min(TRIED, *limits), 1)

    def logits(self, removed: Sequence[Sequence[int]]) -> Tensor:
        """(sets, classes) of the text without each of these sets of units."""
        texts = [
            without(self.text.every_token, [self.units[unit] for unit in chosen])
            for chosen in removed
        ]
        return logits_of_tokens(self.classifier.network, texts, self.classifier.encoder)

    def answer(self, logits: Tensor) -> tuple[str, ...]:
        return names_of(self.classifier.decide(logits.float())[0])

    def margins(self, logits: Tensor) -> np.ndarray:
        """(sets,) how far each is from another answer than before; below 0: it has another."""
        labels = self.classifier.labels
        chosen = np.isin(np.array(labels, dtype=object), self.before)  # (classes,)
        if (thresholds := self.classifier.thresholds) is None:
            numbers = logits.numpy()
            if chosen.all():
                return np.ones(len(numbers))
            margins: np.ndarray = numbers[:, chosen].max(1) - numbers[:, ~chosen].max(1)
            return margins
        probabilities = self.classifier.probabilities(logits.float()).double().numpy()
        above = probabilities - np.array(thresholds)
        # a probability equal to its threshold is chosen
        sides = np.where(chosen, above, np.nextafter(0, -1) - above)
        nearest: np.ndarray = sides.min(1)
        return np.where(nearest < 0, nearest, np.abs(nearest))

    def best(self, removed: Sequence[Sequence[int]]) -> tuple[Sequence[int], float]:
        """The set with the smallest margin."""
        margins = self.margins(self.logits(removed))
        place = int(margins.argmin())
        return removed[place], float(margins[place])

    def flip(self, removed: Sequence[int], smallest: bool) -> Flip | None:
        """The removal, if it really changes the answer."""
        logits = self.logits([removed])
        (prediction,) = self.classifier.decide(logits.float())
        after = names_of(prediction)
        if after == self.before:
            return None
        places = tuple(self.units[unit] for unit in sorted(removed))
        join = self.classifier.encoder.tokenizer.join
        return Flip(
            tuple(join(self.text.every_token[slice(*place)]) for place in places),
            places,
            tuple(self.text.characters_of(place) for place in places),
            self.before,
            after,
            prediction,
            smallest,
        )


def find_flip(classifier: Subject, text: TokenizedText, shares: Sequence[float]) -> Flip | None:
    """The smallest set of words without which the answer is another; None if none is found.

    All sets of one and of two words are tried if they are not too many. Beyond that, the words that
    count most are removed one after another, and put back where the answer doesn't need it.

    Args:
        shares: (tokens that the classifier reads,) how much each speaks for the answer; the first
            words to try in long texts.
    """
    search = Search(classifier, text)
    total = np.zeros(len(text.every_token))
    total[text.positions] = shares
    speaks = [total[slice(*unit)].sum() for unit in search.units]
    order = np.argsort(-np.array(speaks), kind="stable").tolist()
    singles = [(unit,) for unit in order[: search.limit]]
    if not singles:
        return None
    margins = search.margins(search.logits(singles))
    ranked = [singles[place][0] for place in margins.argsort(kind="stable").tolist()]
    if margins.min() < 0:
        return search.flip(ranked[:1], smallest=True)
    tried_singles = len(singles) == len(search.units)
    few = int((1 + np.sqrt(1 + 8 * search.limit)) / 2)  # units with so many pairs
    tried_pairs = tried_singles and len(search.units) <= few
    if pairs := list(combinations(ranked[:few], 2)):
        pair, margin = search.best(pairs)
        if margin < 0:
            return search.flip(pair, smallest=tried_singles)
    found = greedy(search, ranked)
    if found is None:
        return None
    found = shrunk(search, found)
    return search.flip(found, smallest=tried_pairs and len(found) == 3)


def greedy(search: Search, ranked: Sequence[int]) -> list[int] | None:
    """Units, removed one after another until the answer changes; None if it never does.

    Each time the best of some candidates is removed. Once that has taken too long, the units are
    removed in the order in which they were ranked last.

    Args:
        ranked: all units to remove, the most decisive first.
    """
    removed: list[int] = []
    waiting, tried = list(ranked), 0
    while waiting and tried < ROUNDS * search.limit:
        candidates = waiting[: min(CANDIDATES, search.limit)]
        tried += len(candidates)
        margins = search.margins(search.logits([[*removed, unit] for unit in candidates]))
        order = margins.argsort(kind="stable").tolist()
        removed.append(candidates[order[0]])
        if margins[order[0]] < 0:
            return removed
        waiting[: len(candidates)] = [candidates[place] for place in order[1:]]
    sets = [[*removed, *waiting[:count]] for count in range(1, len(waiting) + 1)][: search.limit]
    if not sets:
        return None
    changed = np.flatnonzero(search.margins(search.logits(sets)) < 0)
    return sets[int(changed[0])] if len(changed) else None


def shrunk(search: Search, removed: Sequence[int]) -> list[int]:
    """The set without the units that it doesn't need, the least decisive first."""
    needed = list(removed)
    for unit in list(reversed(removed))[:SHRUNK]:
        fewer = [each for each in needed if each != unit]
        if fewer and search.best([fewer])[1] < 0:
            needed = fewer
    return needed
