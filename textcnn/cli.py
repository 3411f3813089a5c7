"""What the entry points share: the configuration from Hydra, `--help` and one-line errors.

Also the console command `textcnn`, whose subcommands are the entry points.
"""

import functools
import importlib
import os
import sys
import textwrap
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import fields
from typing import Any, NoReturn

from textcnn.system.packages import end_without_packages

end_without_packages()  # before the imports that would fail

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from textcnn.config.check import check
from textcnn.config.compose import check_lengths
from textcnn.config.explain import CONFIGS, described, explain, group_options
from textcnn.config.keys import command_line, join_or, takes, walk
from textcnn.config.quoting import as_hydra
from textcnn.config.schemas import SCHEMAS, register_schemas
from textcnn.config.sweep import check_jobs, varied
from textcnn.errors import InputError, shortened
from textcnn.system.cores import prepare_threads
from textcnn.system.escapes import escaped
from textcnn.system.failures import os_failure, out_of_memory
from textcnn.system.interrupts import INTERRUPTED, begin_start, end_at_once, set_handler
from textcnn.system.lock import release_locks
from textcnn.system.streams import discard_output, flush_output, prepare_streams

PROGRAMS = {
    "train": "train a classifier, with validation after each epoch and a test at the end",
    "evaluate": "score a checkpoint on its own test split or on other data",
    "predict": "label new texts with a checkpoint",
    "label": "choose the texts that are worth labelling next",
    "explain": "show which n-grams decide, in texts or over a data set",
    "compare": "compare runs: what differs, scores, paired tests, cost",
    "describe": "show the data and the layers of a model without training",
    "audit": "test what changes a checkpoint's answers: batches, word order, typos, shortcuts",
    "audit_data": "find labels that are likely wrong, repeated texts and shortcuts",
    "export": "write a checkpoint for other programs: numpy (without torch), onnx, html",
    "serve": "answer requests over HTTP with checkpoints, and show a live page",
    "push": "publish a checkpoint on the Hugging Face Hub, with its model card",
    "illustrate": "measure what convolutions see of word order and position",
}
EXAMPLES = {
    "train": "data=files data.train=train.csv data.test=test.csv run_dir=outputs/mine",
    "evaluate": "checkpoint=outputs/mine",
    "predict": "checkpoint=outputs/mine input=texts.txt output=labels.jsonl",
    "label": "checkpoint=outputs/mine input=unlabelled.csv output=to_label.csv count=100",
    "explain": 'checkpoint=outputs/mine text="not a fine film"',
    "compare": "outputs/a outputs/b output=comparison.html",
    "describe": "data=imdb model=dilated",
    "audit": "checkpoint=outputs/mine",
    "audit_data": "data=files data.train=train.csv output=suspects.csv",
    "export": "checkpoint=outputs/mine format=numpy dtype=int8 output=exported",
    "serve": "checkpoint=outputs/mine port=8000",
    "push": "checkpoint=outputs/mine repo=owner/name license=mit language=en",
    "illustrate": "preset=quick run_dir=outputs/tour",
}
EXPERIMENT = "experiment"  # the group whose choices set keys of all others
HELP_WIDTH = 100  # columns
CHECKPOINT_MISSING = "checkpoint is missing; try checkpoint=<run or checkpoint directory>"


def program(
    name: str, positional: str | None = None, singular: str | None = None
) -> Callable[[Callable[[Any], None]], Callable[[], None]]:
    """Turn a function of a typed, checked config into an entry point.

    Args:
        positional: the key that takes arguments without `key=`; None: they are refused.
        singular: a name for one value of this key: `singular=value` is such an argument too.

    The function calls `end_start` once it has imported what it needs.

    Exit codes: 0 for success, 2 for input that can't be used and for files that can't be written,
    130 for an interrupt.
    """

    def decorate(function: Callable[[Any], None]) -> Callable[[], None]:
        composed: list[DictConfig] = []
        arguments: list[str] = []  # as typed, before `as_hydra`
        failed: list[str] = []  # jobs of a sweep

        @functools.wraps(function)
        def task(config: DictConfig) -> None:
            composed.append(config)
            # Exit here: Hydra would add a line of its own to an exception that passes through it.
            with going_on(failed), one_line_errors(name, arguments):
                typed = OmegaConf.to_object(config)
                check(typed)
                prepare_threads()
                function(typed)
                flush_output()

        @functools.wraps(function)
        def main() -> None:
            composed.clear()
            arguments[:] = sys.argv[1:]
            failed.clear()
            before = begin_start()
            try:
                prepare_streams()
                threading.excepthook = pass_over_os_errors
                with one_line_errors(name, arguments, bugs=lambda: bool(composed)):
                    check_lengths(arguments)
                    sys.argv[1:] = as_hydra(arguments, described(name), positional, singular)
                    register_schemas(name)
                    start(name, task, positional)
                    flush_output()
                if failed:
                    fail("\n".join([f"{len(failed)} of {len(composed)} jobs failed:", *failed]))
            finally:
                release_locks()
                threading.excepthook = threading.__excepthook__
                set_handler(before)

        return main

    return decorate


