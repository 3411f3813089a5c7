"""From a module to the graph of ONNX."""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from textcnn.exporting.onnx.plain import PlainModel

if TYPE_CHECKING:
    import onnx

OPSET = 18  # the first with the bitwise operators of 64-bit keys; onnxruntime 1.14 (2023) reads it
INPUTS = ("ids", "lengths", "unknown", "characters", "offsets")
OUTPUTS = ("logits", "probabilities")
# names of the sizes that a batch decides
AXES = {
    "ids": {0: "batch", 1: "time"},
    "lengths": {0: "batch"},
    "unknown": {0: "batch", 1: "time"},
    "characters": {0: "characters"},
    "offsets": {0: "words + 1"},
}


def graph_of(model: PlainModel) -> "onnx.ModelProto":
    """The graph of a model, for batches of any size.

    Raises:
        Exception: of nearly any kind, where PyTorch can't export a layer.
    """
    names = INPUTS if model.reads_words else INPUTS[:2]
    dynamic: Any = torch.export.Dim.DYNAMIC
    shapes = tuple(dict.fromkeys(AXES[name], dynamic) for name in names)
    with quiet(), torch.no_grad():
        exported = torch.export.export(
            model.eval(), example()[: len(names)], dynamic_shapes=shapes, strict=False
        )
        program = torch.onnx.export(
            exported,
            dynamo=True,
            opset_version=OPSET,
            input_names=list(names),
            output_names=list(OUTPUTS),
            dynamic_shapes=tuple(AXES[name] for name in names),
            custom_translation_table={torch.ops.aten.sort.stable: sort_stable},
            verbose=False,
        )
        assert program is not None
        graph: onnx.ModelProto = program.model_proto
    return graph


def example() -> tuple[Tensor, ...]:
    """Inputs to trace with: all sizes differ, so that none is mistaken for another."""
    ids = torch.ones(3, 1031, dtype=torch.int64)
    words = torch.full((17,), ord("a")), torch.zeros(6, dtype=torch.int64)
    return ids, torch.full((3,), 1031), torch.zeros_like(ids), *words


def sort_stable(values: Any, *, stable: Any = None, dim: int = -1, descending: bool = False) -> Any:
    """aten.sort.stable by TopK, which puts the first of equal values first."""
    from onnxscript import opset18

    op: Any = opset18
    size = op.Gather(op.Shape(values), op.Constant(value_ints=[dim]))
    return op.TopK(values, size, axis=dim, largest=int(descending), sorted=1)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without progress, and without advice for developers of PyTorch and onnxruntime."""
    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
