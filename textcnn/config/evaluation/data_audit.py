"""The keys of `textcnn.audit_data`."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from textcnn.config.data import DataConfig, MemoryConfig
from textcnn.config.keys import command_line, group, key
from textcnn.config.model_keys import ModelConfig
from textcnn.config.programs import TEXTS, TOKENS, TrainConfig, seed
from textcnn.config.schedules import ScheduleConfig
from textcnn.config.text import TextConfig
from textcnn.config.training import OptimizerConfig, TrainingConfig

# Keys of a split, none of which an audit draws: it reads all rows, each by a model without it.
UNUSED = (
    *("fold", "test_fraction", "duplicates", "unlabelled", "streaming", "weight", "slices"),
    "exclude",  # it would change the numbers of the rows
    "rename",  # it would change the names of the labels to correct
    "unseen_label",  # rows of all splits are read as one, so no class is unseen
)
FOLDS = 5


@dataclass
class AuditDataConfig:
    data: DataConfig = group(DataConfig, TEXTS)
    text: TextConfig = group(TextConfig, TOKENS)
    model: ModelConfig = group(
        ModelConfig, "the model that reads each fold after training on the others"
    )
    optimizer: OptimizerConfig = group(OptimizerConfig, "how the weights are updated")
    schedule: ScheduleConfig = group(ScheduleConfig, "how the learning rate changes")
    training: TrainingConfig = group(TrainingConfig, "the training loop")
    baseline: bool | None = key(None, "as in training; the audit trains none")
    seed: int = seed()
    output: str = key("suspects.csv", "the CSV file to write: rows to look at, the worst first")
    page: bool = key(True, "write an HTML page too, beside output and with the ending .html")
    page_rows: int = key(500, "maximum number of rows on the page", at_least=1)
    similarity: float = key(
        0.8,
        "shared runs of nine characters, as a fraction of all, from which two texts are "
        "near-duplicates",
        above=0.0,
        below=1.0,
    )
    workers: int | None = key(
        None, "number of processes that train; null: one per core", at_least=1, at_most=1024
    )
    overwrite: bool = key(False, "replace output and page if they exist")

    @property
    def folds(self) -> int:
        return self.data.folds or FOLDS

    @property
    def of_a_fold(self) -> TrainConfig:
        """The training of one of the models."""
        data = MemoryConfig(
            multi_label=self.data.multi_label,
            validation_fraction=self.data.validation_fraction,
            duplicates="keep",
        )
        return TrainConfig(
            data,
            self.text,
            self.model,
            self.optimizer,
            self.schedule,
            # training again on the validation rows, as recipes do, takes time and changes little
            # no temperature either: probabilities of all models are compared as they are
            replace(self.training, final="best", calibrate=False),
            baseline=False,
            seed=self.seed,
        )

    def conflicts(self) -> Iterator[str]:
        for name in UNUSED:
            value, default = getattr(self.data, name), getattr(DataConfig(), name)
            if value != default:
                yield (
                    f"audit_data reads every row, got data.{name}={command_line(value)}; "
                    "leave it out"
                )
        yield from self.of_a_fold.conflicts()
