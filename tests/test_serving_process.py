"""The server as a process: sockets, signals, and the lines that it prints."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest
from tiny_data import error_line, run

from textcnn.config.serving import ServeConfig
from textcnn.serve import known_hosts, say_started
from textcnn.serving.connection import MOST_HEAD
from textcnn.serving.served import names_of
from textcnn.serving.server import bind

pytest_plugins = ("tiny_run",)

TIMEOUT = 1.5  # seconds, of the server
BODY = b'{"text": "goal match"}'


class Running(NamedTuple):
    process: subprocess.Popen[str]
    port: int
    said: list[str]

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)


@pytest.fixture(scope="module")
def server(tiny_run: Path) -> Iterator[Running]:
    command = (sys.executable, "-m", "textcnn.serve", f"checkpoint={tiny_run}", "port=0")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(
        (*command, f"timeout={TIMEOUT}"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
    ) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(2)]
        try:
            yield Running(process, int(said[0].rpartition(":")[2]), said)
        finally:
            process.kill()


def head(length: int = len(BODY), *more: bytes, path: bytes = b"/predict") -> bytes:
    lines = [b"POST %b HTTP/1.1" % path, b"Host: localhost", b"Content-Type: application/json"]
    return b"\r\n".join([*lines, b"Content-Length: %d" % length, *more, b"\r\n"])


def answer(connection: socket.socket) -> tuple[int, bytes]:
    """The status and the body of the next answer."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += (part := connection.recv(2**16))
        assert part, "the connection was closed"
    start, _, body = received.partition(b"\r\n\r\n")
    (length,) = re.findall(rb"content-length: (\d+)", start)
    while len(body) < int(length):
        body += connection.recv(2**16)
    return int(start.split()[1]), body


def works(server: Running) -> bool:
    with server.connect() as connection:
        connection.sendall(head() + BODY)
        return answer(connection)[0] == 200


def test_the_start_says_where_and_who_can_reach_it(server: Running) -> None:
    first, second = server.said
    assert re.fullmatch(r"serving run \(3 classes\) at http://127\.0\.0\.1:\d+\n", first)
    assert "only this computer can reach it; host=0.0.0.0 opens it" in second
    assert works(server)


def test_a_connection_takes_several_requests(server: Running) -> None:
    with server.connect() as connection:
        for _ in range(3):
            connection.sendall(head() + BODY)
            assert answer(connection)[0] == 200
        connection.sendall(2 * (head(path=b"/explain") + BODY))  # the second before an answer
        assert [answer(connection)[0] for _ in range(2)] == [200, 200]


def test_slow_clients_get_an_answer_or_a_closed_connection(server: Running) -> None:
    sent = {
        "nothing": b"",
        "half a head": head()[:40],
        "half a body": head() + BODY[:5],
        "half a chunk": head()[: -len(b"Content-Length: 22\r\n\r\n")]
        + b"Transfer-Encoding: chunked\r\n\r\n20\r\n{",
    }
    connections = {name: server.connect() for name in sent}
    for name, connection in connections.items():
        connection.sendall(sent[name])
    found = {}
    for name, connection in connections.items():
        with closing(connection):
            found[name] = b"".join(iter(partial(connection.recv, 2**16), b""))
    assert found.pop("nothing") == b""
    for name, received in found.items():
        assert received.startswith(b"HTTP/1.1 408 "), name
        assert b"a request takes at most 1.5 s, got only a part of" in received
    assert works(server)


def test_a_large_body_gets_its_answer_while_it_is_sent(server: Running) -> None:
    with server.connect() as connection:
        connection.sendall(head(10**8))
        status, body = answer(connection)
        assert status == 413
        assert b"got 100000000 bytes" in body
    with server.connect() as connection:
        connection.sendall(head(5 * 2**20) + b" " * 5 * 2**20)
        assert answer(connection)[0] == 413
        assert connection.recv(10) == b""
    assert works(server)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01 TLS\r\n\r\n", 400),
        (b"GET / HTTP/9.9\r\n\r\n", 400),
        (head()[:-2] + b"x: " + b"y" * MOST_HEAD * 2, 431),
        (head().replace(b"Content-Length: 22", b"Content-Length: -1") + BODY, 400),
        (b"GET /health HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
        (b"PUT /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nx", 405),
    ],
)
def test_what_is_no_request_gets_a_reason(server: Running, sent: bytes, status: int) -> None:
    with server.connect() as connection:
        connection.sendall(sent)
        found, body = answer(connection)
    assert found == status
    assert json.loads(body)["error"]
    assert works(server)


