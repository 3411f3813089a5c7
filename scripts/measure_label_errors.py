"""How many flipped labels does `textcnn.audit_data` find, and what does mending them bring?

    python scripts/measure_label_errors.py --folder ../shared/data

For each data set and seed a tenth of the rows is held out, and 5 % of the labels of the others are
flipped. Reported are the flips among the first 7 % of the list, and the accuracy on the held-out
rows of `model=ngrams` trained on clean labels, on flipped ones, on those relabelled as the audit
suggests without a human look (`data.relabel`), and on those in which a human has restored the flips
among the first 7 % of the list.
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import mean, stdev

import numpy as np

from textcnn.data.sources.bundled import read_bundled

FLIPPED, LOOKED_AT = 0.05, 0.07  # of the training rows
Row = tuple[str, str]  # text, label


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=Path("../shared/data"))
    parser.add_argument("--data", nargs="+", default=["bundled", "subj"])
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    for name in arguments.data:
        rows = read_rows(name, arguments.folder)
        measured = [measure(rows, seed) for seed in range(arguments.seeds)]
        for key in measured[0]:
            values = [100 * each[key] for each in measured]
            spread = stdev(values) if len(values) > 1 else 0.0
            print(f"{name}: {key} {mean(values):.1f} ± {spread:.1f} %", flush=True)


def read_rows(name: str, folder: Path) -> list[Row]:
    """The rows of the bundled texts, or of a CSV file with the columns text and label."""
    if name == "bundled":
        table = read_bundled()
        rows = zip(table["text"].to_pylist(), table["label"].to_pylist(), strict=True)
        return list(dict.fromkeys(rows))
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [(row["text"], row["label"]) for row in csv.DictReader(file)]


def measure(rows: list[Row], seed: int) -> dict[str, float]:
    """Shares of the flips, and accuracies."""
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(rows)).tolist()
    held_out = len(rows) // 10
    test, train = ([rows[at] for at in part] for part in (order[:held_out], order[held_out:]))
    labels = sorted({label for _, label in rows})
    flips = set(generator.choice(len(train), round(FLIPPED * len(train)), replace=False).tolist())
    noisy = [
        (text, generator.choice([each for each in labels if each != label]))
        if row in flips
        else (text, label)
        for row, (text, label) in enumerate(train)
    ]
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        test_file = write(directory / "test.csv", test)
        noisy_file = write(directory / "noisy.csv", noisy)
        suspects = directory / "suspects.csv"
        run("audit_data", f"data.train={noisy_file}", f"output={suspects}", "page=false")
        with suspects.open(encoding="utf-8-sig", newline="") as file:
            listed = [int(row["row"]) - 1 for row in csv.DictReader(file)]
        first = set(listed[: round(LOOKED_AT * len(train))])
        mended = [train[row] if row in first & flips else each for row, each in enumerate(noisy)]

        def accuracy(path: Path, *more: str) -> float:
            out = directory / "run"
            run(
                *("train", f"data.train={path}", f"data.test={test_file}", "model=ngrams"),
                *(f"run_dir={out}", "overwrite=true", *more),
            )
            return float(json.loads((out / "metrics.json").read_text())["test"]["accuracy"])

        return {
            "flips found in the first 7 %": len(first & flips) / len(flips),
            "flips found in the whole list": len(set(listed) & flips) / len(flips),
            "rows in the list": len(listed) / len(train),
            "accuracy, clean": accuracy(write(directory / "clean.csv", train)),
            "accuracy, flipped": accuracy(noisy_file),
            "accuracy, relabelled as suggested": accuracy(noisy_file, f"data.relabel={suspects}"),
            "accuracy, restored by hand": accuracy(write(directory / "mended.csv", mended)),
        }


def write(path: Path, rows: list[Row]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *rows])
    return path


def run(program: str, *overrides: str) -> None:
    command = [sys.executable, "-m", f"textcnn.{program}", "data=files", *overrides]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
