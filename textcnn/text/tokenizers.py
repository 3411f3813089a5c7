"""Tokenizers: from a text to its tokens. The only module that imports torchtext."""

from collections.abc import Callable

Tokenizer = Callable[[str], list[str]]


def build_tokenizer(unit: str) -> Tokenizer:
    """The tokenizer of a text unit.

    `word`: torchtext's `basic_english`: lower case, punctuation split off, `<br />`, quotation
    marks, colons and semicolons dropped.
    """
    from torchtext.data.utils import get_tokenizer

    return {"word": lambda: get_tokenizer("basic_english")}[unit]()
