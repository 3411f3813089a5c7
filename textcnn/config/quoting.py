"""Overrides as people type them, in the grammar of Hydra.

Its grammar has no place for most characters outside ASCII, for `=`, `~`, `'` or `(` in a value that
is not quoted, and a shell takes the quotes away. So a value that doesn't fit is quoted here.
"""

import os
import re
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, get_args, get_origin

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from textcnn.errors import InputError
from textcnn.system.arguments import hydra_string

# names of classes are no keys of Hydra's grammar
BY_CLASS = ("training.class_weights", "data.rename")
NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
WEIGHT = re.compile(rf"""\s*("(?:[^"\\]|\\.)*"|'[^']*'|.+?)\s*:\s*({NUMBER})\s*(?:,|$)""")
NAME = r"""("(?:[^"\\]|\\.)*"|'[^']*'|%s)"""
NEW_NAME = re.compile(rf"\s*{NAME % '.+?'}\s*:\s*{NAME % '[^,:]+?'}\s*(?:,|$)")
PLAIN = re.compile(r"[\w.,+-]+|\[[\w.,+-]*\]", re.ASCII)
BRACKETS = {"[": 1, "{": 1, "(": 1, "]": -1, "}": -1, ")": -1}


# Hydra's flags whose value is the next argument
FLAGS_WITH_VALUE = {
    *("--cfg", "-c", "--package", "-p", "--config-path", "-cp", "--config-name", "-cn"),
    *("--config-dir", "-cd", "--experimental-rerun", "--info", "-i"),
}
KEY = re.compile(r"[+~]*(hydra/)?[A-Za-z_][\w.@]*", re.ASCII)


def as_hydra(
    arguments: Sequence[str],
    entries: Mapping[str, Any],
    positional: str | None = None,
    singular: str | None = None,
) -> list[str]:
    """The arguments of a program, those `key=value` with values that Hydra's grammar takes.

    Args:
        entries: the dataclass fields of the keys, by name.
        positional: the key whose values are the bare arguments; None: they stay as they are.
        singular: a name with which each of these values may be given, `singular=value`.

    Raises:
        InputError: that key takes a single value, or has one already.
    """
    if positional is None:
        return [quoted_argument(argument, entries) for argument in arguments]
    bare, others = divided(arguments, entries, singular)
    fitting = [quoted_argument(argument, entries) for argument in others]
    if not bare:
        return fitting
    for each in others:
        if each.lstrip("+").partition("=")[0] == positional:
            raise InputError(f"give {each} or {bare[0]}, not both")
    if takes_list(entries[positional]):
        return [*fitting, f"{positional}=[{','.join(map(hydra_string, bare))}]"]
    if len(bare) > 1:
        raise InputError(
            f"{positional} takes one value, got {bare[0]} and {bare[1]}; put quotes around a value "
            "with blanks"
        )
    return [*fitting, f"{positional}={hydra_string(bare[0])}"]


def divided(
    arguments: Sequence[str], entries: Mapping[str, Any], singular: str | None = None
) -> tuple[list[str], list[str]]:
    """The bare arguments, and the others: flags with their values, and overrides.

    Behind `--` all are bare, whatever they look like.
    """
    bare: list[str] = []
    others: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if argument == "--":
            bare += rest
        elif singular is not None and argument.startswith(f"{singular}="):
            bare.append(argument.removeprefix(f"{singular}="))
        elif argument in FLAGS_WITH_VALUE:
            others += [argument, *islice(rest, 1)]
        else:
            written = is_bare(argument, entries, texts=singular is not None)
            (bare if written else others).append(argument)
    return bare, others


def is_bare(argument: str, entries: Mapping[str, Any], texts: bool = False) -> bool:
    """Whether an argument is a value without its key.

    A path may hold `=`: it is an override only if what is before looks like a key, and is one, or
    there is no such path, so that the typing error in `ouput=a.csv` is found.

    Args:
        texts: the values are texts, which blanks give away.
    """
    text = texts and " " in argument
    if argument.startswith("-"):
        return argument == "-" or text
    key, equals, _ = argument.partition("=")
    if not equals or not KEY.fullmatch(key):
        return True
    name = key.lstrip("+~")
    known = any(each == name or each.startswith(f"{name}.") for each in entries)
    return not known and (text or os.path.exists(argument))  # noqa: PTH110 - Path's raises for a long name


