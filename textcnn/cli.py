"""What all entry points share: Hydra around them, `--help`, one line for what went wrong.

Also the console command `textcnn`, whose sub-commands are the entry points.
"""

import difflib
import functools
import importlib
import os
import re
import sys
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from importlib.resources import files
from typing import Any, NoReturn

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException

from textcnn.config.check import check
from textcnn.config.keys import command_line, example, join_or, takes, walk
from textcnn.config.schemas import GROUP_SCHEMAS, SCHEMAS, register_schemas
from textcnn.errors import InputError
from textcnn.system.cores import limit_threads

CONFIGS = "textcnn.configs"
PROGRAMS = {
    "train": "train a classifier, watch it, test it",
    "evaluate": "score a checkpoint on its own test split or on other data",
    "predict": "label new texts",
    "describe": "look at data and model before training",
    "illustrate": "show what convolutions see of word order, and where their sight ends",
}


def program(name: str) -> Callable[[Callable[[Any], None]], Callable[[], None]]:
    """Make an entry point of a function that takes a typed, checked config.

    Exit codes: 0 done, 2 something the user gave can't be used, 130 interrupted.
    """

    def decorate(function: Callable[[Any], None]) -> Callable[[], None]:
        composed: list[DictConfig] = []

        @functools.wraps(function)
        def task(config: DictConfig) -> None:
            composed.append(config)
            # Exits here: an exception would pass through Hydra, which adds a line of its own.
            try:
                typed = OmegaConf.to_object(config)
            except OmegaConfBaseException as error:  # a value of ???, or ${nothing}
                fail(explain(error, name))
            try:
                check(typed)
                limit_threads()
                function(typed)
            except InputError as error:
                fail(str(error))
            except BrokenPipeError:
                ignore_output()

        @functools.wraps(function)
        def main() -> None:
            composed.clear()
            register_schemas()
            # Hydra would print errors in its own words; with this it raises them.
            os.environ["HYDRA_FULL_ERROR"] = "1"
            try:
                if {"--help", "-h"} & set(sys.argv[1:]):
                    print(help_text(name, [a for a in sys.argv[1:] if not a.startswith("-")]))
                    return
                if {"--multirun", "-m"} & set(sys.argv[1:]) and "run_dir" not in described(name):
                    fail(f"{name} makes no run directory, so it runs once: leave --multirun out")
                hydra.main(version_base="1.3", config_path=f"pkg://{CONFIGS}", config_name=name)(
                    task
                )()
            except (HydraException, OmegaConfBaseException) as error:
                fail(explain(error, name))
            except (ValueError, TypeError) as error:
                if composed:
                    raise
                fail(explain(error, name))  # model=null and model=[1], of which Hydra makes these
            except KeyboardInterrupt:
                print("interrupted", file=sys.stderr)
                sys.exit(130)
            except BrokenPipeError:
                ignore_output()

        return main

    return decorate


