"""How much of the order of words a classifier uses: accuracy after the words are rearranged."""

from dataclasses import dataclass

import numpy as np

from textcnn.data.perturbations.order import (
    positions_in,
    reversed_tokens,
    shuffled_blocks,
    shuffled_runs,
)
from textcnn.data.tokenized import TokenizedTexts
from textcnn.evaluation.audit.rates import SURE, Change, compare, percent
from textcnn.evaluation.audit.subject import Subject, differs
from textcnn.evaluation.audit.words import encode_words, words_of
from textcnn.inference import AnyClassifier

BLOCKS = (2, 3, 5)  # words that stay together
SENTENCE_ENDS = (".", "!", "?", "…", "。", "\uff01", "\uff1f", "।")


@dataclass(frozen=True)
class Bag:
    """A classifier of the same texts that can't use order."""

    classifier: AnyClassifier
    texts: int  # that it was trained on


@dataclass(frozen=True)
class WordOrder:
    """Answers to rearranged texts."""

    accuracy: float  # on the texts as they are
    changes: tuple[Change, ...]
    bag: Change | None  # the answers of a bag of words to the texts as they are
    notes: tuple[str, ...]
    conclusion: str


def check_word_order(subject: Subject, bag: Bag | None, seed: int) -> WordOrder:
    """
    Args:
        bag: None: there is none to compare with.
    """
    encoder = subject.classifier.encoder
    words = words_of(subject.texts, encoder)
    lengths = words.lengths

    def change(name: str, order: np.ndarray) -> Change:
        moved = order != np.arange(len(order))
        text, _ = positions_in(lengths)
        changed = len(np.unique(text[moved]))
        return subject.change(name, encode_words(words.reordered(order), encoder), changed)

    changes = [change("words shuffled", shuffled_blocks(lengths, 1, seed))]
    changes += [
        change(f"shuffled blocks of {block}", shuffled_blocks(lengths, block, seed + block))
        for block in BLOCKS
    ]
    starts, notes = sentence_starts(words), []
    if starts.sum() > np.count_nonzero(lengths):
        changes.append(change("sentences shuffled", shuffled_runs(lengths, starts, seed)))
    else:
        notes.append(
            "sentences are not shuffled: the words that the classifier reads don't show where "
            "sentences end"
        )
    changes.append(change("words reversed", reversed_tokens(lengths)))
    of_bag = None
    if bag is not None:
        of_bag = bag_answers(subject, bag)
        notes.append(f"bag of words: single words, a linear model of {bag.texts:,} training texts")
    accuracy = subject.accuracy
    conclusion = conclude(accuracy, tuple(changes), of_bag)
    return WordOrder(accuracy, tuple(changes), of_bag, tuple(notes), conclusion)


def sentence_starts(words: TokenizedTexts) -> np.ndarray:
    """(tokens,) bool: the first word of each text, and each word behind the end of a sentence."""
    ends = np.array([word.endswith(SENTENCE_ENDS) for word in words.table], bool)
    _, position = positions_in(words.lengths)
    starts = position == 0
    is_end = ends[words.places] if len(ends) else starts
    # of several marks in a row, such as "?!", the last one ends the sentence
    starts[1:] |= is_end[:-1] & ~is_end[1:]
    return starts


def bag_answers(subject: Subject, bag: Bag) -> Change:
    """What the bag of words answers, beside the classifier."""
    of_bag = Subject(bag.classifier, subject.texts, subject.labels)
    return compare(
        "bag of words",
        subject.is_correct(subject.answers),
        of_bag.is_correct(of_bag.answers),
        flipped=int(differs(of_bag.answers, subject.answers).sum()),
    )


def conclude(accuracy: float, changes: tuple[Change, ...], bag: Change | None) -> str:
    shuffled = changes[0]
    uses = "uses" if shuffled.is_worse else "hardly uses"
    said = (
        f"the classifier {uses} the order of words: with words shuffled, its accuracy is "
        f"{percent(shuffled.accuracy)} instead of {percent(accuracy)}"
    )
    kept = [block for block, each in zip(BLOCKS, changes[1:], strict=False) if not each.is_worse]
    if not shuffled.is_worse:
        said += ", a difference within chance"
    elif kept:
        said += f"; the order within {kept[0]} words is enough for it"
    if bag is None:
        return said
    does = "better" if bag.difference > 0 else "worse"
    does = "as well, within chance" if bag.p_value >= SURE else does
    return f"{said}. A bag of words does {does}: {percent(bag.accuracy)}"
