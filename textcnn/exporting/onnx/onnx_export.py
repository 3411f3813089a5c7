"""`format=onnx`: a graph for onnxruntime, with what it needs to read texts, and an example."""

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from jinja2 import Environment, PackageLoader, StrictUndefined

from textcnn.errors import InputError
from textcnn.exporting.loss import measure_loss
from textcnn.exporting.manifest import manifest_of
from textcnn.exporting.numpy_export import Files, compact
from textcnn.exporting.onnx.graph import graph_of
from textcnn.exporting.onnx.plain import PlainModel
from textcnn.exporting.onnx.smaller import with_dtype
from textcnn.exporting.onnx.splitting import expressions, splits_by_default
from textcnn.exporting.subject import Options, Subject
from textcnn.runtime.description import Description, Text
from textcnn.runtime.encoding import Encoded
from textcnn.runtime.loading import build
from textcnn.runtime.onnx_model import OnnxModel
from textcnn.runtime.stored import GRAPH, MANIFEST, MODEL, TOKENIZER, VOCABULARY

if TYPE_CHECKING:
    import onnx

EXAMPLE = "example.py"
PACKAGES = ("onnx", "onnxruntime", "onnxscript")
OTHERWISE = "predict with textcnn.load, which needs torch"
LARGEST = 2**31 - 1  # bytes of a graph in one file
TOLERANCE = 1e-4  # of logits, and for large ones of their size
# Tokens of texts that compare graph and model, in several batches: PyTorch traces only one size.
CHECKED = ((0,), (1,), (0, 1, 2, 3, 5, 8), (13, 1), (2, 40, 41), (100, 101, 7))


def export_onnx(classifier: Subject, new: Path, options: Options) -> list[str]:
    """Write the export to the directory `new`; see `textcnn.exporting.export.Format`."""
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise InputError(
            f"format=onnx needs {' and '.join(missing)}; try pip install 'textcnn[export]'"
        )
    if options.max_size is not None:
        raise InputError("max_size takes format=numpy, got format=onnx; try dtype=int8")
    model = plain_model(classifier)
    graph = checked_graph(classifier, model)
    dtype = options.dtype or "float32"
    files, notes = onnx_files(classifier, with_dtype(graph, dtype), model.reads_words)
    exported = build({}, files, 0)
    manifest = manifest_of(
        files,
        exported,
        classifier.encoder.vocabulary.known_tokens,
        {"dtype": dtype, "max_size": None, "kept": None},
        options.provenance,
    )
    loss = measure_loss(classifier, exported, options.measured)
    if loss is not None:
        manifest["loss"] = loss.as_json()
        notes.append(loss.line)
    for name, content in {MANIFEST: compact(manifest), **files}.items():
        (new / name).write_bytes(content)
    return notes


def plain_model(classifier: Subject) -> PlainModel:
    """The model with its calibration.

    Raises:
        InputError: the model is of another kind.
    """
    calibration, classes = classifier.calibration, len(classifier.labels)
    slopes, offsets = torch.full((classes,), 1 / calibration.temperature), torch.zeros(classes)
    if calibration.slopes is not None and calibration.offsets is not None:
        slopes, offsets = torch.tensor(calibration.slopes), torch.tensor(calibration.offsets)
    return PlainModel(
        classifier.model,
        slopes=slopes,
        offsets=offsets,
        multi_label=classifier.raw_thresholds is not None,
    )


def checked_graph(classifier: Subject, model: PlainModel) -> "onnx.ModelProto":
    """
    Raises:
        InputError: PyTorch can't export the model, or exports one with other logits.
    """
    kind = kind_of(classifier.model)
    try:
        graph = graph_of(model)
    except Exception as error:  # of nearly any kind
        reason = " ".join(str(error).split())
        raise InputError(
            f"format=onnx can't hold {kind}: {type(error).__name__}: {reason:.200}; {OTHERWISE}"
        ) from error
    if graph.ByteSize() > LARGEST:
        raise InputError(
            f"format=onnx holds models of less than 2 GB, got {graph.ByteSize():,} bytes; "
            "train with a smaller text.max_vocabulary"
        )
    difference = largest_difference(classifier, graph)
    if not difference <= TOLERANCE:  # nan is none either
        raise InputError(
            f"format=onnx can't hold {kind}: logits of its graph differ by up to {difference:.2g}; "
            f"{OTHERWISE}"
        )
    return graph


def kind_of(model: Any) -> str:
    """What a model is called in messages: its encoder decides what can be exported."""
    network = getattr(model, "network", model)
    members = getattr(network, "members", [network])
    return f"the encoder {type(getattr(members[0], 'encoder', members[0])).__name__}"


def largest_difference(classifier: Subject, graph: "onnx.ModelProto") -> float:
    """The largest difference of logits to those of the model, relative to those above 1."""
    computed = OnnxModel(graph.SerializeToString(), len(classifier.labels))
    random = np.random.default_rng(0)
    size, worst = len(classifier.encoder.vocabulary), 0.0
    device = next(classifier.model.parameters()).device
    for lengths in CHECKED:
        ids = np.zeros((len(lengths), max(lengths)), np.int64)
        for row, length in zip(ids, lengths, strict=True):
            row[:length] = random.integers(1, size, length)
        inside = np.arange(max(lengths)) < np.array(lengths)[:, None]
        own = computed.logits(Encoded(ids[inside].astype(np.int32), np.array(lengths)))
        with torch.inference_mode():
            inputs = torch.from_numpy(ids).to(device), torch.tensor(lengths, device=device)
            native = classifier.model.eval()(*inputs).float().cpu().numpy()
        worst = max(worst, float((np.abs(own - native) / np.maximum(np.abs(native), 1)).max()))
    return worst


def onnx_files(
    classifier: Subject, graph: "onnx.ModelProto", reads_words: bool
) -> tuple[Files, list[str]]:
    """All files but the manifest, and a line for the user."""
    encoder = classifier.encoder
    settings = dict(encoder.tokenizer.settings)
    definition = settings.pop("definition", None)
    text = Text(settings, encoder.max_length, encoder.truncate, reads_words)
    described = Description(
        classifier.labels,
        classifier.raw_thresholds,
        classifier.calibration,
        text,
        (1.0, 1.0),
        None,
        None,
    )
    alone = splits_by_default(settings)
    files = {
        MODEL: compact(described.as_json() | {"split": expressions() if alone else None}),
        VOCABULARY: compact({"tokens": encoder.vocabulary.known_tokens}),
        GRAPH: graph.SerializeToString(),
        EXAMPLE: example_of(described, alone, definition is not None).encode(),
    }
    if definition is not None:
        files[TOKENIZER] = definition.encode()
    needs = "onnxruntime alone" if alone else "onnxruntime, and textcnn's tokenizers"
    return files, [f"{EXAMPLE} shows how to predict with {needs}"]


def example_of(described: Description, alone: bool, definition: bool) -> str:
    """A program that predicts.

    Args:
        alone: it splits texts itself.
        definition: the tokenizer has a file.
    """
    templates = Environment(
        loader=PackageLoader("textcnn.exporting.onnx"), undefined=StrictUndefined, autoescape=False
    )
    return templates.get_template(f"{EXAMPLE}.j2").render(
        alone=alone,
        definition=definition,
        max_length=described.text.max_length,
        truncate=described.text.truncate,
        reads_words=described.text.subwords,
        label_sets=described.thresholds is not None,
    )
