"""One process at a time in a run directory, and readers that don't mind a writer."""

import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tiny_data import assert_same_run, error_line, refusal, resume, run, train

import textcnn
from textcnn import checkpoint
from textcnn.checkpoint import find_checkpoint, load_checkpoint, save_checkpoint
from textcnn.system.lock import HELD, lock_directory, release_lock, release_locks

pytest_plugins = ("tiny_run",)

# Locks the directory argv[1], says so, and lives until its input ends.
HOLDER = """
import sys
from pathlib import Path
from textcnn.system.lock import lock_directory

lock_directory(Path(sys.argv[1]))
print("locked", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def holding() -> Iterator[Callable[[Path], "subprocess.Popen[str]"]]:
    """Start a process that holds the lock of a directory."""
    started = []

    def hold(directory: Path) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(directory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        return process

    yield hold
    for process in started:
        process.kill()
        process.communicate()
    release_locks()


Holding = Callable[[Path], "subprocess.Popen[str]"]


def test_a_second_process_is_refused_until_the_first_is_killed(
    copied_run: Path,
    tiny_csv: Path,
    tiny_run: Path,
    holding: Holding,
    capfd: pytest.CaptureFixture[str],
) -> None:
    process = holding(copied_run)
    reason = (
        f"run_dir={copied_run} is in use by another process; wait until it ends, or give another "
        "run_dir"
    )
    assert resume(copied_run) == 2
    assert error_line(capfd) == reason
    assert train(tiny_csv, copied_run, "overwrite=true") == 2
    assert error_line(capfd) == reason
    assert run("illustrate", "study=order", f"run_dir={copied_run}", "overwrite=true") == 2
    assert error_line(capfd) == reason
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert resume(copied_run) == 0
    assert_same_run(copied_run, tiny_run)
    assert HELD == {}


def test_a_run_that_is_used_can_be_read(copied_run: Path, holding: Holding) -> None:
    holding(copied_run)
    assert textcnn.load(copied_run).predict(["goal"])


def test_a_process_may_lock_a_directory_again_also_a_new_one_of_that_name(tmp_path: Path) -> None:
    directory = tmp_path / "run"
    directory.mkdir()
    lock_directory(directory)
    lock_directory(directory)
    shutil.rmtree(directory)
    directory.mkdir()
    lock_directory(directory)
    assert len(HELD) == 1
    release_lock(tmp_path)
    assert HELD == {}


def test_a_file_system_without_locks_locks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(descriptor: int, operation: int) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr("textcnn.system.lock.flock", none)
    lock_directory(tmp_path)
    assert HELD == {}


def test_only_the_first_process_of_torchrun_locks(
    copied_run: Path, holding: Holding, monkeypatch: pytest.MonkeyPatch
) -> None:
    holding(copied_run)
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setattr("textcnn.training.runs.train", lambda *_: None)
    assert resume(copied_run) == 0


def test_a_checkpoint_that_is_replaced_while_it_is_read_is_read_again(
    copied_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    best = copied_run / "best"
    stored = load_checkpoint(best)
    changed = checkpoint.Checkpoint(**{**vars(stored), "labels": ("a", "b", "c")})
    sha256, left = checkpoint.sha256, [1]

    def replaced_meanwhile(file: Path) -> str:
        if file.name == "vocabulary.json" and left:
            left.clear()
            save_checkpoint(best, changed)
        return sha256(file)

    monkeypatch.setattr(checkpoint, "sha256", replaced_meanwhile)
    assert load_checkpoint(best).labels == ("a", "b", "c")


def test_reading_a_checkpoint_while_it_is_written_again_and_again_never_fails(
    copied_run: Path,
) -> None:
    stored = load_checkpoint(copied_run / "best")
    ended = threading.Event()

    def write() -> None:
        while not ended.wait(0.02):
            save_checkpoint(copied_run / "best", stored)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(20):
            assert load_checkpoint(find_checkpoint(copied_run)).labels == stored.labels
    finally:
        ended.set()
        writer.join()


def test_a_checkpoint_moved_aside_is_read_where_its_successor_lies(copied_run: Path) -> None:
    best, old = copied_run / "best", copied_run / ".best.old"
    best.rename(old)
    assert find_checkpoint(copied_run) == old
    shutil.copytree(old, best)
    shutil.rmtree(old)
    assert load_checkpoint(old).labels == load_checkpoint(best).labels


def test_a_damaged_checkpoint_is_refused_at_once(copied_run: Path) -> None:
    (copied_run / "best" / "labels.json").write_text("[]")
    reason = refusal(lambda: load_checkpoint(copied_run / "best"))
    assert "labels.json is damaged" in reason
