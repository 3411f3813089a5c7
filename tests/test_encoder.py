"""From texts to ids and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textcnn.text.encoder import TextEncoder, build_vocabulary, cut
from textcnn.text.tokenizers import build_tokenizer
from textcnn.text.vocabulary import UNKNOWN, Vocabulary

any_text = st.text(st.characters(exclude_categories=[]))  # half surrogates too
BYTE = build_tokenizer("byte")
CHAR = build_tokenizer("char", alphabet="learnt", fold_case=False)


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


def test_an_encoded_text_tells_its_full_length() -> None:
    encoder = TextEncoder(CHAR, Vocabulary("ab"), 3, "head")
    assert encoder("abxab") == ([2, 3, UNKNOWN], 5)


@given(any_text)
def test_what_was_kept_comes_back(text: str) -> None:
    encoder = TextEncoder(BYTE, build_vocabulary(BYTE, []), None, "head")
    assert encoder.decode(encoder(text)[0]) == text
    learnt = TextEncoder(CHAR, build_vocabulary(CHAR, [CHAR(text)]), None, "head")
    assert learnt.decode(learnt(text)[0]) == text


def test_a_fixed_alphabet_is_the_vocabulary_whatever_the_texts() -> None:
    assert len(build_vocabulary(BYTE, ["ab"])) == 2 + 256
    zhang = build_tokenizer("char", alphabet="zhang", fold_case=True)
    assert build_vocabulary(zhang, ["zz"]).encode("a ") == [2, UNKNOWN]


def test_a_learnt_vocabulary_has_cut_offs() -> None:
    vocabulary = build_vocabulary(CHAR, ["aab", "ac"], min_frequency=1, max_vocabulary=1)
    assert vocabulary.tokens == ("a",)
    assert build_vocabulary(CHAR, ["aab", "bc"], min_frequency=2).tokens == ("a", "b")
