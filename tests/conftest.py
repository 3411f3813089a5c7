"""Shared fixtures. No test asks a network, or writes where the user's caches are."""

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import settings

# `datasets` reads these once, when it is imported; the programs that tests start inherit them.
assert "datasets" not in sys.modules
CACHE = tempfile.mkdtemp(prefix="textcnn-tests-")
atexit.register(shutil.rmtree, CACHE, ignore_errors=True)
os.environ["HF_HOME"] = CACHE
os.environ["HF_DATASETS_CACHE"] = f"{CACHE}/datasets"
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_DATASETS_DISABLE_PROGRESS_BARS"] = "1"

# The machine may be busy, so no deadline.
settings.register_profile("textcnn", deadline=None, max_examples=50)
settings.load_profile("textcnn")


@pytest.fixture(autouse=True)
def _no_report(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs in this process write no page, which would cost every test half a second."""
    if request.node.get_closest_marker("reports") is None:
        monkeypatch.setattr("textcnn.training.finishing.judged", lambda *arguments: None)


Write = Callable[[str, str | bytes | pa.Table], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file below `tmp_path`, a table as Parquet, and return its path."""

    def write_file(name: str, content: str | bytes | pa.Table) -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, pa.Table):
            pq.write_table(content, path)
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    return write_file
