"""Warnings about the language of texts, before training."""

import pyarrow as pa
import pytest
from made_languages import rows
from tiny_tokenizer import definition

from textcnn.data.description import Description, data_rows, describe_data
from textcnn.data.labelled import LabelledTexts, label_texts
from textcnn.data.prepare import prepare_texts
from textcnn.data.splits import Splits
from textcnn.text.scripts import script_of, text_script
from textcnn.text.tokenizers import Tokenizer, build_tokenizer

Rows = list[tuple[str, str]]
ABOUT_LANGUAGE = ("hardly split", "no token at all", "are unknown", "are written in")
CHINESE, GERMAN, THAI = (rows(language, 60) for language in ("chinese", "german", "thai"))


def split(some: Rows) -> LabelledTexts:
    strings = pa.array([text for text, _ in some], pa.string())
    labels = pa.array([label for _, label in some], pa.string())
    return label_texts(
        pa.table([strings, labels], ["text", "label"]), ["bad", "good"], "data.train"
    )


def described(
    train: Rows, validation: Rows, test: Rows, tokenizer: Tokenizer | None = None
) -> Description:
    splits = Splits(split(train), split(validation), split(test))
    texts = prepare_texts(
        splits,
        tokenizer or build_tokenizer("word", tokenizer="basic"),
        max_length=None,
        truncate="head",
    )
    return describe_data(splits, texts, None)


def about_language(description: Description) -> list[str]:
    return [line for line in description.warnings if any(part in line for part in ABOUT_LANGUAGE)]


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("A fine film", "Latin"),
        ("Ｆｉｎｅ", "Latin"),
        ("Größe und naïve", "Latin"),
        ("хорошо", "Cyrillic"),
        ("ดีมาก ok", "Thai"),
        ("جميل جدا", "Arabic"),
        ("这部电影真的非常好看", "Chinese"),
        ("電影", None),  # Chinese or Japanese
        ("この映画", "Japanese"),
        ("ﾃﾚﾋﾞ", "Japanese"),
        ("정말 좋아요", "Hangul"),
        ("12:30 👍!", None),
        ("", None),
    ],
)
def test_the_script_of_a_text_is_that_of_most_letters(text: str, script: str | None) -> None:
    assert text_script(text) == script


def test_letters_without_a_name_have_no_script() -> None:
    assert script_of("\ue000") is script_of("\ud800") is script_of("1") is None


@pytest.mark.parametrize("data", [CHINESE, GERMAN, THAI])
def test_one_language_in_its_own_words_is_not_mentioned(data: Rows) -> None:
    assert about_language(described(data[:40], data[40:50], data[50:])) == []


def test_texts_that_are_one_long_token_name_the_tokenizer() -> None:
    english = build_tokenizer("word", tokenizer="basic_english")
    long = [(text * 2, label) for text, label in THAI]
    warning, unknown = about_language(described(long[:40], long[40:50], long[50:], english))
    assert unknown.startswith("100 % of the tokens of validation are unknown; try ")
    assert warning == (
        "100 % of the training texts are hardly split: their tokens have 10 or more characters; "
        "try text.tokenizer=unicode, which splits texts without spaces, or text=char"
    )


def test_texts_without_any_token_are_told_with_an_example() -> None:
    kim = build_tokenizer("word", tokenizer="kim")  # drops what is not English
    short = [("难吃", "bad"), ("好吃", "good"), ("fine", "good")] * 20
    (warning,) = about_language(described(short[:40], short[40:], [], kim))
    assert warning == (
        "68 % of the training texts have no token at all, such as '难吃'; try "
        "text.tokenizer=unicode, or text=char"
    )


@pytest.mark.parametrize(
    ("tokenizer", "advice"),
    [
        (
            build_tokenizer("char", alphabet="zhang", lowercase=True),
            "text=char, whose alphabet is that of the training texts, or text=byte",
        ),
        (
            build_tokenizer("word", tokenizer="basic_english"),
            "text.min_frequency=1, text=char, or more training texts",
        ),
        (
            build_tokenizer("word", tokenizer="x.json", definition=definition()),
            "another text.tokenizer, such as unicode, or text=char",
        ),
    ],
)
def test_many_unknown_tokens_name_what_knows_them(tokenizer: Tokenizer, advice: str) -> None:
    arabic = rows("arabic", 60)
    other = [(f"{text} {text[::-1]}", label) for text, label in arabic[:40]]
    (warning,) = about_language(described(arabic[40:], other, [], tokenizer))
    assert warning.endswith(f" % of the tokens of validation are unknown; try {advice}")


def test_a_split_in_another_script_is_told() -> None:
    (warning,) = about_language(described(GERMAN, GERMAN[:20], CHINESE[:30]))
    assert warning == (
        "100 % of test but 0 % of train are written in Chinese, whose tokens train hardly has; "
        "leave out data.test, so that it is drawn from the training rows, or add such texts to "
        "data.train"
    )


def test_a_class_in_another_script_is_told() -> None:
    mixed = [
        (text, label)
        for one, other in zip(GERMAN, CHINESE, strict=True)
        for text, label in ((one[0], "good"), (other[0], "bad"))
    ]
    warnings = about_language(described(mixed[:80], mixed[80:], []))
    assert warnings == [
        f"100 % of the texts of '{name}' but 0 % of the others are written in {script}: the script "
        "gives the class away; add texts of every class in each script, or train a model for each"
        for name, script in (("bad", "Chinese"), ("good", "Latin"))
    ]


def test_a_few_texts_in_another_script_are_told_with_an_example() -> None:
    data = [*GERMAN, *THAI[:4]]
    description = described(data, GERMAN[:10], [])
    assert about_language(description) == [
        "most training texts are written in Latin, but 6 % in Thai; see whether they belong "
        f"there, such as {THAI[0][0]!r}"
    ]
    table = {row[0]: row[1:] for row in data_rows(description)}
    assert table["texts in Latin"] == ["93.8 %", "100.0 %"]
    assert table["texts in Thai"] == ["6.2 %", "0.0 %"]
    assert described(GERMAN, GERMAN[:5], []).splits["train"].scripts == {"Latin": 1.0}
