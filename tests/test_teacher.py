"""Students: what they learn from a teacher, from their own folds, from texts without labels."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from interrupted import interrupt_at
from safetensors.torch import load_file
from tiny_data import (
    assert_same_run,
    error_line,
    forge,
    read_json,
    rows,
    run,
    train,
    weights,
    write_csv,
)
from torch import Tensor

import textcnn
from textcnn.data.batching import Batch, EncodedTexts
from textcnn.data.splits import Division
from textcnn.data.unlabelled import joined, taught
from textcnn.inference import load
from textcnn.models.ensemble import Ensemble
from textcnn.training.objectives.distillation import Distillation, divergence
from textcnn.training.objectives.losses import build_loss

pytest_plugins = ("tiny_run",)

THIRDS = math.log(3)  # the log odds of 3/4
LOSS = build_loss(multi_label=False, class_weights=None, label_smoothing=0.0)


@pytest.fixture(scope="module")
def unlabelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Texts without labels, with a word that the labelled ones lack."""
    file = tmp_path_factory.mktemp("unlabelled") / "more.txt"
    texts = [f"{text} news" for text, _ in rows(40, seed=9)]
    file.write_text("\n".join(texts), encoding="utf-8")
    return file


# The loss


def test_the_divergence_is_kullback_and_leibler_s() -> None:
    student = torch.tensor([[0.0, 0.0], [THIRDS, 0.0]])
    teacher = torch.tensor([[THIRDS, 0.0], [THIRDS, 0.0]])
    # 3/4 log(3/4 : 1/2) + 1/4 log(1/4 : 1/2)
    expected = 0.75 * math.log(1.5) + 0.25 * math.log(0.5)
    got = divergence(student, teacher, False)
    torch.testing.assert_close(got, torch.tensor([expected, 0.0]))
    # for label sets the mean of two labels, 3/4 against 1/2 and 1/2 against 1/2
    got = divergence(torch.zeros(1, 2), torch.tensor([[THIRDS, 0.0]]), True)
    torch.testing.assert_close(got, torch.tensor([expected / 2]))


def test_the_loss_mixes_labels_and_teacher_at_a_temperature() -> None:
    logits, teacher = torch.tensor([[0.0, 0.0]]), torch.tensor([[2 * THIRDS, 0.0]])
    labels = torch.tensor([1])
    loss = Distillation(temperature=2.0, weight=0.25).loss(LOSS, logits, labels, teacher)
    at_temperature = 0.75 * math.log(1.5) + 0.25 * math.log(0.5)
    expected = 0.75 * math.log(2) + 0.25 * 4 * at_temperature
    assert loss.item() == pytest.approx(expected)


def test_texts_without_a_label_have_the_teacher_only_and_weights_count_for_both() -> None:
    logits = torch.tensor([[0.0, 0.0], [0.0, 0.0], [0.0, 1.0]])
    teacher = torch.tensor([[THIRDS, 0.0], [THIRDS, 0.0], [0.0, 1.0]])
    labels, labelled = torch.tensor([0, 0, 1]), torch.tensor([True, False, True])
    mean = Distillation(temperature=1.0, weight=0.5)
    text_weights = torch.tensor([2.0, 1.0, 0.0])
    loss = mean.loss(LOSS, logits, labels, teacher, weights=text_weights, labelled=labelled)
    far = 0.75 * math.log(1.5) + 0.25 * math.log(0.5)
    expected = (2 * (0.5 * math.log(2) + 0.5 * far) + far) / 3
    assert loss.item() == pytest.approx(expected)


@pytest.mark.parametrize("multi_label", [False, True])
def test_without_weight_for_the_teacher_the_loss_is_the_usual_one(multi_label: bool) -> None:
    torch.manual_seed(0)
    logits, teacher = torch.randn(2, 5, 3)
    labels = torch.randint(0, 2, (5, 3)).bool() if multi_label else torch.tensor([0, 1, 2, 1, 0])
    loss_of = build_loss(
        multi_label=multi_label, class_weights=torch.tensor([1.0, 2.0, 3.0]), label_smoothing=0.1
    )
    for text_weights in (None, torch.rand(5)):
        none = Distillation(3.0, 0.0).loss(loss_of, logits, labels, teacher, weights=text_weights)
        torch.testing.assert_close(none, loss_of(logits, labels, text_weights))
        only = Distillation(3.0, 1.0).loss(loss_of, teacher, labels, teacher, weights=text_weights)
        assert only.item() == pytest.approx(0.0, abs=1e-6)


