"""The report as one HTML page, without scripts, fonts or pictures from elsewhere."""

from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

import textcnn
from textcnn.evaluation.page.content import Content
from textcnn.system.atomic import new_file
from textcnn.system.escapes import escaped
from textcnn.system.run_dir import REPORT

PAGE, AUDIT_PAGE = "index.html", "audit.html"


def write_page(run_dir: Path, content: Content, name: str = PAGE) -> Path:
    """Write a page into `report/`; every text, label and name is escaped. Return its path."""
    folder = run_dir / REPORT
    folder.mkdir(parents=True, exist_ok=True)
    with new_file(folder / name) as file:
        file.write_text(render(content), encoding="utf-8")
    return folder / name


def render(content: Content) -> str:
    """The page as text."""
    environment = Environment(
        loader=PackageLoader("textcnn.evaluation.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["shown"] = escaped
    template = environment.get_template("report.html.j2")
    return template.render(content=content, version=textcnn.__version__)
