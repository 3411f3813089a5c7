"""Learning from soft labels: losses by hand, splits, metrics, n-grams, whole runs."""

import json
from functools import partial
from math import log
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import pyarrow as pa
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from interrupted import interrupt_at
from tiny_data import (
    assert_same_run,
    error_line,
    read_json,
    refusal,
    resume,
    rows,
    run,
    train,
    write_csv,
)
from torch import Tensor

import textcnn
from textcnn.data.batching import EncodedTexts
from textcnn.data.labelled import LabelledTexts, join, label_texts
from textcnn.evaluation.weighing import fit_weights
from textcnn.training.ngrams.linear import fit_linear, learn_ngrams
from textcnn.training.objectives.distillation import Distillation
from textcnn.training.objectives.losses import build_loss, build_margin_loss

pytest_plugins = ("tiny_run",)

ONE = torch.tensor([[3 / 4, 1 / 4]]).log()  # probabilities of two classes
LOSSES = ("cross_entropy", "squared", "hinge")
SMALL: dict[str, Any] = {
    "model": {"name": "multi_width", "embedding_dim": 8, "num_filters": 4},
    "text": {"min_frequency": 1},
    "training": {"epochs": 2, "batch_size": 20, "patience": None},
    "optimizer": {"learning_rate": 0.03},
}


def built(name: str, multi_label: bool = False, weights: Any = None, smoothing: float = 0.0) -> Any:
    settings: dict[str, Any] = {
        "multi_label": multi_label,
        "class_weights": None if weights is None else torch.tensor(weights),
        "label_smoothing": smoothing,
    }
    return (
        build_loss(**settings) if name == "cross_entropy" else build_margin_loss(name, **settings)
    )


def soft(loss: Any, logits: Tensor, targets: Any, weights: Any = None) -> float:
    numbers = torch.tensor(targets)
    counted = None if weights is None else torch.tensor(weights)
    value: float = loss(logits, numbers.argmax(dim=1), counted, numbers).item()
    return value


# Losses


def test_each_class_costs_by_its_probability() -> None:
    expected = 0.7 * log(4 / 3) + 0.3 * log(4)
    assert soft(built("cross_entropy"), ONE, [[0.7, 0.3]]) == pytest.approx(expected)


def test_weights_of_classes_and_texts_make_a_weighted_mean() -> None:
    loss = built("cross_entropy", weights=[1.0, 3.0])
    halves = 0.5 * log(4 / 3) + 0.5 * 3 * log(4)  # counts 0.5 + 0.5 x 3
    assert soft(loss, ONE, [[0.5, 0.5]]) == pytest.approx(halves / 2)
    both = soft(loss, ONE.repeat(2, 1), [[0.5, 0.5], [1.0, 0.0]], [2.0, 4.0])
    assert both == pytest.approx((2 * halves + 4 * log(4 / 3)) / (2 * 2 + 4 * 1))


def test_smoothing_mixes_soft_labels_with_equal_ones() -> None:
    expected = (0.8 * 0.7 + 0.1) * log(4 / 3) + (0.8 * 0.3 + 0.1) * log(4)
    assert soft(built("cross_entropy", smoothing=0.2), ONE, [[0.7, 0.3]]) == pytest.approx(expected)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("multi_label", [False, True])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_soft_labels_of_0_and_1_are_hard_labels(
    name: str, multi_label: bool, smoothing: float
) -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(4, 3, generator=generator)
    labels = torch.tensor([0, 2, 1, 2])
    targets = torch.nn.functional.one_hot(labels, 3).float()
    loss = built(name, multi_label, [1.0, 2.0, 3.0], smoothing)
    for weights in (None, torch.tensor([1.0, 2.0, 0.5, 0.0])):
        given = targets.bool() if multi_label else labels
        torch.testing.assert_close(
            loss(logits, given, weights, targets), loss(logits, given, weights)
        )


@pytest.mark.parametrize("name", LOSSES)
@given(share=st.floats(0, 1), numbers=st.lists(st.floats(-3, 3), min_size=2, max_size=2))
def test_a_soft_label_is_the_text_once_per_class_by_its_probability(
    name: str, share: float, numbers: list[float]
) -> None:
    loss, logits = built(name, weights=[1.0, 3.0]), torch.tensor([numbers])
    apart = loss(logits.repeat(2, 1), torch.tensor([0, 1]), torch.tensor([share, 1 - share]))
    assert soft(loss, logits, [[share, 1 - share]]) == pytest.approx(apart.item(), abs=1e-5)