def test_only_texts_without_labels_still_give_a_finite_loss() -> None:
    logits = torch.zeros(2, 2, requires_grad=True)
    teacher, labels = torch.tensor([[1.0, 0.0]] * 2), torch.tensor([0, 0])
    none = torch.tensor([False, False])
    loss = Distillation(1.0, 0.5).loss(LOSS, logits, labels, teacher, labelled=none)
    loss.backward()
    assert loss.item() > 0
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


@pytest.mark.parametrize("multi_label", [False, True])
def test_pieces_of_a_batch_have_the_loss_of_the_batch(multi_label: bool) -> None:
    torch.manual_seed(0)
    labels = torch.randint(0, 2, (6, 3)).bool() if multi_label else torch.randint(0, 3, (6,))
    batch = Batch(
        torch.ones(6, 4, dtype=torch.int64),
        torch.tensor([4, 1, 2, 3, 1, 4]),
        labels,
        torch.rand(6),
        teacher=torch.randn(6, 3),
        labelled=torch.tensor([True, False, True, True, False, False]),
    )
    logits = torch.randn(6, 3)
    loss_of = build_loss(multi_label=multi_label, class_weights=None, label_smoothing=0.1)

    def loss(part: Batch, chosen: Tensor) -> Tensor:
        assert part.labels is not None
        assert part.teacher is not None
        return Distillation(2.0, 0.3).loss(
            loss_of,
            logits[chosen],
            part.labels,
            part.teacher,
            weights=part.weights,
            labelled=part.labelled,
        )

    assert batch.weights is not None
    total = torch.tensor(0.0)
    for piece in ([5, 0], [1, 4], [3, 2]):  # the second has no label
        share = batch.weights[piece].sum() / batch.weights.sum()
        total = total + share * loss(batch.select(np.array(piece)), torch.tensor(piece))
    torch.testing.assert_close(total, loss(batch, torch.arange(6)))


# The data


def encoded(count: int, first: int = 0, **columns: Any) -> EncodedTexts:
    ids = np.arange(first, first + 2 * count, dtype=np.int32)
    lengths = np.full(count, 2)
    return EncodedTexts(ids, np.arange(0, 2 * count + 1, 2), lengths, **columns)


def test_texts_without_labels_join_behind_the_others_and_carry_the_teacher() -> None:
    train_texts = encoded(2, labels=np.array([1, 0]), weights=np.array([2, 3], np.float32))
    both = joined(train_texts, encoded(2, first=10, labels=np.array([0, 0])))
    logits = np.array([[0, 1], [0, 1], [0, 1], [1, 0]], np.float32)
    batch = taught(both, logits).batch(np.array([2, 0]))
    assert batch.ids.tolist() == [[10, 11], [0, 1]]
    assert batch.labels is not None
    assert batch.labels.tolist() == [1, 1]  # the first is what the teacher predicts
    assert batch.weights is not None
    assert batch.weights.tolist() == [1, 2]
    assert batch.labelled is not None
    assert batch.labelled.tolist() == [False, True]
    moved = batch.to(torch.device("cpu"))
    assert moved.teacher is not None
    assert moved.teacher.tolist() == [[0, 1], [0, 1]]
    assert moved.labelled is not None


def test_a_part_is_left_out_of_training_with_all_copies_of_its_texts() -> None:
    texts = [f"text {number % 20}" for number in range(40)]
    table = pa.table({"text": texts, "label": ["a", "b"] * 20})
    given = {
        key: table.slice(0, 2).set_column(0, "text", pa.array([key, key + "2"]))
        for key in ("data.validation", "data.test")
    }
    tested = []
    for part in (1, 2, 3):
        splits = Division(part=(part, 3)).divide({"data.train": table, **given})
        tested += splits.test.texts()
        assert not set(splits.test.texts()) & set(splits.train.texts())
    assert sorted(tested) == sorted(texts)


# Runs


