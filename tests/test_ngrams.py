"""The linear model over n-grams, against numbers worked out by hand and against scikit-learn."""

import copy
import math
import pickle
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer
from tiny_models import batch
from torch import Tensor

from textcnn.models.ngrams.index import NgramIndex
from textcnn.models.ngrams.ngrams import FIRST_WEIGHT, Ngrams
from textcnn.text.vocabulary import PADDING, UNKNOWN

SIZE = 5  # ids: padding, unknown and the words a, b and c
A, B, C = 2, 3, 4
TEXTS = [[A, A], [A, B], [B, C], [B, A]]
LABELS = [0, 0, 1, 1]
every_scaling = pytest.mark.parametrize("scaling", ["naive_bayes", "tf_idf", "none"])


def ngrams_of(
    texts: Sequence[list[int]] = TEXTS,
    labels: Any = LABELS,
    *,
    longest: int = 1,
    classes: int = 2,
    **settings: Any,
) -> Ngrams:
    """A model that has counted these texts."""
    ids, lengths = batch(list(texts))
    index = NgramIndex.learn(lambda: [(ids, lengths)], SIZE, longest)
    truth = torch.tensor(labels)
    settings = {"multi_label": truth.ndim == 2} | settings
    settings |= {"vocabulary_size": SIZE, "num_classes": classes, "longest": longest}
    model = Ngrams(index.keys, **settings)
    model.count([(ids, lengths, truth)])
    return model.eval()


@torch.no_grad()
def with_random_weights(model: Ngrams) -> Ngrams:
    generator = torch.Generator().manual_seed(0)
    model.table.weight.normal_(generator=generator)
    model.table.weight[: UNKNOWN + 1] = 0.0
    model.bias.normal_(generator=generator)
    return model


def test_log_count_ratios_by_hand() -> None:
    # texts with a, b, c: 2, 1, 0 of class 0 and 1, 2, 1 of class 1; one more of each: 3 2 1, 2 3 2
    model = ngrams_of()
    ratios = [math.log((p / 6) / (q / 7)) for p, q in ((3, 2), (2, 3), (1, 2))]
    scales = model.scales()[A:]
    assert scales[:, 0].tolist() == pytest.approx(ratios, rel=1e-6)
    assert scales[:, 1].tolist() == pytest.approx([-ratio for ratio in ratios], rel=1e-6)
    # a new text with a and b: the untrained model is naive Bayes, times FIRST_WEIGHT
    logits = model(*batch([[A, B, A, UNKNOWN]]))[0].tolist()
    assert logits[0] - logits[1] == pytest.approx(FIRST_WEIGHT * sum(ratios[:2]), rel=1e-6)


def test_a_batch_of_empty_texts_has_the_logits_of_the_bias() -> None:
    model = with_random_weights(ngrams_of())
    ids, lengths = torch.zeros(2, 0, dtype=torch.int64), torch.zeros(2, dtype=torch.int64)
    torch.testing.assert_close(model(ids, lengths), model.bias.expand(2, 2))


def test_a_training_text_is_left_out_of_its_own_ratios() -> None:
    model = ngrams_of()
    logits = model(*batch([[A, A], [B, A]]), labels=torch.tensor([0, 1])).tolist()
    # without the first text a has 1 text of class 0, without the last a and b have 0 and 1 of 1
    first = math.log(2 / 2) - math.log(6 / 7)
    last = math.log(3 / 1) + math.log(2 / 2) - 2 * math.log(6 / 7)
    for row, ratio in zip(logits, (first, last), strict=True):
        assert row[0] - row[1] == pytest.approx(FIRST_WEIGHT * ratio, rel=1e-6)


def test_ratios_of_label_sets_compare_texts_with_a_label_and_without() -> None:
    sets = [[True, True], [True, False], [False, False], [False, True]]
    model = ngrams_of(labels=sets)
    # label 0 is that of the classes above; texts with a, b, c and label 1: 2, 1, 0 of 3, 3, 1
    for label, (counts, totals) in enumerate(
        [(((3, 2), (2, 3), (1, 2)), (6, 7)), (((3, 2), (2, 3), (1, 2)), (6, 7))]
    ):
        ratios = [math.log((p / totals[0]) / (q / totals[1])) for p, q in counts]
        assert model.scales()[A:, label].tolist() == pytest.approx(ratios, rel=1e-6)
    logits = model(*batch([[B, C]]), labels=torch.tensor([[False, False]]))[0]
    # without this text: b has 1 and 1 texts with and without label 0, c none
    expected = math.log(2 / 2) + math.log(1 / 1) - 2 * math.log(6 / 7)
    assert logits[0].item() == pytest.approx(FIRST_WEIGHT * expected, rel=1e-6)


def test_a_text_that_was_not_counted_takes_nothing_below_zero() -> None:
    model = ngrams_of()
    logits = model(*batch([[C]]), labels=torch.tensor([0]))  # c occurs in no text of class 0
    assert torch.isfinite(logits).all()


