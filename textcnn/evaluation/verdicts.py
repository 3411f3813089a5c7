"""What scores can't say: classes without texts, and classifiers that always answer the same."""

from collections.abc import Iterator

from textcnn.data.labels.class_counts import few_texts
from textcnn.data.labels.unseen import UNSEEN
from textcnn.evaluation.metrics import Scores


def score_warnings(scores: Scores, split: str) -> Iterator[str]:
    """
    Args:
        split: the name of the texts, for messages.
    """
    names = [row.label for row in scores.classes]
    few = few_texts(names, [row.examples for row in scores.classes])
    if few is not None:
        effect = "scores of so few texts say little"
        if any(row.examples == 0 for row in scores.classes):
            effect = (
                "macro-F1 counts a label without texts as 0"
                if scores.multi_label
                else "macro-F1 leaves out a class without texts that is never predicted"
            )
        yield f"{split} holds {few}; {effect}"
    if (answer := only_answer(scores)) is not None:
        yield (
            f"the classifier gives every text of {split} the same answer, {answer}: it tells no "
            "classes apart; try training.class_weights=balanced, more training.epochs, or another "
            "optimizer.learning_rate"
        )


def only_answer(scores: Scores) -> str | None:
    """The answer that all texts got, if it is one and they differ; None otherwise.

    All texts got a class if those that have it did (recall 1) and its precision is its share.
    """
    occurring = [row for row in scores.classes if row.examples and row.label != UNSEEN]
    shares = [row.examples / scores.examples for row in occurring]
    if not occurring or min(shares) == 1:
        return None
    always = []
    for row, share in zip(occurring, shares, strict=True):
        if row.recall == 0:
            continue
        if row.recall < 1 or abs(row.precision - share) > 1e-6:
            return None
        always.append(repr(row.label))
    return ", ".join(always) or None
