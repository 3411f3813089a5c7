"""The report: a page for each study and one that leads through them, each whole in itself."""

from dataclasses import dataclass
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

import textcnn
from textcnn.atomic import new_file
from textcnn.config import IllustrateConfig
from textcnn.run_dir import FIGURES, REPORT
from textcnn.studies.advice import ADVICE
from textcnn.studies.figures import style
from textcnn.studies.study import Claim, Drawing, Results, Study, agrees, verdict
from textcnn.terminal import argument, markdown
from textcnn.training.curves import Curves

DPI = 150  # of the figures that are files


@dataclass(frozen=True)
class Chapter:
    """A study that is done."""

    study: Study
    results: Results
    claims: list[Claim]

    @cached_property
    def drawings(self) -> list[Drawing]:
        return self.study.drawings(self.results)

    @property
    def agrees(self) -> bool:
        return agrees(self.claims)

    @property
    def verdict(self) -> str:
        return verdict(self.claims)


class Report:
    """`report/*.html`, `figures/*.png` and TensorBoard, a study at a time."""

    def __init__(self, run_dir: Path, studies: list[Study], config: IllustrateConfig):
        """`studies`: all that there will be, in the order of the tour."""
        self.run_dir, self.studies, self.config = run_dir, studies, config
        self.chapters: list[Chapter] = []
        self.curves: Curves | None = None
        self.environment = Environment(
            loader=PackageLoader("textcnn.studies"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.environment.filters["code"] = code

    def add(self, chapter: Chapter) -> None:
        """Write the page of a study, and the first page anew."""
        self.chapters.append(chapter)
        self.chapters.sort(key=lambda c: self.studies.index(c.study))
        if self.curves is None:
            (self.run_dir / REPORT).mkdir(exist_ok=True)
            (self.run_dir / FIGURES).mkdir(exist_ok=True)
            self.curves = Curves(self.run_dir)
        with style():
            figures = [self.draw(chapter, drawing) for drawing in chapter.drawings]
        rows = [
            ["theorem", "claim", "theory", "measured", "holds"],
            *map(claim_row, chapter.claims),
        ]
        self.curves.text(f"studies/{chapter.study.name}", f"{chapter.verdict}\n\n{markdown(rows)}")
        place = self.studies.index(chapter.study)
        self.write(
            f"{chapter.study.name}.html",
            "study.html.j2",
            chapter=chapter,
            figures=figures,
            table=chapter.study.table(chapter.results),
            command=self.command(chapter.study.name),
            before=self.studies[place - 1] if place else None,
            after=self.studies[place + 1] if place + 1 < len(self.studies) else None,
        )
        self.write("index.html", "index.html.j2", **self.index())

    def draw(self, chapter: Chapter, drawing: Drawing) -> dict[str, Any]:
        """A figure as a file, in TensorBoard and as SVG for the page."""
        assert self.curves is not None
        name = chapter.study.name
        self.curves.figure(f"{name}/{drawing.name}", drawing.figure, 0)
        with new_file(self.run_dir / FIGURES / f"{drawing.name}.png") as file:
            drawing.figure.savefig(file, dpi=DPI, format="png")
        svg = StringIO()
        drawing.figure.savefig(svg, format="svg", metadata={"Date": None})
        # without the XML header, which has no place inside a page
        text = svg.getvalue()
        return {"caption": drawing.caption, "svg": Markup(text[text.index("<svg") :])}

    def index(self) -> dict[str, Any]:
        done = {chapter.study.name: chapter for chapter in self.chapters}
        return {
            "studies": [(study, done.get(study.name)) for study in self.studies],
            "advice": ADVICE,
            "command": self.command(self.config.study),
            "config": self.config,
        }

    def command(self, study: str) -> str:
        """What repeats a study of this run."""
        config = self.config
        given = [f"study={study}"]
        given += [f"preset={config.preset}"] if config.preset != "full" else []
        given += [f"seed={config.seed}"] if config.seed else []
        given += [f"seeds={config.seeds}"] if config.seeds else []
        if config.checkpoint and study in ("all", "checkpoint"):
            given.append(argument("checkpoint", config.checkpoint))
        return " ".join(["python -m textcnn.illustrate", *given])

    def write(self, name: str, template: str, **values: Any) -> None:
        page = self.environment.get_template(template).render(version=textcnn.__version__, **values)
        with new_file(self.run_dir / REPORT / name) as file:
            file.write_text(page, encoding="utf-8")

    def close(self) -> Path:
        """The first page."""
        if self.curves is not None:
            self.curves.close()
        return self.run_dir / REPORT / "index.html"


def code(text: str) -> Markup:
    """What stands between `backticks` as code."""
    parts = (
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part)
        for number, part in enumerate(text.split("`"))
    )
    return Markup("").join(parts)


def claim_row(claim: Claim) -> list[str]:
    holds = {True: "yes", False: "NO", None: "–"}[claim.holds]
    return [claim.theorem, claim.statement, claim.predicted, claim.measured, holds]