def test_a_student_learns_from_a_teacher_with_other_tokens_and_labels_in_another_order(
    tiny_csv: Path, tiny_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    only = (f"teacher={tiny_run}", "training.teacher_weight=1", "text=char", "model=multi_width")
    assert train(tiny_csv, tmp_path / "run", *only, "training.epochs=2", "text.lowercase=true") == 0
    assert f"teacher: {tiny_run}" in capfd.readouterr().out
    assert load(tmp_path / "run").labels == load(tiny_run).labels


def test_labels_in_another_order_are_sorted_as_the_student_s(
    tiny_csv: Path, tiny_run: Path, copied_run: Path, tmp_path: Path
) -> None:
    """A teacher whose classes, and rows of the head, are in another order teaches the same."""
    from safetensors.torch import save_file

    best = copied_run / "best"
    order = [2, 0, 1]
    names = read_json(best / "labels.json")
    stored = weights(best)
    for name in ("head.weight", "head.bias"):
        stored[name] = stored[name][order].contiguous()
    save_file(stored, tmp_path / "weights")
    forge(best, "model.safetensors", (tmp_path / "weights").read_bytes())
    forge(best, "labels.json", str([names[place] for place in order]).replace("'", '"'))
    for teacher in (tiny_run, copied_run):
        keys = (f"teacher={teacher}", "training.teacher_weight=1", "training.epochs=1")
        assert train(tiny_csv, tmp_path / f"from {teacher.parent.name}", *keys) == 0
    ours, theirs = (weights(each / "best") for each in sorted(tmp_path.glob("from *")))
    for name in ours:
        torch.testing.assert_close(ours[name], theirs[name], rtol=1e-3, atol=1e-4)


def test_a_student_interrupted_resumes_to_the_same(
    tiny_csv: Path,
    copied_run: Path,
    unlabelled: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    keys = (f"teacher={copied_run}", f"data.unlabelled={unlabelled}", "training.epochs=2")
    assert train(tiny_csv, tmp_path / "whole", *keys) == 0
    assert "data.unlabelled: 40 texts" in capfd.readouterr().out
    run_dir = tmp_path / "student"
    with monkeypatch.context() as patch:
        interrupt_at(patch, 15)
        assert train(tiny_csv, run_dir, *keys) == 130
    assert run("train", f"resume={run_dir}") == 0
    assert_same_run(run_dir, tmp_path / "whole")
    # 160 labelled texts and 40 others, 16 at a time
    assert read_json(run_dir / "metrics.json")["train"]["steps"] == 2 * 13
    assert "news" in load(run_dir).encoder.vocabulary.tokens


def test_a_teacher_that_has_changed_is_refused_on_resuming(
    tiny_csv: Path, copied_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run_dir = tmp_path / "student"
    assert train(tiny_csv, run_dir, f"teacher={copied_run}", "training.epochs=1") == 0
    assert train(tiny_csv, copied_run, "training.epochs=1", "seed=4", "overwrite=true") == 0
    capfd.readouterr()
    assert run("train", f"resume={run_dir}", "training.epochs=2") == 2
    assert error_line(capfd) == (
        f"resume={run_dir}: teacher={copied_run} has changed since the run began; restore it, or "
        "start a new run"
    )


def test_a_stream_is_taught_window_by_window(
    tiny_csv: Path, tiny_run: Path, tmp_path: Path
) -> None:
    keys = (f"teacher={tiny_run}", "data.streaming=true", "data.shuffle_buffer=50")
    assert train(tiny_csv, tmp_path / "run", *keys, "training.teacher_weight=1") == 0
    assert read_json(tmp_path / "run" / "metrics.json")["test"]["accuracy"] > 0.3


def test_out_of_fold_teachers_have_not_seen_the_texts_they_judge(
    tiny_csv: Path, unlabelled: Path, tmp_path: Path
) -> None:
    run_dir = tmp_path / "run"
    keys = (
        "training.out_of_fold=true",
        "training.teacher_folds=2",
        f"data.unlabelled={unlabelled}",
    )
    assert train(tiny_csv, run_dir, *keys, "training.epochs=2") == 0
    sizes = [
        {
            name: split["texts"]
            for name, split in read_json(run_dir / f"teacher-{n}" / "metrics.json")["data"][
                "splits"
            ].items()
        }
        for n in (1, 2)
    ]
    assert sizes == [{"train": 80, "validation": 20, "test": 80}] * 2
    teachers = [load(run_dir / f"teacher-{number}") for number in (1, 2)]
    stored = load_file(run_dir / "teacher_logits.safetensors")["logits"]
    assert stored.shape == (160 + 40, 3)
    text = unlabelled.read_text(encoding="utf-8").splitlines()[7]
    mean = torch.stack([each.logits([text]).softmax(dim=1) for each in teachers]).mean(dim=0)
    torch.testing.assert_close(stored[167:168].softmax(dim=1), mean)


def test_out_of_fold_interrupted_in_a_teacher_equals_the_whole(
    tiny_csv: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    keys = ("training.out_of_fold=true", "training.teacher_folds=2", "training.epochs=2")
    assert train(tiny_csv, tmp_path / "whole", *keys) == 0
    run_dir = tmp_path / "run"
    with monkeypatch.context() as patch:
        interrupt_at(patch, 3, passed=1)
        assert train(tiny_csv, run_dir, *keys) == 130
    assert f"  python -m textcnn.train resume={run_dir}\n" in capfd.readouterr().out
    assert (run_dir / "teacher-1" / "metrics.json").exists()
    assert not (run_dir / "teacher_logits.safetensors").exists()
    assert run("train", f"resume={run_dir}") == 0
    assert_same_run(run_dir, tmp_path / "whole")


def test_every_fold_has_teachers_of_its_own(tiny_csv: Path, tmp_path: Path) -> None:
    keys = ("training.out_of_fold=true", "training.teacher_folds=2", "data.folds=2")
    assert train(tiny_csv, tmp_path / "run", *keys, "training.epochs=1") == 0
    sizes = [
        read_json(file)["data"]["splits"]["test"]["texts"]
        for file in sorted((tmp_path / "run").glob("fold-*/teacher-*/metrics.json"))
    ]
    assert sizes == [40] * 4  # of 200 rows half are tested and a tenth validate


def test_members_learn_from_the_same_teachers(tiny_csv: Path, tmp_path: Path) -> None:
    run_dir = tmp_path / "run"
    keys = ("training.out_of_fold=true", "training.teacher_folds=2", "training.members=2")
    assert train(tiny_csv, run_dir, *keys, "training.epochs=1") == 0
    assert isinstance(load(run_dir).model, Ensemble)
    assert len([*run_dir.rglob("teacher-*")]) == 2
    assert len([*run_dir.rglob("teacher_logits.safetensors")]) == 1
    assert train(tiny_csv, run_dir, "training.epochs=1", "overwrite=true") == 0
    assert not [*run_dir.rglob("teacher*")]


def test_an_ensemble_teaches_label_sets_and_python(tmp_path: Path) -> None:
    texts, labels = zip(*rows(100), strict=True)
    small: dict[str, Any] = {"model": {"embedding_dim": 8, "num_filters": 4}, "training__epochs": 1}
    sets = [[label, "new"] if number % 3 else [] for number, label in enumerate(labels)]
    teacher = tmp_path / "teacher"
    textcnn.fit(texts, sets, run_dir=teacher, training__members=2, **small)
    more = ["goal goal", "chip"]
    student = textcnn.fit(
        texts, sets, teacher=str(teacher), unlabelled=more, run_dir=tmp_path / "run", **small
    )
    assert isinstance(student, textcnn.LabelSetClassifier)
    assert not isinstance(student.model, Ensemble)
    assert "data.unlabelled: 2 texts" in str(
        read_json(tmp_path / "run" / "metrics.json")["data"]["notes"]
    )
    with pytest.raises(textcnn.InputError, match=r"unlabelled texts need a teacher, got none; add"):
        textcnn.fit(texts, sets, unlabelled=more, **small)
    own = {"out_of_fold": True, "teacher_folds": 2, "epochs": 1}
    textcnn.fit(texts, labels, unlabelled=more, training=own, model=small["model"])


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "parquet"])
def test_unlabelled_texts_are_read_from_every_kind_of_file(
    tiny_csv: Path, tiny_run: Path, tmp_path: Path, ending: str, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / f"more.{ending}"
    held = tiny_csv.read_text(encoding="utf-8")
    first = held.splitlines()[1].partition(",")[0]
    texts = [first, "one goal", "a chip"]
    if ending == "parquet":
        pq.write_table(pa.table({"text": texts, "label": [1, 2, 3]}), file)
    elif ending == "jsonl":
        file.write_text("".join(f'{{"text": "{text}"}}\n' for text in texts), encoding="utf-8")
    else:
        separator = {"csv": ",", "tsv": "\t"}[ending]
        lines = [f"{text}{separator}x" for text in ["text", *texts]]
        file.write_text("\n".join(lines), encoding="utf-8")
    test = write_csv(tmp_path / "test.csv", [(first, "film"), ("more", "sport"), ("x", "tech")])
    keys = (f"teacher={tiny_run}", f"data.unlabelled={file}", f"data.test={test}")
    assert train(tiny_csv, tmp_path / "run", *keys, "training.epochs=1") == 0
    told = capfd.readouterr().out
    assert "data.unlabelled: 1 of 3 texts also occur in validation or test: dropped" in told


# Refusals


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (
            ("data.unlabelled=more.csv",),
            "data.unlabelled=more.csv needs a teacher, got none; add teacher=<run>, or "
            "training.out_of_fold=true",
        ),
        (
            ("training.out_of_fold=true", "teacher=run"),
            "training.out_of_fold=true trains its own teachers, got teacher=run; leave out one of "
            "the two",
        ),
        (
            ("training.out_of_fold=true", "data.streaming=true"),
            "training.out_of_fold needs all rows in memory, got data.streaming=true; leave out one "
            "of the two",
        ),
        (
            ("teacher=run", "data.unlabelled=more.csv", "data.streaming=true"),
            "data.unlabelled needs all rows in memory, got data.streaming=true; leave out one of "
            "the two",
        ),
        (
            ("teacher=run", "data.unlabelled=more.csv", "training.sampling=balanced"),
            "training.sampling=balanced draws texts by their labels, got data.unlabelled=more.csv; "
            "leave out one of the two",
        ),
        (
            ("training.temperature=3",),
            "training.temperature=3.0 needs a teacher, got none; add teacher=<run>, or "
            "training.out_of_fold=true",
        ),
        (
            ("training.teacher_fold=1",),
            "training.teacher_fold=1 needs training.out_of_fold=true, got false; add it",
        ),
        (
            ("training.out_of_fold=true", "training.teacher_fold=6"),
            "training.teacher_fold takes 1 to 5 (training.teacher_folds), got 6; try "
            "training.teacher_fold=1",
        ),
        (
            ("training.out_of_fold=true", "training.teacher_fold=1", "training.members=2"),
            "training.teacher_fold=1 trains a single network, got training.members=2; leave out "
            "one of the two",
        ),
        (
            ("training.out_of_fold=true", "training.teacher_folds=161"),
            "training.teacher_folds=161 is too many for 160 training texts; give at most 160",
        ),
        (
            ("teacher=nowhere",),
            "teacher=nowhere: checkpoint nowhere does not exist; give a run or a checkpoint "
            "directory",
        ),
        (
            ("training.teacher_weight=1.5", "teacher=run"),
            "training.teacher_weight takes a number, at least 0.0, at most 1.0, got 1.5; try "
            "training.teacher_weight=0.5",
        ),
    ],
)
def test_what_cannot_teach_is_refused_in_one_line(
    tiny_csv: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    keys: tuple[str, ...],
    expected: str,
) -> None:
    assert train(tiny_csv, tmp_path / "run", *keys) == 2
    assert error_line(capfd) == expected
    assert not (tmp_path / "run").exists()


def test_a_teacher_with_other_classes_or_label_sets_is_refused(
    tiny_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    two = write_csv(tmp_path / "two.csv", [row for row in rows(60) if row[1] != "tech"])
    assert train(two, tmp_path / "run", f"teacher={tiny_run}") == 2
    assert error_line(capfd) == (
        f"teacher={tiny_run} has the classes film, sport, tech, but the data have film, sport; "
        "give a teacher trained on the same classes"
    )
    keys = ("data.multi_label=true", "data.label_separator=|")
    assert train(two, tmp_path / "run", f"teacher={tiny_run}", *keys) == 2
    assert error_line(capfd) == (
        f"teacher={tiny_run} predicts one class per text, but the data have label sets; give a "
        "teacher trained with data.multi_label=true"
    )
    assert not (tmp_path / "run").exists()


def test_unlabelled_files_that_cannot_be_read_are_refused(
    tiny_csv: Path, tiny_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "more.csv"
    file.write_text("body\nx\n", encoding="utf-8")
    keys = (f"teacher={tiny_run}", f"data.unlabelled={file}")
    assert train(tiny_csv, tmp_path / "run", *keys) == 2
    assert error_line(capfd) == f"{file} has no column 'text'; it has body; set data.text"
    empty = tmp_path / "more.txt"
    empty.touch()
    assert train(tiny_csv, tmp_path / "run", keys[0], f"data.unlabelled={empty}") == 2
    assert error_line(capfd) == f"{empty} holds no rows"
    pq.write_table(pa.table({"text": [{"a": 1}]}), tmp_path / "more.parquet")
    unlabelled = f"data.unlabelled={tmp_path / 'more.parquet'}"
    assert train(tiny_csv, tmp_path / "run", keys[0], unlabelled) == 2
    assert "column 'text'" in error_line(capfd)
