"""`make reproduce ARGS=ablations`: what each part of a recipe is worth, with paired tests.

Each table backs a sentence: variants of one base on the same folds and seeds. Three bases: a
network alone, without regularizers but dropout, to which a variant adds something; a recipe for
short texts without vectors, and `best_short`, from which a variant takes something away.
"""

import argparse
import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from arguments import ROOT
from entries import load_rows, save_json, save_text
from jobs import TRAIN, Job
from pages import machine
from pool import Pool
from sources import DATA, available
from tables import table

from textcnn.errors import InputError
from textcnn.evaluation.comparison.paired import over_runs, over_texts

SETS, FOLDS, SEEDS = ("mr", "trec"), 3, 3
NETWORK = (
    *("model=multi_width", "model.kernel_sizes=[1,2,3,4]", "model.num_filters=100"),
    *("optimizer.learning_rate=0.001", "schedule=warmup_linear"),
    *("training.epochs=5", "training.patience=null"),
)
RECIPE = (
    *(*NETWORK, "model.ngrams=2", "model.word_dropout=0.1"),
    *("training.average=tail", "training.label_smoothing=0.1", "training.r_drop=1"),
)
BEST_SHORT = ("experiment=best_short",)
BASES = {"network": NETWORK, "recipe": RECIPE, "best_short": BEST_SHORT}


@dataclass(frozen=True)
class Sentence:
    """What the variants of one table are about.

    Attributes:
        title: the heading of the table.
        base: the name of the base.
        variants: overrides by the name of the variant.
        cost: training time of a variant compared with the base.
        anew: variants that have none of the settings of the base.
    """

    title: str
    base: str
    variants: dict[str, tuple[str, ...]]
    cost: float = 1.0
    anew: frozenset[str] = frozenset()

    def overrides(self, variant: str) -> tuple[str, ...]:
        """The settings of a variant; later ones of a key replace those of the base."""
        base = () if variant in self.anew else BASES[self.base]
        by_key = {each.partition("=")[0]: each for each in (*base, *self.variants[variant])}
        return tuple(by_key.values())