def test_a_student_learns_from_soft_labels_and_its_teacher() -> None:
    targets, teacher = torch.tensor([[0.7, 0.3]]), torch.tensor([[0.0, 0.0]])
    loss = Distillation(1.0, 0.25).loss(
        built("cross_entropy"), ONE, torch.tensor([0]), teacher, targets=targets
    )
    # the divergence of (3/4, 1/4) from (1/2, 1/2)
    apart = 0.5 * log(0.5 / 0.75) + 0.5 * log(0.5 / 0.25)
    expected = 0.75 * (0.7 * log(4 / 3) + 0.3 * log(4)) + 0.25 * apart
    assert loss.item() == pytest.approx(expected)


# Rows


def labelled(shares: list[list[float]], weights: Any = None) -> LabelledTexts:
    columns = {
        "text": [str(row) for row in range(len(shares))],
        "label": [["a", "b", "c"]] * len(shares),
        "shares": shares,
    }
    if weights is not None:
        columns["weight"] = pa.array(weights, pa.float32())
    return label_texts(pa.table(columns), ["a", "b", "c"], "data.train")


FOUR = [[0.5, 0.25, 0.25], [0.0, 0.5, 0.5], [0.25, 0.25, 0.5], [0.25, 0.5, 0.25]]


def test_splits_and_counts_follow_the_most_probable_class() -> None:
    texts = labelled(FOUR)
    assert not texts.multi_label
    assert texts.labels.tolist() == [0, 1, 2, 1]
    assert texts.strata.tolist() == [0, 1, 2, 1]
    assert texts.counts.tolist() == [1, 2, 1]


def test_soft_labels_go_with_their_texts() -> None:
    some = labelled(FOUR, [1, 2, 3, 4]).select(np.array([2, 0]))
    assert some.targets is not None
    assert some.weights is not None
    assert some.targets.tolist() == [FOUR[2], FOUR[0]]
    assert some.weights.tolist() == [3, 1]


def test_hard_labels_join_soft_ones_as_certain() -> None:
    hard = label_texts(pa.table({"text": ["x"], "label": ["c"]}), ["a", "b", "c"], "x")
    after, before = join(labelled(FOUR), hard), join(hard, labelled(FOUR))
    assert after.soft_labels.tolist() == [*FOUR, [0, 0, 1]]
    assert before.soft_labels.tolist() == [[0, 0, 1], *FOUR]


def test_the_fingerprint_knows_soft_labels() -> None:
    other = [[0.6, 0.2, 0.2], *FOUR[1:]]
    assert labelled(FOUR).fingerprint != labelled(other).fingerprint
    assert labelled(FOUR).fingerprint == labelled(FOUR).fingerprint


# N-grams


def test_liblinear_counts_a_text_for_each_class_by_its_probability() -> None:
    ids = np.array([2, 3, 2, 4, 3, 4, 2, 2], np.int32)
    shares = np.array([[0.75, 0.25], [1, 0], [0, 1], [0.5, 0.5]], np.float32)
    once = EncodedTexts(
        ids, np.arange(0, 9, 2), np.full(4, 2), shares.argmax(axis=1), targets=shares
    )
    # the same texts, hard and weighed: both halves of the first and the last
    order = np.array([0, 0, 1, 2, 3, 3])
    twice = EncodedTexts(
        ids.reshape(4, 2)[order].ravel(),
        np.arange(0, 13, 2),
        np.full(6, 2),
        np.array([0, 1, 0, 1, 0, 1]),
        np.array([0.75, 0.25, 1, 1, 0.5, 0.5], np.float32),
    )
    settings: dict[str, Any] = {"vocabulary_size": 5, "num_classes": 2, "longest": 1}
    trained = []
    for texts in (once, twice):
        ngrams = learn_ngrams(texts, scaling="none", **settings)
        fit_linear(ngrams, texts, loss="logistic")
        trained.append(ngrams.table.weight.detach())
    torch.testing.assert_close(trained[0], trained[1], atol=0.02, rtol=0)


def test_branches_are_weighed_against_soft_labels() -> None:
    logits = torch.tensor([[2.0, 0.0], [0.0, 2.0]]).repeat(200, 1)
    labels, targets = torch.tensor([0, 1] * 200), torch.tensor([[0.7, 0.3], [0.3, 0.7]] * 200)
    (weight,) = fit_weights([logits], labels, (1.0,), targets=targets).tolist()
    assert 2 * weight == pytest.approx(log(0.7 / 0.3), abs=0.02)  # calibrated: 70 %


