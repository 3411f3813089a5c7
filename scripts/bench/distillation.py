"""Measure what a student learns from a few hand labels and a teacher's probabilities of the rest.

    python scripts/bench/distillation.py
    python scripts/bench/distillation.py --data subj.csv

Prints the table in docs/guide.md: test accuracy in percent, mean and standard deviation over seeds.
A fifth of the texts is the test split, which neither teacher nor student sees. The teacher stands
in for a large model: it is trained on all other labels, but out of fold, so that no probability
comes from a network that was trained on the label of that text.
"""

import argparse
import csv
import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.model_selection import StratifiedKFold, train_test_split
from tables import table

import textcnn
from textcnn.data.sources.bundled import read_bundled

FOLDS = 5  # of the teacher
WAYS = {
    "few": "hand labels alone",
    "hard": "hand labels + the teacher's most probable class",
    "soft": "hand labels + the teacher's probabilities",
    "all": "all labels",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="a CSV file: text,label (default: bundled texts)")
    parser.add_argument("--hand", type=int, default=200, help="labels by hand")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--options", default="{}", help="JSON: more keys of textcnn.fit")
    options = parser.parse_args()
    settings = json.loads(options.options)
    texts, labels = read(options.data)
    results = [measure(texts, labels, options.hand, seed, settings) for seed in options.seeds]
    rows = []
    for way, meaning in WAYS.items():
        values = [100 * result[way] for result in results]
        rows.append((meaning, f"{statistics.mean(values):.1f} ± {spread(values):.1f}"))
    closed = [(r["soft"] - r["few"]) / (r["all"] - r["few"]) for r in results]
    print(table([f"{len(texts):,} texts, {options.hand} by hand", "test accuracy, %"], rows))
    few, soft, whole = (statistics.mean(r[way] for r in results) for way in ("few", "soft", "all"))
    of_each = ", ".join(f"{100 * share:.0f} %" for share in closed)
    print(f"gap closed: {100 * (soft - few) / (whole - few):.0f} % (of each seed {of_each})")


def spread(values: Sequence[float]) -> float:
    return statistics.stdev(values) if len(values) > 1 else 0.0


def read(file: Path | None) -> tuple[np.ndarray, np.ndarray]:
    """Texts and labels, without repeated texts."""
    if file is None:
        rows = read_bundled().to_pylist()
    else:
        with file.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines))
    of_text = {" ".join(row["text"].lower().split()): row for row in rows}
    kept = list(of_text.values())
    return np.array([row["text"] for row in kept]), np.array([row["label"] for row in kept])


def measure(
    texts: np.ndarray, labels: np.ndarray, hand: int, seed: int, settings: dict[str, Any]
) -> dict[str, float]:
    """The test accuracy of each of WAYS."""
    rows = np.arange(len(texts))
    pool, test = train_test_split(rows, test_size=0.2, stratify=labels, random_state=seed)
    few, rest = train_test_split(pool, train_size=hand, stratify=labels[pool], random_state=seed)

    def accuracy(chosen: np.ndarray, targets: Sequence[Any]) -> float:
        student = textcnn.fit(texts[chosen], targets, seed=seed, **settings)
        predicted = [each.label for each in student.predict(texts[test].tolist())]
        return float(np.mean(np.array(predicted) == labels[test]))

    soft = out_of_fold(texts, labels, pool, seed, settings)
    taught = [soft[row] for row in rest]
    hard = [max(each, key=lambda name: each[name]) for each in taught]
    by_hand = labels[few].tolist()
    return {
        "few": accuracy(few, by_hand),
        "hard": accuracy(np.append(few, rest), by_hand + hard),
        "soft": accuracy(np.append(few, rest), by_hand + taught),
        "all": accuracy(pool, labels[pool].tolist()),
    }


def out_of_fold(
    texts: np.ndarray, labels: np.ndarray, pool: np.ndarray, seed: int, settings: dict[str, Any]
) -> dict[int, dict[str, float]]:
    """By row, probabilities by a teacher that was trained without its fold."""
    found = {}
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    for others, fold in folds.split(pool, labels[pool]):
        teacher = textcnn.fit(texts[pool[others]], labels[pool[others]], seed=seed, **settings)
        predictions = teacher.predict(texts[pool[fold]].tolist())
        found |= {
            int(row): each.probabilities for row, each in zip(pool[fold], predictions, strict=True)
        }
    return found


if __name__ == "__main__":
    main()
