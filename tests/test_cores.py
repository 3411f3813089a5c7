"""Cores that a container may use, from the files in which the kernel says so."""

import os
from pathlib import Path

import pytest

from textcnn.system.cores import available_cores, bound_cores, cpu_quota, prepare_threads


def version_1(folder: Path, quota: str, period: str) -> None:
    (folder / "cpu").mkdir()
    (folder / "cpu" / "cpu.cfs_quota_us").write_text(f"{quota}\n", encoding="utf-8")
    (folder / "cpu" / "cpu.cfs_period_us").write_text(f"{period}\n", encoding="utf-8")


def test_this_process_may_use_at_least_one_core_and_no_more_than_there_are() -> None:
    assert 1 <= available_cores() <= bound_cores() <= (os.cpu_count() or 1)


@pytest.mark.parametrize(
    ("content", "quota"),
    [("150000 100000\n", 1.5), ("max 100000\n", None), ("", None), ("1 0\n", None)],
)
def test_the_share_of_a_container_is_its_limit_per_period(
    tmp_path: Path, content: str, quota: float | None
) -> None:
    (tmp_path / "cpu.max").write_text(content, encoding="utf-8")
    assert cpu_quota(tmp_path) == quota


@pytest.mark.parametrize(("stated", "quota"), [("250000", 2.5), ("-1", None)])
def test_older_kernels_say_it_in_two_files(
    tmp_path: Path, stated: str, quota: float | None
) -> None:
    version_1(tmp_path, stated, "100000")
    assert cpu_quota(tmp_path) == quota


def test_without_these_files_there_is_no_limit(tmp_path: Path) -> None:
    assert cpu_quota(tmp_path / "none") is None


@pytest.mark.parametrize(("limit", "expected"), [("150000", 2), ("5000", 1), ("900000", 4)])
def test_available_cores_are_limited_by_the_quota(
    tmp_path: Path, limit: str, expected: int
) -> None:
    (tmp_path / "cpu.max").write_text(f"{limit} 100000", encoding="utf-8")
    assert available_cores(tmp_path, bound=4) == expected


def test_threads_are_limited_by_the_quota_unless_the_environment_sets_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    prepare_threads(tmp_path, bound=64)
    assert "OMP_NUM_THREADS" not in os.environ
    (tmp_path / "cpu.max").write_text("200000 100000", encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "3")
        prepare_threads(tmp_path, bound=64)
        assert os.environ["OMP_NUM_THREADS"] == "3"
    monkeypatch.setenv("OMP_NUM_THREADS", "")  # so that it is put back
    monkeypatch.delenv("OMP_NUM_THREADS")
    prepare_threads(tmp_path, bound=64)
    assert os.environ["OMP_NUM_THREADS"] == "2"


def test_threads_wait_briefly_unless_the_environment_says_how_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY"):
        monkeypatch.setenv(name, "")  # so that it is put back
        monkeypatch.delenv(name)
    prepare_threads(tmp_path, bound=2)
    assert os.environ["GOMP_SPINCOUNT"] == "1000"
    monkeypatch.setenv("GOMP_SPINCOUNT", "infinite")
    prepare_threads(tmp_path, bound=2)
    assert os.environ["GOMP_SPINCOUNT"] == "infinite"
    monkeypatch.delenv("GOMP_SPINCOUNT")
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    prepare_threads(tmp_path, bound=2)
    assert "GOMP_SPINCOUNT" not in os.environ
