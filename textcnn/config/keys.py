"""Dataclass fields with a meaning and limits, from which the schemas are built.

`--help` and every message about a key are made from the two.
"""

import math
from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import MISSING, field, fields, is_dataclass
from itertools import accumulate
from operator import ge, gt, le, lt
from typing import Any, get_args, get_origin

LARGEST = 2**31 - 1  # of a whole number without another limit; a count of rows, steps, tokens
SHOWN = 250  # characters of the names of keys in a message
LIMITS = {"at_least": ge, "above": gt, "at_most": le, "below": lt}


def key(default: Any, meaning: str, **limits: Any) -> Any:
    """A dataclass field with a meaning, which `--help` prints, and limits.

    Args:
        default: a list is copied for each instance.
        limits: any of `at_least`, `at_most`, `above`, `below` (numbers; in a list, limits of each
            element), `choices` (the allowed values), `suffix` (beside `choices`, the ending of
            files that are allowed), `length` (of a list: minimum, maximum),
            `strings` (a string or a list of strings; with `empty` also an empty list), `weights`
            ("balanced", a list of numbers above 0, or such numbers by name), `mapping` (plain
            values by name), `names` (names by name), `optional` (None is allowed; needed only where
            the type does not say so).
    """
    metadata = {"meaning": meaning, "limits": limits}
    if isinstance(default, list):
        return field(default_factory=lambda: list(default), metadata=metadata)
    return field(default=default, metadata=metadata)


def group(schema: type, meaning: str) -> Any:
    """A dataclass field that holds a group of keys, described by `schema`."""
    return field(default_factory=schema, metadata={"meaning": meaning, "limits": {}})


def chosen_by(group_name: str, name: str) -> Any:
    """The key that says which schema of a group this is; its only value is `name`."""
    return key(name, f"set by {group_name}={name}", choices=(name,))


def fraction(meaning: str, default: float = 0.0) -> Any:
    """A key from 0 up to, but not including, 1."""
    return key(default, meaning, at_least=0.0, below=1.0)


def walk(config: Any, prefix: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Every key of a config object and of its groups: (dotted name, dataclass field, value)."""
    for entry in fields(config):
        value = getattr(config, entry.name)
        if is_dataclass(value):
            yield from walk(value, f"{prefix}{entry.name}.")
        else:
            yield prefix + entry.name, entry, value


def unknown(config: Any, prefix: str = "") -> Iterator[str]:
    """One line for each attribute that the schema lacks, as Hydra's `+key=value` adds them."""
    known = [entry.name for entry in fields(config)]
    for name, value in vars(config).items():
        if name not in known:
            yield f"{prefix}{name}={value}: no such key; the keys are {some_of(known)}"
        elif is_dataclass(value):
            yield from unknown(value, f"{prefix}{name}.")


def allowed(value: Any, entry: Any) -> bool:
    """Whether a value is within the limits of its key."""
    limits = entry.metadata["limits"]
    if value is None:
        return bool(is_optional(entry))
    if limits.get("strings"):
        values = value if isinstance(value, list) else [value]
        some = bool(values) or limits.get("empty", False)
        return some and all(isinstance(item, str) and item for item in values)
    if limits.get("weights"):
        values = list(value.values()) if isinstance(value, dict) else value
        return value == "balanced" or (
            isinstance(values, list) and bool(values) and all(map(is_weight, values))
        )
    if limits.get("mapping"):
        return isinstance(value, dict) and all(isinstance(name, str) for name in value)
    if limits.get("names"):
        cells = [*value.items()] if isinstance(value, dict) else [("",)]
        return all(isinstance(name, str) and name for pair in cells for name in pair)
    if isinstance(value, list):
        shortest, longest = bounds(limits)
        if not shortest <= len(value) <= longest:
            return False
    return all(within(item, limits) for item in (value if isinstance(value, list) else [value]))


def within(value: Any, limits: dict[str, Any]) -> bool:
    """Whether a single value, or an element of a list, is within numeric limits and choices."""
    if isinstance(value, list | dict):  # nested: OmegaConf does not check element types
        return False
    if isinstance(value, float) and not math.isfinite(value):
        return False
    if isinstance(value, int) and "at_most" not in limits and abs(value) > LARGEST:
        return False
    if value not in limits.get("choices", [value]):
        suffix = limits.get("suffix")
        return suffix is not None and isinstance(value, str) and value.endswith(suffix)
    return all(test(value, limits[name]) for name, test in LIMITS.items() if name in limits)


def is_weight(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and 0 < value < math.inf


def bounds(limits: dict[str, Any]) -> tuple[float, float]:
    """How many elements a list may have: (minimum, maximum)."""
    shortest, longest = limits.get("length", (0, math.inf))
    return shortest, longest


def is_optional(entry: Any) -> bool:
    return entry.metadata["limits"].get("optional", False) or type(None) in get_args(entry.type)


def takes(entry: Any) -> str:
    """What a key accepts, in words: `a whole number, at least 1, or null`."""
    limits = entry.metadata["limits"]
    kind = next((a for a in get_args(entry.type) if a is not type(None)), entry.type)
    names = {int: "a whole number", float: "a number", str: "a string", bool: "true or false"}
    if "choices" in limits:
        named = [str(choice) for choice in limits["choices"]]
        files = [f"a file *{limits['suffix']}"] if "suffix" in limits else []
        words = join_or(named + files)
    elif limits.get("strings"):
        words = "a string or a list of strings"
    elif limits.get("weights"):
        words = "balanced, {class:number} or a list of numbers, above 0"
    elif limits.get("mapping"):
        words = "{name:value,...}"
    elif limits.get("names"):
        words = "{old:new,...}"
    elif get_origin(entry.type) is list:
        shortest, longest = bounds(limits)
        count = f"{shortest}" if shortest == longest else f"{shortest} to {longest}"
        if longest == math.inf:
            count = f"at least {shortest}" if shortest else "any length"
        words = f"a list of {count}, {names[kind].replace('a ', 'each a ')}{limit_words(limits)}"
    else:
        words = names[kind] + limit_words(limits)
    return words + (", or null" if is_optional(entry) else "")


def limit_words(limits: dict[str, Any]) -> str:
    words = {name.replace("_", " "): limits[name] for name in LIMITS if name in limits}
    return "".join(f", {name} {limit}" for name, limit in words.items())


def join_or(words: Sequence[str]) -> str:
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def some_of(names: Sequence[str]) -> str:
    """The names of keys, or the first ones and where the others are listed."""
    ends = list(accumulate(len(name) + 2 for name in names))
    shown = names[: bisect(ends, SHOWN)]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more, which --help lists" if more else "")


def example(entry: Any) -> str:
    """The default of a key, as it is written on the command line."""
    return command_line(entry.default if entry.default is not MISSING else entry.default_factory())


def command_line(value: Any) -> str:
    """A value as it is written in an override."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ",".join(command_line(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{name}:{command_line(item)}" for name, item in value.items()) + "}"
    return str(value) if value != "" else "''"
