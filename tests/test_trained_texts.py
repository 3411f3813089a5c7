"""Checkpoints know which texts they were trained on, and `evaluate` says so."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save
from tiny_data import error_line, forge, forge_manifest, read_json, rows, run

from textcnn.checkpoint import TRAINED_TEXTS, load_checkpoint
from textcnn.data.same_text import hash_texts
from textcnn.data.trained_texts import TrainedTexts
from textcnn.evaluation.overlap import find_overlap

pytest_plugins = ("tiny_run",)


def test_texts_are_found_whatever_their_case_and_white_space() -> None:
    trained = TrainedTexts.of(hash_texts(["One two", "three", "three"]))
    assert trained.count == 2
    seen, known = trained.find(hash_texts(["ONE  two ", "four", "three"]))
    assert seen.tolist() == [True, False, True]
    assert known.all()


@given(st.sets(st.integers(0, 2**64 - 1), min_size=1), st.integers(1, 10))
def test_of_very_many_texts_a_sample_is_known_for_sure(numbers: set[int], most: int) -> None:
    hashes = np.array(sorted(numbers), np.uint64)
    trained = TrainedTexts.of(hashes, most=most)
    seen, known = trained.find(hashes)
    assert (seen == known).all() or trained.count == len(trained.hashes)
    assert seen.sum() == min(most, len(numbers))
    others = np.array([number ^ 1 for number in numbers], np.uint64)
    seen, known = trained.find(others)
    assert [bool(each) for each in seen] == [
        int(each) in {*trained.hashes.tolist()} for each in others
    ]


def test_tensors_hold_them_bit_for_bit() -> None:
    trained = TrainedTexts.of(hash_texts([str(number) for number in range(50)]), most=40)
    again = TrainedTexts.of_tensors(trained.as_tensors())
    assert again.hashes.tolist() == trained.hashes.tolist()
    assert again.count == 50


def test_accuracy_is_told_with_and_without_the_texts_of_training() -> None:
    trained = TrainedTexts.of(np.array([1, 2, 3], np.uint64))
    hashes = np.array([1, 2, 7, 8, 9, 10], np.uint64)
    correct = np.array([True, True, True, False, True, False])
    found = find_overlap(trained, hashes, correct)
    assert found is not None
    assert (found.texts, found.of, found.accuracy, found.others) == (2, 6, 1.0, 0.5)
    assert found.line == (
        "2 of 6 texts (33.3 %) were in training: accuracy 100.0 % on them, 50.0 % (15.0 to 85.0 %) "
        "on the others"
    )
    new = find_overlap(trained, hashes[2:], correct[2:])
    assert new is not None
    assert new.line is None
    whole = find_overlap(trained, hashes[:2], correct[:2])
    assert whole is not None
    assert whole.line is not None
    assert find_overlap(None, hashes, correct) is None
    assert whole.line.startswith("all 2 texts were in training: ")


def test_a_run_knows_its_training_texts(tiny_run: Path) -> None:
    trained = load_checkpoint(tiny_run / "best").trained_texts
    assert trained is not None
    texts = [text for text, _ in rows(200)]
    assert trained.count == len(trained.hashes)
    # texts of training that validation or test hold too were dropped from training
    assert trained.count <= trained.find(hash_texts(texts))[0].sum() <= 160
    assert not trained.find(hash_texts(["never seen"]))[0].any()


def evaluate(checkpoint: Path, out: Path, *overrides: str) -> int:
    return run("evaluate", f"checkpoint={checkpoint}", f"run_dir={out}", *overrides)


def test_the_training_file_is_noticed(
    tiny_run: Path, tmp_path: Path, tiny_csv: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(tiny_run, tmp_path / "own") == 0
    assert "in training" not in capfd.readouterr().out
    assert read_json(tmp_path / "own" / "evaluation.json")["trained_on"]["texts"] == 0
    assert evaluate(tiny_run, tmp_path / "train", "data=files", f"data.test={tiny_csv}") == 0
    told = read_json(tmp_path / "train" / "evaluation.json")["trained_on"]
    assert 120 < told["texts"] <= 160
    assert told["of"] == 200
    assert f"warning: {told['texts']} of 200 texts" in capfd.readouterr().out


def test_checkpoints_without_hashes_are_scored_as_before(tiny_run: Path, tmp_path: Path) -> None:
    old = shutil.copytree(tiny_run / "best", tmp_path / "old")
    (old / TRAINED_TEXTS).unlink()
    hashes = read_json(old / "manifest.json")["sha256"]
    forge_manifest(old, sha256={k: v for k, v in hashes.items() if k != TRAINED_TEXTS})
    assert evaluate(old, tmp_path / "out") == 0
    assert read_json(tmp_path / "out" / "evaluation.json")["trained_on"] is None


@pytest.mark.parametrize(
    "tensors",
    [
        {"hashes": torch.zeros(0, dtype=torch.int64), "count": torch.tensor([0])},
        {"hashes": torch.zeros(3), "count": torch.tensor([3])},
        {"hashes": torch.zeros(3, dtype=torch.int64), "count": torch.tensor([2])},
        {"count": torch.tensor([2])},
    ],
)
def test_damaged_hashes_are_one_line(
    tiny_run: Path,
    tmp_path: Path,
    tensors: dict[str, torch.Tensor],
    capfd: pytest.CaptureFixture[str],
) -> None:
    bad = shutil.copytree(tiny_run / "best", tmp_path / "bad")
    forge(bad, TRAINED_TEXTS, save(tensors))
    assert evaluate(bad, tmp_path / "out") == 2
    assert "can't be read" in error_line(capfd)


def test_texts_of_two_trainings_are_joined_up_to_where_both_know_all_hashes() -> None:
    first = TrainedTexts.of(np.array([1, 2, 9], np.uint64))
    second = TrainedTexts.of(np.array([2, 5], np.uint64))
    both = first.joined(second)
    assert both.hashes.tolist() == [1, 2, 5, 9]
    assert both.count == 4
    cut = TrainedTexts.of(np.array([3, 4, 7, 8], np.uint64), most=2)  # knows hashes up to 4
    joined = first.joined(cut)
    assert joined.hashes.tolist() == [1, 2, 3, 4]
    assert joined.count == 7
    assert joined.find(np.array([4, 9], np.uint64))[1].tolist() == [True, False]
