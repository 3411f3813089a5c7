"""What TensorBoard shows beside curves: norms of layers, words, precision and recall, settings."""

from pathlib import Path

import numpy as np
import pytest
import torch
from google.protobuf import text_format  # type: ignore[import-untyped]
from tensorboard.plugins.projector.projector_config_pb2 import (  # type: ignore[import-untyped]
    ProjectorConfig,
)
from tiny_data import curves
from tiny_models import build

from textcnn.config.programs import TrainConfig
from textcnn.text.vocabulary import Vocabulary
from textcnn.training.curves import Curves
from textcnn.training.tensorboard.hyper_parameters import shown_settings
from textcnn.training.tensorboard.norms import layers_of, norms
from textcnn.training.tensorboard.precision_recall import one_against_others
from textcnn.training.tensorboard.projector import write_projector

pytest_plugins = ("tiny_run",)


def test_norms_by_hand() -> None:
    first, second = torch.nn.Linear(2, 1), torch.nn.Linear(1, 1)
    with torch.no_grad():
        first.weight.copy_(torch.tensor([[3.0, 0.0]]))
        first.bias.fill_(4.0)
        second.weight.fill_(2.0)
    second.bias.requires_grad_(False)
    first.weight.grad = torch.tensor([[6.0, 8.0]])
    found = norms(layers_of(torch.nn.ModuleDict({"a": first, "b": second})))
    assert found == {"weights/a": 5.0, "gradients/a": 10.0, "weights/b": 2.0}
    assert norms({}) == {}


def test_the_rows_of_a_sparse_gradient_count_once() -> None:
    table = torch.nn.Embedding(3, 1)
    rows, values = torch.tensor([[0, 2]]), torch.tensor([[3.0], [4.0]])
    table.weight.grad = torch.sparse_coo_tensor(
        rows, values, (3, 1), check_invariants=False, is_coalesced=True
    )
    assert norms(layers_of(torch.nn.ModuleDict({"table": table})))["gradients/table"] == 5.0


def test_many_layers_are_summed_up_by_the_modules_that_hold_them() -> None:
    model = build("vdcnn, max")
    assert len(layers_of(model, 1000)) > 10
    assert 1 < len(layers_of(model, 10)) <= 10
    weights = [weight for layer in layers_of(model, 3).values() for weight in layer]
    assert len(weights) == sum(weight.requires_grad for weight in model.parameters())


def test_the_projector_gets_the_vectors_of_frequent_words_in_one_line_each(
    tmp_path: Path,
) -> None:
    model = build("bag")
    tokens = ["the", "a\tb", "c\nd", "\x1b", "评论", "e", "f", "g", "h", "i"]
    write_projector(tmp_path, model, Vocabulary(tokens))
    config = text_format.Parse(
        (tmp_path / "projector_config.pbtxt").read_text(encoding="utf-8"), ProjectorConfig()
    )
    (shown,) = config.embeddings
    words = (tmp_path / shown.metadata_path).read_text(encoding="utf-8").splitlines()
    assert words[:5] == ["the", "a\\tb", "c\\nd", "\\x1b", "评论"]
    vectors = np.fromfile(tmp_path / shown.tensor_path, np.float32).reshape(shown.tensor_shape)
    assert model.embedding is not None
    assert model.embedding.table is not None
    np.testing.assert_array_equal(vectors, model.embedding.table.weight.detach()[2:].numpy())
    assert vectors.shape == (10, 8)
    with pytest.raises(UnicodeDecodeError):  # by which TensorBoard knows that it is no text
        (tmp_path / shown.tensor_path).read_text(encoding="utf-8")


def test_a_model_without_vectors_has_no_projector(tmp_path: Path) -> None:
    tokens = list("abcdefghij")
    write_projector(tmp_path, build("onehot_cnn"), Vocabulary(tokens))
    write_projector(tmp_path, build("char_cnn", embedding="onehot"), Vocabulary(tokens))
    assert list(tmp_path.iterdir()) == []


def test_each_class_has_a_curve_against_the_others() -> None:
    labels, probabilities = np.array([0, 1, 1, 2]), np.eye(4, 3)
    found = {
        name: (truth.tolist(), chances.tolist())
        for name, truth, chances in one_against_others(labels, probabilities, ["a", "b\n", "c"])
    }
    assert list(found) == ["b\n", "a", "c"]  # the most frequent first
    assert found["a"] == ([True, False, False, False], [1, 0, 0, 0])
    sets = np.array([[1, 0, 1], [0, 0, 0]], bool)  # a label more than the classifier knows
    names = [name for name, *_ in one_against_others(sets, np.ones((2, 2)), ["a", "b"])]
    assert names == ["a"]


def test_precision_and_recall_are_drawn(tmp_path: Path) -> None:
    writer = Curves(tmp_path)
    writer.precision_recall("a", np.array([True, False]), np.array([0.9, 0.2]), 3)
    writer.close()
    assert curves(tmp_path).Tags()["tensors"] == ["precision_recall/a"]


def test_only_settings_of_the_command_line_are_shown(tmp_path: Path) -> None:
    config = TrainConfig(seed=3)
    assert "training.epochs" in shown_settings(config, tmp_path / "fold-1")
    (tmp_path / ".hydra").mkdir()
    (tmp_path / ".hydra" / "overrides.yaml").write_text(
        "- model=bag\n- +training.epochs=5\n- run_dir=x\n", encoding="utf-8"
    )
    for directory in (tmp_path, tmp_path / "fold-1"):
        shown = shown_settings(config, directory)
        assert shown.pop("optimizer.learning_rate", 1) is not None
        assert shown == {
            "model.name": config.model.name,
            "seed": 3,
            "model": "bag",
            "training.epochs": config.training.epochs,
        }


def test_a_run_has_words_and_curves_of_every_class(tiny_run: Path) -> None:
    assert {"words.bytes", "words.tsv"} == {
        each.name for each in (tiny_run / "projector").iterdir()
    }
    tags = curves(tiny_run).Tags()
    named = {f"precision_recall/{name}" for name in ("film", "sport", "tech")}
    assert named <= set(tags["tensors"])
    assert {"weights/head", "gradients/embedding.table"} <= set(tags["scalars"])
