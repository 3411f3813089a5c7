"""Questions to any classifier: texts rearranged by hand, and every encoder asked."""

import json

import numpy as np
import pytest
import torch
from tiny_models import CLASSES, IDS, MODELS, build

from textcnn.data.batching import EncodedTexts
from textcnn.inference import AnyClassifier, build_classifier
from textcnn.studies.shared.claims import (
    equality_claims,
    knows_no_end,
    knows_no_order,
    knows_windows_alone,
    length_claims,
    negation_claims,
    order_claims,
    place_claims,
)
from textcnn.studies.shared.embedding_axis import first_weights
from textcnn.studies.shared.perturbations import cut, rolled, sample, shuffled, surrounded
from textcnn.studies.shared.questions import ask, equalities, known, logits_of, permute_axis
from textcnn.studies.shared.study import SAME_LOGITS, Claim, Values, agrees
from textcnn.text.encoder import TextEncoder
from textcnn.text.tokenizers import build_tokenizer
from textcnn.text.vocabulary import Vocabulary

LABELS = ("a", "b", "c")


def encoded(texts: list[list[int]], labels: np.ndarray | None = None) -> EncodedTexts:
    lengths = np.array([len(text) for text in texts], np.int64)
    ids = np.array([id for text in texts for id in text], np.int32)
    if labels is None:
        labels = np.arange(len(texts)) % CLASSES
    return EncodedTexts(ids, np.concatenate([[0], np.cumsum(lengths)]), lengths, labels)


def lists(texts: EncodedTexts) -> list[list[int]]:
    return [part.tolist() for part in np.split(texts.ids, texts.offsets[1:-1])]


def some_texts(count: int = 12) -> EncodedTexts:
    draw = np.random.default_rng(0)
    return encoded([draw.integers(2, IDS, draw.integers(0, 30)).tolist() for _ in range(count)])


def classifier_of(
    model: torch.nn.Module, thresholds: tuple[float, ...] | None = None
) -> AnyClassifier:
    vocabulary = Vocabulary([f"w{number}" for number in range(IDS - 2)])
    encoder = TextEncoder(
        build_tokenizer("word", tokenizer="basic_english"), vocabulary, 20, "head"
    )
    return build_classifier(model, encoder, LABELS, thresholds)  # type: ignore[arg-type]


TEXTS = encoded([[2, 3, 4, 5, 6], [], [7]])


def test_rolled_texts_begin_in_their_middle() -> None:
    assert lists(rolled(TEXTS)) == [[4, 5, 6, 2, 3], [], [7]]


def test_unknown_tokens_surround_each_text() -> None:
    assert lists(surrounded(TEXTS, 1, 2)) == [[1, 2, 3, 4, 5, 6, 1, 1], [1, 1, 1], [1, 7, 1, 1]]


def test_the_first_or_the_last_tokens_are_kept() -> None:
    lengths = np.array([2, 0, 1])
    assert lists(cut(TEXTS, lengths)) == [[2, 3], [], [7]]
    assert lists(cut(TEXTS, lengths, last=True)) == [[5, 6], [], [7]]


def test_shuffling_keeps_blocks_whole_and_the_tokens_of_each_text() -> None:
    texts = encoded([list(range(2, 12)), [], list(range(20, 27))])
    first, second, third = lists(shuffled(texts, 3, seed=1))
    assert sorted(first) == list(range(2, 12))
    assert second == []
    assert sorted(third) == list(range(20, 27))
    for block in ([2, 3, 4], [5, 6, 7], [8, 9, 10]):
        place = first.index(block[0])
        assert first[place : place + 3] == block
    assert lists(shuffled(texts, 10, seed=1))[0] == list(range(2, 12))
    assert lists(shuffled(texts, 1, seed=1))[0] != list(range(2, 12))


def test_a_sample_keeps_texts_and_labels_together() -> None:
    texts = encoded([[number] * number for number in range(2, 12)], np.arange(2, 12))
    chosen = sample(texts, 4, seed=0)
    assert chosen.labels is not None
    assert lists(chosen) == [[label] * label for label in chosen.labels]
    assert sample(texts, 10, seed=0) is texts


@pytest.mark.parametrize("name", MODELS)
def test_what_theory_calls_equal_is_equal_for_every_encoder(name: str) -> None:
    model = build(name)
    found, facts = equalities(model, some_texts(), seed=0), known(model)
    assert found["alone"] <= SAME_LOGITS
    assert found["padded"] <= SAME_LOGITS
    if name.startswith("dcnn"):
        assert "order" in found["axis_reason"]
        assert found["axis"] is None
    elif name.startswith("onehot_cnn"):
        assert "no dimensions" in found["axis_reason"]
    else:
        assert found["axis"] <= SAME_LOGITS
    for key, speaks in (
        ("shuffled", knows_no_order),
        ("rolled", knows_no_end),
        ("moved", knows_windows_alone),
    ):
        if speaks(facts):
            assert found[key] <= SAME_LOGITS


