"""Vectors that torchtext knows by name and downloads."""

import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from textcnn.errors import InputError
from textcnn.text.vectors.token_vectors import SourceVectors


def torchtext_names() -> list[str]:
    from torchtext.vocab import pretrained_aliases

    return sorted(pretrained_aliases)


def torchtext_vectors(name: str, rows: Mapping[str, int]) -> SourceVectors:
    """
    Args:
        name: one of `torchtext_names`.

    Raises:
        InputError: the vectors can't be downloaded.
    """
    from torchtext.vocab import pretrained_aliases

    verified = ssl._create_default_https_context
    try:
        vectors = pretrained_aliases[name](cache=str(Path("~/.cache/textcnn").expanduser()))
    except (OSError, RuntimeError) as error:
        raise InputError(
            f"text.vectors={name} can't be downloaded ({error}); check the network or give a file"
        ) from error
    finally:
        # torchtext turns off the verification of certificates for the whole process
        ssl._create_default_https_context = verified

    def pairs() -> Iterator[tuple[int, np.ndarray]]:
        for word, row in rows.items():
            if word in vectors.stoi:
                yield row, vectors[word].numpy()

    return SourceVectors.gather(name, pairs())
