"""A few predictions to read, of a classifier whose probabilities are known."""

from math import exp, log

import numpy as np
from tiny_sets import LIKELY, UNLIKELY, set_classifier

from textcnn.inference import AnyClassifier
from textcnn.training.tensorboard.examples import example_predictions

# the largest of the probabilities where one class, two or all have the same largest logit
ONE, TWO, ALL = 1 / (1 + 2 * exp(-4)), 1 / (2 + exp(-4)), 1 / 3


def table(classifier: AnyClassifier, texts: list[str], labels: np.ndarray) -> list[list[str]]:
    names, logits = classifier.labels, classifier.logits(texts)
    lines = example_predictions(classifier, texts, labels, names, logits).splitlines()
    assert lines[1] == "| --- | --- | --- | --- |"
    return [line.strip("| ").split(" | ") for line in (lines[0], *lines[2:])]


def test_mistakes_come_first_and_the_surest_before_the_others() -> None:
    texts = ["nothing", "goal chip", "chip", "goal"]
    assert table(set_classifier(None), texts, np.array([2, 0, 0, 0])) == [
        ["text", "true", "predicted", "probability"],
        ["chip", "sport", "tech (wrong)", f"{ONE:.3f}"],
        ["nothing", "film", "sport (wrong)", f"{ALL:.3f}"],
        ["goal", "sport", "sport", f"{ONE:.3f}"],
        ["goal chip", "sport", "sport", f"{TWO:.3f}"],
    ]


def test_sets_go_by_their_loss_largest_mistake_first_and_smallest_loss_of_the_right() -> None:
    classifier = set_classifier((0.5, 0.1, 0.5))  # so that all texts are of tech
    texts = ["goal", "nothing", "goal chip", "chip"]
    truth = np.array([[1, 1, 0], [0, 0, 0], [1, 1, 0], [0, 0, 1]], bool)
    right, wrong = -log(LIKELY), -log(UNLIKELY)  # of one label
    assert table(classifier, texts, truth) == [
        ["text", "true", "predicted", "loss"],
        ["chip", "film", "tech (wrong)", f"{right + 2 * wrong:.3f}"],
        ["nothing", "none", "tech (wrong)", f"{3 * right:.3f}"],
        ["goal chip", "sport, tech", "sport, tech", f"{3 * right:.3f}"],
        ["goal", "sport, tech", "sport, tech", f"{2 * right + wrong:.3f}"],
    ]


def test_at_most_five_of_each_are_shown_on_one_line_each() -> None:
    texts = ["goal\n| a"] * 8 + ["chip"] * 8
    rows = table(set_classifier(None), texts, np.zeros(16, np.int64))
    assert [row[0] for row in rows[1:]] == ["chip"] * 5 + ["goal \\| a"] * 5
