"""Negation: which windows distinguish sentences with the same words (T1, T2)."""

from itertools import product
from random import Random

from textcnn.studies.shared.negated_texts import ADJECTIVES, negated_pair
from textcnn.studies.shared.networks import multi_width
from textcnn.studies.shared.study import Claim, Results, Values, accuracy, equal_logits
from textcnn.studies.shared.theory import ceiling, seen_by_max, windows

KERNEL_SIZES = (1, 2, 3, 4)
TEST_PAIRS = 20  # of the pairs of adjectives


def negations(template: str) -> list[tuple[str, str]]:
    """The sentences of all pairs of adjectives: a positive one, then a negative one."""
    pairs = [negated_pair(*pair, template) for pair in product(*ADJECTIVES)]
    return [
        (text.replace(",", " ,"), label)
        for pair in pairs
        for text, label in zip(pair, ("positive", "negative"), strict=True)
    ]


def predict_negation(template: str, kernel_size: int) -> float:
    """The best accuracy for windows of this size and max pooling."""
    return ceiling(
        (seen_by_max(windows(text.split(), range(kernel_size))), label)
        for text, label in negations(template)
    )


def measure_negation(template: str, kernel_size: int, seed: int) -> Values:
    """Train on some pairs of adjectives; measure on the others."""
    from textcnn.studies.shared.probe import (
        Training,
        build_probe,
        measure_accuracy,
        pair_gaps,
        train_probe,
    )

    rows = negations(template)
    order = list(range(len(rows) // 2))
    Random(seed).shuffle(order)
    test, train = (
        [rows[2 * pair + which] for pair in pairs for which in (0, 1)]
        for pairs in (order[:TEST_PAIRS], order[TEST_PAIRS:])
    )
    classifier = build_probe(multi_width(kernel_size, num_filters=64), rows, seed)
    before = pair_gaps(classifier, test).max().item()
    train_probe(classifier, train * 4, seed, Training(epochs=15))
    after = pair_gaps(classifier, test).max().item()
    return measure_accuracy(classifier, test) | {"gap_before": before, "gap_after": after}


def template_claims(results: Results, point: str, template: str, kernel_size: int) -> list[Claim]:
    share, rate = predict_negation(template, kernel_size), results.rate(point)
    title = f"width {kernel_size}, negation, {template}"
    theorem = "T1" if kernel_size == 1 else "T2"
    made = []
    for moment in ("before", "after") if share == 0.5 else ():
        gap = max(values[f"gap_{moment}"] for values in results.of(point))
        statement = f"{title}: logit difference within pairs, {moment} training"
        made.append(equal_logits(theorem, statement, gap))
    return [*made, accuracy(theorem, f"{title}: accuracy", share, rate)]
