"""The page and the model card: every text is escaped, and a real browser shows them."""

import shutil
import subprocess
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml

from textcnn.evaluation.page.content import Check, Confusion, Content, Example, Grid, Piece
from textcnn.evaluation.page.drawings import draw_curves, draw_reliability
from textcnn.evaluation.page.model_card import render_card, write_card
from textcnn.evaluation.page.page import render, write_page
from textcnn.hub.card import CardFacts

HOSTILE = "<script>document.title='broken'</script>\x1b[31m|\u202e`"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
HISTORY = [
    {
        "epoch": epoch,
        "train": {"loss": 1 / epoch, "accuracy": 0.5 + epoch / 10},
        "validation": {"loss": 1.2 / epoch, "accuracy": 0.4 + epoch / 10},
    }
    for epoch in (1, 2, 3)
]
FACTS = CardFacts(("a", HOSTILE), False, "files", "sentences", "test", {"accuracy": 0.924})


def content(name: str = HOSTILE) -> Content:
    """A report in which every place for words holds markup."""
    return Content(
        name=name,
        facts=(name, "500 test texts"),
        conclusions=(name,),
        warnings=(name,),
        measures=Grid(("measure", "value"), (("accuracy", "92.4 %"), (name, name)), name),
        classes=Grid(("class", "F1"), ((name, "90.0 %"), ("other", "80.0 %"))),
        confusion=Confusion((name, "other"), ((3, 1), (0, 4))),
        confused=Grid(("true", "predicted", "texts"), ((name, name, "1"),)),
        calibration=draw_reliability([0.5, 0.9], [0.4, 0.9], [10, 90], name),
        slices=(Grid(("length", "accuracy"), ((name, "80 %"),)),),
        mistakes=(Example(7, name, name, "97 %", (Piece(name, 1.0), Piece(name, -0.5))),),
        unsure=(Example(8, name, name, "51 %", (Piece(name),), ((name, "+1.2"),)),),
        deciding=(Grid(("class", "n-grams"), ((name, name),), words=True),),
        audit=(Check(name, name, Grid(("", "flips"), ((name, "3"),)), (name,)),),
        curves=draw_curves(HISTORY),
        data=Grid(("", "train"), (("texts", "500"),)),
        notes=(name,),
        layers=Grid(("layer", "parameters"), (("embedding", "1,000"),)),
        config=f"seed: 0\nname: {name}\n",
        commands=(("Label new texts:", f"python -m textcnn.predict checkpoint={name}"),),
    )


class Elements(HTMLParser):
    """Collects the names of the elements of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.names.append(tag)


def test_no_text_becomes_markup_or_moves_the_cursor() -> None:
    page = render(content())
    parser = Elements()
    parser.feed(page)
    assert "script" not in parser.names
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert page.count("&lt;script&gt;") > 20


def test_the_page_needs_nothing_from_elsewhere() -> None:
    page = render(content("a name"))
    parser = Elements()
    parser.feed(page)
    assert not {"link", "img", "script", "iframe", "object"} & {*parser.names}
    assert "url(" not in page.replace("url(#", "")  # marks inside the drawings


def test_sections_without_content_are_left_out() -> None:
    page = render(Content("name", ("fact",), ("good",), ()))
    assert "How good is it?" not in page
    assert "Where does it fail?" not in page
    assert "How did it learn?" not in page
    assert "Not audited yet" in page


def test_a_page_and_a_card_are_written_into_the_report_folder(tmp_path: Path) -> None:
    page, card = write_page(tmp_path, content()), write_card(tmp_path, content(), FACTS)
    assert [page.name, card.name] == ["index.html", "model_card.md"]
    assert {path.name for path in (tmp_path / "report").iterdir()} == {page.name, card.name}


def test_the_header_of_the_card_is_yaml_that_the_hub_reads() -> None:
    card = render_card(content("good: [news"), FACTS)
    _, header, text = card.split("---\n", 2)
    described = yaml.safe_load(header)
    (model,) = described["model-index"]
    assert described["pipeline_tag"] == "text-classification"
    assert model["name"] == "good: [news"
    assert model["results"][0]["metrics"] == [{"type": "accuracy", "value": 0.924}]
    assert "# good: \\[news" in text


def test_the_card_shows_hostile_names_as_text() -> None:
    card = render_card(content(), FACTS)
    text = card.split("---\n", 2)[2]
    before_config = text.split("## Configuration")[0]
    assert "<script>" not in before_config.replace("\\<", "")
    assert "\x1b" not in card


def test_curves_of_a_single_epoch_are_not_drawn() -> None:
    assert draw_curves(HISTORY[:1]) is None


def test_drawings_take_the_colours_of_the_page() -> None:
    figure = draw_curves(HISTORY)
    assert figure is not None
    assert "var(--accent)" in figure.svg
    assert "#0102" not in figure.svg
    assert "3 epochs" in figure.alternative


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium to look at the page")
@pytest.mark.parametrize("width", [390, 1280])
def test_a_browser_shows_the_page_without_sideways_scrolling(tmp_path: Path, width: int) -> None:
    page = render(content("a rather long name of a class <b> that has to wrap somewhere"))
    measure = (
        "<script>document.title = [document.documentElement.scrollWidth, innerWidth,"
        "document.querySelectorAll('section').length].join(' ')</script></body>"
    )
    file = tmp_path / "page.html"
    file.write_text(page.replace("</body>", measure), encoding="utf-8")
    assert CHROMIUM is not None
    shown = subprocess.run(
        [
            *(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"),
            *(f"--window-size={width},900", f"--user-data-dir={tmp_path / 'profile'}"),
            file.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    title = shown.split("<title>")[1].split("</title>")[0]
    content_width, window, sections = map(int, title.split())
    assert content_width <= window
    assert sections == 9
