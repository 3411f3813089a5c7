"""The report: a page for each study and one that leads through them, each whole in itself."""

import shlex
from dataclasses import dataclass
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

import textcnn
from textcnn.config.data import DataConfig
from textcnn.config.keys import command_line, walk
from textcnn.config.programs import PRESET_SEEDS, IllustrateConfig
from textcnn.studies.shared.figures import style
from textcnn.studies.shared.study import Claim, Drawing, Plan, Results, Study, agrees, verdict
from textcnn.studies.tour.advice import ADVICE
from textcnn.system.atomic import new_file
from textcnn.system.run_dir import FIGURES, REPORT
from textcnn.system.terminal import argument, markdown
from textcnn.training.curves import Curves

DPI = 150  # of the figures that are files
FULL = Plan(quick=False, seeds=PRESET_SEEDS["full"], checkpoint="", data={})


@dataclass(frozen=True)
class Chapter:
    """A study that is done."""

    study: Study
    results: Results
    claims: list[Claim]
    notes: list[str]  # what these results mean, where it depends on the texts

    @cached_property
    def drawings(self) -> list[Drawing]:
        return self.study.drawings(self.results)

    @property
    def spoken(self) -> list[Claim]:
        """Of which theory says something."""
        return [claim for claim in self.claims if claim.holds is not None]

    @property
    def agrees(self) -> bool | None:
        """Whether all that theory says was found; None where it says nothing."""
        return agrees(self.claims) if self.spoken else None

    @property
    def verdict(self) -> str:
        return verdict(self.claims) if self.spoken else "no verdict: the numbers stand alone"


class Report:
    """`report/*.html`, `figures/*.png` and TensorBoard, a study at a time."""

    def __init__(self, run_dir: Path, studies: list[Study], config: IllustrateConfig):
        """`studies`: all that there will be, in the order of the tour."""
        self.run_dir, self.studies, self.config = run_dir, studies, config
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
        """Write the page of a study, and anew those that lead to it.

        Args:
            new: TensorBoard doesn't have it yet.
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
            text = f"{chapter.verdict}\n\n{markdown(rows)}"
            curves.text(f"studies/{chapter.study.name}", text)
        place = self.chapters.index(chapter)
        for number in range(max(place - 1, 0), min(place + 2, len(self.chapters))):
            self.write_page(number)
        self.write("index.html", "index.html.j2", **self.index())

    def write_page(self, place: int) -> None:
        """`place`: among the studies that are done, which alone have pages to lead to."""
        chapter, end = self.chapters[place], len(self.chapters) - 1
        self.write(
            f"{chapter.study.name}.html",
            "study.html.j2",
            chapter=chapter,
            figures=self.figures[chapter.study.name],
            table=chapter.study.table(chapter.results),
            quick=self.quick(chapter) if self.config.preset == "quick" else None,
            command=self.command(chapter.study.name),
            before=self.chapters[place - 1].study if place else None,
            after=self.chapters[place + 1].study if place < end else None,
        )

    def quick(self, chapter: Chapter) -> dict[str, Any]:
        """What `preset=quick` has measured of a study, and what it has left out."""
        results, full = chapter.results, chapter.study.points(FULL)
        measured = {point.name for point in results.points()}
        return {
            "seeds": max(len(results.of(name)) for name in measured),
            "measured": len(measured),
            "points": len(full),
            "left_out": [point.name for point in full if point.name not in measured],
            "full_seeds": max(point.seeds for point in full),
        }

    def draw(self, study: Study, drawing: Drawing, curves: Curves | None) -> dict[str, Any]:
        """A figure as a file, in TensorBoard and as SVG for the page."""
        if curves is not None:
            curves.figure(f"{study.name}/{drawing.name}", drawing.figure, 0)
        with new_file(self.run_dir / FIGURES / f"{drawing.name}.png") as temporary:
            drawing.figure.savefig(temporary, dpi=DPI, format="png")
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
        if study in ("all", "language", "checkpoint"):
            given += data_overrides(config.data)
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


def data_overrides(data: DataConfig) -> list[str]:
    """What sets the keys of `data` that are not as they are by default."""
    default = type(data)()
    given = [] if data.source == DataConfig().source else [f"data={data.source}"]
    for name, entry, value in walk(data, "data."):
        if value == getattr(default, entry.name) or entry.name == "source":
            continue
        plain = isinstance(value, str)
        given.append(
            argument(name, value) if plain else shlex.quote(f"{name}={command_line(value)}")
        )
    return given


def claim_row(claim: Claim) -> list[str]:
    holds = {True: "yes", False: "NO", None: "–"}[claim.holds]
    return [claim.theorem, claim.statement, claim.predicted, claim.measured, holds]
