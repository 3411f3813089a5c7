"""Where pretrained vectors come from: which reader a value of `text.vectors` needs."""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import chain, islice, zip_longest
from pathlib import Path

from textcnn.errors import InputError
from textcnn.system.paths import expanded
from textcnn.text.vectors.fasttext import fasttext_words, is_fasttext, read_fasttext
from textcnn.text.vectors.hub import download, is_hub_name
from textcnn.text.vectors.installed import GLOVE, WORDLLAMA
from textcnn.text.vectors.model2vec import model2vec_source
from textcnn.text.vectors.text_file import read_text_vectors, text_words
from textcnn.text.vectors.token_vectors import SourceVectors, TokenVectors, VectorSource, join
from textcnn.text.vectors.torchtext_names import torchtext_names, torchtext_source
from textcnn.text.vectors.word2vec import is_word2vec, read_word2vec, word2vec_words

# vectors of the extras with the same names
INSTALLED = {"glove": GLOVE, "wordllama": WORDLLAMA}


def load_vectors(
    names: str | Sequence[str],
    tokens: Sequence[str],
    seed: int,
    *,
    added: int = 0,
    std: float | None = None,
) -> TokenVectors:
    """Vectors for `tokens`; missing ones are drawn from U(-a, a) with the variance of those found.

    Args:
        names: a source, or several for vectors side by side. A source is a file in the text format
            of GloVe, word2vec and fastText, or in the binary format of word2vec or fastText; a
            directory of model2vec; `glove` or `wordllama`, from the extras of these names; a name
            known to torchtext, or that of a model2vec model on the Hub (`owner/name`), which are
            downloaded and cached.
        tokens: the known tokens of a vocabulary.
        seed: for the random vectors.
        added: how many of the last tokens are words of `frequent_words`, not of training texts.
        std: the standard deviation to which the numbers of each source are scaled; None: they stay.

    Raises:
        InputError: no such source, a file that is cut or no vectors, a number that is not finite,
            no token found, a missing extra, no network.
    """
    rows = {token: row for row, token in enumerate(tokens)}
    sources = [find_source(name).vectors(rows) for name in listed(names)]
    return join(sources, len(tokens), seed, added, std)


def frequent_words(names: str | Sequence[str], count: int) -> list[str]:
    """The first words of each source, `count` of them in all: one of each source in turn.

    Files of vectors begin with the most frequent words. A source of word pieces has the words that
    are one piece. Only the beginning of a file is read.

    Args:
        names: as for `load_vectors`.

    Raises:
        InputError: as `load_vectors`.
    """
    if not count:
        return []
    lists = [islice(find_source(name).words(), count) for name in listed(names)]
    in_turn = chain.from_iterable(zip_longest(*lists))
    return list(islice(dict.fromkeys(word for word in in_turn if word is not None), count))


def listed(names: str | Sequence[str]) -> Sequence[str]:
    return [names] if isinstance(names, str) else names


def find_source(name: str) -> VectorSource:
    """
    Raises:
        InputError: there is no such source; or from its functions, it can't be read.
    """
    path = expanded(name)
    if path.is_file():
        return file_source(name, path)
    if name in INSTALLED:
        return INSTALLED[name]
    if path.is_dir():
        return model2vec_source(name, path)
    if name in torchtext_names():
        return torchtext_source(name)
    if is_hub_name(name):
        return model2vec_source(name, download(name))
    known = ", ".join([*INSTALLED, *torchtext_names()])
    raise InputError(
        f"text.vectors={name}: no such file or directory; accepted names are {known}, and "
        "owner/name of a model2vec model on the Hub"
    )


def file_source(name: str, path: Path) -> VectorSource:
    if is_fasttext(path):
        return VectorSource(partial(fasttext_words, path), partial(read_fasttext, name, path))
    if is_word2vec(path):
        words, read = word2vec_words, read_word2vec
    else:
        words, read = text_words, read_text_vectors

    def vectors(rows: Mapping[str, int]) -> SourceVectors:
        return SourceVectors.gather(name, read(path, rows))

    return VectorSource(partial(words, path), vectors)
