"""Synthetic tasks: pairs have equal windows, nothing else reveals the class; refusals."""

import re
from collections import Counter
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from tiny_data import refusal

from textcnn.config.synthetic import SYNTHETIC_KEYS, SyntheticConfig
from textcnn.data.sources.source import KEYS, Source
from textcnn.data.splits import Division, load_splits
from textcnn.data.synthetic.rows import SETS, USED_BY, SyntheticTexts
from textcnn.data.synthetic.tasks import TASKS
from textcnn.errors import InputError

Rows = list[tuple[list[str], str]]
CLASSES = {
    "order": {"ab", "ba"},
    "position": {"1", "2"},
    "count": {"1", "2"},
    "agreement": {"equal", "different"},
    "brackets": {"nested", "broken"},
    "duplicate": {"same", "different"},
    "negation": {"negative", "positive"},
    "keyword": {"present", "absent"},
}
# Every task in random filler; so long that every one fits, with windows of three words.
ROOMY: dict[str, Any] = {"filler": "random", "length": 60, "examples": 600}
DISTANCE = {task: {"distance": 5} for task in USED_BY["distance"]}


def roomy(task: str, **settings: Any) -> SyntheticTexts:
    return SyntheticTexts(task, **ROOMY | DISTANCE.get(task, {}) | settings)


def drawn(texts: SyntheticTexts, split: str = "data.train") -> Rows:
    texts.check()
    table = texts.rows(split)
    assert table.column_names == ["text", "label"]
    return [(row["text"].split(" "), row["label"]) for row in table.to_pylist()]


def windows(text: list[str], size: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(text[at : at + size]) for at in range(len(text) - size + 1))


def groups(rows: Rows) -> list[Rows]:
    """The texts that were drawn together, one of each class."""
    size = len({label for _, label in rows})
    return [rows[at : at + size] for at in range(0, len(rows), size)]


def linear_accuracy(train: list[str], labels: list[str], test: list[str], true: list[str]) -> float:
    """Of a bag of words."""
    counts = CountVectorizer(token_pattern=r"\S+", binary=False)
    model = LogisticRegression(max_iter=1000).fit(counts.fit_transform(train), labels)
    return float(model.score(counts.transform(test), true))


# What the texts of a pair have in common


@st.composite
def settings(draw: st.DrawFn, tasks: tuple[str, ...] = tuple(TASKS)) -> SyntheticTexts:
    """Any task with any sizes that go together."""
    task = draw(st.sampled_from(tasks))
    sizes: dict[str, st.SearchStrategy[Any]] = {
        "distance": st.integers(1, 12),
        "parts": st.integers(2, 5),
        "copies": st.integers(2, 4),
        "margin": st.integers(1, 8) | st.none(),
        "fewer": st.integers(1, 3),
        "couples": st.integers(2, 4),
        "phrase": st.integers(2, 4),
        "window": st.integers(1, 6) | st.none(),
    }
    used: dict[str, Any] = {name: draw(sizes[name]) for name in sizes if task in USED_BY[name]}
    length = draw(st.integers(3, 120))
    parts = used.get("parts", 1)
    texts = SyntheticTexts(
        task,
        examples=2 * 6 * 5,  # of two to five classes
        length=length + -length % parts,
        filler=draw(st.sampled_from(("constant", "random"))),
        seed=draw(st.integers(0, 9)),
        **used,
    )
    try:
        texts.check()
    except InputError:
        assume(False)
    return texts


@given(settings())
def test_texts_have_the_length_asked_for_and_each_class_as_many_texts(
    texts: SyntheticTexts,
) -> None:
    rows = drawn(texts)
    assert len(rows) == texts.examples
    assert {len(text) for text, _ in rows} == {texts.length}
    counts = Counter(label for _, label in rows)
    assert len(set(counts.values())) == 1
    assert len(counts) == (texts.parts if texts.task == "position" else 2)


@given(settings(tasks=tuple(task for task in TASKS if task not in SETS)))
def test_the_texts_of_a_pair_have_equal_multisets_of_windows(texts: SyntheticTexts) -> None:
    for group in groups(drawn(texts)):
        for size in range(1, texts.seen_alike + 1):
            first, *others = (windows(text, size) for text, _ in group)
            assert all(other == first for other in others), group


@given(settings(tasks=SETS))
def test_the_texts_of_a_pair_have_equal_sets_of_windows(texts: SyntheticTexts) -> None:
    for one, other in groups(drawn(texts)):
        for size in range(1, texts.seen_alike + 1):
            assert windows(one[0], size).keys() == windows(other[0], size).keys()


