"""docs/results.md: a table for each data set, written from docs/results.json alone."""

from collections.abc import Mapping, Sequence
from typing import Any

from baseline_names import BASELINE_NAMES
from entries import Entry
from experiments import EXPERIMENTS, find
from sources import DATA, FOLDS, SEEDS
from tables import table

INTRODUCTION = """\
# Results

Test accuracy in percent. `make reproduce` writes this page and `results.json` beside it; don't edit
them by hand. `make reproduce ARGS='--only kim2014_rand --data mr'` measures one row again and keeps
the rest.

- **Ours** is mean ± sample standard deviation, and the number of runs: ten folds of MR and Subj,
  seeds 0, 1 and 2 of the other sets. Validation texts alone choose settings and epochs.
- **Goal** is what we set out to reach at least; where it is missed, see
  [choosing.md](choosing.md#goals-that-we-missed).
- **Paper** is the number of the experiment's paper. Each experiment is a file in
  [configs/experiment](../configs/experiment), which says what differs from the paper and why.
- **TF-IDF + linear SVM** has words and bigrams. **NBSVM** follows Wang and Manning (2012), with
  bigrams, and trigrams on IMDB. **fastText** has bigrams, 50 dimensions and 25 epochs. They get
  exactly the texts of textcnn's splits. Each chooses one setting (C, or the learning rate) on the
  validation texts and is then trained on train + validation, as our recipes are; the papers'
  experiments are trained on train alone.
- **Training** is the median time of a run, from reading the data to the test. Runs share the
  machine, one process per core. A baseline's time includes the choice of its setting.
- **Texts/s** is the speed of `textcnn.load(run).predict(texts)` on one core, measured alone after
  all training. **MB** is what prediction needs on disk; of the linear models, n-grams and 32-bit
  weights.
"""
HEAD = ("", "paper", "ours", "difference", "goal", "training", "texts/s", "MB")


def results_page(entries: Sequence[Entry]) -> str:
    parts = [INTRODUCTION]
    for data in dict.fromkeys(entry["data"] for entry in entries):
        parts.append(section(data, [entry for entry in entries if entry["data"] == data]))
    return "\n".join([*parts, not_measured(entries)])


def not_measured(entries: Sequence[Entry]) -> str:
    """The rows that `make reproduce` would add."""
    there = {(entry["data"], entry["name"]) for entry in entries}
    lines = []
    for data, rows in DATA.items():
        names = [name for name, each in EXPERIMENTS.items() if data in each.paper]
        if lacking := [f"`{name}`" for name in names if (data, name) not in there]:
            lines.append(f"- {rows.title}: {', '.join(lacking)}")
    title = "## Not measured\n\n"
    return title + "\n".join(lines) + "\n" if lines else ""


def section(data: str, entries: Sequence[Entry]) -> str:
    """The table of a data set, the baselines first, and what it was measured on."""
    machines = list(dict.fromkeys(machine(entry["hardware"]) for entry in entries))
    several = len(machines) > 1
    names = {entry["name"] for entry in entries}
    rows = [
        row(entry, machines.index(machine(entry["hardware"])) + 1 if several else None)
        for entry in entries
    ]
    rows += [(title, *"–" * 7) for name, title in BASELINE_NAMES.items() if name not in names]
    marks = [f"<sup>{number}</sup> " if several else "" for number in range(1, len(machines) + 1)]
    lines = [f"{mark}{each}" for mark, each in zip(marks, machines, strict=True)]
    title = DATA[data].title
    with_settings = [entry for entry in entries if entry.get("settings")]
    changed = [f"`{each['name']}` with `{' '.join(each['settings'])}`." for each in with_settings]
    changed += [
        f"`{each['name']}` starts from the checkpoint of {each['origin']}; the time excludes that."
        for each in entries
        if each.get("origin")
    ]
    parts = [f"## {title[0].upper()}{title[1:]}", table(HEAD, rows), *changed]
    return "\n\n".join([*parts, f"*{'; '.join(lines)}.*"]) + "\n"


def row(entry: Entry, mark: int | None) -> tuple[str, ...]:
    name, published = entry["name"], entry["paper"]
    seconds = (
        f"{entry['seconds']:,.0f} s" if entry["seconds"] >= 10 else f"{entry['seconds']:.1f} s"
    )
    speed = entry["texts_per_second"]
    return (
        BASELINE_NAMES.get(name, f"`{name}`"),
        "–" if published is None else f"{published:.1f}",
        mean_and_spread(entry),
        "–" if published is None else f"{entry['mean'] - published:+.1f}".replace("-", "−"),
        goal_of(entry),
        seconds if mark is None else f"{seconds} <sup>{mark}</sup>",
        "–" if speed is None else f"{two_digits(speed):,}",
        f"{entry['megabytes']:.1f}" if entry["megabytes"] >= 0.1 else f"{entry['megabytes']:.2f}",
    )


def goal_of(entry: Entry) -> str:
    """81.0, met; or by how much the mean misses it."""
    goal = find(entry["name"]).goal.get(entry["data"])
    if entry["name"] in BASELINE_NAMES or goal is None:
        return "–"
    missing, needed = goal - entry["mean"], FOLDS if DATA[entry["data"]].folds else SEEDS
    if (count := len(entry["runs"])) < needed:
        return f"{goal:.1f}, {'reached' if missing <= 0 else 'missed'} by {count} of {needed} runs"
    return f"{goal:.1f}, met" if missing <= 0 else f"{goal:.1f}, missed by {missing:.2f}"


def mean_and_spread(entry: Entry) -> str:
    """76.0 ± 1.2 (10)"""
    spread = "" if entry["sd"] is None else f" ± {entry['sd']:.1f}"
    return f"{entry['mean']:.1f}{spread} ({len(entry['runs'])})"


def two_digits(value: float) -> int:
    """A speed is no more exact than that."""
    return int(float(f"{value:.2g}"))


def machine(hardware: Mapping[str, Any]) -> str:
    cores = f"{hardware['cores']} cores" if hardware["cores"] != 1 else "1 core"
    threads = hardware["threads"]
    threads = f"{threads} threads" if threads != 1 else "1 thread"
    gpu = "" if hardware["device"] == "CPU" else f"{hardware['device']}, "
    return f"{gpu}{hardware['cpu']}, {cores}, {threads} a run, torch {hardware['torch']}"
