"""A job: one training in a directory of its own, and whether that has been done already."""

import hashlib
import json
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

from baseline_names import BASELINE_VERSIONS
from sources import Run, set_path

from textcnn.config.compose import compose

TRAIN = "train"  # the program of a job that trains textcnn; others are names of baselines
# keys that say where a run is and how it is started; data.* paths are compared by their content
UNCOMPARED = ("run_dir", "overwrite", "resume", "data.train", "data.validation", "data.test")
JOB, RESULT, SPEED, LOG = "job.json", "result.json", "speed.json", "log.txt"


@dataclass(frozen=True)
class Job:
    """One training: of textcnn, or of a baseline on the same rows.

    Attributes:
        directory: holds `job.json`, `result.json` and the run directory `run`.
        title: for the user.
        program: "train", or the name of a baseline.
        base: overrides of textcnn.train, the same for all folds and seeds.
        run: the fold or seed.
        longest: tokens of the longest n-gram that a baseline counts.
        keep: whether the checkpoint is kept, so that its speed can be measured.
        cost: compared with other jobs; the longest start first.
        origin: the job whose checkpoint this one starts from, which must be finished before.
        starts_others: whether it is such a job, which is not finished without its checkpoint.
    """

    directory: Path
    title: str
    program: str
    base: tuple[str, ...]
    run: Run
    longest: int = 2
    keep: bool = False
    cost: float = 1.0
    origin: "Job | None" = None
    starts_others: bool = False

    @property
    def overrides(self) -> tuple[str, ...]:
        start: tuple[str, ...] = ()
        if self.origin is not None:
            start = set_path("init_from", self.origin.directory / "run"), "init_from_test=false"
        return (*self.base, *start, *self.run.overrides)

    def specification(self) -> dict[str, Any]:
        """What decides the result: the resolved configuration and the content of the files.

        Raises:
            InputError: the overrides are refused, or a file is missing.
        """
        settings = flat(composed(self.base)) | dict(self.run.keys)
        data = {
            key: fingerprint(settings[key])
            for key in ("data.train", "data.validation", "data.test")
            if settings["data.source"] == "files" and settings[key] is not None
        }
        if settings["data.source"] == "hub":
            data = {key: settings[key] for key in UNCOMPARED if key.startswith("data.")}
        settings = {key: value for key, value in settings.items() if key not in UNCOMPARED}
        if self.program != TRAIN:
            settings = {k: v for k, v in settings.items() if k.startswith("data.") or k == "seed"}
            settings |= {"longest": self.longest, "version": BASELINE_VERSIONS[self.program]}
        return {
            "program": self.program,
            "overrides": list(self.overrides),
            "settings": settings,
            "data": data,
            "origin": None if self.origin is None else self.origin.specification(),
        }

    def matches(self, stored: Any) -> bool:
        """Whether a stored specification decides on the same result.

        A key that a later version added may be missing there while it has its default.
        """
        if not isinstance(stored, dict):
            return False
        now = self.specification()
        if any(stored.get(name) != now[name] for name in ("program", "data")):
            return False
        origin = stored.get("origin")
        if (self.origin is None) != (origin is None):
            return False
        if self.origin is not None and not self.origin.matches(origin):
            return False
        before, after = stored.get("settings", {}), now["settings"]
        if not before.keys() <= after.keys():
            return False
        initial = defaults(composed(self.base))
        return all(
            value == before[key] if key in before else value == initial.get(key)
            for key, value in after.items()
        )

    def result(self) -> dict[str, Any] | None:
        """The result, if it belongs to the present settings and data."""
        found = read(self.directory / RESULT)
        if self.starts_others and not (self.directory / "run" / "best").is_dir():
            return None
        return found if found is not None and self.matches(found) else None

    def begun(self) -> bool:
        """Whether the directory holds a part of this very job."""
        return self.matches(read(self.directory / JOB))

    def speed(self) -> float | None:
        """Texts per second to predict, if they were measured for the present result."""
        found, result = read(self.directory / SPEED), read(self.directory / RESULT)
        if not isinstance(found, dict) or result is None:
            return None
        if found.get("finished") != result["finished"]:
            return None
        return float(found["texts_per_second"])


def read(file: Path) -> Any:
    """The content of a JSON file; None if it is missing or damaged."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def flat(config: Any, prefix: str = "") -> dict[str, Any]:
    """A configuration as plain values by key: {"model.dropout": 0.5, ...}."""
    found: dict[str, Any] = {}
    for field in fields(config):
        value = getattr(config, field.name)
        if is_dataclass(value):
            found |= flat(value, f"{prefix}{field.name}.")
        else:
            found[prefix + field.name] = json.loads(json.dumps(value))  # tuples as lists
    return found


def defaults(config: Any, prefix: str = "") -> dict[str, Any]:
    """The default of every key that has one, by key."""
    found: dict[str, Any] = {}
    for field in fields(config):
        value = getattr(config, field.name)
        if is_dataclass(value):
            found |= defaults(value, f"{prefix}{field.name}.")
        elif field.default is not MISSING:
            found[prefix + field.name] = json.loads(json.dumps(field.default))
        elif field.default_factory is not MISSING:
            found[prefix + field.name] = json.loads(json.dumps(field.default_factory()))
    return found


@cache
def composed(overrides: tuple[str, ...]) -> Any:
    """The configuration of a training run.

    Raises:
        InputError: the overrides are refused.
    """
    return compose("train", list(overrides))


@cache
def fingerprint(file: str) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()
