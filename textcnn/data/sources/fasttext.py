"""Lines in fastText's format: `__label__a __label__b text`. Imports are light."""

import re

LABEL = re.compile(r"(?:^|(?<=\s))__label__(\S+)\s*")


def split_labels(line: str) -> tuple[list[str], str]:
    """The labels of a line, and its text without them and without white space around it."""
    line = line.strip()
    return LABEL.findall(line), LABEL.sub("", line).strip()


def without_labels(line: str) -> str:
    """The text of a line that begins with a label; another line as it is."""
    return split_labels(line)[1] if LABEL.match(line.lstrip()) else line
