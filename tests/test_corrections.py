from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from tiny_data import refusal

from textcnn.data.sources.corrections import read_corrections

TABLE = pa.table({"text": ["a film", "a book", "a song"], "label": ["x", "y", "x"]})


@pytest.fixture
def listed(tmp_path: Path) -> Callable[[str], str]:
    """Writes a list; returns its path."""

    def write(content: str) -> str:
        path = tmp_path / "list.csv"
        path.write_text(content, encoding="utf-8-sig")
        return str(path)

    return write


def corrected(exclude: str | None = None, relabel: str | None = None) -> list[tuple[str, str]]:
    table = read_corrections(exclude, relabel, None).corrected("data.train", lambda: TABLE)
    return [(row["text"], row["label"]) for row in table.to_pylist()]


def test_listed_rows_are_left_out(listed: Callable[[str], str]) -> None:
    assert corrected(listed("row\n1\n3\n")) == [("a book", "y")]


def test_listed_rows_get_the_suggested_label(listed: Callable[[str], str]) -> None:
    content = "row,text,label,suggested\n2,A  Book,y,x\n3,a song,x,\n"
    assert [label for _, label in corrected(relabel=listed(content))] == ["x", "x", "x"]


def test_a_spreadsheet_may_have_changed_the_separator(listed: Callable[[str], str]) -> None:
    assert corrected(relabel=listed("row;suggested\n1;z\n"))[0] == ("a film", "z")


def test_both_lists_count_rows_of_the_file(listed: Callable[[str], str]) -> None:
    path = listed("row,suggested\n1,z\n")
    both = read_corrections(path, path, None)
    assert both.corrected("data.train", lambda: TABLE)["label"].to_pylist() == ["y", "x"]
    assert both.notes == [
        "data.exclude: 1 rows left out",
        "data.relabel: 1 rows relabelled; the list has no column 'label', so rows that keep their "
        "label count, too",
    ]


def test_the_note_counts_rows_whose_label_changes(listed: Callable[[str], str]) -> None:
    path = listed("row,label,suggested\n1,x,z\n2,y,y\n3,x,\n")
    assert read_corrections(None, path, None).notes == ["data.relabel: 1 of 2 rows relabelled"]


def test_a_list_that_changes_nothing_is_reported(listed: Callable[[str], str]) -> None:
    path = listed("row,suggested\n1,\n")
    note = "data.relabel: 0 rows relabelled; its column 'suggested' is empty"
    assert read_corrections(None, path, None).notes == [note]


def test_a_label_that_no_row_had_is_noted(listed: Callable[[str], str]) -> None:
    def noted(labels: list[str], suggested: str) -> list[str]:
        corrections = read_corrections(None, listed(f"row,suggested\n1,{suggested}\n"), None)
        table = pa.table({"text": ["a", "b"], "label": labels})
        corrections.corrected("data.train", lambda: table)
        return corrections.new_classes

    said = "data.relabel: 'Poss' is a label that no row had"
    assert noted(["neg", "pos"], "Poss") == [f"{said}; did you mean 'pos'?"]
    assert noted(["film", "tech"], "Poss") == [said]
    assert noted(["0", "1"], "1.0") == noted(["neg", "pos"], "pos ") == []


def test_a_label_of_another_split_is_not_new(listed: Callable[[str], str]) -> None:
    corrections = read_corrections(None, listed("row,suggested\n1,z\n"), None)
    corrections.corrected("data.train", lambda: TABLE)
    corrections.corrected("data.test", lambda: pa.table({"text": ["a"], "label": ["z"]}))
    assert corrections.new_classes == []


def test_empty_lines_of_a_spreadsheet_are_passed_over(listed: Callable[[str], str]) -> None:
    assert corrected(listed("row;split;suggested\n1;train;\n;;\n;;\n")) == [
        ("a book", "y"),
        ("a song", "x"),
    ]


def test_sets_of_labels_are_split(listed: Callable[[str], str]) -> None:
    sets = pa.table({"text": ["a", "b"], "label": [["x"], ["y"]]})
    corrections = read_corrections(None, listed("row,suggested\n1,x|z\n"), "|")
    table = corrections.corrected("data.train", lambda: sets)
    assert table["label"].to_pylist() == [["x", "z"], ["y"]]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("text\na\n", "no column 'row'; it has text"),
        ("row\nfirst\n", "entry 1: row takes a whole number from 1, got 'first'"),
        ("row\n0\n", "entry 1: row takes a whole number from 1, got '0'"),
        ("row\n2\n2\n", "entry 2: row 2 of train occurs twice; drop one"),
        ("row\n4\n", "entry 1: row 4, but data.train has 3 rows"),
        (
            "row,text\n1,a song\n",
            "entry 1: row 1 of data.train has another text; the list was made of other rows, so "
            "run textcnn.audit_data again",
        ),
    ],
)
def test_a_list_that_does_not_fit_is_refused(
    content: str, said: str, listed: Callable[[str], str]
) -> None:
    path = listed(content)
    assert refusal(lambda: corrected(path)).endswith(said)


def test_a_directory_is_no_list(tmp_path: Path) -> None:
    said = f"data.relabel={tmp_path} is a directory; give a file"
    assert refusal(lambda: corrected(relabel=str(tmp_path))) == said


def test_a_split_without_rows_is_refused(listed: Callable[[str], str]) -> None:
    corrections = read_corrections(listed("row,split\n1,test\n"), None, None)
    said = refusal(lambda: corrections.check_splits(["data.train"]))
    assert said.endswith("there is no data.test; the splits are data.train")
