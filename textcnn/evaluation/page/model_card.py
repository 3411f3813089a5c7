"""The model card: what a stranger should know about a classifier, in the Hub's format."""

import re
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

import textcnn
from textcnn.evaluation.page.content import Content, Grid
from textcnn.hub.card import PLACE, CardFacts, header
from textcnn.system.atomic import new_file
from textcnn.system.escapes import escaped
from textcnn.system.run_dir import REPORT

CARD = "model_card.md"
SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&])")


def write_card(run_dir: Path, content: Content, facts: CardFacts) -> Path:
    """Write `report/model_card.md`, and return its path."""
    folder = run_dir / REPORT
    folder.mkdir(parents=True, exist_ok=True)
    with new_file(folder / CARD) as file:
        file.write_text(render_card(content, facts), encoding="utf-8")
    return folder / CARD


def render_card(content: Content, facts: CardFacts) -> str:
    # no autoescape: this is Markdown, in which `plain` escapes what HTML would read as well
    environment = Environment(
        loader=PackageLoader("textcnn.evaluation.page"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        **{"plain": plain, "table": table},
        **{"shown": escaped, "without_paths": without_paths},
    }
    template = environment.get_template("model_card.md.j2")
    return template.render(
        content=content,
        facts=facts,
        header=header(content.name, facts),
        place=PLACE,
        version=textcnn.__version__,
    )


def without_paths(config: str) -> str:
    """The configuration without the run's place on the machine that trained it."""
    lines = config.splitlines()
    return "\n".join(line for line in lines if not line.startswith(("run_dir:", "resume:")))


def plain(text: str) -> str:
    """The text as one line of Markdown that shows it unchanged."""
    return SPECIAL.sub(r"\\\1", " ".join(escaped(text).split()))


def table(grid: Grid) -> str:
    lines = [grid.header, ("---",) * len(grid.header), *grid.rows]
    return "\n".join(
        f"| {' | '.join(cell if cell == '---' else plain(cell) for cell in line)} |"
        for line in lines
    )
