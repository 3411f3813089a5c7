"""What label columns can hold, as the keys `data.*` say."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from textcnn.config.keys import command_line

if TYPE_CHECKING:
    from textcnn.config.data import DataConfig


def label_conflicts(data: "DataConfig") -> Iterator[str]:
    """Label columns that can't hold what they should."""
    columns = [data.label] if isinstance(data.label, str) else data.label
    given = f"data.label={command_line(data.label)}"
    texts = [data.text] if isinstance(data.text, str) else data.text
    for name in dict.fromkeys(name for name in columns if columns.count(name) > 1):
        yield f"data.label names the column {name!r} twice; leave one out"
    for name in dict.fromkeys(name for name in columns if name in texts):
        yield (
            f"data.text and data.label both name the column {name!r}; leave it out of one of them"
        )
    kind = data.label_kind
    if kind is None and len(columns) > 1 and data.multi_label:
        kind = "indicators"
    if len(columns) > 1 and kind == "names":
        yield (
            f"{given} names {len(columns)} columns, but data.label_kind=names reads one; say what "
            "they hold: data.label_kind=probabilities, votes or indicators (0 and 1)"
        )
    if kind == "indicators" and not data.multi_label:
        yield "data.label_kind=indicators needs data.multi_label=true, got false; add it"
    if kind == "votes" and data.multi_label:
        yield (
            "data.label_kind=votes takes one class per annotator, got data.multi_label=true; "
            "give the share of each label with data.label_kind=probabilities"
        )
    if kind not in (None, "names") and data.label_separator is not None:
        yield (
            f"data.label_separator separates names, got data.label_kind={kind}; leave out one "
            "of the two"
        )
    if data.classes is None:
        return
    classes = [data.classes] if isinstance(data.classes, str) else data.classes
    if kind not in ("probabilities", "indicators"):
        yield (
            f"data.classes={command_line(data.classes)} names the classes of probabilities or "
            f"indicators, got data.label_kind={kind or 'null'}; try "
            "data.label_kind=probabilities"
        )
    elif len(columns) > 1 and len(columns) != len(classes):
        yield (
            f"data.classes names {len(classes)} classes, but data.label has {len(columns)} "
            "columns; give one class per column"
        )
    for name in dict.fromkeys(name for name in classes if classes.count(name) > 1):
        yield f"data.classes names {name!r} twice; leave one out"
