"""The keys that a run takes over from the checkpoint that it starts from."""

from collections.abc import Collection
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from textcnn.checkpoint import find_checkpoint, load_checkpoint
from textcnn.config.check import check
from textcnn.config.keys import command_line
from textcnn.config.programs import TrainConfig
from textcnn.config.stored import parse_train_config
from textcnn.errors import InputError

# Keys that may differ from those of the checkpoint: they change how weights are trained, not what
# they mean. All others of `model` and `text` must be the same.
FREE = {
    "model": {
        *("dropout", "word_dropout", "embedding_dropout", "block_dropout", "max_norm"),
        *("min_texts", "smaller", "init_std"),
        *("ngram_min_count", "ngram_dropout", "ngram_losses", "ngram_loss", "ngram_cost"),
    },
    "text": {
        *("max_length", "truncate", "min_frequency", "max_vocabulary", "vocabulary_examples"),
        *("vectors", "vectors_std", "vectors_words"),
    },
}


def grown_config(config: TrainConfig, given: Collection[str]) -> TrainConfig:
    """The configuration of a run that starts from the checkpoint `init_from`.

    `model`, `text`, `data.multi_label` and `training.members` are those of the checkpoint, except
    the keys that the user gave.

    Args:
        given: groups and keys that the user set, such as `model` and `model.dropout`.

    Raises:
        InputError: there is no such checkpoint, or a given key doesn't fit it.
    """
    assert config.init_from is not None
    try:
        stored = parse_train_config(load_checkpoint(find_checkpoint(config.init_from)).config)
    except InputError as error:
        raise InputError(f"init_from={config.init_from}: {error}") from error
    for group in ("model", "text"):
        own, theirs = getattr(config, group), getattr(stored, group)
        changes = checked_changes(config.init_from, group, own, theirs, given)
        config = replace(config, **{group: replace(theirs, **changes)})
    members = fitting(config, "training.members", stored.training.stored_members, given)
    labels = fitting(config, "data.multi_label", stored.data.multi_label, given)
    config = replace(
        config,
        training=replace(config.training, members=members),
        data=replace(config.data, multi_label=labels),
    )
    check(config)
    check_subwords(config, stored)
    return config


def check_subwords(config: TrainConfig, stored: TrainConfig) -> None:
    """
    Raises:
        InputError: the run has no subwords, but the checkpoint has learned from them.
    """
    if stored.weighs_subwords and not config.weighs_subwords:
        raise InputError(
            f"init_from={config.init_from} weighs subwords, got n-grams trained by gradients, "
            "which have none; leave data.streaming out, or train without init_from"
        )
    if stored.composes_vectors and not config.composes_vectors:
        raise InputError(
            f"init_from={config.init_from} has vectors of subwords, got text.vectors=null; leave "
            "text.vectors out, or train without init_from"
        )


def checked_changes(
    path: str, group: str, own: Any, theirs: Any, given: Collection[str]
) -> dict[str, Any]:
    """The given keys of a group, with their values.

    Raises:
        InputError: one must be as in the checkpoint, and isn't.
    """
    whole = group in given
    names = [entry.name for entry in fields(theirs) if hasattr(own, entry.name)]
    chooser = "name" if group == "model" else "unit"
    if whole and getattr(own, chooser) != getattr(theirs, chooser):
        raise misfit(path, group, getattr(own, chooser), getattr(theirs, chooser))
    changes: dict[str, Any] = {}
    for name in names:
        one, other = getattr(own, name), getattr(theirs, name)
        if one == other or not (whole or f"{group}.{name}" in given):
            continue
        if name not in FREE[group]:
            raise misfit(path, f"{group}.{name}", one, other)
        changes[name] = one
    return changes


def fitting(config: TrainConfig, key: str, stored: Any, given: Collection[str]) -> Any:
    """The value of the checkpoint.

    Raises:
        InputError: another one was given.
    """
    group, _, name = key.partition(".")
    own = getattr(getattr(config, group), name)
    # several columns of labels, or rows from Python, say it without the key
    from_rows = key == "data.multi_label" and (own or config.data.source == "memory")
    if own != stored and (key in given or from_rows):
        assert config.init_from is not None
        raise misfit(config.init_from, key, own, stored)
    return stored


def misfit(path: str, key: str, given: Any, stored: Any) -> InputError:
    return InputError(
        f"init_from={path} was trained with {key}={command_line(stored)}, got "
        f"{command_line(given)}; leave {key} out, or train without init_from"
    )


def check_elsewhere(init_from: str, run_dir: Path, overwrite: bool) -> None:
    """
    Raises:
        InputError: the run would replace the checkpoint that it starts from.
    """
    try:
        directory = find_checkpoint(init_from).resolve()
    except InputError as error:
        raise InputError(f"init_from={init_from}: {error}") from error
    if overwrite and directory.is_relative_to(run_dir.resolve()):
        raise InputError(
            f"init_from={init_from} is in run_dir={run_dir}, which overwrite=true replaces; give "
            "another run_dir"
        )
