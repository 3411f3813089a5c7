"""The files of an exported model: a directory or a .zip, sealed by the hashes in its manifest.

manifest.json      format, versions, hashes of the other files, golden texts, what was lost
model.json         see `textcnn.runtime.description`
vocabulary.json    {"tokens": [...]}, in the order of their ids from 2
tables.safetensors see `textcnn.runtime.tables`; or
model.onnx         a graph for onnxruntime
tokenizer.json     only with a tokenizer of a file: its copy
"""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from textcnn.errors import InputError

FORMAT = 1
MANIFEST, MODEL, VOCABULARY = "manifest.json", "model.json", "vocabulary.json"
TABLES, GRAPH, TOKENIZER = "tables.safetensors", "model.onnx", "tokenizer.json"
LARGEST_JSON, LARGEST_TABLES = 2**28, 2**34  # bytes


def read_files(path: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The manifest, and the content of all other files, each as its hash says.

    Raises:
        InputError: the path holds no export, or one that is damaged or of another version.
    """
    if path.is_dir():
        read: Callable[[str], bytes] = lambda name: read_file(path / name)  # noqa: E731
    elif path.is_file():
        read = ZipReader(path)
    else:
        raise InputError(
            f"{path} does not exist; give what python -m textcnn.export wrote as output"
        )
    manifest = parse(read(MANIFEST), f"{path}: {MANIFEST}")
    if not isinstance(manifest, dict) or not isinstance(manifest.get("sha256"), dict):
        raise InputError(
            f"{path} is no export for textcnn.runtime; write one with python -m textcnn.export "
            f"checkpoint={path} output=exported"
        )
    if "exported" not in manifest or type(manifest.get("format")) is not int:
        raise InputError(
            f"{path} is a checkpoint, which needs textcnn.load; textcnn.runtime reads what python "
            f"-m textcnn.export checkpoint={path} output=exported writes"
        )
    if manifest["format"] != FORMAT:
        mend = "upgrade textcnn" if manifest["format"] > FORMAT else "export it again"
        raise InputError(
            f"{path} has format {manifest['format']}, this version reads format {FORMAT}: {mend}"
        )
    hashes = manifest["sha256"]
    files = {}
    weights = GRAPH if GRAPH in hashes else TABLES
    for name in (MODEL, VOCABULARY, weights, *([TOKENIZER] if TOKENIZER in hashes else [])):
        files[name] = read(name)
        if hashlib.sha256(files[name]).hexdigest() != hashes.get(name):
            raise InputError(
                f"{path}: {name} is damaged or was changed (its SHA-256 differs from the "
                "manifest); copy it again"
            )
    return manifest, files


def limit_of(name: str) -> int:
    """The most bytes that a file may have."""
    return LARGEST_TABLES if name in (TABLES, GRAPH) else LARGEST_JSON


def read_file(file: Path) -> bytes:
    """
    Raises:
        InputError: it is missing or too large.
    """
    if not file.is_file():
        raise InputError(f"{file} is missing: the export is incomplete; copy it again")
    check_size(str(file), file.name, file.stat().st_size)
    return file.read_bytes()


def check_size(shown: str, name: str, size: int) -> None:
    """
    Raises:
        InputError: the file is larger than any that is written.
    """
    if size > limit_of(name):
        raise InputError(
            f"{shown} has {size:,} bytes, more than the {limit_of(name):,} that textcnn reads; "
            "copy the export again"
        )


class ZipReader:
    """Reads files of a .zip into memory; nothing is unpacked to the disk."""

    def __init__(self, path: Path):
        """
        Raises:
            InputError: it is no .zip.
        """
        import zipfile  # imported here: a directory doesn't need it

        self.path = path
        try:
            self.content = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise InputError(
                f"{path} is no export: neither a directory nor a .zip ({error}); give what python "
                "-m textcnn.export wrote as output"
            ) from error

    def __call__(self, name: str) -> bytes:
        """The content of a file; errors as of `read_file`."""
        try:
            size = self.content.getinfo(name).file_size
            check_size(f"{self.path}: {name}", name, size)
            with self.content.open(name) as file:
                content = file.read(size + 1)  # no more than the directory of the .zip says
        except KeyError:
            raise InputError(
                f"{self.path}: {name} is missing: the export is incomplete; copy it again"
            ) from None
        except InputError:
            raise
        except Exception as error:  # a damaged .zip can raise nearly anything
            raise InputError(
                f"{self.path}: {name} can't be read ({error}); copy the export again"
            ) from error
        return content


def parse(content: bytes, shown: str) -> Any:
    """The value of a JSON file.

    Raises:
        InputError: it is none.
    """
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{shown} can't be read: {error}; copy the export again") from error
