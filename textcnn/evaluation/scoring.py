"""Score a classifier, with one class per text or with label sets."""

from typing import Any

import torch

from textcnn.data.batching import EncodedTexts
from textcnn.evaluation.metrics import BATCH_SIZE, Scores, score_texts
from textcnn.evaluation.multi_label import score_label_sets
from textcnn.inference import BaseClassifier


def score_classifier(
    classifier: BaseClassifier[Any],
    texts: EncodedTexts,
    device: torch.device,
    *,
    tune: bool = False,
    batch_size: int = BATCH_SIZE,
    rank: int = 0,
    count: int = 1,
) -> Scores:
    """Score a classifier on labelled texts.

    Args:
        tune: with label sets, first set the classifier's thresholds to the best for these
            texts.
        rank, count: of `count` processes, each scores the batches of its `rank`; all return the
            scores of all texts.
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