def start(name: str, task: Callable[[DictConfig], None], positional: str | None) -> None:
    """Print the help of a program, or let Hydra compose its configuration and run the task."""
    # With this, Hydra raises errors instead of printing them in its own words.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    if {"--help", "-h"} & set(sys.argv[1:]):
        overrides = [each for each in sys.argv[1:] if not each.startswith("-")]
        print(help_text(name, overrides, positional))
        return
    if {"--multirun", "-m"} & set(sys.argv[1:]) and "run_dir" not in described(name):
        fail(f"{name} has no run_dir, so it can't run several times; omit --multirun")
    if flags := {"--multirun", "-m"} & set(sys.argv[1:]):
        # argparse takes no overrides behind a flag that follows others
        others = [each for each in sys.argv[1:] if each not in flags]
        sys.argv = [sys.argv[0], *flags, *others]
        check_jobs(name, [each for each in sys.argv[1:] if not each.startswith("-")])
    hydra.main(version_base="1.3", config_path=f"pkg://{CONFIGS}", config_name=name)(task)()


@contextmanager
def going_on(failed: list[str]) -> Iterator[None]:
    """In a sweep, record a job that fails, so that the others run.

    Args:
        failed: gets a line about the job.
    """
    try:
        yield
    except Failure as failure:
        if not is_sweep():
            raise
        failed.append(f"{job_name()}: {failure.message}")
    except Exception as error:
        if not is_sweep():
            raise
        traceback.print_exc()  # a bug
        failed.append(f"{job_name()}: {error!r}")


def is_sweep() -> bool:
    return bool(HydraConfig.get().mode == RunMode.MULTIRUN)


def job_name() -> str:
    job = HydraConfig.get()
    return f"job {job.job.num} ({varied(job.overrides.task, sys.argv)})"


class Failure(SystemExit):
    """The program ends with a message for the user, which has been printed."""

    def __init__(self, message: str):
        super().__init__(2)
        self.message = message


@contextmanager
def one_line_errors(
    name: str, arguments: Sequence[str], bugs: Callable[[], bool] = lambda: True
) -> Iterator[None]:
    """Exit with a message for the user where it is not a bug of the program.

    Args:
        name: of the program.
        arguments: as typed.
        bugs: whether a ValueError or TypeError is a bug by now, and keeps its traceback.
    """
    try:
        yield
    except InputError as error:
        fail(str(error))
    # a missing value (???), or an unknown ${key}
    except (HydraException, OmegaConfBaseException) as error:
        fail(explain(error, name, arguments))
    except (ValueError, TypeError) as error:
        if bugs():
            raise
        fail(explain(error, name, arguments))  # from model=null and model=[1]
    except BrokenPipeError:
        discard_output()
    except OSError as error:
        fail(os_failure(error))
    except (MemoryError, RuntimeError) as error:
        if not (memory := out_of_memory(error)):
            raise
        fail(memory)
    except KeyboardInterrupt:
        set_handler(end_at_once)  # a second Ctrl-C, while the process ends
        say("interrupted")
        sys.exit(INTERRUPTED)


def pass_over_os_errors(raised: threading.ExceptHookArgs) -> None:
    """Print nothing of a full disk: TensorBoard's thread hands the error on to the main thread."""
    if not isinstance(raised.exc_value, OSError):
        threading.__excepthook__(raised)