@pytest.mark.parametrize("changes", [{"pooling": "flatten"}, {"position": "learned"}])
def test_logits_of_moved_texts_differ_if_a_network_knows_positions(changes: dict[str, str]) -> None:
    found = equalities(build("nin", **changes), some_texts(), seed=0)
    assert found["moved"] > SAME_LOGITS
    assert found["rolled"] > SAME_LOGITS


@pytest.mark.parametrize("position", ["learned", "sinusoidal", "ramp"])
@pytest.mark.parametrize("embedding", ["random", "multichannel", "onehot"])
def test_embedding_dimensions_can_be_reordered_in_every_embedding(
    position: str, embedding: str
) -> None:
    model = build("multi_width", position=position, embedding=embedding)
    assert equalities(model, some_texts(), 0)["axis"] <= SAME_LOGITS
    assert not knows_windows_alone(known(model))


def test_reordering_dimensions_changes_the_weights() -> None:
    model = build("nin")
    weights, others = first_weights(model), first_weights(permute_axis(model, 0))
    assert not isinstance(weights, str)
    assert not isinstance(others, str)
    assert not torch.equal(weights[0], others[0])


@pytest.mark.parametrize("padding", ["valid", "zeros", "circular", "reflect", "full", "causal"])
def test_only_circular_padding_leaves_rolled_texts_alone(padding: str) -> None:
    model = build("multi_width", padding=padding, kernel_sizes=(3,))
    found = equalities(model, some_texts(), 0)
    assert found["moved"] <= SAME_LOGITS
    assert knows_no_end(known(model)) == (padding == "circular")
    assert (found["rolled"] <= SAME_LOGITS) == (padding == "circular")


def test_which_networks_theory_covers() -> None:
    facts = {
        "windows_only": True,
        "field": 1,
        "stride": 1,
        "ignores_positions": True,
        "position": False,
        "paddings": [],
    }
    assert knows_no_order(facts)
    assert knows_no_end(facts)
    for change in (
        {"position": True},
        {"ignores_positions": False},
        {"stride": 2},
        {"windows_only": False},
    ):
        assert not knows_windows_alone(facts | change)
        assert not knows_no_order(facts | change)
    assert not knows_no_order(facts | {"field": 3, "paddings": ["valid"]})
    assert knows_windows_alone(facts | {"field": 3, "paddings": ["valid"]})


@pytest.mark.parametrize("name", ["multi_width", "nin", "lstm"])
def test_answers_are_plain_values_and_agree(name: str) -> None:
    values = ask(classifier_of(build(name)), some_texts(), 0)
    values = json.loads(json.dumps(values))
    claims = all_claims(values)
    assert agrees(claims)
    assert any("vocabulary lacks" in claim.measured for claim in claims)


def all_claims(values: Values) -> list[Claim]:
    return [
        *equality_claims({"it": [values]}, ["equal"]),
        *(
            claim
            for make in (order_claims, place_claims, length_claims, negation_claims)
            for claim in make("it", [values])
        ),
    ]


def test_sets_of_labels_are_asked_too() -> None:
    labels = np.zeros((12, CLASSES), dtype=bool)
    texts = some_texts()
    texts = EncodedTexts(texts.ids, texts.offsets, texts.full_lengths, labels)
    values = ask(classifier_of(build("multi_width"), (1.0, 1.0, 1.0)), texts, 0)
    assert values["correct"] == 12  # no label reaches its threshold
    assert values["order"]["changed"] == [0] * 7
    assert agrees(all_claims(values))


@pytest.mark.parametrize("texts", [[[]], [[2]], [[], [2, 3]]])
def test_a_tiny_or_empty_test_set_is_welcome(texts: list[list[int]]) -> None:
    values = ask(classifier_of(build("multi_width")), encoded(texts), 0)
    assert values["texts"] == len(texts)
    assert agrees(all_claims(values))


def test_negation_is_measured_if_the_words_are_known() -> None:
    words = ["not", "terrible", ",", "it", "was", "great"]
    model = build("nin")
    classifier = classifier_of(model)
    filled = [*words, *(f"w{number}" for number in range(IDS - 2 - len(words)))]
    classifier.encoder = TextEncoder(classifier.encoder.tokenizer, Vocabulary(filled), None, "head")
    found = ask(classifier, some_texts(), 0)["negation"]
    assert found == {"pairs": 1, "same": 1, "gap": pytest.approx(0.0, abs=SAME_LOGITS)}


def test_wrong_answers_are_a_disagreement() -> None:
    values = ask(classifier_of(build("nin")), some_texts(), 0)
    assert agrees(all_claims(values))
    wrong = values | {"order": values["order"] | {"changed": [1] * 7}}
    assert not agrees(order_claims("it", [wrong]))
    wrong = values | {"equal": values["equal"] | {"moved": 1e-4}}
    assert not agrees(equality_claims({"it": [wrong]}, ["equal"]))


def test_logits_come_in_the_order_of_the_texts() -> None:
    model, texts = build("multi_width").eval(), some_texts()
    together = logits_of(model, texts)
    batch = texts.batch(np.arange(len(texts)))
    with torch.inference_mode():
        assert torch.allclose(together, model(batch.ids, batch.lengths), atol=1e-6)
