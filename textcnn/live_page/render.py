"""The live page as one HTML file, without scripts, styles or pictures from elsewhere."""

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

import textcnn
from textcnn.live_page.embedded import unicode_data

PAGE = ("variants.js", "reading.js", "panel.js", "page.js")
LOCAL = ("tokenize.js", "spans.js", "tables.js", "network.js", "ngrams.js", "local_engine.js")
REMOTE = ("remote_engine.js",)
HALF = re.compile("[\ud800-\udfff]")


def render_page(models: Sequence[dict[str, Any]] | None = None) -> str:
    """The page.

    Args:
        models: that it holds and runs itself, each as `embedded_model` makes it; None: it asks the
            server that it comes from.
    """
    scripts = [asset(name) for name in (*(REMOTE if models is None else LOCAL), *PAGE)]
    style, data = asset("style.css"), "" if models is None else data_of(models)
    environment = Environment(
        loader=PackageLoader("textcnn.live_page", "assets"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2").render(
        title=" and ".join(["textcnn live"] if models is None else names(models)),
        policy=policy(scripts, style, connects=models is None),
        style=Markup(style),
        scripts=[Markup(script) for script in scripts],
        data=Markup(data),
        sha256=hashlib.sha256(data.encode("utf-8")).hexdigest(),
        note=(
            "Texts go to the server that this page comes from."
            if models is None
            else "Texts stay in this browser: the page holds the model and needs no network."
        ),
        version=textcnn.__version__,
    )


def names(models: Sequence[dict[str, Any]]) -> list[str]:
    return [each["facts"]["name"] for each in models]


def data_of(models: Sequence[dict[str, Any]]) -> str:
    return script_json({"models": list(models), "unicode": unicode_data()})


@cache
def asset(name: str) -> str:
    return files("textcnn.live_page").joinpath("assets", name).read_text(encoding="utf-8")


def policy(scripts: Sequence[str], style: str, *, connects: bool) -> str:
    """A Content-Security-Policy: these scripts and this style alone, and requests to the server."""
    allowed = {
        "default-src": "'none'",
        "script-src": " ".join(map(digest, scripts)),
        "style-src": digest(style),
        "base-uri": "'none'",
        "form-action": "'none'",
        **({"connect-src": "'self'"} if connects else {}),
    }
    return "; ".join(f"{name} {sources}" for name, sources in allowed.items())


def digest(content: str) -> str:
    """How a policy names an inline script or style."""
    hashed = base64.b64encode(hashlib.sha256(content.encode("utf-8")).digest()).decode("ascii")
    return f"'sha256-{hashed}'"


def script_json(value: Any) -> str:
    """JSON that stands in a script element: without `<`, and without halves of surrogate pairs."""
    written = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return HALF.sub(lambda half: f"\\u{ord(half[0]):04x}", written).replace("<", "\\u003c")
