"""The keys of `textcnn.serve`."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from textcnn.config.data import StringOrList, as_written
from textcnn.config.keys import key
from textcnn.config.programs import half, table_memory

MOST_MODELS = 20
LOOPBACK = "127.0.0.1"


@dataclass
class ServeConfig:
    checkpoint: StringOrList = key(
        None,
        "a run directory (its best checkpoint is used) or a checkpoint directory, or a list of "
        "them: requests then choose by their key model, and the first is the default",
        strings=True,
        optional=True,
    )
    host: str = key(
        LOOPBACK,
        "the address to listen on; the default is reached from this computer alone, 0.0.0.0 from "
        "the whole network",
    )
    port: int = key(
        8000, "the port to listen on; 0: a free one, which is printed", at_least=0, at_most=65535
    )
    hosts: list[str] = key(
        [],
        "names under which the server is reached, as in [news.example.org]; requests for other "
        "names are refused, but for those of this computer. Empty: no others on a loopback host, "
        "all on other hosts",
    )
    max_body: int = key(4, "largest request in MB", at_least=1, at_most=1024)
    max_texts: int = key(1000, "largest number of texts in a request", at_least=1)
    max_characters: int = key(100_000, "largest number of characters of a text", at_least=1)
    timeout: float = key(
        10.0,
        "seconds that a request may take: to arrive, to wait and to be answered",
        above=0.0,
        at_most=3600.0,
    )
    max_queue: int = key(
        256, "largest number of requests in progress; more are refused at once", at_least=1
    )
    batch_size: int = key(64, "largest number of texts that are predicted together", at_least=1)
    batch_wait: float = key(
        0.0,
        "milliseconds to wait for more texts between batches, for networks that gain from large "
        "ones; the first text after a pause never waits",
        at_least=0.0,
        at_most=1000.0,
    )
    table_memory: int = table_memory()
    half: bool = half()

    def __post_init__(self) -> None:
        self.checkpoint = as_written(self.checkpoint)

    @property
    def checkpoints(self) -> list[str]:
        """The directories to serve."""
        given: Any = self.checkpoint or []
        return given if isinstance(given, list) else [given]

    def conflicts(self) -> Iterator[str]:
        if len(self.checkpoints) > MOST_MODELS:
            yield (
                f"checkpoint takes at most {MOST_MODELS} directories, got "
                f"{len(self.checkpoints)}; start another server for the others"
            )
        if self.batch_wait >= 1000 * self.timeout:
            yield (
                f"batch_wait={self.batch_wait:g} ms must be shorter than the timeout of "
                f"{self.timeout:g} s; try batch_wait=5"
            )
