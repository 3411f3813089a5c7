"""What has been measured, on the disk after each measurement, so that nothing is measured twice."""

import json
from pathlib import Path
from typing import Any

from textcnn.atomic import write_json
from textcnn.errors import InputError
from textcnn.studies.study import Claim, Measurement, Point, Results, Study, agrees, verdict


class Ledger:
    """The measurements of a study, in `results/<study>.json` of the run directory."""

    def __init__(self, file: Path, study: Study, points: list[Point], first_seed: int):
        """Begins with what the file holds of these points.

        Raises:
            InputError: the file holds something else.
        """
        self.file, self.study = file, study
        self.wanted = [(p, first_seed + number) for p in points for number in range(p.seeds)]
        there = read_results(file).measurements if file.is_file() else ()
        stored = {(m.point.name, m.seed): m.values for m in there}
        self.measured = {
            (point.name, seed): stored[point.name, seed]
            for point, seed in self.wanted
            if (point.name, seed) in stored
        }

    @property
    def missing(self) -> list[tuple[Point, int]]:
        """Points and seeds that are still to be measured."""
        return [(p, seed) for p, seed in self.wanted if (p.name, seed) not in self.measured]

    @property
    def results(self) -> Results:
        assert not self.missing
        return Results(
            tuple(Measurement(p, seed, self.measured[p.name, seed]) for p, seed in self.wanted)
        )

    def add(self, point: Point, seed: int, values: dict[str, Any]) -> None:
        self.measured[point.name, seed] = values
        self.write([])

    def conclude(self, claims: list[Claim]) -> None:
        self.write(claims)

    def write(self, claims: list[Claim]) -> None:
        """`claims`: none until all is measured."""
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
        concluded = {
            "agrees": agrees(claims) if claims else None,
            "verdict": verdict(claims) if claims else None,
            "claims": [claim.as_json() for claim in claims],
        }
        write_json(self.file, {"study": self.study.name, **concluded, "measurements": measurements})


def read_results(file: Path) -> Results:
    """What the file of a ledger holds.

    Raises:
        InputError: it is none of a ledger.
    """
    try:
        rows = json.loads(file.read_text(encoding="utf-8"))["measurements"]
        return Results(
            tuple(
                Measurement(Point(row["point"], row["settings"]), row["seed"], row["values"])
                for row in rows
            )
        )
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise InputError(
            f"{file} holds no results of a study ({error!r}); remove it to measure again"
        ) from error
