"""The vocabulary: which tokens a model knows, and their ids."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat

PADDING = 0
UNKNOWN = 1
SPECIALS = ("<pad>", "<unk>")


class Vocabulary:
    """Tokens and their ids: 0 is padding, 1 is unknown, tokens follow from 2.

    The two specials are no tokens: a text that holds "<pad>" or "<unk>" is encoded as any other.
    """

    def __init__(self, tokens: Sequence[str]):
        """`tokens` in the order of their ids, each once."""
        self.tokens = tuple(tokens)
        self._ids = {token: id for id, token in enumerate(self.tokens, start=len(SPECIALS))}
        if len(self._ids) != len(self.tokens):
            twice = next(token for token, count in Counter(self.tokens).items() if count > 1)
            raise ValueError(f"a vocabulary holds each token once, got {twice!r} again")

    @classmethod
    def build(
        cls,
        counts: Mapping[str, int],
        min_frequency: int = 1,
        max_vocabulary: int | None = None,
    ) -> "Vocabulary":
        """The vocabulary of training texts, the most frequent token first, ties by spelling.

        Args:
            counts: how often each token occurs in the texts.
            min_frequency: a token that occurs fewer times is left out, so it is unknown.
            max_vocabulary: how many tokens to keep, specials not counted; None keeps all.
        """
        frequent = [(-count, token) for token, count in counts.items() if count >= min_frequency]
        return cls([token for _, token in sorted(frequent)[:max_vocabulary]])

    def __len__(self) -> int:
        """How many ids there are, specials included: the rows of an embedding."""
        return len(SPECIALS) + len(self.tokens)

    def encode(self, tokens: Iterable[str]) -> list[int]:
        return list(map(self._ids.get, tokens, repeat(UNKNOWN)))  # without Python for each

    def decode(self, ids: Iterable[int]) -> list[str]:
        return [SPECIALS[id] if id < len(SPECIALS) else self.tokens[id - 2] for id in ids]
