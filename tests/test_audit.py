"""`textcnn.audit`: what must not change answers, and what may."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from test_questions import classifier_of
from tiny_data import (
    error_line,
    everything,
    forge_config,
    read_json,
    refusal,
    rows,
    run,
    write_csv,
)
from tiny_models import CLASSES, IDS, MODELS, build
from tiny_sets import set_classifier

from textcnn.evaluation.audit.invariance import check_invariance
from textcnn.evaluation.audit.rates import compare, exceeds
from textcnn.evaluation.audit.robustness import WAYS, check_robustness, part_of, with_invented
from textcnn.evaluation.audit.shortcuts import check_shortcuts, follow
from textcnn.evaluation.audit.subject import Subject
from textcnn.evaluation.audit.word_order import Bag, check_word_order, sentence_starts
from textcnn.evaluation.audit.words import encode_words, word_lists, words_of
from textcnn.models.classifier import TextCNN
from textcnn.models.layers.features import Features
from textcnn.models.layers.pooling import Pooled, Pooling
from textcnn.text.encoder import TextEncoder
from textcnn.text.tokenizers import build_tokenizer
from textcnn.text.vocabulary import Vocabulary

pytest_plugins = ("tiny_run",)


def some_texts(count: int = 40) -> list[str]:
    draw = np.random.default_rng(0)
    return [
        " ".join(f"w{number}" for number in draw.integers(0, IDS - 2, draw.integers(0, 30)))
        for _ in range(count)
    ]


def subject_of(model: TextCNN, texts: list[str] | None = None) -> Subject:
    texts = some_texts() if texts is None else texts
    return Subject(classifier_of(model.eval()), texts, np.arange(len(texts)) % CLASSES)


class UnmaskedPooling(Pooling):
    """The mean over the time of the batch: padding counts too."""

    def forward(self, features: Features) -> Pooled:
        return features.values.mean(dim=2), None


@pytest.mark.parametrize("name", MODELS)
def test_no_models_logits_depend_on_more_than_the_text(name: str) -> None:
    found = check_invariance(subject_of(build(name)))
    assert found.holds, found
    assert [check.holds for check in found.checks][-1] is None  # bf16 is no fault
    assert found.limit >= 1e-5


def test_unmasked_pooling_breaks_the_invariants() -> None:
    model = build("multi_width", pooling="mean")
    model.poolings = torch.nn.ModuleList([UnmaskedPooling() for _ in model.poolings])
    found = check_invariance(subject_of(model))
    broken = {check.name for check in found.checks if check.holds is False}
    assert {"batches of 1", "other texts in the batch", "37 more tokens of padding"} <= broken
    assert not found.holds
    assert found.conclusion.startswith("BROKEN: ")


def test_nan_is_a_fault_too() -> None:
    model = build("bag")
    with torch.no_grad():
        model.head.bias.fill_(torch.nan)
    subject = subject_of(model)
    assert not check_invariance(subject).holds
    assert refusal(lambda: subject.answers).startswith("the network computes infinite numbers")


def test_the_number_of_threads_is_as_before() -> None:
    before = torch.get_num_threads()
    found = check_invariance(subject_of(build("bag")))
    assert torch.get_num_threads() == before
    assert any("thread" in check.name for check in found.checks)


def words(*texts: str) -> Any:
    encoder = TextEncoder(build_tokenizer("word", tokenizer="basic"), Vocabulary([]), 6, "head")
    return words_of(texts, encoder)


def test_words_are_those_that_the_classifier_reads() -> None:
    assert word_lists(words("One two. Three four five six!", "")) == [
        ["one", "two", ".", "three", "four", "five"],
        [],
    ]


def test_words_of_characters_are_separated_by_white_space_up_to_the_limit() -> None:
    tokenizer = build_tokenizer("char", alphabet="learned", lowercase=True)
    encoder = TextEncoder(tokenizer, Vocabulary("abc "), 8, "head")
    read = words_of(["ab  CA bbb"], encoder)
    assert word_lists(read) == [["ab", "ca", "b"]]
    ids = encode_words(read.reordered(np.array([2, 0, 1])), encoder).ids
    assert encoder.decode(ids) == "b ab ca"


def test_bytes_are_put_in_order_as_words() -> None:
    encoder = TextEncoder(
        build_tokenizer("byte"), Vocabulary("".join(map(chr, range(256)))), None, "head"
    )
    read = words_of(["é b"], encoder)
    ids = encode_words(read.reordered(np.array([1, 0])), encoder).ids
    assert encoder.decode(ids) == "b é"


def test_sentences_begin_behind_the_last_mark_of_an_end() -> None:
    read = words("a b ? ! c d", ". e", "f")
    assert sentence_starts(read).tolist() == [
        *(True, False, False, False, True, False),
        *(True, True),
        True,
    ]


def test_halves_keep_the_words_on_their_side() -> None:
    read = words("a b c", "d e", "")
    half = np.array([2, 1, 0])
    assert word_lists(part_of(read, half, last=False)) == [["a", "b"], ["d"], []]
    assert word_lists(part_of(read, half, last=True)) == [["b", "c"], ["e"], []]


def test_invented_words_replace_the_chosen_ones_alone() -> None:
    read = words("a b c", "d")
    replaced = np.array([False, True, False, True])
    first, second = word_lists(with_invented(read, replaced, seed=1))
    assert (first[0], first[2]) == ("a", "c")
    assert len(first[1]) == len(second[0]) == 4
    assert word_lists(with_invented(read, replaced, seed=1)) == [first, second]


def test_a_bag_of_words_does_not_mind_order() -> None:
    found = check_word_order(subject_of(build("bag", pooling="mean")), None, seed=0)
    assert all(change.flipped == 0 for change in found.changes)
    assert "hardly uses the order of words" in found.conclusion
    assert [change.name for change in found.changes] == [
        "words shuffled",
        *(f"shuffled blocks of {block}" for block in (2, 3, 5)),
        "words reversed",
    ]
    assert found.notes[0].startswith("sentences are not shuffled")


class FirstToken(torch.nn.Module):
    """The class is the remainder of the first id."""

    def forward(self, ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.one_hot(ids[:, 0] % CLASSES, CLASSES).float()


def test_a_model_that_knows_order_is_found_out() -> None:
    texts = [f"w{n % 7} w{(n + 1) % 7} w{(n + 3) % 7}" for n in range(60)]
    subject = Subject(classifier_of(FirstToken()), texts, np.zeros(60))
    subject = replace(subject, labels=subject.answers)  # it is always correct
    found = check_word_order(subject, Bag(classifier_of(Always()), texts=7), seed=0)
    assert found.accuracy == 1.0
    shuffled, *_, backwards = found.changes
    assert shuffled.is_worse
    assert shuffled.accuracy == 1 - shuffled.flipped / 60
    assert backwards.texts_changed == 60
    assert "the classifier uses the order of words" in found.conclusion
    assert found.conclusion.endswith("A bag of words does worse: 43.3 %")


class Always(torch.nn.Module):
    """Class 2."""

    def forward(self, ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        return torch.eye(CLASSES)[torch.full((len(ids),), 2)]


def test_each_way_of_writing_changes_what_it_names() -> None:
    text = "Don't  stop, Zoë!"
    written = {way.name: way.write(text, 0) for way in WAYS}
    assert written["lower case"] == "don't  stop, zoë!"
    assert written["upper case"] == "DON'T  STOP, ZOË!"
    assert written["without punctuation"] == "Dont  stop  Zoë "
    assert written["more white space"].split() == text.split()
    assert written["Unicode form NFC"] == text
    assert len(written["Unicode form NFD"]) == len(text) + 1
    assert written["full-width letters"].startswith("\uff24\uff4f\uff4e\uff07\uff54  ")
    assert written["zero-width characters"] == "D\u2060on't  s\u2060top, Z\u2060oë!"
    assert written["without accents"] == "Don't  stop, Zoe!"


def word_subject(**settings: Any) -> Subject:
    """A classifier that knows three words, and nothing but their exact spelling."""
    classifier = set_classifier(thresholds=None)
    tokenizer = build_tokenizer("word", **settings)
    classifier.encoder = replace(classifier.encoder, tokenizer=tokenizer)
    texts = [f"the {('goal', 'chip', 'actor')[n % 3]} of it" for n in range(30)]
    return Subject(classifier, texts, np.arange(30) % 3)


def test_a_setting_that_would_help_is_named() -> None:
    subject = word_subject(tokenizer="whitespace")
    assert subject.accuracy == 1.0
    changes = {change.name: change for change in check_robustness(subject, seed=0).changes}
    assert changes["upper case"].accuracy == pytest.approx(1 / 3)
    assert changes["upper case"].advice == "text.lowercase=true"
    assert changes["full-width letters"].advice == "text.normalize=NFKC"
    assert changes["zero-width characters"].advice == "text.strip_invisible=true"
    assert changes["more white space"].flipped == 0
    assert changes["more white space"].advice is None
    assert changes["first half alone"].texts_changed == 30


def test_the_settings_that_are_named_do_help() -> None:
    subject = word_subject(
        tokenizer="whitespace", lowercase=True, normalize="NFKC", strip_invisible=True
    )
    found = check_robustness(subject, seed=0)
    changes = {change.name: change for change in found.changes}
    for name in ("upper case", "full-width letters", "zero-width characters"):
        assert changes[name].flipped == 0, name
    assert found.notes == (
        "these change no text: lower case, without punctuation, Unicode form NFC, Unicode form "
        "NFD, without accents",
    )
    assert all(change.advice is None for change in changes.values() if not change.is_worse)


def test_a_shortcut_that_gives_the_class_away_is_found_and_followed() -> None:
    classifier = set_classifier(thresholds=None)  # answers sport, tech or film by one word
    words = ("goal", "chip", "actor")
    # the first word is the class, except in every tenth text
    labels = np.array([(n + (n % 10 == 0)) % 3 for n in range(90)])
    texts = [f"{words[n % 3]} a b" for n in range(90)]
    found = check_shortcuts(Subject(classifier, texts, labels), seed=0)
    by_name = {model.name: model for model in found.models}
    first = by_name["first word alone"]
    assert first.accuracy == pytest.approx(0.9)
    assert first.is_better
    assert (first.wrong, first.followed) == (9, 1.0)
    assert first.is_followed
    assert by_name["last word alone"].accuracy <= found.majority
    assert "first word alone classifies 90.0 %" in found.conclusion
    assert "it follows them" in found.conclusion


def test_chance_is_what_texts_of_the_same_class_get() -> None:
    truth, answers = np.array([0, 0, 0, 0, 1, 1]), np.array([0, 1, 0, 0, 1, 1])
    shortcut = np.array([1, 0, 0, 0, 0, 1])
    found = follow("x", shortcut, truth, answers, 4 / 6)
    assert (found.accuracy, found.wrong) == (4 / 6, 2)
    # of the texts 0 and 4 the classifier follows none; class 0 gets 1 in a quarter, 1 never 0
    assert (found.followed, found.by_chance) == (0.0, 0.125)
    assert not found.is_followed


def test_few_texts_teach_no_shortcuts() -> None:
    found = check_shortcuts(subject_of(build("bag"), some_texts(9)), seed=0)
    assert found.models == ()
    assert found.notes == ("9 texts are too few to learn shortcuts from; give at least 20",)


def test_changes_are_compared_text_by_text() -> None:
    before = np.array([True] * 8 + [False] * 2)
    after = np.array([False] * 6 + [True] * 2 + [False] * 2)
    found = compare("x", before, after, flipped=7)
    assert (found.accuracy, found.difference, found.flipped) == (0.2, -0.6, 7)
    assert found.p_value == pytest.approx(2 / 2**6)  # six become wrong, none correct
    assert found.is_worse
    assert (found.low, found.high) == pytest.approx((0.0567, 0.5098), abs=1e-3)
    assert compare("x", before, before, flipped=0).p_value == 1.0


def test_a_share_exceeds_another_by_more_than_chance() -> None:
    assert exceeds(60, 100, 0.5)
    assert not exceeds(55, 100, 0.5)
    assert not exceeds(0, 0, 0.5)


def test_label_sets_are_audited_as_whole_sets() -> None:
    classifier = set_classifier()
    words, names = ("goal", "chip", "actor"), np.eye(3, dtype=bool)
    texts = [f"{words[n % 3]} {words[n % 2]}" for n in range(24)]
    labels = np.array([names[n % 3] | names[n % 2] for n in range(24)])
    subject = Subject(classifier, texts, labels)
    assert subject.accuracy == 1.0
    assert check_invariance(subject).holds
    assert check_word_order(subject, None, seed=0).changes[0].flipped == 0
    assert check_shortcuts(subject, seed=0).majority == 1 / 3
    # a label that training lacked is never predicted
    extra = np.pad(labels, ((0, 0), (0, 1)))
    extra[0, 3] = True
    assert replace(subject, labels=extra).accuracy == 23 / 24


def audit(checkpoint: Path, out: Path, *overrides: str) -> int:
    return run("audit", f"checkpoint={checkpoint}", f"run_dir={out}", *overrides)


def test_an_audit_of_a_run_is_printed_and_stored_and_the_same_again(
    tiny_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = everything(tiny_run)
    assert audit(tiny_run, tmp_path / "out") == 0
    said = capfd.readouterr().out
    result = read_json(tmp_path / "out" / "audit.json")
    assert (result["texts"], result["of"]) == (20, 20)
    assert result["accuracy"] == read_json(tiny_run / "metrics.json")["test"]["accuracy"]
    assert result["holds"] is True
    assert list(result["sections"]) == ["invariance", "word_order", "robustness", "shortcuts"]
    for section in result["sections"].values():
        assert f"{section['title']}: {section['conclusion']}" in said
        assert len({len(row) for row in section["table"]}) == 1
    names = [check["name"] for check in result["sections"]["invariance"]["checks"]]
    assert "look-up tables" in names
    assert "a linear model of 160 training texts" in said
    assert 0 < result["sections"]["word_order"]["bag"]["accuracy"] < 1
    assert everything(tiny_run) == before
    assert audit(tiny_run, tmp_path / "again") == 0
    assert read_json(tmp_path / "again" / "audit.json") == result


def test_a_broken_model_gives_exit_code_1(
    tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from textcnn.models.layers.pooling import MaxPooling

    monkeypatch.setattr(MaxPooling, "commutes", False)
    monkeypatch.setattr(MaxPooling, "forward", UnmaskedPooling.forward)
    monkeypatch.setattr("textcnn.models.classifier.faster_way", lambda model, ids: None)
    assert audit(tiny_run, tmp_path, "bag=false", "table_memory=0") == 1
    result = read_json(tmp_path / "audit.json")
    assert result["holds"] is False
    assert "BROKEN" in result["sections"]["invariance"]["conclusion"]


def test_other_data_and_a_sample_of_them(
    tiny_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    other = write_csv(tmp_path / "other.csv", rows(60, seed=5))
    keys = ("data=files", f"data.test={other}", "texts=30", "bag=false")
    assert audit(tiny_run, tmp_path / "out", *keys) == 0
    result = read_json(tmp_path / "out" / "audit.json")
    assert (result["texts"], result["of"]) == (30, 60)
    assert result["sections"]["word_order"]["bag"] is None
    assert "no bag of words to compare with: bag=false" in capfd.readouterr().out


def test_without_the_training_texts_there_is_no_bag(
    copied_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    forge_config(copied_run / "best", "train: ", "train: /nowhere")
    held_out = write_csv(tmp_path / "test.csv", rows(30, seed=3))
    keys = ("data=files", f"data.test={held_out}")
    assert audit(copied_run, tmp_path / "out", *keys) == 0
    said = capfd.readouterr().out
    assert "no bag of words to compare with: the training texts can't be read: data.train=" in said


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (("texts=0",), "texts takes a whole number, at least 1, got 0; try texts=1000"),
        (("checkpoint=nowhere",), "checkpoint nowhere does not exist"),
        (("checkpoint=''",), "checkpoint is missing; try checkpoint=<run or checkpoint directory>"),
    ],
)
def test_bad_input_is_refused_in_one_line(
    tiny_run: Path,
    tmp_path: Path,
    overrides: tuple[str, ...],
    said: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    given = () if overrides[0].startswith("checkpoint") else (f"checkpoint={tiny_run}",)
    assert run("audit", f"run_dir={tmp_path / 'out'}", *given, *overrides) == 2
    assert error_line(capfd).startswith(said)
    assert not (tmp_path / "out").exists()


def test_an_audit_is_not_replaced(
    tiny_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "audit.json").write_text("{}")
    assert audit(tiny_run, tmp_path) == 2
    assert error_line(capfd).endswith("already exists; try another run_dir, or overwrite=true")
