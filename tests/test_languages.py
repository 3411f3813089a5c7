"""The default configuration on texts in several languages."""

from pathlib import Path

import pytest
from made_languages import WORDS, write_language
from tiny_data import read_json, run


@pytest.mark.parametrize("language", WORDS)
def test_the_defaults_learn_a_keyword_in_every_language(language: str, tmp_path: Path) -> None:
    keys = ("data=files", "data.test_fraction=0.3", "baseline=false")
    file = write_language(tmp_path, language)
    assert run("train", *keys, f"data.train={file}", f"run_dir={tmp_path / 'run'}") == 0
    metrics = read_json(tmp_path / "run" / "metrics.json")
    assert metrics["test"]["accuracy"] >= 0.95
    assert metrics["data"]["splits"]["validation"]["unknown_rate"] < 0.05
