"""Load an exported model; nothing in it is run."""

import os
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors

from textcnn.errors import InputError
from textcnn.runtime.classifier import RuntimeClassifier
from textcnn.runtime.description import Description, strings
from textcnn.runtime.encoding import Encoding
from textcnn.runtime.model import Model
from textcnn.runtime.onnx_model import OnnxModel
from textcnn.runtime.stored import (
    GRAPH,
    MODEL,
    TABLES,
    TOKENIZER,
    VOCABULARY,
    parse,
    read_files,
)
from textcnn.runtime.tables import Tables
from textcnn.text.encoder import TextEncoder
from textcnn.text.tokenizers import build_tokenizer
from textcnn.text.vocabulary import Vocabulary

TABLE_MEMORY = 1024  # MB
GOLDEN_TOLERANCE = 1e-3  # of logits, beside a thousandth of each
# Of graphs with products of integers: another processor's last bit may round to the next integer.
ROUNDED_TOLERANCE = 0.05


def load(path: str | os.PathLike[str], *, table_memory: int = TABLE_MEMORY) -> RuntimeClassifier:
    """The classifier that `python -m textcnn.export` wrote with format=numpy or onnx.

    Args:
        path: a directory or a file *.zip.
        table_memory: memory limit in MB for what tokens add to convolutions, which is computed when
            texts need it; a network that needs more is slower.

    Raises:
        InputError: the path holds no export, or one that is damaged, changed or of another version.
    """
    place = Path(path).expanduser()
    manifest, files = read_files(place)
    try:
        classifier = build(manifest, files, table_memory * 2**20)
    except InputError as error:
        raise InputError(f"{place}: {error}") from error
    except (SafetensorError, KeyError, ValueError, TypeError, OverflowError) as error:
        reason = f"no {error}" if isinstance(error, KeyError) else " ".join(str(error).split())
        raise InputError(f"{place} can't be read: {reason}; export it again") from error
    check_golden(classifier, place)
    return classifier


def build(
    manifest: dict[str, Any], files: dict[str, bytes], table_memory: int
) -> RuntimeClassifier:
    """
    Raises:
        InputError, SafetensorError, KeyError, ValueError, TypeError: the files don't fit together.
    """
    description = Description.parse(parse(files[MODEL], MODEL))
    vocabulary = Vocabulary(strings(parse(files[VOCABULARY], VOCABULARY)["tokens"]))
    settings = dict(description.text.settings)
    if TOKENIZER in files:
        settings["definition"] = files[TOKENIZER].decode()
    text = description.text
    encoder = TextEncoder(
        build_tokenizer(**settings), vocabulary, text.max_length, text.truncate, text.subwords
    )
    model: Model | OnnxModel
    if GRAPH in files:
        model = OnnxModel(files[GRAPH], len(description.labels))
    else:
        tables = Tables(tensors_of(files[TABLES]))
        model = Model(description, tables, len(vocabulary), table_memory)
    return RuntimeClassifier(description, Encoding(encoder), model, manifest)


def tensors_of(content: bytes) -> dict[str, np.ndarray]:
    """
    Raises:
        SafetensorError, ValueError: it can't be read.
    """
    try:
        return load_tensors(content)
    except KeyError as error:  # bfloat16 or float8, which NumPy doesn't have
        raise ValueError(
            f"{TABLES} has a tensor of type {error.args[0]}, which textcnn.runtime doesn't read"
        ) from error


def check_golden(classifier: RuntimeClassifier, path: Path) -> None:
    """
    Raises:
        InputError: the classifier computes other logits than when it was exported.
    """
    try:
        golden = classifier.manifest["golden"]
        texts = [each["text"] for each in golden]
        expected = np.array([each["logits"] for each in golden], np.float32)
        expected = expected.reshape(len(texts), len(classifier.labels))
        if not np.isfinite(expected).all():
            raise ValueError("a logit is infinite or nan")
        if not texts:
            raise ValueError("there is none")
        with np.errstate(over="ignore", invalid="ignore"):  # refused as infinite or nan
            logits = classifier.logits(strings(texts))
    except (KeyError, ValueError, TypeError) as error:
        raise InputError(
            f"{path}: its golden texts can't be read ({error}); export it again"
        ) from error
    rounds = isinstance(classifier.model, OnnxModel) and classifier.model.rounds
    limits = (ROUNDED_TOLERANCE if rounds else GOLDEN_TOLERANCE) * (1 + np.abs(expected))
    if (np.abs(logits - expected) > limits).any():
        difference = float(np.abs(logits - expected).max())
        raise InputError(
            f"{path}: logits of its golden texts differ from those of the export by up to "
            f"{difference:.2g}: its manifest was changed, or this machine computes otherwise; "
            "export it again"
        )
