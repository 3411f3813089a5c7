"""Scoring a classifier, whether its texts have one class each or sets of labels."""

import torch

from textcnn.data.batching import EncodedTexts
from textcnn.evaluation.metrics import BATCH_SIZE, Scores, score_texts
from textcnn.evaluation.multi_label import score_label_sets
from textcnn.inference import Classifier


def score_classifier(
    classifier: Classifier,
    texts: EncodedTexts,
    device: torch.device,
    *,
    tune: bool = False,
    batch_size: int = BATCH_SIZE,
    rank: int = 0,
    count: int = 1,
) -> Scores:
    """Score a classifier on labelled texts; of `count` processes the one with this `rank` does a
    part, and all get the scores of the whole.

    Args:
        tune: set the thresholds of sets of labels to the best for these texts first.
    """
    classifier.model.to(device)
    model, labels = classifier.network, classifier.labels
    work = {"batch_size": batch_size, "rank": rank, "count": count}
    if classifier.thresholds is None:
        return score_texts(model, texts, labels, device, **work)
    thresholds = None if tune else classifier.thresholds
    scores, chosen = score_label_sets(model, texts, labels, device, thresholds=thresholds, **work)
    classifier.thresholds = chosen
    return scores
