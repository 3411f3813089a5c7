"""The description of the data before training, with numbers computed by hand."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from tiny_data import read_json, run, write_csv

from textcnn.data.description import Description, data_markdown, describe_data, label_separator
from textcnn.data.labelled import LabelledTexts, label_texts
from textcnn.data.prepare import prepare_texts
from textcnn.data.splits import Splits
from textcnn.text.tokenizers import build_tokenizer

pytest_plugins = ("tiny_run",)

TRAIN = [("a b c d", "x|y"), ("a", "x|y"), ("", "x|y"), ("A  b", "x|y"), ("a b c", "z")]
VALIDATION = [("z z", "x|y"), ("a\tB", "z")]
TEST = [("z z", "z"), ("a b c d e", "x|y")]


def split(rows: list[tuple[str, str]]) -> LabelledTexts:
    columns = {"text": [text for text, _ in rows], "label": [label for _, label in rows]}
    return label_texts(pa.table(columns), ["x|y", "z"], "data.train")


@pytest.fixture(scope="module")
def splits() -> Splits:
    return Splits(split(TRAIN), split(VALIDATION), split(TEST))


def described(splits: Splits, max_length: int | None, receptive_field: int = 2) -> Description:
    tokenizer = build_tokenizer("word", tokenizer="whitespace")
    texts = prepare_texts(splits, tokenizer, max_length=max_length, truncate="head")
    return describe_data(splits, texts, receptive_field)


def test_counts_and_rates_are_those_of_each_split(splits: Splits) -> None:
    description = described(splits, max_length=3)
    train = description.splits["train"]
    assert train.texts == 5
    assert train.classes == {"x|y": 4, "z": 1}
    # 4, 1, 0, 2 and 3 tokens
    assert train.lengths["shortest"] == 0
    assert train.lengths["median"] == 2
    assert train.lengths["longest"] == 4
    assert train.histogram == [(0, 1), (1, 1), (2, 2), (4, 1)]
    assert train.truncated_rate == 1 / 5
    assert train.unknown_rate == 0
    assert description.splits["validation"].unknown_rate == 3 / 4  # z z and B
    assert description.splits["test"].truncated_rate == 1 / 2
    assert train.shortest_text == ""
    assert train.longest_text == "a b c d"


def test_duplicates_are_found_over_case_white_space_and_splits(splits: Splits) -> None:
    description = described(splits, max_length=None)
    duplicates = {name: split.duplicates for name, split in description.splits.items()}
    assert duplicates == {"train": 0, "validation": 1, "test": 1}
    (warning,) = (line for line in description.warnings if "of test" in line)
    assert warning.startswith("1 texts of test are duplicates, 1 of them of texts in train or ")


def test_duplicates_within_a_split_and_across_splits_are_counted_apart() -> None:
    rows = [("a", "x|y"), ("b", "z")]
    test = [("A", "z"), ("c", "z"), ("C", "z"), ("c ", "z")]
    description = described(Splits(split(rows), split([("d", "z")]), split(test)), max_length=None)
    (warning,) = (line for line in description.warnings if "duplicates" in line)
    assert warning == ("3 texts of test are duplicates, 1 of them of texts in train or validation")


@pytest.mark.parametrize(
    ("names", "separator"),
    [
        ({"a", "a|b", "b|c"}, "|"),  # b never alone
        ({"a;b", "b; c", "d"}, ";"),
        ({"a", "b", "a,b"}, ","),
        ({"a", "b", "a b"}, " "),
        ({"a|", "b|", "c"}, None),
        ({"Arts, Crafts", "Sport", "Home, Garden"}, None),
        ({"new york", "york"}, None),
        ({"km/h", "m/h"}, None),
    ],
)
def test_classes_that_look_like_several_have_parts_in_common(
    names: set[str], separator: str | None
) -> None:
    assert label_separator(names) == separator


@pytest.mark.parametrize(
    ("max_length", "receptive_field", "warning"),
    [
        (None, 3, "most texts (median 2 tokens) are shorter than the receptive field (3 tokens)"),
        (1, 1, "text.max_length=1 truncates 60 % of the training texts; the longest has 4"),
        (None, 1, "80 % of the training texts are x|y; look at macro-F1"),
    ],
)
def test_what_may_be_wrong_is_said(
    splits: Splits, max_length: int | None, receptive_field: int, warning: str
) -> None:
    warnings = described(splits, max_length, receptive_field).warnings
    assert any(line.startswith(warning) for line in warnings), warnings


def test_what_is_well_is_not_mentioned() -> None:
    rows = [("a b c d", "x|y"), ("e f g h", "z")]
    well = Splits(split(rows), split([("i", "x|y")]), split([("j", "z")]))
    assert described(well, max_length=4, receptive_field=4).warnings == ()


def test_a_split_without_rows_is_left_out() -> None:
    rows = [("a b c d", "x|y"), ("e f g h", "z")]
    none = split(rows).select(np.empty(0, np.int64))
    without = described(Splits(split(rows), split([("i", "x|y")]), none), max_length=4)
    assert list(without.splits) == ["train", "validation"]
    assert data_markdown(without)


def test_markdown_is_one_table_whatever_the_labels(splits: Splits) -> None:
    table = data_markdown(described(splits, max_length=None)).split("\n\n")[0].splitlines()
    assert {line.count("|") for line in table} == {5}


def test_the_program_shows_a_table_and_writes_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [(f"word{number} and more", "xy"[number % 2]) for number in range(20)]
    file = write_csv(tmp_path / "train.csv", rows)
    output = tmp_path / "data.json"
    assert run("describe", "data=files", f"data.train={file}", f"output={output}") == 0
    out = capsys.readouterr().out
    assert "unknown tokens" in out
    assert "the longest text begins 'word" in out
    written = read_json(output)["splits"]
    assert sum(split["texts"] for split in written.values()) == 20
    assert set(tmp_path.iterdir()) == {file, output}


def test_every_training_run_keeps_the_description(tiny_run: Path) -> None:
    data = read_json(tiny_run / "metrics.json")["data"]
    assert data["splits"]["train"]["texts"] == 160
    assert sum(count for _, count in data["splits"]["train"]["histogram"]) == 160
