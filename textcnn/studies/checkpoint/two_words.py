"""Two words of a user's texts in both orders: up to which distance a classifier sees the order."""

import numpy as np

from textcnn.data.batching import EncodedTexts
from textcnn.inference import AnyClassifier
from textcnn.studies.shared.study import Values
from textcnn.text.vocabulary import SPECIALS, UNKNOWN

WIDEST_FIELD = 64  # the widest receptive field for which this is measured, in tokens
BEYOND = 4  # distances measured beyond the receptive field


def commonest(texts: EncodedTexts) -> list[int]:
    """The ids of the two most frequent known tokens, or of all if there are fewer."""
    ids, counts = np.unique(texts.ids[texts.ids >= len(SPECIALS)], return_counts=True)
    return [int(ids[i]) for i in np.argsort(-counts, kind="stable")[:2]]


def in_both_orders(words: list[int], distance: int, margin: int, room: int) -> EncodedTexts:
    """Two texts of unknown tokens with two words, in both orders.

    Args:
        margin: tokens between the words and the ends, at least.
        room: tokens between the two margins, the same for all distances.
    """
    texts = np.full((2, 2 * margin + room), UNKNOWN, np.int32)
    texts[:, margin] = words
    texts[:, margin + distance] = words[::-1]
    lengths = np.full(2, texts.shape[1])
    return EncodedTexts(texts.ravel(), np.arange(3) * texts.shape[1], lengths)


def order_gaps(classifier: AnyClassifier, texts: EncodedTexts) -> Values | None:
    """The difference of the logits of both orders, by distance.

    None if the receptive field is the whole text or too wide, or if the texts have fewer than two
    known tokens.
    """
    from textcnn.studies.shared.questions import field_of, gap, in_64_bits, logits_of, plainly

    field, words = field_of(classifier.model).size, commonest(texts)
    if field is None or field > WIDEST_FIELD or len(words) < 2:
        return None
    exact = plainly(in_64_bits(classifier.model))
    distances = [*range(1, field + BEYOND)]
    pairs = [in_both_orders(words, d, max(field - 1, 1), field + BEYOND) for d in distances]
    logits = [logits_of(exact, pair) for pair in pairs]
    return {
        "words": classifier.encoder.vocabulary.decode(words),
        "distances": distances,
        "gaps": [gap(one[0], one[1]) for one in logits],
    }
