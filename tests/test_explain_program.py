"""`python -m textcnn.explain`: texts from anywhere, to the terminal, JSON and a page."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from tiny_data import error_line, run

from textcnn.config.evaluation import explanation as keys
from textcnn.explanation import explain as methods
from textcnn.inference import load

pytest_plugins = ("tiny_run", "tiny_ngrams")

TEXT = "filler1 goal match, <b>team</b> & \u202echip"


def explain(run_dir: Path, *arguments: str) -> int:
    return run("explain", f"checkpoint={run_dir}", *arguments)


def lines(capfd: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capfd.readouterr().out.splitlines()]


def test_json_adds_up_to_the_logits(beside: Path, capfd: pytest.CaptureFixture[str]) -> None:
    capfd.readouterr()
    assert explain(beside, f"text={TEXT}", "output=-") == 0
    (found,) = lines(capfd)
    assert found["text"] == TEXT
    logits = dict(zip(load(beside).labels, load(beside).logits([TEXT])[0].tolist(), strict=True))
    assert found["logits"] == pytest.approx(logits, abs=1e-5)
    for label, logit in found["logits"].items():
        added = sum(each["contribution"] for each in found["contributions"][label])
        assert found["bias"][label] + added == pytest.approx(logit, abs=1e-5)
    assert found["exact"] is True
    assert found["label"] == max(logits, key=logits.__getitem__)


def test_texts_may_come_without_a_key_and_hold_anything(
    tiny_run: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    given = ["a, b = [c] ${d} 'e'", "goal", "", 'x \\ "y"\n{z: 1}']
    capfd.readouterr()
    assert explain(tiny_run, *given[:2], f"text={given[2]}", given[3], "output=-") == 0
    assert [each["text"] for each in lines(capfd)] == given


def test_the_terminal_shows_words_and_a_table_that_adds_up(
    tiny_run: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    capfd.readouterr()
    assert explain(tiny_run, "goal goal filler1 code", "top=2") == 0
    said = capfd.readouterr().out
    assert "code++" in said  # readable without colours
    assert "What adds to the logits (exact)" in said
    rows = {
        cells[0].strip(): [float(cell) for cell in cells[1:]]
        for line in said.splitlines()
        if len(cells := line.strip("│").split("│")) == 4 and re.search(r"\d", cells[1])
    }
    *parts, logits = rows.values()
    for column, logit in enumerate(logits):
        assert sum(row[column] for row in parts) == pytest.approx(logit, abs=0.004)
    assert list(rows)[-2:] == ["bias", "logit"]
    assert "Without “" in said


def test_a_file_of_texts_becomes_json_lines_or_a_list(
    tiny_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "texts.csv"
    source.write_text("id,text\n1,goal match\n2,\n", encoding="utf-8")
    for name in ("out.jsonl", "out.json"):
        assert explain(tiny_run, f"input={source}", f"output={tmp_path / name}", "flip=false") == 0
    by_line = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert by_line == json.loads((tmp_path / "out.json").read_text())
    assert [each["text"] for each in by_line] == ["goal match", ""]
    assert explain(tiny_run, "text=goal", f"output={tmp_path / 'one.json'}") == 0
    assert json.loads((tmp_path / "one.json").read_text())["text"] == "goal"
    empty = tmp_path / "empty.txt"
    empty.write_text("")
    assert explain(tiny_run, f"input={empty}", f"output={tmp_path / 'none.json'}") == 0
    assert json.loads((tmp_path / "none.json").read_text()) == []


class Shown(HTMLParser):
    """The text of a page, and its elements."""

    def __init__(self) -> None:
        super().__init__()
        self.text, self.elements = "", set[str]()

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        self.elements.add(tag)
        assert not {"src", "href"} & dict(attributes).keys()

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_escapes_texts_and_needs_nothing_else(tiny_run: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    hostile = 'goal <script>alert(1)</script> "&amp; </p>'
    assert explain(tiny_run, f"text={hostile}", "text=", f"output={page}") == 0
    shown = Shown()
    shown.feed(page.read_text(encoding="utf-8"))
    assert hostile in shown.text
    assert "(empty)" in shown.text
    assert not {"script", "b", "img", "link"} & shown.elements
    assert "prefers-color-scheme: dark" in shown.text
    assert "width=device-width" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], 'there is no text to explain; try text="not a fine film", input=texts.txt'),
        (["text=a", "input=b"], "text and input are two sources of texts, got input=b"),
        (["text=a", "output=a.csv"], "output takes - or a file *.json, .jsonl or .html, got a.csv"),
        (["text=a", "method=shapley"], "method takes auto, exact, gradients or occlusion, got"),
        (["text=a", "classes=0"], "classes takes a whole number, at least 1"),
        (["input=missing.txt"], "input=missing.txt: no such file"),
        (["txt=a"], "txt=a: no such key"),
    ],
)
def test_what_can_not_be_explained_is_refused_in_one_line(
    tiny_run: Path, capfd: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    capfd.readouterr()
    assert explain(tiny_run, *arguments) == 2
    assert error_line(capfd).startswith(message)


def test_an_existing_file_is_kept(
    tiny_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out.json"
    output.write_text("mine")
    capfd.readouterr()
    assert explain(tiny_run, "text=a", f"output={output}") == 2
    assert "already exists; try another file, or overwrite=true" in error_line(capfd)
    assert output.read_text() == "mine"
    assert explain(tiny_run, "text=a", f"output={output}", "overwrite=true") == 0


def test_configuration_and_code_name_the_same_methods() -> None:
    assert keys.METHODS == methods.METHODS
