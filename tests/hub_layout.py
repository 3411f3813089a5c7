"""Data sets in the Hub's layout, in a directory and behind a server on this machine."""

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import yaml
from datasets import ClassLabel, Dataset, Features, Value

COMMIT = "a" * 40
Columns = dict[str, list[Any]]


def class_label(*names: str) -> Features:
    return Features({"text": Value("string"), "label": ClassLabel(names=list(names))})


def write_parquet(
    directory: Path, splits: dict[str, Columns], features: Features | None = None
) -> str:
    """A data set as most of the Hub's are: Parquet in data/, and a README.md that lists it."""
    (directory / "data").mkdir(parents=True)
    for split, columns in splits.items():
        file = directory / "data" / f"{split}-00000-of-00001.parquet"
        Dataset.from_dict(columns, features=features).to_parquet(file)
    files = [{"split": split, "path": f"data/{split}-*"} for split in splits]
    write_card(directory, [{"config_name": "default", "data_files": files}])
    return str(directory)


def write_card(directory: Path, configs: list[dict[str, Any]]) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "README.md").write_text(f"---\n{yaml.safe_dump({'configs': configs})}---\n")


@contextmanager
def serve(repositories: dict[str, dict[str, bytes]]) -> Iterator[str]:
    """A Hub with these files: what `datasets` asks of one. Yields its address."""

    class Hub(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, headers, content = respond(repositories, unquote(self.path), body)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_HEAD = do_POST = answer  # noqa: N815

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def respond(
    repositories: dict[str, dict[str, bytes]], path: str, body: bytes
) -> tuple[int, dict[str, str], bytes]:
    match = re.match(r"/(?:api/)?datasets/([^/]+/[^/]+)/(\w[\w-]*)/([^/?]+)/?([^?]*)", path)
    if match is None:
        return 404, {}, b""
    repository, verb, revision, name = match.groups()
    files = repositories.get(repository)
    if files is None:
        return 401, {"X-Error-Code": "RepoNotFound"}, b"{}"
    if revision not in {"main", COMMIT}:
        return 404, {"X-Error-Code": "RevisionNotFound"}, b""
    listed = [
        {"type": "file", "path": file, "size": len(content), "oid": sha1(content)}
        for file, content in files.items()
    ]
    if verb == "resolve" and name in files:
        headers = {"ETag": f'"{sha1(files[name])}"', "X-Repo-Commit": COMMIT}
        return 200, headers, files[name]
    if verb == "resolve":
        return 404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT}, b""
    if verb == "revision":
        siblings = [{"rfilename": file} for file in files]
        return 200, {}, json.dumps({"id": repository, "sha": COMMIT, "siblings": siblings}).encode()
    if verb == "paths-info":
        asked = json.loads(body)["paths"] if body.startswith(b"{") else unquote(body.decode())
        listed = [entry for entry in listed if str(entry["path"]) in asked]
    commit = {"id": COMMIT, "title": "", "date": "2024-01-01T00:00:00.000Z"}
    return 200, {}, json.dumps([entry | {"lastCommit": commit} for entry in listed]).encode()


def sha1(content: bytes) -> str:
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()
