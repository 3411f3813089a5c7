"""The progress of a run of studies where no bar can move."""

import io

import pytest

from textcnn.studies.tour.progress import StudyProgress
from textcnn.system.terminal import build_console


@pytest.mark.parametrize(
    ("seconds", "lines"),
    [
        (
            0.0,
            [
                "3 of 4 measurements, last: order: width, seed 0",
                "4 of 4 measurements, last: order: width, seed 1",
            ],
        ),
        (60.0, []),
    ],
)
def test_lines_count_earlier_measurements_and_keep_their_distance(
    seconds: float, lines: list[str]
) -> None:
    console = build_console()
    console.file = io.StringIO()
    with StudyProgress(
        console, studies=1, measured=2, missing=2, seconds_between_lines=seconds
    ) as progress:
        for seed in range(2):
            progress.measured("order", "width", seed)
        progress.concluded()
    assert console.file.getvalue().splitlines() == lines
