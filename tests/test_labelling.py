"""Which texts `textcnn.label` chooses, and files that are filled in only partly."""

import csv
from pathlib import Path

import pyarrow as pa
import pytest
import torch
from conftest import Write
from tiny_data import error_line, rows, run, train, write_csv

from textcnn.data.input_texts import InputRow
from textcnn.data.sources.source import Source
from textcnn.data.trained_texts import TrainedTexts
from textcnn.evaluation.labelling.candidates import label_doubts, least_sure, margin_doubts
from textcnn.evaluation.labelling.spread import spread
from textcnn.evaluation.labelling.written import Columns, cell
from textcnn.inference import load, restore

pytest_plugins = ("tiny_run",)


def test_doubt_is_1_less_the_margin() -> None:
    doubts, best = margin_doubts(torch.tensor([[0.5, 0.3, 0.2], [1.0, 0.0, 0.0]]))
    assert doubts.tolist() == pytest.approx([0.8, 0.0])
    assert best.tolist() == pytest.approx([0.5, 1.0])


def test_doubt_of_label_sets_is_that_of_the_label_nearest_to_its_threshold() -> None:
    probabilities = torch.tensor([[0.2, 1.0], [0.0, 0.6], [0.0, 1.0]])
    doubts, shown = label_doubts(probabilities, [0.4, 0.6])
    assert doubts.tolist() == pytest.approx([0.5, 1.0, 0.0], abs=1e-5)
    assert shown[:2].tolist() == pytest.approx([0.2, 0.6])


def test_least_sure_passes_over_known_empty_and_repeated_texts(tiny_run: Path) -> None:
    classifier = load(tiny_run, table_memory=0)
    texts = [text for text, _ in rows(50, seed=9)]
    known = [classifier.encoder.tokenizer.join(["goal", "match"])]
    given = [*texts, " ", *texts[:3], *known]
    trained = load_trained(tiny_run)
    for block in (4096, 7):  # memory holds a block and the candidates
        numbered = (InputRow(n, text, {}) for n, text in enumerate(given, start=1))
        found, passed = least_sure(numbered, classifier, 10, trained, rows_at_once=block)
        assert len(found) == len({each.row.text for each in found}) == 10
        assert [each.doubt for each in found] == sorted((c.doubt for c in found), reverse=True)
        assert (passed.texts, passed.empty) == (54 + 1, 1)
    doubts = margin_doubts(classifier.probabilities(classifier.logits(texts)))[0]
    assert found[0].doubt == pytest.approx(max(doubts.tolist()), abs=1e-6)


def load_trained(run_dir: Path) -> TrainedTexts | None:
    return restore(run_dir).trained_texts


def test_each_cluster_gives_a_text_before_any_gives_a_second() -> None:
    texts = ["a b c"] * 5 + ["d e f"] * 5 + ["g h i"]
    doubts = [0.9, 0.8, 0.7, 0.6, 0.5, 0.49, 0.4, 0.3, 0.2, 0.1, 0.05]
    chosen = spread(texts, doubts, 3, str.split)
    assert sorted(chosen) == [0, 5, 10]
    assert spread(texts, doubts, 20, str.split) == list(range(11))
    assert spread(["", " "], [0.1, 0.2], 1, str.split) == [1]  # no text has a token


def test_columns_are_called_as_in_training_where_one_cell_can_hold_them() -> None:
    assert Columns.like(["body"], "topic", None) == Columns("body", "topic")
    assert Columns.like(["title", "body"], ["a", "b"], ";") == Columns("text", "label", ";")
    assert Columns.like(["2"], "1", None) == Columns("text", "label")
    assert Columns.like(["row"], "suggested", None) == Columns("text", "label")
    assert Columns("body", "label").keys == " data.text=body"
    assert [cell(value) for value in (None, "a", 3, ["b"])] == ["", "a", "3", '["b"]']


@pytest.fixture(scope="module")
def unlabelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """CSV with an id for each text."""
    file = tmp_path_factory.mktemp("unlabelled") / "texts.csv"
    with file.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(["id", "text", "label", "row"])
        writer.writerows([f"i{n}", text, "x", -n] for n, (text, _) in enumerate(rows(60, seed=5)))
    return file


