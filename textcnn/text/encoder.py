"""From a text to ids: a tokenizer, a vocabulary and a length limit."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from textcnn.text.tokenizers import Tokenizer
from textcnn.text.vocabulary import Vocabulary

T = TypeVar("T")


@dataclass(frozen=True)
class TextEncoder:
    """Encodes texts the same way in training and after a checkpoint is loaded."""

    tokenizer: Tokenizer
    vocabulary: Vocabulary
    max_length: int | None  # tokens kept of a text; None keeps all
    truncate: str  # which tokens are kept: "head", "tail", or "both" (half from each end)
    subwords: bool = False  # whether batches of texts hold the subwords of unknown words

    def __call__(self, text: str) -> list[int]:
        """The ids of a text: (tokens,), at most `max_length`."""
        return self.vocabulary.encode(cut(self.tokenizer(text), self.max_length, self.truncate))

    def decode(self, ids: Iterable[int]) -> str:
        """The text of ids; what the tokenizer or the vocabulary dropped stays lost."""
        return self.tokenizer.join(self.vocabulary.decode(ids))


def cut(tokens: Sequence[T], max_length: int | None, truncate: str) -> Sequence[T]:
    """At most `max_length` tokens; "both" keeps one more at the front if the number is odd."""
    if max_length is None or len(tokens) <= max_length:
        return tokens
    back_length = {"head": 0, "tail": max_length, "both": max_length // 2}[truncate]
    front = tokens[: max_length - back_length]
    back = tokens[len(tokens) - back_length :]
    # strings of characters and lists of words both support +
    return front + back  # type: ignore[operator]


def build_vocabulary(
    tokenizer: Tokenizer,
    counts: Callable[[], Mapping[str, int]],
    *,
    min_frequency: int = 1,
    max_vocabulary: int | None = None,
) -> Vocabulary:
    """The tokenizer's alphabet if it has one, else the tokens of the training texts.

    Args:
        counts: returns how many times each token occurs; called only if there is no alphabet.
        min_frequency, max_vocabulary: see `Vocabulary.build`; unused if there is an alphabet.
    """
    if tokenizer.alphabet is not None:
        return Vocabulary(tokenizer.alphabet)
    known = {token: count for token, count in counts().items() if token != tokenizer.unknown}
    return Vocabulary.build(known, min_frequency, max_vocabulary)