@pytest.mark.parametrize("task", USED_BY["margin"])
@given(margin=st.integers(3, 12), seed=st.integers(0, 9))
def test_markers_keep_the_margin_from_both_ends(task: str, margin: int, seed: int) -> None:
    texts = SyntheticTexts(
        task, examples=20, length=60, distance=4, window=4, margin=margin, seed=seed
    )
    for text, _ in drawn(texts):
        assert set(text[:margin] + text[-margin:]) == {"o"}


def test_a_count_is_so_many_copies_or_fewer() -> None:
    rows = drawn(roomy("count", copies=4, fewer=3, length=90))
    assert {label: text.count("a") for text, label in rows} == {"3": 3, "4": 4}


@given(settings(tasks=("agreement",)))
def test_texts_that_agree_or_not_hold_the_same_words_equally_often(texts: SyntheticTexts) -> None:
    for one, other in groups(drawn(texts)):
        assert windows(one[0], 1)["a",] == windows(other[0], 1)["a",] == 3
        assert windows(one[0], 1)["b",] == windows(other[0], 1)["b",] == 3


@pytest.mark.parametrize("filler", ["constant", "random"])
def test_a_window_that_holds_both_markers_tells_their_order(filler: str) -> None:
    texts = SyntheticTexts("order", filler=filler, distance=5, examples=60)
    for one, other in groups(drawn(texts)):
        assert windows(one[0], 6) != windows(other[0], 6)


@given(settings(tasks=("order", "position", "count", "brackets", "duplicate")))
def test_a_margin_of_filler_hides_the_ends_from_every_window(texts: SyntheticTexts) -> None:
    margin = texts.seen_alike - 1
    markers = {"a", "b", "(", ")", "[", "]"}
    for text, _ in drawn(texts):
        assert markers.isdisjoint(text[:margin])
        assert markers.isdisjoint(text[len(text) - margin :])


# What the classes are


@pytest.mark.parametrize("pairs", [True, False])
@pytest.mark.parametrize("task", TASKS)
def test_the_class_of_a_text_is_what_the_task_says(task: str, pairs: bool) -> None:
    texts = roomy(task, pairs=pairs, examples=200)
    rows = drawn(texts)
    assert {label for _, label in rows} == CLASSES[task]
    for text, label in rows:
        assert label == truth(task, text, texts), text


