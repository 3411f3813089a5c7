"""The report: a self-contained page for each study, and an index that leads through them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

import textcnn
from textcnn.studies.shared.figures import style
from textcnn.studies.shared.study import Claim, Drawing, Plan, Results, Study, agrees, verdict
from textcnn.studies.tour.advice import ADVICE
from textcnn.system.atomic import new_file
from textcnn.system.run_dir import FIGURES, REPORT
from textcnn.system.terminal import markdown
from textcnn.training.curves import Curves

DPI = 150  # of the PNG files


@dataclass(frozen=True)
class Chapter:
    """A study with all its measurements."""

    study: Study
    results: Results
    claims: list[Claim]
    notes: list[str]  # what these results mean, if that depends on the texts

    @cached_property
    def drawings(self) -> list[Drawing]:
        return self.study.drawings(self.results)

    @property
    def predicted(self) -> list[Claim]:
        """The claims for which theory makes a prediction."""
        return [claim for claim in self.claims if claim.holds is not None]

    @property
    def agreement(self) -> bool | None:
        """Whether all predictions of theory hold; None if there are none."""
        return agrees(self.claims) if self.predicted else None

    @property
    def conclusion(self) -> str:
        return verdict(self.claims) if self.predicted else "no verdict, only numbers"


class Report:
    """`report/*.html`, `figures/*.png` and TensorBoard, one study at a time."""

    def __init__(
        self,
        run_dir: Path,
        studies: list[Study],
        command: Callable[[str], str],
        full: Plan | None = None,
    ):
        """
        Args:
            studies: all studies of the run, in the order of the tour.
            command: what to type to repeat a study, given its name or `all`.
            full: the plan of a full run, if this is a quick one.
        """
        self.run_dir, self.studies, self.command, self.full = run_dir, studies, command, full
        self.chapters: list[Chapter] = []
        self.figures: dict[str, list[dict[str, Any]]] = {}
        self.curves: Curves | None = None
        self.environment = Environment(
            loader=PackageLoader("textcnn.studies.tour"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.environment.filters["code"] = code

    def add(self, chapter: Chapter, new: bool) -> None:
        """Write the page of a study, and rewrite the pages that link to it.

        Args:
            new: whether TensorBoard lacks this study.
        """
        self.chapters.append(chapter)
        self.chapters.sort(key=lambda c: self.studies.index(c.study))
        (self.run_dir / REPORT).mkdir(exist_ok=True)
        (self.run_dir / FIGURES).mkdir(exist_ok=True)
        if new and self.curves is None:
            self.curves = Curves(self.run_dir)
        curves = self.curves if new else None
        with style():
            self.figures[chapter.study.name] = [
                self.draw(chapter.study, drawing, curves) for drawing in chapter.drawings
            ]
        if curves is not None:
            rows = [
                ["theorem", "claim", "theory", "measured", "holds"],
                *map(claim_row, chapter.claims),
            ]
            text = f"{chapter.conclusion}\n\n{markdown(rows)}"
            curves.text(f"studies/{chapter.study.name}", text)
        place = self.chapters.index(chapter)
        for number in range(max(place - 1, 0), min(place + 2, len(self.chapters))):
            self.write_page(number)
        self.write("index.html", "index.html.j2", **self.index())

    def write_page(self, place: int) -> None:
        """`place` counts only finished studies; other studies have no page to link to."""
        chapter, end = self.chapters[place], len(self.chapters) - 1
        self.write(
            f"{chapter.study.name}.html",
            "study.html.j2",
            chapter=chapter,
            figures=self.figures[chapter.study.name],
            table=chapter.study.table(chapter.results),
            quick=self.quick(chapter, self.full) if self.full else None,
            command=self.command(chapter.study.name),
            before=self.chapters[place - 1].study if place else None,
            after=self.chapters[place + 1].study if place < end else None,
        )

    def quick(self, chapter: Chapter, full_plan: Plan) -> dict[str, Any]:
        """What a quick run measured of a study, and what it left out."""
        results, full = chapter.results, chapter.study.points(full_plan)
        measured = {point.name for point in results.points()}
        return {
            "seeds": max(len(results.of(name)) for name in measured),
            "measured": len(measured),
            "points": len(full),
            "left_out": [point.name for point in full if point.name not in measured],
            "full_seeds": max(point.seeds for point in full),
        }

    def draw(self, study: Study, drawing: Drawing, curves: Curves | None) -> dict[str, Any]:
        """Save a figure as PNG and in TensorBoard; return its caption and its SVG for the page."""
        if curves is not None:
            curves.figure(f"{study.name}/{drawing.name}", drawing.figure, 0)
        with new_file(self.run_dir / FIGURES / f"{drawing.name}.png") as temporary:
            drawing.figure.savefig(temporary, dpi=DPI, format="png")
        svg = StringIO()
        drawing.figure.savefig(svg, format="svg", metadata={"Date": None})
        # without the XML header, which is not allowed inside a page
        text = svg.getvalue()
        return {"caption": drawing.caption, "svg": Markup(text[text.index("<svg") :])}

    def index(self) -> dict[str, Any]:
        """The values for the template of the index."""
        done = {chapter.study.name: chapter for chapter in self.chapters}
        return {
            "studies": [(study, done.get(study.name)) for study in self.studies],
            "advice": ADVICE,
            "command": self.command(self.studies[0].name if len(self.studies) == 1 else "all"),
            "quick": self.full is not None,
        }

    def write(self, name: str, template: str, **values: Any) -> None:
        page = self.environment.get_template(template).render(version=textcnn.__version__, **values)
        with new_file(self.run_dir / REPORT / name) as file:
            file.write_text(page, encoding="utf-8")

    def close(self) -> Path:
        """Finish TensorBoard's file, and return the path of the index."""
        if self.curves is not None:
            self.curves.close()
        return self.run_dir / REPORT / "index.html"


def code(text: str) -> Markup:
    """HTML with the text between `backticks` as code."""
    parts = (
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part)
        for number, part in enumerate(text.split("`"))
    )
    return Markup("").join(parts)


def claim_row(claim: Claim) -> list[str]:
    holds = {True: "yes", False: "NO", None: "–"}[claim.holds]
    return [claim.theorem, claim.statement, claim.predicted, claim.measured, holds]
