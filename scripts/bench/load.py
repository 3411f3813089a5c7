"""Send requests to a server: at a steady rate, whatever the server does, or as many as it answers.

    python scripts/bench/load.py http://127.0.0.1:8000 texts.json --rate 500 --seconds 20
    python scripts/bench/load.py http://127.0.0.1:8000 texts.json --texts 1800000 --each 100

It prints one JSON object. At a steady rate, the time of a request counts from the moment at which
it was due, so that neither a slow server nor a slow sender can hide that requests wait.
"""

import argparse
import asyncio
import json
import random
import selectors
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

CLIENTS = 2  # that send as many requests as the server answers
PATIENCE = 10.0  # seconds to wait for the last answers
QUANTILES = (0.5, 0.9, 0.99, 0.999)


@dataclass
class Load:
    """Requests to a server, and what came of them."""

    host: str
    port: int
    statuses: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)  # of each answered request
    late: list[float] = field(default_factory=list)  # how long after it was due each was sent
    idle: list[Any] = field(default_factory=list)  # connections without a request

    async def post(self, body: bytes, due: float) -> None:
        """Send a request and read its answer.

        Args:
            due: when the request should be sent.
        """
        self.late.append(time.perf_counter() - due)
        try:
            reader, writer = self.idle.pop() if self.idle else await self.connect()
            writer.write(
                b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
            )
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = head.split(b"content-length:")[1].split(b"\r\n")[0]
            await reader.readexactly(int(length))
        except (OSError, asyncio.IncompleteReadError) as error:
            self.statuses[type(error).__name__] += 1
            return
        self.seconds.append(time.perf_counter() - due)
        self.statuses[head[9:12].decode()] += 1
        self.idle.append((reader, writer))

    async def connect(self) -> Any:
        return await asyncio.open_connection(self.host, self.port)

    async def steadily(self, texts: Sequence[str], rate: float, seconds: float) -> None:
        """One text a request, at random times (a Poisson process) of this rate."""
        draw = random.Random(0)
        due = start = time.perf_counter() + 0.1
        running: set[asyncio.Task[None]] = set()
        while (due := due + draw.expovariate(rate)) < start + seconds:
            body = json.dumps({"text": draw.choice(texts)}).encode()
            await asyncio.sleep(max(due - time.perf_counter(), 0))
            task = asyncio.create_task(self.post(body, due))
            running.add(task)
            task.add_done_callback(running.discard)
        if running:
            _, unanswered = await asyncio.wait(running, timeout=PATIENCE)
            self.statuses.update(["unanswered"] * len(unanswered))

    async def in_turn(self, texts: Sequence[str], count: int, each: int) -> None:
        """`count` texts, `each` of them a request, from a few clients that wait for the answers."""
        left = iter(range(-(-count // each)))

        async def client(draw: random.Random) -> None:
            for _ in left:
                body = json.dumps({"texts": draw.choices(texts, k=each)}).encode()
                await self.post(body, time.perf_counter())

        await asyncio.gather(*(client(random.Random(number)) for number in range(CLIENTS)))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("url")
    parser.add_argument("texts_file", type=Path, metavar="FILE", help="a JSON list of texts")
    parser.add_argument("--rate", type=float, default=500.0, help="requests a second (default 500)")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long (default 20)")
    parser.add_argument("--texts", type=int, help="instead, how many texts as fast as possible")
    parser.add_argument("--each", type=int, default=100, help="texts of a request (default 100)")
    options = parser.parse_args()
    given = json.loads(options.texts_file.read_text(encoding="utf-8"))
    address = urlsplit(options.url)
    load = Load(address.hostname or "127.0.0.1", address.port or 80)
    if options.texts:
        work = load.in_turn(given, options.texts, options.each)
    else:
        work = load.steadily(given, options.rate, options.seconds)
    start = time.perf_counter()
    # select() waits to the microsecond, epoll() only to the millisecond
    with asyncio.Runner(
        loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())
    ) as runner:
        runner.run(work)
    print(json.dumps(summary(load, time.perf_counter() - start)))


def summary(load: Load, took: float) -> dict[str, Any]:
    """What was measured, in milliseconds."""
    return {
        "requests": sum(load.statuses.values()),
        "statuses": load.statuses,
        "per_second": len(load.seconds) / took,
        "milliseconds": quantiles(load.seconds),
        "sent_late": quantiles(load.late),
    }


def quantiles(seconds: Sequence[float]) -> dict[str, float | None]:
    """In milliseconds: `{"50": 1.2, ..., "max": 30.4}`; null if there are none."""
    ordered = sorted(seconds)
    found: dict[str, float | None] = {
        f"{100 * each:g}": 1000 * ordered[int(each * len(ordered))] if ordered else None
        for each in QUANTILES
    }
    return found | {"max": 1000 * ordered[-1] if ordered else None}


if __name__ == "__main__":
    main()
