"""A connection that neither a slow nor an endless client can hold."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from textcnn.serving.request_error import RequestError

MOST_HEAD = 2**16  # bytes of the first line and the headers of a request


class Connection(HttpToolsProtocol):
    """Uvicorn's protocol with limits for the head of a request and for a client that reads nothing.

    `Guard` limits the body.
    """

    seconds = 10.0  # for a head to arrive, and for a client to read on

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.head_timer: asyncio.TimerHandle | None = None
        self.read_timer: asyncio.TimerHandle | None = None
        self.head_size, self.has_begun = 0, False
        super().connection_made(transport)
        self.expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self.end_head()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        timer = self.head_timer
        super().data_received(data)
        if timer is None or self.head_timer is not timer:  # a head has ended
            return
        self.head_size += len(data)
        if self.head_size > MOST_HEAD:
            message = f"the head of a request takes at most {MOST_HEAD:,} bytes, got more"
            self.refuse(RequestError(431, "head_too_large", message))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.has_begun = True
        if self.head_timer is None:
            self.expect_head()

    def on_headers_complete(self) -> None:
        self.end_head()
        super().on_headers_complete()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.head_timer is not None:  # not one behind the body
            super().on_header(name, value)

    def expect_head(self) -> None:
        """From here on the client has some seconds to send a head."""
        self.head_size = 0
        self.head_timer = self.loop.call_later(self.seconds, self.give_up)

    def end_head(self) -> None:
        if self.head_timer is not None:
            self.head_timer.cancel()
            self.head_timer = None
            self.has_begun = False

    def give_up(self) -> None:
        """End a connection whose head didn't arrive in time."""
        if not self.has_begun:  # nothing to answer
            self.transport.close()
            return
        message = f"a request takes at most {self.seconds:g} s, got only a part of its head by then"
        self.refuse(RequestError(408, "request_too_slow", message))

    def pause_writing(self) -> None:
        super().pause_writing()
        self.read_timer = self.loop.call_later(self.seconds, self.transport.abort)

    def resume_writing(self) -> None:
        if self.read_timer is not None:
            self.read_timer.cancel()
            self.read_timer = None
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """End an idle connection, even if the client hasn't read all of the last answer."""
        self.transport.abort()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP."""
        self.refuse(
            RequestError(400, "invalid_http", "a request takes HTTP/1.1, got something else")
        )

    def refuse(self, refusal: RequestError) -> None:
        """Answer with an error and end the connection."""
        self.end_head()
        body = refusal.body
        lines = (
            b"content-type: application/json",
            b"content-length: %d" % len(body),
            b"connection: close",
            b"\r\n",
        )
        self.transport.write(STATUS_LINE[refusal.status] + b"\r\n".join(lines) + body)
        self.transport.close()


def connections(seconds: float) -> type[Connection]:
    """The protocol with this limit: uvicorn makes a protocol without arguments of ours."""
    attributes: dict[str, Any] = {"seconds": seconds}
    return type("LimitedConnection", (Connection,), attributes)
