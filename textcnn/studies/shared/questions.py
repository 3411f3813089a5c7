"""Questions that can be put to every trained classifier, with any texts of its classes.

Where theory says that logits are equal they are computed in 64 bits: of long sums and large logits
rounding in 32 bits alone can be more than 1e-5. Predictions are those of 32 bits, as users get
them.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from textcnn.data.batching import SCORED_TOKENS, EncodedTexts, sorted_batches
from textcnn.data.encoding import encode_texts
from textcnn.inference import Classifier
from textcnn.models.classifier import TextCNN
from textcnn.models.decision import chosen
from textcnn.models.layers.convolution import Convolution
from textcnn.models.layers.features import Features
from textcnn.models.layers.position import Position
from textcnn.studies.checkpoint.axis import first_weights
from textcnn.studies.language.wording import ADJECTIVES, near_pair
from textcnn.studies.shared.rearranged import cut, rolled, sample, shuffled, surrounded
from textcnn.studies.shared.study import Values
from textcnn.text.vocabulary import PADDING, UNKNOWN

BLOCKS = (1, 2, 3, 5, 10, 20, 50)  # tokens that stay together when texts are shuffled
COMPARED = 32  # texts whose logits must be equal
READ = (5, 10, 20, 50, 100, 200, 500)  # tokens, when only the beginning of a text is read
SHIFT = 13  # tokens that a text is moved by, no multiple of a stride
FARTHEST = 512  # tokens of a field up to which texts are surrounded by as many
BATCH = 64

Network = Callable[[Tensor, Tensor], Tensor]  # of ids (batch, time) and lengths, the logits


def ask(classifier: Classifier, texts: EncodedTexts, seed: int) -> Values:
    """All questions.

    Args:
        texts: at least one, with labels.
    """
    usual = decide(classifier, texts)
    return {
        "known": known(classifier.model),
        "texts": len(texts),
        "different": len({texts.ids[a:b].tobytes() for a, b in pairwise(texts.offsets)}),
        "correct": correct_decisions(usual, texts),
        "majority": majority(texts),
        "answers": len(np.unique(usual, axis=0)),
        "equal": equalities(classifier.model, texts, seed),
        "order": word_order(classifier, texts, usual, seed),
        "places": places(classifier, texts, usual),
        "beginnings": beginnings(classifier, texts),
        "lengths": by_length(classifier.model, texts, usual),
        "negation": negation(classifier),
    }


def known(model: TextCNN) -> Values:
    """What theory goes by."""
    convolutions = [m for m in model.encoder.modules() if isinstance(m, Convolution)]
    return {
        "encoder": type(model.encoder).__name__,
        "field": model.receptive_field,
        "stride": model.stride,
        "poolings": sorted({type(pooling).__name__ for pooling in model.poolings}),
        "position": type(model.position) is not Position,
        "paddings": sorted({each.padding for each in convolutions if each.kernel_size > 1}),
    }


def equalities(model: TextCNN, texts: EncodedTexts, seed: int) -> Values:
    """How far logits are apart, at most, that theory calls equal for some or all models.

    None where a question can't be asked; `axis_reason` says why of the embedding's axis.
    """
    few = sample(texts, COMPARED, seed)
    wide = in_64_bits(model)
    exact = plainly(wide)
    varied = cut(few, np.random.default_rng(seed).integers(0, few.lengths + 1))
    usual, mixed = logits_of(exact, few), logits_of(exact, varied)

    weights = first_weights(wide)
    reason = weights if isinstance(weights, str) else None
    size = model.receptive_field
    margin = size - 1 if size is not None and size <= FARTHEST else SHIFT
    early, late = (
        logits_of(exact, surrounded(few, margin + front, margin + SHIFT - front))
        for front in (0, SHIFT)
    )
    return {
        "axis": None if reason else gap(logits_of(plainly(permute_axis(wide, seed)), few), usual),
        "axis_reason": reason,
        "alone": gap(logits_of(exact, varied, batch_size=1), mixed),
        "padded": gap(logits_of(exact, varied, extra=37), mixed),
        "shuffled": gap(logits_of(exact, shuffled(few, 1, seed)), usual),
        "rolled": gap(logits_of(exact, rolled(few)), usual),
        "moved": gap(late, early),
    }


def gap(some: Tensor, others: Tensor) -> float:
    """The largest difference of two logits."""
    return (some - others).abs().max().item()


def in_64_bits(model: TextCNN) -> TextCNN:
    """A copy that computes in 64 bits."""
    exact = deepcopy(model).double().eval()

    def widen(_: object, inputs: tuple[Features]) -> tuple[Features]:
        return (replace(inputs[0], values=inputs[0].values.double()),)

    # one-hot vectors are made in 32 bits
    exact.encoder.register_forward_pre_hook(widen)
    return exact


def permute_axis(model: TextCNN, seed: int) -> TextCNN:
    """A copy whose embedding, and whatever reads it, have the dimensions in another order."""
    other = deepcopy(model)
    weights = first_weights(other)
    assert not isinstance(weights, str)
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(weights[0].shape[1], generator=generator)
    with torch.no_grad():
        for weight in weights:
            weight.copy_(weight[:, order])

    def permute(_: object, inputs: tuple[Features]) -> tuple[Features]:
        return (replace(inputs[0], values=inputs[0].values[:, order]),)

    # behind the positions, which are told in the same dimensions
    other.encoder.register_forward_pre_hook(permute)
    return other


def plainly(model: TextCNN) -> Network:
    """Its logits by way of all intermediates, where what is put before its encoder is heeded."""
    return lambda ids, lengths: model.activations(ids, lengths).logits


def logits_of(
    network: Network, texts: EncodedTexts, *, batch_size: int = BATCH, extra: int = 0
) -> Tensor:
    """(texts, classes), with so much more padding than needed."""
    rows = sorted_batches(texts.lengths, batch_size, SCORED_TOKENS)
    logits = []
    with torch.inference_mode():
        for batch in map(texts.batch, rows):
            logits.append(network(F.pad(batch.ids, (0, extra), value=PADDING), batch.lengths))
    order = torch.from_numpy(np.concatenate(rows))
    return torch.cat(logits)[order.argsort()]


def decide(classifier: Classifier, texts: EncodedTexts) -> np.ndarray:
    """The classes (texts,) int64, or the sets of labels (texts, classes) bool."""
    logits = logits_of(classifier.model.eval(), texts)
    if classifier.thresholds is None:
        return logits.argmax(dim=1).numpy()
    return chosen(logits.sigmoid(), classifier.thresholds).numpy()


def correct_decisions(decided: np.ndarray, texts: EncodedTexts) -> int:
    assert texts.labels is not None
    return len(texts) - count_different(decided, texts.labels)


def majority(texts: EncodedTexts) -> int:
    """Texts that would be right if the most frequent class, or set of labels, were all answers."""
    assert texts.labels is not None
    return int(np.unique(texts.labels, axis=0, return_counts=True)[1].max())


def count_different(some: np.ndarray, others: np.ndarray) -> int:
    """Texts of which the class, or the set of labels, is not the same."""
    differ = some != others
    return int((differ if differ.ndim == 1 else differ.any(axis=1)).sum())


def word_order(classifier: Classifier, texts: EncodedTexts, usual: np.ndarray, seed: int) -> Values:
    """Predictions when the tokens are shuffled, in blocks of so many (Pham 2021)."""
    found: Values = {"blocks": list(BLOCKS), "changed": [], "correct": []}
    for block in BLOCKS:
        decided = decide(classifier, shuffled(texts, block, seed + block))
        found["changed"].append(count_different(decided, usual))
        found["correct"].append(correct_decisions(decided, texts))
    return found


def places(classifier: Classifier, texts: EncodedTexts, usual: np.ndarray) -> Values:
    """Predictions when the texts stand elsewhere, or only half of each is there."""
    halves = -(-texts.lengths // 2)
    others = {
        "unknown tokens in front": surrounded(texts, SHIFT, 0),
        "unknown tokens behind": surrounded(texts, 0, SHIFT),
        "rolled by half": rolled(texts),
        "first half alone": cut(texts, halves),
        "last half alone": cut(texts, halves, last=True),
    }
    decided = {name: decide(classifier, other) for name, other in others.items()}
    return {
        name: {"changed": count_different(d, usual), "correct": correct_decisions(d, texts)}
        for name, d in decided.items()
    }


def beginnings(classifier: Classifier, texts: EncodedTexts) -> Values:
    """Predictions from the first tokens alone: any network reads texts of any length."""
    longest = int(texts.lengths.max())
    read = [tokens for tokens in READ if tokens < longest] + [longest]
    cuts = [cut(texts, np.minimum(texts.lengths, tokens)) for tokens in read]
    return {"read": read, "correct": [correct_decisions(decide(classifier, c), c) for c in cuts]}


def by_length(model: TextCNN, texts: EncodedTexts, usual: np.ndarray) -> Values:
    """Accuracy in each quarter of the texts by length, and what of them one feature sees."""
    assert texts.labels is not None
    lengths, size = texts.lengths, model.receptive_field
    differ = usual != texts.labels
    right = ~(differ if differ.ndim == 1 else differ.any(axis=1))
    quarters = [q for q in np.array_split(np.argsort(lengths, kind="stable"), 4) if len(q)]
    return {
        "median": float(np.median(lengths)),
        "shortest": [int(lengths[quarter].min()) for quarter in quarters],
        "seen_whole": len(texts) if size is None else int((lengths <= size).sum()),
        "longest": [int(lengths[quarter].max()) for quarter in quarters],
        "correct": [int(right[quarter].sum()) for quarter in quarters],
        "texts": [len(quarter) for quarter in quarters],
    }


def negation(classifier: Classifier) -> Values:
    """`not terrible, it was great` against `not great, it was terrible`, where it knows the words.

    Of all pairs: how many have both adjectives and `not` in the vocabulary, to how many of them
    both texts are the same, and how far their logits are apart at most.
    """
    encoder = classifier.encoder
    bad, good = ([w for w in words if UNKNOWN not in encoder(w)] for words in ADJECTIVES)
    pairs = [near_pair(*pair) for pair in product(bad, good)]
    if not pairs or UNKNOWN in encoder("not"):
        return {"pairs": 0, "same": 0, "gap": None}
    encoded = encode_texts([text for pair in pairs for text in pair], encoder)
    decided = decide(classifier, encoded).reshape(len(pairs), 2, -1)
    logits = logits_of(plainly(in_64_bits(classifier.model)), encoded)
    first, second = logits.unflatten(0, (-1, 2)).unbind(1)  # (pairs, classes)
    return {
        "pairs": len(pairs),
        "same": len(pairs) - count_different(decided[:, 0], decided[:, 1]),
        "gap": gap(first, second),
    }
