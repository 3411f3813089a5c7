"""What must not change a logit: batch, padding, threads, look-up tables.

In exact arithmetic the logits of a text depend on that text alone. In 32 bits they may differ in
the last digits, because sums are added in another order: by up to LIMIT times the largest logit
(times 1, if all logits are smaller). A larger change is a fault of the model or of its fast paths.

bf16 has 8 significant bits instead of 24, so it changes every logit by up to some percent. That is
reported, but no fault: classifiers predict in 32 bits.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from textcnn.data.batching import SCORED_TOKENS, sorted_batches
from textcnn.evaluation.audit.rates import percent
from textcnn.evaluation.audit.subject import BATCH_SIZE, Subject, differs, logits_of
from textcnn.system.cores import available_cores

LIMIT = 1e-5  # of a change, as a fraction of the largest logit
BATCH_SIZES = (1, 16, 512)  # texts
PADDING_TOKENS = 37  # no multiple of any stride


@dataclass(frozen=True)
class Check:
    """How far one thing changes the logits of the same texts."""

    name: str
    largest_change: float  # of a logit
    flipped: int  # texts that get another answer
    holds: bool | None  # None: reported, but no fault


@dataclass(frozen=True)
class Invariance:
    """All checks of a classifier."""

    limit: float  # of a change of a logit: LIMIT times the largest logit
    checks: tuple[Check, ...]
    notes: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return all(check.holds is not False for check in self.checks)

    @property
    def conclusion(self) -> str:
        broken = [check for check in self.checks if check.holds is False]
        if broken:
            worst = max(broken, key=lambda check: check.largest_change)
            return (
                f"BROKEN: {', '.join(check.name for check in broken)} change logits by up to "
                f"{worst.largest_change:.2g}, more than rounding can ({self.limit:.1g}): the "
                "answer to a text depends on more than the text"
            )
        return (
            "the answer to a text depends on that text alone: no logit changes by more than "
            f"rounding ({self.limit:.1g})"
        )


def check_invariance(subject: Subject) -> Invariance:
    """Compute the logits of all texts in many ways, and compare."""
    texts, model = subject.encoded, subject.classifier.model
    usual = sorted_batches(texts.lengths, BATCH_SIZE, SCORED_TOKENS)

    def logits(rows: Sequence[np.ndarray] = usual, **settings: Any) -> Tensor:
        return logits_of(model, texts, rows, **settings)

    reference = logits()
    limit = LIMIT * max(reference.abs().max().item(), 1.0)
    decided = subject.decide(reference)
    rows = np.arange(len(texts))

    def check(name: str, others: Tensor, fails: bool = True) -> Check:
        change = (others - reference).abs().max().item()
        flipped = int(differs(subject.decide(others), decided).sum())
        # nan is a fault too
        return Check(name, change, flipped, bool(change <= limit) if fails else None)

    checks = [
        check(f"batches of {size}", logits(sorted_batches(texts.lengths, size)))
        for size in BATCH_SIZES
    ]
    mates = np.random.default_rng(0).permutation(rows)
    size = min(BATCH_SIZE, -(-len(rows) // 8))  # few texts would share one batch again
    shuffled = [mates[start : start + size] for start in range(0, len(rows), size)]
    checks.append(check("other texts in the batch", logits(shuffled)))
    checks.append(check(f"{PADDING_TOKENS} more tokens of padding", logits(padding=PADDING_TOKENS)))
    for count in other_thread_counts():
        with threads(count):
            checks.append(check(f"{count} thread{'s' * (count > 1)}", logits()))
    notes = []
    if subject.classifier.network is model:
        notes.append("this classifier has no look-up tables to compare with")
    else:
        checks.append(check("look-up tables", subject.logits(texts)))
    with torch.autocast("cpu", torch.bfloat16):
        halved = check("bf16 instead of fp32", logits(), fails=False)
    checks.append(halved)
    notes.append(bf16_note(halved, reference, len(texts)))
    return Invariance(limit, tuple(checks), tuple(notes))


def bf16_note(halved: Check, reference: Tensor, count: int) -> str:
    share = halved.largest_change / max(reference.abs().max().item(), 1e-12)
    return (
        f"bf16 would change logits by up to {percent(share)} of the largest one, and "
        f"{halved.flipped:,} of {count:,} answers"
    )


def other_thread_counts() -> list[int]:
    """Numbers of torch's threads that are not in use now."""
    return sorted({1, 2, available_cores()} - {torch.get_num_threads()})


@contextmanager
def threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
