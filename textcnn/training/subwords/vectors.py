"""Vectors of subwords, learned from the vectors of words (Zhao, Mudgal & Liang 2018).

"Generalizing Word Embeddings using Bag of Subwords". There by gradients; here as the solution of a
ridge regression: the mean vector of a word's subwords should be the word's vector.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from textcnn.models.layers.embedding import Embedding
from textcnn.models.layers.subword_table import SubwordTable
from textcnn.text.subwords import Subwords, subwords_of
from textcnn.text.vectors import TokenVectors
from textcnn.text.vocabulary import SPECIALS
from textcnn.training.subwords.matrix import shared_keys, subword_matrix

PENALTY = 0.02  # of the squared numbers: words of the vocabulary are nearly reproduced
TINY = 1e-20  # instead of a division by zero, once the solution is exact
STEPS = 12  # of conjugate gradients: more change no neighbour of a word


def add_subwords(embedding: Embedding, tokens: Sequence[str], vectors: TokenVectors | None) -> None:
    """Let an embedding compose the vectors of unknown words.

    Tokens without a pretrained vector get a composed one, too.

    Args:
        tokens: the known tokens of the vocabulary.
        vectors: theirs; None: the subwords get theirs from a checkpoint.
    """
    assert embedding.table is not None
    words = subwords_of(tokens)
    table = SubwordTable(shared_keys(words.keys), embedding.table.embedding_dim)
    embedding.subwords = table
    if vectors is None:
        return
    known = np.flatnonzero(vectors.found)
    learn_vectors(table, words.select(known), torch.from_numpy(vectors.values[known]))
    places, composed = compose_missing(table, words, vectors.found)
    with torch.no_grad():
        for own in filter(None, (embedding.table, embedding.fixed)):
            own.weight[places + len(SPECIALS)] = composed


def compose_missing(
    table: SubwordTable, words: Subwords, found: np.ndarray
) -> tuple[Tensor, Tensor]:
    """The vectors of words that have none of their own, but known subwords.

    Args:
        found: (words,) bool, whether a word has a vector of its own.

    Returns:
        places: (composed,) int64, of these words.
        vectors: (composed, dim)
    """
    missing = np.flatnonzero(~found)
    subwords = (torch.from_numpy(each).to(table.weight.device) for each in words.select(missing))
    composed = table.means(*subwords).cpu()
    with_parts = composed.any(dim=1)
    return torch.from_numpy(missing)[with_parts], composed[with_parts]


def note_on_missing(embedding: Embedding, tokens: Sequence[str], vectors: TokenVectors) -> str:
    """What became of the tokens of the training texts without a vector: a line for a report."""
    found = vectors.found[: vectors.learned]
    missing, composed = int((~found).sum()), 0
    if embedding.subwords is not None:
        words = subwords_of(tokens[: vectors.learned])
        composed = len(compose_missing(embedding.subwords, words, found)[0])
    return (
        f"tokens without a vector: {missing:,}; {composed:,} get the mean vector of their "
        f"subwords, {missing - composed:,} start at random"
    )


def learn_vectors(table: SubwordTable, words: Subwords, vectors: Tensor) -> None:
    """Set the vectors of subwords by conjugate gradients, for all dimensions at once.

    Args:
        words: that have vectors.
        vectors: (words, dim)
    """
    means = subword_matrix(table, words)
    counts = np.maximum(np.diff(means.indptr), 1)
    means.data = np.repeat(1 / counts, np.diff(means.indptr)).astype(np.float32)
    back = means.T.tocsr()
    # conjugate gradients for (means' means + PENALTY) x = means' vectors, with the diagonal of the
    # matrix as preconditioner
    diagonal = np.asarray(back.multiply(back).sum(axis=1), np.float32) + PENALTY  # (subwords, 1)
    solution = np.zeros((len(table.keys), vectors.shape[1]), np.float32)
    residual = back @ vectors.numpy()
    scaled = residual / diagonal
    direction, size = scaled, (residual * scaled).sum(axis=0)
    for _ in range(STEPS):
        image = back @ (means @ direction) + PENALTY * direction
        length = size / np.maximum((direction * image).sum(axis=0), TINY)
        solution += length * direction
        residual -= length * image
        scaled = residual / diagonal
        before, size = size, (residual * scaled).sum(axis=0)
        direction = scaled + size / np.maximum(before, TINY) * direction
    table.weight[1:] = torch.from_numpy(solution)