def truth(task: str, text: list[str], texts: SyntheticTexts) -> str:
    """The class of a text, from its words alone."""
    marked = [place for place, word in enumerate(text) if not re.fullmatch(r"o|w\d+", word)]
    words = [text[place] for place in marked]
    gaps = np.diff(marked).tolist()
    if task == "order":
        assert gaps == [texts.distance]
        return "".join(words)
    if task == "position":
        assert words == ["a"]
        return str(marked[0] * texts.parts // texts.length + 1)
    if task == "count":
        assert all(gap >= texts.distance for gap in gaps)
        return str(words.count("a"))
    if task == "agreement":
        assert text[0] in words
        return "equal" if text[0] == text[-1] else "different"
    if task == "brackets":
        assert gaps == [texts.distance] * (2 * texts.couples - 1)
        left = "".join(words)
        while (shorter := re.sub(r"\(\)|\[\]", "", left)) != left:
            left = shorter
        return "broken" if left else "nested"
    if task == "duplicate":
        assert gaps == [texts.distance, texts.distance + 1, texts.distance]
        couples = {words[0] == words[1], words[2] == words[3]}
        assert len(couples) == 1
        return "same" if couples.pop() else "different"
    if task == "negation":
        (cue,) = (place for place in marked if text[place] != "not")
        turned = 0 < cue - text.index("not") <= texts.distance
        return "positive" if (text[cue] == "good") != turned else "negative"
    assert sorted(words) == ["key1", "key2"]
    return "present" if "key1 key2" in " ".join(text) else "absent"


def test_a_key_word_is_there_or_not() -> None:
    for text, label in drawn(SyntheticTexts("keyword", phrase=1)):
        assert ("key1" in text) == (label == "present")


def test_a_marker_of_independent_texts_may_be_at_either_end() -> None:
    rows = drawn(SyntheticTexts("position", pairs=False))
    assert {text.index("a") for text, _ in rows} == set(range(20))


def test_a_negator_stands_before_its_cue_after_it_or_too_far_away() -> None:
    rows = drawn(SyntheticTexts("negation", distance=3))
    cues = [next(place for place, word in enumerate(t) if word in ("good", "bad")) for t, _ in rows]
    gaps = {cue - text.index("not") for cue, (text, _) in zip(cues, rows, strict=True)}
    assert gaps == {-3, -2, -1, 1, 2, 3, 4, 5, 6}


# What else might reveal the class


@pytest.mark.parametrize("pairs", [True, False])
@pytest.mark.parametrize("task", [task for task in TASKS if task != "count"])
def test_a_bag_of_words_is_at_chance(task: str, pairs: bool) -> None:
    texts = roomy(task, pairs=pairs, examples=4000)
    train, test = drawn(texts), drawn(texts, "data.test")
    accuracy = linear_accuracy(
        [" ".join(text) for text, _ in train],
        [label for _, label in train],
        [" ".join(text) for text, _ in test],
        [label for _, label in test],
    )
    if pairs:
        assert accuracy == 0.5  # equal texts, to a bag
    else:
        assert abs(accuracy - 0.5) < 0.035  # more than four standard errors


def test_a_bag_that_counts_sees_how_many_copies_there_are_and_a_set_does_not() -> None:
    for one, other in groups(drawn(roomy("count"))):
        assert windows(one[0], 1) != windows(other[0], 1)
        assert set(one[0]) == set(other[0])


@pytest.mark.parametrize("pairs", [True, False])
@pytest.mark.parametrize("task", [task for task in TASKS if task != "position"])
def test_neither_the_first_nor_the_last_word_tells_the_class(task: str, pairs: bool) -> None:
    texts = roomy(task, pairs=pairs, examples=4000)
    train, test = drawn(texts), drawn(texts, "data.test")
    for end in (0, -1):
        accuracy = linear_accuracy(
            [text[end] for text, _ in train],
            [label for _, label in train],
            [text[end] for text, _ in test],
            [label for _, label in test],
        )
        assert abs(accuracy - 0.5) < 0.035, end


# Seeds and splits


@pytest.mark.parametrize("task", TASKS)
def test_the_same_seed_draws_the_same_rows_and_another_others(task: str) -> None:
    rows = drawn(roomy(task, seed=3))
    assert drawn(roomy(task, seed=3)) == rows
    assert drawn(roomy(task, seed=4)) != rows


@pytest.mark.parametrize("task", TASKS)
def test_splits_share_no_text_in_random_filler(task: str) -> None:
    texts = roomy(task)
    train, validation, test = (
        {" ".join(text) for text, _ in drawn(texts, split)} for split in KEYS
    )
    assert train.isdisjoint(validation)
    assert (train | validation).isdisjoint(test)


def test_a_shorter_split_is_the_start_of_a_longer_one() -> None:
    assert drawn(roomy("order", examples=600))[:60] == drawn(roomy("order", examples=60))


def test_a_source_gives_three_splits_and_says_what_pairs_have_in_common() -> None:
    source = Source(**SyntheticConfig(distance=3, examples=40).source_settings(), seed=5)
    splits = load_splits(source, Division(duplicates="keep", seed=5))
    assert [len(rows) for rows in splits.by_name().values()] == [40, 40, 40]
    assert splits.labels == ("ab", "ba")
    assert splits.notes[0] == (
        "data.task=order: the texts of a pair have the same windows of 3 words, with equal "
        "counts; every class has the same number of texts"
    )
    assert (
        splits.test.texts()
        == SyntheticTexts(distance=3, examples=40, seed=5).rows("data.test")["text"].to_pylist()
    )


@pytest.mark.parametrize(
    ("texts", "shared"),
    [
        (SyntheticTexts("order", pairs=False), "independent texts"),
        (SyntheticTexts("negation"), "the texts of a pair have the same words, with equal counts"),
        (SyntheticTexts("keyword", phrase=1), "the texts of a pair differ in the key word"),
        (
            SyntheticTexts("count", distance=4),
            "the texts of a pair have the same windows of 4 words, with different counts",
        ),
        (
            SyntheticTexts("order", distance=4, filler="random"),
            "the texts of a pair have the same windows of 2 words, with equal counts",
        ),
        (
            SyntheticTexts("position"),
            "the texts of a pair have the same windows of 3 words, with equal counts",
        ),
    ],
)
def test_the_note_says_what_texts_have_in_common(texts: SyntheticTexts, shared: str) -> None:
    assert texts.note.startswith(f"data.task={texts.task}: {shared};")


# Keys


def test_keys_and_defaults_are_those_of_the_schema() -> None:
    entries = {entry.name: entry.default for entry in fields(SyntheticTexts)}
    entries.pop("seed")
    schema = {entry.name: entry.default for entry in fields(SyntheticConfig)}
    assert entries == {name: schema[name] for name in SYNTHETIC_KEYS}
    (task,) = (entry for entry in fields(SyntheticConfig) if entry.name == "task")
    assert set(task.metadata["limits"]["choices"]) == set(TASKS)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"distance": 9},
            "data.length=20 is too short for data.task=order data.distance=9 and windows of 9, "
            "which needs at least 26; try data.length=26",
        ),
        (
            {"distance": 18, "pairs": False},
            "data.length=20 is too short for data.task=order data.distance=18 and "
            "data.pairs=false, which needs at least 21; try data.length=21",
        ),
        (
            {"task": "agreement", "filler": "random"},
            "data.length=20 is too short for data.task=agreement and windows of 3, which needs at "
            "least 26; try data.length=26",
        ),
        (
            {"task": "position", "window": 9},
            "data.length=20 is too short for data.task=position data.parts=2 and windows of 9, "
            "which needs at least 34; try data.length=34",
        ),
        (
            {"task": "negation", "distance": 6},
            "data.length=20 is too short for data.task=negation data.distance=6 and windows of 1, "
            "which needs at least 21; try data.length=21",
        ),
        (
            {"task": "keyword", "phrase": 19},
            "data.length=20 is too short for data.task=keyword data.phrase=19 and windows of 1, "
            "which needs at least 21; try data.length=21",
        ),
        (
            {"window": 3},
            "data.window=3 needs data.distance of at least 3 with data.filler=constant, got 2; "
            "try data.distance=3",
        ),
        (
            {"window": 3, "distance": 4, "filler": "random"},
            "data.window=3 needs data.distance of at least 5 with data.filler=random, got 4; "
            "try data.distance=5",
        ),
        (
            {"window": 2, "pairs": False},
            "data.window=2 is for data.pairs=true, got false; leave it out",
        ),
        (
            {"task": "negation", "window": 2},
            "data.window=2 is for data.task=order, position, count, agreement, brackets or "
            "duplicate, got data.task=negation; leave it out",
        ),
        (
            {"copies": 3},
            "data.copies=3 is for data.task=count, got data.task=order; leave it out",
        ),
        (
            {"task": "count", "fewer": 2},
            "data.fewer=2 must be less than data.copies=2; try data.copies=3",
        ),
        (
            {"distance": 4, "margin": 2},
            "data.margin=2 lets windows of 4 words hold a marker and an end; try data.margin=3",
        ),
        ({"words": 5}, "data.words=5 is for data.filler=random, got constant; leave it out"),
        (
            {"task": "position", "parts": 3},
            "data.length=20 can't be split into data.parts=3 equal parts; try data.length=21",
        ),
        (
            {"examples": 101},
            "data.examples=101 can't be divided evenly among 2 classes; try data.examples=102",
        ),
        (
            {"task": "position", "parts": 5, "length": 25, "examples": 101},
            "data.examples=101 can't be divided evenly among 5 classes; try data.examples=105",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_what_can(given: dict[str, Any], said: str) -> None:
    source = Source(**SyntheticConfig(**given).source_settings())
    assert refusal(source.open) == said


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("filler", ["constant", "random"])
@pytest.mark.parametrize("pairs", [True, False])
def test_the_least_length_that_a_refusal_names_is_enough_and_one_less_is_not(
    task: str, filler: str, pairs: bool
) -> None:
    given: dict[str, Any] = {"task": task, "filler": filler, "pairs": pairs}
    given |= {"distance": 7} if task in USED_BY["distance"] else {}
    given |= {"phrase": 3} if task == "keyword" else {}
    short = SyntheticTexts(**given, length=4)
    if task == "position" and not pairs:
        short.check()  # two words are enough
        return
    least = int(refusal(short.check).rpartition("=")[2])
    drawn(SyntheticTexts(**given, length=least))
    fewer = SyntheticTexts(**given, length=least - 1 - (task == "position"))
    assert refusal(fewer.check).endswith(f"try data.length={least}")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"train": "a.csv"}, "data.train is given, but data.source is synthetic; add data=files"),
        ({"path": "a/b"}, "data.path is given, but data.source is synthetic; add data=hub"),
        (
            {"multi_label": True},
            "data.multi_label=true: the synthetic texts have one label each; leave it out",
        ),
    ],
)
def test_keys_of_other_sources_are_refused(given: dict[str, Any], said: str) -> None:
    assert refusal(Source(**SyntheticConfig(**given).source_settings()).open) == said
