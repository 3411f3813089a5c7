"""Losses and class weights, worked out by hand and held against scikit-learn."""

from math import log
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight
from tiny_data import refusal
from torch import Tensor

from textcnn.training.objectives.losses import (
    build_loss,
    build_margin_loss,
    class_weights,
    count_correct,
)

# probabilities 3/4 and 1/4: two classes of one text, or each of two labels by itself
ONE = torch.tensor([[3 / 4, 1 / 4]]).log()
SET = torch.logit(torch.tensor([[3 / 4, 1 / 4]]))


def loss(logits: Tensor, labels: Any, weights: Any = None, smoothing: float = 0.0) -> float:
    target = torch.tensor(labels)
    build = build_loss(
        multi_label=target.ndim == 2,
        class_weights=None if weights is None else torch.tensor(weights),
        label_smoothing=smoothing,
    )
    return build(logits, target).item()


def test_one_class_costs_the_logarithm_of_its_probability() -> None:
    assert loss(ONE, [0]) == pytest.approx(log(4 / 3))
    assert loss(ONE.repeat(2, 1), [0, 1]) == pytest.approx((log(4 / 3) + log(4)) / 2)


def test_weights_of_classes_make_a_weighted_mean() -> None:
    expected = (1 * log(4 / 3) + 3 * log(4)) / 4
    assert loss(ONE.repeat(2, 1), [0, 1], weights=[1.0, 3.0]) == pytest.approx(expected)


def test_smoothing_of_classes_spreads_a_share_over_all() -> None:
    # targets 0.9 and 0.1
    expected = 0.9 * log(4 / 3) + 0.1 * log(4)
    assert loss(ONE, [0], smoothing=0.2) == pytest.approx(expected)


def test_a_set_costs_the_mean_over_its_labels() -> None:
    assert loss(SET, [[True, False]]) == pytest.approx(log(4 / 3))
    assert loss(SET, [[False, False]]) == pytest.approx((log(4) + log(4 / 3)) / 2)


def test_weights_of_labels_are_for_the_texts_that_have_them() -> None:
    expected = (5 * log(4 / 3) + log(4 / 3)) / 2
    assert loss(SET, [[True, False]], weights=[5.0, 7.0]) == pytest.approx(expected)


def test_smoothing_of_labels_moves_each_target_towards_one_half() -> None:
    # targets 0.9 and 0.1 of a label whose probability is 3/4
    label = SET[:, :1]
    assert loss(label, [[True]], smoothing=0.2) == pytest.approx(0.9 * log(4 / 3) + 0.1 * log(4))
    assert loss(label, [[False]], smoothing=0.2) == pytest.approx(0.1 * log(4 / 3) + 0.9 * log(4))


def margin(
    name: str, outputs: Any, labels: Any, weights: Any = None, texts: Any = None, s: float = 0.0
) -> float:
    target = torch.tensor(labels)
    build = build_margin_loss(
        name,
        multi_label=target.ndim == 2,
        class_weights=None if weights is None else torch.tensor(weights),
        label_smoothing=s,
    )
    return build(torch.tensor(outputs), target, None if texts is None else texts).item()


@pytest.mark.parametrize(
    ("name", "first", "second"), [("squared", 0.125 + 0.5, 1.125 + 0.5), ("hinge", 1.5, 2.5)]
)
def test_margin_losses_set_each_class_against_the_rest(
    name: str, first: float, second: float
) -> None:
    outputs = [[0.5, 0.0], [0.5, 0.0]]  # of two texts, of the first and of the second class
    assert margin(name, outputs[:1], [0]) == pytest.approx(first)
    assert margin(name, outputs[:1], [1]) == pytest.approx(second)
    assert margin(name, outputs, [0, 1]) == pytest.approx((first + second) / 2)
    weighted = (1 * first + 3 * second) / 4
    assert margin(name, outputs, [0, 1], weights=[1.0, 3.0]) == pytest.approx(weighted)
    counted = torch.tensor([1.0, 3.0])
    assert margin(name, outputs, [0, 1], texts=counted) == pytest.approx(weighted)
    assert margin(name, outputs[:1], [[True, False]]) == pytest.approx(first / 2)


@pytest.mark.parametrize("name", ["squared", "hinge"])
def test_weights_of_labels_with_margins_are_for_the_texts_that_have_them(name: str) -> None:
    outputs, one = [[0.0, 0.0]], {"squared": 0.5, "hinge": 1.0}[name]
    assert margin(name, outputs, [[True, False]], [5.0, 7.0]) == pytest.approx(one * (5 + 1) / 2)


def test_smoothing_moves_the_targets_of_squared_errors() -> None:
    # targets 0.9 and 0.1 are 0.8 and -0.8
    assert margin("squared", [[0.8, -0.8]], [0], s=0.2) == pytest.approx(0.0)
    assert margin("squared", [[0.8, -0.8]], [[True, False]], s=0.2) == pytest.approx(0.0)


def test_a_margin_that_is_kept_costs_nothing() -> None:
    assert margin("hinge", [[1.5, -1.0]], [0]) == 0.0
    assert margin("squared", [[1.0, -1.0]], [0]) == 0.0


def test_no_weights_are_none() -> None:
    assert class_weights(None, ["a"], np.array([1]), 1, multi_label=False) is None


