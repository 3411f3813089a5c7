"""`make reproduce ARGS=characters`: when a model over characters beats one over words.

Both are trained on clean texts. Then they classify mistyped ones, texts with unknown words, made-up
texts of other word forms and languages, and are compared after few and many training rows.
"""

import argparse
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from arguments import ROOT
from characters_plot import draw_typos
from curves import Draws, Row, write
from entries import load_rows, save_json, save_text
from jobs import TRAIN, Job, read
from made_texts import inflected, mixed_languages
from pool import Pool, is_finished
from sources import DATA, Run, available, set_path
from tables import table

from textcnn.data.perturbations.typos import mistype
from textcnn.errors import InputError

SETS = ("trec",)
PLAIN = ("experiment=best_short_plain", "text.min_frequency=2")
WAYS = {
    "words": (*PLAIN, "text.subwords=false"),
    "words and subwords": PLAIN,
    "words, subwords, GloVe": ("experiment=best_short",),
    "characters": ("experiment=best_char",),
}
RATES = (0.0, 0.02, 0.05, 0.1, 0.2)
ROWS = (100, 300, 1000, 3000)
SEEDS = 3
MADE = {"word forms": inflected, "code-switching": mixed_languages}
MADE_ROWS, MADE_TEST_ROWS = 300, 1000
FILE = "characters.json"
PAGE = """\
# When characters pay

Four models, trained on the same clean texts: `experiment=best_short_plain text.min_frequency=2`
without and with subwords, `experiment=best_short`, which has GloVe's vectors too, and
`experiment=best_char`, which reads characters and never words. Test accuracy in percent, mean ±
sample standard deviation over seeds, by `make reproduce ARGS=characters`. `results/characters.json`
has every number.

Characters pay where words are misspelt, and where a text mixes languages whose words have common
roots. On clean text they are at best as good as words. They don't help with words that training
lacks, nor with few rows. For word forms, subwords beside words are enough.
"""


@dataclass(frozen=True)
class Trained:
    """The runs of a model on a data set."""

    data: str
    way: str
    rows: int  # 0: all
    jobs: tuple[Job, ...]


def measure_characters(options: argparse.Namespace) -> list[str]:
    """Carry out what is left, and renew page, plot and JSON.

    Returns:
        A line about each job that failed.

    Raises:
        InputError: data, a way or a file can't be used.
        KeyboardInterrupt: after Ctrl-C.
    """
    if unknown := [name for name in options.only or () if name not in WAYS]:
        raise InputError(f"--only takes {', '.join(map(repr, WAYS))}, got {unknown[0]!r}")
    output = options.output or ROOT / "docs"
    names, _ = available(options.data or list(SETS), options.folder)
    earlier = load_rows(output / "results" / FILE, "models", is_usable)
    plans = [*of_sets(names, options), *of_made_texts(options)]
    jobs = [job for plan in plans for job in plan.jobs]
    if options.list:
        print(*(job.title for job in jobs if job.result() is None), sep="\n")
        return []
    failures = Pool(options.jobs, options.threads).carry_out(jobs)
    found = [made for plan in plans if all(map(is_finished, plan.jobs)) for made in [of_plan(plan)]]
    models = merge(earlier, found)
    save_json(output / "results" / FILE, {"models": models})
    save_text(output / "characters.md", page(models))
    draw_typos(models, output / "results" / "typos.png", list(WAYS))
    return failures


def of_sets(names: Sequence[str], options: argparse.Namespace) -> Iterator[Trained]:
    ways = options.only or list(WAYS)
    for data in names:
        base = DATA[data].overrides(options.folder)
        seeds = range(options.seeds or SEEDS)
        for way in ways:
            jobs = [job_of(data, way, 0, seed, base, options) for seed in seeds]
            yield Trained(data, way, 0, tuple(jobs))
        if not DATA[data].files:
            continue
        drawn = Draws(data, options.folder, options.work.resolve() / "characters" / "rows" / data)
        for rows in ROWS:
            if rows >= drawn.count:
                continue
            files = [drawn.overrides(rows, seed) for seed in seeds]
            for way in ways:
                jobs = [
                    job_of(data, way, rows, seed, base, options) for seed, base in enumerate(files)
                ]
                yield Trained(data, way, rows, tuple(jobs))


