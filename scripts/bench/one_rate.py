"""Classify raw texts in a process that has nothing else loaded, and print what that takes as JSON.

python one_rate.py runtime|fastText MODEL TEXTS PROCESSES SECONDS, where TEXTS is a JSON list. It
prints texts per second and the labels of the first texts; with PROCESSES=0 milliseconds for a text
that is classified alone.
"""

import json
import multiprocessing
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Predict = Callable[[list[str]], list[str]]
SHOWN = 2000  # labels that are printed
CHUNKS = 4  # of each process: a pool gives the next one to whoever is done
ALONE = 200  # texts that are classified alone


def runtime(path: str, processes: int) -> Predict:
    from textcnn.runtime import load

    classifier = load(path)
    return lambda texts: classifier.classify(texts, processes=max(processes, 1))


def fasttext(path: str, processes: int) -> Predict:
    import fasttext as package
    from rivals import tokens

    model = package.load_model(path)

    def classify(texts: list[str]) -> list[str]:
        # as textcnn's: split into tokens as in training, then classified
        return [label[0].removeprefix("__label__") for label in model.predict(tokens(texts))[0]]

    if processes < 2:
        return classify
    CLASSIFY.append(classify)
    pool = multiprocessing.get_context("fork").Pool(processes)  # its workers have the model

    def by_pool(texts: list[str]) -> list[str]:
        size = -(-len(texts) // (CHUNKS * processes))
        chunks = [texts[first : first + size] for first in range(0, len(texts), size)]
        return [label for part in pool.map(classify_there, chunks, 1) for label in part]

    return by_pool


CLASSIFY: list[Predict] = []  # in the workers of a pool


def classify_there(texts: list[str]) -> list[str]:
    return CLASSIFY[0](texts)


def measure(predict: Predict, texts: list[str], seconds: float) -> dict[str, Any]:
    labels = predict(texts)  # not counted
    start, done = time.perf_counter(), 0
    while (elapsed := time.perf_counter() - start) < seconds or not done:
        done += len(predict(texts))
    return {"rate": done / max(elapsed, 1e-9), "labels": labels[:SHOWN]}


def measure_alone(predict: Predict, texts: list[str]) -> dict[str, Any]:
    for text in texts[:ALONE]:
        predict([text])
    start = time.perf_counter()
    for text in texts[:ALONE]:
        predict([text])
    return {"milliseconds": 1e3 * (time.perf_counter() - start) / len(texts[:ALONE])}


if __name__ == "__main__":
    program, path, file, processes, seconds = sys.argv[1:]
    texts = json.loads(Path(file).read_text(encoding="utf-8"))
    predict = {"runtime": runtime, "fastText": fasttext}[program](path, int(processes))
    if processes == "0":
        print(json.dumps(measure_alone(predict, texts)))
    else:
        print(json.dumps(measure(predict, texts, float(seconds))))
