"""Tables that are kept on the disk: made once, never in the way."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from huggingface_hub import constants

import textcnn
from textcnn.data.cache import cache_directory, cached, cached_blocks, content_digest, evict
from textcnn.system import atomic

ROWS = {"a": [1, 2, 3]}
OTHER = {"a": ["x"]}
TABLE, OTHER_TABLE = pa.table(ROWS), pa.table(OTHER)


class Maker:
    """Makes a table, and counts the calls."""

    def __init__(self, table: pa.Table = TABLE):
        self.table = table
        self.calls = 0

    def __call__(self) -> pa.Table:
        self.calls += 1
        return self.table


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the files lie; `cached` makes it itself."""
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "datasets"))
    return tmp_path / "datasets" / "textcnn"


def kept_file(folder: Path) -> Path:
    (file,) = folder.iterdir()
    return file


def test_a_table_is_made_once_and_found_again(folder: Path) -> None:
    make, never = Maker(), Maker(OTHER_TABLE)
    assert cached(make, "job", "of this").to_pydict() == ROWS
    assert cached(never, "job", "of this").to_pydict() == ROWS
    assert (make.calls, never.calls) == (1, 0)
    assert kept_file(folder).suffix == ".arrow"


@pytest.mark.parametrize("made_of", [("job",), ("job", "of that"), ("jobof", " this"), ()])
def test_what_is_made_of_something_else_is_another_table(
    folder: Path, made_of: tuple[str, ...]
) -> None:
    cached(Maker(), "job", "of this")
    assert cached(Maker(OTHER_TABLE), *made_of).to_pydict() == OTHER
    assert cached(Maker(), *made_of).to_pydict() == OTHER
    assert cached(Maker(OTHER_TABLE), "job", "of this").to_pydict() == ROWS


def test_another_version_makes_its_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cached(Maker(), "job")
    monkeypatch.setattr(textcnn, "__version__", "another")
    assert cached(Maker(OTHER_TABLE), "job").to_pydict() == OTHER


def test_a_table_from_the_disk_stays_there(folder: Path) -> None:
    large = pa.table({"a": pa.array(range(100_000))})
    cached(Maker(large), "job")
    before = pa.total_allocated_bytes()
    found = cached(Maker(), "job")
    assert found.equals(large)
    assert pa.total_allocated_bytes() - before < large.nbytes / 100


def test_no_rows_are_found_again_too(folder: Path) -> None:
    cached(Maker(TABLE.slice(0, 0)), "job")
    assert cached(Maker(), "job").equals(TABLE.slice(0, 0))


# Damage


def odd_damage(content: bytes) -> bytes:
    """One wrong byte, with which Arrow refuses the file in another way than as invalid."""
    for place in range(len(content)):
        for bit in range(8):
            wrong = bytes([content[place] ^ 1 << bit])
            damaged = content[:place] + wrong + content[place + 1 :]
            try:
                pa.ipc.open_file(pa.py_buffer(damaged)).read_all()
            except (OSError, pa.ArrowInvalid):
                continue
            except pa.ArrowException:
                return damaged
    raise AssertionError("every damage is OSError or ArrowInvalid")


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda content: b"", id="empty"),
        pytest.param(lambda content: content[:-1], id="a byte is missing"),
        pytest.param(lambda content: content[: len(content) // 2], id="half is missing"),
        pytest.param(lambda content: bytes(len(content)), id="zeros"),
        pytest.param(lambda content: b"not a table at all", id="something else"),
        pytest.param(odd_damage, id="a wrong bit"),
    ],
)
def test_a_damaged_file_is_made_anew(folder: Path, damage: Callable[[bytes], bytes]) -> None:
    cached(Maker(), "job")
    file = kept_file(folder)
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    assert cached(Maker(), "job").to_pydict() == ROWS
    assert kept_file(folder).read_bytes() == whole


