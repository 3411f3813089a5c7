"""The keys of `textcnn.audit`."""

from dataclasses import dataclass

from textcnn.config.data import DataConfig
from textcnn.config.keys import group, key
from textcnn.config.programs import CHECKPOINT, seed, table_memory


@dataclass
class AuditConfig:
    checkpoint: str = key("", CHECKPOINT)
    data: DataConfig = group(
        DataConfig,
        "the texts to audit with; the default is the checkpoint's own test split",
    )
    exported: str | None = key(
        None,
        "an export of this checkpoint, as format=numpy writes it, to compare with it; null: none",
    )
    texts: int = key(1000, "maximum number of texts, drawn at random", at_least=1)
    bag: bool = key(
        True,
        "train a bag of words on the checkpoint's own training texts, to show what order is worth",
    )
    table_memory: int = table_memory()
    seed: int = seed()
    run_dir: str = key("outputs/audit", "directory for audit.json")
    overwrite: bool = key(False, "replace an existing audit.json")
