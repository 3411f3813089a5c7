"""Paired tests of accuracy, and the ablations that they judge."""

import base64
from argparse import Namespace
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ablations import SENTENCES, compare, merge, page, plan, right
from scipy import stats
from tiny_data import refusal

from textcnn.config.compose import compose
from textcnn.evaluation.comparison.paired import (
    holm,
    mcnemar,
    over_runs,
    over_texts,
    paired_t,
    sign_test,
)


def test_a_difference_by_hand() -> None:
    found = paired_t(np.array([1.0, 2.0, 3.0]))
    # mean 2, standard error 1 / sqrt(3), t with 2 degrees of freedom: 4.303 at 97.5 %
    assert found.points == 2
    assert found.high - found.points == pytest.approx(4.3027 / 3**0.5, abs=1e-3)
    assert found.p == pytest.approx(stats.ttest_1samp([1.0, 2.0, 3.0], 0).pvalue)
    assert found.verdict == "within noise"
    assert paired_t(np.array([1.0, 1.1, 0.9, 1.0])).verdict == "better"
    assert paired_t(np.array([-1.0, -1.1, -0.9, -1.0])).verdict == "worse"


def test_equal_models_are_within_noise() -> None:
    assert over_runs([80.0, 81.0], [80.0, 81.0]).verdict == "within noise"
    assert over_runs([81.0, 82.0], [80.0, 81.0]).p == 0


def test_a_text_that_is_tested_in_every_run_counts_once() -> None:
    ours = [np.array([True, True, False, True])] * 3
    theirs = [np.array([True, False, False, True])] * 3
    same, other = over_texts(ours, theirs, same=True), over_texts(ours, theirs, same=False)
    assert same.points == other.points == 25
    assert same.p == over_texts(ours[:1], theirs[:1], same=True).p
    assert other.p < same.p


def test_mcnemar_by_hand() -> None:
    ours = np.array([True] * 6 + [False] * 4)
    theirs = np.array([True] + [False] * 5 + [True] + [False] * 3)
    # 5 only ours, 1 only theirs: 2 (1 + 6) / 64
    assert mcnemar(ours, theirs) == pytest.approx(2 * 7 / 64)
    assert mcnemar(ours, ours) == 1


def test_pairs_of_the_same_text_count_as_one() -> None:
    alone = paired_t(np.array([1.0, 0.0, -1.0, 1.0]))
    repeated = np.array([1.0, 0.0, -1.0, 1.0] * 3)
    clusters = np.array([0, 1, 2, 3] * 3)
    for found, expected in zip(astuple(paired_t(repeated, clusters)), astuple(alone), strict=True):
        assert found == pytest.approx(expected)
    assert paired_t(repeated).high < alone.high
    assert astuple(paired_t(repeated[:4], clusters[:4])) == pytest.approx(astuple(alone))


def test_a_sign_test_counts_directions_only() -> None:
    assert sign_test(np.array([1 / 3, 2 / 3, 1.0, -1 / 3, 0.0])) == pytest.approx(10 / 16)
    assert sign_test(np.array([0.0, 1 / 3 + 1 / 3 - 2 / 3])) == 1.0


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


@pytest.mark.parametrize("sentence", SENTENCES, ids=lambda each: each.title)
def test_every_variant_can_be_trained(sentence: Any) -> None:
    for variant in sentence.variants:
        compose("train", [*sentence.overrides(variant)])


class Finished:
    """A job with this result."""

    def __init__(self, flags: list[int]):
        packed = np.packbits(np.array(flags, bool)).tobytes()
        self.found = {
            "accuracy": sum(flags) / len(flags),
            "right": base64.b64encode(packed).decode(),
            "texts": {"test": len(flags)},
            "overrides": [],
            "seconds": 1.0,
            "date": "2026-11-26",
            "commit": "abc",
            "hardware": {"device": "CPU", "cpu": "a CPU", "cores": 2, "threads": 1, "torch": "2"},
        }

    def result(self) -> dict[str, Any]:
        return self.found


def test_a_variant_is_compared_with_its_base_on_the_same_texts() -> None:
    base = [Finished([1, 0, 0, 0, 1, 1, 0, 0, 0, 1]), Finished([0, 0, 0, 0, 1, 1, 0, 0, 0, 1])]
    better = [Finished([1, 1, 1, 1, 1, 1, 1, 0, 1, 1]), Finished([1, 1, 1, 1, 1, 1, 0, 0, 1, 1])]
    title, variant = "Position of a word", "sinusoids"
    jobs: Any = {
        ("trec", "", "network"): base,
        ("trec", title, variant): better,
        ("trec", title, "learned vectors"): [Finished([1])],
    }
    jobs["trec", title, "learned vectors"][0].result = lambda: None
    rows = merge([], compare(jobs))
    assert [row["variant"] for row in rows] == ["network", variant]
    assert rows[1]["difference"] == 50.0
    assert rows[1]["better_runs"] == 2
    assert rows[1]["verdict"] == "better"
    assert merge(rows, iter([])) == rows
    assert right(better[1].found).tolist() == [True] * 6 + [False] * 2 + [True] * 2
    text = page(rows)
    assert "the mean over 2 runs on TREC" in text
    assert "| **network** | TREC | 35.0 |  |  |  |  | base |" in text
    assert "| sinusoids | TREC | 85.0 | +50.0 [" in text
    assert "| 2 of 2 | better |" in text
    assert "*Measured on a CPU, 2 cores, 1 thread a run, torch 2, " in text


def test_only_chooses_tables_by_words_of_their_titles(tmp_path: Path) -> None:
    options = Namespace(only=["dropout"], folder=tmp_path, work=tmp_path, folds=1, seeds=1)
    jobs = plan(["trec"], options)
    assert list(jobs) == [
        ("trec", "", "network"),
        ("trec", "Dropout before the output", "none"),
        ("trec", "Dropout before the output", "0.8"),
    ]
    overrides = jobs["trec", "Dropout before the output", "none"][0].overrides
    assert overrides.count("model.dropout=0") == 1
    options.only = ["nothing of the kind"]
    assert "--only takes words of these titles: " in refusal(lambda: plan(["trec"], options))
