"""`python -m textcnn.audit_data` from a file to its list and its page."""

import csv
from pathlib import Path

import numpy as np
import pytest
from tiny_data import error_line, run

GOOD, BAD = ("good", "fine", "great", "lovely"), ("bad", "awful", "poor", "dull")
NEUTRAL = ("film", "plot", "actor", "scene", "sound", "end")
WRONG = (3, 10, 31)  # rows, from 1


@pytest.fixture(scope="module")
def mislabelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 texts whose class one word decides; the labels of the rows WRONG are swapped."""
    generator = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("audit") / "train.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("text", "label"))
        for row in range(1, 61):
            words = [*generator.choice(NEUTRAL, 6), *generator.choice((BAD, GOOD)[row % 2], 2)]
            truth = row % 2 == 1
            label = "pos" if truth != (row in WRONG) else "neg"
            writer.writerow((" ".join(words) + f" {row}", label))
    return path


def audit(data: Path, directory: Path, *overrides: str) -> int:
    output = f"output={directory}/suspects.csv"
    return run("audit_data", "data=files", f"data.train={data}", "workers=1", output, *overrides)


def read_suspects(directory: Path) -> list[dict[str, str]]:
    with (directory / "suspects.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_swapped_labels_come_first_with_the_right_suggestion(
    mislabelled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert audit(mislabelled, tmp_path) == 0
    suspects = read_suspects(tmp_path)
    assert {int(each["row"]) for each in suspects[:3]} == set(WRONG)
    for each in suspects[:3]:
        assert each["suggested"] != each["label"]
        assert float(each["score"]) > 0.5
    scores = [float(each["score"]) for each in suspects]
    assert scores == sorted(scores, reverse=True)
    said = capsys.readouterr().out
    assert "60 rows of 2 classes; training 5 models" in said
    page = (tmp_path / "suspects.html").read_text(encoding="utf-8")
    assert suspects[0]["text"] in page
    assert "http" not in page


def test_files_that_exist_are_not_replaced(
    mislabelled: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "suspects.csv").write_text("mine", encoding="utf-8")
    assert audit(mislabelled, tmp_path) == 2
    assert error_line(capfd).endswith("give another output, or overwrite=true")
    assert (tmp_path / "suspects.csv").read_text(encoding="utf-8") == "mine"


def test_a_missing_directory_is_refused_before_training(
    mislabelled: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert audit(mislabelled, tmp_path / "nowhere") == 2
    assert error_line(capfd).endswith("create it first")


def test_texts_are_escaped_on_the_page(tmp_path: Path) -> None:
    rows = [f"{'good' if row % 2 else 'bad'} film {row},{row % 2}" for row in range(20)]
    hostile = "<script>alert(1)</script>...,0"
    data = tmp_path / "train.csv"
    data.write_text("\n".join(["text,label", hostile, *rows]), encoding="utf-8")
    assert audit(data, tmp_path, "data.folds=2") == 0
    page = (tmp_path / "suspects.html").read_text(encoding="utf-8")
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_rows_of_all_splits_are_examined_and_repeats_across_them_named(
    mislabelled: Path, tmp_path: Path
) -> None:
    lines = mislabelled.read_text(encoding="utf-8").splitlines()
    test = tmp_path / "test.csv"
    test.write_text("\n".join([lines[0], lines[1]]), encoding="utf-8")
    assert audit(mislabelled, tmp_path, f"data.test={test}", "data.folds=2") == 0
    found = {(each["split"], each["row"]): each["why"] for each in read_suspects(tmp_path)}
    assert "near-duplicate of row 1 of test" in found["train", "1"]
    assert "near-duplicate of row 1 of train" in found["test", "1"]


def test_sets_of_labels_are_examined_label_by_label(tmp_path: Path) -> None:
    lines = []
    for row in range(1, 41):
        words, labels = ["film", str(row)], []
        for word, label, every in (("good", "praise", 2), ("long", "length", 3)):
            if row % every == 0:
                words.append(word)
                labels.append(label)
        if row == 6:  # good and long
            labels = ["praise"]
        lines.append(f"{' '.join(words)},{'|'.join(labels)}")
    data = tmp_path / "train.csv"
    data.write_text("\n".join(["text,label", *lines]), encoding="utf-8")
    keys = ("data.multi_label=true", "data.label_separator=|", "data.folds=4")
    assert audit(data, tmp_path, *keys) == 0
    first = read_suspects(tmp_path)[0]
    assert (first["row"], first["label"]) == ("6", "praise")
    assert set(first["suggested"].split("|")) == {"praise", "length"}


def test_keys_that_choose_rows_are_refused(
    mislabelled: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for key in ("data.fold=1", "data.unseen_label=drop"):
        assert audit(mislabelled, tmp_path, key) == 2
        assert error_line(capfd) == f"audit_data reads every row, got {key}; leave it out"


def test_training_uses_the_list(
    mislabelled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = tmp_path / "list.csv"
    listed.write_text("row,suggested\n3,pos\n10,neg\n31,pos\n", encoding="utf-8")
    keys = ("data=files", f"data.train={mislabelled}", f"data.relabel={listed}", "model=ngrams")
    assert run("train", *keys, f"run_dir={tmp_path}/run", "baseline=false") == 0
    assert "data.relabel: 3 rows relabelled" in capsys.readouterr().out
    assert run("evaluate", f"checkpoint={tmp_path}/run", f"run_dir={tmp_path}/scores") == 0
    assert "reproduced" in capsys.readouterr().out
