"""Run directories: where a run writes, what it refuses to overwrite, what it keeps."""

from pathlib import Path

import pytest
from hydra.core.hydra_config import HydraConfig

from textcnn.errors import InputError
from textcnn.system.run_dir import (
    MADE_BY_A_RUN,
    check_begun,
    check_free,
    check_writable,
    create_run_dir,
    find_config,
    job_dir,
)


@pytest.fixture(autouse=True)
def _no_hydra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HydraConfig.instance(), "cfg", None)


def make(path: Path) -> None:
    path.mkdir(parents=True) if path.suffix not in {".json", ".yaml"} else path.touch()


def test_a_job_writes_where_run_dir_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert job_dir("outputs/kim") == Path("outputs/kim")
    assert job_dir("~/kim") == tmp_path / "kim"


@pytest.mark.parametrize("name", MADE_BY_A_RUN)
def test_a_directory_with_any_file_of_a_run_is_refused(tmp_path: Path, name: str) -> None:
    make(tmp_path / name)
    with pytest.raises(InputError) as refused:
        check_free(tmp_path, overwrite=False)
    assert str(refused.value) == (
        f"run_dir={tmp_path} already holds a run; try another one, overwrite=true to replace it, "
        f"or resume={tmp_path} to resume it"
    )
    check_free(tmp_path, overwrite=True)
    assert (tmp_path / name).exists()  # checking removes nothing


def test_a_directory_without_a_run_is_free(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    check_free(tmp_path, overwrite=False)
    check_free(tmp_path / "not" / "there", overwrite=False)
    assert not (tmp_path / "not").exists()


@pytest.mark.parametrize("overwrite", [True, False])
def test_a_file_is_refused_as_run_directory_even_with_overwrite(
    tmp_path: Path, overwrite: bool
) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(InputError, match=r"run_dir=.*/file is a file; give a directory instead"):
        check_free(file, overwrite)


def test_creating_with_overwrite_removes_the_old_run_and_nothing_else(tmp_path: Path) -> None:
    for name in MADE_BY_A_RUN:
        make(tmp_path / name)
    for name in ("events.out.tfevents.1.host.2.0", "notes.txt", "labels.jsonl"):
        (tmp_path / name).touch()
    create_run_dir(tmp_path, "seed: 1\n", overwrite=True)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"config.yaml", "notes.txt", "labels.jsonl"}
    assert (tmp_path / "config.yaml").read_text(encoding="utf-8") == "seed: 1\n"


def test_creating_makes_the_directory_and_its_parents(tmp_path: Path) -> None:
    create_run_dir(tmp_path / "a" / "b", "seed: 1\n", overwrite=False)
    assert (tmp_path / "a" / "b" / "config.yaml").is_file()


def test_a_directory_that_cannot_be_created_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"run_dir=.*/file/run can't be written: Not a directory"):
        create_run_dir(tmp_path / "file" / "run", "", overwrite=False)


def test_checking_for_write_access_leaves_no_files(tmp_path: Path) -> None:
    check_writable(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"run_dir=.*/file/run can't be written: Not a directory;"):
        check_writable(tmp_path / "file" / "run")


def test_a_run_can_be_resumed_if_it_has_a_config_and_a_last_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"resume=.* holds no run \(no config.yaml\)"):
        find_config(str(tmp_path), "train")
    (tmp_path / "config.yaml").touch()
    assert find_config(str(tmp_path), "train") == tmp_path / "config.yaml"
    with pytest.raises(InputError, match="has saved no checkpoint yet; start it again with"):
        check_begun(tmp_path)
    (tmp_path / "last").mkdir()
    check_begun(tmp_path)


def test_a_last_checkpoint_that_was_being_replaced_when_the_run_was_killed_counts(
    tmp_path: Path,
) -> None:
    (tmp_path / ".last.old").mkdir()
    check_begun(tmp_path)


def test_the_second_of_two_processes_that_create_a_directory_is_refused(tmp_path: Path) -> None:
    create_run_dir(tmp_path, "seed: 1\n", overwrite=False)
    with pytest.raises(InputError, match="already holds a run; try another"):
        create_run_dir(tmp_path, "seed: 2\n", overwrite=False)
    assert (tmp_path / "config.yaml").read_text(encoding="utf-8") == "seed: 1\n"


def test_an_empty_run_dir_is_not_the_current_directory() -> None:
    with pytest.raises(InputError, match="run_dir is empty; try run_dir=outputs/run"):
        job_dir("")
