"""Score a classifier, with one class per text or with label sets."""

from typing import Any

import torch

from textcnn.data.batching import EncodedTexts
from textcnn.evaluation.metrics import BATCH_SIZE, Keep, Scores, score_texts
from textcnn.evaluation.multi_label import score_label_sets
from textcnn.evaluation.weighing import weigh_branches
from textcnn.inference import BaseClassifier
from textcnn.models.ngrams.beside import WithNgrams


def score_classifier(
    classifier: BaseClassifier[Any],
    texts: EncodedTexts,
    device: torch.device,
    *,
    tune: bool = False,
    batch_size: int = BATCH_SIZE,
    rank: int = 0,
    count: int = 1,
    keep: Keep | None = None,
) -> Scores:
    """Score a classifier on labelled texts.

    Args:
        tune: first set what validation texts choose: the weights of a network and n-grams, and
            the thresholds of label sets.
        rank, count: of `count` processes, each scores the batches of its `rank`; all return the
            scores of all texts.
        keep: gets the logits of each batch of this process, see `textcnn.evaluation.predictions`.
    """
    classifier.model.to(device)
    if tune and isinstance(classifier.model, WithNgrams):
        weigh_branches(classifier.model, texts)
    model, labels = classifier.network, classifier.labels
    work: dict[str, Any] = {"batch_size": batch_size, "rank": rank, "count": count, "keep": keep}
    if classifier.raw_thresholds is None:
        return score_texts(model, texts, labels, device, **work)
    thresholds = None if tune else classifier.raw_thresholds
    scores, chosen = score_label_sets(model, texts, labels, device, thresholds=thresholds, **work)
    classifier.raw_thresholds = chosen
    return scores
