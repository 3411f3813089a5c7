"""Texts of few words that mean something: synonyms never seen, and negations."""

from collections.abc import Sequence
from itertools import product
from random import Random
from typing import TYPE_CHECKING

from textcnn.studies.shared.study import (
    Claim,
    Rate,
    Results,
    Values,
    accuracy,
    equal_logits,
    silent,
)
from textcnn.studies.shared.theory import ceiling, seen_by_max, windows

if TYPE_CHECKING:
    from textcnn.inference import Classifier
    from textcnn.studies.shared.probe import Rows

# bad and good, for negations
ADJECTIVES = (
    ("terrible", "bad", "boring", "awful", "poor", "weak", "dull", "ugly"),
    ("great", "good", "exciting", "wonderful", "rich", "strong", "bright", "beautiful"),
)
# words of one meaning each: some are taught, the others asked
SYNONYMS = (
    "bad terrible boring poor ugly stupid sad weak wrong painful "
    "awful horrible dreadful dull tedious silly miserable feeble",
    "good great exciting rich lovely clever happy strong right fun "
    "excellent wonderful fantastic thrilling charming smart superb fine",
)
TAUGHT = 10  # of each class
CLASSES = ("negative", "positive")
NOUNS = ("film", "book", "story", "song", "play", "show", "game", "meal")
UNSEEN = "<unk>"  # what every word is that training never saw

Templates = dict[str, str]
TEMPLATES: Templates = {
    "near": "not {}, it was {}",
    # four words before and after each adjective, but for the farthest, are the same
    "far": "it never really was {} . it always really was {} . it ended .",
}
WIDTHS = (1, 2, 3, 4)
TESTED = 20  # of the pairs of adjectives


def near_pair(bad: str, good: str) -> tuple[str, str]:
    template = TEMPLATES["near"]
    return template.format(bad, good), template.format(good, bad)


def negations(template: str) -> list[tuple[str, str]]:
    """Pairs of texts of the same words; good is what stands last."""
    form = TEMPLATES[template].replace(",", " ,")
    return [
        row
        for bad, good in product(*ADJECTIVES)
        for row in (
            (form.format(bad, good), "positive"),
            (form.format(good, bad), "negative"),
        )
    ]


def predict_negation(template: str, width: int) -> float:
    """The best accuracy that there is for windows so wide and max pooling."""
    return ceiling(
        (seen_by_max(windows(text.split(), range(width))), label)
        for text, label in negations(template)
    )


def measure_negation(template: str, width: int, seed: int) -> Values:
    """Some pairs of adjectives to train on, the others to ask."""
    from textcnn.studies.shared.probe import (
        Training,
        build_probe,
        measure_accuracy,
        pair_gaps,
        train_probe,
    )

    rows = negations(template)
    order = list(range(len(rows) // 2))
    Random(seed).shuffle(order)
    test, train = (
        [rows[2 * pair + which] for pair in pairs for which in (0, 1)]
        for pairs in (order[:TESTED], order[TESTED:])
    )
    model = {"name": "multi_width", "kernel_sizes": [width], "num_filters": 64}
    classifier = build_probe(model, rows, seed)
    before = pair_gaps(classifier, test).max().item()
    train_probe(classifier, train * 4, seed, Training(epochs=15))
    after = pair_gaps(classifier, test).max().item()
    return measure_accuracy(classifier, test) | {"gap_before": before, "gap_after": after}


def split_synonyms(seed: int) -> tuple[list[list[str]], list[list[str]]]:
    """Those to train on and those to ask, of both classes."""
    draw = Random(seed)
    mixed = [draw.sample(words.split(), len(words.split())) for words in SYNONYMS]
    return [words[:TAUGHT] for words in mixed], [words[TAUGHT:] for words in mixed]


def sentences(words: Sequence[Sequence[str]]) -> "Rows":
    return [
        (f"it was a {adjective} {noun}", label)
        for label, adjectives in zip(CLASSES, words, strict=True)
        for adjective in adjectives
        for noun in NOUNS
    ]


def predict_unseen() -> float:
    """The best accuracy where every word that training never saw is the same unknown one."""
    taught, asked = map(sentences, split_synonyms(0))
    seen = {word for text, _ in taught for word in text.split()}
    return ceiling(
        (tuple(word if word in seen else UNSEEN for word in text.split()), label)
        for text, label in asked
    )


def measure_synonyms(vectors: str | None, seed: int) -> Values:
    """Trained on some adjectives, asked for their synonyms.

    Args:
        vectors: of `text.vectors`; they stay as they are, and the vocabulary holds the synonyms
            too, which with a vector are no unknown words. None: vectors that are learnt.
    """
    from textcnn.errors import InputError
    from textcnn.studies.shared.probe import Training, build_probe, measure_accuracy, train_probe

    taught, asked = split_synonyms(seed)
    train, test = sentences(taught), sentences(asked)
    if vectors is None:
        classifier = build_probe({"name": "nin", "depth": 1}, train, seed)
    else:
        try:
            classifier = probe_with_vectors(vectors, [*train, *test], seed)
        except InputError as error:
            return {"missing": str(error)}
    train_probe(classifier, train, seed, Training(epochs=12))
    # what differs are the adjectives: around them stand the same nouns
    return measure_accuracy(classifier, test) | {
        "different": sum(map(len, asked)),
        "taught": measure_accuracy(classifier, train),
    }


def probe_with_vectors(vectors: str, rows: "Rows", seed: int) -> "Classifier":
    """
    Raises:
        InputError: the vectors can't be had.
    """
    import torch

    from textcnn.studies.shared.probe import build_probe
    from textcnn.text.vectors import load_vectors

    tokens = sorted({word for text, _ in rows for word in text.split()})
    loaded = load_vectors(vectors, tokens, seed)
    model = {"name": "nin", "depth": 1, "embedding": "static"}
    classifier = build_probe(model | {"embedding_dim": loaded.values.shape[1]}, rows, seed)
    assert classifier.encoder.vocabulary.known_tokens == tuple(tokens)
    classifier.model.embedding.set_vectors(torch.from_numpy(loaded.values))
    return classifier


def template_claims(results: Results, name: str, template: str, width: int) -> list[Claim]:
    share, rate = predict_negation(template, width), results.rate(name)
    title = f"width {width}, negation, {template}"
    theorem = "T1" if width == 1 else "T2"
    made = []
    for moment in ("before", "after") if share == 0.5 else ():
        gap = max(values[f"gap_{moment}"] for values in results.of(name))
        statement = f"{title}: logits of both texts of a pair, {moment} training"
        made.append(equal_logits(theorem, statement, gap))
    return [*made, accuracy(theorem, f"{title}: accuracy", share, rate)]


def synonym_claims(results: Results, name: str, vectors: str | None) -> list[Claim]:
    title = f"synonyms never seen in training, {name.removeprefix('synonyms, ')}: accuracy"
    if missing := results.first(name).get("missing"):
        return [silent(title, f"not measured: {missing}")]
    rate = results.rate(name)
    if vectors is None:
        return [accuracy("", title, predict_unseen(), rate)]
    taught = Rate.of(v["taught"] for v in results.of(name))
    return [silent(title, f"{rate}; of the words of training {100 * taught.share:.1f} %")]
