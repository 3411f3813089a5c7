"""Every model's weights, saved and loaded into a model without memory, as a checkpoint's are."""

from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from tiny_models import (
    CLASSES,
    FRAME,
    MODELS,
    allowed,
    assert_forward_gives,
    batch,
    build,
    text_of,
)

from textcnn.models.classifier import TextCNN

pytest_plugins = ("tiny_run",)  # one thread

TEXTS = [text_of(length, seed=length) for length in (0, 1, 2, 3, 17, FRAME + 11)]
every_model = pytest.mark.parametrize("name", MODELS)


def trained(name: str, **changes: Any) -> TextCNN:
    """After a step, so that no weight or statistic is as a new model's."""
    model = build(name, **changes).train()
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    loss = F.cross_entropy(model(*batch(TEXTS)), torch.arange(len(TEXTS)) % CLASSES)
    loss.backward()
    torch.optim.SGD(learned, lr=0.1).step()
    return model.eval()


def saved_and_loaded(model: TextCNN, path: Path, name: str, **changes: Any) -> TextCNN:
    save_file({key: each.contiguous() for key, each in model.state_dict().items()}, path)
    with torch.device("meta"):
        loaded = build(name, **changes)
    loaded.load_state_dict(load_file(path), assign=True)
    return loaded.eval()


@every_model
def test_loaded_weights_give_the_same_logits_bit_for_bit(name: str, tmp_path: Path) -> None:
    model = trained(name)
    loaded = saved_and_loaded(model, tmp_path / "weights.safetensors", name)
    ids, lengths = batch(TEXTS, padding=3)
    with torch.inference_mode():
        expected = model(ids, lengths)
        assert torch.equal(loaded(ids, lengths), expected)
        assert_forward_gives(loaded.activations(ids, lengths).logits, loaded, ids, lengths)
    with torch.no_grad():  # else the check proves nothing
        assert not torch.equal(build(name).eval()(ids, lengths), expected)


@every_model
def test_no_tensor_of_a_loaded_model_is_without_memory(name: str, tmp_path: Path) -> None:
    model = trained(name)
    loaded = saved_and_loaded(model, tmp_path / "weights.safetensors", name)
    tensors = [*loaded.parameters(), *loaded.buffers()]
    assert not any(tensor.is_meta for tensor in tensors)
    assert [key for key, _ in loaded.named_parameters()] == [k for k, _ in model.named_parameters()]


@every_model
def test_a_loaded_model_can_be_trained_on(name: str, tmp_path: Path) -> None:
    model = trained(name)
    loaded = saved_and_loaded(model, tmp_path / "weights.safetensors", name)
    for each in (model, loaded):
        each.zero_grad()
        each(*batch(TEXTS)).square().sum().backward()
    for (key, one), other in zip(model.named_parameters(), loaded.parameters(), strict=True):
        assert (one.grad is None) == (other.grad is None), key
        if one.grad is not None and other.grad is not None:
            assert torch.equal(one.grad, other.grad), key


@pytest.mark.parametrize("pooling", [parts["pooling"] for parts in allowed("lstm")])
@pytest.mark.parametrize("position", ["none", "learned", "sinusoidal", "ramp"])
def test_pooling_and_position_are_loaded_too(pooling: str, position: str, tmp_path: Path) -> None:
    parts = {"pooling": pooling, "position": position, "hidden_sizes": (4,)}
    model = trained("multi_width", **parts)
    loaded = saved_and_loaded(model, tmp_path / "weights.safetensors", "multi_width", **parts)
    assert torch.equal(loaded(*batch(TEXTS)), model(*batch(TEXTS)))


@pytest.mark.parametrize("kind", ["random", "static", "nonstatic", "multichannel", "onehot"])
def test_frozen_tables_stay_frozen_when_loaded(kind: str, tmp_path: Path) -> None:
    model = trained("multi_width", embedding=kind)
    loaded = saved_and_loaded(
        model, tmp_path / "weights.safetensors", "multi_width", embedding=kind
    )
    assert torch.equal(loaded(*batch(TEXTS)), model(*batch(TEXTS)))
    frozen = {key for key, parameter in loaded.named_parameters() if not parameter.requires_grad}
    tables = {"static": {"embedding.table.weight"}, "multichannel": {"embedding.fixed.weight"}}
    assert frozen == tables.get(kind, set())
