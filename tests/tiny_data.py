"""A tiny data set, and the programs run in this process: an import of torch costs seconds."""

import csv
import importlib
import json
import random
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hydra._internal.hydra import Hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from safetensors.torch import load_file
from tensorboard.backend.event_processing import (  # type: ignore[import-untyped]
    event_accumulator,
)
from tensorboard.plugins.hparams import plugin_data_pb2  # type: ignore[import-untyped]
from torch import Tensor

from textcnn.checkpoint import sha256
from textcnn.errors import InputError

CLASS_WORDS = {
    "film": ("actor", "scene", "plot"),
    "sport": ("goal", "match", "team"),
    "tech": ("chip", "code", "disk"),
}
FILLERS = [f"filler{number}" for number in range(20)]

# A model and a training that take a second.
TINY = (
    "data=files",
    "model=multi_width",
    "text.min_frequency=1",
    "model.embedding_dim=8",
    "model.num_filters=4",
    "optimizer.learning_rate=0.03",
    "training.batch_size=16",
    "training.metric=loss",
    "training.patience=null",
    "training.log_every=1",
    "baseline=false",
)
STEPS_PER_EPOCH = 10  # of the tiny run: 160 texts to train on, 16 at a time
EPOCHS = 6


def rows(count: int, seed: int = 0) -> list[tuple[str, str]]:
    """Texts of a few fillers and up to three words of their class; one in ten has none of these."""
    draw = random.Random(seed)
    drawn = []
    for number in range(count):
        label = list(CLASS_WORDS)[number % len(CLASS_WORDS)]
        fillers = draw.choices(FILLERS, k=draw.randrange(1, 8))
        words = draw.choices(CLASS_WORDS[label], k=draw.randrange(1, 4) if number % 10 else 0)
        drawn.append((" ".join(fillers + words), label))
    return drawn


def write_csv(
    path: Path, cells: list[tuple[str, str]], header: tuple[str, str] = ("text", "label")
) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *cells])
    return path


def run(program: str, *overrides: str) -> int:
    """The exit code of `python -m textcnn.<program> <overrides>`, run in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [f"textcnn.{program}", *overrides])
        patch.setenv("HYDRA_FULL_ERROR", "1")  # the program sets it; put it back afterwards
        if not {"-m", "--multirun"} & set(overrides):
            # Hydra would compose the configuration twice, once only to read hydra.mode
            patch.setattr(Hydra, "get_mode", lambda *_, **__: RunMode.RUN)
        code = 0
        try:
            importlib.import_module(f"textcnn.{program}").main()
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 1
        finally:
            HydraConfig.instance().cfg = None
    return code


def train(csv_file: Path, run_dir: Path, *overrides: str) -> int:
    has_vectors = any(each.startswith("text.vectors=") for each in overrides)
    tiny = [key for key in TINY if not (has_vectors and key.startswith("model.embedding_dim="))]
    return run("train", *tiny, f"data.train={csv_file}", f"run_dir={run_dir}", *overrides)


def weights(checkpoint: Path) -> dict[str, Tensor]:
    return load_file(checkpoint / "model.safetensors")


def forge(directory: Path, name: str, content: bytes | str) -> None:
    """Put `content` into a checkpoint's file, with the hash that makes it look untouched."""
    encoded = content if isinstance(content, bytes) else content.encode()
    (directory / name).write_bytes(encoded)
    hashes = read_json(directory / "manifest.json")["sha256"]
    forge_manifest(directory, sha256=hashes | {name: sha256(directory / name)})


def forge_manifest(directory: Path, **entries: Any) -> None:
    manifest = read_json(directory / "manifest.json") | entries
    (directory / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def forge_config(directory: Path, before: str, after: str) -> None:
    config = (directory / "config.yaml").read_text(encoding="utf-8")
    assert before in config
    forge(directory, "config.yaml", config.replace(before, after))


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def everything(directory: Path) -> dict[str, bytes]:
    """Every file below a directory, by its path."""
    files = [path for path in sorted(directory.rglob("*")) if path.is_file()]
    return {str(path.relative_to(directory)): path.read_bytes() for path in files}


def resume(run_dir: Path, *overrides: str) -> int:
    make_curves_older(run_dir)
    return run("train", f"resume={run_dir}", *overrides)


def make_curves_older(run_dir: Path) -> None:
    """By a second, as they are when a new process goes on.

    TensorBoard reads files in the order of their names: by second, then by process and number.
    """
    for file in run_dir.glob("events.out.tfevents.*"):
        prefix, second, rest = re.split(r"(?<=tfevents\.)(\d+)", file.name, maxsplit=1)
        file.rename(file.with_name(f"{prefix}{int(second) - 1}{rest}"))


def curves(run_dir: Path) -> Any:
    """What TensorBoard shows of a run: all of it, nothing left out."""
    sizes = dict.fromkeys(("scalars", "images", "tensors"), 0)
    return event_accumulator.EventAccumulator(str(run_dir), size_guidance=sizes).Reload()


def hyper_parameters(run_dir: Path) -> tuple[dict[str, Any], list[str]]:
    """The row of a run in TensorBoard's HPARAMS tab: its values, and the tags of its metrics."""
    content = curves(run_dir).PluginTagToContent("hparams")
    parse = plugin_data_pb2.HParamsPluginData.FromString
    row = parse(content["_hparams_/session_start_info"]).session_start_info.hparams
    values = {key: getattr(value, value.WhichOneof("kind")) for key, value in row.items()}
    metrics = parse(content["_hparams_/experiment"]).experiment.metric_infos
    return values, [metric.name.tag for metric in metrics]


def without_times(metrics: dict[str, Any]) -> dict[str, Any]:
    """What must be the same again."""
    kept = {k: v for k, v in metrics.items() if k not in {"seconds", "peak_memory_bytes"}}
    if "baseline" in kept:
        kept["baseline"] = {k: v for k, v in kept["baseline"].items() if k != "seconds"}
    kept["train"] = {k: metrics["train"][k] for k in ("epochs", "best_epoch", "steps")}
    return kept


def assert_same_run(got: Path, expected: Path) -> None:
    """Weights of best and last, history and scores, bit for bit."""
    for name in ("best", "last"):
        ours, theirs = weights(got / name), weights(expected / name)
        assert ours.keys() == theirs.keys()
        for key in ours:
            assert ours[key].numpy().tobytes() == theirs[key].numpy().tobytes(), (name, key)
    assert without_times(read_json(got / "metrics.json")) == without_times(
        read_json(expected / "metrics.json")
    )


def assert_curves_have_every_step_once(run_dir: Path, epochs: int) -> None:
    shown = curves(run_dir)
    steps = [point.step for point in shown.Scalars("train/loss")]
    assert steps == list(range(1, epochs * STEPS_PER_EPOCH + 1))
    steps = [point.step for point in shown.Scalars("validation/loss")]
    assert steps == [epoch * STEPS_PER_EPOCH for epoch in range(1, epochs + 1)]


def error_line(capfd: pytest.CaptureFixture[str]) -> str:
    (line,) = capfd.readouterr().err.splitlines()
    return line


def refusal(function: Callable[[], object]) -> str:
    """The one line in which `function` refuses."""
    with pytest.raises(InputError) as refused:
        function()
    message = str(refused.value)
    assert len(message.splitlines()) == 1, message
    return message
