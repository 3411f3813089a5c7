"""How many cores there are to use."""

import os
from pathlib import Path

import pytest
import torch

from textcnn import cores
from textcnn.cores import available_cores, use_available_cores


@pytest.fixture
def quota(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which a container's quota stands; four cores without one."""
    monkeypatch.setattr(cores, "QUOTA", tmp_path / "cpu.max")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)
    return tmp_path / "cpu.max"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("max 100000", 4),
        ("200000 100000", 2),
        ("150000 100000", 2),
        ("10000 100000", 1),
        ("900000 100000", 4),
        ("", 4),
    ],
)
def test_a_quota_limits_the_cores(quota: Path, content: str, expected: int) -> None:
    quota.write_text(content)
    assert available_cores() == expected


def test_without_a_quota_cores_are_those_of_the_process(quota: Path) -> None:
    assert available_cores() == 4


def test_cores_of_this_machine() -> None:
    assert 1 <= available_cores() <= (os.cpu_count() or 1)


def test_torch_gets_no_more_threads_than_cores(
    quota: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[int] = []
    monkeypatch.setattr(torch, "get_num_threads", lambda: 8)
    monkeypatch.setattr(torch, "set_num_threads", given.append)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    use_available_cores()
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    use_available_cores()
    assert given == [4]
