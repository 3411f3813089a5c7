"""The one rule by which labels are chosen."""

import json

import torch
from hypothesis import given
from hypothesis import strategies as st

from textcnn.models.decision import chosen

unit = st.floats(0, 1, width=32)


def test_a_label_is_chosen_from_its_threshold_on() -> None:
    probabilities = torch.tensor([[0.5, 0.49, 0.0], [0.25, 1.0, float("nan")]])
    assert chosen(probabilities, (0.5, 0.5, 0.0)).tolist() == [
        [True, False, True],
        [False, True, False],
    ]


@given(unit, st.floats(0, 1))
def test_who_compares_the_numbers_in_json_comes_to_the_same_labels(
    probability: float, threshold: float
) -> None:
    tensor = torch.tensor([[probability]])
    written = json.loads(json.dumps([tensor.item(), threshold]))
    assert chosen(tensor, [threshold]).item() == (written[0] >= written[1])
