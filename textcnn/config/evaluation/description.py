"""The keys of `textcnn.describe`."""

from collections.abc import Iterator
from dataclasses import dataclass

from textcnn.config.combinations import embedding_conflicts, length_conflicts
from textcnn.config.data import DataConfig
from textcnn.config.keys import command_line, group, key
from textcnn.config.model_keys import ModelConfig, NetworkConfig
from textcnn.config.programs import TEXTS, TOKENS, seed
from textcnn.config.schedules import ScheduleConfig
from textcnn.config.text import TextConfig
from textcnn.config.training import OptimizerConfig, TrainingConfig


@dataclass
class DescribeConfig:
    data: DataConfig = group(DataConfig, TEXTS)
    text: TextConfig = group(TextConfig, TOKENS)
    model: ModelConfig = group(ModelConfig, "the network")
    # accepted so that a preset with a recipe, an experiment and the keys of a run can be described
    optimizer: OptimizerConfig = group(OptimizerConfig, "as in training; describe trains nothing")
    schedule: ScheduleConfig = group(ScheduleConfig, "as in training; describe trains nothing")
    training: TrainingConfig = group(TrainingConfig, "as in training; describe trains nothing")
    baseline: bool | None = key(None, "as in training; describe trains nothing")
    init_from: str | None = key(None, "as in training; describe reads no checkpoint")
    seed: int = seed("the seed of the splits; the same seed gives the same splits in training")
    output: str | None = key(None, "a JSON file to write the description to; null: none")

    def conflicts(self) -> Iterator[str]:
        yield from length_conflicts(self.data, self.text)
        if isinstance(self.model, NetworkConfig):
            yield from embedding_conflicts(self.text, self.model)
            return
        for name in ("vectors", "vectors_std"):
            if (value := getattr(self.text, name, None)) is not None:
                yield (
                    f"text.{name}={command_line(value)} needs a network, got model=ngrams; leave "
                    "it out"
                )
