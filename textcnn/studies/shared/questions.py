"""Questions that can be asked of every trained classifier, with any labelled texts of its classes.

Logits that theory calls equal are computed in 64 bits: with long sums and large logits, rounding in
32 bits alone can exceed 1e-5. Predictions are computed in 32 bits, as users get them.
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
from textcnn.errors import InputError
from textcnn.inference import AnyClassifier
from textcnn.models.classifier import TextCNN
from textcnn.models.decision import chosen
from textcnn.models.layers.convolution import Convolution
from textcnn.models.layers.features import Features
from textcnn.models.layers.field import Field
from textcnn.models.summary import summarize
from textcnn.studies.shared.embedding_axis import first_weights
from textcnn.studies.shared.negated_texts import ADJECTIVES, negated_pair
from textcnn.studies.shared.perturbations import cut, rolled, sample, shuffled, surrounded
from textcnn.studies.shared.study import Values
from textcnn.text.vocabulary import PADDING, UNKNOWN

BLOCK_SIZES = (1, 2, 3, 5, 10, 20, 50)  # tokens that stay together when texts are shuffled
COMPARED_TEXTS = 32  # texts whose logits must be equal
PREFIX_LENGTHS = (5, 10, 20, 50, 100, 200, 500)  # tokens, if only the beginning of a text is read
TOKEN_SHIFT = 13  # tokens by which a text is moved; not a multiple of any stride
# the widest receptive field, in tokens, for which texts are surrounded by as many unknown tokens
MAX_SURROUNDED_FIELD = 512
BATCH_SIZE = 64

# from ids (batch, time) and lengths (batch,) to logits (batch, classes)
Network = Callable[[Tensor, Tensor], Tensor]


def ask(classifier: AnyClassifier, texts: EncodedTexts, seed: int) -> Values:
    """The answers to all questions, as plain values.

    Args:
        texts: at least one text, with labels.
    """
    usual = decide(classifier, texts)
    return {
        "known": known(classifier.model),
        "texts": len(texts),
        "different": len({texts.ids[a:b].tobytes() for a, b in pairwise(texts.offsets)}),
        "correct": count_correct_decisions(usual, texts),
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
    """The properties of a model that decide what theory says about it."""
    field = field_of(model)
    convolutions = [m for m in model.encoder.modules() if isinstance(m, Convolution)]
    return {
        "windows_only": model.encoder.declares("windows_only") and model.encoder.windows_only,
        "field": field.size,
        "stride": field.stride,
        "ignores_positions": all(pooling.ignores_positions for pooling in model.poolings),
        "position": not model.position.absent,
        "paddings": sorted({each.padding for each in convolutions if each.kernel_size > 1}),
    }


def field_of(model: TextCNN) -> Field:
    """The receptive field as the encoder declares it, or else as a pass through it finds it."""
    try:
        return model.field
    except InputError:
        return summarize(model, tokens=64).field


def equalities(model: TextCNN, texts: EncodedTexts, seed: int) -> Values:
    """The largest differences of logits that theory calls equal, for some or all models.

    `axis` is None if the embedding dimensions can't be reordered; `axis_reason` says why.
    """
    few = sample(texts, COMPARED_TEXTS, seed)
    wide = in_64_bits(model)
    exact = plainly(wide)
    varied = cut(few, np.random.default_rng(seed).integers(0, few.lengths + 1))
    usual, mixed = logits_of(exact, few), logits_of(exact, varied)

    weights = first_weights(wide)
    reason = weights if isinstance(weights, str) else None
    size = field_of(model).size
    margin = size - 1 if size is not None and size <= MAX_SURROUNDED_FIELD else TOKEN_SHIFT
    early, late = (
        logits_of(exact, surrounded(few, margin + front, margin + TOKEN_SHIFT - front))
        for front in (0, TOKEN_SHIFT)
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
    """The largest difference of a logit."""
    return (some - others).abs().max().item()


def in_64_bits(model: TextCNN) -> TextCNN:
    """A copy that computes in 64 bits."""
    exact = deepcopy(model).double().eval()

    def widen(_: object, inputs: tuple[Features]) -> tuple[Features]:
        return (replace(inputs[0], values=inputs[0].values.double()),)

    # one-hot vectors are created in 32 bits
    exact.encoder.register_forward_pre_hook(widen)
    return exact


def permute_axis(model: TextCNN, seed: int) -> TextCNN:
    """A copy with the embedding dimensions, and all weights that read them, in another order."""
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

    # after position encodings, which use the same dimensions
    other.encoder.register_forward_pre_hook(permute)
    return other


def plainly(model: TextCNN) -> Network:
    """The plain forward pass, which calls the hooks of the encoder."""
    return lambda ids, lengths: model.activations(ids, lengths).logits


def logits_of(
    network: Network, texts: EncodedTexts, *, batch_size: int = BATCH_SIZE, extra: int = 0
) -> Tensor:
    """Logits (texts, classes), with `extra` tokens of padding more than needed."""
    rows = sorted_batches(texts.lengths, batch_size, SCORED_TOKENS)
    logits = []
    with torch.inference_mode():
        for batch in map(texts.batch, rows):
            logits.append(network(F.pad(batch.ids, (0, extra), value=PADDING), batch.lengths))
    order = torch.from_numpy(np.concatenate(rows))
    return torch.cat(logits)[order.argsort()]


def decide(classifier: AnyClassifier, texts: EncodedTexts) -> np.ndarray:
    """The predicted classes (texts,) int64, or label sets (texts, classes) bool."""
    logits = logits_of(classifier.model.eval(), texts)
    if classifier.raw_thresholds is None:
        return logits.argmax(dim=1).numpy()
    return chosen(logits.sigmoid(), classifier.raw_thresholds).numpy()


def count_correct_decisions(decided: np.ndarray, texts: EncodedTexts) -> int:
    """The number of texts whose class, or whole label set, is predicted correctly."""
    assert texts.labels is not None
    return len(texts) - count_different(decided, texts.labels)


def majority(texts: EncodedTexts) -> int:
    """The number of texts with the most frequent class or label set."""
    assert texts.labels is not None
    return int(np.unique(texts.labels, axis=0, return_counts=True)[1].max())


def count_different(some: np.ndarray, others: np.ndarray) -> int:
    """The number of texts whose class, or label set, differs."""
    differ = some != others
    return int((differ if differ.ndim == 1 else differ.any(axis=1)).sum())


def word_order(
    classifier: AnyClassifier, texts: EncodedTexts, usual: np.ndarray, seed: int
) -> Values:
    """Predictions after shuffling the tokens, in blocks of several sizes (Pham 2021)."""
    found: Values = {"blocks": list(BLOCK_SIZES), "changed": [], "correct": []}
    for block in BLOCK_SIZES:
        decided = decide(classifier, shuffled(texts, block, seed + block))
        found["changed"].append(count_different(decided, usual))
        found["correct"].append(count_correct_decisions(decided, texts))
    return found


def places(classifier: AnyClassifier, texts: EncodedTexts, usual: np.ndarray) -> Values:
    """Predictions after moving each text, or keeping only one half of it."""
    halves = -(-texts.lengths // 2)
    others = {
        "unknown tokens before": surrounded(texts, TOKEN_SHIFT, 0),
        "unknown tokens after": surrounded(texts, 0, TOKEN_SHIFT),
        "rolled by half": rolled(texts),
        "only the first half": cut(texts, halves),
        "only the last half": cut(texts, halves, last=True),
    }
    decided = {name: decide(classifier, other) for name, other in others.items()}
    return {
        name: {"changed": count_different(d, usual), "correct": count_correct_decisions(d, texts)}
        for name, d in decided.items()
    }


def beginnings(classifier: AnyClassifier, texts: EncodedTexts) -> Values:
    """Predictions from the first tokens only; every network reads texts of any length."""
    longest = int(texts.lengths.max())
    read = [tokens for tokens in PREFIX_LENGTHS if tokens < longest] + [longest]
    cuts = [cut(texts, np.minimum(texts.lengths, tokens)) for tokens in read]
    return {
        "read": read,
        "correct": [count_correct_decisions(decide(classifier, c), c) for c in cuts],
    }


def by_length(model: TextCNN, texts: EncodedTexts, usual: np.ndarray) -> Values:
    """Accuracy for each quartile of text length, and the texts that fit a receptive field."""
    assert texts.labels is not None
    lengths, size = texts.lengths, field_of(model).size
    differ = usual != texts.labels
    correct = ~(differ if differ.ndim == 1 else differ.any(axis=1))
    quarters = [q for q in np.array_split(np.argsort(lengths, kind="stable"), 4) if len(q)]
    return {
        "median": float(np.median(lengths)),
        "shortest": [int(lengths[quarter].min()) for quarter in quarters],
        "seen_whole": len(texts) if size is None else int((lengths <= size).sum()),
        "longest": [int(lengths[quarter].max()) for quarter in quarters],
        "correct": [int(correct[quarter].sum()) for quarter in quarters],
        "texts": [len(quarter) for quarter in quarters],
    }


def negation(classifier: AnyClassifier) -> Values:
    """Answers to `not terrible, it was great` and `not great, it was terrible`.

    Returns:
        The number of pairs whose words are all in the vocabulary, the number of them that get the
        same prediction twice, and the largest difference of their logits.
    """
    encoder = classifier.encoder
    negative, positive = ([w for w in words if UNKNOWN not in encoder(w)] for words in ADJECTIVES)
    pairs = [negated_pair(*pair) for pair in product(negative, positive)]
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
