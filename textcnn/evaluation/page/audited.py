"""The audit on the page: read from a run that was audited, or written by the audit itself."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from textcnn.evaluation.page.content import Check, Content, Grid
from textcnn.evaluation.page.page import AUDIT_PAGE, write_page
from textcnn.system.arguments import argument
from textcnn.system.atomic import existing
from textcnn.system.run_dir import AUDIT

LONGEST = 500  # characters of a cell or a sentence that is read
MOST = 200  # rows and notes


def check_of(section: dict[str, Any]) -> Check:
    """
    Args:
        section: as audit.json has it.

    Raises:
        LookupError, TypeError, ValueError: it has another shape.
    """
    header, *rows = [tuple(map(cell, row)) for row in section["table"][: MOST + 1]]
    if any(len(row) != len(header) for row in rows):
        raise ValueError
    notes = tuple(map(cell, section["notes"][:MOST]))
    said = cell(section["conclusion"]).rstrip(".")
    sentence = f"{said[:1].upper()}{said[1:]}."
    return Check(cell(section["title"]), sentence, Grid(header, tuple(rows)), notes)


def cell(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value[:LONGEST]


def found_audit(run_dir: Path, checkpoint: Path) -> tuple[Check, ...]:
    """The audit in a run directory, or in the run of a checkpoint; empty if there is none."""
    for directory in (run_dir, checkpoint, existing(checkpoint).parent):
        try:
            found = json.loads((directory / AUDIT).read_text(encoding="utf-8"))
            return tuple(map(check_of, found["sections"].values()))
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
            continue
    return ()


def write_audit_page(
    run_dir: Path,
    checks: Sequence[Check],
    *,
    checkpoint: Path,
    facts: Sequence[str],
    warnings: Sequence[str] = (),
) -> Path:
    """Write the page of an audit alone, and return its path.

    Args:
        facts: what was audited, a phrase each.
    """
    given = argument("checkpoint", checkpoint)
    content = Content(
        name=f"Audit of {checkpoint.as_posix()}",
        facts=tuple(facts),
        conclusions=tuple(f"{check.title}: {check.conclusion}" for check in checks),
        commands=(("Audit it again:", f"python -m textcnn.audit {given}"),),
        warnings=tuple(warnings),
        audit=tuple(checks),
    )
    return write_page(run_dir, content, AUDIT_PAGE)
