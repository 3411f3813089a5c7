"""A checkpoint to the Hub, in one commit."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import (
    CommitOperationAdd,
    CommitOperationDelete,
    HfApi,
    ModelInfo,
    constants,
    get_token,
)

from textcnn.errors import InputError
from textcnn.hub.address import Address
from textcnn.hub.download import MANIFEST
from textcnn.hub.errors import explained

CARD = "README.md"  # where the Hub looks for the model card
MAIN = "main"


@dataclass(frozen=True)
class Uploaded:
    """What an upload made."""

    page: str  # its address in a browser
    commit: str


def check_upload() -> None:
    """
    Raises:
        InputError: nothing can be uploaded: no token, or no network is wanted.
    """
    if constants.HF_HUB_OFFLINE:
        raise InputError("push needs the Hub, but HF_HUB_OFFLINE is set; unset HF_HUB_OFFLINE")
    if get_token() is None:
        raise InputError(
            "push needs a token of the Hub that may write; log in (hf auth login), or set HF_TOKEN"
        )


def upload(
    address: Address,
    files: Mapping[str, bytes | Path],
    known: Collection[str],
    *,
    private: bool | None,
    message: str,
) -> Uploaded:
    """Create the repository or the branch if needed, and make one commit of the files.

    Args:
        address: its revision is a branch; None: main.
        files: content, or the file that holds it, by name.
        known: names of files that a checkpoint may have. Those that this one lacks are deleted.
        private: None: as the repository is, or as the Hub creates it.

    Raises:
        InputError: the Hub refuses it, or the repository holds something else.
    """
    check_upload()
    branch = address.revision or MAIN
    api = HfApi()
    with explained(address):
        api.create_repo(address.repository, private=private, exist_ok=True)
        check_visibility(address, api.model_info(address.repository), private)
        if branch != MAIN:
            api.create_branch(address.repository, branch=branch, exist_ok=True)
        there = set(api.list_repo_files(address.repository, revision=branch))
        check_content(address, there, known)
        operations: list[CommitOperationAdd | CommitOperationDelete] = [
            CommitOperationAdd(name, content) for name, content in files.items()
        ]
        operations += [
            CommitOperationDelete(name) for name in sorted((set(known) & there) - set(files))
        ]
        commit = api.create_commit(
            address.repository, operations, commit_message=message, revision=branch
        )
    return Uploaded(f"{api.endpoint}/{address.repository}", commit.oid)


def check_visibility(address: Address, info: ModelInfo, private: bool | None) -> None:
    """
    Raises:
        InputError: the repository is there already, with another visibility.
    """
    if private is None or info.private is None or info.private == private:
        return
    kinds = {True: "private", False: "public"}
    raise InputError(
        f"{address} exists and is {kinds[info.private]}, but private={str(private).lower()}; "
        "change its visibility on its settings page, or leave out private"
    )


def check_content(address: Address, there: Collection[str], known: Collection[str]) -> None:
    """
    Raises:
        InputError: the commit would replace the files of another model.
    """
    if MANIFEST not in there and (others := sorted(set(known) & set(there) - {CARD})):
        raise InputError(
            f"{address} holds a model that is no checkpoint of textcnn (it has {others[0]}, but no "
            f"{MANIFEST}); give another repo, or a branch of its own: branch=textcnn"
        )
