"""Configurations as stored in run directories and checkpoints."""

import re
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from textcnn.config.check import check
from textcnn.config.model import MODEL_SCHEMAS
from textcnn.config.programs import TrainConfig
from textcnn.config.schemas import CHOSEN_BY, GROUP_SCHEMAS
from textcnn.errors import InputError
from textcnn.system.arguments import literal

C = TypeVar("C")
# What YAML raises that holds something else where a configuration has its groups.
NO_CONFIGURATION = (AttributeError, KeyError, TypeError)

# Groups whose keys all have defaults: earlier versions stored no schedule.
MAY_LACK = {"data", "schedule"}
STARTS = ("SequenceStartToken", "MappingStartToken")  # names of PyYAML's tokens
ENDS = ("SequenceEndToken", "MappingEndToken", "BlockEndToken")
LARGEST_FILE = 2**21  # bytes
INTERPOLATION = re.compile(r"(?<!\\)(\\\\)*\$\{")  # see `literal`
DEEPEST = 20  # collections inside each other; ours are three deep


def read_config(file: Path, kind: type[C]) -> C:
    """The configuration in a file of a run directory or checkpoint, typed and checked.

    Raises:
        InputError: it is damaged, or not of this kind.
    """
    if (size := file.stat().st_size) > LARGEST_FILE:
        raise InputError(f"{file} has {size:,} bytes, at most {LARGEST_FILE:,} are read")
    try:
        return parse_config(file.read_text(encoding="utf-8"), kind)
    except ValueError as error:  # not UTF-8, or an InputError, which lacks the path
        raise InputError(f"{file}: {' '.join(str(error).split())}") from error


def parse_train_config(text: str) -> TrainConfig:
    """`parse_config` for a training run."""
    return parse_config(text, TrainConfig)


def parse_config(text: str, kind: type[C]) -> C:
    """The stored configuration of a program. It is data: nothing in it is looked up or run.

    Raises:
        InputError: the text is not YAML, or holds keys or values that this version doesn't know.
    """
    import yaml
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    depth, name = 0, ""
    try:
        for token in yaml.scan(text, yaml.SafeLoader):
            # deep nesting takes PyYAML minutes to read, and more than the stack of Python
            is_key, name = name == "KeyToken", type(token).__name__
            depth += name.endswith(STARTS) - name.endswith(ENDS)
            if depth > DEEPEST:
                raise InputError(f"a stored configuration is nested at most {DEEPEST} deep")
            # an escape could hide an interpolation, and nested aliases could expand without end
            if not is_key and INTERPOLATION.search(getattr(token, "value", "")):
                raise InputError("a stored configuration holds plain values, got ${...}")
            if isinstance(token, yaml.AliasToken):
                raise InputError("a stored configuration holds plain values, got an alias")
        stored = yaml.safe_load(text)
        config = OmegaConf.structured(kind)
        groups = {entry.name for entry in fields(kind)}  # type: ignore[arg-type]
        for (group_name, name), schema in GROUP_SCHEMAS.items():
            if group_name not in groups:
                continue
            may_lack = group_name in MAY_LACK
            chosen = stored.get(group_name, {}) if may_lack else stored[group_name]
            if name == schema_name(group_name, chosen.get(CHOSEN_BY.get(group_name, "name"))):
                config[group_name] = OmegaConf.structured(schema)
        typed = OmegaConf.to_object(OmegaConf.merge(config, stored))
    except (yaml.YAMLError, OmegaConfBaseException, *NO_CONFIGURATION) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"a stored configuration can't be used: {reason}") from error
    assert isinstance(typed, kind)
    check(typed)
    return typed


def schema_name(group: str, name: Any) -> Any:
    """The name of the schema that a stored group was made with."""
    return "installed" if group == "model" and name not in MODEL_SCHEMAS else name


def dump(config: Any) -> str:
    """A configuration as YAML."""
    from omegaconf import OmegaConf

    return OmegaConf.to_yaml(OmegaConf.structured(plain(config)))


def plain(value: Any) -> Any:
    """The same values, in whose strings OmegaConf finds no interpolation: `literal`."""
    if isinstance(value, str):
        return literal(value)
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: plain(getattr(value, f.name)) for f in fields(value)})
    return value
