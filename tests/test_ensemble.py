"""Ensembles: mean probabilities, the same from one wider network of look-up tables."""

import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_models import CLASSES, IDS, allowed, batch, build, text_of

from textcnn.models.classifier import TextCNN
from textcnn.models.ensemble import Ensemble, build_members, count_members, mean_logits
from textcnn.models.fast.table_classifier import TableClassifier
from textcnn.models.fast.table_ensemble import MergedSums, TablesInTurn, build_table_ensemble

pytest_plugins = ("tiny_run",)  # one thread

MEMORY = 2**20
BATCHES = [
    batch([text_of(length, seed) for seed, length in enumerate(lengths)], padding)
    for lengths in ([0], [1], [2, 0, 5], [30, 1, 7, 0, 4, 3])
    for padding in (0, 3)
]


def ensemble(name: str = "multi_width", **changes: Any) -> Ensemble:
    """Members with different weights, embeddings too."""
    members = [build(name, **changes) for _ in range(3)]
    with torch.no_grad():
        for number, member in enumerate(members):
            for parameter in member.parameters():
                parameter.mul_(1 + number / 2)
    return Ensemble(members, multi_label=False).eval()


@torch.inference_mode()
def assert_same_logits(network: torch.nn.Module, expected: Ensemble, atol: float = 1e-5) -> None:
    for ids, lengths in BATCHES:
        torch.testing.assert_close(
            network.eval()(ids, lengths), expected(ids, lengths), rtol=0, atol=atol
        )


def test_probabilities_are_the_means_of_the_members() -> None:
    logits = torch.tensor([[[0.0, math.log(3)]], [[math.log(3), 0.0]], [[0.0, 0.0]]])
    # 1/4 and 3/4, 3/4 and 1/4, 1/2 and 1/2
    torch.testing.assert_close(mean_logits(logits, False).exp(), torch.tensor([[0.5, 0.5]]))
    of_labels = mean_logits(torch.tensor([[[math.log(3), 0.0]], [[0.0, -math.log(3)]]]), True)
    # 3/4 and 1/2 for the first label, 1/2 and 1/4 for the second
    torch.testing.assert_close(of_labels.sigmoid(), torch.tensor([[0.625, 0.375]]))


@given(st.lists(st.floats(-300, 300), min_size=2, max_size=2))
def test_equal_members_vote_as_one_of_them_even_if_they_are_sure(logits: list[float]) -> None:
    one = torch.tensor([logits])
    both = torch.stack([one, one])
    torch.testing.assert_close(mean_logits(both, True), one, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(
        mean_logits(both, False), one.log_softmax(dim=1), rtol=1e-4, atol=1e-4
    )


def test_the_mean_is_that_of_forward() -> None:
    network = ensemble()
    ids, lengths = BATCHES[-1]
    with torch.inference_mode():
        expected = torch.stack([each(ids, lengths).softmax(1) for each in network.members]).mean(0)
        torch.testing.assert_close(network(ids, lengths).softmax(dim=1), expected)


@pytest.mark.parametrize("embedding", ["random", "static", "multichannel", "onehot"])
def test_max_pooled_members_are_one_wider_network(embedding: str) -> None:
    for changes in ({}, {"hidden_sizes": (5,)}, {"padding": "reflect"}, {"activation": "tanh"}):
        network = ensemble(embedding=embedding, **changes)
        tables = build_table_ensemble(network, MEMORY)
        assert isinstance(tables, TableClassifier)
        assert isinstance(tables.by_table, MergedSums)
        assert tables.keeps_only_maxima
        assert tables.table.rows.shape[1] == 3 * 4  # the filters of all members side by side
        assert_same_logits(tables, network)


def test_label_sets_have_the_same_tables() -> None:
    network = ensemble()
    network.multi_label = True
    tables = build_table_ensemble(network, MEMORY)
    assert tables is not None
    assert_same_logits(tables, network)


@pytest.mark.parametrize("name", ["char_cnn", "nin", "transformer"])
def test_other_members_are_computed_in_turn_by_their_own_tables(name: str) -> None:
    network = ensemble(name)
    tables = build_table_ensemble(network, MEMORY)
    assert isinstance(tables, TablesInTurn)
    assert tables.applies
    assert_same_logits(tables, network)


def test_poolings_other_than_the_maximum_are_computed_in_turn() -> None:
    for changes in allowed("multi_width"):
        network = ensemble(**changes)
        tables = build_table_ensemble(network, MEMORY)
        assert isinstance(tables, TablesInTurn) == (changes["pooling"] != "max")
        assert tables is not None
        assert_same_logits(tables, network)


@pytest.mark.parametrize("name", ["lstm", "bag"])
def test_members_without_a_first_convolution_have_no_tables(name: str) -> None:
    assert build_table_ensemble(ensemble(name), MEMORY) is None


def test_with_little_memory_texts_of_rare_tokens_are_left_to_the_members() -> None:
    network = ensemble()
    row = 4 * (1 + 2 + 3) * 3 * 4  # bytes of a token: places x filters of three members
    tables = build_table_ensemble(network, 7 * row)  # one of the seven stands for no token
    assert isinstance(tables, TableClassifier)
    assert tables.table.known == 6 < IDS
    assert not tables.keeps_only_maxima
    assert_same_logits(tables, network)
    assert build_table_ensemble(network, row) is None


def test_half_precision_is_close() -> None:
    network = ensemble()
    tables = build_table_ensemble(network, MEMORY, half=True)
    assert tables is not None
    assert_same_logits(tables, network, atol=0.02)


def test_tables_follow_the_weights_of_every_member() -> None:
    network = ensemble()
    tables = build_table_ensemble(network, MEMORY)
    assert tables is not None
    assert_same_logits(tables, network)
    with torch.no_grad():
        for parameter in network.members[2].parameters():
            parameter.add_(0.1)
    assert_same_logits(tables, network)


@pytest.mark.parametrize("name", ["multi_width", "char_cnn"])
def test_tables_do_not_apply_while_a_member_is_watched(name: str) -> None:
    network = ensemble(name)
    tables = build_table_ensemble(network, MEMORY)
    assert tables is not None
    handles = [
        member.head.register_forward_hook(lambda *_: None)  # type: ignore[union-attr]
        for member in network.members
    ]
    assert not tables.applies
    for handle in handles:
        handle.remove()
    assert tables.applies


def test_one_member_is_no_ensemble() -> None:
    assert isinstance(build_members(lambda: build("bag"), 1, multi_label=False), TextCNN)
    network = build_members(lambda: build("bag"), 2, multi_label=False)
    assert isinstance(network, Ensemble)
    assert network(*BATCHES[0]).shape == (1, CLASSES)
    assert count_members(network.state_dict()) == 2
    assert count_members(build("bag").state_dict()) == 1
