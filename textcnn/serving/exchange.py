"""A request and its response, as far as they have come."""

import asyncio
from contextlib import suppress

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import Message, Receive, Scope, Send

from textcnn.serving.request_error import RequestError

LINGER = 2.0  # seconds for which the rest of a refused body is read, so that the client sees why
LARGE = 2**16  # bytes of a body that may not have arrived yet
CLOSED = "closed"  # the status, in metrics, of a request that got no answer
SAFE_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class DisconnectedError(Exception):
    """The client has gone before its request was complete."""


class Exchange:
    """A request and its response.

    Attributes:
        status: of the response, for metrics.
        complete: whether the whole body has been read.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send):
        self.scope, self.receive, self.plain_send = scope, receive, send
        self.headers = Headers(scope=scope)
        self.status = CLOSED
        size = self.headers.get("content-length", "0")
        self.complete = size == "0" and "transfer-encoding" not in self.headers

    async def read_body(self, most: int) -> bytes:
        """
        Raises:
            RequestError: it has more than `most` bytes.
            DisconnectedError
        """
        body = bytearray()
        while not self.complete:
            body += await self.read()
            if len(body) > most:
                raise too_large(f"more than {most:,}", most)
        return bytes(body)

    async def read(self) -> bytes:
        """The next part of the body.

        Raises:
            DisconnectedError
        """
        message = await self.receive()
        if message["type"] == "http.disconnect":
            raise DisconnectedError
        self.complete = not message.get("more_body", False)
        part: bytes = message.get("body", b"")
        return part

    async def send(self, message: Message) -> None:
        """Send a part of the response, with the headers that all have."""
        if message["type"] == "http.response.start":
            self.status = str(message["status"])
            headers = MutableHeaders(scope=message)
            for name, value in SAFE_HEADERS.items():
                headers.setdefault(name, value)
            if not self.complete:
                headers["Connection"] = "close"
        await self.plain_send(message)

    async def refuse(self, refusal: RequestError, *, patient: bool = True) -> None:
        """Answer with an error, unless an answer has begun.

        The rest of a small body is read first, so that the connection can go on. That of a large
        one is read for a while behind the answer: if the connection ended while the client sends,
        many clients would report that and not the answer.

        Args:
            patient: False: don't wait for the rest.
        """
        if self.status != CLOSED:
            return
        small = int(self.headers.get("content-length", LARGE)) < LARGE
        if small and patient:
            await self.discard()
        body = refusal.body
        headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
        raw = [
            (name.lower().encode(), value.encode())
            for name, value in {**headers, **refusal.headers}.items()
        ]
        incomplete = not self.complete
        await self.send({"type": "http.response.start", "status": refusal.status, "headers": raw})
        await self.send({"type": "http.response.body", "body": body, "more_body": incomplete})
        if incomplete:
            if not small and patient:
                await self.discard()
            await self.send({"type": "http.response.body", "body": b"", "more_body": False})

    async def discard(self) -> None:
        """Read the rest of the body, for a while."""
        with suppress(TimeoutError, DisconnectedError):
            async with asyncio.timeout(LINGER):
                while not self.complete:
                    await self.read()


def too_large(got: str, most: int) -> RequestError:
    return RequestError(
        413,
        "body_too_large",
        f"the body takes at most {most:,} bytes, got {got}; send the texts in several requests",
    )
