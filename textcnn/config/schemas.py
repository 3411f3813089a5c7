"""The schemas, by the names that the command line and the YAML files use."""

from dataclasses import fields
from functools import cache

from textcnn.config.data import DataConfig, MemoryConfig
from textcnn.config.evaluation.audit import AuditConfig
from textcnn.config.evaluation.comparison import CompareConfig
from textcnn.config.evaluation.data_audit import AuditDataConfig
from textcnn.config.evaluation.description import DescribeConfig
from textcnn.config.evaluation.explanation import ExplainConfig
from textcnn.config.evaluation.illustrate import IllustrateConfig
from textcnn.config.evaluation.labelling import LabelConfig
from textcnn.config.model import MODEL_SCHEMAS
from textcnn.config.production.export import ExportConfig
from textcnn.config.production.push import PushConfig
from textcnn.config.programs import (
    EvaluateConfig,
    PredictConfig,
    TrainConfig,
)
from textcnn.config.schedules import (
    CosineConfig,
    HalvingConfig,
    PlateauConfig,
    ScheduleConfig,
    WarmupLinearConfig,
)
from textcnn.config.serving import ServeConfig
from textcnn.config.synthetic import SyntheticConfig
from textcnn.config.text import ByteConfig, CharConfig, WordConfig
from textcnn.config.training import AdadeltaConfig, AdamConfig, AdamWConfig, SgdConfig

SCHEMAS = {
    "train": TrainConfig,
    "evaluate": EvaluateConfig,
    "predict": PredictConfig,
    "label": LabelConfig,
    "explain": ExplainConfig,
    "compare": CompareConfig,
    "describe": DescribeConfig,
    "audit": AuditConfig,
    "audit_data": AuditDataConfig,
    "export": ExportConfig,
    "serve": ServeConfig,
    "push": PushConfig,
    "illustrate": IllustrateConfig,
}
GROUP_SCHEMAS = {
    ("data", "bundled"): DataConfig,  # also the schema of data=files and data=hub
    ("data", "synthetic"): SyntheticConfig,
    ("data", "memory"): MemoryConfig,
    ("text", "word"): WordConfig,
    ("text", "char"): CharConfig,
    ("text", "byte"): ByteConfig,
    **{("model", name): schema for name, schema in MODEL_SCHEMAS.items()},
    ("optimizer", "adam"): AdamConfig,
    ("optimizer", "adamw"): AdamWConfig,
    ("optimizer", "adadelta"): AdadeltaConfig,
    ("optimizer", "sgd"): SgdConfig,
    ("schedule", "constant"): ScheduleConfig,
    ("schedule", "warmup_linear"): WarmupLinearConfig,
    ("schedule", "cosine"): CosineConfig,
    ("schedule", "halving"): HalvingConfig,
    ("schedule", "plateau"): PlateauConfig,
}

# Stored by `textcnn.fit`; the command line can't choose it.
FROM_PYTHON = ("data", "memory")

# The key that names a group's schema, where it is not `name`.
CHOSEN_BY = {"data": "source", "text": "unit"}


@cache
def register_schemas(program: str | None = None) -> None:
    """Register the schemas with Hydra, under the names in the YAML files' defaults lists.

    Args:
        program: the only one to register, with its groups, which saves time; None: all.
    """
    from hydra.core.config_store import ConfigStore

    store = ConfigStore.instance()
    programs = SCHEMAS if program is None else {program: SCHEMAS[program]}
    groups = {entry.name for schema in programs.values() for entry in fields(schema)}
    for name, schema in programs.items():
        store.store(name=f"{name}_schema", node=schema)
    for (group_name, name), schema in GROUP_SCHEMAS.items():
        if group_name in groups:
            store.store(group=group_name, name=f"{name}_schema", node=schema)
