"""Compare the accuracy of textcnn with few rows with that of a linear SVM over TF-IDF.

    OMP_NUM_THREADS=1 python scripts/bench/few.py --data FOLDER --only MR SST-2 --rows 100 1000

Prints the table in docs/performance.md: test accuracy in percent, mean and standard deviation over
draws of the training rows. FOLDER holds mr.csv, subj.csv, sst2_train.csv and sst2_test.csv, with
the columns text and label. SST-2 has test rows; of MR and Subj a tenth is held out, the same in
every draw. Other draws of training rows and other rows of the same files chose the settings of
`experiment=few`; the test rows are looked at once.
"""

import argparse
import csv
import json
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC
from tables import table

SETS: dict[str, tuple[str, str | None]] = {  # training rows, test rows
    "MR": ("mr.csv", None),
    "SST-2": ("sst2_train.csv", "sst2_test.csv"),
    "Subj": ("subj.csv", None),
}
RIVAL = "TF-IDF + linear SVM"
WAYS: dict[str, tuple[str, ...]] = {
    RIVAL: (),
    "model=ngrams": ("model=ngrams",),
    "default": (),
    "experiment=few": ("experiment=few",),
}
HELD_OUT = 1234  # the seed of the tenth that is held out

Row = tuple[str, str]  # text and label


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder of the files")
    parser.add_argument("--only", nargs="+", choices=SETS, default=list(SETS), help="data sets")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--rows", nargs="+", type=int, default=[1000], help="training rows")
    parser.add_argument("--draws", type=int, default=5, help="draws, with the seeds from 0")
    parser.add_argument("--settings", nargs="+", default=[], help="more settings: key=value")
    options = parser.parse_args()
    rows = []
    for name in options.only:
        pool, test = read_set(options.data, *SETS[name])
        for count in options.rows:
            for way in options.ways:
                accuracies = [
                    100 * accuracy(way, draw(pool, count, seed), test, seed, options.settings)
                    for seed in range(options.draws)
                ]
                rows.append([name, f"{count:,}", way, spread(accuracies)])
                print(*rows[-1], sep="  ", flush=True)
    print(table(["data", "rows", "model", "accuracy %"], rows))


def read_set(folder: Path, train: str, test: str | None) -> tuple[list[Row], list[Row]]:
    """The rows to draw from, and the test rows."""
    rows = read_rows(folder / train)
    if test is not None:
        return rows, read_rows(folder / test)
    random.Random(HELD_OUT).shuffle(rows)
    held_out = len(rows) // 10
    return rows[held_out:], rows[:held_out]


def read_rows(file: Path) -> list[Row]:
    with file.open(newline="", encoding="utf-8") as lines:
        return [(row["text"], row["label"]) for row in csv.DictReader(lines)]


def draw(pool: list[Row], count: int, seed: int) -> list[Row]:
    return random.Random(seed).sample(pool, count)


def accuracy(way: str, train: list[Row], test: list[Row], seed: int, settings: list[str]) -> float:
    """The accuracy on the test rows of what the training rows taught."""
    if way == RIVAL:
        model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LinearSVC(random_state=seed))
        return float(model.fit(*zip(*train, strict=True)).score(*zip(*test, strict=True)))
    with tempfile.TemporaryDirectory() as place:
        files = [write_rows(Path(place) / "train.csv", train)]
        files.append(write_rows(Path(place) / "test.csv", test))
        given = [f"data.train={files[0]}", f"data.test={files[1]}", f"run_dir={place}/run"]
        subprocess.run(
            [
                *(sys.executable, "-m", "textcnn.train", "data=files", *given, f"seed={seed}"),
                *("baseline=false", *WAYS[way], *settings),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        metrics = json.loads(Path(place, "run", "metrics.json").read_text(encoding="utf-8"))
    return float(metrics["test"]["accuracy"])


def write_rows(file: Path, rows: list[Row]) -> Path:
    with file.open("w", newline="", encoding="utf-8") as lines:
        csv.writer(lines).writerows([("text", "label"), *rows])
    return file


def spread(accuracies: list[float]) -> str:
    """Mean and sample standard deviation."""
    deviation = statistics.stdev(accuracies) if len(accuracies) > 1 else 0.0
    return f"{statistics.mean(accuracies):.2f} ± {deviation:.2f}"


if __name__ == "__main__":
    main()
