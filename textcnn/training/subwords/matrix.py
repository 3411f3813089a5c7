"""Which subwords a model knows, and which words have them."""

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from textcnn.models.layers.subword_table import NOWHERE, SubwordTable
from textcnn.text.subwords import Subwords

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

MIN_WORDS = 2  # distinct words that must have a subword: others say no more than their word


def shared_keys(keys: np.ndarray) -> Tensor:
    """The keys (subwords,) that several words have, ascending.

    Args:
        keys: of the subwords of all words, end to end.
    """
    distinct, counts = np.unique(keys, return_counts=True)
    return torch.from_numpy(distinct[counts >= MIN_WORDS])


def subword_matrix(table: SubwordTable, words: Subwords) -> "csr_matrix":
    """How often each word has each subword of the model: (words, subwords) float32."""
    from scipy.sparse import csr_matrix

    numbers = table.numbers(torch.from_numpy(words.keys)).numpy()
    there = numbers != NOWHERE
    offsets = np.concatenate([[0], np.cumsum(there)])[words.offsets]
    columns = numbers[there] - 1
    shape = (len(words.offsets) - 1, len(table.keys))
    return csr_matrix((np.ones(len(columns), np.float32), columns, offsets), shape=shape)
