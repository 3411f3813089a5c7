"""All texts of a source, and what is expensive enough to compute only once."""

import hashlib
from functools import cached_property

import numpy as np
import pyarrow as pa

from textcnn.data.cache import CACHED_BYTES, cached
from textcnn.data.same_text import hash_texts
from textcnn.data.tokenized import TokenizedTexts, tokenize, tokenize_list
from textcnn.system.parallel import map_texts
from textcnn.text.tokenizers import Tokenizer


class Texts:
    """A column of texts, in Arrow's memory or mapped from the disk."""

    def __init__(
        self,
        column: pa.ChunkedArray,
        kept: bool = True,
        cached_bytes: int = CACHED_BYTES,
        *,
        numbers: np.ndarray | None = None,
        others: pa.ChunkedArray | None = None,
    ):
        """
        Args:
            column: of pa.string(), without nulls.
            kept: compute on all cores and keep results on the disk for later runs.
            cached_bytes: smaller columns are computed in this process and not kept.
            numbers: (texts,) int64, the row of each text in its file or split, from 1; None: 1,
                2, ...
            others: the other columns of each row as a JSON object, or null; None: they were not
                read.
        """
        self.column, self.others = column, others
        self.numbers = np.arange(1, len(column) + 1) if numbers is None else numbers
        self.kept = kept and column.nbytes >= cached_bytes

    def __len__(self) -> int:
        return len(self.column)

    def __getitem__(self, row: int) -> str:
        return str(self.column[int(row)].as_py())

    @cached_property
    def fingerprint(self) -> str:
        return text_digest(self.column)

    @cached_property
    def text_hashes(self) -> np.ndarray:
        """(texts,) uint64: equal for texts that differ in case and white space only."""

        if not self.kept:
            return hash_texts(self.column.to_pylist())

        def make() -> pa.Table:
            parts = list(map_texts(hash_texts, self.column))
            return pa.table({"text_hashes": np.concatenate([np.empty(0, np.uint64), *parts])})

        hashes: np.ndarray = cached(make, "text_hashes", self.fingerprint)["text_hashes"].to_numpy()
        return hashes

    def tokenized(self, tokenizer: Tokenizer) -> TokenizedTexts:
        """The tokens of all texts."""
        if not self.kept:
            return tokenize_list(tokenizer, self.column.to_pylist())
        made_of = ("tokenized", tokenizer.fingerprint, self.fingerprint)
        table = cached(lambda: tokenize(self.column, tokenizer).to_arrow(), *made_of)
        return TokenizedTexts.from_arrow(table)


def text_digest(column: pa.ChunkedArray) -> str:
    """SHA-256 of all texts, independent of how they are split into chunks."""
    lengths, content = hashlib.sha256(), hashlib.sha256()
    for chunk in column.chunks:
        if len(chunk):
            _, offset_buffer, data = chunk.buffers()
            offsets = np.frombuffer(offset_buffer, np.int32)[chunk.offset :][: len(chunk) + 1]
            lengths.update(np.diff(offsets).tobytes())
            if data is not None:
                content.update(memoryview(data)[offsets[0] : offsets[-1]])
    return hashlib.sha256(lengths.digest() + content.digest()).hexdigest()
