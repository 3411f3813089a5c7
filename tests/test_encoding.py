"""Many texts encoded at once: the same ids as for each text alone."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from textcnn.data import encoding
from textcnn.data.batching import EncodedTexts
from textcnn.data.encoding import encode_rows, encode_texts
from textcnn.data.tokenized import tokenize, tokenize_list
from textcnn.text.encoder import TextEncoder
from textcnn.text.many_words import many_basic_english_words
from textcnn.text.tokenizers import Tokenizer, build_tokenizer
from textcnn.text.vocabulary import Vocabulary

WORDS = build_tokenizer("word", tokenizer="whitespace")
# Words, characters and bytes; each vocabulary lacks most of what comes.
UNITS: list[tuple[Tokenizer, Sequence[str]]] = [
    (WORDS, ["a", "b", "ab", "שלום"]),
    (build_tokenizer("char", alphabet="zhang", lowercase=True), "ab x"),
    (build_tokenizer("byte"), "ab\xc3"),
]
all_texts = st.lists(st.text("ab A\0éש ", max_size=12) | st.text(max_size=12), max_size=6)
max_lengths = st.sampled_from([None, 1, 2, 3, 4, 7, 100])


@st.composite
def encoders(draw: st.DrawFn) -> TextEncoder:
    tokenizer, tokens = draw(st.sampled_from(UNITS))
    truncate = draw(st.sampled_from(["head", "tail", "both"]))
    return TextEncoder(tokenizer, Vocabulary(tokens), draw(max_lengths), truncate)


def ids(encoded: EncodedTexts) -> list[list[int]]:
    ends = encoded.offsets.tolist()
    pieces = pairwise(ends)
    return [encoded.ids[start:end].tolist() for start, end in pieces]


def assert_types(encoded: EncodedTexts) -> None:
    assert encoded.ids.dtype == np.int32
    assert encoded.offsets.dtype == np.int64
    assert encoded.full_lengths.dtype == np.int64


@given(all_texts, encoders())
@example([], TextEncoder(WORDS, Vocabulary("a"), None, "head"))
@example(["", ""], TextEncoder(WORDS, Vocabulary("a"), 1, "both"))
def test_texts_are_encoded_as_each_by_itself(texts: list[str], encoder: TextEncoder) -> None:
    encoded = encode_texts(texts, encoder)
    assert ids(encoded) == [encoder(text) for text in texts]
    assert encoded.full_lengths.tolist() == [len(encoder.tokenizer(text)) for text in texts]
    assert encoded.labels is None
    assert_types(encoded)


@given(all_texts.filter(bool), encoders(), st.integers(1, 4), st.data())
def test_rows_are_encoded_in_any_order_and_again(
    texts: list[str], encoder: TextEncoder, block: int, data: st.DataObject
) -> None:
    rows = data.draw(st.lists(st.integers(0, len(texts) - 1), max_size=9))
    labels = np.arange(len(rows))
    tokenized = tokenize(pa.chunked_array([texts], pa.string()), encoder.tokenizer)
    encoded = encode_rows(tokenized, np.array(rows, np.int64), encoder, labels, texts_at_once=block)
    assert ids(encoded) == [encoder(texts[row]) for row in rows]
    assert encoded.full_lengths.tolist() == [len(encoder.tokenizer(texts[row])) for row in rows]
    assert encoded.labels is labels
    assert_types(encoded)


@pytest.mark.parametrize(
    ("truncate", "max_length", "kept"),
    [
        ("head", None, [2, 3, 1, 4, 5]),
        ("head", 2, [2, 3]),
        ("tail", 2, [4, 5]),
        ("both", 2, [2, 5]),
        ("both", 3, [2, 3, 5]),  # of an odd number one more in front
        ("both", 1, [2]),
        ("tail", 1, [5]),
        ("both", 5, [2, 3, 1, 4, 5]),
    ],
)
def test_a_long_text_is_cut_and_a_short_one_is_not(
    truncate: str, max_length: int | None, kept: list[int]
) -> None:
    encoder = TextEncoder(WORDS, Vocabulary("abcd"), max_length, truncate)
    encoded = encode_texts(["a b x c d", "", "d"], encoder)
    assert ids(encoded) == [kept, [], [5]]
    assert encoded.full_lengths.tolist() == [5, 0, 1]


def test_no_rows_of_some_texts_are_no_texts() -> None:
    encoder = TextEncoder(WORDS, Vocabulary("a"), 3, "both")
    encoded = encode_rows(tokenize_list(WORDS, ["a b", "c"]), np.array([], np.int64), encoder)
    assert (len(encoded), encoded.offsets.tolist(), encoded.full_lengths.tolist()) == (0, [0], [])
    assert_types(encoded)


def test_many_texts_split_at_once_are_encoded_as_each_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tokenizer = build_tokenizer("word", tokenizer="basic_english")
    calls = []

    def counted(texts: Sequence[str]) -> object:
        calls.append(texts)
        return many_basic_english_words(texts)

    monkeypatch.setattr(encoding, "many_basic_english_words", counted)
    texts = ["Good, really good!", "", "it's <br />bad", "a\u3000b;c good"]
    for max_length, truncate in ((None, "head"), (2, "head"), (2, "tail"), (3, "both")):
        encoder = TextEncoder(
            tokenizer, Vocabulary(["good", "bad", "!", ",", "'"]), max_length, truncate
        )
        for some in (texts, [*texts, "null \0 and half \ud800"]):
            encoded = encode_texts(some, encoder, min_together=10)
            assert ids(encoded) == [encoder(text) for text in some]
            assert encoded.full_lengths.tolist() == [len(tokenizer(text)) for text in some]
            assert_types(encoded)
    assert len(calls) == 8
