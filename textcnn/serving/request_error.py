"""A request that is answered with an error."""

import json
from collections.abc import Mapping

from textcnn.errors import shortened
from textcnn.system.escapes import in_one_line

SHOWN = 60  # characters of a value in a message


class RequestError(Exception):
    """What is wrong with a request, in one line: what, what is accepted, what was given, a fix.

    Attributes:
        status: of HTTP.
        code: the kind of error, for programs.
        headers: to add to the response.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: Mapping[str, str] | None = None,
    ):
        super().__init__(message)
        self.status, self.code = status, code
        self.message = shortened(in_one_line(message))
        self.headers = dict(headers or {})

    @property
    def body(self) -> bytes:
        """JSON in ASCII."""
        return json.dumps({"error": self.message, "code": self.code}).encode()


def too_busy(what: str) -> RequestError:
    headers = {"Retry-After": "1"}
    return RequestError(
        503, "too_busy", f"{what}, got more; try again in a second", headers=headers
    )


def shown(value: object) -> str:
    """A value in a message, as JSON, shortened."""
    if isinstance(value, str):  # not all of a long text
        return shortened(json.dumps(value[: 2 * SHOWN], ensure_ascii=False), SHOWN)
    if isinstance(value, list):
        return f"a list of {len(value):,}"
    if isinstance(value, dict):
        return f"an object with {len(value):,} keys"
    return shortened(json.dumps(value), SHOWN)
