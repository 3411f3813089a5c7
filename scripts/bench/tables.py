"""The results of each part as Markdown tables."""

from collections.abc import Callable, Sequence
from typing import Any

Row = Sequence[str]


def table(head: Row, rows: Sequence[Row]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def number(value: float | None, pattern: str = "{:,.0f}", scale: float = 1.0) -> str:
    return "–" if value is None else pattern.format(value * scale)


def percent(value: float | None, pattern: str = "{:.1f} %") -> str:
    return number(value, pattern, 100)


def threads(row: Any) -> str:
    """The number of threads of the usual implementation, whichever is faster for it."""
    return number(row["threads"], "{:.0f}")


def training_table(rows: Sequence[Any]) -> str:
    head = ("data", "model", "program", "texts/s", "±", "vs. usual", "threads")
    return table(
        (*head, "trained for", "test accuracy"),
        [
            (
                row["set"],
                row["model"],
                row["name"],
                number(row["texts_per_second"]),
                percent(row["spread"], "{:.0f} %"),
                number(row["against_usual"], "{:.1f} ×"),
                threads(row),
                row["trained"],
                percent(row["accuracy"]),
            )
            for row in rows
        ],
    )


def same_table(rows: Sequence[Any]) -> str:
    head = ("data", "seed", "test accuracy, fast path", "plain path", "difference")
    return table(
        (*head, "training time, fast path", "plain path"),
        [
            (
                row["set"],
                number(row["seed"]),
                percent(row["fast"]),
                percent(row["plain"]),
                number(row["points"], "{:.1f} points"),
                number(row["fast_seconds"], "{:.1f} s"),
                number(row["plain_seconds"], "{:.1f} s"),
            )
            for row in rows
        ],
    )


def prediction_table(rows: Sequence[Any]) -> str:
    head = ("data", "program", "texts/s", "±", "texts", "threads", "vs. usual")
    return table(
        (*head, "vs. fastText", "latency of one text", "test accuracy"),
        [
            (
                row["set"],
                row["name"],
                number(row["texts_per_second"]),
                percent(row["spread"], "{:.0f} %"),
                number(row["texts"]),
                threads(row),
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
        ("program", "time", "±"),
        [(r["name"], number(r["seconds"], "{:.2f} s"), percent(r["spread"])) for r in rows],
    )


def judge_table(rows: Sequence[Any]) -> str:
    return table(
        ("data", "program", "time", "±"),
        [
            (r["set"], r["name"], number(r["seconds"], "{:.2f} s"), percent(r["spread"]))
            for r in rows
        ],
    )


def serve_table(rows: Sequence[Any]) -> str:
    """Milliseconds of requests, then memory."""
    steady = table(
        ("data", "texts", "median", "99 %", "99.9 %", "± of 99 %", "all answered"),
        [
            (
                *(r["set"], r["name"]),
                *(number(each, "{:.2f} ms") for each in r["milliseconds"]),
                *(percent(r["spread"]), "no" if r["p99"] is None else "yes"),
            )
            for r in rows
            if r["kind"] == "steady"
        ],
    )
    held = table(
        ("data", "texts", "texts/s", "memory", "growth"),
        [
            (
                *(r["set"], number(r["texts"]), number(r["texts_per_second"])),
                *(number(r["bytes"], "{:.0f} MB", 1e-6), percent(r["growth"])),
            )
            for r in rows
            if r["kind"] == "memory"
        ],
    )
    return f"{steady}\n\n{held}"


def export_table(rows: Sequence[Any]) -> str:
    """Speed and start of exported models, then what small ones lose."""
    head = ("data", "program", "texts/s", "±", "of one process", "vs. fastText", "one text")
    speeds = table(
        (*head, "start to first", "memory beside tables", "test accuracy"),
        [
            (
                *(r["set"], r["name"], number(r["all_cores"]), percent(r["spread"], "{:.0f} %")),
                number(r["one_process"]),
                number(r["against_fasttext"], "{:.2f} ×"),
                number(r["milliseconds_of_one"], "{:.3f} ms"),
                number(r.get("start_seconds"), "{:.2f} s"),
                number(r.get("bytes_beside"), "{:,.0f} MB", 1e-6),
                percent(r["accuracy"]),
            )
            for r in rows
            if "set" in r
        ],
    )
    sizes = table(
        ("model", "seed", "bytes", "accuracy before", "after", "points lost"),
        [
            (
                *(r["name"], str(r["seed"]), number(r["bytes"])),
                *(percent(r["before"]), percent(r["after"]), f"{r['points_lost']:.2f}"),
            )
            for r in rows
            if "seed" in r
        ],
    )
    return f"{speeds}\n\n{sizes}"


def memory_table(rows: Sequence[Any]) -> str:
    """Memory of training steps, then of prediction."""

    def peak(row: Any) -> Row:
        return number(row["bytes"], "{:,.0f} MB", 1e-6), percent(row["spread"], "{:.0f} %")

    steps = table(
        ("program", "peak of a step", "±", "vs. usual"),
        [
            (row["name"], *peak(row), percent(row["share"], "{:.0f} %"))
            for row in rows
            if "share" in row
        ],
    )
    predicting = table(
        ("texts to predict", "peak of the program", "±"),
        [(number(row["texts"]), *peak(row)) for row in rows if "texts" in row],
    )
    return f"{steps}\n\n{predicting}"


def reach_table(rows: Sequence[Any]) -> str:
    """Times to the accuracy, then what an epoch of textcnn consists of."""
    head = ("data", "validation accuracy", "program", "time to reach it", "±", "runs")
    times = table(
        (*head, "best", "test accuracy"),
        [
            (
                row["set"],
                percent(row["goal"], "{:.0f} %"),
                row["name"],
                number(row["seconds"], "{:.1f} s")
                if row["seconds"] is not None
                else f"not within {row['most']:.0f} s",
                percent(row.get("spread"), "{:.0f} %"),
                number(row.get("runs", 1)),
                percent(row["validation"]),
                percent(row["accuracy"]),
            )
            for row in rows
        ],
    )
    epochs = table(
        ("data", "program", "training per epoch", "validation per epoch", "checkpoints per epoch"),
        [
            (
                row["set"],
                row["name"],
                *(number(row[key], "{:.2f} s") for key in ("training", "validating", "saving")),
            )
            for row in rows
            if "training" in row
        ],
    )
    return f"{times}\n\n{epochs}"


def sweep_table(rows: Sequence[Any]) -> str:
    """The slopes, then every size; slow sizes have fewer turns."""
    from sweep import slopes  # imports torch, which other users of `table` don't need

    steep = table(
        ("varied", "program", "slope", "slope of the last two sizes"),
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
    sizes = table(
        ("varied", "size", "program", "ms per step", "±", "turns", "vs. usual"),
        [
            (
                row["axis"],
                number(row["size"]),
                row["name"],
                number(row["seconds"], "{:,.1f}", 1e3),
                percent(row["spread"], "{:.0f} %"),
                number(row["turns"]),
                number(row["against_usual"], "{:.1f} ×"),
            )
            for row in rows
        ],
    )
    return f"{steep}\n\n{sizes}"


def floor_table(rows: Sequence[Any]) -> str:
    speeds = {row["name"]: row["per_second"] for row in rows if "per_second" in row}
    reached = (
        f"Matrix product {speeds['fp32'] / 1e9:,.0f} GFLOP/s in fp32, {speeds['bf16'] / 1e9:,.0f} "
        f"in bf16; copy {speeds['copy'] / 1e9:,.1f} GB/s.\n\n"
    )
    return reached + table(
        (
            "tokens",
            "distinct tokens",
            "program",
            "compute",
            "memory traffic",
            "measured",
            "±",
            "turns",
            "vs. floor",
        ),
        [
            (
                number(row["time"]),
                number(row["distinct"]),
                row["name"],
                number(row["compute_seconds"], "{:.2f} ms", 1e3),
                number(row["move_seconds"], "{:.2f} ms", 1e3),
                number(row["seconds"], "{:.1f} ms", 1e3),
                percent(row["spread"], "{:.0f} %"),
                number(row["turns"]),
                number(row["of_floor"], "{:.1f} ×"),
            )
            for row in rows
            if "time" in row
        ],
    )


TABLES: dict[str, Callable[[Sequence[Any]], str]] = {
    "train": training_table,
    "same": same_table,
    "predict": prediction_table,
    "start": start_table,
    "export": export_table,
    "judge": judge_table,
    "serve": serve_table,
    "memory": memory_table,
    "reach": reach_table,
    "sweep": sweep_table,
    "floor": floor_table,
}
