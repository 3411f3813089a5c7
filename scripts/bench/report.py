"""Results into docs/performance.md: tables between markers, and plots beside it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sweep import slopes

Row = Sequence[str]


def replace_between(text: str, name: str, content: str) -> str:
    """`text` with `content` between the markers of that name; all else stays.

    Raises:
        ValueError: the markers are not there.
    """
    begin, end = f"<!-- {name} begins -->", f"<!-- {name} ends -->"
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"the text has no {begin} ... {end}")
    return f"{before}{begin}\n{content.strip()}\n{end}{after}"


def table(head: Row, rows: Sequence[Row]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def number(value: float | None, pattern: str = "{:,.0f}", scale: float = 1.0) -> str:
    return "–" if value is None else pattern.format(value * scale)


def percent(value: float | None, pattern: str = "{:.1f} %") -> str:
    return number(value, pattern, 100)


def training_table(rows: Sequence[Any]) -> str:
    head = ("data", "model", "program", "texts/s", "±", "against usual", "trained for the test")
    return table(
        (*head, "test accuracy"),
        [
            (
                row["set"],
                row["model"],
                row["name"],
                number(row["texts_per_second"]),
                percent(row["spread"], "{:.0f} %"),
                number(row["against_usual"], "{:.1f} ×"),
                row["trained"],
                percent(row["accuracy"]),
            )
            for row in rows
        ],
    )


def prediction_table(rows: Sequence[Any]) -> str:
    head = ("data", "program", "texts/s", "±", "against usual", "against fastText")
    return table(
        (*head, "one text", "test accuracy"),
        [
            (
                row["set"],
                row["name"],
                number(row["texts_per_second"]),
                percent(row["spread"], "{:.0f} %"),
                number(row["against_usual"], "{:.1f} ×"),
                number(row["against_fasttext"], "{:.2f} ×"),
                number(row["milliseconds_of_one"], "{:.2f} ms"),
                percent(row["accuracy"]),
            )
            for row in rows
        ],
    )


def start_table(rows: Sequence[Any]) -> str:
    return table(
        ("what", "time", "±"),
        [(r["name"], number(r["seconds"], "{:.1f} s"), percent(r["spread"])) for r in rows],
    )


def memory_table(rows: Sequence[Any]) -> str:
    return table(
        ("program", "peak of a step", "±", "of the usual"),
        [
            (
                row["name"],
                number(row["bytes"], "{:,.0f} MB", 1e-6),
                percent(row["spread"], "{:.0f} %"),
                percent(row["share"], "{:.0f} %"),
            )
            for row in rows
        ],
    )


def reach_table(rows: Sequence[Any]) -> str:
    return table(
        ("program", "time until 88 %", "best validation", "test accuracy"),
        [
            (
                row["name"],
                number(row["seconds"], "{:.1f} s"),
                percent(row["validation"]),
                percent(row["accuracy"]),
            )
            for row in rows
        ],
    )


def sweep_table(rows: Sequence[Any]) -> str:
    return table(
        ("varied", "program", "slope", "slope of the last two"),
        [
            (
                row["axis"],
                row["name"],
                number(row["slope"], "{:.2f}"),
                number(row["upper_slope"], "{:.2f}"),
            )
            for row in slopes(rows)
        ],
    )


def floor_table(rows: Sequence[Any]) -> str:
    speeds = {row["name"]: row["per_second"] for row in rows if "per_second" in row}
    reached = (
        f"Matrix product {speeds['fp32'] / 1e9:,.0f} GFLOP/s in fp32, {speeds['bf16'] / 1e9:,.0f} "
        f"in bf16; copy {speeds['copy'] / 1e9:,.1f} GB/s.\n\n"
    )
    return reached + table(
        ("tokens", "distinct", "program", "product", "bytes", "measured", "±", "of the floor"),
        [
            (
                number(row["time"]),
                number(row["distinct"]),
                row["name"],
                number(row["compute_seconds"], "{:.2f} ms", 1e3),
                number(row["move_seconds"], "{:.2f} ms", 1e3),
                number(row["seconds"], "{:.1f} ms", 1e3),
                percent(row["spread"], "{:.0f} %"),
                number(row["of_floor"], "{:.1f} ×"),
            )
            for row in rows
            if "time" in row
        ],
    )


TABLES = {
    "train": training_table,
    "predict": prediction_table,
    "start": start_table,
    "memory": memory_table,
    "reach": reach_table,
    "sweep": sweep_table,
    "floor": floor_table,
}


def write_report(results: dict[str, Any], page: Path) -> None:
    """Renew the tables of the parts that were measured, and the sweep's plot."""
    text = page.read_text(encoding="utf-8")
    for part, rows in results.items():
        made = f"{results['machine']}\n\n{TABLES[part](rows)}" if part in TABLES else ""
        text = replace_between(text, part, made) if made else text
    page.write_text(text, encoding="utf-8")
    if "sweep" in results:
        draw_sweep(results["sweep"], page.with_suffix("") / "sweep.png")


def draw_sweep(rows: Sequence[Any], file: Path) -> None:
    from matplotlib.figure import Figure

    axes = list(dict.fromkeys(row["axis"] for row in rows))
    figure = Figure(figsize=(3 * len(axes), 3), layout="constrained")
    for number_of, axis in enumerate(axes):
        panel = figure.add_subplot(1, len(axes), number_of + 1)
        for name in dict.fromkeys(row["name"] for row in rows):
            chosen = [r for r in rows if r["axis"] == axis and r["name"] == name]
            seconds = [1e3 * r["seconds"] for r in chosen]
            panel.loglog([r["size"] for r in chosen], seconds, marker="o", label=name)
        panel.set_xlabel(axis)
        panel.set_ylabel("ms per step")
        panel.legend(fontsize="small")
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=120)
