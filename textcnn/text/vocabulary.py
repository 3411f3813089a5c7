"""The vocabulary: which tokens a model knows, and their ids."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat

PADDING = 0
UNKNOWN = 1
SPECIALS = ("<pad>", "<unk>")


class Vocabulary:
    """Tokens and their ids: 0 is padding, 1 is unknown, the known tokens start at 2.

    `tokens[id]` is the token of an id. Texts never encode to a special: "<pad>" or "<unk>" in a
    text is an ordinary token, known or not.

    Attributes:
        tokens: (ids,) all tokens by id, the specials included.
    """

    def __init__(self, known_tokens: Sequence[str]):
        """
        Args:
            known_tokens: in the order of their ids, without the specials.

        Raises:
            ValueError: a token is repeated.
        """
        self.tokens = (*SPECIALS, *known_tokens)
        self._ids = {token: id for id, token in enumerate(known_tokens, start=len(SPECIALS))}
        if len(self._ids) != len(known_tokens):
            twice = next(token for token, count in Counter(known_tokens).items() if count > 1)
            raise ValueError(f"a vocabulary holds each token once, got {twice!r} again")

    @classmethod
    def build(
        cls,
        counts: Mapping[str, int],
        min_frequency: int = 1,
        max_vocabulary: int | None = None,
    ) -> "Vocabulary":
        """The vocabulary of training texts: the most frequent token first, ties by spelling.

        Args:
            counts: how many times each token occurs in the texts.
            min_frequency: tokens that occur fewer times are unknown.
            max_vocabulary: number of known tokens to keep; None keeps all.
        """
        frequent = [(-count, token) for token, count in counts.items() if count >= min_frequency]
        return cls([token for _, token in sorted(frequent)[:max_vocabulary]])

    def extended(self, tokens: Iterable[str]) -> "Vocabulary":
        """The same ids, and behind them those of the tokens that are not known yet."""
        new = [token for token in dict.fromkeys(tokens) if token not in self._ids]
        return Vocabulary([*self.known_tokens, *new]) if new else self

    def __len__(self) -> int:
        """The number of ids, specials included: the rows of an embedding."""
        return len(self.tokens)

    @property
    def known_tokens(self) -> tuple[str, ...]:
        """The tokens without the specials, in the order of their ids from 2."""
        return self.tokens[len(SPECIALS) :]

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """The id of each token; UNKNOWN for tokens outside the vocabulary."""
        return list(map(self._ids.get, tokens, repeat(UNKNOWN)))  # no Python bytecode per token

    def decode(self, ids: Iterable[int]) -> list[str]:
        """The token of each id.

        Raises:
            IndexError: an id is too large.
        """
        return [self.tokens[id] for id in ids]