def of_made_texts(options: argparse.Namespace) -> Iterator[Trained]:
    for name, make in MADE.items():
        place = options.work.resolve() / "characters" / "rows" / name.replace(" ", "-")
        bases = []
        for seed in range(options.seeds or SEEDS):
            train, test = make(MADE_ROWS, MADE_TEST_ROWS, seed)
            bases.append(files_of(place, seed, train, test))
        for way in options.only or list(WAYS):
            jobs = [job_of(name, way, 0, seed, base, options) for seed, base in enumerate(bases)]
            yield Trained(name, way, 0, tuple(jobs))


def files_of(place: Path, seed: int, train: Sequence[Row], test: Sequence[Row]) -> tuple[str, ...]:
    """The keys that read these rows, whose files are written."""
    return (
        "data=files",
        set_path("data.train", write(place / f"train-{seed}.csv", train)),
        set_path("data.test", write(place / f"test-{seed}.csv", test)),
    )


def job_of(
    data: str,
    way: str,
    rows: int,
    seed: int,
    base: tuple[str, ...],
    options: argparse.Namespace,
) -> Job:
    title = DATA[data].title if data in DATA else data
    size = f"{rows:,}" if rows else "all"
    place = options.work.resolve() / "characters" / data.replace(" ", "-") / way.replace(" ", "-")
    return Job(
        place / f"{rows or 'all'}-rows-seed-{seed}",
        f"{title}, {way}, {size} rows, seed {seed}",
        TRAIN,
        (*base, *WAYS[way], "baseline=false"),
        Run(f"seed-{seed}", (("seed", seed),)),
        keep=not rows,
        cost=(4.0 if way == "characters" else 1.0) * (rows or 6_000),
    )


def of_plan(plan: Trained) -> dict[str, Any]:
    """What the JSON says about the runs of a model."""
    measured = [measure(job, plan) for job in plan.jobs]
    return {"data": plan.data, "way": plan.way, "rows": plan.rows} | {
        key: [each[key] for each in measured] for key in measured[0]
    }


def measure(job: Job, plan: Trained) -> dict[str, Any]:
    """Accuracies of one run, in percent; kept in its directory."""
    result = job.result()
    assert result is not None
    found: dict[str, Any] = {"accuracy": round(100 * result["accuracy"], 4)}
    if plan.rows or plan.data not in DATA:
        return found
    kept = read(job.directory / FILE)
    if kept is None or kept["finished"] != result["finished"]:
        kept = {"finished": result["finished"], **robustness(job.directory / "run")}
        save_json(job.directory / FILE, kept)
    return found | {key: kept[key] for key in ("typos", "unknown")}


def robustness(run: Path) -> dict[str, Any]:
    """Accuracy on mistyped test texts, and on texts with and without unknown words."""
    from worker import splits_of

    import textcnn
    from textcnn.text.tokenizers import build_tokenizer

    classifier = textcnn.load(run)
    splits = splits_of(run, classifier.labels)
    texts = splits.test.texts()
    truth = [splits.labels[label] for label in splits.test.labels]
    typos = {}
    for rate in RATES:
        mistyped = [mistype(text, rate, seed) for seed, text in enumerate(texts)]
        typos[str(rate)] = accuracy(classifier.predict(mistyped), truth)
    tokenize = build_tokenizer("word", tokenizer="basic_english")
    known = {token for text in splits.train.texts() for token in tokenize(text)}
    new = np.array([any(token not in known for token in tokenize(text)) for text in texts])
    predicted = classifier.predict(texts)
    unknown = {}
    for name, chosen in (("without", ~new), ("with", new)):
        numbers = np.flatnonzero(chosen)
        some = accuracy([predicted[i] for i in numbers], [truth[i] for i in numbers])
        unknown[name] = {"texts": len(numbers), "accuracy": some}
    return {"typos": typos, "unknown": unknown}


def accuracy(predicted: Sequence[Any], truth: Sequence[str]) -> float | None:
    """In percent; None without texts."""
    if not truth:
        return None
    right = sum(each.label == label for each, label in zip(predicted, truth, strict=True))
    return round(100 * right / len(truth), 4)


def is_usable(model: Mapping[str, Any]) -> bool:
    """Whether the page can be made from the runs of a model."""
    return (
        model.keys() >= {"data", "way", "rows", "accuracy"}
        and model["data"] in (*DATA, *MADE)
        and model["way"] in WAYS
        and bool(model["accuracy"])
    )


