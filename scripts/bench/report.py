"""Write results into docs/performance.md: tables between markers, and plots in its folder."""

from collections.abc import Sequence
from pathlib import Path

from goals import goals_table
from plots import draw_floor, draw_speeds, draw_sweep
from results import Results, heading
from tables import TABLES

from textcnn.errors import InputError


def replace_between(text: str, name: str, content: str) -> str:
    """`text` with new content between the markers called `name`; the rest is unchanged.

    Raises:
        ValueError: the markers are missing.
    """
    begin, end = f"<!-- {name} begins -->", f"<!-- {name} ends -->"
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"the text has no {begin} ... {end}")
    return f"{before}{begin}\n{content.strip()}\n{end}{after}"


PLOTS = {
    "goals": "![Texts per second of every program](performance/speeds.png)",
    "sweep": "![Time of a step against length, vocabulary, filters, batch](performance/sweep.png)",
    "floor": "![Measured times and floors](performance/floor.png)",
}


def check_page(page: Path, parts: Sequence[str]) -> None:
    """Before measuring, refuse a page into which `write_report` could not write these parts.

    Raises:
        InputError
    """
    try:
        text = page.read_text(encoding="utf-8")
        for name in ("goals", *parts):
            replace_between(text, name, "")
        with page.open("a"):
            pass
        page.with_suffix("").mkdir(exist_ok=True)  # for the plots
    except OSError as error:
        raise InputError(
            f"--page {page}: {error.filename} can't be read and written: {error.strerror}; give "
            "a copy of docs/performance.md"
        ) from error
    except ValueError as error:
        raise InputError(
            f"--page {page}: {error}; add them, or give a copy of docs/performance.md"
        ) from error


def write_report(results: Results, part: str, page: Path) -> None:
    """Renew the table and plot of a part, and the goals; the rest is unchanged."""
    folder = page.with_suffix("")
    folder.mkdir(exist_ok=True)
    rows = {name: each["rows"] for name, each in results.items()}
    if part == "sweep":
        draw_sweep(rows[part], folder / "sweep.png")
    if part == "floor":
        draw_floor(rows[part], folder / "floor.png")
    names = {"train": "training", "predict": "prediction"}
    tasks = {task: rows[each] for each, task in names.items() if each in rows}
    if tasks:
        draw_speeds(tasks, folder / "speeds.png")
    text = page.read_text(encoding="utf-8")
    contents = {
        "goals": (goals_table(results), PLOTS["goals"] if tasks else ""),
        part: (heading(part, results[part]), PLOTS.get(part, ""), TABLES[part](rows[part])),
    }
    for name, blocks in contents.items():
        text = replace_between(text, name, "\n\n".join(filter(None, blocks)))
    page.write_text(text, encoding="utf-8")