def test_a_client_that_disappears_does_no_harm(server: Running) -> None:
    for part in (head() + BODY, head() + BODY[:4], head()[:9]):
        connection = server.connect()
        # an end without a farewell
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.sendall(part)
        connection.close()
    assert works(server)


def test_a_port_in_use_is_one_line(
    server: Running, tiny_run: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("serve", f"checkpoint={tiny_run}", f"port={server.port}") == 2
    line = error_line(capfd)
    assert f"port {server.port} of 127.0.0.1 is in use" in line
    assert "try port=0" in line


def test_sigterm_answers_what_was_accepted_and_refuses_more(server: Running) -> None:
    """The last test, since it stops the server."""
    with server.connect() as busy, server.connect() as idle:
        busy.sendall(head() + BODY[:5])
        idle.sendall(head() + BODY)
        assert answer(idle)[0] == 200
        server.process.send_signal(signal.SIGTERM)
        assert idle.recv(10) == b""  # closed
        with pytest.raises(ConnectionRefusedError):
            server.connect()
        busy.sendall(BODY[5:])
        assert answer(busy)[0] == 200
    rest, _ = server.process.communicate(timeout=20)
    assert server.process.returncode == 0
    assert re.fullmatch(r"stopped after \d+ requests\n", rest)


def test_addresses_that_can_not_be_used_are_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    for given, said in (
        ("host=nowhere.invalid", "host takes an address or a name of this computer"),
        ("host=192.0.2.1", "host takes an address of this computer, got 192.0.2.1"),
        ("port=70000", "port takes a whole number, at least 0, at most 65535, got 70000"),
        ("batch_wait=1000 timeout=0.5", "batch_wait=1000 ms must be shorter than the timeout"),
    ):
        assert run("serve", "checkpoint=nowhere", *given.split()) == 2
        assert said in error_line(capfd)
    assert run("serve", "checkpoint=nowhere", "port=0") == 2
    assert "nowhere" in error_line(capfd)
    assert run("serve") == 2
    assert "checkpoint is missing" in error_line(capfd)


def test_a_missing_extra_is_one_line(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("textcnn.serve.find_spec", lambda name: None)
    assert run("serve", "checkpoint=nowhere") == 2
    assert "pip install 'textcnn[serve]'" in error_line(capfd)


def test_names_are_the_ends_of_paths_that_tell_checkpoints_apart() -> None:
    assert names_of(["outputs/news"]) == ["news"]
    assert names_of(["x/news/", "x/mail", "y/news"]) == ["x/news", "mail", "y/news"]
    assert names_of(["x/news/best", "x/news/last"]) == ["news/best", "news/last"]
    assert names_of(["a/news", "a/news/best"]) == ["news", "news/best"]
    with pytest.raises(ValueError, match="lists x/ twice"):
        names_of(["x/", "x"])


def test_only_names_of_this_computer_are_known_on_loopback() -> None:
    local = known_hosts(ServeConfig(host="127.0.0.5"))
    assert local == frozenset({"localhost", "127.0.0.1", "[::1]", "127.0.0.5"})
    assert known_hosts(ServeConfig(host="0.0.0.0")) is None
    named = known_hosts(ServeConfig(host="0.0.0.0", hosts=["News.example"]))
    assert named is not None
    assert "news.example" in named


def test_a_server_for_the_network_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    say_started("::", 80, ["news (5 classes)"])
    said = capsys.readouterr().out
    assert "serving news (5 classes) at http://[::]:80\n" in said
    assert "everyone in the network" in said


def test_a_free_port_is_bound_before_models_are_loaded() -> None:
    with closing(bind("127.0.0.1", 0)) as bound:
        assert bound.getsockname()[1] > 0
