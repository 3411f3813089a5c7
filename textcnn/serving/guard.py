"""What happens to every request around its answer: limits, errors, metrics."""

import asyncio
import logging
import re
import time
from collections.abc import Collection, Mapping

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from textcnn.serving.exchange import DisconnectedError, Exchange, too_large
from textcnn.serving.limits import Limits
from textcnn.serving.metrics import Metrics
from textcnn.serving.request_error import RequestError, shown, too_busy
from textcnn.system.escapes import in_one_line

OTHER = "other"  # in metrics, all paths that don't exist

log = logging.getLogger("textcnn.serving")


class Guard:
    """Reads the body of a request within the limits, then lets the app answer.

    The app gets a body in one message. Whatever goes wrong ends in JSON.
    """

    def __init__(
        self,
        app: ASGIApp,
        limits: Limits,
        metrics: Metrics,
        *,
        paths: Mapping[str, str],
        hosts: Collection[str] | None,
    ):
        """
        Args:
            paths: those that exist, each with its method, GET or POST.
            hosts: as for `check_host`.
        """
        self.app, self.limits, self.metrics = app, limits, metrics
        self.paths, self.hosts = paths, hosts
        self.in_progress = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        exchange = Exchange(scope, receive, send)
        start = time.perf_counter()
        try:
            await self.answer(exchange)
        finally:
            path = scope["path"] if scope["path"] in self.paths else OTHER
            self.metrics.requests.labels(path, exchange.status).inc()
            self.metrics.seconds.labels(path).observe(time.perf_counter() - start)

    async def answer(self, exchange: Exchange) -> None:
        """Let the app answer within the time limit, or say why not."""
        method, path = exchange.scope["method"], exchange.scope["path"]
        try:
            async with asyncio.timeout(self.limits.timeout):
                check_host(exchange.headers, self.hosts)
                if method == self.paths.get(path) == "POST":
                    await self.answer_post(exchange)
                else:
                    await self.app(exchange.scope, exchange.receive, exchange.send)
        except RequestError as refusal:
            await exchange.refuse(refusal)
        except TimeoutError:
            late = too_slow(exchange.complete, self.limits.timeout)
            await exchange.refuse(late, patient=False)
        except asyncio.CancelledError:  # a second Ctrl-C, or the time for a graceful stop is over
            message = "the server stops; try again when it runs"
            await exchange.refuse(RequestError(503, "stopping", message), patient=False)
        except DisconnectedError:
            pass
        except Exception:
            log.exception("%s %s failed", method, in_one_line(path))
            message = "the server failed, which is a bug of textcnn; its log has the details"
            await exchange.refuse(RequestError(500, "internal_error", message))

    async def answer_post(self, exchange: Exchange) -> None:
        check_content(exchange.headers, self.limits.max_body)
        if self.in_progress >= self.limits.max_queue:
            raise too_busy(f"at most {self.limits.max_queue:,} requests may be in progress")
        self.in_progress += 1
        self.metrics.in_progress.set(self.in_progress)
        try:
            body = await exchange.read_body(self.limits.max_body)

            async def receive() -> Message:
                return {"type": "http.request", "body": body, "more_body": False}

            await self.app(exchange.scope, receive, exchange.send)
        finally:
            self.in_progress -= 1
            self.metrics.in_progress.set(self.in_progress)


def check_host(headers: Headers, allowed: Collection[str] | None) -> None:
    """
    Args:
        allowed: the names that the header Host may hold, besides a port; None: any. A page of
            another site can let its own name point to this computer (DNS rebinding), but it can't
            change this header.

    Raises:
        RequestError: it holds another name.
    """
    if allowed is None:
        return
    name = re.sub(r":\d*$", "", headers.get("host", "")).lower()
    if name in allowed or name.endswith(".localhost"):
        return
    some = ", ".join(sorted(allowed))
    raise RequestError(
        421,
        "wrong_host",
        f"this server takes requests for the hosts {some}, got {shown(name)}; start it with "
        "hosts=[name], or host=0.0.0.0 to allow all",
    )


def check_content(headers: Headers, most: int) -> None:
    """
    Raises:
        RequestError: the head of a request announces a body that is no JSON or has more than `most`
            bytes.
    """
    given = headers.get("content-type", "")
    kind = given.partition(";")[0].strip().lower()
    if kind != "application/json":
        raise RequestError(
            415,
            "wrong_content_type",
            f"the body takes the content type application/json, got {shown(given)}; try the header "
            "Content-Type: application/json",
        )
    encoding = headers.get("content-encoding", "identity")
    if encoding.lower() != "identity":
        raise RequestError(
            415,
            "wrong_content_encoding",
            f"the body takes plain JSON, got the content encoding {shown(encoding)}; send it "
            "uncompressed",
        )
    size = headers.get("content-length", "0")
    if not size.isdecimal() or int(size) > most:
        raise too_large(f"{size:.30} bytes", most)


def too_slow(arrived: bool, seconds: float) -> RequestError:
    if not arrived:
        return RequestError(
            408,
            "request_too_slow",
            f"a request takes at most {seconds:g} s, got only a part of the body by then; send "
            "fewer texts at a time",
        )
    return RequestError(
        504,
        "answer_too_slow",
        f"an answer takes at most {seconds:g} s, got none by then; send fewer or shorter texts",
    )
