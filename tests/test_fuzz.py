"""A short run of scripts/fuzz, in a process of its own: it forks."""

import subprocess
import sys
from pathlib import Path

import pytest

import textcnn

SCRIPT = Path(__file__).parents[1] / "scripts" / "fuzz"


@pytest.mark.parametrize("seed", [0])
def test_damaged_and_hostile_input_ends_in_a_line(tmp_path: Path, seed: int) -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--seconds", "60", "--cases", "28", "--seed", str(seed)],
        cwd=Path(textcnn.__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("28 cases, 0 failures\n")
