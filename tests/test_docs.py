"""The Python examples of README and guide run as they are written."""

import re
from pathlib import Path
from typing import Any

import pytest
from tiny_data import rows

import textcnn

ROOT = Path(__file__).parent.parent


@pytest.mark.slow
@pytest.mark.parametrize("page", ["README.md", "docs/guide.md"])
def test_examples_of_training_from_python_run(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text("utf-8"), re.DOTALL)
    examples = [block for block in blocks if "labels" in block and ">>>" not in block]
    assert len(examples) == 2
    monkeypatch.chdir(tmp_path)
    texts, labels = zip(*rows(60), strict=True)
    names: dict[str, Any] = {"textcnn": textcnn, "texts": texts, "labels": labels}
    for example in examples:
        exec(example, names)  # noqa: S102 - our own
    assert textcnn.load("outputs/film").labels == ("film", "sport", "tech")
