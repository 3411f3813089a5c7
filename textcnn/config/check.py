"""Whether the values of a configuration are within their limits and go together."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from textcnn.config.keys import allowed, command_line, example, join_or, takes, unknown, walk
from textcnn.config.schemas import CHOSEN_BY, GROUP_SCHEMAS
from textcnn.errors import InputError


def check(config: Any) -> None:
    """Hold every value against its limits.

    Raises:
        InputError: with one line for each key that is out of them.
    """
    problems = [*unknown(config), *unchosen(config)]
    problems += [
        f"{name} takes {takes(entry)}, got {command_line(value)}; try {fix(name, entry, value)}"
        for name, entry, value in walk(config)
        if not allowed(value, entry)
    ]
    problems = problems or [*conflicts(config)]
    if problems:
        raise InputError("\n".join(problems))


def conflicts(config: Any) -> Iterator[str]:
    """A line for every two keys, each allowed by itself, that don't go together."""
    for entry in fields(config):
        value = getattr(config, entry.name)
        if is_dataclass(value):
            yield from conflicts(value)
    if hasattr(config, "conflicts"):
        yield from config.conflicts()


def fix(name: str, entry: Any, value: Any) -> str:
    """An override to give instead."""
    group_name, _, last = name.rpartition(".")
    if last == CHOSEN_BY.get(group_name, "name") and (group_name, value) in GROUP_SCHEMAS:
        return f"{group_name}={value}"  # another schema, with keys of its own
    return f"{name}={example(entry)}"


def unchosen(config: Any) -> Iterator[str]:
    """A line for every group that is none of its schemas: Hydra's `~model` leaves such."""
    declared: dict[str, Any] = {entry.name: entry.type for entry in fields(config)}
    for group_name in dict.fromkeys(group_name for group_name, _ in GROUP_SCHEMAS):
        names = {name: cls for (of, name), cls in GROUP_SCHEMAS.items() if of == group_name}
        # `data` of predict is another group, with no schemas to choose from
        here = all(issubclass(cls, declared.get(group_name, ())) for cls in names.values())
        if here and type(getattr(config, group_name)) not in names.values():
            default = next(iter(names))
            known = join_or(list(names))
            yield f"{group_name} takes {known}, got nothing; try {group_name}={default}"
