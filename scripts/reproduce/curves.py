"""`make reproduce ARGS=curves`: accuracy by the number of training rows, and who is best where.

The rows of a draw include the validation rows. SST-2, TREC and AG's news have test rows; of the
other sets a tenth is held out, the same in every draw.
"""

import argparse
import csv
import io
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from arguments import ROOT
from baseline_names import BASELINE_NAMES
from curves_plot import draw_curves
from entries import load_rows, save_json, save_text
from jobs import TRAIN, Job, composed
from pages import machine
from pool import Pool, is_finished
from sources import DATA, Run, available, set_path
from tables import table

from textcnn.errors import InputError

SETS = ("mr", "sst2", "subj")
DRAWS = {100: 5, 300: 5, 1000: 5, 3000: 3, 0: 2}  # by the number of rows; 0: all of them
HELD_OUT, HELD_OUT_SEED = 10, 1234  # a tenth
OWN: dict[str, tuple[str, ...]] = {
    "textcnn": ("experiment=best_short_plain", "text.min_frequency=2"),
    "textcnn-glove": ("experiment=few",),
    "textcnn-wordllama": ("experiment=few", "text.vectors=wordllama"),
    "best_short": ("experiment=best_short",),
}
WAYS = {
    **{name: title.replace("TF-IDF + linear ", "") for name, title in BASELINE_NAMES.items()},
    "textcnn": "textcnn",
    "textcnn-glove": "textcnn + GloVe",
    "textcnn-wordllama": "textcnn + wordllama",
    "best_short": "best_short",
}
PAGE = """\
# Learning curves

Test accuracy in percent by the number of training rows, of which a tenth is used for validation:
means ± sample standard deviations over draws of the rows, which share their test rows; for all
rows, over two seeds. Measured by `make reproduce ARGS=curves`; `results/curves.json` has every run.
A model is *best* at a size if its mean is the highest; those within one standard error of the
difference are named too.

![Accuracy by the number of training rows](results/curves.png)

- **textcnn** is `{textcnn}`.
- **textcnn + GloVe** is `experiment=few`; **textcnn + wordllama** is `experiment=few
  text.vectors=wordllama`; **best_short** is `experiment=best_short`.
- **SVM** has TF-IDF of words and bigrams; **NBSVM** has bigrams; **fastText** has bigrams.

For 1,000 rows model2vec publishes means over its own sets: TF-IDF 70.8, fine-tuned potion 79.2,
SetFit 82.6. They can't be compared with a single set.
"""


@dataclass(frozen=True)
class Cell:
    """A point of a curve."""

    data: str
    rows: int  # 0: all
    way: str
    jobs: tuple[Job, ...]


def measure_curves(options: argparse.Namespace) -> list[str]:
    """Carry out what is left, and renew page, plot and JSON.

    Returns:
        A line about each job that failed.

    Raises:
        InputError: data, a way or a file can't be used.
        KeyboardInterrupt: after Ctrl-C; the page has the finished points.
    """
    if unknown := [name for name in options.only or () if name not in WAYS]:
        raise InputError(f"--only takes {', '.join(map(repr, WAYS))}, got {unknown[0]!r}")
    output = options.output or ROOT / "docs"
    names, _ = available(options.data or list(SETS), options.folder)
    earlier = load_rows(output / "results" / "curves.json", "points", is_usable)
    cells = [*plan(names, options)]
    jobs = [job for cell in cells for job in cell.jobs]
    if options.list:
        print(*(job.title for job in jobs if job.result() is None), sep="\n")
        return []
    try:
        return Pool(options.jobs, options.threads).carry_out(jobs)
    finally:
        points = merge(earlier, [made for cell in cells for made in point_of(cell)])
        save_json(output / "results" / "curves.json", {"points": points})
        save_text(output / "learning_curves.md", page(points))
        draw_curves(points, verdicts(points), output / "results" / "curves.png")


