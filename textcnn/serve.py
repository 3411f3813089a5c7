"""Answer requests over HTTP: `python -m textcnn.serve checkpoint=... [key=value ...]`."""

import gc
import os
import socket
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from ipaddress import ip_address
from typing import TYPE_CHECKING

from textcnn.cli import CHECKPOINT_MISSING, program
from textcnn.config.serving import ServeConfig
from textcnn.errors import InputError
from textcnn.system.interrupts import end_start

if TYPE_CHECKING:
    from textcnn.serving.served import Served

PACKAGES = ("httptools", "prometheus_client", "pydantic", "starlette", "uvicorn")
THIS_COMPUTER = ("localhost", "127.0.0.1", "[::1]")  # as the header Host spells it
# Seconds for which one thread may keep others from running Python code: a request that arrives
# should not wait for a batch.
SWITCH_INTERVAL = 0.0005


@program("serve")
def main(config: ServeConfig) -> None:
    if not config.checkpoints:
        raise InputError(CHECKPOINT_MISSING)
    if any(find_spec(package) is None for package in PACKAGES):
        raise InputError("serve needs the extra serve: pip install 'textcnn[serve]'")

    # NumPy reads it when it is imported; more threads would wait for each other in small operations
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    # Imported here, after the checks: importing torch takes seconds.
    import torch

    from textcnn.serving.server import bind

    with bind(config.host, config.port) as bound:  # before models are loaded, which takes longer
        end_start()
        torch.set_num_threads(1)
        count = answer(config, load(config), bound)
    print(f"stopped after {count:,} requests", flush=True)


def answer(config: ServeConfig, models: list["Served"], bound: socket.socket) -> int:
    """Answer requests until a signal, and return their number."""
    from textcnn.serving.app import Answers, build_app
    from textcnn.serving.limits import Limits
    from textcnn.serving.metrics import Metrics
    from textcnn.serving.server import run

    limits = Limits(
        max_body=config.max_body * 2**20,
        max_texts=config.max_texts,
        max_characters=config.max_characters,
        timeout=config.timeout,
        max_queue=config.max_queue,
    )
    metrics = Metrics()
    with one_thread() as predicting, one_thread() as explaining:
        answers = Answers(
            models,
            limits,
            metrics,
            predicting=predicting,
            explaining=explaining,
            batch_size=config.batch_size,
            batch_wait=config.batch_wait / 1000,
        )
        app = build_app(answers, metrics, limits, known_hosts(config))
        sys.setswitchinterval(SWITCH_INTERVAL)
        gc.collect()
        gc.freeze()  # the garbage collector would look through the models again and again
        port = bound.getsockname()[1]
        names = [f"{each.name} ({len(each.classifier.labels):,} classes)" for each in models]
        return run(app, bound, config.timeout, lambda: say_started(config.host, port, names))


def load(config: ServeConfig) -> list["Served"]:
    """The models, ready to answer.

    Raises:
        InputError: as `textcnn.load`.
    """
    from textcnn.inference import load
    from textcnn.serving.served import Served, names_of, runtime_of

    models, names = [], names_of(config.checkpoints)
    for name, path in zip(names, config.checkpoints, strict=True):
        classifier = load(path, table_memory=config.table_memory, half=config.half)
        runtime = runtime_of(classifier, config.table_memory, config.half)
        models.append(Served(name, classifier, runtime))
        models[-1].warm()
    return models


def one_thread() -> ThreadPoolExecutor:
    """A thread that computes on one core."""
    import torch

    return ThreadPoolExecutor(1, initializer=torch.set_num_threads, initargs=(1,))


def is_loopback(host: str) -> bool:
    """Whether only this computer reaches an address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def known_hosts(config: ServeConfig) -> frozenset[str] | None:
    """The names that the header Host may hold; None: any."""
    if not is_loopback(config.host) and not config.hosts:
        return None
    own = f"[{config.host}]" if ":" in config.host else config.host
    return frozenset(name.lower() for name in (*THIS_COMPUTER, own, *config.hosts))


def say_started(host: str, port: int, names: Sequence[str]) -> None:
    """Print what is served where, and who can reach it."""
    shown = f"[{host}]" if ":" in host else host
    if is_loopback(host):
        reach = "only this computer can reach it; host=0.0.0.0 opens it to the network"
    else:
        reach = "everyone in the network who reaches it can use it: there is no password"
    print(f"serving {', '.join(names)} at http://{shown}:{port}", flush=True)
    print(f"{reach}. Ctrl-C stops it", flush=True)


if __name__ == "__main__":
    main()