def fail(message: str) -> NoReturn:
    """Print a message for the user and exit with code 2."""
    say(message)
    raise Failure(message)


def say(message: str) -> None:
    """Print lines for the user to standard error, whatever characters they hold."""
    discard_output()  # what can't be written now would fail again as the program ends
    with suppress(OSError):
        print("\n".join(map(shortened, escaped(message).split("\n"))), file=sys.stderr)


def overridden_keys() -> list[str]:
    """The keys and groups that the command line sets."""
    return [given.lstrip("+~").partition("=")[0] for given in HydraConfig.get().overrides.task]


def refuse_changes(allowed: set[str]) -> set[str]:
    """The allowed keys that the command line sets in addition to `resume`.

    Raises:
        InputError: another key was given, which would change the run that is resumed.
    """
    given = set(overridden_keys()) - {"resume"}
    if changed := sorted(given - allowed):
        raise InputError(
            f"resume continues the run as it began; only {join_or(sorted(allowed))} may change, "
            f"got {changed[0]}; leave it out"
        )
    return given


def help_text(name: str, overrides: list[str], positional: str | None = None) -> str:
    """The help of a program: its groups and keys, with their values under these overrides."""
    with hydra.initialize_config_module(CONFIGS, version_base="1.3"):
        composed = hydra.compose(name, overrides, return_hydra_config=True)
    groups = composed.hydra.runtime.choices
    with open_dict(composed):
        del composed["hydra"]
    summary = f"{PROGRAMS[name][0].upper()}{PROGRAMS[name][1:]}."
    bare = "" if positional is None else f"[{positional} ...] "
    lines = [f"Usage: python -m textcnn.{name} {bare}[key=value ...]", "", summary]
    lines += [f"Example: python -m textcnn.{name} {EXAMPLES[name]}", ""]
    if chosen := [entry.name for entry in fields(SCHEMAS[name]) if entry.name in groups]:
        lines += ["Groups; each sets several keys at once:"]
        recipes = [EXPERIMENT] if EXPERIMENT in groups else []
        for group in chosen + recipes:
            lines += wrapped(f"{group}={' | '.join(group_options(group))}", 2, 6)
        option = group_options(chosen[-1])[0]
        lines += [f"Add a choice to see its keys: --help {chosen[-1]}={option}", ""]
    lines += ["Keys, with their values for this command line:"]
    keys = walk(OmegaConf.to_object(composed))
    for key, entry, value in sorted(keys, key=lambda each: "." in each[0]):  # its own, then groups
        lines += [f"  {key}={command_line(value)}"]
        lines += wrapped(entry.metadata["meaning"], 6, 6)
        lines += wrapped(f"takes {takes(entry)}", 6, 8)
    lines += ["", "Flags:"]
    if "run_dir" in described(name):
        lines += ["  -m, --multirun   run every combination of comma-separated values: seed=1,2,3"]
    lines += [
        "  --cfg job        print the configuration and exit",
        "  --hydra-help     print Hydra's own help and exit",
        "  -h, --help       print this help and exit",
    ]
    return "\n".join(lines)


def wrapped(text: str, first: int, others: int) -> list[str]:
    """Lines of at most HELP_WIDTH columns, indented by `first` and `others` columns."""
    return textwrap.wrap(
        text,
        HELP_WIDTH,
        initial_indent=" " * first,
        subsequent_indent=" " * others,
        break_long_words=False,
        break_on_hyphens=False,
    )


def main() -> None:
    """Run `python -m textcnn.train ...` as `textcnn train ...`, and so on for every program."""
    name = sys.argv[1] if len(sys.argv) > 1 else "--help"
    if name in PROGRAMS:
        sys.argv = [f"textcnn {name}", *sys.argv[2:]]
        importlib.import_module(f"textcnn.{name}").main()
        return
    lines = [f"  textcnn {program:<10} {meaning}" for program, meaning in PROGRAMS.items()]
    usage = "\n".join(
        [
            "Usage: textcnn <program> [key=value ...]",
            "",
            "Programs:",
            *lines,
            "",
            "See textcnn <program> --help for the keys of a program.",
        ]
    )
    if name in {"--help", "-h"}:
        print(usage)
    else:
        fail(f"textcnn takes {join_or(list(PROGRAMS))}, got {name!r}; try textcnn --help")
