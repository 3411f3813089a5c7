"""Whether one superficial property gives the class away, and whether the classifier follows it.

Of each property, a simple model learns which answer goes with which value, from four fifths of the
texts, and answers the others. Where that answer is wrong, the classifier's answer shows what it
follows: if it gives the shortcut's wrong answer more often than to other texts of the same class,
it follows the shortcut, or something that goes with it.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from textcnn.data.audit.shortcuts import find_shortcuts
from textcnn.data.perturbations.writing import punctuation
from textcnn.data.splits import dealt
from textcnn.evaluation.audit.rates import exceeds, percent
from textcnn.evaluation.audit.subject import Subject
from textcnn.evaluation.audit.words import word_lists, words_of

FOLDS = 5
FEWEST = 20  # texts, from which shares mean anything
GROUPS = 10  # of lengths, with equally many texts
MARKS = 50  # the most frequent punctuation marks
LEAF = 5  # texts of a leaf, at least
SHOWN = 5  # telling features of the texts


@dataclass(frozen=True)
class ShortcutModel:
    """A model of one property, and how far the classifier answers like it."""

    name: str
    accuracy: float  # cross-validated, on texts that the model did not learn from
    is_better: bool  # than the most frequent class, by more than chance
    wrong: int  # texts on which it errs
    followed: float  # share of these texts that get the same wrong answer from the classifier
    by_chance: float  # that share, if the classifier knew the class of a text alone
    is_followed: bool  # by more than chance


@dataclass(frozen=True)
class Shortcuts:
    """All properties."""

    majority: float  # share of the most frequent class or label set
    models: tuple[ShortcutModel, ...]
    features: tuple[str, ...]  # of the texts, that nearly only one class has
    notes: tuple[str, ...]
    conclusion: str


def check_shortcuts(subject: Subject, seed: int) -> Shortcuts:
    """Answer all texts by each property alone, and compare with the labels and the classifier."""
    truth, answers = numbered_answers(subject)
    count = len(truth)
    most = int(np.bincount(truth).max())
    if count < FEWEST:
        note = f"{count} texts are too few to learn shortcuts from; give at least {FEWEST}"
        return Shortcuts(most / count, (), (), (note,), "too few texts to say")
    fold = dealt(truth, FOLDS, np.random.default_rng(seed))
    models = tuple(
        follow(name, answer, truth, answers, most / count)
        for name, answer in shortcut_answers(subject, truth, fold, seed)
    )
    found = telling_features(subject)
    return Shortcuts(most / count, models, found, (), conclude(most / count, models, found))


def numbered_answers(subject: Subject) -> tuple[np.ndarray, np.ndarray]:
    """The true and the predicted answers as numbers (texts,); equal label sets are equal."""
    truth, answers = subject.labels, subject.answers
    if truth.ndim == 2:
        extra = truth.shape[1] - answers.shape[1]  # labels that are never predicted
        answers = np.pad(answers, ((0, 0), (0, extra)))
    both = np.concatenate([truth, answers])
    numbers = np.unique(both, axis=0, return_inverse=True)[1].reshape(-1)
    return numbers[: len(truth)], numbers[len(truth) :]


def shortcut_answers(
    subject: Subject, truth: np.ndarray, fold: np.ndarray, seed: int
) -> Iterator[tuple[str, np.ndarray]]:
    """The name of each property, and what it says of each text: numbers (texts,)."""
    words = word_lists(words_of(subject.texts, subject.classifier.encoder))
    lengths = np.array([len(text) for text in subject.texts])
    borders = np.unique(np.quantile(lengths, np.linspace(0, 1, GROUPS + 1)[1:-1]))
    values: dict[str, Sequence[str | int]] = {
        "length": np.searchsorted(borders, lengths, side="right").tolist(),
        "first word": [text[0] if text else "" for text in words],
        "last word": [text[-1] if text else "" for text in words],
    }
    for name, value in values.items():
        yield f"{name} alone", out_of_fold(fold, by_value(value, truth), truth)
    yield "punctuation alone", out_of_fold(fold, by_counts(subject.texts, truth, seed), truth)


# from bool (texts,), the texts to learn from, and the rows to answer, to the answers of the rows
Learner = Callable[[np.ndarray, np.ndarray], np.ndarray]


def out_of_fold(fold: np.ndarray, learn: Learner, truth: np.ndarray) -> np.ndarray:
    """The answer to each text by a model that learned from the other folds."""
    answers = np.zeros_like(truth)
    for number in range(FOLDS):
        tested = fold == number
        answers[tested] = learn(~tested, np.flatnonzero(tested))
    return answers


def by_value(values: Sequence[str | int], truth: np.ndarray) -> Learner:
    """The most frequent answer to the texts with the same value; of a new value, to all."""

    def learn(learned: np.ndarray, rows: np.ndarray) -> np.ndarray:
        counts: dict[str | int, Counter[int]] = {}
        for row in np.flatnonzero(learned).tolist():
            counts.setdefault(values[row], Counter())[int(truth[row])] += 1
        usual = int(np.bincount(truth[learned]).argmax())
        best = {value: each.most_common(1)[0][0] for value, each in counts.items()}
        return np.array([best.get(values[row], usual) for row in rows.tolist()])

    return learn


def by_counts(texts: Sequence[str], truth: np.ndarray, seed: int) -> Learner:
    """A decision tree over the number of each punctuation mark."""
    # imported here: it takes a second
    from sklearn.tree import DecisionTreeClassifier

    found = [Counter(punctuation().findall(text)) for text in texts]
    total: Counter[str] = Counter()
    for each in found:
        total.update(each)
    marks = [mark for mark, _ in total.most_common(MARKS)]
    counts = np.array([[each[mark] for mark in marks] for each in found])  # (texts, marks)
    counts = counts.reshape(len(texts), len(marks))

    def learn(learned: np.ndarray, rows: np.ndarray) -> np.ndarray:
        if not marks:
            return np.full(len(rows), np.bincount(truth[learned]).argmax())
        tree = DecisionTreeClassifier(min_samples_leaf=LEAF, random_state=seed)
        answers: np.ndarray = tree.fit(counts[learned], truth[learned]).predict(counts[rows])
        return answers

    return learn


def follow(
    name: str, shortcut: np.ndarray, truth: np.ndarray, answers: np.ndarray, majority: float
) -> ShortcutModel:
    """
    Args:
        shortcut: what the property says of each text (texts,).
        truth, answers: of `numbered_answers`.
        majority: share of the most frequent answer.
    """
    correct = int((shortcut == truth).sum())
    wrong = np.flatnonzero(shortcut != truth)
    same = int((answers[wrong] == shortcut[wrong]).sum())
    # how often the classifier gives this answer to texts of the same class, whatever the shortcut
    given = Counter(zip(truth.tolist(), answers.tolist(), strict=True))
    sizes = Counter(truth.tolist())
    pairs = zip(truth[wrong].tolist(), shortcut[wrong].tolist(), strict=True)
    chances = [given[pair] / sizes[pair[0]] for pair in pairs]
    chance = float(np.mean(chances)) if chances else 0.0
    return ShortcutModel(
        name,
        accuracy=correct / len(truth),
        is_better=exceeds(correct, len(truth), majority),
        wrong=len(wrong),
        followed=same / max(len(wrong), 1),
        by_chance=chance,
        is_followed=exceeds(same, len(wrong), chance),
    )


def telling_features(subject: Subject) -> tuple[str, ...]:
    """Features that nearly only the texts of one class have, as `audit_data` finds them."""
    classifier = subject.classifier
    labels, names = subject.labels, classifier.labels
    # without texts of a class that training lacks
    one = labels.ndim == 1
    known = np.less(labels, len(names)) if one else ~np.any(labels[:, len(names) :], axis=1)
    texts = [text for text, keep in zip(subject.texts, known.tolist(), strict=True) if keep]
    labels = labels[known] if one else labels[known][:, : len(names)]
    if not len(texts):
        return ()
    found = find_shortcuts(texts, labels, names, classifier.encoder.tokenizer)
    return tuple(map(str, found[:SHOWN]))


def conclude(majority: float, models: tuple[ShortcutModel, ...], features: tuple[str, ...]) -> str:
    usual = percent(majority)
    better = [each for each in models if each.is_better]
    if better:
        best = max(better, key=lambda each: each.accuracy)
        said = (
            f"{best.name} classifies {percent(best.accuracy)} of the texts correctly, the most "
            f"frequent answer {usual}"
        )
    else:
        said = f"no shortcut is better than the most frequent answer, {usual}, by more than chance"
    followed = [each.name for each in better if each.is_followed]
    if followed:
        said += (
            f"; the classifier errs in the direction of {', '.join(followed)} more often than "
            "chance: it follows them, or what goes with them"
        )
    elif better:
        said += "; where shortcuts are wrong, the classifier doesn't follow them"
    if features:
        said += f"; {len(features)} features of the texts give a class away"
    return said
