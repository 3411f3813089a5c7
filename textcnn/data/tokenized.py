"""The tokens of many texts as numbers, so that later steps need no Python per token."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from textcnn.text.ranges import ranges
from textcnn.text.tokenizers import Tokenizer

if TYPE_CHECKING:
    import pyarrow as pa

# Texts whose tokens are copied together: the index of each token takes 8 bytes meanwhile.
TEXTS_AT_ONCE = 10_000


@dataclass(frozen=True)
class TokenizedTexts:
    """The tokens of texts, end to end, as indices into a table of distinct tokens."""

    table: tuple[str, ...]  # distinct tokens
    places: np.ndarray  # (all tokens,) int32, indices into `table`
    offsets: np.ndarray  # (texts + 1,) int64: text i is places[offsets[i] : offsets[i + 1]]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> np.ndarray:
        """(texts,) int64: tokens of each text."""
        return np.diff(self.offsets)

    def counts(self, rows: np.ndarray, *, texts_at_once: int = TEXTS_AT_ONCE) -> dict[str, int]:
        """How many times each token occurs in the texts `rows`.

        Args:
            rows: (any number,) int64
            texts_at_once: texts whose tokens are copied together, which limits memory.
        """
        total = np.zeros(len(self.table), np.int64)
        for block in np.array_split(rows, len(rows) // texts_at_once + 1):
            tokens = self.places[ranges(self.offsets[block], self.lengths[block])]
            total += np.bincount(tokens, minlength=len(self.table))
        return {self.table[place]: int(total[place]) for place in np.flatnonzero(total)}

    def reordered(self, order: np.ndarray) -> "TokenizedTexts":
        """
        Args:
            order: see `textcnn.data.perturbations.order`.
        """
        return replace(self, places=self.places[order])

    def to_arrow(self) -> "pa.Table":
        import pyarrow as pa  # imported here: prediction doesn't need it

        table = pa.array(self.table, pa.string())
        tokens = pa.DictionaryArray.from_arrays(pa.array(self.places), table)
        lists = pa.LargeListArray.from_arrays(pa.array(self.offsets), tokens)
        return pa.table({"tokens": lists})

    @classmethod
    def from_arrow(cls, table: "pa.Table") -> "TokenizedTexts":
        column = table["tokens"]
        # a single chunk stays mapped from the disk; combining would copy it
        lists = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
        tokens = lists.values
        places = tokens.indices.to_numpy()
        return cls(tuple(tokens.dictionary.to_pylist()), places, lists.offsets.to_numpy())


def tokenize(texts: "pa.ChunkedArray", tokenizer: Tokenizer, **map_options: Any) -> TokenizedTexts:
    """The tokens of all texts, on all cores.

    Args:
        map_options: keyword arguments of `map_texts`.
    """
    from textcnn.system.parallel import map_texts  # imported here, as pyarrow

    table: dict[str, int] = {}
    places, lengths = [], []
    for part in map_texts(partial(tokenize_list, tokenizer), texts, **map_options):
        # from indices into the part's own table to indices into the common one
        mapped = np.array([table.setdefault(token, len(table)) for token in part.table], np.int32)
        places.append(mapped[part.places])
        lengths.append(part.lengths)
    offsets = np.cumsum(np.concatenate([[0], *lengths]), dtype=np.int64)
    return TokenizedTexts(tuple(table), np.concatenate([np.empty(0, np.int32), *places]), offsets)


def tokenize_list(tokenizer: Tokenizer, texts: Sequence[str]) -> TokenizedTexts:
    """The tokens of texts, in this process."""
    return number_tokens([tokenizer(text) for text in texts])


def number_tokens(tokenized: Sequence[Sequence[str]]) -> TokenizedTexts:
    """Texts that are already split."""
    lengths = np.array([len(tokens) for tokens in tokenized], np.int64)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    if tokenized and isinstance(tokenized[0], str):
        # characters are numbers already
        utf32 = "".join(map(str, tokenized)).encode("utf-32-le", "surrogatepass")
        codes = np.frombuffer(utf32, np.uint32)
        seen = np.zeros(sys.maxunicode + 1, np.int32)
        seen[codes] = 1
        distinct = np.flatnonzero(seen)
        seen[distinct] = np.arange(len(distinct))
        return TokenizedTexts(tuple(map(chr, distinct)), seen[codes], offsets)
    table = PlaceTable()
    of_each = [np.array([table[token] for token in tokens], np.int32) for tokens in tokenized]
    return TokenizedTexts(tuple(table), np.concatenate([np.empty(0, np.int32), *of_each]), offsets)


class PlaceTable(dict[str, int]):
    """The index of each token; a new token gets the next one."""

    def __missing__(self, token: str) -> int:
        place = self[token] = len(self)
        return place
