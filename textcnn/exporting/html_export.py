"""`format=html`: one file that anybody opens in a browser, with the model and the live page."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from textcnn.errors import InputError
from textcnn.exporting.numpy_export import export_numpy
from textcnn.exporting.subject import Measured, Named, Options
from textcnn.live_page.answers import model_facts
from textcnn.live_page.embedded import embedded_model, javascript_settings
from textcnn.live_page.render import render_page
from textcnn.runtime.stored import read_files

SIZE = 2_000_000  # bytes of the page for each model, if max_size doesn't say
TRIES = 5  # to find what has to be left out
CLOSE = 0.97  # of the size, from which on trying ends
DTYPES = ("int8", "float32")


def export_html(classifier: Any, new: Path, options: Options) -> list[str]:
    """Write the page to the file `new`; see `textcnn.exporting.export.Format`."""
    dtype = options.dtype or "int8"
    if dtype not in DTYPES:
        raise InputError(f"format=html takes dtype={' or '.join(DTYPES)}, got dtype={dtype}")
    named = distinct([Named(options.name, classifier), *options.beside])
    for each in named:
        javascript_settings(each.classifier.encoder.tokenizer)  # refuses before anything is done
    limit = options.max_size or SIZE * len(named)
    own = limit // len(named)
    models, notes = [], []
    for each in named:
        model, said = fitting(each, replace(options, dtype=dtype), own)
        models.append(model)
        notes += said if len(named) == 1 else [f"{each.name}: {note}" for note in said]
    page = render_page(models).encode("utf-8")
    if len(page) > limit:
        raise InputError(
            f"max_size={limit:,} bytes is too small for this page of {len(page):,} bytes; leave "
            "out another model, or try a larger max_size"
        )
    new.write_bytes(page)
    return notes


def distinct(named: Sequence[Named]) -> list[Named]:
    """The same models with different names."""
    names = [each.name for each in named]
    return [
        each if names.count(each.name) == 1 else replace(each, name=f"{each.name} {place}")
        for place, each in enumerate(named, start=1)
    ]


def fitting(named: Named, options: Options, size: int) -> tuple[dict[str, Any], list[str]]:
    """A model for the page whose file is at most as large, and lines for the user.

    The page is compressed, an export isn't; so the size of the export is found by trying.
    """
    unmeasured = replace(options, max_size=None, measured=Measured())
    model, exported, notes = embedded(named, unmeasured)
    bytes_ = page_size(model)
    if bytes_ <= size:
        return embedded(named, options_with(options, None))[::2]
    largest: int | None = None  # an export that fits
    smallest = exported  # one that doesn't
    target = int(exported * size / bytes_)
    for _ in range(TRIES):
        model, exported, _ = embedded(named, replace(unmeasured, max_size=target))
        bytes_ = page_size(model)
        if bytes_ <= size:
            largest = target
            if bytes_ >= CLOSE * size:
                break
        else:
            smallest = target
        target = min(int(target * size / bytes_ * 0.99), smallest - 1)
        if largest is not None:
            target = max(target, largest)
    return embedded(named, options_with(options, largest or target))[::2]


def options_with(options: Options, max_size: int | None) -> Options:
    return replace(options, max_size=max_size)


def embedded(named: Named, options: Options) -> tuple[dict[str, Any], int, list[str]]:
    """A model for the page, the bytes of its export, and lines for the user."""
    with tempfile.TemporaryDirectory() as place:
        try:
            notes = export_numpy(named.classifier, Path(place), options)
        except InputError as error:
            raise InputError(f"format=html embeds an export of format=numpy: {error}") from error
        manifest, files = read_files(Path(place))
    facts = model_facts(named.name, named.classifier)
    model = embedded_model(facts, named.classifier.encoder.tokenizer, files, manifest["golden"])
    return model, sum(map(len, files.values())), notes


def page_size(model: dict[str, Any]) -> int:
    return len(render_page([model]).encode("utf-8"))
