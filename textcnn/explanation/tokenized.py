"""A text as a classifier reads it."""

from functools import cached_property
from itertools import chain

from textcnn.explanation.contributions.parts import Ngram
from textcnn.text.encoder import TextEncoder, cut
from textcnn.text.spans import Span, token_spans

START, END = "<s>", "</s>"  # marks of a text's start and end in n-grams


class TokenizedText:
    """The tokens of a text, and where they are.

    Attributes:
        every_token: of the whole text.
        tokens: those that the classifier reads: at most `text.max_length`.
        positions: (tokens,) of those among all tokens.
    """

    def __init__(self, text: str, encoder: TextEncoder):
        self.text, self.encoder = text, encoder
        self.every_token = tuple(encoder.tokenizer(text))
        every = range(len(self.every_token))
        self.positions = list(cut([*every], encoder.max_length, encoder.truncate))
        self.tokens = tuple(self.every_token[place] for place in self.positions)

    @cached_property
    def every_span(self) -> list[Span | None]:
        """The characters of all tokens."""
        return token_spans(self.encoder.tokenizer, self.text)

    @property
    def spans(self) -> tuple[Span | None, ...]:
        """(tokens,) the characters of each; None where the tokenizer doesn't tell."""
        return tuple(self.every_span[place] for place in self.positions)

    def characters(self, span: Span) -> Span | None:
        """The characters of tokens that are read and follow each other in the text."""
        positions = self.positions[slice(*span)]
        if not positions or positions[-1] - positions[0] >= len(positions):
            return None  # across the gap of a text whose middle is cut out
        return self.characters_of((positions[0], positions[-1] + 1))

    def characters_of(self, span: Span) -> Span | None:
        """The characters of some of all tokens."""
        own = self.every_span[slice(*span)]
        first, last = (own[0], own[-1]) if own else (None, None)
        return None if first is None or last is None else (first[0], last[1])

    def spelled(self, ngram: Ngram) -> str:
        """Its words, with marks for the start and the end of the text."""
        words = self.tokens[slice(*ngram.places[0])]
        marked = chain([START] * ngram.opens, words, [END] * ngram.closes)
        return self.encoder.tokenizer.join(list(marked))
