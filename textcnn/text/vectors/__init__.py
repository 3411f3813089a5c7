"""Pretrained vectors: `load_vectors` reads those of a vocabulary's tokens from any source.

`frequent_words` reads which words a source has.
"""

from textcnn.text.vectors.sources import frequent_words, load_vectors
from textcnn.text.vectors.token_vectors import TokenVectors

__all__ = ["TokenVectors", "frequent_words", "load_vectors"]
