"""What a network can know of a text: hand-worked, and held against real networks."""

from itertools import product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from textcnn.models.build import build_model
from textcnn.studies.shared.theory import (
    BOUNDARY,
    ceiling,
    reachable,
    seen_by_chunks,
    seen_by_max,
    seen_by_mean,
    seen_by_sum,
    sees_distance,
    windows,
)

PADDINGS = ("valid", "zeros", "reflect", "replicate", "circular", "full", "causal")


def test_offsets_of_stacks_are_sums_of_taps() -> None:
    assert reachable([3], [4]) == (0, 4, 8)
    assert reachable([3, 3, 3], [1, 2, 4]) == tuple(range(15))
    assert reachable([2, 2], [1, 5]) == (0, 1, 5, 6)


def test_one_dilated_layer_sees_two_distances_and_a_pyramid_all_up_to_its_reach() -> None:
    hole, pyramid = reachable([3], [4]), reachable([3, 3, 3], [1, 2, 4])
    assert [d for d in range(1, 20) if sees_distance(hole, d)] == [4, 8]
    assert [d for d in range(1, 20) if sees_distance(pyramid, d)] == list(range(1, 15))


def test_windows_at_the_ends_by_hand() -> None:
    text = ["a", "b", "c"]
    assert windows(text, (0, 1, 2)) == [("a", "b", "c")]
    assert windows(text, (0, 1, 2), "zeros")[0] == (BOUNDARY, "a", "b")
    assert windows(text, (0, 1, 2), "reflect")[0] == ("b", "a", "b")
    assert windows(text, (0, 1, 2), "replicate")[2] == ("b", "c", "c")
    assert windows(text, (0, 1, 2), "circular")[2] == ("b", "c", "a")
    assert windows(text, (0, 1, 2), "causal")[0] == (BOUNDARY, BOUNDARY, "a")
    assert len(windows(text, (0, 1, 2), "full")) == 5
    assert windows(["a"], (0, 2), "valid") == [("a", BOUNDARY)]


def test_what_poolings_keep_by_hand() -> None:
    one, two = (windows(list(text), (0,)) for text in ("aab", "abaaba"))
    assert seen_by_max(one) == seen_by_max(two)
    assert seen_by_mean(one) == seen_by_mean(two)
    assert seen_by_sum(one) != seen_by_sum(two)
    halves = seen_by_chunks(2)
    assert halves(windows(list("aabb"), (0,))) == (frozenset({("a",)}), frozenset({("b",)}))


def test_the_ceiling_is_that_of_a_table_from_signatures_to_classes() -> None:
    assert ceiling([(1, "x"), (1, "y"), (2, "x"), (3, "y")]) == 0.75
    assert ceiling([(1, "x"), (1, "y")]) == 0.5


texts = st.lists(st.sampled_from("abo"), min_size=1, max_size=9)


@given(texts, texts, st.sampled_from(PADDINGS), st.integers(1, 4), st.integers(1, 3))
def test_texts_of_one_signature_get_the_same_logits_from_any_network(
    one: list[str], other: list[str], padding: str, size: int, seed: int
) -> None:
    offsets = reachable([size], [1])
    signatures = {"max": seen_by_max, "sum": seen_by_sum, "mean": seen_by_mean}
    for pooling, signature in signatures.items():
        first, second = (signature(windows(text, offsets, padding)) for text in (one, other))
        if first != second:
            continue
        torch.manual_seed(seed)
        model = build_model(
            "multi_width",
            vocabulary_size=5,
            num_classes=2,
            embedding_dim=4,
            kernel_sizes=[size],
            num_filters=8,
            padding=padding,
            pooling=pooling,
        ).eval()
        assert (logits(model, one) - logits(model, other)).abs().max() <= 1e-5


@pytest.mark.parametrize("padding", PADDINGS)
def test_texts_of_other_signatures_get_other_logits_from_some_network(padding: str) -> None:
    offsets = reachable([2], [1])
    every = ["".join(letters) for letters in product("abo", repeat=3)]
    torch.manual_seed(0)
    model = build_model(
        "multi_width",
        vocabulary_size=5,
        num_classes=2,
        embedding_dim=4,
        kernel_sizes=[2],
        num_filters=256,
        activation="none",
        padding=padding,
    ).eval()
    seen = {text: frozenset(windows(list(text), offsets, padding)) for text in every}
    found = {text: logits(model, list(text)) for text in every}
    apart = [
        (found[a] - found[b]).abs().max() > 1e-5
        for a in every
        for b in every
        if seen[a] != seen[b] and not seen[a] < seen[b] and not seen[b] < seen[a]
    ]
    assert apart
    assert all(apart)


def logits(model: torch.nn.Module, text: list[str]) -> torch.Tensor:
    ids = torch.tensor([["abo".index(word) + 2 for word in text]])
    with torch.no_grad():
        found: torch.Tensor = model(ids, torch.tensor([len(text)]))
    return found