def test_a_directory_in_its_place_is_no_hindrance(folder: Path) -> None:
    cached(Maker(), "job")
    file = kept_file(folder)
    file.unlink()
    file.mkdir()
    assert cached(Maker(), "job").to_pydict() == ROWS
    assert kept_file(folder) == file  # and nothing besides


# Where nothing can be written


def test_a_place_that_cannot_be_written_is_no_hindrance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(file))  # below a file can be nothing, for root too
    make = Maker()
    for _ in range(2):
        assert cached(make, "job").to_pydict() == ROWS
    assert make.calls == 2


def test_a_full_disk_is_no_hindrance_and_nothing_half_written_stays(folder: Path) -> None:
    resource = pytest.importorskip("resource")
    large = Maker(pa.table({"a": pa.array(range(100_000))}))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        assert cached(large, "job").equals(large.table)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(folder.iterdir()) == []


def test_nothing_stays_of_a_table_that_could_not_be_made(folder: Path) -> None:
    def fail() -> pa.Table:
        raise ValueError("not today")

    with pytest.raises(ValueError, match="not today"):
        cached(fail, "job")
    assert list(folder.parent.rglob("*")) == []
    assert cached(Maker(), "job").to_pydict() == ROWS


def test_nothing_half_written_stays_after_an_interrupt(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(path: Path) -> None:
        assert path.stat().st_size > 0
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(atomic, "flush", interrupt)  # before the file takes its place
        with pytest.raises(KeyboardInterrupt):
            cached(Maker(OTHER_TABLE), "job")
    assert list(folder.iterdir()) == []
    assert cached(Maker(), "job").to_pydict() == ROWS


# The directory


def test_the_directory_is_that_of_datasets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "named"))
    assert cache_directory() == tmp_path / "named" / "textcnn"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HF_DATASETS_CACHE", "~/named")
    assert cache_directory() == tmp_path / "named" / "textcnn"
    monkeypatch.delenv("HF_DATASETS_CACHE")
    monkeypatch.setattr(constants, "HF_HOME", str(tmp_path / "home"))
    assert cache_directory() == tmp_path / "home" / "datasets" / "textcnn"


# Blocks, and the size of all files


def test_blocks_are_written_one_after_another_and_found_again(folder: Path) -> None:
    made = []

    def blocks() -> Iterator[pa.Table]:
        made.append(True)
        yield from (TABLE, TABLE.slice(1))

    for _ in range(2):
        assert cached_blocks(blocks, "job").to_pydict() == {"a": [1, 2, 3, 2, 3]}
    assert made == [True]


def test_a_disk_that_fills_midway_loses_no_block(folder: Path) -> None:
    resource = pytest.importorskip("resource")
    large = pa.table({"a": pa.array(range(100_000))})
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (large.nbytes + 10_000, before[1]))
    try:
        found = cached_blocks(lambda: iter([large, large]), "job")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert found.equals(pa.concat_tables([large, large]))
    assert list(folder.iterdir()) == []


def test_tables_that_were_not_used_for_longest_are_deleted(folder: Path) -> None:
    for number in range(3):
        cached(Maker(), str(number))
    first, second, third = (path(folder, str(number)) for number in range(3))
    for time, file in enumerate((second, third, first)):  # the first was used again
        os.utime(file, (time, time))
    evict(third, third.stat().st_size + first.stat().st_size)
    assert set(folder.iterdir()) == {first, third}
    evict(third, 0)
    assert set(folder.iterdir()) == {third}


def path(folder: Path, job: str) -> Path:
    before = {file: file.stat().st_mtime_ns for file in folder.iterdir()}
    cached(Maker(), job)
    (used,) = [file for file, time in before.items() if file.stat().st_mtime_ns > time]
    return used


def test_a_file_is_known_by_its_content(tmp_path: Path) -> None:
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_text("one", encoding="utf-8")
    second.write_text("two", encoding="utf-8")
    os.utime(second, ns=(first.stat().st_atime_ns, first.stat().st_mtime_ns))
    assert content_digest(first) != content_digest(second)
    second.write_text("one", encoding="utf-8")
    assert content_digest(first) == content_digest(second)
