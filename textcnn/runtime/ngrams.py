"""A linear model over n-grams: the sum of the weights of a text's distinct n-grams."""

import numpy as np

from textcnn.runtime.blocks import Block
from textcnn.runtime.description import NgramTable
from textcnn.runtime.hash_table import NO_KEY, NO_NUMBER, HashTable
from textcnn.runtime.subwords import SubwordRows
from textcnn.runtime.tables import Tables
from textcnn.text.vocabulary import PADDING


class Ngrams:
    """Must agree with `textcnn.models.ngrams.ngrams.Ngrams` in evaluation."""

    def __init__(self, description: NgramTable, tables: Tables, vocabulary_size: int, classes: int):
        """
        Raises:
            KeyError, ValueError: the tables don't fit the description.
        """
        self.longest, self.size = description.longest, vocabulary_size
        integers = ("uint16", "uint32")
        first = tables.whole("ngrams.first", integers, None).astype(np.uint64)
        last = tables.whole("ngrams.last", integers, len(first)).astype(np.uint64)
        numbers = vocabulary_size + len(first)
        self.weights = tables.table("ngrams.weights", numbers, classes)
        self.bias = tables.floats("ngrams.bias", classes)
        self.squares = None  # of the inverse document frequencies
        if description.norm:
            self.squares = tables.floats("ngrams.idf", numbers) ** 2
        keys = first * np.uint64(vocabulary_size) + last
        if len(keys) and int(first.max()) >= numbers:
            raise ValueError("ngrams.first has the number of no n-gram")
        self.table = HashTable(keys, vocabulary_size)
        self.subwords = SubwordRows.of("ngrams.subwords", tables, classes)

    def logits(self, block: Block) -> np.ndarray:
        """(texts, classes) float32"""
        numbers = self.numbers(block)  # (texts, places)
        table = self.weights
        if table.by_row:
            rows = table.rows(numbers.ravel())
        else:
            rows = table.values.take(numbers.ravel(), axis=0)
        rows = rows.reshape(*numbers.shape, len(self.bias))  # (texts, places, classes)
        # a sum over places, in a tenth of the time; exact for small integers
        sums = np.ones(numbers.shape[1], np.float32) @ rows.astype(np.float32, copy=False)
        if not table.by_row:
            sums = sums * table.scale
        if self.squares is not None:
            norms = np.sqrt(self.squares.take(numbers).sum(axis=1))
            # a text without n-grams has the norm 0, and the sum 0 too
            sums = sums / np.maximum(norms, np.float32(1e-12))[:, None]
        if self.subwords is not None and len(block.words):
            np.add.at(sums, *self.unknown_sums(block))
        return sums + self.bias

    def numbers(self, block: Block) -> np.ndarray:
        """The distinct n-grams of each text: (texts, places) int32, with 0 at free places."""
        around = block.around  # (texts, time + 2)
        found = [around[:, 1:-1]]  # an unknown word has a number, but no weight
        size, before = np.uint64(self.size), around
        for tokens in range(2, self.longest + 1):
            last = around[:, tokens - 1 :]
            keys = before[:, : last.shape[1]].astype(np.uint64) * size + last.astype(np.uint64)
            if tokens > 2:
                keys[before[:, : last.shape[1]] == NO_NUMBER] = NO_KEY
            before = self.table.look_up(keys.ravel()).reshape(keys.shape)
            found.append(before)
        numbers = np.concatenate(found, axis=1)
        numbers.sort(axis=1)
        repeated = numbers[:, 1:] == numbers[:, :-1]
        numbers[:, 1:][repeated] = PADDING
        return numbers

    def unknown_sums(self, block: Block) -> tuple[np.ndarray, np.ndarray]:
        """What unknown words add: the text (words,) of each distinct one, and (words, classes)."""
        assert self.subwords is not None
        pairs = dict.fromkeys(zip(block.texts_of_words.tolist(), block.words, strict=True))
        rows = self.subwords.sums([word for _, word in pairs])
        return np.array([text for text, _ in pairs]), rows
