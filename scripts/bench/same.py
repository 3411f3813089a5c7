"""Whether training the fast way ends with the same accuracy as training the plain way."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import patch

from sets import KIM, Ours, Set, accuracy_of

EPOCHS = 4
SEEDS = (1, 2, 3)


def measure_same(found: list[Set], place: Path, quick: bool) -> list[Any]:
    """One row per seed, on TREC or else the first data set; both paths start from equal weights."""
    each = next((one for one in found if one.name == "TREC"), found[0])
    rows: list[Any] = []
    for seed in SEEDS:
        settings = (*each.overrides, *KIM, f"training.epochs={EPOCHS}", f"seed={seed}")
        fast, fast_seconds = train(settings, place, quick, plain=False)
        plain, plain_seconds = train(settings, place, quick, plain=True)
        rows.append(
            {
                "set": each.name,
                "seed": seed,
                "fast": fast,
                "plain": plain,
                "points": 100 * abs(fast - plain),
                "fast_seconds": fast_seconds,
                "plain_seconds": plain_seconds,
            }
        )
        print(" ", rows[-1], flush=True)
    return rows


def train(
    settings: tuple[str, ...], place: Path, quick: bool, *, plain: bool
) -> tuple[float, float]:
    """Test accuracy on the whole split after the last epoch, and seconds of training."""
    never_faster = patch("textcnn.models.classifier.faster_way", return_value=None)
    with never_faster if plain else nullcontext():
        ours = Ours(settings, place)
        ours.train(3 if quick else ours.run.batches.steps or 1)
        test = ours.splits.test
        accuracy = accuracy_of(ours.predict(test.texts()), test.labels.tolist())
    return accuracy, ours.run.state.train_seconds
