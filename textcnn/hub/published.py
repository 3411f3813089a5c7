"""What of a checkpoint is published: its files, without traces of the data it was trained on."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from textcnn.hub.download import MANIFEST
from textcnn.system.atomic import without_nan

CONFIG = "config.yaml"
TEXTS, TOKENS = 3, 20  # made golden texts, and tokens of each
PLACES = ("run_dir:", "resume:")  # lines of a configuration about the machine that trained


def published(
    directory: Path, manifest: Mapping[str, Any], left_out: Collection[str]
) -> dict[str, bytes | Path]:
    """The content of each file, or the file that holds it, by name.

    Args:
        directory: of the checkpoint.
        manifest: of the checkpoint, as it is to be published. Only files with a hash in it are.
        left_out: names of files that are not.
    """
    config = without_places((directory / CONFIG).read_text(encoding="utf-8")).encode()
    hashes = {name: value for name, value in manifest["sha256"].items() if name not in left_out}
    files: dict[str, bytes | Path] = {name: directory / name for name in hashes}
    files[CONFIG] = config
    hashes[CONFIG] = hashlib.sha256(config).hexdigest()
    content = json.dumps(without_nan({**manifest, "sha256": hashes}), indent=2) + "\n"
    return {**files, MANIFEST: content.encode()}


def without_places(config: str) -> str:
    """The configuration without the run's place on the machine that trained it."""
    lines = config.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(PLACES))


def made_texts(tokens: Sequence[str]) -> list[str]:
    """Golden texts that tell nothing of the data: of frequent tokens, and the empty text.

    Args:
        tokens: of the vocabulary, the most frequent first.
    """
    starts = range(0, min(len(tokens), TEXTS * TOKENS), TOKENS)
    return [*(" ".join(tokens[start : start + TOKENS]) for start in starts), ""]
