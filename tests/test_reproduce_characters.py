"""`make reproduce ARGS=characters`: mistyped texts, made-up texts and the page."""

from pathlib import Path
from typing import Any

import pytest
from characters import RATES, WAYS, merge, page, robustness
from characters_plot import draw_typos
from hypothesis import given
from hypothesis import strategies as st
from made_texts import COGNATES, STEMS, inflected, mixed_languages
from tiny_data import rows, train, write_csv

from textcnn.data.perturbations.typos import NEIGHBOURS, mistype


@given(st.text(), st.floats(0, 1), st.integers(0, 99))
def test_only_letters_are_mistyped_and_always_in_the_same_way(
    text: str, rate: float, seed: int
) -> None:
    assert mistype(text, 0.0, seed) == text
    mistyped = mistype(text, rate, seed)
    assert mistyped == mistype(text, rate, seed)
    others = [letter for letter in text if not letter.isalpha()]
    assert sorted(letter for letter in mistyped if not letter.isalpha()) == sorted(others)


def test_as_many_letters_are_mistyped_as_asked() -> None:
    # of n letters a tenth is mistyped: a quarter each replaced, left out, doubled, swapped
    text = "abcdefghijklmnopqrst" * 500
    assert abs(len(mistype(text, 0.1, 0)) - len(text)) < 100  # as many left out as doubled
    same = sum(a == b for a, b in zip(text[:10], mistype(text, 0.1, 0)[:10], strict=True))
    assert same >= 5
    assert mistype("aaaa", 1.0, 0) != "aaaa"


def test_neighbours_are_mutual() -> None:
    apart = [(a, b) for a, near in NEIGHBOURS.items() for b in near if a not in NEIGHBOURS[b]]
    assert len(NEIGHBOURS) == 26
    assert not apart
    assert NEIGHBOURS["s"] == "weadzx"


@pytest.mark.parametrize("make", [inflected, mixed_languages])
def test_made_up_texts_are_the_same_for_a_seed(make: Any) -> None:
    train, test = make(50, 60, 1)
    assert (train, test) == make(50, 60, 1)
    assert (train, test) != make(50, 60, 2)
    assert (len(train), len(test)) == (50, 60)


def test_the_test_texts_have_word_forms_that_the_training_texts_lack() -> None:
    train, test = inflected(300, 200, 0)
    assert {label for _, label in test} == set(STEMS)
    known = {word for text, _ in train for word in text.split()}
    for text, label in test:
        new = [word for word in text.split() if word not in known]
        stems = STEMS[label].split()
        assert any(word.startswith(stem) for word in text.split() for stem in stems)
        assert all(any(word.startswith(stem) for stem in stems) for word in new)


def test_the_class_of_a_mixed_text_is_given_away_in_spanish() -> None:
    train, test = mixed_languages(100, 100, 0)
    spanish = {
        label: {pair.split(":")[1] for pair in pairs.split()} for label, pairs in COGNATES.items()
    }
    assert all(spanish[label] & {*text.split()} for text, label in test)
    english = {pair.split(":")[0] for pairs in COGNATES.values() for pair in pairs.split()}
    assert all(english & {*text.split()} for text, _ in train)


def model(data: str, way: str, rows: int, *accuracies: float, **more: Any) -> dict[str, Any]:
    return {"data": data, "way": way, "rows": rows, "accuracy": [*accuracies], **more}


def robust(*values: float) -> dict[str, Any]:
    typos = [dict(zip(["0.0", "0.02", "0.05", "0.1", "0.2"], values, strict=True))]
    parts = {"without": {"texts": 300, "accuracy": 95.0}, "with": {"texts": 200, "accuracy": 90.0}}
    return {"typos": typos, "unknown": [parts]}


def test_the_page_by_hand(tmp_path: Path) -> None:
    models = [
        model("trec", "words", 0, 90.0, **robust(90.0, 88.0, 86.0, 80.0, 70.0)),
        model("trec", "characters", 0, 89.0, **robust(89.0, 88.5, 88.0, 86.0, 80.0)),
        model("trec", "words", 300, 60.0, 64.0),
        model("word forms", "characters", 0, 99.0, 97.0),
    ]
    made = page(models)
    assert "| TREC | words | 90.0 | 88.0 | 86.0 | 80.0 | 70.0 | 10.0 |\n" in made
    assert "| TREC | words | 95.0 (300 texts) | 90.0 (200 texts) | −5.0 |\n" in made
    assert "| word forms | – | – | – | 98.0 ± 1.4 |\n" in made
    assert "| TREC | 300 | 62.0 ± 2.8 | – | – | – |\n" in made
    draw_typos(models, tmp_path / "typos.png", list(WAYS))
    assert (tmp_path / "typos.png").stat().st_size > 1000


def test_a_new_part_replaces_only_its_own() -> None:
    before = [model("trec", "words", 0, 90.0), model("trec", "words", 300, 60.0)]
    merged = merge(before, [model("trec", "words", 300, 61.0)])
    assert [each["accuracy"] for each in merged] == [[90.0], [61.0]]


def test_a_run_is_scored_on_mistyped_texts_and_on_unknown_words(tmp_path: Path) -> None:
    csv = write_csv(tmp_path / "rows.csv", rows(60))
    assert train(csv, tmp_path / "run", "training.epochs=1") == 0
    found = robustness(tmp_path / "run")
    assert list(found["typos"]) == [str(rate) for rate in RATES]
    texts = [found["unknown"][name]["texts"] for name in ("without", "with")]
    assert sum(texts) == 6  # a tenth of the rows
    assert found["typos"]["0.0"] == pytest.approx(
        sum(part["accuracy"] * part["texts"] for part in found["unknown"].values() if part["texts"])
        / 6
    )
