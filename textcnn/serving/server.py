"""Runs an application until a signal stops it."""

import asyncio
import errno
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from textcnn.errors import InputError
from textcnn.serving.connection import connections

KEEP_ALIVE = 75  # seconds; proxies keep idle connections for up to 60
STOPS = (signal.SIGINT, signal.SIGTERM)


def bind(host: str, port: int) -> socket.socket:
    """A socket bound to an address, which doesn't listen yet.

    Raises:
        InputError: the port is in use or not allowed, or there is no such address here.
    """
    where = f"port {port} of {host}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (socket.gaierror, UnicodeError):
        raise InputError(
            f"host takes an address or a name of this computer, got {host}; try host=127.0.0.1"
        ) from None
    bound = socket.socket(family, kind, protocol)
    try:
        # not what connections of a server before, which are closing, still hold
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError as error:
        bound.close()
        if error.errno == errno.EADDRINUSE:
            message = f"{where} is in use; stop the program that uses it, or try port=0: a free one"
        elif error.errno == errno.EACCES:
            message = f"{where} needs rights of an administrator; try port=8000"
        else:
            message = f"host takes an address of this computer, got {host}; try host=127.0.0.1"
        raise InputError(message) from error
    return bound


class Server(uvicorn.Server):
    """Uvicorn, stopped by SIGINT or SIGTERM: it answers what it has accepted, and no more."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None]):
        super().__init__(config)
        self.say_started = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.say_started()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at a signal and return. Uvicorn's own version raises the signal again."""
        loop = asyncio.get_running_loop()
        for number in STOPS:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in STOPS:
                loop.remove_signal_handler(number)


def run(app: ASGIApp, bound: socket.socket, seconds: float, started: Callable[[], None]) -> int:
    """Serve until a signal, and return the number of requests.

    Args:
        seconds: the time limit of a request.
        started: is called when requests are accepted.
    """
    config = uvicorn.Config(
        app,
        http=connections(seconds),
        ws="none",
        lifespan="off",
        log_config=None,  # errors go to standard error; texts are never logged
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=int(seconds) + 2,
    )
    server = Server(config, started)
    server.run([bound])
    return server.server_state.total_requests
