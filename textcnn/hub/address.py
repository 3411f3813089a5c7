"""The address of a checkpoint on the Hub: `hub:owner/name` or `hub:owner/name@revision`."""

import os
import re
from dataclasses import dataclass

from textcnn.errors import InputError

PREFIX = "hub:"
REPOSITORY = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}", re.ASCII)
REVISION = re.compile(r"[\w.+-][\w.+/-]*", re.ASCII)  # a branch, a tag or a commit


@dataclass(frozen=True)
class Address:
    repository: str  # owner/name
    revision: str | None = None  # None: the newest of its main branch

    def __str__(self) -> str:
        return f"{PREFIX}{self.repository}" + (f"@{self.revision}" if self.revision else "")


def is_address(path: str | os.PathLike[str]) -> bool:
    return os.fspath(path).startswith(PREFIX)


def parse_address(text: str) -> Address:
    """
    Raises:
        InputError: it is no address.
    """
    repository, at, revision = text.removeprefix(PREFIX).partition("@")
    if not is_repository(repository) or (at and not is_revision(revision)):
        raise InputError(
            f"{text} is not the address of a repository, which is {PREFIX}owner/name, or "
            f"{PREFIX}owner/name@revision with a branch, a tag or a commit"
        )
    return Address(repository, revision or None)


def is_repository(name: str) -> bool:
    """Whether the Hub could have a repository of this name."""
    odd = ".." in name or "--" in name or name.endswith(".git")
    parts = name.split("/")
    ends = any(part[:1] in "-." or part[-1:] in "-." for part in parts)
    return REPOSITORY.fullmatch(name) is not None and not odd and not ends


def is_revision(name: str) -> bool:
    return REVISION.fullmatch(name) is not None and ".." not in name
