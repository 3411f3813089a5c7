"""Errors with a repository on the Hub, in one line that says what to do."""

import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from huggingface_hub import constants, get_token
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils.tqdm import (
    are_progress_bars_disabled,
    disable_progress_bars,
    enable_progress_bars,
)

from textcnn.errors import InputError
from textcnn.hub.address import Address
from textcnn.system.failures import os_failure

# Names of errors, since huggingface_hub has changed from requests to httpx, and then to httpx2.
UNREACHABLE = re.compile("Connect|Timeout|Offline|Proxy")
LOGGERS = ("huggingface_hub", "httpx", "httpx2", "urllib3")
BROKEN_OFF = re.compile("Protocol|ReadError|WriteError|ChunkedEncoding|IncompleteRead|Xet")


@contextmanager
def explained(address: Address) -> Iterator[None]:
    """Turn every error of huggingface_hub into an InputError of one line, without other output."""
    with quiet():
        try:
            yield
        except InputError:
            raise
        except Exception as error:  # a repository and its server can fail in any way
            raise InputError(explain(error, address)) from error


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the libraries' log lines, and progress bars where nobody looks, out of the output."""
    loggers = [logging.getLogger(name) for name in LOGGERS]
    levels = [logger.level for logger in loggers]
    hide = not sys.stderr.isatty() and not are_progress_bars_disabled()
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    if hide:
        disable_progress_bars()
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
        if hide:
            enable_progress_bars()


def explain(error: Exception, address: Address) -> str:
    """
    Args:
        error: raised by huggingface_hub, perhaps from the one that says what happened.
    """
    for cause in causes(error):
        if (said := explain_known(cause, address)) is not None:
            return said
    return f"{address}: {message_of(error)}"


def explain_known(error: BaseException, address: Address) -> str | None:
    """The message for an error that is expected; None for others."""
    if isinstance(error, GatedRepoError):
        return f"{address} is gated: ask for access on its page, then log in (hf auth login)"
    if isinstance(error, RevisionNotFoundError):
        return f"{address}: {address.repository} has no such revision on the Hub"
    if isinstance(error, RepositoryNotFoundError):
        return f"{address}: no such repository on the Hub, or a private one (hf auth login)"
    if isinstance(error, HFValidationError):
        return f"{address}: the Hub allows no such name; use letters, digits, -, _ and ."
    if (status := status_of(error)) not in (None, 400):  # 400: a later error may say more
        return f"{address}: {explain_status(status, message_of(error))}"
    name = type(error).__name__
    if UNREACHABLE.search(name):
        return f"{address}: no network, or the Hub doesn't answer ({constants.ENDPOINT})"
    if BROKEN_OFF.search(name) or "Consistency check" in str(error):
        return f"{address}: the transfer was interrupted; the same command continues it"
    if isinstance(error, OSError) and error.errno is not None:
        return f"{address}: {os_failure(error)}; HF_HOME sets the directory of the Hub's cache"
    return None


def status_of(error: BaseException) -> int | None:
    """The status of an answer that is an error; None for other errors."""
    response = getattr(error, "response", None)
    if not isinstance(error, HfHubHTTPError) or response is None:
        return None
    return int(response.status_code)


def explain_status(status: int, said: str) -> str:
    """What an answer of the Hub means that is an error."""
    if status == 401:
        return "the Hub doesn't accept the token; log in again (hf auth login)"
    if status == 403:
        return "the token has no permission for this; create one that may write to this repository"
    if status == 429:
        return "the Hub limits how often it answers you; try again in some minutes"
    if status >= 500:
        return f"the Hub fails to answer (status {status}); try again later"
    return f"the Hub refuses it (status {status}): {said}"


def message_of(error: BaseException) -> str:
    """The message of an error in one line; tokens are left out."""
    said = " ".join(str(error).split()) or type(error).__name__
    token = get_token()
    return said.replace(token, "<token>") if token else said


def is_unavailable(error: Exception) -> bool:
    """Whether a copy in the cache may stand in for the repository: the Hub gives no answer."""
    if (status := status_of(error)) is not None:
        return status >= 500
    return any(UNREACHABLE.search(type(cause).__name__) for cause in causes(error))


def causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
