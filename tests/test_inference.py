"""A trained classifier from Python."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from defaults import set_defaults
from tiny_data import CLASS_WORDS, refusal, rows
from tiny_sets import LABELS, LIKELY, UNLIKELY, set_checkpoint, set_classifier

import textcnn
from textcnn import Classifier, LabelSetClassifier, LabelSetPrediction, Prediction
from textcnn.checkpoint import save_checkpoint
from textcnn.data.encoding import encode_texts
from textcnn.inference import load
from textcnn.system.chunks import split_texts

pytest_plugins = ("tiny_run",)

TEXTS = ["goal match", "", "code " * 40, "never seen", "actor", "filler1 filler2 chip"]


@pytest.fixture(scope="module")
def classifier(tiny_run: Path) -> Classifier:
    return Classifier.load(tiny_run)


def test_classes_are_those_of_training_in_order(classifier: Classifier) -> None:
    assert classifier.labels == ("film", "sport", "tech")


def test_unseen_texts_are_labelled_by_their_class_words(classifier: Classifier) -> None:
    texts, labels = zip(*rows(60, seed=1), strict=True)
    predictions = classifier.predict(texts)
    right = sum(p.label == label for p, label in zip(predictions, labels, strict=True))
    assert right >= 50  # one in ten holds no word of its class


def test_prediction_is_the_most_probable_class_and_the_probability_of_each(
    classifier: Classifier,
) -> None:
    predictions = classifier.predict(TEXTS)
    scaled = classifier.logits(TEXTS) / classifier.calibration.temperature
    probabilities = scaled.softmax(dim=1)
    for prediction, expected in zip(predictions, probabilities.tolist(), strict=True):
        assert isinstance(prediction, Prediction)
        assert prediction.probabilities == dict(zip(classifier.labels, expected, strict=True))
        assert sum(prediction.probabilities.values()) == pytest.approx(1.0, abs=1e-6)
        assert prediction.label == max(CLASS_WORDS, key=prediction.probabilities.__getitem__)


def test_logits_are_float32_a_row_for_each_text(classifier: Classifier) -> None:
    logits = classifier.logits(TEXTS)
    assert logits.shape == (len(TEXTS), 3)
    assert logits.dtype == torch.float32
    assert not logits.requires_grad


def test_a_model_that_was_left_in_training_mode_predicts_without_dropout(
    classifier: Classifier,
) -> None:
    expected = classifier.logits(TEXTS)
    for module in (classifier.model, classifier.model.dropout):
        module.train()
        assert torch.equal(classifier.logits(TEXTS), expected)


@pytest.mark.parametrize("batch_size", [1, 2, 5, 128])
def test_batch_size_changes_neither_order_nor_logits(
    classifier: Classifier, batch_size: int
) -> None:
    alone = torch.cat([classifier.logits([text]) for text in TEXTS])
    together = classifier.logits(TEXTS, batch_size=batch_size)
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-5)


def test_no_texts_get_no_predictions(classifier: Classifier) -> None:
    assert classifier.predict([]) == []
    assert classifier.logits([]).shape == (0, 3)


def test_text_behind_max_length_is_not_read(classifier: Classifier) -> None:
    assert classifier.encoder.max_length == 500
    full = "goal " * 500
    logits = classifier.logits([full, full + "code " * 50, "code " * 50 + full])
    assert torch.equal(logits[0], logits[1])
    assert not torch.equal(logits[0], logits[2])


@pytest.mark.parametrize("texts", ["goal", b"goal", ["goal", None], [b"goal"], [["goal"]], [1]])
def test_anything_but_a_list_of_strings_is_a_type_error(classifier: Classifier, texts: Any) -> None:
    with pytest.raises(TypeError, match=r"expected a list of strings, got .*; try \[text\]"):
        classifier.predict(texts)


def test_a_generator_of_texts_is_a_type_error(classifier: Classifier) -> None:
    def texts() -> Iterator[str]:
        yield "goal"

    with pytest.raises(TypeError):
        classifier.predict(texts())  # type: ignore[call-overload]


def test_run_best_and_last_can_be_loaded_and_the_run_means_best(
    classifier: Classifier, tiny_run: Path
) -> None:
    expected = classifier.logits(TEXTS)
    assert torch.equal(textcnn.load(str(tiny_run)).logits(TEXTS), expected)
    assert torch.equal(textcnn.load(tiny_run / "best").logits(TEXTS), expected)
    assert textcnn.load(tiny_run / "last").labels == classifier.labels


def test_a_kind_of_classifier_loads_checkpoints_of_its_kind(tiny_run: Path) -> None:
    message = refusal(lambda: LabelSetClassifier.load(tiny_run))
    assert message == f"{tiny_run} is not a LabelSetClassifier; try textcnn.Classifier.load"


def test_a_loaded_model_can_be_trained_further(tiny_run: Path) -> None:
    model = load(tiny_run).model
    assert all(parameter.requires_grad for parameter in model.parameters())


# Ids and tokens


def test_encoded_texts_are_what_the_model_and_its_activations_take(classifier: Classifier) -> None:
    batch = classifier.encode(["goal match", "", "goal never-seen goal"])
    assert batch.lengths.tolist() == [2, 0, 3]
    trace = classifier.model.activations(batch.ids, batch.lengths)
    torch.testing.assert_close(
        trace.logits, classifier.logits(["goal match", "", "goal never-seen goal"])
    )


def test_ids_are_decoded_to_the_tokens_that_the_model_sees(classifier: Classifier) -> None:
    batch = classifier.encode(["Goal unheard match"])
    tokens = classifier.encoder.vocabulary.decode(batch.ids[0, : batch.lengths[0]].tolist())
    assert tokens == ["goal", "<unk>", "match"]


# Tables


@pytest.fixture
def plain(tiny_run: Path) -> Classifier:
    """The same without tables."""
    return Classifier.load(tiny_run, table_memory=0)


def test_a_loaded_classifier_looks_up_what_its_model_computes(
    classifier: Classifier, plain: Classifier
) -> None:
    assert classifier.network is classifier.tables is not None
    assert plain.network is plain.model
    torch.testing.assert_close(classifier.logits(TEXTS), plain.logits(TEXTS), rtol=0, atol=1e-5)


def test_half_precision_is_asked_for(tiny_run: Path, plain: Classifier) -> None:
    half = load(tiny_run, half=True).logits(TEXTS)
    assert not torch.equal(half, plain.logits(TEXTS))
    torch.testing.assert_close(half, plain.logits(TEXTS), rtol=0, atol=0.02)


def test_a_model_that_is_trained_on_is_looked_up_anew(tiny_run: Path) -> None:
    classifier = load(tiny_run)
    before = classifier.logits(TEXTS)
    optimizer = torch.optim.SGD(classifier.model.parameters(), lr=1.0)
    ids, lengths = torch.tensor([[2, 3, 4]]), torch.tensor([3])
    classifier.model(ids, lengths)[0, 0].backward()
    optimizer.step()
    after = classifier.logits(TEXTS)
    assert not torch.allclose(before, after, atol=1e-3)
    expected = Classifier(classifier.model, classifier.encoder, classifier.labels).logits(TEXTS)
    torch.testing.assert_close(after, expected, rtol=0, atol=1e-5)


# Many texts


def many_texts() -> list[str]:
    texts, _ = zip(*rows(3000, seed=2), strict=True)
    return [*texts, "", "naïve goal", "goal " * 700, *TEXTS]


@pytest.mark.parametrize("memory", [0, 1])
def test_many_texts_are_predicted_on_all_cores_as_each_by_itself(
    tiny_run: Path, plain: Classifier, memory: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_defaults(monkeypatch, split_texts, min_characters=1000)
    set_defaults(monkeypatch, encode_texts, min_together=1000)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    classifier = load(tiny_run, table_memory=memory)
    texts = many_texts()
    assert len(list(classifier.split(texts))) > 3
    logits = classifier.logits(texts)
    some = [0, 1, 17, 1500, *range(2990, len(texts))]
    expected = plain.logits([texts[place] for place in some])
    torch.testing.assert_close(logits[some], expected, rtol=0, atol=1e-5)
    predictions = classifier.predict(texts)
    assert predictions == classifier.decide(logits)


def test_several_threads_may_use_one_classifier(
    tiny_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_defaults(monkeypatch, split_texts, min_characters=1000)
    classifier = Classifier.load(tiny_run)
    texts = many_texts()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(classifier.predict, [texts] * 6))
    expected = [each.label for each in classifier.predict(texts)]
    assert [[each.label for each in answer] for answer in answers] == [expected] * 6


def test_package_offers_nothing_that_it_does_not_have() -> None:
    for name in textcnn.__all__:
        assert getattr(textcnn, name).__name__ == name
    with pytest.raises(AttributeError, match="module 'textcnn' has no attribute 'lode'"):
        textcnn.lode  # noqa: B018


# Label sets


def test_each_label_is_predicted_by_itself() -> None:
    both, nothing = set_classifier().predict(["actor goal", ""])
    assert isinstance(both, LabelSetPrediction)
    assert isinstance(nothing, LabelSetPrediction)
    assert both.labels == {"sport", "film"}
    assert both.probabilities == pytest.approx(
        {"sport": LIKELY, "tech": UNLIKELY, "film": LIKELY}, rel=1e-6
    )
    assert nothing.labels == frozenset()
    assert list(nothing.probabilities) == list(LABELS)


def test_a_label_is_predicted_from_its_own_threshold_on() -> None:
    (prediction,) = set_classifier((0.9, 0.1, 0.5)).predict(["goal"])
    assert isinstance(prediction, LabelSetPrediction)
    assert prediction.labels == {"tech"}


def test_json_of_a_prediction_has_its_labels_in_the_classifiers_order() -> None:
    (prediction,) = set_classifier().predict(["actor goal"])
    assert isinstance(prediction, LabelSetPrediction)
    assert prediction.as_json() == {
        "labels": ["sport", "film"],
        "probabilities": prediction.probabilities,
    }
    assert Prediction("a", {"a": 1.0}).as_json() == {"label": "a", "probabilities": {"a": 1.0}}


def test_without_thresholds_the_probabilities_add_up_to_1() -> None:
    (prediction,) = set_classifier(None).predict(["goal"])
    assert isinstance(prediction, Prediction)
    assert prediction.label == "sport"
    assert sum(prediction.probabilities.values()) == pytest.approx(1)


def test_no_texts_get_no_sets() -> None:
    assert set_classifier().predict([]) == []


def test_thresholds_are_one_for_each_label() -> None:
    with pytest.raises(ValueError, match="expected a threshold for each of 3 labels, got 2"):
        set_classifier((0.5, 0.5))


def test_a_classifier_of_sets_comes_back_from_its_checkpoint(tmp_path: Path) -> None:
    thresholds = (0.1, 1 / 3, 0.9)
    save_checkpoint(tmp_path / "best", set_checkpoint(thresholds))
    loaded = load(tmp_path)
    assert (loaded.labels, loaded.thresholds) == (LABELS, thresholds)
    texts = ["goal", "chip actor", ""]
    assert loaded.predict(texts) == set_classifier(thresholds).predict(texts)


def test_a_configuration_of_sets_without_thresholds_is_refused(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, set_checkpoint(None))
    assert refusal(lambda: load(tmp_path)) == (
        f"{tmp_path} lacks a thresholds.json, but its data.multi_label is true: the checkpoint is "
        "incomplete; copy it again"
    )


def test_thresholds_without_a_configuration_of_sets_are_refused(tmp_path: Path) -> None:
    checkpoint = set_checkpoint()
    config = checkpoint.config.replace("multi_label: true", "multi_label: false")
    save_checkpoint(tmp_path, replace(checkpoint, config=config))
    message = refusal(lambda: load(tmp_path))
    assert message.startswith(
        f"{tmp_path} has a thresholds.json, but its data.multi_label is false"
    )
