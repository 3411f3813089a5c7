"""A typed configuration from the keys of a Python program, as the command line makes one."""

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import hydra
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from textcnn.config.check import check
from textcnn.config.data import MemoryConfig
from textcnn.config.explain import CONFIGS, explain
from textcnn.config.keys import join_or
from textcnn.config.programs import TrainConfig
from textcnn.config.schemas import CHOSEN_BY, register_schemas
from textcnn.errors import InputError
from textcnn.system.arguments import hydra_string

GROUPS = ("model", "text", "optimizer", "schedule", "training", "data")
SINGLE = ("experiment", "seed", "teacher", "baseline", "init_from", "init_from_test")
# keys that say where rows come from or how they are tested: here they come from Python
ELSEWHERE = {
    *("source", "path", "name", "revision", "train", "validation", "test", "text", "label"),
    *("encoding", "header", "missing_label"),
    *("label_kind", "classes", "label_separator", "multi_label", "weight", "unlabelled"),
    *("test_fraction", "folds", "fold", "streaming", "shuffle_buffer"),
}
LONGEST_OVERRIDE = 20_000  # characters, which take some seconds
ONE_AT_A_TIME = threading.Lock()  # Hydra's state is global


def compose(program: str, overrides: Sequence[str]) -> Any:
    """The configuration of a program, typed and checked.

    Raises:
        InputError: a key is unknown or a value is not allowed, in the words of the command line.
    """
    register_schemas()
    check_lengths(overrides)
    try:
        with (
            ONE_AT_A_TIME,
            callers_hydra_aside(),
            hydra.initialize_config_module(CONFIGS, version_base="1.3"),
        ):
            config = OmegaConf.to_object(hydra.compose(program, list(overrides)))
    except (HydraException, OmegaConfBaseException, ValueError, TypeError) as error:
        raise InputError(explain(error, program, overrides)) from error
    check(config)
    return config


def check_lengths(overrides: Sequence[str]) -> None:
    """Check before Hydra reads them: its time grows with the square of the length.

    Raises:
        InputError: an override is too long.
    """
    for each in overrides:
        if len(each) > LONGEST_OVERRIDE:
            raise InputError(
                f"{each[:60]}... has {len(each):,} characters; a value takes at most "
                f"{LONGEST_OVERRIDE:,}"
            )


@contextmanager
def callers_hydra_aside() -> Iterator[None]:
    """The program that calls may be a Hydra program; it has its own state back at the end."""
    own = GlobalHydra.instance().hydra
    GlobalHydra.instance().clear()
    try:
        yield
    finally:
        GlobalHydra.instance().hydra = own


def config_from_keys(keys: Mapping[str, Any], multi_label: bool = False) -> TrainConfig:
    """The configuration of a training run on rows from Python.

    Args:
        keys: options of groups, groups of keys, or single keys such as `model__num_filters`.

    Raises:
        InputError: a key is unknown, or its value is not allowed.
    """
    by_name: dict[str, Mapping[Any, Any]] = {}
    overrides = ["data.duplicates=keep"]  # rows given from Python are all used
    for name, value in keys.items():
        group, _, key = name.partition("__")
        if name not in SINGLE and group not in GROUPS:
            raise InputError(
                f"{name}={value!r} is not a key; the keys are {join_or([*GROUPS, *SINGLE])}, "
                "and single keys such as model__num_filters=50"
            )
        for full, each in group_keys(group, {key: value} if key else value):
            if isinstance(each, Mapping):
                by_name[full], each = each, None
            overrides.append(override(full, each))
    config: TrainConfig = compose("train", overrides)
    # Hydra's grammar has no dictionary whose keys hold blanks or other scripts
    for name, value in by_name.items():
        group, _, key = name.partition(".")
        setattr(getattr(config, group), key, {str(each): value[each] for each in value})
    check(config)
    data = vars(config.data) | {"source": "memory", "multi_label": multi_label}
    return replace(config, data=MemoryConfig(**data))


def given_keys(keys: Mapping[str, Any]) -> set[str]:
    """The groups and keys that a Python program sets, by the names of the command line."""
    given: set[str] = set()
    for name, value in keys.items():
        group, _, key = name.partition("__")
        given |= {full for full, _ in group_keys(group, {key: value} if key else value)}
    return given


def group_keys(group: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Each key of a group, and its value.

    Args:
        value: the option of the group ("dilated"), or its keys with their values; `name` (of
            text `unit`) among them chooses the option.
    """
    if not isinstance(value, Mapping):
        if group == "data":
            raise InputError(
                f"data={value!r}: the texts are given here; data takes keys, such as "
                'data={"validation_fraction": 0.1}'
            )
        if value is not None:
            yield group, value
        return
    chooser = CHOSEN_BY.get(group, "name")  # {"name": "dilated", ...} names the option too
    if group != "data" and chooser in value:
        yield group, value[chooser]
    for key, each in value.items():
        if group != "data" and key == chooser:
            continue
        if group == "data" and key in ELSEWHERE:
            raise InputError(f"data.{key} is for the command line; texts and labels are given here")
        yield f"{group}.{key}", each


def override(key: str, value: Any) -> str:
    """`key=value` as Hydra reads it.

    Args:
        value: None, a bool, a number, a string, or a list of these; NumPy's too.
    """
    return f"{key}={hydra_value(value)}"


def hydra_value(value: Any) -> str:
    if hasattr(value, "tolist"):  # of NumPy
        value = value.tolist()
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple | range):
        return "[" + ",".join(map(hydra_value, value)) + "]"
    if isinstance(value, str) and not re.fullmatch(r"[A-Za-z][A-Za-z0-9_./-]*", value):
        return hydra_string(value)
    return str(value)
