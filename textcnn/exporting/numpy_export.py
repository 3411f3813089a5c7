"""`format=numpy`: what `textcnn.runtime` reads."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from textcnn.exporting.loss import measure_loss
from textcnn.exporting.manifest import manifest_of
from textcnn.exporting.parts import Parts, parts_of
from textcnn.exporting.pruned import feature_counts, fitted
from textcnn.exporting.quantized import with_dtype
from textcnn.exporting.subject import Options, Subject
from textcnn.runtime.loading import build
from textcnn.runtime.stored import MANIFEST, MODEL, TABLES, TOKENIZER, VOCABULARY
from textcnn.system.escapes import json_escaped

# Bytes for what the manifest says later, and for longer numbers in it: in all, and for each label.
ROOM, ROOM_OF_LABEL = 300, 20

Files = dict[str, bytes]


def export_numpy(classifier: Subject, new: Path, options: Options) -> list[str]:
    """Write the export to `new`; see `textcnn.exporting.export.Format`."""
    as_zip = not new.is_dir()
    files, notes = numpy_files(classifier, options, zipped_size if as_zip else plain_size)
    if as_zip:
        new.write_bytes(zipped(files))
        return notes
    for name, content in files.items():
        (new / name).write_bytes(content)
    return notes


def plain_size(files: Files) -> int:
    return sum(map(len, files.values()))


def zipped_size(files: Files) -> int:
    return len(zipped(files))


def numpy_files(
    classifier: Subject, options: Options, size_of_files: Callable[[Files], int]
) -> tuple[Files, list[str]]:
    """The files of an export, and lines for the user.

    Args:
        size_of_files: the bytes that `max_size` limits, but for the manifest.

    Raises:
        InputError: the model is no sum of parts, or doesn't fit the size.
    """
    parts, size = parts_of(classifier), options.max_size
    dtype = options.dtype or ("float32" if size is None else "int8")
    exported: dict[str, Any] = {"dtype": dtype, "max_size": size, "kept": None}
    notes = []
    if size is not None:
        manifest = sealed(parts, dtype, exported, options.provenance)[MANIFEST]
        room = len(manifest) + ROOM + ROOM_OF_LABEL * len(classifier.labels)

        def size_of(chosen: Parts) -> int:
            return room + size_of_files(contents(chosen, dtype))

        whole = feature_counts(parts)
        parts = fitted(parts, size, size_of)
        exported["kept"] = kept = feature_counts(parts)
        shares = [f"{kept[name]:,} of {count:,} {name}" for name, count in whole.items() if count]
        if kept != whole:
            notes.append(f"max_size={size:,} bytes keeps {', '.join(shares)}")
    files = sealed(parts, dtype, exported, options.provenance)
    loss = measure_loss(classifier, build({}, files, 2**30), options.measured)
    if loss is not None:
        manifest = json.loads(files[MANIFEST]) | {"loss": loss.as_json()}
        files[MANIFEST] = compact(manifest)
        notes.append(loss.line)
    return files, notes


def sealed(parts: Parts, dtype: str, exported: dict[str, Any], provenance: dict[str, Any]) -> Files:
    """`contents` with a manifest: hashes, and logits of a few texts."""
    files = contents(parts, dtype)
    manifest = manifest_of(files, build({}, files, 2**30), parts.tokens, exported, provenance)
    return {MANIFEST: compact(manifest), **files}


def contents(parts: Parts, dtype: str) -> Files:
    """All files but the manifest."""
    tensors = with_dtype(parts.tensors, dtype)
    files = {
        MODEL: compact(parts.description.as_json()),
        VOCABULARY: compact({"tokens": parts.tokens}),
        TABLES: save({name: np.ascontiguousarray(each) for name, each in tensors.items()}),
    }
    if parts.definition is not None:
        files[TOKENIZER] = parts.definition.encode()
    return files


def zipped(files: Files) -> bytes:
    """A .zip of the files, always with the same bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", compresslevel=9) as content:
        for name, each in files.items():
            content.writestr(zipfile.ZipInfo(name), each, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def compact(value: Any) -> bytes:
    """JSON in few bytes."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return json_escaped(text).encode()
