"""The kinds of input that are damaged."""

import importlib
import io
import json
import os
import random
import resource
import shutil
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from hostile import hostile_bytes, hostile_text, mutated, mutated_json, mutated_state
from small_disk import mount_small_disk

from textcnn.config.keys import walk
from textcnn.config.schemas import GROUP_SCHEMAS, SCHEMAS

TINY = (
    *("data=files", "model=multi_width", "text.min_frequency=1", "model.embedding_dim=4"),
    *("model.num_filters=2", "training.epochs=1", "training.batch_size=8"),
)
WORDS = {"film": "actor scene plot", "sport": "goal match team"}
GIVEN = (
    *("0", "-1", "1e999", "nan", "inf", "1e-400", str(10**18), str(10**40), "9" * 5000, "0x10"),
    *("1_000", "null", "true", "''", "[]", "{}", "[1,[2]]", "{a:1}", "${seed}", "${oc.env:HOME}"),
    *("???", "a b", "a,b", "range(3)", "choice(1,2)", "[" * 50, "glob(*)", "\\", '"', "'"),
)
TRAINED = (*TINY, "baseline=false")
PROGRAMS = ("train", "describe", "predict", "evaluate")


@dataclass(frozen=True)
class Case:
    """A program with its arguments, or a function, in a folder."""

    title: str
    folder: Path
    program: str = "train"
    arguments: Sequence[str] = ()
    function: Callable[[], object] | None = None
    closed: Sequence[str] = ()  # standard streams
    encoding: str = "utf-8"


@dataclass
class Place:
    """The folder of a run of the fuzzer: a data set and a trained run, to copy and damage."""

    root: Path
    number: int = field(default=0)

    def fresh(self) -> Path:
        """A new folder; the one before is deleted."""
        shutil.rmtree(self.root / f"case-{self.number}", ignore_errors=True)
        self.number += 1
        folder = self.root / f"case-{self.number}"
        folder.mkdir()
        return folder

    @cached_property
    def csv(self) -> Path:
        """40 rows of two classes."""
        draw = random.Random(0)
        lines = ["text,label"]
        for number in range(40):
            label = ("film", "sport")[number % 2]
            words = draw.choices(WORDS[label].split(), k=4)
            lines.append(f"{' '.join(words)} {number},{label}")
        path = self.root / "rows.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    @cached_property
    def run(self) -> Path:
        """A finished run."""
        run_dir = self.root / "run"
        keys = (*TINY, f"data.train={self.csv}")
        for program, *arguments in (
            ("train", *keys, f"run_dir={run_dir}", "baseline=false"),
            ("describe", *keys),
            ("evaluate", f"checkpoint={run_dir}", f"run_dir={self.root / 'evaluation'}"),
            ("predict", f"checkpoint={run_dir}", f"input={self.csv}", "output=/dev/null"),
        ):
            # here, so that processes that are forked from this one have all modules
            sys.argv = [f"textcnn.{program}", *arguments]
            with redirect_stdout(io.StringIO()):
                importlib.import_module(f"textcnn.{program}").main()
        return run_dir

    def copy(self) -> Path:
        return shutil.copytree(self.run, self.fresh() / "run")


def overrides(draw: random.Random, place: Place) -> Case:
    """Keys of every program, with values that they may not take."""
    assert place.run
    program = draw.choice((*PROGRAMS, "illustrate"))
    keys = [key for key, _, _ in walk(SCHEMAS[program]())]
    keys += [f"{group}.{key}" for (group, _), s in GROUP_SCHEMAS.items() for key, _, _ in walk(s())]
    keys += ["nonsense", "model", "text", "hydra.run.dir", "hydra", "", "+a", "~seed", "@"]
    given = [f"{draw.choice(keys)}={value(draw)}" for _ in range(draw.randrange(1, 4))]
    if draw.random() < 0.1:
        given.append(draw.choice(["-m", "--cfg", "--help", "--multirun", "-x", "--info"]))
    base = {"predict": ("checkpoint=nowhere",), "evaluate": ("checkpoint=nowhere",)}
    usual = (*TRAINED, f"data.train={place.csv}", "training.max_steps=1", "run_dir=run")
    # a value that happens to be allowed must not start hours of work
    given = [*base.get(program, usual if program == "train" else ()), *given]
    if program in ("illustrate", "describe"):
        given.append("seed=-1")
    return Case(f"{program} {given}", place.fresh(), program, [g.replace("\0", "") for g in given])