def weigh(setting: Any, counts: list[int], texts: int, multi_label: bool = False) -> list[float]:
    labels = list("abcdefgh")[: len(counts)]
    weights = class_weights(setting, labels, np.array(counts), texts, multi_label)
    assert weights is not None
    assert weights.dtype == torch.float32
    return weights.tolist()


@given(st.lists(st.integers(1, 10**6), min_size=2, max_size=8))
def test_balanced_classes_are_those_of_scikit_learn(counts: list[int]) -> None:
    numbers = np.arange(len(counts))
    small = [1 + count % 50 for count in counts]
    expected = compute_class_weight("balanced", classes=numbers, y=np.repeat(numbers, small))
    assert weigh("balanced", small, sum(small)) == pytest.approx(expected.tolist())


def test_balanced_labels_weigh_with_a_text_what_they_weigh_without() -> None:
    # (texts - count) / count
    assert weigh("balanced", [2, 5, 8], 10, multi_label=True) == pytest.approx([4, 1, 1 / 4])


def test_balanced_weights_of_labels_that_no_text_or_every_text_has_are_finite() -> None:
    assert weigh("balanced", [0, 10], 10, multi_label=True) == pytest.approx([10, 1 / 10])
    assert weigh("balanced", [0, 10], 10) == pytest.approx([10 / 2, 10 / 20])


def test_weights_by_name_leave_the_others_at_1() -> None:
    assert weigh({"b": 5}, [1, 1, 1], 3) == [1, 5, 1]


def test_names_that_a_command_line_reads_as_other_than_strings_are_found() -> None:
    setting = {2: 2, True: 3, "x": 4, None: 5}
    weights = class_weights(setting, ["2", "true", "x", "null"], np.ones(4), 4, multi_label=False)
    assert weights is not None
    assert weights.tolist() == [2, 3, 4, 5]


@pytest.mark.parametrize("multi_label", [False, True])
def test_weights_in_a_list_are_in_the_order_of_the_labels(multi_label: bool) -> None:
    assert weigh([1, 2.5, 3], [1, 1, 1], 3, multi_label) == [1, 2.5, 3]


def test_unknown_names_are_refused_with_those_there_are() -> None:
    assert refusal(lambda: weigh({"b": 2, "x": 5, "y": 1}, [1, 1, 1], 3)) == (
        "training.class_weights names an unknown class x, y; the classes are a, b, c"
    )


def test_of_many_classes_twenty_are_listed() -> None:
    labels = [f"c{number}" for number in range(1_025)]
    message = refusal(lambda: class_weights({"x": 2}, labels, np.ones(1_025), 9, False))
    assert message.endswith("c18, c19 and 1,005 more")


def test_a_list_of_another_length_is_refused() -> None:
    assert refusal(lambda: weigh([1, 2], [1, 1, 1], 3)) == (
        "training.class_weights takes 3 numbers, one for each of a, b, c, got 2; or name some, "
        "{a:2}"
    )


def test_a_text_is_right_with_its_class_or_with_exactly_its_set() -> None:
    assert count_correct(torch.tensor([[0.0, 1], [2, 1], [0, 3]]), torch.tensor([1, 1, 1])) == 2
    logits = torch.tensor([[1.0, -1], [1, 1], [-1, -1], [0, -1]])
    sets = torch.tensor([[1, 0], [1, 0], [0, 0], [1, 0]]).bool()
    assert count_correct(logits, sets) == 3  # a logit of 0 is a probability of 0.5, which is enough


# Weights of texts


@pytest.mark.parametrize("multi_label", [False, True])
@pytest.mark.parametrize("weighted_classes", [False, True])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_weights_of_one_change_nothing_and_a_weight_of_two_is_a_text_twice(
    multi_label: bool, weighted_classes: bool, smoothing: float
) -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(4, 3, generator=generator)
    labels = torch.tensor([0, 2, 1, 2])
    if multi_label:
        labels = torch.nn.functional.one_hot(labels, 3).bool()
    loss = build_loss(
        multi_label=multi_label,
        class_weights=torch.tensor([1.0, 2.0, 3.0]) if weighted_classes else None,
        label_smoothing=smoothing,
    )
    if not (smoothing and weighted_classes and not multi_label):
        # smoothed, PyTorch divides by the weights of the true classes only
        torch.testing.assert_close(loss(logits, labels, torch.ones(4)), loss(logits, labels))
    twice = torch.tensor([0, 0, 1, 2, 3])
    torch.testing.assert_close(
        loss(logits, labels, torch.tensor([2.0, 1.0, 1.0, 1.0])),
        loss(logits[twice], labels[twice], torch.ones(5)),
    )
    left = torch.tensor([1, 2, 3])
    torch.testing.assert_close(
        loss(logits, labels, torch.tensor([0.0, 1.0, 1.0, 1.0])),
        loss(logits[left], labels[left], torch.ones(3)),
    )


def test_a_batch_in_which_no_text_counts_has_a_loss_of_zero() -> None:
    loss = build_loss(multi_label=False, class_weights=None, label_smoothing=0.0)
    logits = torch.randn(2, 3, requires_grad=True)
    value = loss(logits, torch.tensor([0, 1]), torch.zeros(2))
    value.backward()
    assert value.item() == 0
    assert logits.grad is not None
    assert logits.grad.abs().max().item() == 0