SENTENCES = (
    Sentence(
        "Pretrained vectors",
        "network",
        {
            "GloVe 50d, frozen": ("text.vectors=glove", "model.embedding=static"),
            "GloVe 50d, trained": ("text.vectors=glove", "model.embedding=nonstatic"),
            "GloVe 50d, both channels": ("text.vectors=glove", "model.embedding=multichannel"),
            "wordllama 256d, frozen": ("text.vectors=wordllama", "model.embedding=static"),
        },
    ),
    Sentence(
        "Widths of the filters",
        "network",
        {
            "width 1: order is lost": ("model.kernel_sizes=[1]", "model.num_filters=400"),
            "width 3": ("model.kernel_sizes=[3]", "model.num_filters=400"),
            "widths 3, 4, 5": ("model.kernel_sizes=[3,4,5]",),
        },
    ),
    Sentence(
        "Number of filters of each width",
        "network",
        {"25": ("model.num_filters=25",), "400": ("model.num_filters=400",)},
        cost=1.5,
    ),
    Sentence(
        "Dropout before the output",
        "network",
        {"none": ("model.dropout=0",), "0.8": ("model.dropout=0.8",)},
    ),
    Sentence(
        "What lies beyond the ends of a text",
        "network",
        {
            "zeros (same length)": ("model.padding=zeros",),
            "zeros (full)": ("model.padding=full",),
            "causal": ("model.padding=causal",),
        },
    ),
    Sentence(
        "Pooling over the text",
        "network",
        {
            "mean": ("model.pooling=mean",),
            "attention": ("model.pooling=attention",),
            "4 largest": ("model.pooling=kmax",),
            "maxima of 4 chunks": ("model.pooling=chunk_max",),
        },
    ),
    Sentence(
        "Position of a word",
        "network",
        {
            "learned vectors": ("model.position=learned",),
            "sinusoids": ("model.position=sinusoidal",),
        },
    ),
    Sentence(
        "Regularizers, one at a time",
        "network",
        {
            "word dropout 0.1": ("model.word_dropout=0.1",),
            "label smoothing 0.1": ("training.label_smoothing=0.1",),
            "R-Drop 1": ("training.r_drop=1",),
            "mixup 1": ("training.mixup=1",),
            "adversarial 1": ("training.adversarial=1",),
        },
        cost=1.5,
    ),
    Sentence(
        "Averaged weights",
        "network",
        {
            "mean of the last third": ("training.average=tail",),
            "exponential mean": ("training.average=ema", "training.average_decay=0.99"),
        },
    ),
    Sentence(
        "N-grams beside the network",
        "network",
        {
            "words": ("model.ngrams=1", "text.subwords=false"),
            "bigrams": ("model.ngrams=2", "text.subwords=false"),
            "trigrams": ("model.ngrams=3", "text.subwords=false"),
            "bigrams and subwords": ("model.ngrams=2",),
        },
    ),
    Sentence(
        "The recipe without one of its parts",
        "recipe",
        {
            "without the network": (
                *("model=ngrams", "model.ngrams=2", "text.min_frequency=2"),
                "text.max_length=500",
            ),
            "without n-grams": ("model.ngrams=0",),
            "without subwords": ("text.subwords=false",),
            "without averaging": ("training.average=none",),
            "without R-Drop": ("training.r_drop=0",),
            "without label smoothing": ("training.label_smoothing=0",),
            "without word dropout": ("model.word_dropout=0",),
        },
        cost=2,
        anew=frozenset({"without the network"}),
    ),
    Sentence(
        "More than one network",
        "recipe",
        {
            "trained on train + validation": ("training.final=all",),
            "3 members": ("training.members=3",),
            "student of 3 networks": ("training.out_of_fold=true", "training.teacher_folds=3"),
        },
        cost=8,
    ),
    Sentence(
        "best_short without one of its parts",
        "best_short",
        {
            "vectors as they are, not scaled": ("text.vectors_std=null",),
            "without vectors": ("text.vectors=null", "text.vectors_std=null"),
            "tokenizer basic, which splits clitics at the apostrophe": ("text.tokenizer=basic",),
            "without n-grams": ("model.ngrams=0",),
        },
        cost=8,
    ),
)
PAGE = """\
# Ablations

What each part of a recipe is worth, by `make reproduce ARGS=ablations`; `ablations.json` has the
numbers. Test accuracy in percent, the mean over {runs}.
A variant runs on the same folds and seeds as its base.

- **network** is `{network}`:
  no n-grams, no regularizer but dropout 0.5.
- **recipe** is `{recipe}`.
- **best_short** is `{best_short}`.

Two paired t-tests judge the difference between a variant and its base. The one over the test texts
also gives the 95 % interval; it tells whether the difference would hold on other texts, given
these trainings. The one over the runs includes the noise of training; with three runs it finds
large differences only. *Better* and *worse* mean p < 0.05 in both tests; *in these runs*, over the
texts alone; *within noise*, not even there. About one in twenty variants without any effect passes
a test. The column *wins* counts the runs in which the variant is better than its base.
"""
HEAD = ("", "data", "accuracy", "difference [95 %]", "p, texts", "p, runs", "wins", "")


def ablate(options: argparse.Namespace) -> list[str]:
    """Carry out what is left, and renew the page.

    Returns:
        A line about each job that failed.

    Raises:
        InputError: data or a file can't be used.
        KeyboardInterrupt: after Ctrl-C; the page has the finished variants.
    """
    output = options.output or ROOT / "docs"
    names, _ = available(options.data or list(SETS), options.folder)
    if options.folder is None and options.data is None:
        names = list(SETS)
    file = output / "ablations.json"
    earlier = load_rows(file, "rows", is_usable)
    jobs = plan(names, options)
    everything = [job for each in jobs.values() for job in each]
    if options.list:
        print(*(job.title for job in everything if job.result() is None), sep="\n")
        return []
    try:
        return Pool(options.jobs, options.threads).carry_out(everything)
    finally:
        rows = merge(earlier, compare(jobs))
        save_json(file, {"rows": rows})
        save_text(output / "ablations.md", page(rows))


