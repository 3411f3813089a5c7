"""What n-grams add to logits: exact sums, for every model whose logits are sums."""

import json
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_explained import (
    EXACT,
    LABELS,
    TEXTS,
    WORDS,
    beside,
    classifier,
    encoder,
    network,
    ngrams,
    set_classifier,
)
from tiny_explained import members as ensemble
from torch import nn

from textcnn.errors import InputError
from textcnn.explanation.explain import parts_of_texts
from textcnn.explanation.explanation import Explanation
from textcnn.explanation.tokenized import TokenizedText
from textcnn.inference import Classifier
from textcnn.models.classifier import TextCNN

texts = st.lists(st.sampled_from([*WORDS, "films", "acts", "🙂", "<unk>"]), max_size=30).map(
    " ".join
)


@pytest.fixture(scope="module")
def models() -> dict[str, Classifier]:
    return {name: classifier(build()) for name, build in EXACT.items()}


def assert_adds_up(explanation: Explanation) -> None:
    for label, logit in explanation.logits.items():
        added = sum(each.contribution for each in explanation.contributions[label])
        assert explanation.bias[label] + added == pytest.approx(logit, abs=1e-5)
        assert explanation.rest[label] == 0
    assert explanation.exact


def assert_sums_are_the_logits(subject: Classifier, asked: list[str]) -> None:
    """Before rounding goes to the bias."""
    read = [TokenizedText(text, subject.encoder) for text in asked]
    every = torch.arange(len(LABELS)).repeat(len(asked), 1)
    sums = [parts.sum for parts in parts_of_texts(subject, read, every, "exact")]
    np.testing.assert_allclose(np.stack(sums), subject.logits(asked).numpy(), atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", EXACT)
@settings(max_examples=6)
@given(drawn=st.lists(texts, max_size=4))
def test_contributions_add_up_to_the_logits(
    models: dict[str, Classifier], name: str, drawn: list[str]
) -> None:
    asked = [*TEXTS, *drawn]
    explained = models[name].explain(asked, method="exact")
    assert_sums_are_the_logits(models[name], asked)
    for row, explanation in zip(models[name].logits(asked).tolist(), explained, strict=True):
        assert explanation.logits == dict(sorted(zip(LABELS, row, strict=True), key=by_size))
        assert_adds_up(explanation)
        length = len(explanation.tokens)
        for contributions in explanation.contributions.values():
            for each in contributions:
                assert all(0 <= start <= end <= length for start, end in each.places)
                assert (each.start, each.end) == each.places[0]


def by_size(entry: tuple[str, float]) -> float:
    return -entry[1]


def hand_made() -> Classifier:
    """Words of one dimension: fine 1, dull -2, not 0.5. One filter of two words, w0 + 2 w1 - 0.5.

    The head gives it 3 for good, -1 for bad and 0 for fair; the biases are 0.1, 0.2 and 0.3.
    """
    model = network("multi_width", embedding_dim=1, kernel_sizes=(2,), num_filters=1)
    with torch.no_grad():
        model.embedding.table.weight.zero_()
        for word, number in (("fine", 1.0), ("dull", -2.0), ("not", 0.5)):
            model.embedding.table.weight[WORDS.index(word) + 2] = number
        convolution = model.encoder.convolutions[0]
        weight = torch.tensor([1.0, 2.0]).view(convolution.weight.shape)
        convolution.weight.copy_(weight)
        convolution.bias.fill_(-0.5)
        model.head.weight.copy_(torch.tensor([[-1.0], [0.0], [3.0]]))
        model.head.bias.copy_(torch.tensor([0.1, 0.2, 0.3]))
    return classifier(model)


def test_the_winning_window_has_its_weight_by_hand() -> None:
    (explained,) = hand_made().explain(["a dull plot not fine film"])
    # windows: a dull -4.5, dull plot -2.5, plot not 0.5, not fine 2, fine film 0.5
    (good,) = explained.contributions["good"]
    assert (good.ngram, good.start, good.end, good.characters) == ("not fine", 3, 5, (12, 20))
    assert good.contribution == pytest.approx(6.0)
    (bad,) = explained.contributions["bad"]
    assert bad.contribution == pytest.approx(-2.0)
    assert explained.contributions["fair"] == []
    assert explained.bias == pytest.approx({"good": 0.3, "fair": 0.2, "bad": 0.1})
    assert explained.logits == pytest.approx({"good": 6.3, "fair": 0.2, "bad": -1.9})
    assert explained.predicted == ("good",)
    assert explained.of_tokens("good") == pytest.approx([0, 0, 0, 3, 3, 0])


def test_ngrams_count_once_and_name_all_their_places() -> None:
    (explained,) = classifier(ngrams()).explain(["not a fine film and not a dull plot"])
    found = {each.ngram: each for each in explained.contributions["good"]}
    assert found["not a"].places == ((0, 2), (5, 7))
    assert found["<s> not"].places == ((0, 1),)  # the mark is no token
    weights = ngrams().weights()[WORDS.index("fine") + 2]
    assert found["fine"].contribution == pytest.approx(weights[LABELS.index("good")].item())
    assert {each.source for each in found.values()} == {"ngrams"}


def test_unknown_words_have_the_weights_of_their_subwords() -> None:
    (explained,) = classifier(ngrams(subwords=True)).explain(["films a films"])
    (word,) = [each for each in explained.contributions["good"] if each.source == "subwords"]
    assert (word.ngram, word.places) == ("films", ((0, 1), (2, 3)))


def test_both_branches_are_weighed() -> None:
    both = beside(network())
    (explained,) = classifier(both).explain([TEXTS[0]])
    for source, part, weight in (("network", both.network, 0.7), ("ngrams", both.ngrams, 1.6)):
        (alone,) = classifier(part).explain([TEXTS[0]])
        for label in LABELS:
            own = [each for each in explained.contributions[label] if each.source == source]
            assert sum(each.contribution for each in own) == pytest.approx(
                weight * sum(each.contribution for each in alone.contributions[label]), abs=1e-5
            )


def test_members_are_averaged_and_the_vote_is_in_the_bias() -> None:
    model = ensemble()
    (explained,) = classifier(model).explain([TEXTS[0]])
    alone = [classifier(member).explain([TEXTS[0]])[0] for member in model.members]
    for label in LABELS:
        added = [sum(c.contribution for c in one.contributions[label]) for one in alone]
        own = sum(each.contribution for each in explained.contributions[label])
        assert own == pytest.approx(sum(added) / 3, abs=1e-5)
    assert "3 networks vote" in " ".join(explained.notes)


def test_tables_of_float16_leave_a_rest() -> None:
    model = network()
    with torch.no_grad():
        model.head.weight.mul_(100.0)  # so that it is more than rounding
    subject = Classifier(model, encoder(), LABELS, table_memory=1, half=True)
    (explained,) = subject.explain([TEXTS[0]])
    for label, logit in explained.logits.items():
        added = sum(each.contribution for each in explained.contributions[label])
        assert explained.bias[label] + added + explained.rest[label] == pytest.approx(logit)
    assert 0 < max(map(abs, explained.rest.values())) < 1


def test_the_most_probable_classes_are_explained_in_order() -> None:
    (explained,) = classifier(network()).explain([TEXTS[0]], classes=2)
    logits = classifier(network()).logits([TEXTS[0]])[0]
    assert list(explained.logits) == [LABELS[index] for index in logits.topk(2).indices.tolist()]
    assert [*explained.logits] == [*explained.bias] == [*explained.contributions]
    (every,) = classifier(network()).explain([TEXTS[0]], classes=None)
    assert set(every.logits) == set(LABELS)


def test_a_cut_text_has_no_characters_across_its_gap() -> None:
    (explained,) = classifier(network(), max_length=4).explain(
        ["not a fine film and the dull plot"]
    )
    assert explained.tokens == ("not", "a", "dull", "plot")
    assert explained.spans == ((0, 3), (4, 5), (24, 28), (29, 33))
    for each in explained.contributions[explained.predicted[0]]:
        crosses = each.start < 2 < each.end
        assert (each.characters is None) == (crosses or each.start == each.end)


def test_label_sets_are_explained() -> None:
    sets = set_classifier(network(), thresholds=[0.0, 1.0, 0.0])
    (explained,) = sets.explain([TEXTS[0]])
    assert set(explained.predicted) == {"bad", "good"}
    assert set(list(explained.logits)[:2]) == {"bad", "good"}  # before the others
    assert_adds_up(explained)


def test_an_explanation_is_json() -> None:
    (explained,) = classifier(beside(network())).explain([TEXTS[0]])
    read = json.loads(json.dumps(explained.as_json(), allow_nan=False))
    assert read["text"] == TEXTS[0]
    assert read["label"] == explained.predicted[0]
    for label in LABELS:
        added = sum(each["contribution"] for each in read["contributions"][label])
        assert read["bias"][label] + added == pytest.approx(read["logits"][label], abs=1e-5)


def test_explaining_leaves_the_mode_and_gradients_alone() -> None:
    subject = classifier(network(dropout=0.5))
    subject.model.train()
    assert_adds_up(subject.explain([TEXTS[0]])[0])
    assert all(parameter.grad is None for parameter in subject.model.parameters())


@pytest.mark.parametrize(
    "model", [network("lstm"), network("transformer"), network("vdcnn, max")], ids=str.__class__
)
def test_deep_networks_have_no_exact_explanation(model: Any) -> None:
    with pytest.raises(InputError, match="method=exact needs logits that are a sum"):
        classifier(model).explain(TEXTS, method="exact")


def test_a_layer_of_its_own_has_no_exact_explanation() -> None:
    model: TextCNN = network(hidden_sizes=(5,))
    model.hidden.append(nn.Tanh())
    with pytest.raises(InputError, match="method=exact"):
        classifier(model).explain(TEXTS, method="exact")


def test_a_single_string_is_refused() -> None:
    with pytest.raises(TypeError, match=r"try \[text\]"):
        classifier(network()).explain("a fine film")


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(InputError, match="method=shapley: no such method; try one of auto, exact"):
        classifier(network()).explain(TEXTS, method="shapley")


def test_no_texts_have_no_explanations() -> None:
    assert classifier(network()).explain([]) == []