def read(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def test_the_program_writes_a_file_to_fill_in_and_train_on(
    tiny_run: Path,
    tiny_csv: Path,
    unlabelled: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    output = tmp_path / "to_label.csv"
    keys = (f"checkpoint={tiny_run}", f"input={unlabelled}", f"output={output}", "count=9")
    assert run("label", *keys) == 0
    said = capfd.readouterr().out
    assert said.startswith("9 of 60 texts chosen")
    assert f"data.train={output}" in said
    chosen = read(output)
    assert list(chosen[0]) == [
        "row",
        "text",
        "label",
        "suggested",
        "probability",
        "id",
        "row_column",
    ]
    given = read(unlabelled)
    for each in chosen:
        assert given[int(each["row"]) - 1]["text"] == each["text"]
        assert each["id"] == f"i{int(each['row']) - 1}"
        assert each["row_column"] == str(1 - int(each["row"]))
        assert each["label"] == ""
        assert 1 / 3 <= float(each["probability"]) <= 1
    assert run("label", *keys) == 2
    assert error_line(capfd).endswith("try another file, or overwrite=true")
    for each in chosen[:4]:
        each["label"] = each["suggested"]
    with output.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, list(chosen[0]))
        writer.writeheader()
        writer.writerows(chosen)
    files = f"data.train=[{tiny_csv},{output}]"
    assert train(tiny_csv, tmp_path / "run", files, "training.epochs=1") == 0
    said = capfd.readouterr().out
    assert "data.train: 5 of 209 rows have no label: dropped (data.missing_label)" in said


def test_parquet_and_standard_output(
    tiny_run: Path, write: Write, capfd: pytest.CaptureFixture[str]
) -> None:
    texts = [text for text, _ in rows(20, seed=6)]
    file = write("texts.parquet", pa.table({"text": texts, "n": range(20)}))
    assert run("label", f"checkpoint={tiny_run}", f"input={file}", "output=-", "count=2") == 0
    said = capfd.readouterr()
    assert said.out.splitlines()[0] == "row,text,label,suggested,probability,n"
    assert len(said.out.splitlines()) == 3
    assert said.err.startswith("2 of 20 texts chosen")


def test_an_empty_cell_of_label_sets_is_not_filled_in_and_the_separator_alone_is_no_label(
    tmp_path: Path,
) -> None:
    file = tmp_path / "sets.csv"
    header = "row,text,label,suggested,probability"
    cells = ["1,one,,a,0.5", "2,two,a|b,a,0.5", "3,three,|,a,0.5"]
    file.write_text("\n".join([header, *cells, ""]), encoding="utf-8")
    source = Source("files", train=str(file), multi_label=True, label_separator="|")
    read_train = source.open()[0]["data.train"]
    assert read_train()["label"].to_pylist() == [None, ["a", "b"], []]
    plain = tmp_path / "plain.csv"
    plain.write_text("text,label\none,\ntwo,a|b\n", encoding="utf-8")
    source = Source("files", train=str(plain), multi_label=True, label_separator="|")
    assert source.open()[0]["data.train"]()["label"].to_pylist() == [[], ["a", "b"]]


def test_bad_input_ends_in_one_line(
    tiny_run: Path, tiny_csv: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    known = write_csv(tmp_path / "known.csv", [])
    keys = (f"checkpoint={tiny_run}", f"output={tmp_path / 'out.csv'}")
    for more, said in {
        (f"input={known}",): "has no text to label",
        (f"input={tiny_csv}", "output=out.jsonl"): "output takes a file *.csv",
        (f"input={tmp_path / 'no.csv'}",): "no such file",
        ("input=x", "count=0"): "count takes a whole number, at least 1",
        ("input=x", "checkpoint=nowhere"): "checkpoint nowhere does not exist",
    }.items():
        assert run("label", *keys, *more) == 2
        assert said in error_line(capfd)
        assert not (tmp_path / "out.csv").exists()
