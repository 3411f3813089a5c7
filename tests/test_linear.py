"""Coordinate descent, calibration and weights of branches, against scikit-learn and a grid."""

import itertools
import warnings
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC
from torch import Tensor

from textcnn.data.batching import EncodedTexts
from textcnn.evaluation.weighing import fit_weights
from textcnn.models.ngrams.ngrams import Ngrams
from textcnn.text.vocabulary import PADDING
from textcnn.training.ngrams.linear import calibrate, fit_linear, learn_ngrams, rescale

SIZE = 14


def encoded(
    texts: list[list[int]], labels: np.ndarray, weights: np.ndarray | None = None
) -> EncodedTexts:
    lengths = np.array([len(text) for text in texts], np.int64)
    ids = np.array([token for text in texts for token in text], np.int32)
    return EncodedTexts(ids, np.concatenate([[0], np.cumsum(lengths)]), lengths, labels, weights)


def drawn(count: int = 60, classes: int = 3, sets: bool = False, seed: int = 0) -> EncodedTexts:
    """Random texts, in which word 2 + class is frequent and label sets are independent."""
    random = np.random.default_rng(seed)
    labels = random.random((count, classes)) < 0.4 if sets else np.arange(count) % classes
    texts = []
    for row in labels:
        of_class = 2 + (np.flatnonzero(row) if sets else np.array([row]))
        words = random.integers(2, SIZE, random.integers(0, 9)).tolist()
        texts.append([*words, *of_class[random.random(len(of_class)) < 0.7].tolist()])
    return encoded(texts, labels)


def learned(train: EncodedTexts, classes: int = 3, **settings: Any) -> Ngrams:
    settings |= {"vocabulary_size": SIZE, "num_classes": classes, "longest": 2}
    return learn_ngrams(train, **settings).eval()


def logits_of(model: Ngrams, texts: EncodedTexts) -> Tensor:
    batch = texts.batch(np.arange(len(texts)))
    with torch.no_grad():
        return model.eval()(batch.ids, batch.lengths)


def dense(model: Ngrams, texts: EncodedTexts, column: int) -> np.ndarray:
    """The features of texts for a class, without the hash table's help."""
    batch = texts.batch(np.arange(len(texts)))
    numbers = model.index.numbers(batch.ids, batch.lengths)
    matrix = np.zeros((len(texts), len(model.index)))
    for text, row in enumerate(numbers.tolist()):
        matrix[text, [number for number in row if number != PADDING]] = 1
    scales = model.scales().numpy().astype(np.float64)
    matrix *= scales[:, min(column, scales.shape[1] - 1)]
    if model.scaling == "tf_idf":
        matrix /= np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), 1e-12)
    return matrix


def decision(
    model: Ngrams,
    train: EncodedTexts,
    column: int,
    has_it: np.ndarray,
    loss: str,
    cost: float,
    weights: np.ndarray,
) -> np.ndarray:
    """What scikit-learn decides about each text; its random order is that of the program."""
    solvers = {
        "squared_hinge": LinearSVC(C=cost, random_state=0, tol=1e-6, max_iter=100_000),
        "logistic": LogisticRegression(
            C=cost, solver="liblinear", dual=True, random_state=0, tol=1e-6, max_iter=100_000
        ),
    }
    features = dense(model, train, column)
    solver = solvers[loss].fit(features, has_it, sample_weight=weights)
    return np.asarray(solver.decision_function(features))


@pytest.mark.parametrize("scaling", ["naive_bayes", "tf_idf", "none"])
@pytest.mark.parametrize("loss", ["squared_hinge", "logistic"])
@pytest.mark.parametrize(("classes", "sets"), [(2, False), (3, False), (3, True), (1, True)])
def test_weights_are_those_of_scikit_learn(
    scaling: str, loss: str, classes: int, sets: bool
) -> None:
    train = drawn(classes=classes, sets=sets)
    random = np.random.default_rng(1)
    train = EncodedTexts(
        train.ids,
        train.offsets,
        train.full_lengths,
        train.labels,
        random.uniform(0.5, 2, len(train)).astype(np.float32),
    )
    class_weights = torch.linspace(0.5, 2, classes)
    model = learned(train, classes, scaling=scaling)
    fit_linear(model, train, loss=loss, cost=0.3, class_weights=class_weights)
    logits = logits_of(model, train).double().numpy()
    assert train.labels is not None
    assert train.weights is not None
    two = classes == 2 and not sets
    if two:
        np.testing.assert_allclose(logits.sum(axis=1), 0, atol=1e-6)
    for number in range(1 if two else 0, classes):
        has_it = train.labels[:, number] if sets else train.labels == number
        if sets:
            counted = np.where(has_it, class_weights.numpy()[number], 1.0)
        else:
            counted = class_weights.numpy()[train.labels]
        expected = decision(model, train, number, has_it, loss, 0.3, counted * train.weights)
        got = logits[:, 1] - logits[:, 0] if two else logits[:, number]
        # liblinear stops a little early, which the program allows it to
        np.testing.assert_allclose(got, expected, atol=0.05)


def test_a_text_of_weight_two_counts_as_two_texts() -> None:
    once = drawn(30)
    assert once.labels is not None
    twice = encoded(
        [once.ids[a:b].tolist() for a, b in itertools.pairwise(once.offsets)] * 2,
        np.concatenate([once.labels] * 2),
    )
    model = learned(once, scaling="none")
    fit_linear(
        model,
        EncodedTexts(
            once.ids, once.offsets, once.full_lengths, once.labels, np.full(30, 2.0, np.float32)
        ),
    )
    other = learned(twice, scaling="none")
    fit_linear(other, twice)
    torch.testing.assert_close(logits_of(model, once), logits_of(other, once), atol=0.03, rtol=0.03)


