"""Output of whole lines: kept if it isn't finished, and written by one process at a time."""

import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textcnn.errors import InputError
from textcnn.system.output import open_growing, whole_lines


@given(st.lists(st.integers(0, 20)), st.integers(1, 15))
def test_pieces_are_whole_lines_of_a_limited_size(lengths: list[int], size: int) -> None:
    block = b"".join(b"x" * length + b"\n" for length in lengths)
    pieces = list(whole_lines(block, size))
    assert b"".join(pieces) == block
    assert all(piece.endswith(b"\n") for piece in pieces)
    assert all(len(piece) <= size or piece.count(b"\n") == 1 for piece in pieces)


def test_rows_are_in_the_partial_file_until_the_end(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with open_growing(str(out), False) as output:
        output.write(b"1\n2\n", rows=2)
        assert (tmp_path / "out.partial").read_bytes() == b"1\n2\n"
        assert not out.exists()
        output.write(b"3\n", rows=1)
    assert out.read_bytes() == b"1\n2\n3\n"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def fail_after(path: Path, rows: bytes, error: BaseException) -> None:
    """Write rows and half of a line, and then fail."""
    with open_growing(str(path), False) as output:
        output.write(b"header\n")
        output.write(rows, rows=rows.count(b"\n"))
        output.file.write(b"half of a li")
        raise error


def test_an_unfinished_file_is_cut_to_whole_blocks(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(KeyboardInterrupt):
        fail_after(tmp_path / "out", b"1\n2\n", KeyboardInterrupt())
    assert (tmp_path / "out.partial").read_bytes() == b"header\n1\n2\n"
    assert capfd.readouterr().err == f"the first 2 rows are in {tmp_path / 'out.partial'}\n"


def test_a_file_without_rows_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^what is wrong$"):
        fail_after(tmp_path / "out", b"", InputError("what is wrong"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [InputError("it is wrong"), OSError(28, "No space left")])
def test_errors_say_where_the_rows_are(tmp_path: Path, error: Exception) -> None:
    out = tmp_path / "out"
    with pytest.raises(type(error)) as caught:
        fail_after(out, b"1\n", error)
    assert f"; the first row is in {out}.partial" in str(caught.value)
    if isinstance(caught.value, OSError):
        assert caught.value.filename == str(out)


def test_a_partial_file_of_a_killed_process_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "out.partial").write_bytes(b"old and longer\n")
    with open_growing(str(tmp_path / "out"), False) as output:
        output.write(b"new\n", rows=1)
    assert (tmp_path / "out").read_bytes() == b"new\n"


def test_two_processes_cannot_write_the_same_file(tmp_path: Path) -> None:
    out = tmp_path / "out"
    said = re.escape(f"output={out} is being written by another process; wait until it ends")
    with open_growing(str(out), False) as output:
        output.write(b"1\n", rows=1)
        with pytest.raises(InputError, match=said):
            fail_after(out, b"2\n", AssertionError())
    assert out.read_bytes() == b"1\n"


def test_a_link_in_the_place_of_the_partial_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"keep")
    (tmp_path / "out.partial").symlink_to(tmp_path / "precious")
    with pytest.raises(OSError, match="symbolic links"):
        fail_after(tmp_path / "out", b"2\n", AssertionError())
    assert (tmp_path / "precious").read_bytes() == b"keep"


class Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_escapes_of_what_it_would_obey(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind, expected in ((Terminal, b"a\\x1b[2J\tb\n"), (io.TextIOWrapper, b"a\x1b[2J\tb\n")):
        written = io.BytesIO()
        monkeypatch.setattr("sys.stdout", kind(written))
        with open_growing("-", False) as output:
            output.write(b"a\x1b[2J\tb\n", rows=1)
        assert written.getvalue() == expected
