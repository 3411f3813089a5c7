"""A directory with a folder for each class, and a file for each text: scikit-learn's layout."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from textcnn.data.sources.columns import Columns
from textcnn.data.sources.decoding import decode
from textcnn.data.sources.formats import FASTTEXT, format_of, open_bytes
from textcnn.errors import InputError


def class_folders(directory: Path) -> list[Path]:
    """The folders of the classes, by name; hidden ones are none."""
    return sorted(
        path for path in directory.iterdir() if path.is_dir() and not path.name.startswith(".")
    )


def holds_classes(directory: Path, endings: tuple[str, ...]) -> bool:
    """Whether a directory holds folders of classes, and no files of rows beside them."""
    files = [path for path in directory.iterdir() if path.is_file()]
    rows = [path for path in files if format_of(path) in endings and format_of(path) != FASTTEXT]
    return not rows and bool(class_folders(directory))


def folder_rows(directory: Path, columns: Columns) -> Iterator[dict[str, Any]]:
    """A row for each file in a folder: its content, and the name of the folder as its label.

    Raises:
        InputError: a file is no text, or other labels than names are wanted.
    """
    if columns.kind != "names" or columns.weight is not None or columns.multi_label:
        raise InputError(
            f"{directory}: a folder for each class gives each text one label; leave out "
            "data.multi_label, data.label_kind and data.weight"
        )
    for folder in class_folders(directory):
        for path in sorted(folder.iterdir()):
            if path.is_file() and not path.name.startswith("."):
                with open_bytes(path) as file:
                    text = "".join(decode(file, str(path), columns.encoding))
                yield {"text": text, "label": folder.name}
