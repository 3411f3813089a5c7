"""Where pretrained vectors come from: which reader a value of `text.vectors` needs."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from textcnn.errors import InputError
from textcnn.text.vectors.fasttext import is_fasttext, read_fasttext
from textcnn.text.vectors.hub import download, is_hub_name
from textcnn.text.vectors.installed import installed_glove, installed_wordllama
from textcnn.text.vectors.model2vec import read_model2vec
from textcnn.text.vectors.text_file import read_text_vectors
from textcnn.text.vectors.token_vectors import SourceVectors, TokenVectors, join
from textcnn.text.vectors.torchtext_names import torchtext_names, torchtext_vectors
from textcnn.text.vectors.word2vec import is_word2vec, read_word2vec

# vectors of the extras with the same names
INSTALLED = {"glove": installed_glove, "wordllama": installed_wordllama}


def load_vectors(names: str | Sequence[str], tokens: Sequence[str], seed: int) -> TokenVectors:
    """Vectors for `tokens`; missing ones are drawn from U(-a, a) with the variance of those found.

    Args:
        names: a source, or several for vectors side by side. A source is a file in the text format
            of GloVe, word2vec and fastText, or in the binary format of word2vec or fastText; a
            directory of model2vec; `glove` or `wordllama`, from the extras of these names; a name
            known to torchtext, or that of a model2vec model on the Hub (`owner/name`), which are
            downloaded and cached.
        tokens: the known tokens of a vocabulary.
        seed: for the random vectors.

    Raises:
        InputError: no such source, a file that is cut or no vectors, a number that is not finite,
            no token found, a missing extra, no network.
    """
    rows = {token: row for row, token in enumerate(tokens)}
    names = [names] if isinstance(names, str) else names
    return join([read_source(name, rows) for name in names], len(tokens), seed)


def read_source(name: str, rows: Mapping[str, int]) -> SourceVectors:
    """What a source has for the tokens of a vocabulary.

    Args:
        rows: the place of each token.
    """
    path = Path(name).expanduser()
    if path.is_file():
        return read_file(name, path, rows)
    if name in INSTALLED:
        return INSTALLED[name](rows)
    if path.is_dir():
        return read_model2vec(name, path, rows)
    if name in torchtext_names():
        return torchtext_vectors(name, rows)
    if is_hub_name(name):
        return read_model2vec(name, download(name), rows)
    known = ", ".join([*INSTALLED, *torchtext_names()])
    raise InputError(
        f"text.vectors={name}: no such file or directory; accepted names are {known}, and "
        "owner/name of a model2vec model on the Hub"
    )


def read_file(name: str, path: Path, rows: Mapping[str, int]) -> SourceVectors:
    if is_fasttext(path):
        return read_fasttext(name, path, rows)
    pairs = read_word2vec(path, rows) if is_word2vec(path) else read_text_vectors(path, rows)
    return SourceVectors.gather(name, pairs)