def takes_list(entry: Any) -> bool:
    return get_origin(entry.type) is list or bool(entry.metadata["limits"].get("strings"))


def quoted_argument(argument: str, entries: Mapping[str, Any]) -> str:
    key, equals, value = argument.partition("=")
    if not equals or argument.startswith("-"):
        return argument
    if key.lstrip("+") in BY_CLASS and value.lstrip().startswith("{"):
        parts = [part if is_quoted(part) else hydra_string(part) for part in split_list(value)]
        return f"{key}={','.join(parts)}"
    entry = entries.get(key.lstrip("+"))
    string = entry is not None and holds_strings(entry)
    if not string and PLAIN.fullmatch(value):  # Hydra's parser takes a while
        return argument
    fixed = f"{key}={quoted_value(value, string)}"
    return fixed if parsed(fixed) is not None else argument


def holds_strings(entry: Any) -> bool:
    """Whether a key takes any string, or a list of strings."""
    limits = entry.metadata["limits"]
    plain = entry.type is str or str in get_args(entry.type)
    return bool(limits.get("strings")) or (plain and "choices" not in limits)


def quoted_value(value: str, string: bool) -> str:
    """A value, quoted where Hydra would not read it as it is typed.

    Args:
        string: numbers and truth values are strings, too, and blanks around it are kept.
    """
    parts = split_list(value)
    if len(parts) > 1 and any(part.strip() for part in parts):  # one run for each
        return ",".join(quoted_value(part, string) for part in parts)
    if value[:1] == "[" and value[-1:] == "]":
        inner = split_list(value[1:-1]) if value[1:-1].strip() else []
        return f"[{','.join(quoted_value(part, string) for part in inner)}]"
    found = parsed(f"key={value}")
    if found is None:
        return hydra_string(value)
    if not string or is_quoted(value):
        return value
    (given,) = found
    is_number = isinstance(given, bool | int | float)
    around = isinstance(given, str) and value != value.strip()
    return hydra_string(value) if is_number or around else value


def parsed(argument: str) -> tuple[Any] | None:
    """The value of an override; None if it isn't one."""
    try:
        override = OverridesParser.create().parse_override(argument)
    except HydraException:
        return None
    return (None if override.is_sweep_override() else override.value(),)


def is_quoted(value: str) -> bool:
    text = value.strip()
    return len(text) > 1 and text[0] == text[-1] and text[0] in "'\""


def split_list(text: str) -> list[str]:
    """The parts between commas that are outside of quotes and brackets."""
    parts, start, depth, quote = [], 0, 0, ""
    for place, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"" and not text[start:place].strip(" {[:"):
            quote = letter
        elif letter in BRACKETS:
            depth += BRACKETS[letter]
        elif letter == "," and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    return [*parts, text[start:]]


def weights_by_name(text: str) -> dict[str, float] | None:
    """Weights by the names of classes, from `{name:number,...}`; None if it is something else.

    Names may hold commas and colons; they may be quoted, as in JSON.
    """
    pairs = pairs_in(text, WEIGHT)
    return None if pairs is None else {unquoted(name): float(weight) for name, weight in pairs}


def names_by_name(text: str) -> dict[str, str] | None:
    """New names of classes, from `{old:new,...}`; None if it is something else.

    Old names may hold commas and colons; both may be quoted, as in JSON.
    """
    pairs = pairs_in(text, NEW_NAME)
    return None if pairs is None else {unquoted(old): unquoted(new) for old, new in pairs}


def pairs_in(text: str, pair: re.Pattern[str]) -> list[tuple[str, str]] | None:
    """The pairs in `{...,...}`; None if a part is no pair, or if two have the same name."""
    text = text.strip()
    if not (text.startswith("{") and text.endswith("}")):
        return None
    inner, pairs, place = text[1:-1], [], 0
    while place < len(inner):
        if (match := pair.match(inner, place)) is None:
            return None
        pairs.append((match[1], match[2]))
        place = match.end()
    names = {unquoted(name) for name, _ in pairs}
    return pairs if pairs and len(names) == len(pairs) else None


def unquoted(name: str) -> str:
    if not is_quoted(name):
        return name
    return re.sub(r"\\(.)", r"\1", name[1:-1]) if name[0] == '"' else name[1:-1]
