"""The logits of an exported model: a network, n-grams, or both."""

from threading import Lock

import numpy as np

from textcnn.runtime.blocks import Block, blocks_of
from textcnn.runtime.description import Description
from textcnn.runtime.encoding import Encoded
from textcnn.runtime.networks.network import TextNetwork, mean_logits
from textcnn.runtime.ngrams import Ngrams
from textcnn.runtime.tables import Tables

# A block of a network: what its tokens add to one convolution stays in the cache. It holds more
# tokens of a narrow network, for which NumPy's calls take longer than its sums.
NETWORK_BYTES, NETWORK_TOKENS = 3 * 2**19, 2**10  # at most; but so many tokens at least
NGRAM_TOKENS = 2**14


class Model:
    """Must agree with the model that was exported, in evaluation."""

    parallel = False  # it uses one core

    def __init__(self, description: Description, tables: Tables, size: int, memory: int):
        """
        Args:
            size: of the vocabulary.
            memory: limit in bytes for the tables of all networks.

        Raises:
            KeyError, ValueError: the tables don't fit the description.
        """
        if description.network is None and description.ngrams is None:
            raise ValueError("there is neither a network nor n-grams")
        classes = len(description.labels)
        self.classes, self.multi_label = classes, description.thresholds is not None
        self.weights = np.array(description.weights, np.float32)
        network = description.network
        members = 0 if network is None else network.members
        self.members = [
            TextNetwork(network, tables, number, size, classes, memory // members)
            for number in range(members)
            if network is not None
        ]
        self.ngrams = None
        if description.ngrams is not None:
            self.ngrams = Ngrams(description.ngrams, tables, size, classes)

    def logits(self, encoded: Encoded) -> np.ndarray:
        """(texts, classes) float32"""
        logits = np.zeros((len(encoded.lengths), self.classes), np.float32)
        if self.members:
            equal = not self.members[0].keeps_maxima
            tokens = max(NETWORK_BYTES // (4 * self.members[0].widest), NETWORK_TOKENS)
            for block in blocks_of(encoded, tokens, equal):
                logits[block.rows] = self.weights[0] * self.vote(block)
        if self.ngrams is not None:
            for block in blocks_of(encoded, NGRAM_TOKENS, equal=False):
                logits[block.rows] += self.weights[1] * self.ngrams.logits(block)
        return logits

    def vote(self, block: Block) -> np.ndarray:
        """The logits (texts, classes) of the network, or of the members' mean probability."""
        each = [member.logits(block) for member in self.members]
        return each[0] if len(each) == 1 else mean_logits(np.stack(each), self.multi_label)

    def release(self) -> None:
        """Free the locks that other threads held when this process was forked."""
        for member in self.members:
            member.table.alone = Lock()