def value(draw: random.Random) -> str:
    return draw.choice([*GIVEN, hostile_text(draw)])


def files(draw: random.Random, place: Place) -> Case:
    """Data files of every format, damaged."""
    assert place.run
    folder = place.fresh()
    ending = draw.choice(["csv", "tsv", "jsonl", "parquet"])
    path = folder / f"rows.{ending}"
    path.write_bytes(mutated(draw, valid(place, ending)))
    program = draw.choice(["train", "describe", "evaluate", "predict"])
    if program == "predict":
        keys = [f"checkpoint={place.run}", f"input={path}"]
    elif program == "evaluate":
        keys = [f"checkpoint={place.run}", "data=files", f"data.test={path}", "run_dir=evaluation"]
    else:
        keys = [*TINY, f"data.train={path}"] + ["run_dir=run", "baseline=false"] * (
            program == "train"
        )
        keys += draw.choice([[], ["data.streaming=true"]])
    return Case(f"{program} {path} ({path.read_bytes()[:60]!r})", folder, program, keys)


def valid(place: Place, ending: str) -> bytes:
    """The rows of the data set in a format."""
    rows = [line.split(",") for line in place.csv.read_text().splitlines()[1:]]
    if ending == "jsonl":
        return "".join(json.dumps({"text": t, "label": n}) + "\n" for t, n in rows).encode()
    if ending == "parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        texts, labels = zip(*rows, strict=True)
        packed = io.BytesIO()
        pq.write_table(pa.table({"text": list(texts), "label": list(labels)}), packed)
        return packed.getvalue()
    content = place.csv.read_bytes()
    return content.replace(b",", b"\t") if ending == "tsv" else content


