"""Calibration from training to the answers: stored, used, and never a reason for another answer."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from tiny_data import (
    FILLERS,
    error_line,
    forge,
    read_json,
    refusal,
    resume,
    rows,
    run,
    train,
)
from tiny_sets import set_checkpoint, set_classifier

import textcnn
from textcnn.checkpoint import load_checkpoint, save_checkpoint
from textcnn.config.data import DataConfig
from textcnn.data.sources.source import Source
from textcnn.data.splits import Division, load_splits
from textcnn.inference import Classifier, LabelSetClassifier, rebuild
from textcnn.runtime.calibration import Calibration

pytest_plugins = ("tiny_run",)

TEXTS = [text for text, _ in rows(60, seed=9)]


@pytest.fixture(scope="module")
def classifier(tiny_run: Path) -> Classifier:
    return Classifier.load(tiny_run)


def stored(run_dir: Path) -> dict[str, Any]:
    content: dict[str, Any] = read_json(run_dir / "best" / "calibration.json")
    return content


def test_training_stores_a_temperature_that_probabilities_use(
    tiny_run: Path, classifier: Classifier
) -> None:
    content = stored(tiny_run)
    assert content["texts"] == 20
    assert content["temperature"] != 1
    scaled = classifier.logits(TEXTS) / content["temperature"]
    torch.testing.assert_close(
        classifier.probabilities(classifier.logits(TEXTS)), scaled.softmax(dim=1)
    )
    assert read_json(tiny_run / "metrics.json")["calibration"]["temperature"] == pytest.approx(
        content["temperature"]
    )


def test_temperature_changes_no_answer(tiny_run: Path, classifier: Classifier) -> None:
    checkpoint = load_checkpoint(tiny_run / "best")
    for temperature in (0.05, 0.7, 20.0):
        calibration = Calibration(temperature)
        other, _ = rebuild(replace(checkpoint, calibration=calibration), "the test's")
        assert isinstance(other, Classifier)
        assert [p.label for p in other.predict(TEXTS)] == [
            p.label for p in classifier.predict(TEXTS)
        ]


def test_golden_logits_are_those_before_calibration(tiny_run: Path, classifier: Classifier) -> None:
    golden = read_json(tiny_run / "best" / "manifest.json")["golden"]
    logits = classifier.logits([entry["text"] for entry in golden])
    torch.testing.assert_close(logits, torch.tensor([entry["logits"] for entry in golden]))


def test_without_calibrate_the_probabilities_are_those_of_the_logits(
    tiny_csv: Path, tmp_path: Path
) -> None:
    run_dir = tmp_path / "run"
    assert train(tiny_csv, run_dir, "training.epochs=1", "training.calibrate=false") == 0
    assert stored(run_dir)["temperature"] == 1
    classifier = textcnn.load(run_dir)
    logits = classifier.logits(TEXTS)
    assert classifier.probabilities(logits).equal(logits.softmax(dim=1))
    assert stored(run_dir)["coverage"] is not None


def test_an_older_checkpoint_has_a_temperature_of_1(copied_run: Path) -> None:
    manifest = copied_run / "best" / "manifest.json"
    content = read_json(manifest)
    del content["sha256"]["calibration.json"]
    manifest.write_text(json.dumps(content), encoding="utf-8")
    (copied_run / "best" / "calibration.json").unlink()
    classifier = Classifier.load(copied_run)
    logits = classifier.logits(TEXTS)
    assert classifier.probabilities(logits).equal(logits.softmax(dim=1))
    message = refusal(lambda: classifier.predict(TEXTS, coverage=0.5))
    assert message.startswith("coverage=0.5 needs a classifier that was calibrated")


@pytest.mark.parametrize(
    "content",
    [
        "[]",
        "{}",
        "not JSON",
        '{"temperature": 0}',
        '{"temperature": -1}',
        '{"temperature": 1e9}',
        '{"temperature": NaN}',
        '{"temperature": true}',
        '{"temperature": "1"}',
        '{"temperature": 1, "texts": -1, "coverage": null, "unfamiliar_limit": null}',
        '{"temperature": 1, "texts": 1, "coverage": [], "unfamiliar_limit": 2, "seen_ids": 1}',
        '{"temperature": 1, "texts": 1, "coverage": {"thresholds": [1], "coverages": [], '
        '"risks": []}, "unfamiliar_limit": 1, "seen_ids": null}',
        '{"temperature": 1, "texts": 1, "coverage": {"thresholds": [0.1, 0.2], "coverages": '
        '[0.1, 1], "risks": [0, 0]}, "unfamiliar_limit": 1, "seen_ids": null}',
        '{"slopes": [1], "offsets": [0]}',
        "[" * 10_000,
    ],
)
def test_a_hostile_calibration_is_refused_in_one_line(copied_run: Path, content: str) -> None:
    forge(copied_run / "best", "calibration.json", content)
    message = refusal(lambda: textcnn.load(copied_run))
    assert "calibration.json" in message


def test_a_changed_calibration_is_refused(copied_run: Path) -> None:
    file = copied_run / "best" / "calibration.json"
    file.write_text(file.read_text(encoding="utf-8").replace("texts", "text"), encoding="utf-8")
    assert "is damaged or was changed" in refusal(lambda: textcnn.load(copied_run))


def test_a_resumed_run_has_the_same_calibration(
    tiny_run: Path, tiny_csv: Path, tmp_path: Path
) -> None:
    run_dir = tmp_path / "run"
    assert train(tiny_csv, run_dir, "training.epochs=3") == 0
    assert resume(run_dir, "training.epochs=6") == 0
    assert stored(run_dir) == stored(tiny_run)


def test_the_final_model_keeps_the_temperature_of_the_run_that_validation_chose(
    tiny_run: Path, tiny_csv: Path, tmp_path: Path
) -> None:
    run_dir = tmp_path / "run"
    assert train(tiny_csv, run_dir, "training.epochs=6", "training.final=all") == 0
    assert stored(run_dir) == stored(tiny_run)


def test_ngrams_alone_are_calibrated_too(tiny_csv: Path, tmp_path: Path) -> None:
    keys = ("model=ngrams", "data=files", f"data.train={tiny_csv}")
    for final in ("best", "all"):
        assert run("train", *keys, f"training.final={final}", f"run_dir={tmp_path / final}") == 0
    assert stored(tmp_path / "best") == stored(tmp_path / "all")
    assert stored(tmp_path / "best")["temperature"] != 1


def test_members_are_calibrated_together(tiny_csv: Path, tmp_path: Path) -> None:
    keys = ("training.epochs=2", "training.members=2", "training.final=all")
    assert train(tiny_csv, tmp_path / "run", *keys) == 0
    of_members = [
        read_json(tmp_path / "run" / name / "best" / "calibration.json")["temperature"]
        for name in ("member-1", "member-2")
    ]
    assert stored(tmp_path / "run")["temperature"] not in [1, *of_members]


def test_predict_abstains_below_a_threshold(
    tiny_run: Path, tmp_path: Path, classifier: Classifier
) -> None:
    (tmp_path / "texts.txt").write_text("\n".join(TEXTS), encoding="utf-8")
    sure = [max(p.probabilities.values()) for p in classifier.predict(TEXTS)]
    threshold = float(np.median(sure))
    output = tmp_path / "out.jsonl"
    keys = (f"checkpoint={tiny_run}", f"input={tmp_path / 'texts.txt'}", f"output={output}")
    assert run("predict", *keys, f"threshold={threshold}") == 0
    lines = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    for line, probability in zip(lines, sure, strict=True):
        answered = probability >= threshold
        assert (line["label"] is not None) == answered
        assert line["abstained"] == (not answered)
        assert max(line["probabilities"].values()) == pytest.approx(probability)
    abstained = [p.label is None for p in classifier.predict(TEXTS, threshold=threshold)]
    assert abstained == [line["abstained"] for line in lines]


def test_coverage_looks_up_the_threshold_of_the_validation_texts(classifier: Classifier) -> None:
    curve = classifier.calibration.coverage
    assert curve is not None
    assert len(curve) <= 20
    threshold = classifier.threshold_for(None, 0.5)
    assert threshold == curve.threshold_for(0.5) > min(curve.thresholds)
    got = classifier.predict(TEXTS, coverage=0.5)
    assert got == classifier.predict(TEXTS, threshold=threshold)
    assert 0.2 < sum(each.label is not None for each in got) / len(got) < 0.8


def test_thresholds_out_of_range_are_refused(classifier: Classifier) -> None:
    assert refusal(lambda: classifier.predict(TEXTS, threshold=1.5)) == (
        "threshold takes a number from 0 to 1, got 1.5"
    )


def test_predict_refuses_a_threshold_for_label_sets(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    save_checkpoint(tmp_path / "sets", set_checkpoint())
    assert run("predict", f"checkpoint={tmp_path / 'sets'}", "input=x", "threshold=0.8") == 2
    assert "threshold needs one class per text" in error_line(capfd)
    assert run("predict", "checkpoint=x", "coverage=0.8", "threshold=0.8") == 2
    assert "leave out one of the two" in error_line(capfd)


def test_label_sets_stay_the_same_when_thresholds_move_with_the_probabilities(
    tmp_path: Path,
) -> None:
    checkpoint = set_checkpoint((0.1, 0.5, 0.95))
    calibration = Calibration(slopes=(0.5, 2.0, 1.0), offsets=(1.0, -1.0, 0.0), texts=9)
    texts = ["goal chip", "actor", "", "nothing", "goal chip actor"]
    plain, _ = rebuild(checkpoint, "the test's")
    save_checkpoint(tmp_path / "sets", replace(checkpoint, calibration=calibration))
    scaled = LabelSetClassifier.load(tmp_path / "sets")
    assert isinstance(plain, LabelSetClassifier)
    assert scaled.calibration == calibration
    for before, after in zip(plain.predict(texts), scaled.predict(texts), strict=True):
        assert before.labels == after.labels
        above = zip(after.probabilities.values(), scaled.thresholds, strict=True)
        assert [p >= limit for p, limit in above] == [
            label in after.labels for label in after.probabilities
        ]
    # a logit of 2 in a text with the word
    assert scaled.predict(["goal"])[0].probabilities["sport"] == pytest.approx(
        torch.tensor(2.0).sigmoid().item()
    )


def test_label_sets_get_a_slope_and_an_offset_for_each_label() -> None:
    cells = [(text, [label, *(["many"] if len(text) > 40 else [])]) for text, label in rows(150)]
    classifier = textcnn.fit(
        [text for text, _ in cells],
        [labels for _, labels in cells],
        model={"name": "multi_width", "num_filters": 4, "embedding_dim": 8},
        text={"min_frequency": 1},
        training={"epochs": 3},
    )
    assert classifier.calibration.slopes is not None
    assert len(classifier.calibration.slopes) == 4
    truth = torch.tensor([[label in labels for label in classifier.labels] for _, labels in cells])
    logits = classifier.logits([text for text, _ in cells])
    before, after = (
        F.binary_cross_entropy(each, truth.float())
        for each in (logits.sigmoid(), classifier.probabilities(logits))
    )
    assert after < before


def test_the_estimator_uses_calibrated_probabilities(tmp_path: Path) -> None:
    texts, labels = zip(*rows(120), strict=True)
    estimator = textcnn.TextClassifier(model="ngrams").fit(list(texts), list(labels))
    classifier = estimator.classifier_
    logits = classifier.logits(TEXTS)
    expected = classifier.probabilities(logits).double().numpy()
    assert np.array_equal(estimator.predict_proba(TEXTS), expected)
    assert not torch.allclose(torch.from_numpy(expected).float(), logits.softmax(dim=1))
    estimator.save(tmp_path / "saved")
    again = textcnn.TextClassifier.load(tmp_path / "saved")
    assert np.array_equal(again.predict_proba(TEXTS), expected)
    assert np.array_equal(again.predict(TEXTS), estimator.predict(TEXTS))


def test_texts_unlike_training_are_flagged(tiny_run: Path, tmp_path: Path) -> None:
    texts = [TEXTS[1], "a moving and beautifully acted film", f"{FILLERS[0]} acted", ""]
    (tmp_path / "texts.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")
    output = tmp_path / "out.jsonl"
    keys = (f"checkpoint={tiny_run}", f"input={tmp_path / 'texts.txt'}", f"output={output}")
    assert run("predict", *keys, "unfamiliar=true") == 0
    lines = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    assert [line["unfamiliar"] for line in lines] == [0, 1, 0.5, 1]
    assert [line["unlike_training"] for line in lines] == [False, True, True, True]


def test_new_ngrams_of_known_words_are_unfamiliar() -> None:
    texts = [f"{a} {b} end" for a in ("good", "fine") for b in ("film", "plot")] * 10
    labels = ["good" if "good" in text else "fine" for text in texts]
    classifier = textcnn.fit(texts, labels, model="ngrams", text={"min_frequency": 1})
    # of 3 words and 4 pairs with the marks of start and end
    shares = classifier.unfamiliar(["good film end", "film good end", "other film end"])
    assert shares.tolist() == pytest.approx([0, 3 / 7, 3 / 7])
    assert classifier.calibration.unfamiliar_limit == 0


def test_words_that_only_vectors_know_are_unfamiliar() -> None:
    classifier = set_classifier(None)
    assert classifier.unfamiliar(["goal actor"]).item() == 0
    classifier.calibration = Calibration(
        seen_ids=classifier.encoder.vocabulary.encode(["actor"])[0]
    )
    assert classifier.unfamiliar(["goal actor"]).item() == 0.5


def test_a_classifier_of_news_flags_sentences_about_films() -> None:
    source = Source(**DataConfig(source="bundled").source_settings(), seed=0)
    splits = load_splits(source, Division(**DataConfig(source="bundled").split_settings(), seed=0))
    train, articles = splits.train, splits.test.texts(60)
    labels = [train.names[label] for label in train.labels[:500].tolist()]
    classifier = textcnn.fit(train.texts(500), labels, model="ngrams", text={"subwords": False})
    limit = classifier.calibration.unfamiliar_limit
    assert limit is not None
    reviews = [
        "a smirking, overwrought melodrama that squanders its gorgeous cinematography",
        "achingly tender and slyly funny, with a luminous turn by its heroine",
        "lugubrious, talky and witless; the twists creak like a haunted staircase",
        "a zany caper whose gags land with a thud",
        "sumptuously photographed but emotionally inert",
        "the screenplay meanders, the dialogue clunks, and the finale fizzles",
    ]
    of_reviews, of_articles = classifier.unfamiliar(reviews), classifier.unfamiliar(articles)
    assert (of_reviews > limit).double().mean() > 0.8
    assert (of_articles > limit).double().mean() < 0.1