Key = tuple[str, str, str]  # data set, title of the sentence ("" for a base), variant or base


def plan(names: Sequence[str], options: argparse.Namespace) -> dict[Key, list[Job]]:
    """The jobs of every base and variant.

    Raises:
        InputError: --only names no sentence or variant.
    """
    chosen = [each for each in SENTENCES if wanted(each.title, options.only)]
    for word in options.only or ():
        if not any(wanted(each.title, [word]) for each in SENTENCES):
            titles = ", ".join(repr(each.title) for each in SENTENCES)
            raise InputError(f"--only takes words of these titles: {titles}, got {word!r}")
    jobs: dict[Key, list[Job]] = {}
    for data in names:
        for base in dict.fromkeys(each.base for each in chosen):
            jobs[data, "", base] = jobs_of(data, base, BASES[base], options)
        for sentence in chosen:
            for variant in sentence.variants:
                overrides = sentence.overrides(variant)
                directory = f"{sentence.base}-{slug(sentence.title)}-{slug(variant)}"
                jobs[data, sentence.title, variant] = jobs_of(
                    data, directory, overrides, options, sentence.cost
                )
    return jobs


def wanted(title: str, only: Sequence[str] | None) -> bool:
    return only is None or any(word.lower() in title.lower() for word in only)


def slug(text: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in text.lower()).split())


def jobs_of(
    data: str,
    directory: str,
    overrides: tuple[str, ...],
    options: argparse.Namespace,
    cost: float = 1.0,
) -> list[Job]:
    rows = DATA[data]
    return [
        Job(
            options.work.resolve() / "ablations" / data / directory / run.name,
            f"{rows.title}, {directory.replace('-', ' ')}, {run.name.replace('-', ' ')}",
            TRAIN,
            (*rows.overrides(options.folder), *overrides, "baseline=false"),
            run,
            cost=cost * rows.cost,
        )
        for run in rows.runs(options.folds or FOLDS, options.seeds or SEEDS)
    ]


def compare(jobs: Mapping[Key, Sequence[Job]]) -> Iterator[dict[str, Any]]:
    """A row for every base and variant whose jobs are finished."""
    bases = {each.title: each.base for each in SENTENCES}
    found = {key: results(each) for key, each in jobs.items()}
    for (data, title, name), own in found.items():
        theirs = own if not title else found[data, "", bases[title]]
        if own is None or theirs is None:
            continue
        accuracies = [100 * each["accuracy"] for each in own]
        row = {
            "data": data,
            "sentence": title,
            "base": bases.get(title, name),
            "variant": name,
            # without those of data: they are paths
            "overrides": [each for each in own[0]["overrides"] if not each.startswith("data")],
            "mean": round(float(np.mean(accuracies)), 4),
            "runs": [round(each, 4) for each in accuracies],
            "seconds": round(float(np.median([each["seconds"] for each in own])), 2),
            "date": own[-1]["date"],
            "commit": own[-1]["commit"],
            "hardware": list(dict.fromkeys(machine(each["hardware"]) for each in own)),
        }
        if title:
            row |= tested(own, theirs, same=DATA[data].folds is None and bool(DATA[data].files))
        yield row


def results(jobs: Sequence[Job]) -> list[dict[str, Any]] | None:
    """The results of the jobs, or None if one is missing."""
    try:
        found = [result for job in jobs if (result := job.result()) is not None]
    except InputError:  # the pool has reported it
        return None
    return found if len(found) == len(jobs) else None


