"""Check that the values of a configuration are within their limits and fit together."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from typing import Any

from textcnn.config.keys import (
    LARGEST,
    allowed,
    command_line,
    example,
    join_or,
    takes,
    unknown,
    walk,
)
from textcnn.config.schemas import CHOSEN_BY, FROM_PYTHON, GROUP_SCHEMAS
from textcnn.errors import InputError


def check(config: Any) -> None:
    """Check every value, then the combinations of values.

    Raises:
        InputError: with one line for each problem. Combinations are only checked once every single
            value is within its limits.
    """
    if problems := [*misplaced(config)]:
        raise InputError("\n".join(problems))
    problems = [*unknown(config), *unchosen(config)]
    problems += [
        f"{name} takes {takes(entry)}{largest(entry, value)}, got {command_line(value)}; "
        f"try {fix(name, entry, value)}"
        for name, entry, value in walk(config)
        if not allowed(value, entry)
    ]
    problems = problems or [*conflicts(config)]
    if problems:
        raise InputError("\n".join(problems))


def misplaced(config: Any, prefix: str = "") -> Iterator[str]:
    """One line for each key that is no group but holds one, as an interpolation can make it."""
    for entry in fields(config):
        value, name = getattr(config, entry.name), f"{prefix}{entry.name}"
        if not is_dataclass(value):
            continue
        if is_dataclass(entry.type):
            yield from misplaced(value, f"{name}.")
        else:
            yield f"{name} takes {takes(entry)}, got a group of keys; try {name}={example(entry)}"


def largest(entry: Any, value: Any) -> str:
    """The limit that every whole number has, where a value exceeds it."""
    values = value if isinstance(value, list) else [value]
    too_large = any(type(each) is int and abs(each) > LARGEST for each in values)
    return f", at most {LARGEST}" if too_large and "at_most" not in entry.metadata["limits"] else ""


def conflicts(config: Any) -> Iterator[str]:
    """One line for each set of values that are valid alone but not together."""
    for entry in fields(config):
        value = getattr(config, entry.name)
        if is_dataclass(value):
            yield from conflicts(value)
    if hasattr(config, "conflicts"):
        yield from config.conflicts()


def fix(name: str, entry: Any, value: Any) -> str:
    """A valid override to suggest."""
    group_name, _, last = name.rpartition(".")
    if last == CHOSEN_BY.get(group_name, "name") and (group_name, value) in {*GROUP_SCHEMAS} - {
        FROM_PYTHON
    }:
        return f"{group_name}={value}"  # another schema of this group has that name
    if entry.metadata["limits"].get("names"):
        return f"'{name}={{old: new}}'"
    choices = [each for each in entry.metadata["limits"].get("choices", ()) if type(each) is str]
    near = get_close_matches(value, choices, n=1) if isinstance(value, str) else []
    return f"{name}={near[0] if near else example(entry)}"


def unchosen(config: Any) -> Iterator[str]:
    """One line for each group without a chosen schema, as Hydra's `~model` leaves it."""
    declared: dict[str, Any] = {entry.name: entry.type for entry in fields(config)}
    for group_name in dict.fromkeys(group_name for group_name, _ in GROUP_SCHEMAS):
        names = {name: cls for (of, name), cls in GROUP_SCHEMAS.items() if of == group_name}
        # `data` of predict is a different group, which has no schemas to choose from
        here = all(issubclass(cls, declared.get(group_name, ())) for cls in names.values())
        if here and type(getattr(config, group_name)) not in names.values():
            default = next(iter(names))
            known = join_or([name for name in names if (group_name, name) != FROM_PYTHON])
            yield f"{group_name} takes {known}, got nothing; try {group_name}={default}"
