"""Vectors that torchtext knows by name and downloads."""

import ssl
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from textcnn.errors import InputError
from textcnn.system.paths import expanded
from textcnn.text.vectors.token_vectors import SourceVectors, VectorSource


def torchtext_names() -> list[str]:
    from torchtext.vocab import pretrained_aliases

    return sorted(pretrained_aliases)


def torchtext_source(name: str) -> VectorSource:
    """
    Args:
        name: one of `torchtext_names`.
    """
    # its list has the order of the file
    return VectorSource(lambda: iter(download(name).itos), partial(torchtext_vectors, name))


def torchtext_vectors(name: str, rows: Mapping[str, int]) -> SourceVectors:
    """
    Raises:
        InputError: the vectors can't be downloaded.
    """
    vectors = download(name)

    def pairs() -> Iterator[tuple[int, np.ndarray]]:
        for word, row in rows.items():
            if word in vectors.stoi:
                yield row, vectors[word].numpy()

    return SourceVectors.gather(name, pairs())


def download(name: str) -> Any:
    """The vectors, from torchtext's cache after the first time.

    Raises:
        InputError: they can't be downloaded.
    """
    from torchtext.vocab import pretrained_aliases

    verified = ssl._create_default_https_context
    try:
        return pretrained_aliases[name](cache=str(expanded("~/.cache/textcnn")))
    except (OSError, RuntimeError) as error:
        raise InputError(
            f"text.vectors={name} can't be downloaded ({error}); check the network or give a file"
        ) from error
    finally:
        # torchtext turns off the verification of certificates for the whole process
        ssl._create_default_https_context = verified
