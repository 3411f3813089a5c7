"""Errors with a Hub dataset, in one line that says what to do."""

import re
from collections.abc import Iterator
from pathlib import Path

from datasets import config
from datasets.exceptions import DatasetGenerationError, DatasetNotFoundError
from huggingface_hub import constants

# by name, as the libraries below `datasets` changed from requests to httpx
NETWORK = re.compile("Connect|Timeout|Offline")


def explain(
    error: Exception, path: str, name: str | None, revision: str | None, local: bool
) -> str:
    """The message for an error.

    Args:
        error: raised by `datasets` for `path`, `name` and `revision`.
        local: `path` is a directory.
    """
    said = " ".join(str(error).split())
    if "dataset scripts" in said.lower():
        return explain_script(path, local)
    if names := available_configurations(said):
        if name is None:
            return f"data.path={path} has several configurations; set data.name to one of {names}"
        return f"data.name={name}: {path} has no such configuration; it has {names}"
    if isinstance(error, DatasetNotFoundError):
        return explain_not_found(said, path, revision)
    if not local and any(NETWORK.search(type(cause).__name__) for cause in causes(error)):
        return (
            f"data.path={path}: no network, or the Hub doesn't answer, and the cache has no copy; "
            "give data.path=<directory in the Hub's layout>, or fill the cache (HF_HOME) where "
            "there is a network, and set HF_HUB_OFFLINE=1 here"
        )
    if isinstance(error, OSError) and (variable := cache_of(error)):
        return (
            f"data.path={path}: the cache can't be written ({error.filename}: {error.strerror}); "
            f"set {variable} to a writable directory"
        )
    if isinstance(error, DatasetGenerationError) and error.__cause__:
        said = " ".join(str(error.__cause__).split())
    return f"data.path={path} can't be loaded: {said or type(error).__name__}"


def cache_of(error: OSError) -> str | None:
    """The environment variable of the cache that an error is about; None if about no cache."""
    file = Path(str(error.filename))
    for variable, cache in {
        "HF_DATASETS_CACHE": Path(config.HF_DATASETS_CACHE),
        "HF_HUB_CACHE": Path(constants.HF_HUB_CACHE),
    }.items():
        if file.is_relative_to(cache) or cache.is_relative_to(file):
            return variable
    return None


def explain_script(path: str, local: bool) -> str:
    said = f"data.path={path} has a loading script, which is not run"
    if local:
        return f"{said}; keep only the data files: Parquet, JSON Lines or CSV"
    return f"{said}; try data.revision=refs/convert/parquet, the Hub's own conversion"


def explain_not_found(said: str, path: str, revision: str | None) -> str:
    if said.startswith("Revision"):
        return f"data.revision={revision}: {path} has no such revision on the Hub"
    if "gated" in said:
        return f"data.path={path} is gated: ask for access on its page, then log in (hf auth login)"
    return (
        f"data.path={path}: no such dataset on the Hub, or a private one (hf auth login), and no "
        "such directory here"
    )


def available_configurations(said: str) -> str:
    """The names in a message about a missing or unknown configuration; else ""."""
    if match := re.search(r"[Aa]vailable(?: [Cc]onfigs[^:]*)?: \[(.*?)\]", said):
        # the suffix comes from the options with which textcnn reads CSV
        return match[1].replace("'", "").replace("-keep_default_na=False", "")
    match = re.search(r"multiple .* configurations in the cache: (.*?) Please", said)
    return match[1] if match else ""


def causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
