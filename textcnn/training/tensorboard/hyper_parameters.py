"""Which settings the HPARAMS tab shows: few, so that the metric is in sight."""

from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from textcnn.config.keys import walk

OUTSIDE = {"run_dir", "resume", "overwrite", "report"}  # they don't change what is learned
ALWAYS = ("model.name", "optimizer.learning_rate", "seed")  # in which runs mostly vary


def shown_settings(config: Any, run_dir: Path) -> dict[str, Any]:
    """The keys that the command line set, and ALWAYS; all keys if what it set is unknown.

    Args:
        config: of the run.
        run_dir: where Hydra's record of the overrides is, or beside it for a fold or a member.
    """
    settings = {key: value for key, _, value in walk(config) if key not in OUTSIDE}
    given = overrides(run_dir)
    if given is None:
        return settings
    kept = {key: settings[key] for key in ALWAYS if key in settings}
    for key, value in given.items():
        if key in settings:
            kept[key] = settings[key]
        elif key not in OUTSIDE:
            kept[key] = value  # a choice of a group, such as model=bag
    return kept


def overrides(run_dir: Path) -> dict[str, str] | None:
    """What the command line set, by key; None if there is no record."""
    for directory in (run_dir, run_dir.parent):
        file = directory / ".hydra" / "overrides.yaml"
        if file.is_file():
            pairs = (str(each).lstrip("+~").partition("=") for each in OmegaConf.load(file))
            return {key: value for key, _, value in pairs}
    return None
