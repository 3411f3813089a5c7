"""A Hub on this machine: what huggingface_hub asks of one to upload and download a model."""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

import pytest

TOKEN = "hf_a-token-that-nobody-may-see"
OWNER = "me"
Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Repository:
    private: bool = False
    library: str | None = None  # that the card names
    # by branch, its commits; each holds files by name, and has a message
    branches: dict[str, list[tuple[str, dict[str, bytes]]]] = field(
        default_factory=lambda: {"main": [("initial commit", {".gitattributes": b""})]}
    )

    @property
    def files(self) -> dict[str, bytes]:
        return self.branches["main"][-1][1]

    @property
    def messages(self) -> list[str]:
        return [message for message, _ in self.branches["main"]]

    def find(self, revision: str) -> tuple[str, dict[str, bytes]] | None:
        """The commit and its files of a branch or commit."""
        for branch, commits in self.branches.items():
            for number, (_, files) in enumerate(commits):
                commit = hashlib.sha1(f"{branch} {number}".encode()).hexdigest()
                if revision == commit or (branch == revision and number == len(commits) - 1):
                    return commit, files
        return None


@dataclass
class Hub:
    """Its repositories, and what it was asked."""

    repositories: dict[str, Repository] = field(default_factory=dict)
    large: dict[str, bytes] = field(default_factory=dict)  # by SHA-256
    asked: list[str] = field(default_factory=list)  # method and path of each request
    failing: dict[str, Answer] = field(default_factory=dict)  # by a pattern of method and path
    address: str = ""

    def respond(self, method: str, path: str, token: str, body: bytes) -> Answer:
        path = unquote(path.partition("?")[0])
        self.asked.append(f"{method} {path}")
        for pattern, answer in self.failing.items():
            if re.search(pattern, self.asked[-1]):
                return answer
        if path == "/api/validate-yaml":
            return as_json({"errors": [], "warnings": []})
        if path == "/api/repos/create":
            return self.create(json.loads(body))
        if match := re.fullmatch(r"/large/(\w+)", path):
            self.large[match[1]] = body
            return 200, {}, b""
        match = re.match(r"/(?:api/models/)?([^/]+/[^/]+?)(?:\.git)?(?:/|$)(.*)", path)
        repository = self.repositories.get(match[1]) if match else None
        if match is None or repository is None or (repository.private and not token):
            return 401, {"X-Error-Code": "RepoNotFound"}, b"{}"
        return self.about(repository, match[1], match[2], body)

    def create(self, given: dict[str, Any]) -> Answer:
        name = f"{given.get('organization') or OWNER}/{given['name']}"
        if name in self.repositories:
            return 409, {}, as_json({"url": f"{self.address}/{name}"})[2]
        if not name.startswith(f"{OWNER}/"):
            return 403, {}, b"{}"
        private = given.get("visibility") == "private" or bool(given.get("private"))
        self.repositories[name] = Repository(private)
        return as_json({"url": f"{self.address}/{name}"})

    def about(self, repository: Repository, name: str, rest: str, body: bytes) -> Answer:
        verb, _, rest = rest.partition("/")
        if verb == "branch":
            repository.branches.setdefault(rest, repository.branches["main"][:1])
            return as_json({})
        if verb == "info":  # the batch interface of Git LFS
            return as_json({"objects": [*map(self.upload_action, json.loads(body)["objects"])]})
        revision, _, file = rest.partition("/")
        found = repository.find(revision or "main")
        if found is None:
            return 404, {"X-Error-Code": "RevisionNotFound"}, b"{}"
        commit, files = found
        if verb == "preupload":
            return as_json({"files": [*map(upload_mode, json.loads(body)["files"])]})
        if verb == "commit":
            return self.commit(repository, name, revision, body)
        if verb == "tree":
            return as_json([entry(path, content) for path, content in files.items()])
        if verb == "resolve":
            if file not in files:
                return 404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": commit}, b""
            etag = f'"{hashlib.sha1(files[file]).hexdigest()}"'
            return 200, {"ETag": etag, "X-Repo-Commit": commit}, files[file]
        card = {"library_name": repository.library} if repository.library else {}
        siblings = [{"rfilename": path} for path in files]
        about = {"id": name, "sha": commit, "private": repository.private, "siblings": siblings}
        return as_json(about | card)

    def upload_action(self, wanted: dict[str, Any]) -> dict[str, Any]:
        href = f"{self.address}/large/{wanted['oid']}"
        return {**wanted, "actions": {"upload": {"href": href}}}

    def commit(self, repository: Repository, name: str, branch: str, body: bytes) -> Answer:
        commits = repository.branches[branch]
        files, message = dict(commits[-1][1]), ""
        for line in body.splitlines():
            kind, value = (json.loads(line)[each] for each in ("key", "value"))
            if kind == "header":
                message = value["summary"]
            elif kind == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif kind == "lfsFile":
                files[value["path"]] = self.large[value["oid"]]
            elif kind == "deletedFile":
                del files[value["path"]]
        repository.branches[branch] = [*commits, (message, files)]
        found = repository.find(branch)
        assert found is not None
        url = f"{self.address}/{name}/commit/{found[0]}"
        return as_json({"success": True, "commitOid": found[0], "commitUrl": url})


def as_json(value: Any) -> Answer:
    return 200, {"Content-Type": "application/json"}, json.dumps(value).encode()


def upload_mode(file: dict[str, Any]) -> dict[str, Any]:
    large = file["path"].endswith(".safetensors")
    mode = "lfs" if large else "regular"
    return {"path": file["path"], "uploadMode": mode, "shouldIgnore": False}


def entry(path: str, content: bytes) -> dict[str, Any]:
    oid = hashlib.sha1(content).hexdigest()
    return {"type": "file", "path": path, "size": len(content), "oid": oid}


@contextmanager
def serve() -> Iterator[Hub]:
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # headers and content are two small packets

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def received(self) -> Iterator[bytes]:
            if self.headers.get("Transfer-Encoding") != "chunked":
                yield self.rfile.read(int(self.headers.get("Content-Length", 0)))
                return
            while size := int(self.rfile.readline(), 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()

        def answer(self) -> None:
            body = b"".join(self.received())
            token = self.headers.get("Authorization", "")
            status, headers, content = hub.respond(self.command, self.path, token, body)
            self.send_response(status)
            # a length that is given is a lie: the connection breaks off
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)
            self.close_connection = "Content-Length" in headers

        do_GET = do_HEAD = do_POST = do_PUT = answer  # noqa: N815

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


def use(patch: pytest.MonkeyPatch, address: str, cache: str) -> None:
    """Let huggingface_hub ask this Hub, as HF_ENDPOINT does when it is imported."""
    names: dict[str, Any] = {
        "ENDPOINT": address,
        "HUGGINGFACE_CO_URL_TEMPLATE": address + "/{repo_id}/resolve/{revision}/{filename}",
        "HF_HUB_CACHE": cache,
        "HF_HUB_OFFLINE": False,
        "HF_HUB_DISABLE_XET": True,  # a protocol of its own, which hf_xet speaks
    }
    for name, value in names.items():
        patch.setattr(f"huggingface_hub.constants.{name}", value)
    patch.setenv("HF_TOKEN", TOKEN)
