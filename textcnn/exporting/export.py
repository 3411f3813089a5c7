"""One door for all formats: checks, dispatch, and outputs that appear complete or not at all."""

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from textcnn.errors import InputError
from textcnn.exporting.html_export import export_html
from textcnn.exporting.numpy_export import export_numpy
from textcnn.exporting.onnx.onnx_export import export_onnx
from textcnn.exporting.subject import Exported, Options, Subject
from textcnn.runtime.stored import MANIFEST
from textcnn.system.atomic import new_directory, new_file
from textcnn.system.paths import expanded


@dataclass(frozen=True)
class Format:
    """
    Attributes:
        write: writes the export of a classifier to a temporary path: an empty directory, or a file
            that doesn't exist yet. Returns lines for the user. Raises InputError, in one line that
            names the nearest format that works, if the model can't be exported so.
        file: the ending of an output that is one file; None: always a directory.
        directory: whether an output without that ending may be a directory.
    """

    write: Callable[[Subject, Path, Options], list[str]]
    file: str | None = None
    directory: bool = True


# format=: what writes it
FORMATS: dict[str, Format] = {
    "numpy": Format(export_numpy, ".zip"),
    "html": Format(export_html, ".html", directory=False),
    "onnx": Format(export_onnx),
}
ARCHIVES = (".zip", ".html", ".onnx", ".gz", ".tar")  # endings of files, not of directories
SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(B|KB|MB|GB)?", re.IGNORECASE)
UNITS = {"B": 1, "KB": 1000, "MB": 1000**2, "GB": 1000**3}


def export(
    classifier: Subject, output: str | Path, format: str, options: Options, *, overwrite: bool
) -> Exported:
    """Write a classifier for another program.

    Raises:
        InputError: the format can't hold this model, or the output exists or can't be written.
    """
    if format not in FORMATS:
        raise InputError(f"format takes {', '.join(FORMATS)}, got {format}")
    kind, path = FORMATS[format], expanded(output)
    as_file = check_ending(path, format)
    check_output(path, as_file, overwrite)
    with (new_file if as_file else new_directory)(path) as new:
        notes = kind.write(classifier, new, options)
    return Exported(path, size_of(path), tuple(notes))


def check_ending(path: Path, format: str) -> bool:
    """Whether the output is one file.

    Raises:
        InputError: its name is that of a file which the format doesn't write.
    """
    kind, ending = FORMATS[format], path.suffix.lower()
    if ending and ending == kind.file:
        return True
    if not kind.directory:
        other = path.with_suffix(str(kind.file)) if ending in ARCHIVES else f"{path}{kind.file}"
        raise InputError(
            f"format={format} writes a file *{kind.file}, got output={path}; try output={other}"
        )
    if ending in ARCHIVES:
        also = "" if kind.file is None else f" or a file *{kind.file}"
        raise InputError(
            f"format={format} writes a directory{also}, got output={path}; try "
            f"output={path.with_suffix('')}"
        )
    return False


def check_output(path: Path, as_file: bool, overwrite: bool) -> None:
    """
    Raises:
        InputError: the output exists, or its directory doesn't exist or isn't writable.
    """
    if path.exists():
        replaceable = path.is_file() if as_file else is_export(path)
        if not replaceable or not overwrite:
            what = "another one, or overwrite=true" if replaceable else "another output"
            raise InputError(f"output={path} already exists; try {what}")
    if not path.parent.is_dir():
        raise InputError(f"output={path}: there is no directory {path.parent}; create it first")
    if not os.access(path.parent, os.W_OK):
        raise InputError(f"output={path}: the directory {path.parent} is not writable; try another")


def is_export(path: Path) -> bool:
    """Whether a directory is an earlier export, or empty: `overwrite` deletes nothing else."""
    if not path.is_dir():
        return False
    try:
        manifest = json.loads((path / MANIFEST).read_bytes())
    except (OSError, ValueError, RecursionError):
        return not any(path.iterdir())
    return isinstance(manifest, dict) and "exported" in manifest


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a directory."""
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    return sum(each.stat().st_size for each in files)


def parse_size(text: str) -> int:
    """The bytes of `1MB`, `100 KB` or `5000`; a kilobyte has 1000.

    Raises:
        InputError: it is no size.
    """
    match = SIZE.fullmatch(text.strip())
    size = 0 if match is None else int(float(match[1]) * UNITS[(match[2] or "B").upper()])
    if not size:
        raise InputError(f"max_size takes a number of bytes, KB, MB or GB, got {text}; try 1MB")
    return size
