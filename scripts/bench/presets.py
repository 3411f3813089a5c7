"""Train every preset of `model=` on three data sets, and print the table in docs/models.md.

    OMP_NUM_THREADS=2 python scripts/bench/presets.py --data FOLDER
    OMP_NUM_THREADS=2 python scripts/bench/presets.py --data FOLDER --only bag dilated --seeds 1

Presets as they are, on the bundled articles, on TREC (trec_train.csv and trec_test.csv in FOLDER)
and on the order of two markers in synthetic texts. Test accuracy in percent, mean and standard
deviation over the seeds 0, 1, ...; seconds of the longest training on the bundled articles. Results
are added to --results; a second call trains only what is missing.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from tables import table

WORDS = (
    *("bag", "multi_width", "kim2014", "cnn_ngrams", "dilated", "id_cnn", "tcn", "gated"),
    *("dcnn", "nin", "onehot_cnn", "lstm", "transformer"),
)
CHARACTERS = ("char_cnn_tiny", "vdcnn_tiny", "dpcnn_tiny")  # on the bundled articles only

Results = dict[str, float]  # of one training: accuracy in percent, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder of TREC")
    parser.add_argument("--only", nargs="+", default=[*WORDS, *CHARACTERS], help="presets")
    parser.add_argument("--seeds", type=int, default=3, help="how many, from 0")
    parser.add_argument("--results", type=Path, default=Path("presets.json"))
    parser.add_argument("--settings", nargs="*", default=[], help="more settings: key=value")
    options = parser.parse_args()
    sets: dict[str, list[str]] = {
        "bundled": [],
        "TREC": [
            "data=files",
            f"data.train={options.data / 'trec_train.csv'}",
            f"data.test={options.data / 'trec_test.csv'}",
        ],
        "order": ["data=synthetic", "data.task=order", "data.distance=3", "data.length=20"],
    }
    known = json.loads(options.results.read_text()) if options.results.exists() else {}
    rows = []
    for preset in options.only:
        found: dict[str, list[Results]] = {}
        for name, data in sets.items():
            if preset in CHARACTERS and name != "bundled":
                continue
            for seed in range(options.seeds):
                key = " ".join([name, preset, str(seed), *options.settings])
                if key not in known:
                    keys = [f"model={preset}", *data, f"seed={seed}", *options.settings]
                    known[key] = train(keys)
                    options.results.write_text(json.dumps(known, indent=1))
                found.setdefault(name, []).append(known[key])
        seconds = max(result["seconds"] for result in found["bundled"])
        cells = [spread(found[name]) if name in found else "" for name in sets]
        rows.append([f"`{preset}`", *cells, f"{seconds:.0f}"])
        print(*rows[-1], sep="  ", flush=True)
    print(table(["`model=`", *sets, "seconds"], rows))


def train(keys: list[str]) -> Results:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "textcnn.train", *keys, "baseline=false"]
        subprocess.run([*command, f"run_dir={folder}/run"], check=True, stdout=subprocess.DEVNULL)
        metrics = json.loads(Path(folder, "run", "metrics.json").read_text())
    return {
        "accuracy": 100 * metrics["test"]["accuracy"],
        "validation": 100 * metrics["validation"]["accuracy"],
        "seconds": metrics["train"]["seconds"],
    }


def spread(results: list[Results]) -> str:
    accuracies = [result["accuracy"] for result in results]
    deviation = f" ± {statistics.stdev(accuracies):.1f}" if len(accuracies) > 1 else ""
    return f"{statistics.mean(accuracies):.1f}{deviation}"


if __name__ == "__main__":
    main()
