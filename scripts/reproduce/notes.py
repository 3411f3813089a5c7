"""Lab notes: each file of configs/experiment carries what was measured, in its leading comment."""

from collections.abc import Sequence
from pathlib import Path

from entries import Entry, save_text
from sources import DATA

MARK = "# Measured:"
NOT_YET = f"{MARK} not yet"


def write_notes(folder: Path, entries: Sequence[Entry]) -> None:
    """Renew the lines '# Measured:' of every experiment's file."""
    for file in sorted(folder.glob("*.yaml")):
        before = file.read_text(encoding="utf-8")
        save_text(file, with_notes(before, measured_lines(file.stem, entries)))


def measured_lines(name: str, entries: Sequence[Entry]) -> list[str]:
    """A line for each data set: '# Measured: MR 76.0 ± 1.2 % (10 folds), 21 s each, ...'."""
    return [note(entry) for entry in entries if entry["name"] == name] or [NOT_YET]


def note(entry: Entry) -> str:
    count = len(entry["runs"])
    kind = entry["runs"][0]["run"].partition("-")[0]  # fold or seed
    spread = "" if entry["sd"] is None else f" ± {entry['sd']:.1f}"
    hardware = entry["hardware"]
    threads = hardware["threads"]
    where = f"{hardware['cpu']}, {threads} thread" + ("s" if threads > 1 else "")
    if hardware["device"] != "CPU":
        where = hardware["device"]
    settings = "".join(f" {each}" for each in entry.get("settings") or ())
    return (
        f"{MARK} {DATA[entry['data']].title} {entry['mean']:.1f}{spread} % "
        f"({count} {kind}{'s' if count > 1 else ''}), {entry['seconds']:.0f} s each, {where}"
        f"{settings and f', with{settings}'}"
    )


def with_notes(text: str, notes: Sequence[str]) -> str:
    """The text with these lines instead of its own, or at the end of its leading comment."""
    lines = text.splitlines()
    own = [number for number, line in enumerate(lines) if line.startswith(MARK)]
    leading = next((n for n, line in enumerate(lines) if not line.startswith("#")), len(lines))
    first = own[0] if own else leading
    kept = [line for line in lines if not line.startswith(MARK)]
    return "\n".join([*kept[:first], *notes, *kept[first:]]) + "\n"


def notes_of(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(MARK)]
