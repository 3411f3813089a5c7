"""The ledger: measurements on disk, saved one by one, so that none is ever repeated."""

import json
from pathlib import Path
from typing import Any

from textcnn.errors import InputError
from textcnn.studies.shared.study import Claim, Measurement, Point, Results, Study
from textcnn.system.atomic import write_json
from textcnn.system.run_dir import cannot_be_written


class Ledger:
    """The measurements of a study, in `results/<study>.json` of the run directory."""

    def __init__(
        self, file: Path, study: Study, points: list[Point], first_seed: int, resume: bool
    ):
        """
        Args:
            resume: start with the measurements in the file that have the same points, seeds and
                settings. Otherwise the file is ignored: it belongs to a run to be replaced.

        Raises:
            InputError: the file holds something else.
        """
        self.file, self.study = file, study
        self.wanted = [(p, first_seed + number) for p in points for number in range(p.seeds)]
        self.concluded = False  # whether an earlier run has already reported these results
        stored: dict[tuple[str, int], Measurement] = {}
        if resume and file.is_file():
            content = read_json(file)
            there = parse_results(file, content, study.name)
            stored = {(m.point.name, m.seed): m for m in there.measurements}
            self.concluded = content.get("verdict") is not None
        self.measured = {
            (p.name, seed): stored[p.name, seed].values
            for p, seed in self.wanted
            if (p.name, seed) in stored and stored[p.name, seed].point.settings == as_stored(p)
        }
        self.before = frozenset(self.measured)  # measurements that come from the file
        self.outdated = sum((p.name, seed) in stored for p, seed in self.missing)

    @property
    def missing(self) -> list[tuple[Point, int]]:
        """Points and seeds that are not measured yet."""
        return [(p, seed) for p, seed in self.wanted if (p.name, seed) not in self.measured]

    @property
    def results(self) -> Results:
        assert not self.missing
        return Results(
            tuple(Measurement(p, seed, self.measured[p.name, seed]) for p, seed in self.wanted)
        )

    def add(self, point: Point, seed: int, values: dict[str, Any]) -> None:
        self.concluded = False
        self.measured[point.name, seed] = values
        self.write(None, None, [])

    def conclude(self, agrees: bool | None, verdict: str, claims: list[Claim]) -> None:
        self.concluded = True
        self.write(agrees, verdict, claims)

    def write(self, agrees: bool | None, verdict: str | None, claims: list[Claim]) -> None:
        """Write the file.

        Raises:
            InputError: the file can't be written.
        """
        measurements = [
            {
                "point": point.name,
                "settings": point.settings,
                "seed": seed,
                "values": self.measured[point.name, seed],
            }
            for point, seed in self.wanted
            if (point.name, seed) in self.measured
        ]
        content = {
            "study": self.study.name,
            "agrees": agrees,
            "verdict": verdict,
            "claims": [claim.as_json() for claim in claims],
            "measurements": measurements,
        }
        try:
            write_json(self.file, content)
        except OSError as error:
            raise InputError(cannot_be_written(self.file.parents[1], error)) from error


def as_stored(point: Point) -> Any:
    """The settings as JSON returns them: with lists instead of tuples."""
    return json.loads(json.dumps(point.settings))


def read_results(file: Path, study: str) -> Results:
    """The results in the ledger file of a study.

    Raises:
        InputError: the file is not a ledger, or belongs to another study.
    """
    return parse_results(file, read_json(file), study)


def read_json(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, OSError, RecursionError) as error:
        raise InputError(damaged(file, str(error))) from error


def parse_results(file: Path, content: Any, study: str) -> Results:
    if not isinstance(content, dict) or not isinstance(content.get("measurements"), list):
        raise InputError(damaged(file, "it has no list of measurements"))
    if content.get("study") != study:
        raise InputError(damaged(file, f"its study is {content.get('study')!r}, not {study!r}"))
    return Results(tuple(parse_row(file, row) for row in content["measurements"]))


def parse_row(file: Path, row: Any) -> Measurement:
    kinds = {"point": str, "settings": dict, "seed": int, "values": dict}
    for key, kind in kinds.items():
        value = row.get(key) if isinstance(row, dict) else None
        if type(value) is not kind or (key == "values" and not value):
            raise InputError(damaged(file, f"a measurement has {key} {str(value)[:40]!r}"))
    return Measurement(Point(row["point"], row["settings"]), row["seed"], row["values"])


def damaged(file: Path, reason: str) -> str:
    reason = " ".join(reason.split())[:200]
    return f"{file} is not a results file of this study ({reason}); delete it to measure again"
