"""The texts to read first: the surest mistakes, the least sure texts, the frequent confusions."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from textcnn.evaluation.texts.answers import Answers

CHARACTERS = 100  # of a text in the terminal
MOST_CONFUSIONS = 20  # that evaluation.json lists


@dataclass(frozen=True)
class Confusion:
    """Texts with the same mistake.

    With label sets, a label that texts lack or that they were wrongly given: then `prediction` or
    `label` is None.
    """

    label: str | None
    prediction: str | None
    texts: int
    example: int  # the surest of these texts, an index

    @property
    def words(self) -> str:
        if self.prediction is None:
            return f"{self.label} missed"
        if self.label is None:
            return f"{self.prediction} wrongly given"
        return f"{self.label} taken for {self.prediction}"

    def as_json(self, rows: np.ndarray) -> dict[str, Any]:
        """
        Args:
            rows: (texts,) the numbers of the rows.
        """
        named = {"label": self.label, "prediction": self.prediction, "texts": self.texts}
        return named | {"example_row": int(rows[self.example])}


def surest_mistakes(answers: Answers, count: int) -> np.ndarray:
    """The indices of the misclassified texts, the most confident first.

    Of label sets, those with the largest loss, summed over the labels.
    """
    return surest(~answers.predictions.correct, sureness(answers), count)


def surest(wanted: np.ndarray, sureness: np.ndarray, count: int | None = None) -> np.ndarray:
    """The indices of the wanted texts, the surest first.

    Args:
        wanted: (texts,) bool
        sureness: (texts,)
        count: of indices; None: all.
    """
    places = np.flatnonzero(wanted)
    order: np.ndarray = places[np.argsort(-sureness[places], kind="stable")[:count]]
    return order


def least_sure(answers: Answers, count: int) -> np.ndarray:
    """The indices of the texts whose two most probable classes are closest.

    Of label sets, those with a label whose probability is closest to its threshold.
    """
    found = answers.predictions
    if found.multi_label:
        assert found.logits is not None
        assert found.thresholds is not None
        limits = torch.tensor(found.thresholds)
        margins = (found.logits.sigmoid() - limits).abs().amin(dim=1)
    elif len(found.labels) < 2:
        return np.empty(0, np.int64)
    else:
        margins = found.top_logits[:, 0] - found.top_logits[:, 1]
    order: np.ndarray = np.argsort(margins.numpy(), kind="stable")[:count]
    return order


def confusions(answers: Answers, count: int) -> list[Confusion]:
    """The most frequent mistakes, each with its surest text."""
    found, names = answers.predictions, answers.names
    wrong = surest(~answers.predictions.correct, sureness(answers))
    if found.multi_label:
        truth, given = found.truth[wrong], found.chosen_sets[wrong]  # (wrong texts, labels)
        missed, added = truth & ~given, given & ~truth
        listed = [
            Confusion(names[id], None, int(total), int(wrong[missed[:, id].argmax()]))
            for id, total in enumerate(missed.sum(axis=0))
            if total
        ]
        listed += [
            Confusion(None, names[id], int(total), int(wrong[added[:, id].argmax()]))
            for id, total in enumerate(added.sum(axis=0))
            if total
        ]
        return sorted(listed, key=lambda each: -each.texts)[:count]
    pairs = found.truth[wrong] * len(names) + found.predicted[wrong]
    kinds, first, totals = np.unique(pairs, return_index=True, return_counts=True)
    most = np.argsort(-totals, kind="stable")[:count]
    return [
        Confusion(
            names[kinds[kind] // len(names)],
            names[kinds[kind] % len(names)],
            int(totals[kind]),
            int(wrong[first[kind]]),
        )
        for kind in most
    ]


def sureness(answers: Answers) -> np.ndarray:
    """(texts,) probability of the prediction; of label sets the loss, summed over the labels."""
    found = answers.predictions
    if not found.multi_label:
        return answers.top_probabilities[:, 0].numpy()
    assert found.logits is not None
    return set_losses(found.logits, found.truth[:, : len(found.labels)])


def set_losses(logits: Tensor, truth: np.ndarray) -> np.ndarray:
    """(texts,) losses of label sets in nats, summed over the labels.

    Args:
        logits: (texts, labels)
        truth: (texts, labels) bool
    """
    # from logits: for a probability rounded to 1, log(1 - p) is infinite
    losses = F.binary_cross_entropy_with_logits(
        logits, torch.from_numpy(truth).float(), reduction="none"
    )
    return losses.sum(dim=1).numpy()


def mistake_lines(answers: Answers, count: int) -> Iterator[str]:
    """The texts to read first, a line each."""
    for title, texts in (
        ("surest mistakes:", surest_mistakes(answers, count)),
        ("least sure:", least_sure(answers, count)),
    ):
        if len(texts):
            yield title
        for text in texts:
            yield f"  {text_line(answers, int(text))}"
    frequent = confusions(answers, count)
    if frequent:
        yield "most frequent confusions:"
    for each in frequent:
        row = answers.predictions.rows[each.example]
        yield f"  {each.texts:,} × {each.words}, row {row}: {start(answers.texts[each.example])}"


def text_line(answers: Answers, text: int) -> str:
    label, prediction = answers.label(text), answers.prediction(text)
    if answers.predictions.multi_label:
        label, prediction = (", ".join(names) or "none" for names in (label, prediction))
        said = f"{label} predicted as {prediction}"
    else:
        share = float(answers.top_probabilities[text, 0])
        said = f"{label} predicted as {prediction} ({100 * share:.1f} %)"
    return f"row {answers.predictions.rows[text]}, {said}: {start(answers.texts[text])}"


def start(text: str) -> str:
    """The start of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= CHARACTERS else f"{line[: CHARACTERS - 3]}..."
