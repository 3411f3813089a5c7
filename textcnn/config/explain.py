"""What Hydra and OmegaConf find wrong with the keys of a program, in one line for the user."""

import difflib
import re
import shlex
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from importlib.resources import files
from typing import Any

from hydra.errors import MissingConfigException, OverrideParseException
from omegaconf.errors import (
    ConfigAttributeError,
    ConfigKeyError,
    InterpolationResolutionError,
    UnsupportedInterpolationType,
)

from textcnn.config.keys import example, join_or, some_of, takes, walk
from textcnn.config.quoting import holds_strings, parsed
from textcnn.config.schemas import GROUP_SCHEMAS, SCHEMAS
from textcnn.system.arguments import argument

UNRESOLVED = (InterpolationResolutionError, UnsupportedInterpolationType)  # of ${...}
KEY = r"[+~]*[A-Za-z_][\w.@/-]*"
CONFIGS = "textcnn.configs"  # the package of the YAML files


def explain(error: Exception, name: str, arguments: Sequence[str]) -> str:
    """One line that says what Hydra or OmegaConf found wrong.

    Args:
        name: of the program.
        arguments: the overrides `key=value`, as given.
    """
    if isinstance(error, MissingConfigException | ValueError | TypeError):
        for group, _, got in (each.partition("=") for each in arguments):
            options = group_options(group)
            if options and not set(options).issuperset(got.split(",")):
                if not got:
                    return f"{group} takes {join_or(options)}, got nothing; leave it out"
                near = difflib.get_close_matches(got, options, n=1, cutoff=0)[0]
                return f"{group} takes {join_or(options)}, got {got}; try {group}={near}"
    if (said := explain_value(error, name, arguments)) is not None:
        return said
    if match := re.match(r"In 'experiment/(\w+)': .* full_key: (\w+)(\.\w+)", one_line(error)):
        recipe, group, last = match.groups()
        other = given(group, arguments)
        return (
            f"experiment={recipe} sets {group}{last}, which {other} doesn't have; leave out one of "
            "the two"
        )
    return explain_key(error, name, arguments)


def explain_key(error: Exception, name: str, arguments: Sequence[str]) -> str:
    """`explain` for a key that there isn't, or that can't take its value."""
    # The cause of a Hydra error is OmegaConf's error, which has `full_key`.
    cause: Any = next((e for e in (error, error.__cause__) if hasattr(e, "full_key")), error)
    key = re.sub(r"\[\d+\]$", "", getattr(cause, "full_key", None) or "")
    if match := re.match(r"Could not override '(\w+)'", str(error)):
        keys = sorted((key for key, _, _ in walk(SCHEMAS[name]())), key=lambda key: "." in key)
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
    if isinstance(cause, UNRESOLVED) and holds_strings(entry) and (value := parsed(f"{key}={got}")):
        plain = argument(key, value[0] or got)
        return (
            f"{key} can't take {got}: {str(cause.msg).splitlines()[0]}; if it is "
            f"no reference but a plain string, write {plain}"
        )
    # the same key may take other values in another schema of its group
    entries = fields(schema) if is_dataclass(schema) else ()
    entry = next((chosen for chosen in entries if chosen.name == entry.name), entry)
    if "choices" in entry.metadata["limits"] and re.fullmatch(r"\[.+\]", got):
        return (
            f"{key} takes {takes(entry)}, got {got}; for one run per value try -m {key}={got[1:-1]}"
        )
    return f"{key} takes {takes(entry)}, got {got}; try {key}={example(entry)}"


def explain_value(error: Exception, name: str, arguments: Sequence[str]) -> str | None:
    """What is wrong with an argument in Hydra's grammar; None if the error is another."""
    if isinstance(error, OverrideParseException):
        typed = as_typed(error.override, arguments)
        key, equals, value = typed.partition("=")
        if not equals:
            return f"{typed} is not key=value, such as seed=1; --help lists the keys"
        if not re.fullmatch(KEY, key):
            return f"{typed}: {key!r} is not the name of a key; --help lists the keys"
        return f"{key} can't take {value}; if it is one value, write {argument(key, value)}"
    if match := re.match(r"Ambiguous value for argument '((.+?)=(.*))'", str(error)):
        quoted, key, value = match.groups()
        typed = as_typed(quoted, arguments)
        entry = described(name).get(key)
        listed = ""
        if entry and "list" in takes(entry):
            listed = f"for a list write {pasted(f'{key}=[{value}]')}, "
        whole = typed.partition("=")[2]
        return (
            f"{typed} gives several values; {listed}for one run per value add -m, for one value "
            f"that contains commas write {argument(key, whole)}"
        )
    return None


def as_typed(override: str, arguments: Sequence[str]) -> str:
    """The argument that the user typed for an override that was made of it."""
    key = override.partition("=")[0]
    return next((typed for typed in arguments if typed.partition("=")[0] == key), override)


def pasted(argument: str) -> str:
    """An argument quoted for a shell if it needs quotes; brackets work without."""
    return argument if re.fullmatch(r"[\w.,/=\[\]-]+", argument) else shlex.quote(argument)


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
    programs = [name for name in SCHEMAS if name != where and key in described(name)]
    if programs and where in SCHEMAS:
        hint = f"; it is a key of {join_or(programs)}"
    return f"{given(key, arguments)}: no such key; {where} takes {some_of(known)}{hint}"


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
