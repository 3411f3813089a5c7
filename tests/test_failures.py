"""Disks that are full, read-only or gone: one line and exit code 2, and the run can be resumed."""

import errno
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from interrupted import at_step
from safetensors import SafetensorError
from tiny_data import assert_same_run, error_line, resume, run, train

from textcnn.system import atomic
from textcnn.system.failures import failing_as_os_error, naming, os_failure, out_of_memory
from textcnn.training.report import Outcome

pytest_plugins = ("tiny_run",)


def failing_at(number: int, code: int) -> Callable[[Path], None]:
    """A stand-in for `flush`: write number `number` fails."""
    calls = []

    def flush(path: Path) -> None:
        calls.append(path)
        if len(calls) == number:
            raise OSError(code, os.strerror(code))

    return flush


# The first checkpoint is six files, its JSON files twice. Then come those of the epochs, metrics.
@pytest.mark.parametrize("number", [12, 20, 25, 34, 43, 45])
def test_a_disk_that_is_full_at_any_write_ends_in_a_line_and_the_run_resumes(
    tiny_csv: Path,
    tiny_run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    number: int,
) -> None:
    run_dir = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(atomic, "flush", failing_at(number, errno.ENOSPC))
        assert train(tiny_csv, run_dir, "training.epochs=2") == 2
    line = error_line(capfd)
    assert ": No space left on device; free some space; to resume after that, run python -m" in line
    assert line.startswith(str(run_dir))
    assert ".tmp" not in line
    assert list(run_dir.rglob("*.tmp")) == []
    assert resume(run_dir, "training.epochs=6") == 0
    assert_same_run(run_dir, tiny_run)


def test_a_disk_that_is_full_before_the_first_checkpoint_ends_in_a_line(
    tiny_csv: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(atomic, "flush", failing_at(1, errno.EROFS))
    assert train(tiny_csv, tmp_path / "run") == 2
    assert error_line(capfd) == (
        f"{tmp_path / 'run' / 'last'}: Read-only file system; give a directory on another disk"
    )


@pytest.mark.parametrize("step", [5, 60])
def test_a_run_directory_that_vanishes_is_reported(
    tiny_csv: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    step: int,
) -> None:
    run_dir = tmp_path / "run"
    # renamed: while it is emptied, TensorBoard's thread may add a file
    at_step(monkeypatch, step, lambda: run_dir.rename(tmp_path / "elsewhere"))
    assert train(tiny_csv, run_dir, "training.epochs=6") == 2
    line = error_line(capfd)
    assert str(run_dir) in line
    assert "deleted" in line


def test_a_run_of_ngrams_whose_directory_vanishes_is_reported(
    tiny_csv: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    run_dir = tmp_path / "run"
    monkeypatch.setattr(Outcome, "report", lambda *_: shutil.rmtree(run_dir))
    keys = ("data=files", f"data.train={tiny_csv}", f"run_dir={run_dir}", "model=ngrams")
    assert run("train", *keys) == 2
    assert error_line(capfd) == (
        f"{run_dir / 'metrics.json'} was deleted while the run was going on; train again with "
        "another run_dir"
    )


def test_ctrl_c_on_a_full_disk_is_reported(
    tiny_csv: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def interrupt() -> None:
        monkeypatch.setattr(atomic, "flush", failing_at(1, errno.ENOSPC))
        signal.raise_signal(signal.SIGINT)

    at_step(monkeypatch, 12, interrupt)
    assert train(tiny_csv, tmp_path / "run") == 2
    assert "No space left on device" in error_line(capfd)


LONG = "x" * 300


@pytest.mark.parametrize(
    ("program", "keys", "reason"),
    [
        ("train", ("data=files", "data.train={csv}", f"run_dir={{tmp}}/{LONG}"), "name too long"),
        ("train", ("data=files", f"data.train={LONG}.csv"), LONG[:20]),
        ("train", (f"resume={LONG}",), "name too long"),
        ("evaluate", (f"checkpoint={LONG}",), "name too long"),
        ("evaluate", ("checkpoint={run}", f"run_dir={{tmp}}/{LONG}"), "name too long"),
        ("evaluate", ("checkpoint={run}", "run_dir={tmp}/blocked"), "evaluation.json"),
        ("predict", ("checkpoint={run}", f"input={LONG}"), "name too long"),
        ("predict", ("checkpoint={run}", "input={csv}", f"output={{tmp}}/{LONG}"), "name too long"),
        ("predict", ("checkpoint={run}", "input={csv}", "output=/dev/full"), "No space left"),
        ("describe", ("data=files", "data.train={csv}", "output={tmp}"), "Is a directory"),
        ("describe", ("data=files", "data.train={csv}", "output={tmp}/no/x"), "No such file"),
        ("describe", ("data=files", "data.train={csv}", f"output={{tmp}}/{LONG}"), "name too long"),
        ("illustrate", ("study=order", f"run_dir={{tmp}}/{LONG}"), "name too long"),
        ("illustrate", (f"resume={LONG}",), "name too long"),
    ],
)
def test_a_path_that_cannot_be_used_ends_in_a_line_in_every_program(
    tiny_run: Path,
    tiny_csv: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    program: str,
    keys: tuple[str, ...],
    reason: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "blocked" / "evaluation.json").mkdir(parents=True)
    filled = [key.format(csv=tiny_csv, run=tiny_run, tmp=tmp_path) for key in keys]
    assert run(program, *filled) == 2
    line = error_line(capfd)
    assert reason in line
    assert len(line) <= 500


def test_a_failure_names_file_reason_and_advice() -> None:
    assert os_failure(OSError(errno.ENOSPC, "No space left on device", "run/last")) == (
        "run/last: No space left on device; free some space"
    )
    assert os_failure(OSError("cannot map file")) == "cannot map file"
    assert os_failure(OSError(errno.EBADF, "Bad file descriptor", 7)) == "Bad file descriptor"
    assert os_failure(OSError()) == "OSError"


def test_a_temporary_file_is_named_by_its_target(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as raised, naming(tmp_path / "metrics.json"):
        (tmp_path / "gone" / ".metrics.json.7.tmp").write_text("")
    assert raised.value.filename == str(tmp_path / "metrics.json")


def test_errors_of_libraries_become_those_of_the_system(tmp_path: Path) -> None:
    with (
        pytest.raises(OSError, match="space") as raised,
        failing_as_os_error(tmp_path, SafetensorError),
    ):
        raise SafetensorError("I/O error: No space left on device (os error 28)")
    assert raised.value.errno == errno.ENOSPC
    with (
        pytest.raises(OSError, match="output error") as raised,
        failing_as_os_error(tmp_path, RuntimeError),
    ):
        raise RuntimeError("PytorchStreamWriter failed writing file data/1: file write failed")
    assert raised.value.errno == errno.EIO


def test_a_lack_of_memory_is_told_from_bugs() -> None:
    error = RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried 9 bytes")
    assert "the memory is not enough" in (out_of_memory(error) or "")
    assert "the memory is not enough" in (out_of_memory(MemoryError()) or "")
    assert out_of_memory(RuntimeError("shapes don't fit")) is None
