"""Compare the texts that `textcnn.label` chooses with random ones, over rounds of labelling.

    OMP_NUM_THREADS=1 python scripts/bench/labelling.py --data FOLDER --seeds 3 4 5

Prints the tables in docs/growing.md: test accuracy in percent, mean and standard deviation over the
seeds, which draw the first texts and train the models. Each round trains `model=ngrams` on all
labels so far, chooses texts of the rest of the training rows, and takes their labels. The first 30
texts, which are random, validate in every round. FOLDER holds
mr.csv, trec_train.csv and trec_test.csv, with the columns text and label; of MR a tenth is held
out, the same for all seeds. The seeds 0 to 2 chose the settings of `textcnn.label`.
"""

import argparse
import random
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from few import read_set
from tables import table

import textcnn
from textcnn.config.evaluation.labelling import LabelConfig
from textcnn.data.input_texts import InputRow
from textcnn.evaluation.labelling.candidates import least_sure
from textcnn.evaluation.labelling.spread import spread
from textcnn.inference import Classifier

Row = tuple[str, str]  # text and label
SETS: dict[str, tuple[str, str | None]] = {
    "TREC": ("trec_train.csv", "trec_test.csv"),
    "MR": ("mr.csv", None),
}
VALIDATING = 30  # texts
WAYS = ("random", "least sure", "label")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder of the files")
    parser.add_argument("--only", nargs="+", choices=SETS, default=list(SETS), help="data sets")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[3, 4, 5])
    parser.add_argument("--first", type=int, default=100, help="labels at the start")
    parser.add_argument("--more", type=int, default=100, help="labels of each round")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    for name in options.only:
        pool, test = read_set(options.data, *SETS[name])
        header = ["labels", *options.ways]
        columns = []
        for way in options.ways:
            runs = [
                rounds(way, pool, test, seed, options.first, options.more, options.rounds)
                for seed in options.seeds
            ]
            columns.append([spread_of(each) for each in zip(*runs, strict=True)])
            print(name, way, *columns[-1], sep="  ", flush=True)
        sizes = [f"{options.first + n * options.more:,}" for n in range(options.rounds + 1)]
        print(
            name,
            table(header, [list(row) for row in zip(sizes, *columns, strict=True)]),
            sep="\n\n",
        )


def rounds(
    way: str, rows: Sequence[Row], test: Sequence[Row], seed: int, first: int, more: int, count: int
) -> list[float]:
    """The test accuracy in percent at the start and after each round."""
    pool = list(rows)
    random.Random(seed).shuffle(pool)
    labelled, pool = pool[:first], pool[first:]
    texts, truth = zip(*test, strict=True)
    accuracies = []
    for number in range(count + 1):
        classifier = trained(labelled, seed)
        answers = [each.label for each in classifier.predict(texts)]
        right = sum(one == other for one, other in zip(answers, truth, strict=True))
        accuracies.append(100 * right / len(test))
        if number < count:
            chosen = set(choose(way, classifier, pool, more, seed + number))
            labelled += [row for place, row in enumerate(pool) if place in chosen]
            pool = [row for place, row in enumerate(pool) if place not in chosen]
    return accuracies


def trained(rows: Sequence[Row], seed: int) -> Classifier:
    texts, labels = (list(each) for each in zip(*rows, strict=True))
    validation = texts[:VALIDATING], labels[:VALIDATING]
    keys: dict[str, Any] = {"text__min_frequency": 1, "model__ngrams": 2, "training__final": "all"}
    keys |= {"model": "ngrams", "baseline": False, "seed": seed}
    return textcnn.fit(texts[VALIDATING:], labels[VALIDATING:], validation=validation, **keys)


def choose(
    way: str, classifier: Classifier, pool: Sequence[Row], count: int, seed: int
) -> list[int]:
    """The places of the texts to label next."""
    if way == "random":
        return random.Random(seed).sample(range(len(pool)), count)
    rows = (InputRow(place, text, {}) for place, (text, _) in enumerate(pool))
    factor = LabelConfig().candidates if way == "label" else 1
    found, _ = least_sure(rows, classifier, factor * count)
    texts, doubts = [each.row.text for each in found], [each.doubt for each in found]
    tokenize = classifier.encoder.tokenizer
    return [found[n].row.number for n in spread(texts, doubts, count, tokenize, seed=seed)]


def spread_of(values: Sequence[float]) -> str:
    if len(values) == 1:
        return f"{values[0]:.1f}"
    return f"{statistics.mean(values):.1f} ± {statistics.stdev(values):.1f}"


if __name__ == "__main__":
    main()
