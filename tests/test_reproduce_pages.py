"""The other pages of `make reproduce`: ablations, learning curves, characters."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ablations
import characters
import curves
import pytest
from arguments import parse
from campaign import plan
from tiny_data import refusal

PAGES = {
    "ablations": (ablations.ablate, "ablations.json"),
    "curves": (curves.measure_curves, "results/curves.json"),
    "characters": (characters.measure_characters, "results/characters.json"),
}


@pytest.mark.parametrize("content", ["{", "[1, 2]", '{"rows": [1]}', '{"points": [{}]}'])
@pytest.mark.parametrize("program", PAGES)
def test_damaged_results_are_refused_before_anything_is_trained(
    program: str, content: str, tmp_path: Path
) -> None:
    carry_out, name = PAGES[program]
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(content)
    options = parse([program, "--output", str(tmp_path), "--work", str(tmp_path), "--hub"])
    said = refusal(lambda: carry_out(options))
    assert said == (
        f"{file} holds no results of make reproduce, or damaged ones; restore or remove it"
    )
    assert file.read_text() == content


def variant(p: float, over_runs: float, verdict: str) -> dict[str, Any]:
    return {
        **{"data": "mr", "variant": "width 3", "mean": 77.06, "runs": [77.0, 77.1, 77.08]},
        **{"difference": -0.66, "interval": [-1.6, 0.3], "better_runs": 0},
        **{"p": p, "p_over_runs": over_runs, "verdict": verdict},
    }


@pytest.mark.parametrize(
    ("p", "over_runs", "verdict", "shown"),
    [
        (0.0004, 0.0312, "worse", ("< 0.001", "0.031", "0 of 3", "worse")),
        (0.0004, 0.0812, "worse", ("< 0.001", "0.081", "0 of 3", "worse in these runs")),
        (0.1671, 0.0012, "within noise", ("0.167", "0.001", "0 of 3", "within noise")),
    ],
)
def test_a_difference_must_pass_both_tests(
    p: float, over_runs: float, verdict: str, shown: tuple[str, ...]
) -> None:
    cells = ablations.cells_of(variant(p, over_runs, verdict))
    assert cells == ("width 3", "MR", "77.1", "−0.7 [−1.6, +0.3]", *shown)
    assert len(cells) == len(ablations.HEAD)


def test_a_word_that_no_title_has_is_refused() -> None:
    options = parse(["ablations", "--only", "dropout", "nonsense", "--hub"])
    assert refusal(lambda: ablations.ablate(options)).endswith(", got 'nonsense'")


def test_data_sets_that_must_be_asked_for_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    list(plan(parse(["--hub"])))
    said = capsys.readouterr().out
    assert "AG's news is left out, and so are johnson2017, zhang2015_small" in said
    assert "add --data ag_news" in said


@pytest.mark.parametrize(
    ("page", "source", "key", "made"),
    [
        ("ablations.md", "ablations.json", "rows", ablations.page),
        ("learning_curves.md", "results/curves.json", "points", curves.page),
        ("characters.md", "results/characters.json", "models", characters.page),
    ],
)
def test_a_published_page_is_made_from_its_json(
    page: str, source: str, key: str, made: Callable[[Any], str]
) -> None:
    docs = Path(__file__).parents[1] / "docs"
    found = json.loads((docs / source).read_text(encoding="utf-8"))[key]
    assert (docs / page).read_text(encoding="utf-8") == made(found)
