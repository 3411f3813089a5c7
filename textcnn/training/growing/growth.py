"""What a run keeps of the checkpoint that it starts from, and what is new, in numbers and names."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from torch import nn

from textcnn.data.prepare import PreparedData
from textcnn.models.classifier import TextCNN
from textcnn.models.ngrams.beside import WithNgrams, ngrams_of
from textcnn.text.subwords import subwords_of
from textcnn.text.vectors import TokenVectors
from textcnn.training.growing.classes import ClassMap
from textcnn.training.growing.origin import Origin
from textcnn.training.growing.weights import count_kept
from textcnn.training.subwords.vectors import compose_missing

SHOWN = 8  # classes


@dataclass(frozen=True)
class Count:
    """Things of one kind, such as words."""

    kept: int
    new: int


@dataclass(frozen=True)
class Growth:
    """The report on a run's start."""

    checkpoint: str
    fingerprint: str  # of its weights
    tokens: Count
    with_vectors: int  # of the new tokens, those that text.vectors knows
    composed: int  # of the new tokens, those with the mean vector of their subwords
    ngrams: Count | None  # None: the model has none
    parameters: Count
    kept: tuple[str, ...]  # classes with the names of the checkpoint
    new: tuple[str, ...]  # classes
    renamed: dict[str, str]  # the new name by the old one
    merged: dict[str, tuple[str, ...]]  # the old names by the new one
    without_texts: tuple[str, ...]  # classes of the checkpoint that no training text has
    # validation and test texts that the checkpoint was trained on
    known_texts: dict[str, int]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def as_before(self, stored: Mapping[str, Any]) -> "Growth":
        """The same of a resumed run, which has no vectors at hand: those numbers were stored.

        Args:
            stored: what `as_json` returned before.
        """
        counts = {name: stored.get(name) for name in ("with_vectors", "composed")}
        known: dict[str, Any] = {name: n for name, n in counts.items() if type(n) is int}
        return replace(self, **known)

    def rows(self) -> list[list[str]]:
        """A table: what is kept, what is new, and more about it."""
        classes = Count(len(self.kept) + len(self.renamed) + len(self.merged), len(self.new))
        counts: dict[str, tuple[Count | None, str]] = {
            "tokens": (self.tokens, self.token_words),
            "classes": (classes, self.class_words),
            "n-grams": (self.ngrams, ""),
            "parameters": (self.parameters, ""),
        }
        return [
            ["", "kept", "new", ""],
            *(
                [name, f"{count.kept:,}", f"{count.new:,}", more]
                for name, (count, more) in counts.items()
                if count is not None
            ),
        ]

    @property
    def token_words(self) -> str:
        if not self.with_vectors and not self.composed:
            return ""
        others = self.tokens.new - self.with_vectors - self.composed
        return (
            f"of the new: {self.with_vectors:,} from text.vectors, {self.composed:,} from their "
            f"subwords, {others:,} at random"
        )

    @property
    def class_words(self) -> str:
        told = []
        if self.new:
            told.append(f"new: {listed(self.new)}")
        if self.renamed:
            told.append(
                f"renamed: {listed([f'{old} to {new}' for old, new in self.renamed.items()])}"
            )
        told += [f"merged as {new}: {listed(old)}" for new, old in self.merged.items()]
        if self.without_texts:
            told.append(f"without new training texts: {listed(self.without_texts)}")
        return "; ".join(told)

    @property
    def warnings(self) -> list[str]:
        return [
            f"{count:,} {split} texts were in the training of {self.checkpoint}: the scores say "
            "how well they are remembered; give other texts to see how well new ones are classified"
            for split, count in self.known_texts.items()
            if count
        ]


def growth_of(
    origin: Origin, data: PreparedData, model: nn.Module, vectors: TokenVectors | None
) -> Growth:
    """
    Args:
        model: before its training.
        vectors: of its tokens; None: there are none, or the run is resumed.
    """
    classes = origin.classes(data.splits.labels)
    vocabulary = data.texts.encoder.vocabulary
    before = set(origin.checkpoint.vocabulary.known_tokens)
    fresh = np.array([token not in before for token in vocabulary.known_tokens], bool)
    network = model.network if isinstance(model, WithNgrams) else model
    found = composed = 0
    if vectors is not None and isinstance(network, TextCNN):
        found = int(vectors.found[fresh].sum())
        if network.embedding.subwords is not None:
            words = subwords_of(vocabulary.known_tokens)
            places, _ = compose_missing(network.embedding.subwords, words, vectors.found)
            composed = int(fresh[places.numpy()].sum())
    ngrams, old = ngrams_of(model), origin.ngrams
    total = sum(each.numel() for each in model.parameters())
    grams: Count | None = None
    kept = count_kept(network, origin, classes) if isinstance(network, TextCNN) else 0
    if ngrams is not None and old is not None:
        kept += (len(old.table.weight) + 1) * sum(classes.known)
        grams = Count(len(old.keys), len(ngrams.keys) - len(old.keys))
    return Growth(
        checkpoint=origin.path,
        fingerprint=origin.fingerprint,
        tokens=Count(int((~fresh).sum()), int(fresh.sum())),
        with_vectors=found,
        composed=composed,
        ngrams=grams,
        parameters=Count(kept, total - kept),
        **class_changes(classes, data),
        known_texts={
            name: int(origin.known.has_text(data.splits.by_name()[name].text_hashes).sum())
            for name in ("validation", "test")
        },
    )


def class_changes(classes: ClassMap, data: PreparedData) -> dict[str, Any]:
    """The fields of `Growth` about classes."""
    changes: dict[str, Any] = {"kept": [], "renamed": {}, "merged": {}}
    for name, part in zip(classes.names, classes.parts, strict=True):
        olds = [classes.before[place] for place in part]
        if len(olds) > 1:
            changes["merged"][name] = tuple(olds)
        elif olds == [name]:
            changes["kept"].append(name)
        elif olds:
            changes["renamed"][olds[0]] = name
    counts = data.splits.train.counts
    lacking = [
        name
        for name, known, count in zip(classes.names, classes.known, counts, strict=True)
        if known and not count
    ]
    kept = tuple(changes.pop("kept"))
    return {**changes, "kept": kept, "new": tuple(classes.new), "without_texts": tuple(lacking)}


def listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
