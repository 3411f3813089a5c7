"""One door for all formats: checks, dispatch, and outputs that appear complete or not at all."""

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
    as_file = kind.file is not None and path.suffix.lower() == kind.file
    if not as_file and not kind.directory:
        raise InputError(
            f"format={format} writes a file *{kind.file}, got output={output}; try "
            f"output={output}{kind.file}"
        )
    check_output(path, as_file, overwrite)
    with (new_file if as_file else new_directory)(path) as new:
        notes = kind.write(classifier, new, options)
    return Exported(path, size_of(path), tuple(notes))


def check_output(path: Path, as_file: bool, overwrite: bool) -> None:
    """
    Raises:
        InputError: the output exists, or its directory doesn't exist or isn't writable.
    """
    if path.exists() and (not overwrite or path.is_dir() == as_file):
        what = "another output" if path.is_dir() == as_file else "another one, or overwrite=true"
        raise InputError(f"output={path} already exists; try {what}")
    if not path.parent.is_dir():
        raise InputError(f"output={path}: there is no directory {path.parent}; create it first")
    if not os.access(path.parent, os.W_OK):
        raise InputError(f"output={path}: the directory {path.parent} is not writable; try another")


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
