"""The audit as one HTML page, without scripts, fonts or pictures from elsewhere."""

from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

import textcnn
from textcnn.data.audit.pool import Pool
from textcnn.data.audit.suspects import Findings
from textcnn.data.audit.whole import Whole
from textcnn.system.atomic import new_file

WIDTH = 600  # characters of a text


def write_page(
    path: Path, pool: Pool, findings: Findings, whole: Whole, *, rows: int, separator: str
) -> None:
    """Write the page; texts and labels are escaped.

    Args:
        rows: suspects on the page, at most.
        separator: of the labels of a set.
    """
    environment = Environment(
        loader=PackageLoader("textcnn.data.audit"), autoescape=True, undefined=StrictUndefined
    )
    page = environment.get_template("audit.html.j2").render(
        version=textcnn.__version__,
        classes=len(pool.names),
        findings=findings,
        shown=findings.suspects[:rows],
        whole=whole,
        separator=separator,
        width=WIDTH,
    )
    with new_file(path) as temporary:
        temporary.write_text(page, encoding="utf-8")