@pytest.mark.parametrize("everywhere", [True, False])
def test_a_label_of_all_texts_or_none_gets_its_frequency(everywhere: bool) -> None:
    train = drawn(sets=True)
    assert train.labels is not None
    train.labels[:, 1] = everywhere
    model = learned(train)
    fit_linear(model, train)
    logits = logits_of(model, train)
    assert torch.isfinite(logits).all()
    expected = np.log(61) * (1 if everywhere else -1)
    np.testing.assert_allclose(logits[:, 1].numpy(), expected, rtol=1e-6)


def test_a_class_of_weight_zero_is_left_out() -> None:
    train = drawn()
    model = learned(train)
    fit_linear(model, train, class_weights=torch.tensor([1.0, 0.0, 1.0]))
    logits = logits_of(model, train)
    assert torch.isfinite(logits).all()


def test_no_warning_reaches_the_user() -> None:
    train = drawn()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit_linear(learned(train), train, cost=1e6)


def test_learning_is_the_same_for_the_same_seed() -> None:
    train = drawn()
    models = [learned(train), learned(train)]
    for model in models:
        fit_linear(model, train, seed=3)
    assert torch.equal(*(model.table.weight for model in models))


def entropy(logits: Tensor, labels: np.ndarray) -> float:
    truth = torch.from_numpy(labels)
    if truth.ndim == 2:
        return F.binary_cross_entropy_with_logits(logits, truth.float()).item()
    return F.cross_entropy(logits, truth).item()


@pytest.mark.parametrize("scaling", ["naive_bayes", "tf_idf", "none"])
@pytest.mark.parametrize("sets", [False, True])
def test_calibration_lowers_the_loss_on_validation_texts(scaling: str, sets: bool) -> None:
    train, validation = drawn(sets=sets), drawn(300, sets=sets, seed=1)
    model = learned(train, scaling=scaling, dropout=0.5).train()
    fit_linear(model, train, cost=10.0)
    assert validation.labels is not None
    before = entropy(logits_of(model, validation), validation.labels)
    model.train()  # dropout must not disturb it
    calibrate(model, validation)
    after = entropy(logits_of(model, validation), validation.labels)
    assert after < before
    factor, fraction = model.calibration.tolist()
    assert factor > 0
    assert (fraction > 0) == (scaling == "naive_bayes")


def test_calibration_can_be_repeated_from_its_numbers() -> None:
    train, validation = drawn(), drawn(80, seed=1)
    first, second = learned(train), learned(train)
    for model in (first, second):
        fit_linear(model, train)
    calibrate(first, validation)
    factor, fraction = first.calibration.tolist()
    rescale(second, factor, fraction)
    for name, tensor in first.state_dict().items():
        assert torch.equal(tensor, second.state_dict()[name])


def test_without_validation_texts_weights_stay() -> None:
    train = drawn()
    model = learned(train)
    fit_linear(model, train)
    before = logits_of(model, train)
    calibrate(model, encoded([], np.empty(0, np.int64)))
    assert torch.equal(logits_of(model, train), before)


def objective(weights: tuple[float, ...], branches: list[Tensor], labels: Tensor) -> float:
    """What `fit_weights` minimizes, with a start of (0.6, 0.6)."""
    logits = sum(w * branch for w, branch in zip(weights, branches, strict=True))
    assert isinstance(logits, Tensor)
    if labels.ndim == 2:
        loss = F.binary_cross_entropy_with_logits(logits, labels.float(), reduction="none")
        loss = loss.mean(dim=1)
    else:
        loss = F.cross_entropy(logits, labels, reduction="none")
    pull = sum((np.log(w) - np.log(0.6)) ** 2 for w in weights) / 2
    return loss.sum().item() + float(pull)


@pytest.mark.parametrize("sets", [False, True])
def test_weights_of_branches_are_the_best_of_a_grid(sets: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    labels = torch.rand(200, 3, generator=generator) < 0.4
    truth = labels if sets else labels.int().argmax(dim=1)
    target = labels.float() if sets else F.one_hot(truth, 3).float()
    branches = [
        3 * target + 2 * torch.randn(200, 3, generator=generator),
        target + 3 * torch.randn(200, 3, generator=generator),
    ]
    chosen = tuple(fit_weights(branches, truth, (0.6, 0.6)).tolist())
    assert min(chosen) > 0
    best = objective(chosen, branches, truth)
    grid = np.exp(np.linspace(-4, 2, 40))
    assert best <= min(objective(p, branches, truth) for p in itertools.product(grid, grid)) + 1e-3


@given(st.integers(1, 6), st.floats(0, 1e4), st.booleans(), st.integers(0, 9))
def test_weights_stay_positive_and_finite(
    texts: int, size: float, opposed: bool, seed: int
) -> None:
    """A few texts that are all classified correctly, or all wrongly, ask for extreme weights."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, 3, (texts,), generator=generator)
    sure = size * F.one_hot(labels, 3).float()
    branches = [-sure if opposed else sure, torch.randn(texts, 3, generator=generator)]
    weights = fit_weights(branches, labels, (0.6, 0.6))
    assert torch.isfinite(weights).all()
    assert (weights > 0).all()
