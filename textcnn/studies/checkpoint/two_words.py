"""Two words of a user's own texts in both orders: up to what distance a classifier notices."""

import numpy as np

from textcnn.data.batching import EncodedTexts
from textcnn.inference import AnyClassifier
from textcnn.studies.shared.study import Values
from textcnn.text.vocabulary import SPECIALS, UNKNOWN

FARTHEST = 64  # tokens of a receptive field up to which is asked
BEYOND = 4  # distances that it can't see


def commonest(texts: EncodedTexts) -> list[int]:
    """The ids of the two most frequent known tokens; of fewer, if there are no two."""
    ids, counts = np.unique(texts.ids[texts.ids >= len(SPECIALS)], return_counts=True)
    return [int(ids[i]) for i in np.argsort(-counts, kind="stable")[:2]]


def in_both_orders(words: list[int], distance: int, margin: int, room: int) -> EncodedTexts:
    """Two texts that differ in which token comes first, among unknown ones.

    Args:
        margin: tokens on both sides, at least.
        room: tokens from the one margin to the other, whatever the distance.
    """
    texts = np.full((2, 2 * margin + room), UNKNOWN, np.int32)
    texts[:, margin] = words
    texts[:, margin + distance] = words[::-1]
    lengths = np.full(2, texts.shape[1])
    return EncodedTexts(texts.ravel(), np.arange(3) * texts.shape[1], lengths)


def order_gaps(classifier: AnyClassifier, texts: EncodedTexts) -> Values | None:
    """How far the logits of both orders are apart, by distance.

    None if the receptive field is all of a text or too wide, or the texts have no two known tokens.
    """
    from textcnn.studies.shared.questions import gap, in_64_bits, logits_of, plainly

    field, words = classifier.model.receptive_field, commonest(texts)
    if field is None or field > FARTHEST or len(words) < 2:
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
