"""Static vectors of pieces: a directory of model2vec, and others of the same form.

A word's vector is the mean of its pieces' vectors, each times its weight, as model2vec computes it
for a text that is this word (https://github.com/MinishLab/model2vec). Its option `normalize` is for
the vectors of texts and is ignored here: the length of a word's vector says how much it counts.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from torch import Tensor

from textcnn.errors import InputError
from textcnn.text.vectors.finite import check_finite
from textcnn.text.vectors.token_vectors import SourceVectors, VectorSource

WEIGHTS, TOKENIZER, CONFIG = FILES = ("model.safetensors", "tokenizer.json", "config.json")
# the largest tokenizers, of 500,000 pieces in all languages, have 40 MB
LARGEST = {TOKENIZER: 256 << 20, CONFIG: 1 << 20}  # bytes


def model2vec_source(name: str, directory: Path) -> VectorSource:
    """
    Args:
        name: of the source.
    """
    return VectorSource(
        partial(words_of_directory, name, directory), partial(read_model2vec, name, directory)
    )


def words_of_directory(name: str, directory: Path) -> Iterator[str]:
    """The words that are one piece; arguments and errors as for `read_model2vec`."""
    check_files(name, directory)
    yield from whole_words(read_tokenizer(directory / TOKENIZER))


def read_model2vec(name: str, directory: Path, rows: Mapping[str, int]) -> SourceVectors:
    """
    Args:
        name: of the source.
        rows: the place of each token.

    Raises:
        InputError: a file is missing or damaged, they don't fit each other, or a number is not
            finite.
    """
    check_files(name, directory)
    read_json(directory / CONFIG)
    model = StaticModel.read(directory / WEIGHTS, directory / TOKENIZER, tensor="embeddings")
    return model.vectors(name, rows)


def check_files(name: str, directory: Path) -> None:
    for file in FILES:
        if not (directory / file).is_file():
            raise InputError(
                f"text.vectors={name} has no file {file}; a directory of model2vec holds "
                f"{', '.join(FILES)}"
            )


def whole_words(tokenizer: Any) -> Iterator[str]:
    """The words that a tokenizer takes as one piece, in the order of its pieces.

    Tokenizers number pieces as training found them, so frequent words come first.
    """
    for id in sorted(tokenizer.get_vocab(with_added_tokens=False).values()):
        word = tokenizer.decode([id]).strip()
        if word and tokenizer.encode(word, add_special_tokens=False).ids == [id]:
            yield word


def read_json(path: Path) -> dict[str, Any]:
    """
    Raises:
        InputError: the file is too large, or holds no JSON object.
    """
    check_size(path, LARGEST[CONFIG])
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise InputError(f"{path} is not a JSON object; copy the directory again")
    return content


def check_size(path: Path, largest: int) -> None:
    if (size := path.stat().st_size) > largest:
        raise InputError(
            f"{path} has {size:,} bytes, expected at most {largest:,}; is it the right file?"
        )


@dataclass(frozen=True)
class StaticModel:
    """A tokenizer and a vector for each of its pieces."""

    path: Path  # of the weights, for messages
    tokenizer: Any  # tokenizers.Tokenizer
    unknown: int | None  # the id of the unknown piece
    embeddings: Tensor  # (vectors, dim), on disk until it is used
    weights: Tensor | None  # (pieces,)
    mapping: Tensor | None  # (pieces,), the vector of each piece; None: its own

    @classmethod
    def read(cls, weights: Path, tokenizer: Path, tensor: str) -> "StaticModel":
        """
        Args:
            tensor: the name of the embeddings among the weights.

        Raises:
            InputError: a file is damaged, or they don't fit each other.
        """
        pieces = read_tokenizer(tokenizer)
        tensors = read_tensors(weights, tensor, ("weights", "mapping"))
        check_tensors(weights, pieces.get_vocab(with_added_tokens=True), tensor, tensors)
        return cls(
            path=weights,
            tokenizer=pieces,
            unknown=unknown_piece(pieces),
            embeddings=tensors[tensor],
            weights=tensors.get("weights"),
            mapping=tensors.get("mapping"),
        )

    def vectors(self, name: str, rows: Mapping[str, int]) -> SourceVectors:
        """The vectors of tokens; those without a known piece have none.

        Raises:
            InputError: a number is not finite.
        """
        words, pieces, counts = [], [], []
        for word in rows:
            ids = [id for id in self.encode(word) if id != self.unknown]
            if ids:
                words.append(word)
                pieces += ids
                counts.append(len(ids))
        values = self.means(torch.tensor(pieces, dtype=torch.int64), counts)
        for place in np.flatnonzero(~np.isfinite(values).all(axis=1))[:1]:
            check_finite(self.path, words[place], values[place])
        composed = np.array(counts) > 1
        places = np.array([rows[word] for word in words], dtype=np.int64)
        return SourceVectors(name, places, values, composed, "several pieces")

    def encode(self, word: str) -> list[int]:
        """The ids of a word's pieces, in one thread: a process with several can't be forked."""
        try:
            ids: list[int] = self.tokenizer.encode(word, add_special_tokens=False).ids
        except Exception as error:  # tokenizers raises nothing more special
            raise InputError(
                f"{self.path.parent}: its tokenizer can't split {word!r} ({error}); give "
                "another one"
            ) from error
        return ids

    def means(self, pieces: Tensor, counts: Sequence[int]) -> np.ndarray:
        """(words, dim) float32: the weighted mean of the vectors of each word's pieces.

        Args:
            pieces: (pieces,) int64, the ids of all words' pieces, one word after the other.
            counts: (words,) how many of them each word has, at least one.
        """
        if not counts:
            return np.zeros((0, self.embeddings.shape[1]), np.float32)
        distinct, places = pieces.unique(return_inverse=True)
        rows = distinct if self.mapping is None else self.mapping.long()[distinct]
        vectors = self.embeddings[rows].float()  # (distinct pieces, dim)
        if self.weights is not None:
            vectors *= self.weights[distinct].float()[:, None]
        starts = torch.tensor([0, *counts[:-1]]).cumsum(0)
        means: np.ndarray = F.embedding_bag(places, vectors, starts, mode="mean").numpy()
        return means


def read_tokenizer(path: Path) -> Any:
    """A tokenizer that neither pads nor cuts.

    Raises:
        InputError: the package is missing, or the file is none of a tokenizer.
    """
    try:
        from tokenizers import Tokenizer
    except ModuleNotFoundError:
        raise InputError(
            "text.vectors of a model2vec directory needs the extra vectors: "
            "pip install 'textcnn[vectors]'"
        ) from None
    check_size(path, LARGEST[TOKENIZER])
    try:
        tokenizer = Tokenizer.from_str(path.read_text(encoding="utf-8"))
    except Exception as error:  # tokenizers raises nothing more special
        said = " ".join(str(error).split())
        raise InputError(
            f"{path} is not a tokenizer file ({said[:200]}); copy the file again"
        ) from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def unknown_piece(tokenizer: Any) -> int | None:
    """The id of the piece that stands for unknown characters; None if there is none."""
    if hasattr(tokenizer.model, "unk_token"):
        token = tokenizer.model.unk_token
        return None if token is None else tokenizer.token_to_id(token)
    unknown: int | None = json.loads(tokenizer.to_str())["model"].get("unk_id")  # Unigram
    return unknown


def read_tensors(path: Path, required: str, optional: tuple[str, ...]) -> dict[str, Tensor]:
    """
    Raises:
        InputError: the file is damaged, or the required tensor is missing.
    """
    try:
        with safe_open(path, framework="pt") as file:
            names = set(file.keys())
            if required not in names:
                held = ", ".join(sorted(names)[:5]) + (", …" if len(names) > 5 else "")
                raise InputError(
                    f"{path} has no tensor {required}, got {held or 'none'}; a transformer must "
                    "first be distilled by model2vec"
                )
            return {name: file.get_tensor(name) for name in (required, *optional) if name in names}
    except (SafetensorError, OSError, RuntimeError) as error:
        raise InputError(f"{path} can't be read ({error}); copy the file again") from error


def check_tensors(
    path: Path, pieces: Mapping[str, int], name: str, tensors: Mapping[str, Tensor]
) -> None:
    """
    Args:
        pieces: the id of each piece of the tokenizer.
        name: of the embeddings.

    Raises:
        InputError: shapes that don't fit the tokenizer.
    """
    table = tensors[name]
    if table.ndim != 2 or 0 in table.shape or table.is_complex():
        raise InputError(
            f"{path}: {name} must hold a vector for each piece, got the shape {list(table.shape)}"
        )
    count = max([len(pieces), *(id + 1 for id in pieces.values())])
    mapping = tensors.get("mapping")
    by_piece = {
        name if mapping is None else "mapping": table if mapping is None else mapping,
        "weights": tensors.get("weights"),
    }
    for each, tensor in by_piece.items():
        shape = (count, *table.shape[1:]) if each == name else (count,)
        if tensor is not None and tensor.shape != shape:
            raise InputError(
                f"{path}: {each} has the shape {list(tensor.shape)}, but the tokenizer has "
                f"{count:,} pieces; copy both files from the same model"
            )
    if mapping is not None and (
        mapping.is_floating_point() or not 0 <= mapping.min() <= mapping.max() < len(table)
    ):
        raise InputError(
            f"{path}: mapping must hold rows of {name}, from 0 to {len(table) - 1:,}; copy the "
            "file again"
        )
