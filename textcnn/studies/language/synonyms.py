"""Synonyms of the training words: what a network knows about words that it never saw."""

from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING

from textcnn.studies.shared.study import Claim, Rate, Results, Values, accuracy, silent
from textcnn.studies.shared.theory import ceiling

if TYPE_CHECKING:
    from textcnn.inference import Classifier
    from textcnn.studies.shared.probe import Rows

# negative and positive adjectives; some are for training, the others for the test
SYNONYMS = (
    "bad terrible boring poor ugly stupid sad weak wrong painful "
    "awful horrible dreadful dull tedious silly miserable feeble",
    "good great exciting rich lovely clever happy strong right fun "
    "excellent wonderful fantastic thrilling charming smart superb fine",
)
TAUGHT = 10  # adjectives of each class for training
CLASSES = ("negative", "positive")
NOUNS = ("film", "book", "story", "song", "play", "show", "game", "meal")
UNSEEN = "<unk>"  # replaces each word that does not occur in training


def split_synonyms(seed: int) -> tuple[list[list[str]], list[list[str]]]:
    """The adjectives for training and those for the test, a list for each class."""
    draw = Random(seed)
    mixed = [draw.sample(words.split(), len(words.split())) for words in SYNONYMS]
    return [words[:TAUGHT] for words in mixed], [words[TAUGHT:] for words in mixed]


def sentences(words: Sequence[Sequence[str]]) -> "Rows":
    """All adjectives with all nouns."""
    return [
        (f"it was a {adjective} {noun}", label)
        for label, adjectives in zip(CLASSES, words, strict=True)
        for adjective in adjectives
        for noun in NOUNS
    ]


def predict_unseen() -> float:
    """The best accuracy if all words that training never saw are the same unknown word."""
    taught, tested = map(sentences, split_synonyms(0))
    seen = {word for text, _ in taught for word in text.split()}
    return ceiling(
        (tuple(word if word in seen else UNSEEN for word in text.split()), label)
        for text, label in tested
    )


def measure_synonyms(vectors: str | None, seed: int) -> Values:
    """Train on some adjectives; measure on their synonyms.

    Args:
        vectors: `text.vectors`. The vectors are frozen, and the vocabulary includes the synonyms,
            so they are not unknown words. None: vectors are learned.

    Returns:
        The accuracy, or `missing` with the reason if the vectors are not available.
    """
    from textcnn.errors import InputError
    from textcnn.studies.shared.probe import Training, build_probe, measure_accuracy, train_probe

    taught, tested = split_synonyms(seed)
    train, test = sentences(taught), sentences(tested)
    if vectors is None:
        classifier = build_probe({"name": "nin", "depth": 1}, train, seed)
    else:
        try:
            classifier = probe_with_vectors(vectors, [*train, *test], seed)
        except InputError as error:
            return {"missing": str(error)}
    train_probe(classifier, train, seed, Training(epochs=12))
    # only the adjectives differ; all stand in the same sentences
    return measure_accuracy(classifier, test) | {
        "different": sum(map(len, tested)),
        "taught": measure_accuracy(classifier, train),
    }


def probe_with_vectors(vectors: str, rows: "Rows", seed: int) -> "Classifier":
    """A probe with pretrained vectors for all words of the rows.

    Raises:
        InputError: the vectors are not available.
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


def synonym_claims(results: Results, point: str, vectors: str | None) -> list[Claim]:
    kind = point.removeprefix("synonyms, ")
    title = f"synonyms that training never saw, {kind}: accuracy"
    if missing := results.first(point).get("missing"):
        return [silent(title, f"not measured: {missing}")]
    rate = results.rate(point)
    if vectors is None:
        return [accuracy("", title, predict_unseen(), rate)]
    taught = Rate.of(each["taught"] for each in results.of(point))
    return [silent(title, f"{rate}; on the training words {100 * taught.share:.1f} %")]
