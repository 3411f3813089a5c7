"""Splits as JSON Lines files that can be trained on again with the same result."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from textcnn.data.labelled import LabelledTexts
from textcnn.data.splits import Splits
from textcnn.errors import InputError
from textcnn.system.atomic import new_file

FILES = {name: f"{name}.jsonl" for name in ("train", "validation", "test")}


def check_unwritten(directory: Path, overwrite: bool) -> None:
    """
    Raises:
        InputError: the directory holds such files, or can't be made.
    """
    for name in FILES.values():
        if (directory / name).exists() and not overwrite:
            raise InputError(
                f"data.write_splits={directory}: {name} exists; give another directory, or "
                "overwrite=true"
            )
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"data.write_splits={directory}: {error.strerror}") from error


def write_splits(splits: Splits, directory: Path) -> str:
    """Write a file for each split, and return the keys to train on them."""
    keys = ["data=files"]
    for name, rows in splits.by_name().items():
        file = directory / FILES[name]
        with new_file(file) as temporary, temporary.open("w", encoding="utf-8") as lines:
            # weights are read of training rows alone
            for row in rows_of(rows if name == "train" else replace(rows, weights=None)):
                lines.write(json.dumps(row, ensure_ascii=False) + "\n")
        keys.append(f"data.{name}={file}")
    train = splits.train
    if train.multi_label:
        keys.append("data.multi_label=true")
    if train.targets is not None:
        keys.append("data.label_kind=probabilities")
    if train.weights is not None:
        keys.append("data.weight=weight")
    return " ".join(keys)


def rows_of(rows: LabelledTexts) -> Iterator[dict[str, Any]]:
    """Text, label and, if the rows have any, weight of each row."""
    for place, text in enumerate(rows.texts()):
        row: dict[str, Any] = {"text": text, "label": label_of(rows, place)}
        if rows.weights is not None:
            row["weight"] = float(rows.weights[place])
        yield row


def label_of(rows: LabelledTexts, place: int) -> Any:
    """A name; of label sets a list of names; of soft labels probabilities by name."""
    if rows.targets is not None:
        shares = rows.targets[place].tolist()
        return {name: share for name, share in zip(rows.names, shares, strict=True) if share}
    if rows.multi_label:
        return [name for name, has in zip(rows.names, rows.labels[place], strict=True) if has]
    return rows.names[rows.labels[place]]
