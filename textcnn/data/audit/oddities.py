"""Texts that a classifier can't learn from: empty, cut, boilerplate, in another script."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from textcnn.text.scripts import text_script

FEW = 5  # texts; fewer have nothing in common worth reporting
SHARE = 0.01  # of the texts; the same for large data
BOILERPLATE = 40  # characters of a sentence that many texts repeat, at least
MOSTLY = 0.5  # fraction of a text
RARE_SCRIPT = 0.05  # of the texts, at most: a script that more texts have is no oddity
SENTENCE = re.compile(r"[\n\r]+|(?<=[.!?\u3002\uff01\uff1f])\s*")
ELLIPSES = ("...", "…")


def empty_texts(texts: Sequence[str]) -> dict[int, str]:
    """By row, why: a text without a letter or digit."""
    return {
        row: "no text" if not text.strip() else "no letter or digit"
        for row, text in enumerate(texts)
        if not any(character.isalnum() for character in text)
    }


def cut_texts(texts: Sequence[str]) -> dict[int, str]:
    """By row, why: texts that all end at the same, longest length, or in an ellipsis."""
    lengths = np.array([len(text) for text in texts])
    longest = int(lengths.max(initial=0))
    cut = {}
    if longest >= BOILERPLATE and (lengths == longest).sum() >= enough(len(texts)):
        reason = (
            f"cut: one of {(lengths == longest).sum():,} texts of exactly {longest:,} characters"
        )
        cut = dict.fromkeys(np.flatnonzero(lengths == longest).tolist(), reason)
    ends = {
        row: "cut: ends in an ellipsis"
        for row, text in enumerate(texts)
        if text.rstrip().endswith(ELLIPSES)
    }
    # where many texts end so, it is a habit of writing
    return cut if len(ends) > MOSTLY * len(texts) else ends | cut


def boilerplate(texts: Sequence[str]) -> dict[int, str]:
    """By row, why: texts that are mostly sentences which many texts repeat."""
    repeated = Counter(
        sentence for text in set(texts) for sentence in {each for _, each in sentences(text)}
    )
    common = {each for each, count in repeated.items() if count >= enough(len(texts))}
    found = {}
    for row, text in enumerate(texts):
        parts = [(length, each) for length, each in sentences(text) if each in common]
        if parts and sum(length for length, _ in parts) > MOSTLY * len(text.strip()):
            _, longest = max(parts)
            found[row] = f"boilerplate: {repeated[longest]:,} texts have {longest[:BOILERPLATE]!r}"
    return found


def sentences(text: str) -> Iterator[tuple[int, str]]:
    """The length and the wording of each sentence that is long enough to be boilerplate."""
    for part in SENTENCE.split(text):
        if len(part := part.strip()) >= BOILERPLATE:
            yield len(part), part


def other_scripts(texts: Sequence[str]) -> dict[int, str]:
    """By row, why: texts in a script that few of the texts are written in."""
    scripts = list(map(text_script, texts))
    counts = Counter(script for script in scripts if script)
    if not counts:
        return {}
    usual, total = counts.most_common(1)[0][0], sum(counts.values())
    return {
        row: f"script: {script}; most texts are {usual}"
        for row, script in enumerate(scripts)
        if script and script != usual and counts[script] <= RARE_SCRIPT * total
    }


def enough(texts: int) -> int:
    """How many texts must share something to be worth a report."""
    return max(FEW, round(SHARE * texts))