def texts(draw: random.Random, place: Place) -> Case:
    """Texts to predict, and labels to train on, of any characters."""
    run_dir, folder = place.run, place.fresh()
    if draw.random() < 0.5:
        path = folder / "texts.txt"
        path.write_bytes(b"\n".join(hostile_bytes(draw) for _ in range(5)))
        keys = [f"checkpoint={run_dir}", f"input={path}", f"half={draw.choice(['true', 'false'])}"]
        return Case(f"predict {path.read_bytes()[:200]!r}", folder, "predict", keys)
    names = [hostile_text(draw), hostile_text(draw)]
    path = folder / "rows.jsonl"
    rows = [{"text": hostile_text(draw), "label": names[n % 2]} for n in range(40)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    keys = [*TRAINED, f"data.train={path}", "run_dir=run"]
    encoding = draw.choice(["utf-8", "ascii", "latin-1"])
    return Case(f"train on labels {names}", folder, "train", keys, encoding=encoding)


def checkpoints(draw: random.Random, place: Place) -> Case:
    """A checkpoint with a damaged file, whose hash is that of the damaged file."""
    run_dir = place.copy()
    name = draw.choice(["best", "last"])
    file = draw.choice([f for f in (run_dir / name).iterdir() if f.name != "manifest.json"])
    damage(draw, file)
    forge_hash(run_dir / name, file)
    if draw.random() < 0.1:
        damage(draw, run_dir / name / "manifest.json")
    title = f"{name}/{file.name} damaged"
    if name == "last":
        keys = [f"resume={run_dir}", "training.epochs=2"]
        return Case(title, run_dir.parent, "train", keys)
    program = draw.choice(["predict", "evaluate"])
    keys = [f"checkpoint={run_dir}"]
    keys += [f"input={place.csv}"] if program == "predict" else ["run_dir=evaluation"]
    return Case(title, run_dir.parent, program, keys)


def damage(draw: random.Random, file: Path) -> None:
    """Change a file: anywhere, or so that it still is of its format."""
    content = file.read_bytes()
    if file.suffix == ".json" and draw.random() < 0.7:
        content = mutated_json(draw, content)
    elif file.suffix == ".pt" and draw.random() < 0.8:
        content = mutated_state(draw, content)
    else:
        content = mutated(draw, content)
    file.write_bytes(content)


def forge_hash(checkpoint: Path, file: Path) -> None:
    from textcnn.checkpoint import sha256

    manifest = json.loads((checkpoint / "manifest.json").read_text())
    manifest["sha256"][file.name] = sha256(file)
    (checkpoint / "manifest.json").write_text(json.dumps(manifest))


def runs(draw: random.Random, place: Place) -> Case:
    """A run directory in which files are missing, damaged, or directories."""
    run_dir = place.copy()
    done = []
    for _ in range(draw.randrange(1, 3)):
        path = draw.choice(sorted(run_dir.rglob("*")) or [run_dir])
        what = draw.choice(["delete", "damage", "directory", "file", "link"])
        done.append(f"{what} {path.relative_to(run_dir.parent)}")
        if what == "damage" and path.is_file():
            path.write_bytes(mutated(draw, path.read_bytes()))
            continue
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        if not path.parent.is_dir():
            continue
        if what == "directory":
            path.mkdir()
        elif what == "file":
            path.write_bytes(b"")
        elif what == "link":
            path.symlink_to(draw.choice(["/nonexistent", "/dev/null", ".", path.name]))
    program, keys = draw.choice(
        [
            ("train", [f"resume={run_dir}", "training.epochs=2"]),
            (
                "train",
                [*TRAINED, f"data.train={place.csv}", f"run_dir={run_dir}", "overwrite=true"],
            ),
            ("evaluate", [f"checkpoint={run_dir}", f"run_dir={run_dir}", "overwrite=true"]),
            ("predict", [f"checkpoint={run_dir}", f"input={place.csv}"]),
        ]
    )
    return Case(f"{program} after: {', '.join(done)}", run_dir.parent, program, keys)


def streams(draw: random.Random, place: Place) -> Case:
    """Standard streams that are closed, or that can't show what is printed."""
    run_dir, folder = place.run, place.fresh()
    closed = [name for name in ("stdin", "stdout", "stderr") if draw.random() < 0.5]
    program, keys = draw.choice(
        [
            ("predict", [f"checkpoint={run_dir}"]),
            ("predict", [f"checkpoint={run_dir}", f"input={place.csv}"]),
            ("describe", [*TINY, f"data.train={place.csv}"]),
            ("train", [*TRAINED, f"data.train={place.csv}", "run_dir=run"]),
            ("train", ["--help"]),
            ("train", ["seed=-1"]),
        ]
    )
    encoding = draw.choice(["ascii", "latin-1", "utf-8"])
    return Case(f"{program} {keys} without {closed}", folder, program, keys, None, closed, encoding)


def disks(draw: random.Random, place: Place) -> Case:
    """A disk that is full after some kilobytes, or a limit of the size of files."""
    run_dir = place.copy()
    folder = run_dir.parent
    small = draw.random() < 0.5
    limit = draw.choice([0, 1, 100, 1000, 2000, 3000, 4000, 6000, 10_000])
    program, keys = draw.choice(
        [
            ("train", [*TRAINED, f"data.train={place.csv}", "run_dir=disk/new"]),
            ("train", ["resume=disk/run", "training.epochs=2"]),
            ("evaluate", [f"checkpoint={run_dir}", "run_dir=disk/evaluation"]),
            ("predict", [f"checkpoint={run_dir}", f"input={place.csv}", "output=disk/out.jsonl"]),
            ("describe", [*TINY, f"data.train={place.csv}", "output=disk/out.json"]),
        ]
    )
    used = kilobytes(run_dir)
    size = draw.choice([4, 8, 12, 20, 32, 48, 80, used, 2 * used]) + used

    def limited() -> None:
        disk = folder / "disk"
        disk.mkdir()
        os.environ["HF_DATASETS_CACHE"] = str(disk / "cache")
        mounted = small
        if small:
            try:
                mount_small_disk(disk, size)
            except OSError:  # not permitted
                mounted = False
        shutil.copytree(run_dir, disk / "run")
        if not mounted:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        sys.argv = [f"textcnn.{program}", *keys]
        importlib.import_module(f"textcnn.{program}").main()

    room = f"a disk of {size} KB" if small else f"files of {limit} bytes"
    return Case(f"{program} {keys} with {room}", folder, function=limited)


def kilobytes(folder: Path) -> int:
    """What a tmpfs needs for a folder: each file takes whole pages."""
    return sum(-(-path.stat().st_size // 4096) * 4 + 4 for path in folder.rglob("*"))


Kind = Callable[[random.Random, Place], Case]
KINDS: dict[str, Kind] = {
    "overrides": overrides,
    "files": files,
    "texts": texts,
    "checkpoints": checkpoints,
    "runs": runs,
    "streams": streams,
    "disks": disks,
}
