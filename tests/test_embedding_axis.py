"""The weights that read the embedding: permuting its dimensions and theirs changes nothing."""

import pytest
import torch
from tiny_models import MODELS, WITH_VECTORS, batch, build, text_of

from textcnn.models.encoders.encoder import Encoder
from textcnn.studies.shared.embedding_axis import first_weights
from textcnn.studies.shared.questions import permute_axis, plainly

pytest_plugins = ("tiny_run",)  # one thread

ORDERED = [name for name in MODELS if name.startswith("dcnn")]


@pytest.mark.parametrize("pooling", ["max", "attention"])
@pytest.mark.parametrize("name", [name for name in WITH_VECTORS if name not in ORDERED])
def test_permuting_the_embedding_and_its_readers_changes_no_logits(name: str, pooling: str) -> None:
    model = build(name, pooling=pooling).double().eval()
    texts = batch([text_of(length, seed=length) for length in (0, 1, 9, 30)])
    with torch.no_grad():
        expected = plainly(model)(*texts)
        permuted = plainly(permute_axis(model, seed=0))(*texts)
    torch.testing.assert_close(permuted, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", ORDERED)
def test_rows_that_are_added_have_an_order(name: str) -> None:
    assert first_weights(build(name)) == (
        "dcnn keeps the rows of the embedding apart and adds neighbours: they have an order"
    )


def test_rows_of_weights_have_no_dimensions() -> None:
    expected = "a one-hot network has no dimensions that could be reordered"
    assert first_weights(build("onehot_cnn")) == expected


def test_of_an_encoder_that_declares_nothing_no_weights_are_known() -> None:
    class Own(Encoder):
        pass

    model = build("bag")
    model.encoder = Own()
    assert first_weights(model) == "Own doesn't declare which layers read the embedding"
