"""A checkpoint of the Hub, in the cache of huggingface_hub. Nothing of a repository is run."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textcnn.errors import InputError
from textcnn.hub.address import Address, is_address, parse_address
from textcnn.system.paths import expanded

if TYPE_CHECKING:
    from huggingface_hub import ModelInfo

MANIFEST = "manifest.json"  # what makes a repository that of a checkpoint


def local_path(
    path: str | os.PathLike[str], required: Sequence[str], optional: Sequence[str]
) -> Path:
    """The path itself, or the downloaded files of an address such as `hub:owner/name`.

    Args:
        required, optional: the names of files. No others are downloaded.

    Raises:
        InputError: the repository can't be downloaded, or is not in the cache.
    """
    if is_address(path):
        return download(parse_address(os.fspath(path)), required, optional)
    return expanded(path)


def download(address: Address, required: Sequence[str], optional: Sequence[str]) -> Path:
    """The folder with the files of a repository. Without a network, they come from the cache."""
    from huggingface_hub import HfApi, constants, snapshot_download  # takes 0.3 s

    from textcnn.hub.errors import explained, is_unavailable

    fetch = partial(
        snapshot_download,
        address.repository,
        revision=address.revision,
        allow_patterns=[MANIFEST, *required, *optional],
    )
    with explained(address):
        if constants.HF_HUB_OFFLINE:
            return cached(address, fetch, required)
        try:
            info = HfApi().model_info(address.repository, revision=address.revision)
            check_kind(address, info)
            folder = Path(fetch())
        except Exception as error:
            if not is_unavailable(error):
                raise
            folder = cached(address, fetch, required)
            # not a log line: Hydra writes those to standard output, where answers go
            print(
                f"{address}: the Hub was not reached; using commit {folder.name} from the cache",
                file=sys.stderr,
            )
        return folder


def cached(address: Address, fetch: Callable[..., str], required: Sequence[str]) -> Path:
    """The folder in the cache.

    Raises:
        InputError: files are missing there.
    """
    from huggingface_hub import constants
    from huggingface_hub.errors import LocalEntryNotFoundError

    lacking = "the cache has no copy"
    folder: Path | None
    try:
        folder = Path(fetch(local_files_only=True))
    except LocalEntryNotFoundError as error:
        found = getattr(error, "snapshot_path", None)
        folder = None if found is None else Path(found)
    if folder is not None:
        if not (missing := [*missing_files(folder, required)]):
            return folder
        lacking = f"the copy in the cache lacks {missing[0]}"
    offline = constants.HF_HUB_OFFLINE
    raise InputError(
        f"{address}: {'HF_HUB_OFFLINE is set' if offline else 'the Hub was not reached'}, and "
        f"{lacking}; {'unset HF_HUB_OFFLINE, or ' if offline else ''}load it once where there is a "
        "network (HF_HOME sets the directory of the cache)"
    )


def missing_files(folder: Path, required: Sequence[str]) -> Iterator[str]:
    return (name for name in (MANIFEST, *required) if not (folder / name).is_file())


def check_kind(address: Address, info: "ModelInfo") -> None:
    """
    Raises:
        InputError: the repository holds no checkpoint of textcnn.
    """
    files = {each.rfilename for each in info.siblings or ()}
    library = info.library_name or ""
    if MANIFEST in files:
        return
    of = f"; its card names the library {library}" if library not in ("", "textcnn") else ""
    raise InputError(f"{address} holds no checkpoint of textcnn (no {MANIFEST}){of}")