# Runs


@pytest.fixture(scope="module")
def soft_file(tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a teacher says of more texts."""
    folder = tmp_path_factory.mktemp("soft")
    more = write_csv(folder / "more.csv", rows(120, seed=5))
    output = folder / "soft.jsonl"
    assert run("predict", f"checkpoint={tiny_run}", f"input={more}", f"output={output}") == 0
    return output


def test_a_student_of_a_file_of_predictions_knows_what_its_teacher_knows(
    soft_file: Path, tiny_csv: Path, tmp_path: Path
) -> None:
    assert train(soft_file, tmp_path / "run", "data.label=probabilities") == 0
    metrics = read_json(tmp_path / "run" / "metrics.json")
    assert metrics["test"]["accuracy"] > 0.7  # of what the teacher thinks
    given = (f"data.test={tiny_csv}", "data.label=label", f"run_dir={tmp_path / 'scored'}")
    assert run("evaluate", f"checkpoint={tmp_path / 'run'}", "data=files", *given) == 0
    assert read_json(tmp_path / "scored" / "evaluation.json")["accuracy"] > 0.7


@pytest.mark.parametrize("way", ["plain", "stream", "accumulated"])
def test_interrupted_runs_on_soft_labels_and_weights_are_resumed_bit_for_bit(
    soft_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    weighed = tmp_path / "weighed.jsonl"
    lines = [json.loads(line) for line in soft_file.read_text(encoding="utf-8").splitlines()]
    weighed.write_text(
        "".join(json.dumps(line | {"w": n % 3}) + "\n" for n, line in enumerate(lines)),
        encoding="utf-8",
    )
    given = ["data.label=probabilities", "data.weight=w", "training.max_steps=9"]
    if way == "stream":
        given += ["data.streaming=true", "data.shuffle_buffer=40", "training.validate_every=3"]
    elif way == "accumulated":
        given.append("training.accumulate=2")
    assert train(weighed, tmp_path / "whole", *given) == 0
    with monkeypatch.context() as patch:
        interrupt_at(patch, 4)
        assert train(weighed, tmp_path / "parts", *given) == 130
    assert resume(tmp_path / "parts") == 0
    assert_same_run(tmp_path / "parts", tmp_path / "whole")


@pytest.mark.parametrize(
    "settings",
    [
        ("model=ngrams",),
        ("model=cnn_ngrams", "model.embedding_dim=8", "model.num_filters=4"),
        ("model=cnn_ngrams", "model.ngram_solver=gradient", "model.num_filters=4"),
        ("training.class_weights=balanced", "training.sampling=balanced"),
        ("training.r_drop=1", "training.label_smoothing=0.1"),
        ("training.mixup=1",),
        ("training.adversarial=1",),
        ("training.loss=hinge", "training.metric=accuracy"),
        ("training.final=all",),
        ("data.folds=2",),
        ("training.out_of_fold=true", "training.teacher_folds=2"),
        ("training.out_of_fold=true", "training.teacher_folds=2", "data.unlabelled=SOFT"),
        ("data.max_examples=40",),
    ],
)
def test_soft_labels_work_with(soft_file: Path, tmp_path: Path, settings: tuple[str, ...]) -> None:
    usual = [] if "model=ngrams" in settings else ["training.epochs=1"]
    given = ["data.label=probabilities", *usual, *settings]
    given = [setting.replace("SOFT", str(soft_file)) for setting in given]
    if "model=ngrams" in settings:
        keys = ("data=files", f"data.train={soft_file}", f"run_dir={tmp_path / 'run'}")
        assert run("train", *keys, "text.min_frequency=1", *given) == 0
    else:
        assert train(soft_file, tmp_path / "run", *given) == 0
    assert read_json(tmp_path / "run" / "metrics.json")["test"]["accuracy"] >= 0


def test_votes_and_indicators_are_learned(tmp_path: Path) -> None:
    drawn = rows(120)
    votes = tmp_path / "votes.csv"
    lines = [
        f"{text},{label},{label if n % 2 else 'film'}," for n, (text, label) in enumerate(drawn)
    ]
    votes.write_text("\n".join(["text,ann1,ann2,ann3", *lines]), encoding="utf-8")
    given = ("data.label=[ann1,ann2,ann3]", "data.label_kind=votes", "training.epochs=3")
    assert train(votes, tmp_path / "votes", *given) == 0
    sets = tmp_path / "sets.csv"
    lines = [f"{text},{int(label == 'film')},{int(label != 'tech')}" for text, label in drawn]
    sets.write_text("\n".join(["text,film,fun", *lines]), encoding="utf-8")
    given = ("data.label=[film,fun]", "data.multi_label=true", "training.epochs=3")
    assert train(sets, tmp_path / "sets", *given) == 0
    assert read_json(tmp_path / "sets" / "best" / "labels.json") == ["film", "fun"]


def test_a_bad_row_ends_in_one_line_before_training(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"text": "x", "label": {"a": 0.5}}\n', encoding="utf-8")
    assert train(file, tmp_path / "run") == 2
    assert error_line(capfd) == (
        f"{file}, line 1: the probabilities in label add up to 0.5, not to 1 (within 0.01); "
        "correct them or drop the row"
    )
    assert not (tmp_path / "run").exists()


# Python


def test_python_takes_dictionaries_data_frames_and_matrices() -> None:
    texts, names = (list(column) for column in zip(*rows(60), strict=True))
    classes = sorted(set(names))
    shares = [{name: 0.8 if name == own else 0.1 for name in classes} for own in names]
    frame = pd.DataFrame(shares)
    mixed = [
        each if n % 2 else own for n, (each, own) in enumerate(zip(shares, names, strict=True))
    ]
    ours = textcnn.fit(texts, shares, **SMALL)
    assert ours.labels == tuple(classes)
    theirs = textcnn.fit(texts, frame, **SMALL)
    torch.testing.assert_close(ours.logits(texts[:9]), theirs.logits(texts[:9]), rtol=0, atol=0)
    textcnn.fit(texts, mixed, validation=(texts, names), **SMALL)
    estimator = textcnn.TextClassifier(**SMALL).fit(texts, frame[classes].to_numpy())
    assert estimator.classes_.tolist() == [0, 1, 2]
    named = textcnn.TextClassifier(**SMALL).fit(
        texts, frame[classes[::-1]], validation=(texts, frame)
    )
    assert named.classes_.tolist() == classes[::-1]
    assert named.predict_proba(texts).shape == (60, 3)
    sets = pd.DataFrame({"long": [1, 0] * 30, "film": [name == "film" for name in names]}).astype(
        int
    )
    several = textcnn.TextClassifier(**SMALL).fit(texts, sets)
    assert several.classes_.tolist() == ["long", "film"]
    assert several.classifier_.labels == ("film", "long")
    series = pd.Series(shares)
    by_name = textcnn.TextClassifier(**SMALL).fit(texts, series, sample_weight=np.ones(60))
    assert by_name.classes_.tolist() == classes
    assert by_name.predict_proba(texts).shape == (60, 3)


def test_python_refuses_what_files_may_not_hold() -> None:
    texts = ["x", "y", "z"]
    heavy: Any = ["x", 1, 1]
    wrong: Any = [{"a": 0.5, "b": 0.4}, "a", "b"]
    assert refusal(lambda: textcnn.fit(texts, wrong)) == (
        "data.train, row 1: the probabilities in label add up to 0.9, not to 1 (within 0.01); "
        "correct them or drop the row"
    )
    mixed = np.array(["1", 1, 1], dtype=object)
    strings: Any = ["1", "1", "1"]
    for numbers in (heavy, strings, mixed):
        fit = partial(textcnn.fit, texts, ["a", "b", "a"], sample_weight=numbers)
        assert refusal(fit) == "sample_weight takes numbers, one per text"
    assert refusal(lambda: textcnn.fit(texts, ["a", "b", "a"], sample_weight=[1, 1e38, 1])) == (
        "data.train, row 2: the weight must be a number from 0 to 1,000,000, got 1e+38"
    )
    frame = pd.DataFrame([[0.5, 0.5]] * 3, columns=["a", "a"])
    for trained in (textcnn.fit, textcnn.TextClassifier().fit):
        assert refusal(partial(trained, texts, frame)) == (
            "the DataFrame has two columns named 'a'; rename one"
        )
    assert refusal(lambda: textcnn.fit(texts, frame.to_numpy())) == (
        "expected a list of labels, got an array of shape (3, 2); give a {class: probability} for "
        "each text, or a DataFrame with a column for each class"
    )
    assert "data.weight is for the command line" in refusal(
        lambda: textcnn.fit(texts, ["a", "b", "a"], data={"weight": "w"})
    )