def tested(own: Sequence[Any], theirs: Sequence[Any], same: bool) -> dict[str, Any]:
    """The difference to the base: over the test texts, and over the runs."""
    by_text = over_texts(list(map(right, own)), list(map(right, theirs)), same)
    accuracies = [[100 * each["accuracy"] for each in side] for side in (own, theirs)]
    better = sum(a > b for a, b in zip(*accuracies, strict=True))
    found = {
        "difference": round(by_text.points, 4),
        "interval": [round(by_text.low, 4), round(by_text.high, 4)],
        "p": float(f"{by_text.p:.3g}"),
        "better_runs": better,
        "verdict": by_text.verdict,
    }
    if len(own) > 1:
        found["p_over_runs"] = float(f"{over_runs(*accuracies).p:.3g}")
    return found


def right(result: Mapping[str, Any]) -> np.ndarray:
    """(texts,) bool: whether each test text was classified correctly."""
    packed = np.frombuffer(base64.b64decode(result["right"]), np.uint8)
    return np.unpackbits(packed, count=result["texts"]["test"]).astype(bool)


def merge(before: Sequence[Any], new: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    """All rows in the order of the tables; rows of variants that no longer exist are dropped."""
    rows = {(row["sentence"], row["variant"], row["data"]): row for row in [*before, *new]}
    places = [("", base) for base in BASES]
    places += [(each.title, variant) for each in SENTENCES for variant in each.variants]
    order = [(*place, data) for place in places for data in DATA]
    return [rows[key] for key in order if key in rows]


def page(rows: Sequence[Mapping[str, Any]]) -> str:
    counts = dict.fromkeys(f"{len(row['runs'])} runs on {DATA[row['data']].title}" for row in rows)
    parts = [
        PAGE.format(
            runs=" and ".join(counts) or "no runs",
            network=" ".join(NETWORK),
            recipe=" ".join(RECIPE),
            best_short=" ".join(BEST_SHORT),
        )
    ]
    for sentence in SENTENCES:
        chosen = [row for row in rows if row["sentence"] == sentence.title]
        sets = {row["data"] for row in chosen}
        base = [
            row
            for row in rows
            if not row["sentence"] and row["variant"] == sentence.base and row["data"] in sets
        ]
        if chosen:
            cells = [cells_of(row) for row in [*base, *chosen]]
            parts.append(f"## {sentence.title}\n\n{table(HEAD, cells)}\n")
    machines = sorted({each for row in rows for each in row["hardware"]})
    parts += [f"*Measured on {'; or on '.join(machines)}, as `ablations.json` says of each row.*\n"]
    return "\n".join(parts)


def cells_of(row: Mapping[str, Any]) -> tuple[str, ...]:
    name, data = row["variant"], DATA[row["data"]].title
    mean = f"{row['mean']:.1f}"
    if "difference" not in row:
        return (f"**{name}**", data, mean, "", "", "", "", "base")
    low, high = row["interval"]
    difference = f"{row['difference']:+.1f} [{low:+.1f}, {high:+.1f}]".replace("-", "−")
    wins = f"{row['better_runs']} of {len(row['runs'])}"
    over_runs = row.get("p_over_runs")
    verdict = row["verdict"]
    if row["p"] < 0.05 and (over_runs is None or over_runs >= 0.05):
        verdict += " in these runs"
    return (name, data, mean, difference, shown(row["p"]), shown(over_runs), wins, verdict)


def shown(p: float | None) -> str:
    if p is None:
        return "–"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def is_usable(row: Mapping[str, Any]) -> bool:
    """Whether the page can be made from a row."""
    needed = {"data", "sentence", "base", "variant", "mean", "runs", "hardware"}
    if "difference" in row:
        needed |= {"interval", "p", "better_runs", "verdict"}
    return row.keys() >= needed and row["data"] in DATA and bool(row["runs"])