def ignore_output() -> None:
    """Go on without the reader of our output, `head` say, who has seen enough."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def fail(message: str) -> NoReturn:
    print(message, file=sys.stderr)
    sys.exit(2)


def explain(error: Exception, name: str) -> str:
    """One line for what Hydra or OmegaConf found wrong with the command line."""
    if isinstance(error, MissingConfigException | ValueError | TypeError):
        for group, _, got in (argument.partition("=") for argument in sys.argv):
            options = group_options(group)
            if options and not set(options).issuperset(got.split(",")):
                return f"{group} takes {join_or(options)}, got {got}"
    if isinstance(error, OverrideParseException):
        return (
            f"{error.override} is not key=value; quote a value that holds , = [ or {{: key='a, b'"
        )
    if match := re.match(r"Ambiguous value for argument '((.+?)=(.*))'", str(error)):
        several, key, value = match.groups()
        entry = described(name).get(key)
        listed = f"for a list write {key}=[{value}], " if entry and "list" in takes(entry) else ""
        return (
            f"{several} is several values; {listed}for a run of each add -m, for one value that "
            f"holds a comma write {key}='\"{value}\"'"
        )
    # Hydra's errors have OmegaConf's as their cause; OmegaConf's have one too, in a debugger only.
    cause: Any = next((e for e in (error, error.__cause__) if hasattr(e, "full_key")), error)
    key = re.sub(r"\[\d+\]$", "", getattr(cause, "full_key", None) or "")
    if match := re.match(r"Could not override '(\w+)'", str(error)):
        keys = [key for key, _, _ in walk(SCHEMAS[name]())]
        return no_such_key(match[1], name, keys)
    if not key:
        return " ".join(str(error).split())
    schema = cause.object_type
    if isinstance(cause, ConfigAttributeError | ConfigKeyError) and is_dataclass(schema):
        group = key.rpartition(".")[0]
        known = [f"{group}.{entry.name}".strip(".") for entry in fields(schema)]
        return no_such_key(key, group or name, known)
    entry = described(name).get(key)
    got = given(key).partition("=")[2] or "nothing"
    if entry is None:
        return f"{key}: got {got}; {str(cause.msg).splitlines()[0]}"
    # the same key may take something else in another schema of its group
    entries = fields(schema) if is_dataclass(schema) else ()
    entry = next((chosen for chosen in entries if chosen.name == entry.name), entry)
    if "choices" in entry.metadata["limits"] and re.fullmatch(r"\[.+\]", got):
        return f"{key} takes {takes(entry)}, got {got}; for a run of each try -m {key}={got[1:-1]}"
    return f"{key} takes {takes(entry)}, got {got}; try {key}={example(entry)}"


def no_such_key(key: str, where: str, known: list[str]) -> str:
    # by the last word: the group before it would make all keys resemble each other
    last_words = [name.rpartition(".")[2] for name in known]
    close = difflib.get_close_matches(key.rpartition(".")[2], last_words, n=1)
    hint = f"; did you mean {known[last_words.index(close[0])]}?" if close else ""
    # or right, but of another schema of its group
    having = [
        f"{group}={name}"
        for (group, name), schema in GROUP_SCHEMAS.items()
        if key in {f"{group}.{entry.name}" for entry in fields(schema)}
    ]
    hint = f"; {join_or(having)} has it" if having and not close else hint
    return f"{given(key)}: no such key; {where} takes {', '.join(known)}{hint}"


def given(key: str) -> str:
    """How the command line sets a key, or something below it."""
    return next((a for a in sys.argv if re.match(rf"\+*{re.escape(key)}[.=]", a)), key)


def group_options(group: str) -> list[str]:
    """The files of a config group; none if there is no such group."""
    folder = files(CONFIGS).joinpath(group)
    if not re.fullmatch(r"\w+", group) or not folder.is_dir():
        return []
    return sorted(file.name.removesuffix(".yaml") for file in folder.iterdir())


def described(name: str) -> dict[str, Any]:
    """The dataclass field of every key that a program knows, whichever groups are chosen."""
    entries = {key: entry for key, entry, _ in walk(SCHEMAS[name]())}
    for (group, _), schema in GROUP_SCHEMAS.items():
        entries = {f"{group}.{key}": entry for key, entry, _ in walk(schema())} | entries
    return entries


def overridden_keys() -> list[str]:
    """The keys, and groups, that the command line gave."""
    return [given.lstrip("+~").partition("=")[0] for given in HydraConfig.get().overrides.task]


def refuse_changes(allowed: set[str]) -> set[str]:
    """The allowed keys that the command line gave beside `resume`.

    Raises:
        InputError: another key was given, which would change the run that is resumed.
    """
    given = set(overridden_keys()) - {"resume"}
    if changed := sorted(given - allowed):
        raise InputError(
            f"resume continues the run as it began; only {join_or(sorted(allowed))} may change, "
            f"got {changed[0]}"
        )
    return given


def help_text(name: str, overrides: list[str]) -> str:
    """Every key with its value here, its meaning and what it takes."""
    with hydra.initialize_config_module(CONFIGS, version_base="1.3"):
        composed = hydra.compose(name, overrides, return_hydra_config=True)
    groups = composed.hydra.runtime.choices
    with open_dict(composed):
        del composed["hydra"]
    lines = [f"python -m textcnn.{name} [key=value ...]", f"    {PROGRAMS[name]}", ""]
    for group in (entry.name for entry in fields(SCHEMAS[name]) if entry.name in groups):
        options = "|".join(group_options(group))
        lines += [f"  {group}={options}    sets the keys {group}.* together"]
    lines += ["", "Keys, with the values they have here:"]
    for key, entry, value in walk(OmegaConf.to_object(composed)):
        lines += [f"  {key}={command_line(value)}"]
        lines += [f"      {entry.metadata['meaning']} ({takes(entry)})"]
    lines += ["", "Flags:", "  -m, --multirun   run every combination of key=a,b,c"]
    lines += [
        "  --cfg job        print the configuration and stop",
        "  --hydra-help     Hydra's own",
    ]
    return "\n".join(lines)


def main() -> None:
    """`textcnn train ...` is `python -m textcnn.train ...`, and so for every program."""
    name = sys.argv[1] if len(sys.argv) > 1 else "--help"
    if name in PROGRAMS:
        sys.argv = [f"textcnn {name}", *sys.argv[2:]]
        importlib.import_module(f"textcnn.{name}").main()
        return
    lines = [f"  textcnn {program:<10} {meaning}" for program, meaning in PROGRAMS.items()]
    usage = "\n".join(["textcnn <program> [key=value ...]", *lines, "Keys: textcnn train --help"])
    if name in {"--help", "-h"}:
        print(usage)
    else:
        fail(f"textcnn takes {join_or(list(PROGRAMS))}, got {name!r}; try textcnn --help")
