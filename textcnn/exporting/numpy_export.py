"""`format=numpy`: what `textcnn.runtime` reads."""

import hashlib
import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import save_file

import textcnn
from textcnn.exporting.parts import Parts, parts_of
from textcnn.exporting.quantized import with_dtype
from textcnn.exporting.subject import Options, Subject
from textcnn.runtime.loading import build
from textcnn.runtime.stored import FORMAT, MANIFEST, MODEL, TABLES, TOKENIZER, VOCABULARY
from textcnn.system.escapes import json_escaped
from textcnn.system.failures import failing_as_os_error

# Texts whose logits the manifest keeps, beside words of the vocabulary.
GOLDEN = ("", "\u00e9t\u00e9 \U0001f642 unbekannteswort", "a b a")
GOLDEN_WORDS = 12
CHECKPOINT_KEYS = ("textcnn", "git_revision", "metrics", "data", "epoch", "step")


def export_numpy(classifier: Subject, new: Path, options: Options) -> list[str]:
    """Write the export to `new`; see `textcnn.exporting.export.Format`."""
    parts = parts_of(classifier)
    dtype = options.dtype or "float32"
    tensors = with_dtype(parts.tensors, dtype)
    exported = {"dtype": dtype, "max_size": options.max_size, "pruned": None}
    if new.is_dir():
        write_files(new, parts, tensors, exported, options.provenance)
        return []
    with tempfile.TemporaryDirectory(dir=new.parent, prefix=f".{new.stem}.") as place:
        write_files(Path(place), parts, tensors, exported, options.provenance)
        write_zip(Path(place), new)
    return []


def write_zip(directory: Path, file: Path) -> None:
    """The files of a directory in a .zip, always with the same bytes."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as target:
        for each in sorted(directory.iterdir()):
            target.writestr(zipfile.ZipInfo(each.name), each.read_bytes(), zipfile.ZIP_DEFLATED)


def write_files(
    directory: Path,
    parts: Parts,
    tensors: dict[str, np.ndarray],
    exported: dict[str, Any],
    provenance: dict[str, Any],
) -> None:
    write_compact(directory / MODEL, parts.description.as_json())
    write_compact(directory / VOCABULARY, {"tokens": parts.tokens})
    with failing_as_os_error(directory, SafetensorError):
        save_file(
            {name: np.ascontiguousarray(x) for name, x in tensors.items()}, directory / TABLES
        )
    if parts.definition is not None:
        (directory / TOKENIZER).write_text(parts.definition, encoding="utf-8")
    files = {file.name: file.read_bytes() for file in sorted(directory.iterdir())}
    runtime = build({}, files, 2**30)
    golden = [*GOLDEN, " ".join(parts.tokens[:GOLDEN_WORDS])]
    rows = runtime.logits(golden).tolist()
    manifest = {
        "format": FORMAT,
        "textcnn": textcnn.__version__,
        "exported": exported,
        "checkpoint": {key: provenance[key] for key in CHECKPOINT_KEYS if key in provenance},
        "golden": [{"text": t, "logits": row} for t, row in zip(golden, rows, strict=True)],
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    }
    write_compact(directory / MANIFEST, manifest)


def write_compact(file: Path, value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    file.write_text(json_escaped(text), encoding="utf-8")
