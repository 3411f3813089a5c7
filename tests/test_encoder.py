"""From texts to ids and back."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textcnn.data.encoding import encode_texts
from textcnn.text.encoder import TextEncoder, build_vocabulary, cut
from textcnn.text.tokenizers import Tokenizer, build_tokenizer
from textcnn.text.vocabulary import UNKNOWN, Vocabulary

any_text = st.text(st.characters(exclude_categories=[]))  # half surrogates too
BYTE = build_tokenizer("byte")
CHAR = build_tokenizer("char", alphabet="learned", lowercase=False)
WORD = build_tokenizer("word", tokenizer="whitespace")
few_words = st.lists(st.sampled_from(["a", "b", "ab", "<unk>"])).map(" ".join)


def counts(tokenizer: Tokenizer, *texts: str) -> Counter[str]:
    return Counter(token for text in texts for token in tokenizer(text))


@pytest.mark.parametrize(
    ("truncate", "kept"), [("head", "abcde"), ("tail", "cdefg"), ("both", "abcfg")]
)
def test_a_longer_text_is_cut_where_asked(truncate: str, kept: str) -> None:
    assert cut("abcdefg", 5, truncate) == kept
    assert cut(list("abcdefg"), 5, truncate) == list(kept)


@given(any_text, st.integers(1, 10), st.sampled_from(["head", "tail", "both"]))
def test_a_cut_keeps_as_much_as_it_may(text: str, max_length: int, truncate: str) -> None:
    kept = cut(text, max_length, truncate)
    assert len(kept) == min(len(text), max_length)
    assert cut(text, None, truncate) == text


def test_an_encoded_text_is_cut() -> None:
    encoder = TextEncoder(CHAR, Vocabulary("ab"), 3, "head")
    assert encoder("abxab") == [2, 3, UNKNOWN]


def test_an_encoded_text_tells_its_full_length() -> None:
    encoder = TextEncoder(CHAR, Vocabulary("ab"), 3, "head")
    texts = encode_texts(["abxab", "ab"], encoder)
    assert texts.full_lengths.tolist() == [5, 2]


@pytest.mark.parametrize("tokenizer", [BYTE, CHAR, WORD], ids=["byte", "char", "word"])
@given(
    st.lists(any_text | few_words, max_size=6),
    st.none() | st.integers(1, 6),
    st.sampled_from(["head", "tail", "both"]),
    st.data(),
)
def test_texts_encoded_together_are_as_each_alone(
    tokenizer: Tokenizer,
    texts: list[str],
    max_length: int | None,
    truncate: str,
    data: st.DataObject,
) -> None:
    known = data.draw(st.lists(st.sampled_from(texts))) if texts else []  # others are unknown
    vocabulary = build_vocabulary(tokenizer, lambda: counts(tokenizer, *known))
    encoder = TextEncoder(tokenizer, vocabulary, max_length, truncate)
    together = encode_texts(texts, encoder)
    alone = [encoder(text) for text in texts]
    assert len(together) == len(texts)
    assert together.offsets[0] == 0
    assert together.offsets[-1] == len(together.ids)
    pieces = pairwise(together.offsets)
    assert [together.ids[start:end].tolist() for start, end in pieces] == alone
    assert together.full_lengths.tolist() == [len(tokenizer(text)) for text in texts]


@given(any_text)
def test_what_was_kept_comes_back(text: str) -> None:
    encoder = TextEncoder(BYTE, build_vocabulary(BYTE, dict), None, "head")
    assert encoder.decode(encoder(text)) == text
    learned = TextEncoder(CHAR, build_vocabulary(CHAR, lambda: counts(CHAR, text)), None, "head")
    assert learned.decode(learned(text)) == text
    for each in (encoder, learned):
        assert each.decode(encode_texts([text], each).ids) == text


def test_a_fixed_alphabet_is_the_vocabulary_whatever_the_texts() -> None:
    def uncounted() -> dict[str, int]:
        raise AssertionError("nobody needs to count")

    assert len(build_vocabulary(BYTE, uncounted)) == 2 + 256
    zhang = build_tokenizer("char", alphabet="zhang", lowercase=True)
    assert build_vocabulary(zhang, uncounted).encode("a ") == [2, UNKNOWN]


def test_a_learnt_vocabulary_has_cut_offs() -> None:
    vocabulary = build_vocabulary(
        CHAR, lambda: counts(CHAR, "aab", "ac"), min_frequency=1, max_vocabulary=1
    )
    assert vocabulary.known_tokens == ("a",)
    vocabulary = build_vocabulary(CHAR, lambda: counts(CHAR, "aab", "bc"), min_frequency=2)
    assert vocabulary.known_tokens == ("a", "b")
