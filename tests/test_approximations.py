"""Occlusion and integrated gradients: approximations that say how much they miss."""

import pytest
from tiny_explained import LABELS, TEXTS, beside, classifier, encoder, network, ngrams
from tiny_explained import members as ensemble
from tiny_models import MODELS

from textcnn.errors import InputError
from textcnn.explanation.units import merged, units_of
from textcnn.inference import Classifier
from textcnn.text.encoder import TextEncoder
from textcnn.text.tokenizers import build_tokenizer
from textcnn.text.vocabulary import Vocabulary

APPROXIMATIONS = ("gradients", "occlusion")


@pytest.mark.parametrize("method", APPROXIMATIONS)
@pytest.mark.parametrize("name", [name for name in MODELS if "," not in name] + ["vdcnn, kmax"])
def test_every_network_is_explained_and_the_rest_is_stated(name: str, method: str) -> None:
    subject, texts = classifier(network(name)), TEXTS[:2]
    for row, explained in zip(
        subject.logits(texts).tolist(), subject.explain(texts, method=method), strict=True
    ):
        assert not explained.exact
        assert explained.notes[0].startswith("an approximation: ")
        for label, logit in zip(LABELS, row, strict=True):
            added = sum(each.contribution for each in explained.contributions[label])
            assert explained.logits[label] == logit
            sums = explained.bias[label] + added + explained.rest[label]
            assert sums == pytest.approx(logit, abs=1e-5)


@pytest.mark.parametrize("method", APPROXIMATIONS)
def test_both_are_exact_for_a_bag_whose_vectors_are_summed(method: str) -> None:
    subject = classifier(network("bag", pooling="sum"))
    exact = subject.explain(TEXTS, method="exact")
    for one, two in zip(exact, subject.explain(TEXTS, method=method), strict=True):
        for label in LABELS:
            assert two.rest[label] == pytest.approx(0, abs=1e-4)
            assert two.of_tokens(label) == pytest.approx(one.of_tokens(label), abs=1e-4)


def test_integrated_gradients_add_up_to_the_change_of_a_smooth_network() -> None:
    (explained,) = classifier(network("lstm")).explain([TEXTS[0]], method="gradients")
    for label in LABELS:
        assert abs(explained.rest[label]) < 0.01


def test_occlusion_is_what_removal_changes() -> None:
    subject = classifier(network("transformer"))
    (explained,) = subject.explain(["not a fine film"], method="occlusion")
    full, without = subject.logits(["not a fine film", "not a film"])
    (fine,) = [each for each in explained.contributions["good"] if each.ngram == "fine"]
    good = LABELS.index("good")
    assert fine.contribution == pytest.approx((full - without)[good].item(), abs=1e-5)
    assert explained.bias["good"] == pytest.approx(subject.logits([""])[0, good].item(), abs=1e-5)


def test_ngrams_beside_an_approximated_network_are_exact() -> None:
    both = beside(network("lstm"))
    (explained,) = classifier(both).explain([TEXTS[0]])
    (alone,) = classifier(both.ngrams).explain([TEXTS[0]])
    assert explained.method == "gradients"
    for label in LABELS:
        own = [each for each in explained.contributions[label] if each.source == "ngrams"]
        assert [each.ngram for each in own] == [each.ngram for each in alone.contributions[label]]


def test_members_are_approximated_too() -> None:
    (explained,) = classifier(ensemble()).explain([TEXTS[0]], method="gradients")
    (exact,) = classifier(ensemble()).explain([TEXTS[0]])
    assert max(map(abs, explained.rest.values())) < 0.5
    assert exact.logits == explained.logits


def test_automatically_only_wide_windows_and_deep_networks_are_approximated() -> None:
    chosen = {
        name: classifier(network(name)).explain([TEXTS[0]])[0].method
        for name in ("multi_width", "bag", "char_cnn", "lstm", "vdcnn, max")
    }
    assert chosen == {
        "multi_width": "exact",
        "bag": "exact",
        "char_cnn": "exact",
        "lstm": "gradients",
        "vdcnn, max": "gradients",
    }
    assert classifier(network(kernel_sizes=(17,))).explain([""])[0].method == "gradients"


def test_models_of_ngrams_alone_are_not_approximated() -> None:
    with pytest.raises(InputError, match="try method=exact"):
        classifier(ngrams()).explain(TEXTS, method="occlusion")


def test_characters_are_weighed_by_word() -> None:
    tokenizer = build_tokenizer("char", alphabet="learned", lowercase=True)
    assert units_of("a fine  film", tokenizer) == [(0, 2), (2, 8), (8, 12)]
    assert units_of("", tokenizer) == []
    assert units_of("电影" * 13, tokenizer) == [(place, place + 1) for place in range(26)]
    subject = Classifier(
        network("lstm"), TextEncoder(tokenizer, Vocabulary("abcdefilmn"), None, "head"), LABELS
    )
    (explained,) = subject.explain(["A fine film"], method="gradients")
    found = {each.ngram: each.characters for each in explained.contributions["good"]}
    assert found == {"a ": (0, 2), "fine ": (2, 7), "film": (7, 11)}


def test_long_texts_are_divided_coarsely() -> None:
    units = [(place, place + 1) for place in range(10)]
    assert merged(units, 4) == [(0, 3), (3, 6), (6, 9), (9, 10)]
    assert merged(units, 10) == units
    assert merged([], 3) == []


def test_vectors_of_a_frame_are_all_that_is_read() -> None:
    subject = Classifier(network(pooling="flatten"), encoder(None), LABELS)
    text = " ".join(["film"] * 25)  # the frame has 20
    for method in APPROXIMATIONS:
        (explained,) = subject.explain([text], method=method)
        assert explained.of_tokens("good")[20:] == pytest.approx([0] * 5, abs=1e-6)


def test_approximating_leaves_no_gradients() -> None:
    subject = classifier(network("lstm"))
    subject.explain(TEXTS)
    assert all(parameter.grad is None for parameter in subject.model.parameters())
