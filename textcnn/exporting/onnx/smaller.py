"""Graphs with smaller weights, by which they lose a little."""

import logging
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import onnx

QUANTIZED = ("MatMul", "Gemm", "Gather", "Conv", "LSTM")  # operators whose weights become int8
SMALL = 1024  # numbers; shorter weights stay as they are


def as_int8(graph: "onnx.ModelProto") -> "onnx.ModelProto":
    """The dynamic quantization of onnxruntime: weights of 8 bits, with a scale for each tensor.

    Products are computed in integers, so activations are rounded as well, batch by batch.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)  # advice to simplify the graph first, which PyTorch did
    try:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "model.onnx"
            # unsigned: onnxruntime has no convolution of signed weights on CPUs
            quantize_dynamic(
                graph,
                file,
                op_types_to_quantize=list(QUANTIZED),
                weight_type=QuantType.QUInt8,
            )
            return onnx.load(file)
    finally:
        logging.disable(disabled)


def as_float16(graph: "onnx.ModelProto") -> "onnx.ModelProto":
    """Weights of 16 bits, which onnxruntime makes float32 again when it loads them.

    CPUs compute in float32 anyway.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    small = onnx.ModelProto()
    small.CopyFrom(graph)
    casts = []
    for weight in small.graph.initializer:
        values = numpy_helper.to_array(weight)
        fits = values.dtype == np.float32 and values.size >= SMALL
        if not fits or np.abs(values).max() > np.finfo(np.float16).max:
            continue
        name = weight.name
        weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.float16"))
        casts.append(helper.make_node("Cast", [f"{name}.float16"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *small.graph.node]
    del small.graph.node[:]
    small.graph.node.extend(nodes)
    return small


def with_dtype(graph: "onnx.ModelProto", dtype: str) -> "onnx.ModelProto":
    """
    Args:
        dtype: float32, float16 or int8.
    """
    return {"float32": lambda graph: graph, "float16": as_float16, "int8": as_int8}[dtype](graph)
