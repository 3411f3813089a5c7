"""Groups of runs, their names, differences and conclusions, from made-up numbers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from textcnn.evaluation.comparison.answers import Answers, TestTexts, correct_texts, scores_of
from textcnn.evaluation.comparison.conclusions import conclude
from textcnn.evaluation.comparison.groups import Group, group_runs
from textcnn.evaluation.comparison.page import drawn
from textcnn.evaluation.comparison.pairs import Comparison, compare, corrected
from textcnn.evaluation.comparison.run import Run, named
from textcnn.evaluation.comparison.search import natural, run_directories

HASHES = np.arange(100, dtype=np.uint64)


def made(name: str, seed: int = 0, fold: int = 0, accuracy: float = 0.5, **settings: str) -> Run:
    keys = {key.replace("__", "."): value for key, value in settings.items()}
    scores = {"test": {"accuracy": accuracy, "macro_f1": accuracy}}
    directory = Path("/runs") / name
    run = Run(directory, name, keys, seed, (fold, 0), scores, {"test": 100}, multi_label=False)
    (only,) = named([run])
    return only if "/" not in name else run


def answers(runs: dict[str, np.ndarray], hashes: np.ndarray = HASHES) -> Answers:
    return Answers(hashes, {Path("/runs") / name: right for name, right in runs.items()}, [])


def right(count: int, first: int = 0) -> np.ndarray:
    """100 texts, of which some are labelled correctly."""
    flags = np.zeros(100, bool)
    flags[first : first + count] = True
    return flags


def compared(ours: np.ndarray, theirs: np.ndarray) -> Comparison:
    groups = group_runs([made("a", model__name="bag"), made("b", model__name="lstm")])
    found = compare(groups[0], groups[1], [answers({"a": ours, "b": theirs})])
    assert found is not None
    return found


def said(*comparisons: Comparison) -> list[str]:
    groups = [Group(each.ours, (made(each.ours),)) for each in comparisons]
    reference = Group(comparisons[0].theirs, (made(comparisons[0].theirs),))
    return list(conclude([*groups, reference], reference, comparisons, True))


# Groups


def test_runs_that_differ_only_in_seed_are_one_group() -> None:
    runs = [made(str(n), seed=n % 2, model__name=("bag", "lstm")[n // 2]) for n in range(4)]
    groups = group_runs(runs)
    assert [group.name for group in groups] == ["model=bag", "model=lstm"]
    assert [[run.seed for run in group.runs] for group in groups] == [[0, 1], [0, 1]]
    assert groups[0].count == "2 (2 seeds)"


def test_mean_and_sample_deviation_over_seeds() -> None:
    (group,) = group_runs([made(str(n), seed=n, accuracy=n / 10) for n in (1, 2, 3)])
    score = group.score("test", "accuracy")
    assert score is not None
    assert score.mean == pytest.approx(0.2)
    assert score.deviation == pytest.approx(0.1)
    assert group.score("validation", "accuracy") is None


def test_groups_are_named_by_the_fewest_keys_that_tell_them_apart() -> None:
    values = [("a", "1", "x"), ("a", "2", "y"), ("b", "1", "z"), ("b", "2", "x")]
    runs = [
        made(f"{number}-{seed}", seed=seed, model__name=name, lr=rate, other=other)
        for number, (name, rate, other) in enumerate(values)
        for seed in (0, 1)
    ]
    assert [group.name for group in group_runs(runs)] == [
        f"model={name}, lr={rate}" for name, rate, _ in values
    ]


def test_folders_of_their_own_name_groups() -> None:
    runs = [made(f"{name}/{seed}", seed, lr=name) for name in ("new", "old") for seed in (0, 1)]
    assert [group.name for group in group_runs(runs)] == ["new", "old"]


def test_the_same_configuration_and_seed_twice_is_compared_with_itself() -> None:
    assert [group.name for group in group_runs([made("a"), made("b")])] == ["a", "b"]
    assert len(group_runs([made("a"), made("b", seed=1)])) == 1


def test_names_are_what_differs_between_paths(tmp_path: Path) -> None:
    runs = [made("x/a/best"), made("x/b/best"), made("x/b/last\n")]
    assert [run.name for run in named(runs)] == ["a/best", "b/best", "b/last\\n"]
    assert [run.name for run in named(runs[:1])] == ["best"]
    jobs = named([made("sweep/0"), made("sweep/10")])
    assert [run.name for run in jobs] == ["sweep/0", "sweep/10"]


def test_runs_in_a_folder_are_found_in_natural_order(tmp_path: Path) -> None:
    for name in ("10", "9", "deep/er", "cv/fold-2", "cv/fold-1", ".hidden", "none"):
        (tmp_path / name).mkdir(parents=True)
        if name != "none":
            (tmp_path / name / "config.yaml").write_text("")
    (tmp_path / "cv" / "config.yaml").write_text("")
    (tmp_path / "9" / "member-1").mkdir()
    (tmp_path / "9" / "member-1" / "config.yaml").write_text("")
    found = [str(path.relative_to(tmp_path)) for path in run_directories([str(tmp_path)], 10)]
    assert found == ["9", "10", "cv/fold-1", "cv/fold-2", "deep/er"]
    assert sorted([Path("a10"), Path("a9"), Path("b")], key=natural) == [
        *(Path("a9"), Path("a10"), Path("b"))
    ]


# Differences


def test_the_answers_of_several_seeds_are_averaged_for_each_text() -> None:
    groups = group_runs([made(f"{m}{s}", s, model__name=m) for m in ("a", "b") for s in (0, 1)])
    ours = {"a0": right(60), "a1": right(40)}
    theirs = {"b0": right(30), "b1": right(30)}
    found = compare(groups[0], groups[1], [answers(ours | theirs)])
    assert found is not None
    assert found.over_texts.points == pytest.approx(20)  # (60 + 40) / 2 - 30
    assert (found.only_ours, found.only_theirs, found.texts) == (30, 0, 100)
    assert found.runs == (2, 2)
    assert not found.once
    # other seeds change nothing: the texts are the same
    single = compare(groups[0], groups[1], [answers({"a0": right(50), "b1": right(30)})])
    assert single is not None
    assert single.over_texts.points == pytest.approx(20)


def test_a_text_in_several_splits_counts_once() -> None:
    groups = group_runs([made("a", model__name="a"), made("b", model__name="b")])
    split = answers({"a": right(20), "b": right(10)})
    once, twice = (compare(groups[0], groups[1], [split] * count) for count in (1, 2))
    assert once is not None
    assert twice is not None
    assert once.texts == twice.texts == 100
    assert once.over_texts.high == pytest.approx(twice.over_texts.high)
    assert once.p == twice.p


def test_groups_without_common_texts_have_no_difference() -> None:
    groups = group_runs([made("a", model__name="a"), made("b", model__name="b")])
    splits = [answers({"a": right(20)}), answers({"b": right(20)}, HASHES + 100)]
    assert compare(groups[0], groups[1], splits) is None


# Conclusions


def test_a_sure_difference_names_the_better_one_whichever_is_the_reference() -> None:
    better = "a is better than b by 10.00 points (95 %: 4.02 to 15.98), McNemar p = 0.002"
    worse = "b is better than a by 10.00 points (95 %: 4.02 to 15.98), McNemar p = 0.002"
    assert said(compared(right(20), right(10)))[0] == better
    assert said(compared(right(10), right(20)))[0] == worse


def test_noise_is_called_noise() -> None:
    assert said(compared(right(12), right(10)))[0] == (
        "differences between a and b are within noise: 2.00 points (95 %: -0.79 to 4.79), "
        "McNemar p = 0.5"
    )
    assert (
        said(compared(right(10), right(10)))[0]
        == "a and b classify the same of 100 texts correctly"
    )


def test_several_comparisons_are_corrected() -> None:
    both = corrected([compared(right(16), right(10)), compared(right(10), right(10))])
    assert both[0].p == pytest.approx(0.03125)
    assert both[0].adjusted == pytest.approx(0.0625)
    assert said(*both)[0].startswith("differences between a and b are within noise: 6.00 points")
    assert said(*both)[0].endswith("p = 0.062 after Holm's correction for 2 comparisons")


def test_many_differences_within_noise_share_a_sentence() -> None:
    many = corrected([compared(right(80), right(10)), *[compared(right(11), right(10))] * 4])
    assert [line[:40] for line in said(*many)][:2] == [
        "a is better than b by 70.00 points (95 %",
        "within noise of b, after Holm's correcti",
    ]


def test_the_drawing_holds_all_intervals_and_zero() -> None:
    (bar,), zero = drawn([compared(right(20), right(10))])
    assert zero == 2
    assert 2 < bar.low < bar.middle < bar.high == pytest.approx(98)
    assert bar.words == "+10.00 points, 95 %: +4.02 to +15.98"
    assert drawn([])[1] == 2


# Scores


def test_scores_by_hand() -> None:
    test = TestTexts(["a"] * 4, np.array([0, 0, 1, 2]), ("x", "y", "unseen"))
    predicted = torch.tensor([0, 1, 1, 1])
    assert correct_texts(predicted, test).tolist() == [True, False, True, False]
    scores = scores_of(predicted, test)
    # F1: x 2 / (1 + 2), y 2 / (3 + 1), unseen 0
    assert scores == {"accuracy": 0.5, "macro_f1": pytest.approx((2 / 3 + 1 / 2) / 3)}


def test_scores_of_label_sets_by_hand() -> None:
    truth = np.array([[True, False, False], [True, True, False], [False, False, True]])
    test = TestTexts(["a"] * 3, truth, ("x", "y", "unseen"))
    predicted = torch.tensor([[True, False], [True, False], [False, False]])
    assert correct_texts(predicted, test).tolist() == [True, False, False]
    scores = scores_of(predicted, test)
    assert scores["accuracy"] == pytest.approx(1 / 3)
    assert scores["micro_f1"] == pytest.approx(2 * 2 / (2 + 4))
    assert scores["macro_f1"] == pytest.approx(1 / 3)


def test_a_reference_is_advised_for_runs_that_share_other_texts() -> None:
    tested = {"a": "x", "b": "y", "c": "z", "d": "y"}
    groups = [
        Group(name, (replace(made(name), test_data=texts),)) for name, texts in tested.items()
    ]
    (said,) = conclude(groups, groups[0], [], True)
    assert said == (
        "b, c, d and a were tested on different texts, so their scores can't be compared; try "
        "data=... to score all on the same, or reference=b to compare those that were tested on "
        "its texts"
    )