def merge(before: Sequence[Any], new: Sequence[Any]) -> list[dict[str, Any]]:
    """All models in order; a new one replaces that of the same data, way and rows."""
    order = [*DATA, *MADE]

    def place(model: dict[str, Any]) -> tuple[int, int, int]:
        rows = model["rows"] or 10**9
        return order.index(model["data"]), -rows, list(WAYS).index(model["way"])

    models = {place(model): model for model in [*before, *new]}
    return [models[key] for key in sorted(models)]


def page(models: Sequence[dict[str, Any]]) -> str:
    full = [model for model in models if "typos" in model]
    return "\n".join(
        [
            PAGE,
            "## Mistyped texts\n",
            "Each letter of the test texts is mistyped with the probability at the top: a "
            "neighbour on the keyboard, left out, doubled or swapped with the next letter.\n",
            "![Accuracy by the fraction of mistyped letters](results/typos.png)\n",
            table(["", "", *(f"{rate:.0%}" for rate in RATES), "lost at 10 %"], typo_rows(full)),
            "\n## Unknown words\n",
            "Test texts with and without a word that no training text holds; their numbers are "
            "means over seeds.\n",
            table(["", "", "without", "with one or more", "difference"], unknown_rows(full)),
            "\n## Word forms and mixed languages\n",
            f"Made-up texts of three classes, {MADE_ROWS} training rows. *Word forms*: stems with "
            "suffixes; the test texts have forms that the training texts lack. *Code-switching*: "
            "English training texts; the word that gives the class away is Spanish in the test "
            "texts, in most cases with the same origin.\n",
            table(["", *WAYS], made_rows(models)),
            "\n## Few rows and many\n",
            table(["", "rows", *WAYS], size_rows(models)),
            "",
        ]
    )


def typo_rows(models: Sequence[dict[str, Any]]) -> list[list[str]]:
    rows = []
    for model in models:
        by_rate = {rate: [run[str(rate)] for run in model["typos"]] for rate in RATES}
        lost = [a - b for a, b in zip(by_rate[0.0], by_rate[0.1], strict=True)]
        cells = [spread(values) for values in by_rate.values()]
        rows.append([title(model), model["way"], *cells, f"{statistics.mean(lost):.1f}"])
    return rows


def unknown_rows(models: Sequence[dict[str, Any]]) -> list[list[str]]:
    rows = []
    for model in models:
        runs = model["unknown"]
        parts = {name: [run[name]["accuracy"] for run in runs] for name in ("without", "with")}
        if None in parts["without"] or None in parts["with"]:
            continue
        apart = statistics.mean(parts["with"]) - statistics.mean(parts["without"])
        texts = {name: statistics.mean(run[name]["texts"] for run in runs) for name in parts}
        cells = [f"{spread(parts[name])} ({texts[name]:,.0f} texts)" for name in parts]
        rows.append([title(model), model["way"], *cells, f"{apart:+.1f}".replace("-", "−")])
    return rows


def made_rows(models: Sequence[dict[str, Any]]) -> list[list[str]]:
    rows = []
    for name in MADE:
        by_way = {model["way"]: model for model in models if model["data"] == name}
        if by_way:
            rows.append([name, *(cell(by_way.get(way)) for way in WAYS)])
    return rows


def size_rows(models: Sequence[dict[str, Any]]) -> list[list[str]]:
    rows = []
    for data in DATA:
        here = [model for model in models if model["data"] == data]
        for size in sorted({model["rows"] or 10**9 for model in here}):
            by_way = {m["way"]: m for m in here if (m["rows"] or 10**9) == size}
            shown = "all" if size == 10**9 else f"{size:,}"
            rows.append([DATA[data].title, shown, *(cell(by_way.get(way)) for way in WAYS)])
    return rows


def title(model: dict[str, Any]) -> str:
    return DATA[model["data"]].title


def cell(model: dict[str, Any] | None) -> str:
    return "–" if model is None else spread(model["accuracy"])


def spread(values: Sequence[float]) -> str:
    if len(values) < 2:
        return f"{values[0]:.1f}"
    return f"{statistics.mean(values):.1f} ± {statistics.stdev(values):.1f}"
