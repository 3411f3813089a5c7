"""The manifest that seals an export: hashes of its files, and logits of a few texts."""

import hashlib
from collections.abc import Sequence
from typing import Any

import textcnn
from textcnn.runtime.classifier import RuntimeClassifier
from textcnn.runtime.stored import FORMAT

# Made-up texts whose logits the manifest keeps, beside the first words of the vocabulary.
GOLDEN = ("", "\u00e9t\u00e9 Unbekannteswort", "a b a")
GOLDEN_WORDS = 12
PROVENANCE = ("textcnn", "git_revision", "metrics", "data", "epoch", "step", "sha256")


def manifest_of(
    files: dict[str, bytes],
    classifier: RuntimeClassifier,
    tokens: Sequence[str],
    exported: dict[str, Any],
    provenance: dict[str, Any],
) -> dict[str, Any]:
    """
    Args:
        files: all but the manifest.
        classifier: what `textcnn.runtime` makes of these files.
        tokens: those of the vocabulary, the most frequent first.
        exported: `dtype`, `max_size` and what was kept.
        provenance: the manifest of the checkpoint.
    """
    golden = [*GOLDEN, " ".join(tokens[:GOLDEN_WORDS])]
    rows = classifier.logits(golden).tolist()
    return {
        "format": FORMAT,
        "textcnn": textcnn.__version__,
        "exported": exported,
        "loss": None,
        "checkpoint": {key: provenance[key] for key in PROVENANCE if key in provenance},
        "golden": [{"text": t, "logits": row} for t, row in zip(golden, rows, strict=True)],
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    }
