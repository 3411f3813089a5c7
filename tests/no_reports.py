"""A plugin: runs write no page and no model card, which would cost every test half a second."""

import pytest

import textcnn.training.finishing


@pytest.fixture(autouse=True)
def _no_report(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.node.get_closest_marker("reports") is None:
        monkeypatch.setattr(textcnn.training.finishing, "report", lambda *arguments: None)
