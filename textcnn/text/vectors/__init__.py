"""Pretrained vectors for the tokens of a vocabulary: `load_vectors` reads them from any source."""

from textcnn.text.vectors.sources import load_vectors
from textcnn.text.vectors.token_vectors import TokenVectors

__all__ = ["TokenVectors", "load_vectors"]
