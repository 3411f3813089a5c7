"""What `format=html` writes: one sealed page of a size, and what it refuses."""

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from random_classifiers import random_classifier
from tiny_data import run
from tiny_exports import classifier_of
from tiny_models import build

from textcnn.data.sources.bundled import read_bundled
from textcnn.errors import InputError
from textcnn.live_page import render_page
from textcnn.live_page.embedded import javascript_settings
from textcnn.live_page.render import script_json
from textcnn.text.tokenizers import Tokenizer

pytest_plugins = ("tiny_run",)

SCRIPT = re.compile(r"<script([^>]*)>(.*?)</script>", re.DOTALL)


def data_of(page: Path) -> dict[str, Any]:
    """What the page holds."""
    scripts = SCRIPT.findall(page.read_text(encoding="utf-8"))
    return dict(json.loads(next(content for kind, content in scripts if "json" in kind)))


def test_the_policy_allows_these_scripts_and_this_style_alone(tmp_path: Path) -> None:
    classifier_of(build("multi_width")).export(tmp_path / "page.html", format="html")
    for page in ((tmp_path / "page.html").read_text(encoding="utf-8"), render_page()):
        policy = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)[0]
        policy = policy.replace("&#39;", "'")
        assert policy.startswith("default-src 'none'; script-src 'sha256-")
        assert "unsafe" not in policy
        run_scripts = [content for kind, content in SCRIPT.findall(page) if "json" not in kind]
        styles = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
        for content in (*run_scripts, *styles):
            digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
            assert f"'sha256-{digest}'" in policy
        assert ("connect-src 'self'" in policy) == (page == render_page())
        assert not re.search(r"(src|href)=[\"']?(https?:)?//", page)


def test_data_in_a_script_ends_no_script_and_is_text() -> None:
    value = ["</script><!--", "\ud800", "\u2028", "日本", "&amp;"]
    written = script_json(value)
    assert "<" not in written
    assert json.loads(written) == value
    written.encode("utf-8")


def test_a_page_holds_the_names_labels_and_settings_of_its_models(tmp_path: Path) -> None:
    one, other = classifier_of(build("multi_width")), classifier_of(build("bag"))
    beside = {"news": other, "bag": other}
    one.export(tmp_path / "page.html", format="html", name="news", beside=beside)
    models = data_of(tmp_path / "page.html")["models"]
    assert [each["facts"]["name"] for each in models] == ["news (1)", "news (2)", "bag"]
    assert models[0]["facts"]["receptive_field"] == 3
    assert models[0]["facts"]["labels"] == ["down", "flat", "up"]
    assert models[0]["tokenizer"] == {
        "unit": "word",
        "tokenizer": "basic",
        "form": "NFKC",
        "lowercase": False,
        "strip_accents": False,
        "strip_invisible": True,
    }


def test_a_page_is_as_small_as_it_is_asked_to_be(tmp_path: Path) -> None:
    texts = [str(text) for text in read_bundled()["text"].to_pylist()[::40]]
    classifier = random_classifier(texts, name="multi_width", kernel_sizes=(1, 2), num_filters=4)
    whole = classifier.export(tmp_path / "whole.html", format="html")
    assert whole.notes == ()
    made = classifier.export(
        tmp_path / "small.html", format="html", max_size="150KB", texts=texts[:20]
    )
    assert 100_000 < made.bytes <= 150_000 < whole.bytes
    assert made.notes[0].startswith("max_size=150,000 bytes keeps ")
    assert "20 texts" in made.notes[1]
    with pytest.raises(InputError, match="max_size=50,000 bytes leaves no room"):
        classifier.export(tmp_path / "none.html", format="html", max_size="50KB")


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"unit": "word", "tokenizer": "spacy"}, "spacy"),
        ({"unit": "word", "tokenizer": "jieba"}, "jieba"),
        ({"unit": "word", "tokenizer": "a/tokenizer.json", "definition": "{}"}, "tokenizer.json"),
    ],
)
def test_tokenizers_of_python_packages_are_refused(settings: dict[str, Any], named: str) -> None:
    tokenizer = Tokenizer(str.split, " ".join, settings=tuple(sorted(settings.items())))
    message = f"takes text.tokenizer=basic, .*, got .*{named}; try format=numpy"
    with pytest.raises(InputError, match=message):
        javascript_settings(tokenizer)


def test_what_a_page_cannot_hold_is_refused_in_a_line(tmp_path: Path) -> None:
    for model, dtype, message in [
        (build("dilated"), None, "format=html holds .* got Dilated; use format=onnx"),
        (build("bag"), "float16", "takes dtype=int8 or float32, got dtype=float16"),
    ]:
        with pytest.raises(InputError, match=message) as raised:
            classifier_of(model).export(tmp_path / "page.html", format="html", dtype=dtype)
        assert "\n" not in str(raised.value)
    with pytest.raises(InputError, match=r"writes a file \*.html, got output=.*page; try"):
        classifier_of(build("bag")).export(tmp_path / "page", format="html")
    assert list(tmp_path.iterdir()) == []


def test_the_program_puts_two_checkpoints_into_a_page(tiny_run: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    given = [f"checkpoint={tiny_run}", f"beside={tiny_run}/last", f"output={page}", "max_texts=0"]
    assert run("export", *given, "format=html") == 0
    names = [each["facts"]["name"] for each in data_of(page)["models"]]
    assert names == ["run (1)", "run (2)"]
    assert run("export", *given, "overwrite=true") != 0  # format=numpy has no beside