@every_scaling
@given(st.lists(st.lists(st.integers(UNKNOWN, SIZE - 1), max_size=6), min_size=1, max_size=5))
def test_logits_are_sums_over_distinct_ngrams_whatever_the_batch(
    scaling: str, texts: list[list[int]]
) -> None:
    model = with_random_weights(ngrams_of(longest=3, scaling=scaling))
    logits = model(*batch(texts, padding=3))
    weights, scales = model.weights(), model.scales()
    by_tokens = {tuple(model.index.tokens(n)): n for n in range(A, len(model.index))}
    for text, row in zip(texts, logits, strict=True):
        around = [PADDING, *text, PADDING] if text else []
        there: set[tuple[int, ...]] = {(token,) for token in text}
        for tokens in (2, 3):
            there |= {tuple(around[s : s + tokens]) for s in range(len(around) - tokens + 1)}
        found = [by_tokens[ngram] for ngram in there if ngram in by_tokens]
        expected = weights[found].double().sum(dim=0)
        if scaling == "tf_idf":
            norm = math.sqrt((scales[found].double()[:, 0] ** 2).sum().item())
            expected = expected / max(norm, 1e-12)
        torch.testing.assert_close(
            row, (expected + model.bias).float().detach(), atol=1e-5, rtol=1e-5
        )
        alone = model(*batch([text]))[0]
        torch.testing.assert_close(row, alone, atol=1e-6, rtol=1e-6)


@every_scaling
def test_contributions_and_bias_add_up_to_the_logits(scaling: str) -> None:
    model = with_random_weights(ngrams_of(longest=2, scaling=scaling))
    texts = batch([[A, B, A, C], [], [UNKNOWN], [C, C]])
    numbers, weights = model.contributions(*texts)
    assert weights.shape == (*numbers.shape, 2)
    torch.testing.assert_close(weights.sum(dim=1) + model.bias, model(*texts))
    assert (weights[numbers == PADDING] == 0).all()


def test_tf_idf_is_that_of_scikit_learn() -> None:
    words = {A: "a", B: "b", C: "c"}
    strings = [" ".join(words[token] for token in text) for text in TEXTS]
    new = [[A, B, A], [C], [B, C, C, A]]
    vectorizer = TfidfVectorizer(binary=True, token_pattern=r"\w")
    vectorizer.fit(strings)
    features = vectorizer.transform([" ".join(words[t] for t in text) for text in new]).toarray()
    model = with_random_weights(ngrams_of(scaling="tf_idf"))
    expected = features @ model.table.weight[A:].detach().numpy() + model.bias.detach().numpy()
    np.testing.assert_allclose(model(*batch(new)).detach().numpy(), expected, atol=1e-6)


@every_scaling
def test_training_mode_without_dropout_gives_the_same_logits(scaling: str) -> None:
    model = with_random_weights(ngrams_of(longest=2, scaling=scaling))
    texts = batch(TEXTS)
    expected = model(*texts)
    torch.testing.assert_close(model.train()(*texts), expected)


def test_dropout_drops_ngrams_and_scales_the_rest() -> None:
    model = with_random_weights(ngrams_of(scaling="none", dropout=0.5)).train()
    torch.manual_seed(0)
    logits = torch.stack([model(*batch([[A]]))[0] for _ in range(50)]) - model.bias
    weight = model.table.weight[A]
    dropped = (logits == 0).all(dim=1)
    assert 5 < int(dropped.sum()) < 45
    torch.testing.assert_close(logits[~dropped], (2 * weight).expand(int((~dropped).sum()), 2))


def change_in_place(model: Ngrams) -> None:
    with torch.no_grad():
        model.table.weight[A] += 1


def change_counts(model: Ngrams) -> None:
    model.counts[A, 0] += 5


def replace_weights(model: Ngrams) -> None:
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    state["table.weight"][A] += 1
    model.load_state_dict(state, assign=True)


@pytest.mark.parametrize("change", [change_in_place, change_counts, replace_weights])
def test_what_is_kept_follows_changes(change: Any) -> None:
    model = with_random_weights(ngrams_of())
    text = batch([[A]])
    with torch.inference_mode():
        before = model(*text)
    change(model)
    after = model(*text)
    assert not torch.equal(before, after)
    expected = (model.table.weight * model.scales())[A] + model.bias
    torch.testing.assert_close(after[0], expected)


def test_copies_and_pickles_compute_anew() -> None:
    model = with_random_weights(ngrams_of(longest=2))
    texts = batch(TEXTS)
    logits = model(*texts)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):  # noqa: S301
        assert not other.memo.made
        assert torch.equal(other(*texts), logits)
        change_in_place(other)
        assert not torch.equal(other(*texts), logits)
        assert torch.equal(model(*texts), logits)


def test_several_threads_may_ask_at_once() -> None:
    model = with_random_weights(ngrams_of(longest=3))
    texts = batch(TEXTS)
    expected = copy.deepcopy(model)(*texts)
    with ThreadPoolExecutor(4) as pool:
        for logits in pool.map(lambda _: model(*texts), range(16)):
            assert torch.equal(logits, expected)


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("labels", [LABELS, [[True, False], [True, True], [False, True]] * 2])
def test_gradients_with_labels_lower_the_loss(sparse: bool, labels: Any) -> None:
    texts = TEXTS if labels is LABELS else [[A], [A, B], [B, C]] * 2
    model = ngrams_of(texts, labels, longest=2).train()
    model.table.sparse = sparse
    truth = torch.tensor(labels)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)

    def loss() -> Tensor:
        logits = model(*batch(texts), labels=truth)
        if truth.ndim == 1:
            return F.cross_entropy(logits, truth)
        return F.binary_cross_entropy_with_logits(logits, truth.float())

    before = loss().item()
    for _ in range(20):
        optimizer.zero_grad()
        loss().backward()
        assert model.table.weight.grad is not None
        assert model.table.weight.grad.is_sparse == sparse
        optimizer.step()
    assert loss().item() < 0.8 * before
    assert (model.table.weight[: UNKNOWN + 1] == 0).all()
