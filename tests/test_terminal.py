"""Output to the terminal."""

import shlex
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from textcnn.system.arguments import argument


@pytest.mark.parametrize(
    "path",
    ["outputs/run-1", "sp ace/run=[1]", 'a"b', "it's", "a,b", "tilde~", "back\\slash"],
)
def test_an_argument_survives_the_shell_and_hydra(path: str) -> None:
    (word,) = shlex.split(argument("checkpoint", Path(path)))
    (override,) = OverridesParser.create().parse_overrides([word])
    assert override.key_or_group == "checkpoint"
    assert override.value() == path


def test_a_plain_path_stays_plain() -> None:
    assert argument("resume", Path("outputs/2026-01-02_03-04-05")) == (
        "resume=outputs/2026-01-02_03-04-05"
    )
