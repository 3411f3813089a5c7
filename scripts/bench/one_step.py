"""Print the peak memory of a training step: bytes above those held after steps on short texts.

python scripts/bench/one_step.py 'usual fp32' 4096    # program, precision; tokens per text
"""

import sys
import threading
import time
from dataclasses import replace

import psutil
from steps import Size, build


def main(kind: str, tokens: int) -> None:
    size = Size(time=tokens)
    warm = build(kind, replace(size, time=16))
    for _ in range(2):
        warm()
    del warm
    step = build(kind, size)  # the weights are not counted
    process = psutil.Process()
    baseline = peak = process.memory_info().rss
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.is_set():
            peak = max(peak, process.memory_info().rss)
            time.sleep(0.001)

    watcher = threading.Thread(target=watch)
    watcher.start()
    for _ in range(2):
        step()
    done.set()
    watcher.join()
    print(peak - baseline)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
