"""What Hydra and OmegaConf find wrong with the keys of a program, in one line for the user."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from importlib.resources import files
from typing import Any

from hydra.errors import MissingConfigException, OverrideParseException
from omegaconf.errors import ConfigAttributeError, ConfigKeyError

from textcnn.config.keys import example, join_or, takes, walk
from textcnn.config.schemas import GROUP_SCHEMAS, SCHEMAS

CONFIGS = "textcnn.configs"  # the package of the YAML files


def explain(error: Exception, name: str, arguments: Sequence[str]) -> str:
    """One line that says what Hydra or OmegaConf found wrong.

    Args:
        name: of the program.
        arguments: the overrides `key=value`, as given.
    """
    if isinstance(error, MissingConfigException | ValueError | TypeError):
        for group, _, got in (argument.partition("=") for argument in arguments):
            options = group_options(group)
            if options and not set(options).issuperset(got.split(",")):
                near = difflib.get_close_matches(got, options, n=1, cutoff=0)[0]
                return f"{group} takes {join_or(options)}, got {got}; try {group}={near}"
    if isinstance(error, OverrideParseException):
        return (
            f"{error.override} is not key=value; a value that contains , = [ or {{ needs two pairs "
            "of quotes: 'key=\"a, b\"'"
        )
    if match := re.match(r"Ambiguous value for argument '((.+?)=(.*))'", str(error)):
        several, key, value = match.groups()
        entry = described(name).get(key)
        listed = f"for a list write {key}=[{value}], " if entry and "list" in takes(entry) else ""
        return (
            f"{several} gives several values; {listed}for one run per value add -m, for one value "
            f"that contains commas write {key}='\"{value}\"'"
        )
    if match := re.match(r"In 'experiment/(\w+)': .* full_key: (\w+)(\.\w+)", one_line(error)):
        recipe, group, last = match.groups()
        other = given(group, arguments)
        return (
            f"experiment={recipe} sets {group}{last}, which {other} doesn't have; leave out one of "
            "the two"
        )
    # The cause of a Hydra error is OmegaConf's error, which has `full_key`.
    cause: Any = next((e for e in (error, error.__cause__) if hasattr(e, "full_key")), error)
    key = re.sub(r"\[\d+\]$", "", getattr(cause, "full_key", None) or "")
    if match := re.match(r"Could not override '(\w+)'", str(error)):
        keys = [key for key, _, _ in walk(SCHEMAS[name]())]
        return no_such_key(match[1], name, keys, arguments)
    if not key:
        return one_line(error)
    schema = cause.object_type
    if isinstance(cause, ConfigAttributeError | ConfigKeyError) and is_dataclass(schema):
        group = key.rpartition(".")[0]
        known = [f"{group}.{entry.name}".strip(".") for entry in fields(schema)]
        return no_such_key(key, group or name, known, arguments)
    entry = described(name).get(key)
    got = given(key, arguments).partition("=")[2] or "nothing"
    if entry is None and (inner := [k for k in described(name) if k.startswith(f"{key}.")]):
        return f"{key} takes keys of its own, got {got}; try --help for {inner[0]} and the others"
    if entry is None:
        return f"{key}: got {got}; {str(cause.msg).splitlines()[0]}"
    # the same key may take other values in another schema of its group
    entries = fields(schema) if is_dataclass(schema) else ()
    entry = next((chosen for chosen in entries if chosen.name == entry.name), entry)
    if "choices" in entry.metadata["limits"] and re.fullmatch(r"\[.+\]", got):
        return (
            f"{key} takes {takes(entry)}, got {got}; for one run per value try -m {key}={got[1:-1]}"
        )
    return f"{key} takes {takes(entry)}, got {got}; try {key}={example(entry)}"


def one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def no_such_key(key: str, where: str, known: list[str], arguments: Sequence[str]) -> str:
    """An error that lists the known keys and suggests the nearest one."""
    # compare without the group, which all keys of a group have in common
    last_words = [name.rpartition(".")[2] for name in known]
    close = difflib.get_close_matches(key.rpartition(".")[2], last_words, n=1)
    hint = f"; did you mean {known[last_words.index(close[0])]}?" if close else ""
    # the key may belong to another schema of its group
    having = [
        f"{group}={name}"
        for (group, name), schema in GROUP_SCHEMAS.items()
        if key in {f"{group}.{entry.name}" for entry in fields(schema)}
    ]
    hint = f"; it is a key of {join_or(having)}" if having and not close else hint
    return f"{given(key, arguments)}: no such key; {where} takes {', '.join(known)}{hint}"


def given(key: str, arguments: Sequence[str]) -> str:
    """The argument that sets a key, or a key within it; the key itself if there is none."""
    return next((a for a in arguments if re.match(rf"\+*{re.escape(key)}[.=]", a)), key)


def group_options(group: str) -> list[str]:
    """The options of a config group, from its files; empty if there is no such group."""
    folder = files(CONFIGS).joinpath(group)
    if not re.fullmatch(r"\w+", group) or not folder.is_dir():
        return []
    return sorted(file.name.removesuffix(".yaml") for file in folder.iterdir())


def described(name: str) -> dict[str, Any]:
    """The dataclass field of every key of a program, under any choice of groups."""
    entries = {key: entry for key, entry, _ in walk(SCHEMAS[name]())}
    for (group, _), schema in GROUP_SCHEMAS.items():
        entries = {f"{group}.{key}": entry for key, entry, _ in walk(schema())} | entries
    return entries