def plan(names: Sequence[str], options: argparse.Namespace) -> Iterator[Cell]:
    ways = options.only or list(WAYS)
    for data in names:
        drawn = Draws(data, options.folder, options.work.resolve() / "curves" / "rows" / data)
        for rows, draws in DRAWS.items():
            if rows >= drawn.count:
                continue
            files = [
                drawn.overrides(rows, seed) for seed in range(min(draws, options.seeds or draws))
            ]
            for way in ways:
                jobs = [
                    job_of(data, rows, way, seed, base, options) for seed, base in enumerate(files)
                ]
                yield Cell(data, rows, way, tuple(jobs))


def job_of(
    data: str,
    rows: int,
    way: str,
    seed: int,
    files: tuple[str, ...],
    options: argparse.Namespace,
) -> Job:
    own = way in OWN
    return Job(
        options.work.resolve() / "curves" / data / way / f"{rows or 'all'}-rows-draw-{seed}",
        f"{DATA[data].title}, {WAYS[way]}, {f'{rows:,}' if rows else 'all'} rows, draw {seed}",
        TRAIN if own else way,
        (*files, *OWN[way], "baseline=false") if own else files,
        Run(f"draw-{seed}", (("seed", seed),)),
        DATA[data].longest,
        cost=(1.0 if own else 0.1) * (rows or 10_000) * DATA[data].cost,
    )


class Draws:
    """The rows of a data set, and files with draws of them, which are the same in every process."""

    def __init__(self, data: str, folder: Path | None, place: Path):
        """
        Args:
            place: where the files go.
        """
        from textcnn.data.sources.source import Source

        config = composed(DATA[data].overrides(folder))
        readers, _ = Source(**config.data.source_settings()).open()
        self.place = place
        rows = rows_of(readers["data.train"]())
        if "data.test" in readers:
            self.rows, self.test = rows, rows_of(readers["data.test"]())
        else:
            held_out = chosen(rows, len(rows) // HELD_OUT, HELD_OUT_SEED)
            self.test = [rows[number] for number in np.flatnonzero(held_out)]
            self.rows = [rows[number] for number in np.flatnonzero(~held_out)]

    @property
    def count(self) -> int:
        return len(self.rows)

    def overrides(self, rows: int, seed: int) -> tuple[str, ...]:
        """The keys of a draw, whose file is written if it doesn't exist.

        Args:
            rows: how many; 0: all, in every draw.
        """
        drawn = chosen(self.rows, rows or self.count, seed)
        train = [self.rows[number] for number in np.flatnonzero(drawn)]
        name = f"{rows}-{seed}.csv" if rows else "all.csv"
        return (
            "data=files",
            set_path("data.train", write(self.place / name, train)),
            set_path("data.test", write(self.place / "test.csv", self.test)),
        )


Row = tuple[str, str]  # text and label


def rows_of(found: Any) -> list[Row]:
    """The rows of an Arrow table."""
    return list(zip(found["text"].to_pylist(), found["label"].to_pylist(), strict=True))


def chosen(rows: Sequence[Row], count: int, seed: int) -> np.ndarray:
    """(rows,) bool: a draw with the same fraction of every class, and at least a row of each."""
    from textcnn.data.splits import draw

    if count == len(rows):
        return np.ones(count, bool)
    strata = np.unique([label for _, label in rows], return_inverse=True)[1]
    return ~draw(strata, len(rows) - count, np.random.default_rng(seed), "data.train")


def write(file: Path, rows: Sequence[Row]) -> Path:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("text", "label"), *rows])
    save_text(file, text.getvalue())
    return file


def point_of(cell: Cell) -> Iterator[dict[str, Any]]:
    """The point of a curve, if its jobs are finished."""
    if not all(map(is_finished, cell.jobs)):
        return
    found = [result for job in cell.jobs if (result := job.result()) is not None]
    accuracies = [round(100 * result["accuracy"], 4) for result in found]
    texts = found[0]["texts"]
    yield {
        "data": cell.data,
        "rows": cell.rows or texts["train"] + texts["validation"],
        "all": not cell.rows,
        "way": cell.way,
        "draws": accuracies,
        "mean": round(statistics.mean(accuracies), 4),
        "sd": round(statistics.stdev(accuracies), 4) if len(accuracies) > 1 else None,
        "seconds": round(statistics.median(result["seconds"] for result in found), 2),
        "hardware": found[-1]["hardware"],
        "commit": found[-1]["commit"],
        "date": found[-1]["date"],
    }


