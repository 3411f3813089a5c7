"""From a text to ids: a tokenizer, a vocabulary and where to cut."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from textcnn.text.tokenizers import Tokenizer
from textcnn.text.vocabulary import Vocabulary


@dataclass(frozen=True)
class TextEncoder:
    """Encodes texts; the same in training and for everybody who loads the checkpoint."""

    tokenizer: Tokenizer
    vocabulary: Vocabulary
    max_length: int | None  # tokens kept of a text; None keeps all
    truncate: str  # which: "head", "tail", or "both", half of them from each end

    def __call__(self, text: str) -> list[int]:
        """The ids of a text: (tokens,), cut to `max_length`."""
        return self.vocabulary.encode(cut(self.tokenizer(text), self.max_length, self.truncate))

    def decode(self, ids: Iterable[int]) -> str:
        """The text of ids, as far as tokenizer and vocabulary kept it."""
        return self.tokenizer.join(self.vocabulary.decode(ids))


def cut(tokens: Sequence[str], max_length: int | None, truncate: str) -> Sequence[str]:
    """At most `max_length` of the tokens; of an odd number "both" takes one more in front."""
    if max_length is None or len(tokens) <= max_length:
        return tokens
    behind = {"head": 0, "tail": max_length, "both": max_length // 2}[truncate]
    front = tokens[: max_length - behind]
    back = tokens[len(tokens) - behind :]
    # strings of characters and lists of words both add up
    return front + back  # type: ignore[operator]


def build_vocabulary(
    tokenizer: Tokenizer,
    counts: Callable[[], Mapping[str, int]],
    *,
    min_frequency: int = 1,
    max_vocabulary: int | None = None,
) -> Vocabulary:
    """The tokenizer's alphabet, or what the training texts teach.

    Args:
        counts: how often each token occurs in them; called only where that matters.
    """
    if tokenizer.alphabet is not None:
        return Vocabulary(tokenizer.alphabet)
    return Vocabulary.build(counts(), min_frequency, max_vocabulary)
