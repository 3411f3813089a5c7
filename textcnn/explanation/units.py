"""The parts of a text that approximations weigh: words, also for models that read characters."""

from collections.abc import Sequence

from textcnn.text.spans import Span
from textcnn.text.tokenizers import Tokenizer

LONGEST_WORD = 24  # characters; longer runs are scripts without spaces, and split


def units_of(tokens: Sequence[str], tokenizer: Tokenizer) -> list[Span]:
    """Spans of tokens that cover the text: each word, or the characters of each word.

    White space belongs to the word before it.
    """
    if dict(tokenizer.settings).get("unit", "word") == "word":
        return [(place, place + 1) for place in range(len(tokens))]
    starts = [
        place
        for place, token in enumerate(tokens)
        if not place or (tokens[place - 1].isspace() and not token.isspace())
    ]
    spans: list[Span] = []
    for start, end in zip(starts, [*starts[1:], len(tokens)], strict=bool(starts)):
        size = 1 if end - start > LONGEST_WORD else end - start
        spans += [(first, min(first + size, end)) for first in range(start, end, size)]
    return spans


def merged(units: Sequence[Span], limit: int) -> list[Span]:
    """At most `limit` units: neighbours are merged if there are more."""
    size = -(-len(units) // limit)
    groups = [units[first : first + size] for first in range(0, len(units), max(size, 1))]
    return [(group[0][0], group[-1][1]) for group in groups]