def is_usable(point: Mapping[str, Any]) -> bool:
    """Whether the page can be made from a point."""
    needed = {"data", "rows", "all", "way", "draws", "mean", "sd", "hardware"}
    return (
        point.keys() >= needed
        and point["data"] in DATA
        and point["way"] in WAYS
        and bool(point["draws"])
    )


def merge(before: Sequence[Any], new: Sequence[Any]) -> list[dict[str, Any]]:
    """All points in order; a new one replaces that of the same size and way."""
    sizes = list(DRAWS)

    def place(point: Mapping[str, Any]) -> tuple[int, int, int]:
        size = len(sizes) if point["all"] else point["rows"]
        return (
            list(DATA).index(point["data"]),
            list(WAYS).index(point["way"]),
            10**9 if point["all"] else size,
        )

    points = {place(point): point for point in [*before, *new]}
    return [points[key] for key in sorted(points)]


def verdicts(points: Sequence[Mapping[str, Any]]) -> dict[str, list[tuple[int, list[str]]]]:
    """By data set, for each number of rows the best ways, the very best first."""
    found: dict[str, list[tuple[int, list[str]]]] = {}
    for data in dict.fromkeys(point["data"] for point in points):
        here = [point for point in points if point["data"] == data]
        for rows in sorted({size_of(point) for point in here}):
            same = [point for point in here if size_of(point) == rows]
            if len(same) > 1:
                shown = max(point["rows"] for point in same)
                found.setdefault(data, []).append((shown, best_of(same)))
    return found


def size_of(point: Mapping[str, Any]) -> int:
    return 10**9 if point["all"] else int(point["rows"])


def best_of(points: Sequence[Mapping[str, Any]]) -> list[str]:
    """The way with the highest mean, and those within a standard error of the difference."""
    best = max(points, key=lambda point: float(point["mean"]))
    near = [
        point
        for point in points
        if point is not best and best["mean"] - point["mean"] <= error(best, point)
    ]
    near.sort(key=lambda point: -float(point["mean"]))
    return [str(point["way"]) for point in [best, *near]]


def error(one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """Standard error of the mean difference over the same draws."""
    pairs = list(zip(one["draws"], other["draws"], strict=False))
    if len(pairs) < 2:
        return 0.0
    return statistics.stdev(a - b for a, b in pairs) / len(pairs) ** 0.5


def page(points: Sequence[Mapping[str, Any]]) -> str:
    parts = [PAGE.format(textcnn=" ".join(OWN["textcnn"]))]
    for data, best in verdicts(points).items():
        here = [point for point in points if point["data"] == data]
        sizes = sorted({size_of(point) for point in here})
        head = ["rows", "runs", *(WAYS[way] for way in ways_of(here)), "best"]
        rows = []
        for size, (shown, names) in zip(sizes, best, strict=True):
            own = [point for point in here if size_of(point) == size]
            cells = {point["way"]: cell_of(point) for point in own}
            values = [cells.get(way, "–") for way in ways_of(here)]
            draws = max(len(point["draws"]) for point in own)
            rows.append(
                [f"{shown:,}", f"{draws}", *values, ", ".join(WAYS[name] for name in names)]
            )
        title = DATA[data].title
        machines = dict.fromkeys(machine(point["hardware"]) for point in here)
        section = [
            f"## {title[0].upper()}{title[1:]}",
            table(head, rows),
            f"*{'; '.join(machines)}.*",
        ]
        parts.append("\n\n".join(section) + "\n")
    return "\n".join(parts)


def ways_of(points: Sequence[Mapping[str, Any]]) -> list[str]:
    there = {point["way"] for point in points}
    return [way for way in WAYS if way in there]


def cell_of(point: Mapping[str, Any]) -> str:
    spread = "" if point["sd"] is None else f" ± {point['sd']:.1f}"
    return f"{point['mean']:.1f}{spread}"
