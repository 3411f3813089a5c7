"""What n-grams refuse: keys, studies, forged checkpoints."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from ngram_programs import train_linear
from safetensors.torch import save
from test_streamed_run import STREAM
from tiny_data import (
    error_line,
    forge,
    refusal,
    run,
    train,
    weights,
)
from torch import Tensor

from textcnn.config.compose import config_from_keys
from textcnn.inference import load
from textcnn.training.ngrams import linear

pytest_plugins = ("tiny_run", "tiny_ngrams")

HINGE = {"loss": "hinge", "metric": "accuracy"}


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"model__ngrams": 0}, "model.ngrams takes a whole number, at least 1, at most 8, got 0"),
        ({"text__vectors": "glove"}, "text.vectors=glove needs a network"),
        ({"training__members": 3}, "training.members=3 needs a network"),
        ({"training__label_smoothing": 0.1}, "training.label_smoothing=0.1 needs a network"),
        ({"training__r_drop": 1.0}, "training.r_drop=1.0 needs a network"),
        ({"training__mixup": 0.2}, "training.mixup=0.2 needs a network"),
        ({"training__adversarial": 1.0}, "training.adversarial=1.0 needs a network"),
        ({"training__out_of_fold": True}, "training.out_of_fold=true needs a network"),
        ({"training__sampling": "balanced"}, "training.sampling=balanced needs a network"),
        (
            {"training": HINGE},
            "training.loss=hinge needs a network",
        ),
        ({"training__average": "ema"}, "training.average=ema needs a network"),
        ({"teacher": "outputs/run"}, "teacher=outputs/run needs a network"),
    ],
)
def test_keys_that_need_a_network_are_refused(keys: dict[str, Any], message: str) -> None:
    told = refusal(lambda: config_from_keys({"model": "ngrams", **keys}))
    assert told.startswith(message)
    assert "; leave it out" in told or "; try " in told


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"model__ngram_scaling": "none"}, "model.ngram_scaling=none needs n-grams"),
        ({"model__ngram_min_count": 2}, "model.ngram_min_count=2 needs n-grams"),
        ({"model__ngram_loss": "logistic"}, "model.ngram_loss=logistic needs n-grams"),
        ({"model__ngram_cost": 3.0}, "model.ngram_cost=3.0 needs n-grams"),
        ({"model__ngrams": 9}, "model.ngrams takes a whole number, at least 0, at most 8"),
        (
            {"model__ngrams": 2, "model__ngram_cost": 0.0},
            "model.ngram_cost takes a number, above 0.0",
        ),
        ({"model__ngrams": 2, "model__ngram_scaling": "idf"}, "model.ngram_scaling takes"),
    ],
)
def test_keys_that_need_ngrams_are_refused(keys: dict[str, Any], message: str) -> None:
    made = {"model": "multi_width"} | keys
    assert refusal(lambda: config_from_keys(made)).startswith(message)


def test_a_baseline_of_a_stream_is_refused(
    tiny_csv: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert train(tiny_csv, tmp_path / "run", *STREAM, "baseline=true") == 2
    assert error_line(capfd).startswith("baseline=true needs all rows in memory")


def test_a_study_examines_a_network(
    linear_dir: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    keys = ("study=checkpoint", f"checkpoint={linear_dir}", f"run_dir={tmp_path / 'study'}")
    assert run("illustrate", *keys) == 2
    assert error_line(capfd) == (
        f"study=checkpoint examines a network, got {linear_dir / 'best'}, a model of n-grams "
        "alone; give a run with another model"
    )


def without_keys(stored: dict[str, Tensor]) -> None:
    del stored["keys"]


def keys_of_two_dimensions(stored: dict[str, Tensor]) -> None:
    stored["keys"] = stored["keys"][:, None].contiguous()


def keys_of_floats(stored: dict[str, Tensor]) -> None:
    stored["keys"] = stored["keys"].double()


def negative_keys(stored: dict[str, Tensor]) -> None:
    stored["keys"].neg_()


def enormous_keys(stored: dict[str, Tensor]) -> None:
    stored["keys"].fill_(2**62)


def too_few_counts(stored: dict[str, Tensor]) -> None:
    stored["counts"] = stored["counts"][1:].contiguous()


def counts_of_floats(stored: dict[str, Tensor]) -> None:
    stored["counts"] = stored["counts"].float()


def two_totals(stored: dict[str, Tensor]) -> None:
    stored["texts"] = torch.ones(2, dtype=torch.int64)


def without_calibration(stored: dict[str, Tensor]) -> None:
    del stored["calibration"]


def without_subwords(stored: dict[str, Tensor]) -> None:
    del stored["subwords.keys"]


def repeated_subwords(stored: dict[str, Tensor]) -> None:
    stored["subwords.keys"].fill_(7)


def subwords_of_floats(stored: dict[str, Tensor]) -> None:
    stored["subwords.keys"] = stored["subwords.keys"].float()


def too_few_words(stored: dict[str, Tensor]) -> None:
    stored["subwords.words"] = stored["subwords.words"][:3].clone()


@pytest.mark.parametrize(
    "change",
    [
        without_keys,
        keys_of_two_dimensions,
        keys_of_floats,
        negative_keys,
        enormous_keys,
        too_few_counts,
        counts_of_floats,
        two_totals,
        without_calibration,
        without_subwords,
        repeated_subwords,
        subwords_of_floats,
        too_few_words,
    ],
)
def test_forged_weights_are_refused_in_one_line(
    change: Any, linear_dir: Path, tmp_path: Path
) -> None:
    best = shutil.copytree(linear_dir, tmp_path / "run") / "best"
    stored = weights(best)
    change(stored)
    forge(best, "model.safetensors", save(stored))
    assert "configuration and weights don't fit" in refusal(lambda: load(best))


@pytest.mark.parametrize("name", ["ngrams.keys", "weights", "network.head.weight"])
def test_forged_weights_of_both_are_refused_in_one_line(
    name: str, beside: Path, tmp_path: Path
) -> None:
    best = shutil.copytree(beside, tmp_path / "run") / "best"
    stored = weights(best)
    del stored[name]
    forge(best, "model.safetensors", save(stored))
    assert "configuration and weights don't fit" in refusal(lambda: load(best))


def test_repeated_keys_and_impossible_counts_are_refused(linear_dir: Path, tmp_path: Path) -> None:
    best = shutil.copytree(linear_dir, tmp_path / "run") / "best"
    stored = weights(best)
    forge(best, "model.safetensors", save(stored | {"counts": stored["counts"] - 1000}))
    assert refusal(lambda: load(best)).endswith("counts has numbers below 0")
    stored["keys"].fill_(int(stored["keys"][0]))
    forge(best, "model.safetensors", save(stored))
    assert refusal(lambda: load(best)).endswith("the keys of n-grams are not those of n-grams")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"model": "multi_width"}, "text.subwords=true needs n-grams or vectors"),
        ({"model__ngram_solver": "gradient"}, "text.subwords=true needs n-grams trained by libl"),
        ({"model__ngram_scaling": "tf_idf"}, "text.subwords=true with model.ngram_scaling=tf_idf"),
    ],
)
def test_subwords_that_nothing_can_weigh_are_refused(keys: dict[str, Any], message: str) -> None:
    told = refusal(lambda: config_from_keys({"text__subwords": True, **keys}))
    assert told.startswith(message)
    assert "text.subwords=null" in told


def test_the_default_costs_are_those_of_the_help() -> None:
    assert linear.COSTS["squared_hinge"]["naive_bayes"] == 0.1
    assert linear.COSTS["logistic"]["none"] == 1.0
    assert all(c["tf_idf"] == 10 * c["none"] for c in linear.COSTS.values())


def test_weights_of_unknown_classes_are_refused_before_anything_is_written(
    tiny_csv: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    keys = ("training.class_weights={cooking: 3}", "model.ngrams=1")
    assert train_linear(tiny_csv, tmp_path / "run", *keys) == 2
    assert "cooking" in error_line(capfd)
    assert not (tmp_path / "run").exists()
