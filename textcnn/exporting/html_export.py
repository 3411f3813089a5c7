"""`format=html`: one file that anybody opens in a browser, with the model and the live page."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from textcnn.errors import InputError
from textcnn.explanation.contributions.sums import cautions
from textcnn.exporting.numpy_export import Files, numpy_files
from textcnn.exporting.subject import Measured, Named, Options, Subject
from textcnn.live_page.answers import model_facts
from textcnn.live_page.embedded import embedded_model, javascript_settings
from textcnn.live_page.render import render_page
from textcnn.runtime.stored import MANIFEST

MAX_SIZE = 2_000_000  # bytes of the page for each model, if nothing else is asked for
DTYPES = ("int8", "float32")


def export_html(classifier: Subject, new: Path, options: Options) -> list[str]:
    """Write the page to the file `new`; see `textcnn.exporting.export.Format`."""
    dtype = options.dtype or "int8"
    if dtype not in DTYPES:
        raise InputError(f"format=html takes dtype={' or '.join(DTYPES)}, got dtype={dtype}")
    named = distinct([Named(options.name, classifier), *options.beside])
    for each in named:
        javascript_settings(each.classifier.encoder.tokenizer)  # refuses before anything is done
    size = MAX_SIZE if options.max_size is None else options.max_size // len(named)
    models, notes = [], []
    for each in named:
        own = replace(options, dtype=dtype, max_size=size)
        if each.classifier.labels != classifier.labels:
            own = replace(own, measured=Measured())  # texts of other classes
        model, said = page_model(each, own)
        models.append(model)
        notes += said if len(named) == 1 else [f"{each.name}: {note}" for note in said]
    new.write_text(render_page(models), encoding="utf-8")
    return notes


def distinct(named: Sequence[Named]) -> list[Named]:
    """The same models with different names."""
    names = [each.name for each in named]
    return [
        each if names.count(each.name) == 1 else replace(each, name=f"{each.name} ({place})")
        for place, each in enumerate(named, start=1)
    ]


def page_model(named: Named, options: Options) -> tuple[dict[str, Any], list[str]]:
    """A model for `render_page`, and lines for the user; its page has at most `max_size` bytes.

    Raises:
        InputError: the model is no sum of parts, or doesn't fit the size.
    """
    notes = cautions(named.classifier.model, exact=True)
    facts = model_facts(named.name, named.classifier) | {"notes": notes}
    tokenizer = named.classifier.encoder.tokenizer

    def page_of(files: Files, golden: list[dict[str, Any]]) -> dict[str, Any]:
        return embedded_model(facts, tokenizer, files, golden)

    def size_of(files: Files) -> int:
        return len(render_page([page_of(files, [])]).encode("utf-8"))

    try:
        files, lines = numpy_files(named.classifier, options, size_of)
    except InputError as error:
        raise InputError(str(error).replace("format=numpy", "format=html")) from error
    return page_of(files, json.loads(files[MANIFEST])["golden"]), lines
