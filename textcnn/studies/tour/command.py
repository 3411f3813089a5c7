"""The command that repeats a study."""

import shlex

from textcnn.config.data import DataConfig
from textcnn.config.evaluation.illustrate import IllustrateConfig
from textcnn.config.keys import command_line, walk
from textcnn.system.arguments import argument


def repeating_command(config: IllustrateConfig, study: str) -> str:
    """What to type to repeat a study of this run, or `all` of them."""
    given = [f"study={study}"]
    given += [f"preset={config.preset}"] if config.preset != "full" else []
    given += [f"seed={config.seed}"] if config.seed else []
    given += [f"seeds={config.seeds}"] if config.seeds else []
    if config.checkpoint and study in ("all", "checkpoint"):
        given.append(argument("checkpoint", config.checkpoint))
    if study in ("all", "language", "checkpoint"):
        given += data_overrides(config.data)
    return " ".join(["python -m textcnn.illustrate", *given])


def data_overrides(data: DataConfig) -> list[str]:
    """The overrides for all keys of `data` that differ from their defaults."""
    default = type(data)()
    given = [] if data.source == DataConfig().source else [f"data={data.source}"]
    for name, entry, value in walk(data, "data."):
        if value == getattr(default, entry.name) or entry.name == "source":
            continue
        plain = isinstance(value, str)
        given.append(
            argument(name, value) if plain else shlex.quote(f"{name}={command_line(value)}")
        )
    return given
