"""Files and directories appear whole or not at all, whatever happens on the way."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from textcnn.system.atomic import existing, new_directory, new_file, write_json

# Replaces the directory argv[1], and is killed in the move number argv[2].
KILLED = """
import os, sys
from pathlib import Path
from textcnn.system.atomic import new_directory

rename, calls = Path.rename, []

def killed(self, target):
    calls.append(target)
    if len(calls) == int(sys.argv[2]):
        os._exit(9)
    return rename(self, target)

Path.rename = killed
with new_directory(Path(sys.argv[1])) as temporary:
    (temporary / "weights").write_text("new")
"""


def put(path: Path, content: str) -> None:
    with new_directory(path) as temporary:
        (temporary / "weights").write_text(content)


def replace_and_be_killed(path: Path, move: int) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(path), str(move)], check=False)
    assert done.returncode == 9


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_a_file_appears_only_when_all_is_written(tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    with new_file(path) as temporary:
        temporary.write_text("half")
        assert not path.exists()
        temporary.write_text("whole")
    assert path.read_text() == "whole"
    assert names(tmp_path) == ["labels.jsonl"]


def test_a_file_replaces_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "metrics.json"
    write_json(path, {"accuracy": 0.5})
    write_json(path, {"accuracy": 0.75, "labels": ["è"]})
    assert json.loads(path.read_text(encoding="utf-8")) == {"accuracy": 0.75, "labels": ["è"]}
    assert names(tmp_path) == ["metrics.json"]


def test_what_a_killed_program_left_of_the_same_file_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "table.arrow"
    killed = (
        "import os, sys; from pathlib import Path; from textcnn.system.atomic import new_file\n"
        "with new_file(Path(sys.argv[1])) as file: file.write_text('half'); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", killed, str(path)], check=False)
    (left_over,) = tmp_path.iterdir()
    (tmp_path / left_over.name.replace("table", "other")).touch()
    write_json(path, 1)
    assert names(tmp_path) == [left_over.name.replace("table", "other"), "table.arrow"]


def test_what_another_start_is_writing_stays_for_a_day(tmp_path: Path) -> None:
    path = tmp_path / "table.arrow"
    running = tmp_path / f".table.arrow.{os.getppid()}.tmp"
    no_process = tmp_path / ".table.arrow.words.tmp"
    running.touch()
    no_process.touch()
    write_json(path, 1)
    assert running.exists()
    os.utime(running, (0, time.time() - 25 * 60 * 60))
    write_json(path, 1)
    assert names(tmp_path) == [no_process.name, "table.arrow"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_exception_leaves_the_old_file_and_no_litter(
    tmp_path: Path, error: type[BaseException]
) -> None:
    path = tmp_path / "metrics.json"
    path.write_text("old")

    def write_half() -> None:
        with new_file(path) as temporary:
            temporary.write_text("ne")
            raise error

    with pytest.raises(error):
        write_half()
    assert path.read_text() == "old"
    assert names(tmp_path) == ["metrics.json"]


def test_numbers_without_a_word_in_json_become_null(tmp_path: Path) -> None:
    path = tmp_path / "metrics.json"
    write_json(path, {"losses": (1.5, float("nan")), "best": {"value": float("-inf")}, "epoch": 3})
    assert json.loads(path.read_text()) == {
        "losses": [1.5, None],
        "best": {"value": None},
        "epoch": 3,
    }


def test_what_is_no_json_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "metrics.json"
    write_json(path, 1)
    with pytest.raises(TypeError):
        write_json(path, {"path": path})
    assert json.loads(path.read_text()) == 1
    assert names(tmp_path) == ["metrics.json"]


def test_a_directory_appears_only_when_all_is_written(tmp_path: Path) -> None:
    path = tmp_path / "best"
    with new_directory(path) as temporary:
        (temporary / "weights").write_text("new")
        assert not path.exists()
    assert (path / "weights").read_text() == "new"
    assert names(tmp_path) == ["best"]


def test_a_directory_replaces_all_of_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "best"
    path.mkdir()
    (path / "weights").write_text("old")
    (path / "stale").write_text("old")
    put(path, "new")
    assert names(path) == ["weights"]
    assert (path / "weights").read_text() == "new"
    assert names(tmp_path) == ["best"]


def test_others_may_read_a_directory(tmp_path: Path) -> None:
    put(tmp_path / "best", "new")
    assert (tmp_path / "best").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_exception_leaves_the_old_directory_and_no_litter(
    tmp_path: Path, error: type[BaseException]
) -> None:
    path = tmp_path / "best"
    put(path, "old")

    def write_half() -> None:
        with new_directory(path) as temporary:
            (temporary / "weights").write_text("ne")
            raise error

    with pytest.raises(error):
        write_half()
    assert (path / "weights").read_text() == "old"
    assert names(tmp_path) == ["best"]


def test_a_failing_second_move_leaves_the_old_directory_findable_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "best"
    put(path, "old")
    rename = Path.rename

    def rename_the_old_one_only(self: Path, target: Path) -> Path:
        if target == path:
            raise OSError("no space left")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", rename_the_old_one_only)
    with pytest.raises(OSError, match="no space left"):
        put(path, "new")
    assert (existing(path) / "weights").read_text() == "old"
    assert names(tmp_path) == [existing(path).name]


def test_a_program_killed_before_the_moves_leaves_the_old_directory(tmp_path: Path) -> None:
    path = tmp_path / "best"
    put(path, "old")
    replace_and_be_killed(path, move=1)
    assert existing(path) == path
    assert (path / "weights").read_text() == "old"


def test_a_program_killed_between_the_moves_leaves_the_old_directory_findable(
    tmp_path: Path,
) -> None:
    path = tmp_path / "best"
    put(path, "old")
    replace_and_be_killed(path, move=2)
    assert not path.exists()
    assert (existing(path) / "weights").read_text() == "old"

    put(path, "newer")
    assert existing(path) == path
    assert (path / "weights").read_text() == "newer"
    assert ".best.old" not in names(tmp_path)


def test_a_directory_that_is_there_is_preferred_to_one_moved_aside(tmp_path: Path) -> None:
    path = tmp_path / "best"
    put(path, "old")
    replace_and_be_killed(path, move=2)
    path.mkdir()
    assert existing(path) == path


def test_a_directory_that_never_was_is_not_found_elsewhere(tmp_path: Path) -> None:
    assert existing(tmp_path / "best") == tmp_path / "best"
