"""The questions put to a checkpoint, with its own texts and with others."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from tiny_data import forge, rows, run, train, write_csv

from textcnn.config.data import DataConfig
from textcnn.config.stored import parse_train_config
from textcnn.errors import InputError
from textcnn.studies.checkpoint.checkpoint import CHECKPOINT, check, chosen_data, notes
from textcnn.studies.shared.figures import style
from textcnn.studies.shared.study import Measurement, Plan, Results, agrees

pytest_plugins = ("tiny_run",)


def asked(run_dir: Path, data: dict[str, object] | None = None) -> Results:
    plan = Plan(quick=True, seeds=1, checkpoint=str(run_dir), data=data or {})
    (point,) = CHECKPOINT.points(plan)
    values = json.loads(json.dumps(CHECKPOINT.measure(json.loads(json.dumps(point.settings)), 0)))
    return Results((Measurement(point, 0, values),))


def panels(results: Results) -> list[str]:
    with style():
        (drawing,) = CHECKPOINT.drawings(results)
    return [axes.get_title(loc="left") for axes in drawing.figure.axes]


def others(folder: Path) -> dict[str, object]:
    """Enough texts for claims."""
    file = write_csv(folder / "other.csv", rows(120, seed=9))
    return asdict(DataConfig(source="files", test=str(file)))


def test_a_run_is_asked_about_its_own_test_texts(tiny_run: Path) -> None:
    results = asked(tiny_run)
    metrics = json.loads((tiny_run / "metrics.json").read_text(encoding="utf-8"))
    values = results.first("checkpoint")
    assert values["texts"] == metrics["test"]["examples"]
    assert values["correct"] / values["texts"] == pytest.approx(metrics["test"]["accuracy"])
    accuracy = f"{100 * values['correct'] / values['texts']:.1f} %"
    header, unchanged, *others = CHECKPOINT.table(results)
    assert header == ["texts", "predictions that change", "accuracy (95 %)"]
    assert unchanged[0] == "unchanged"
    assert unchanged[2].startswith(accuracy)
    assert {row[0] for row in others} >= {"shuffled", "only the first half", "rolled by half"}
    assert panels(results) == [
        "Shuffled texts",
        "Moved texts, and parts",
        "Only the first tokens are read",
        "“{}” and “{}” in both orders".format(*values["distances"]["words"]),
    ]


def test_few_texts_give_numbers_without_a_verdict(tiny_run: Path) -> None:
    results = asked(tiny_run)
    assert {claim.holds for claim in CHECKPOINT.claims(results)} == {None}
    texts, few = notes(results)[:2]
    assert "20 of 20 test texts, 3 classes; always predicting" in texts
    assert few.startswith("20 test texts are too few for a verdict: with fewer than 100")


def test_too_few_texts_for_the_classes_are_refused(tiny_run: Path, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "other.csv", rows(5))
    plan = Plan(True, 1, str(tiny_run), asdict(DataConfig(source="files", test=str(file))))
    with pytest.raises(InputError, match=r"5 test texts are too few for 3 classes: at least 6 "):
        check([(point, 0) for point in CHECKPOINT.points(plan)])


def test_another_checkpoint_at_the_same_path_changes_the_settings(
    tiny_run: Path, copied_run: Path
) -> None:
    before = CHECKPOINT.points(Plan(True, 1, str(copied_run), {}))
    assert (
        CHECKPOINT.points(Plan(True, 1, str(copied_run / "best"), {}))[0].settings["digest"]
        == (before[0].settings["digest"])
    )
    forge(copied_run / "best", "labels.json", '["a", "b", "c"]')
    assert CHECKPOINT.points(Plan(True, 1, str(copied_run), {})) != before


def test_a_note_says_if_all_predictions_are_the_same(tiny_run: Path) -> None:
    results = asked(tiny_run)
    values = results.first("checkpoint")
    assert values["answers"] > 1
    assert not any("predicts the same" in note for note in notes(results))
    values["correct"] = values["majority"]
    assert "is better than that only by chance" in notes(results)[-1]
    values["answers"] = 1
    assert notes(results)[-1].startswith("This classifier predicts the same for every text")


def test_other_texts_are_read_with_the_columns_of_training(tiny_run: Path, tmp_path: Path) -> None:
    results = asked(tiny_run, others(tmp_path))
    assert results.first("checkpoint")["texts"] == 120
    claims = CHECKPOINT.claims(results)
    assert agrees(claims)
    assert sum(claim.holds is True for claim in claims) == 5  # axis, alone, padded, moved, words


def test_keys_without_a_source_modify_its_own_data(tiny_run: Path) -> None:
    trained = parse_train_config((tiny_run / "config.yaml").read_text(encoding="utf-8"))
    assert chosen_data({}, trained.data) == trained.data
    chosen = chosen_data(asdict(DataConfig(max_examples=6)), trained.data)
    assert (chosen.source, chosen.train, chosen.max_examples) == ("files", trained.data.train, 6)


def test_a_bag_changes_no_prediction_and_a_forged_one_disagrees(
    tiny_csv: Path, tmp_path: Path
) -> None:
    run_dir = tmp_path / "run"
    overrides = [
        *("data=files", f"data.train={tiny_csv}", f"run_dir={run_dir}", "model=bag"),
        *("text.min_frequency=1", "training.epochs=1", "training.patience=null"),
    ]
    assert run("train", *overrides) == 0
    results = asked(run_dir, others(tmp_path))
    claims = CHECKPOINT.claims(results)
    assert agrees(claims)
    assert {"T1", "T4"} <= {claim.theorem for claim in claims}
    values = results.first("checkpoint")
    values["order"]["changed"][0] = 1
    forged = Results((Measurement(results.points()[0], 0, values),))
    assert not agrees(CHECKPOINT.claims(forged))


@pytest.mark.parametrize("text", ["text=zhang", "text=byte"])
def test_questions_can_be_asked_of_characters_and_bytes(
    tiny_csv: Path, tmp_path: Path, text: str
) -> None:
    run_dir = tmp_path / "run"
    overrides = ["data=files", f"data.train={tiny_csv}", f"run_dir={run_dir}", text]
    assert run("train", *overrides, "training.epochs=1", "model.num_filters=4") == 0
    results = asked(run_dir)
    assert results.first("checkpoint")["negation"]["pairs"] == 64
    assert agrees(CHECKPOINT.claims(results))
    unit = "characters" if text == "text=zhang" else "bytes"
    with style():
        (drawing,) = CHECKPOINT.drawings(results)
    assert drawing.figure.axes[0].get_xlabel() == f"{unit} that stay together"


def test_sets_of_labels_are_asked_too(tmp_path: Path) -> None:
    cells = [(text, f"{label}|long" if len(text) > 60 else label) for text, label in rows(100)]
    file, run_dir = write_csv(tmp_path / "train.csv", cells), tmp_path / "run"
    assert (
        train(
            file,
            run_dir,
            "data.multi_label=true",
            "data.label_separator=|",
            "training.epochs=1",
        )
        == 0
    )
    results = asked(run_dir)
    claims = CHECKPOINT.claims(results)
    assert agrees(claims)
    assert "label sets exactly right" in claims[0].statement
    with pytest.raises(InputError, match=r"trained with data\.multi_label=true, got false"):
        asked(run_dir, asdict(DataConfig(source="hub", path="a/b")))


def test_a_missing_checkpoint_is_refused() -> None:
    with pytest.raises(InputError, match="does not exist"):
        asked(Path("nowhere"))
