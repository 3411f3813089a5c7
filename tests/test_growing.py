"""Runs that start from a checkpoint: `init_from`."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from interrupted import interrupt_at
from tiny_data import (
    assert_same_run,
    curves,
    error_line,
    forge_config,
    read_json,
    refusal,
    resume,
    rows,
    run,
    write_csv,
)

import textcnn
from textcnn.config.compose import config_from_keys, given_keys
from textcnn.data.sources.memory import Rows
from textcnn.inference import AnyClassifier, load
from textcnn.models.ngrams.index import NgramIndex
from textcnn.models.ngrams.ngrams import Ngrams
from textcnn.system.terminal import build_console
from textcnn.training.growing.classes import ClassMap
from textcnn.training.growing.ngrams import merge_indices
from textcnn.training.growing.settings import grown_config
from textcnn.training.many_runs.members import EnsembleRun
from textcnn.training.recipe import TrainingRun
from textcnn.training.runs import build_run

pytest_plugins = ("tiny_run",)

OLD = rows(120)
# `tech` has no new texts; `music` is a new class with new words
NEW = [pair for pair in rows(120, seed=1) if pair[1] != "tech"]
NEW += [(f"song tune filler{number % 9} guitar", "music") for number in range(40)]
SMALL: dict[str, Any] = {"min_frequency": 1, "subwords": False}
FAMILIES: dict[str, dict[str, Any]] = {
    "network and n-grams": {
        "model": {"name": "cnn_ngrams", "num_filters": 4, "embedding_dim": 8},
        "text": SMALL,
    },
    "n-grams alone": {"model": "ngrams", "text": SMALL},
    "n-grams and subwords": {"model": "ngrams", "text": {"min_frequency": 1}},
    "n-grams by gradients": {
        "model": {"name": "ngrams", "ngram_solver": "gradient"},
        "text": SMALL,
    },
    "tf-idf": {"model": {"name": "ngrams", "ngram_scaling": "tf_idf"}, "text": SMALL},
    "characters": {
        "text": "char",
        "model": {"name": "char_cnn_tiny"},
        "training__batch_size": 64,
    },
    "regions": {"model": {"name": "onehot_cnn", "num_filters": 4}, "text": SMALL},
    "recurrent": {"model": {"name": "lstm", "hidden_size": 4, "embedding_dim": 8}, "text": SMALL},
    "members": {
        "model": {"name": "cnn_ngrams", "num_filters": 4, "embedding_dim": 8},
        "text": SMALL,
        "training__members": 2,
    },
}
# not those that learn from the new texts what the old ones can't tell before they start
START_EQUAL = [
    "network and n-grams",
    "n-grams alone",
    "n-grams by gradients",
    "characters",
    "regions",
    "recurrent",
]
AFTER = ["network and n-grams", "n-grams and subwords", "tf-idf", "members"]


def divided(pairs: list[tuple[str, Any]]) -> tuple[list[str], list[Any]]:
    texts, labels = zip(*pairs, strict=True)
    return list(texts), list(labels)


@pytest.fixture(scope="module")
def origins(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The run directory of a small model of each family, trained on OLD when it is first needed."""
    root, made = tmp_path_factory.mktemp("origins"), dict[str, Path]()

    def origin(family: str) -> Path:
        if family not in made:
            made[family] = root / family
            keys: dict[str, Any] = {"training__epochs": 1, "baseline": False}
            textcnn.fit(*divided(OLD), run_dir=made[family], **keys | FAMILIES[family])
        return made[family]

    return origin


def begun(path: Path, run_dir: Path, **keys: Any) -> TrainingRun:
    """A run on NEW that starts from a checkpoint, before its training."""
    keys = {"init_from": str(path), "baseline": False, **keys}
    config = grown_config(config_from_keys(keys), given_keys(keys))
    memory = {"train": Rows(*divided(NEW))}
    quiet = build_console(quiet=True)
    return build_run(config, run_dir, console=quiet, memory=memory, keep=False)


def of(classifier: AnyClassifier, texts: list[str], labels: list[str]) -> torch.Tensor:
    """The logits of some classes: (texts, labels)."""
    places = [classifier.labels.index(label) for label in labels]
    return classifier.logits(texts)[:, places]


@pytest.mark.parametrize("family", START_EQUAL)
def test_a_run_starts_with_the_logits_of_the_checkpoint(
    family: str, origins: Callable[[str], Path], tmp_path: Path
) -> None:
    begun_run = begun(origins(family), tmp_path / "run")
    before = load(origins(family), table_memory=0)
    assert begun_run.classifier.labels == ("film", "music", "sport", "tech")
    known = ["film", "sport", "tech"]
    texts = [*divided(OLD)[0], ""]
    got, expected = of(begun_run.classifier, texts, known), of(before, texts, known)
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-4)
    assert set(before.encoder.vocabulary.tokens) <= set(
        begun_run.classifier.encoder.vocabulary.tokens
    )


@pytest.mark.parametrize("family", AFTER)
def test_new_and_old_classes_are_predicted_after_it(
    family: str, origins: Callable[[str], Path], tmp_path: Path
) -> None:
    grown = textcnn.fit(
        *divided(NEW),
        init_from=str(origins(family)),
        training={"epochs": 1, "batch_size": 8},
        optimizer={"learning_rate": 0.02},
        baseline=False,
        run_dir=tmp_path / "run",
    )
    growth = read_json(tmp_path / "run" / "metrics.json")["init_from"]
    assert growth["new"] == ["music"]
    assert growth["without_texts"] == ["tech"]
    assert growth["kept"] == ["film", "sport", "tech"]
    assert growth["tokens"]["new"] == 3
    assert grown.predict(["song tune guitar"])[0].label == "music"
    assert growth["forgetting"]["validation"]["texts"] == 8
    assert load(tmp_path / "run").labels == ("film", "music", "sport", "tech")


def test_n_grams_keep_old_counts_and_words(origins: Callable[[str], Path], tmp_path: Path) -> None:
    old = load(origins("n-grams alone")).model
    begun_run = begun(origins("n-grams alone"), tmp_path / "run")
    new = begun_run.classifier.model
    assert isinstance(new, Ngrams)
    texts = int(new.texts) - int(old.texts)
    train_rows = begun_run.data.splits.train
    known = begun_run.origin.known.has_text(train_rows.text_hashes) if begun_run.origin else None
    assert known is not None
    assert texts == len(train_rows) - known.sum()  # known texts are not counted again
    goal = [
        each.encoder.vocabulary.encode(["goal"])[0]
        for each in (begun_run.classifier, load(origins("n-grams alone")))
    ]
    assert int(new.counts[goal[0]].sum()) > int(old.counts[goal[1]].sum())
    assert int(new.counts[goal[0], 3]) == int(old.counts[goal[1], 2])  # of tech


def test_merged_indices_hold_the_n_grams_of_both() -> None:
    first = NgramIndex.learn(lambda: [batch([2, 3, 4])], 5, 3)
    second = NgramIndex.learn(lambda: [batch([2, 3, 5]), batch([5, 2, 2])], 6, 3)
    ids = torch.tensor([0, 1, 4, 3, 2])  # 2 and 4 change places
    index, (of_first, of_second) = merge_indices([(first, ids), (second, torch.arange(6))], 6)
    assert index.is_sound()
    for part, numbers, names in ((first, of_first, ids.tolist()), (second, of_second, range(6))):
        for number in range(len(part)):
            renamed = [names[each] for each in part.tokens(number)]
            assert index.tokens(int(numbers[number])) == renamed
    both = {tuple(index.tokens(n)) for n in range(6, len(index))}
    assert len(both) == len(index.keys)


def batch(ids: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.tensor([ids]), torch.tensor([len(ids)])


def test_merged_classes_have_mean_weights_and_summed_counts() -> None:
    classes = ClassMap.of(["ab", "c", "new"], ["a", "b", "c"], ["ab", "ab", "c"])
    assert classes.parts == ((0, 1), (2,), ())
    assert classes.new == ["new"]
    assert classes.place_of() == [0, 0, 1]
    assert classes.mixed(torch.tensor([[1.0, 3.0, 5.0]])).tolist() == [[2.0, 5.0, 0.0]]
    assert classes.mixed_biases(torch.tensor([1.0, 3.0, 5.0])).tolist() == pytest.approx(
        [2 + 0.6931472, 5, 0]
    )
    counts = torch.tensor([[1, 2, 3]], dtype=torch.int32)
    assert classes.summed(counts).tolist() == [[3, 3, 0]]


def test_renamed_and_merged_classes(tiny_run: Path, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "new.csv", rows(90, seed=2))
    rename = "data.rename={film: fun, sport: fun, tech: 'hard, soft'}"
    assert grow(tiny_run, file, tmp_path / "run", rename) == 0
    metrics = read_json(tmp_path / "run" / "metrics.json")
    assert load(tmp_path / "run").labels == ("fun", "hard, soft")
    assert metrics["init_from"]["renamed"] == {"tech": "hard, soft"}
    assert metrics["init_from"]["merged"] == {"fun": ["film", "sport"]}
    assert metrics["init_from"]["forgetting"]["old_test"]["before"] > 0.8


def grow(start: Path, file: Path, run_dir: Path, *overrides: str) -> int:
    data = ("data=files", f"data.train={file}", "training.epochs=2", "training.patience=null")
    keys = (f"init_from={start}", f"run_dir={run_dir}", "training.batch_size=16", "baseline=false")
    return run("train", *data, *keys, *overrides)


@pytest.fixture(scope="module")
def grown_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_csv(tmp_path_factory.mktemp("grown") / "new.csv", NEW)


@pytest.fixture(scope="module")
def grown_run(tiny_run: Path, grown_csv: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run_dir = tmp_path_factory.mktemp("grown") / "run"
    assert grow(tiny_run, grown_csv, run_dir) == 0
    return run_dir


def test_forgetting_is_measured_on_the_old_test_texts_too(grown_run: Path) -> None:
    forgetting = read_json(grown_run / "metrics.json")["init_from"]["forgetting"]
    assert set(forgetting) == {"validation", "test", "old_test"}
    old = {each["label"]: each for each in forgetting["old_test"]["classes"]}
    assert set(old) == {"film", "sport", "tech"}
    assert forgetting["old_test"]["texts"] == sum(each["texts"] for each in old.values())
    shown = curves(grown_run)
    assert {"old_classes/old_test/text_summary", "growth/text_summary"} <= set(
        shown.Tags()["tensors"]
    )
    before, after = (point.value for point in shown.Scalars("old_classes/old_test"))
    assert before == pytest.approx(forgetting["old_test"]["before"])
    assert after == pytest.approx(forgetting["old_test"]["after"])


def test_a_resumed_run_equals_an_uninterrupted_one(
    tiny_run: Path,
    grown_csv: Path,
    grown_run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run_dir = tmp_path / "run"
    with monkeypatch.context() as patch:
        interrupt_at(patch, 9)
        assert grow(tiny_run, grown_csv, run_dir) == 130
    assert resume(run_dir) == 0
    assert_same_run(run_dir, grown_run)


def test_resume_refuses_another_start(
    copied_run: Path,
    grown_csv: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with monkeypatch.context() as patch:
        interrupt_at(patch, 9)
        assert grow(copied_run, grown_csv, tmp_path / "grown") == 130
    shutil.rmtree(copied_run / "best")
    shutil.copytree(copied_run / "last", copied_run / "best")
    (copied_run / "best" / "training_state.pt").unlink()
    capfd.readouterr()
    assert resume(tmp_path / "grown") == 2
    assert "has changed since the run began; restore it, or start a new run" in error_line(capfd)


def test_evaluate_reproduces_the_test_of_a_grown_run(
    grown_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("evaluate", f"checkpoint={grown_run}", f"run_dir={tmp_path / 'e'}") == 0
    assert "reproduced: training reported the same" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (("model=dilated",), "was trained with model=multi_width, got dilated; leave model out"),
        (
            ("model.num_filters=9",),
            "was trained with model.num_filters=4, got 9; leave model.num_filters out",
        ),
        (("text=char",), "was trained with text=word, got char; leave text out"),
        (("training.members=3",), "was trained with training.members=1, got 3"),
        (("data.multi_label=true",), "was trained with data.multi_label=false, got true"),
        (("data.rename={flm: x}",), "have no class 'flm' (did you mean 'film'?)"),
    ],
)
def test_what_does_not_fit_the_checkpoint_is_refused_in_one_line(
    keys: tuple[str, ...],
    said: str,
    tiny_run: Path,
    grown_csv: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert grow(tiny_run, grown_csv, tmp_path / "run", *keys) == 2
    assert said in error_line(capfd)
    assert not (tmp_path / "run").exists()


def test_a_missing_or_damaged_start_is_refused_in_one_line(
    copied_run: Path, grown_csv: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run_dir = tmp_path / "grown"
    assert grow(tmp_path / "nowhere", grown_csv, run_dir) == 2
    assert error_line(capfd).startswith(f"init_from={tmp_path / 'nowhere'}: checkpoint ")
    forge_config(copied_run / "best", "num_filters: 4", "num_filters: 5")
    assert grow(copied_run, grown_csv, run_dir) == 2
    assert "don't fit" in error_line(capfd)
    (copied_run / "best" / "model.safetensors").write_bytes(b"\0" * 40)
    assert grow(copied_run, grown_csv, run_dir) == 2
    assert "is damaged or was changed" in error_line(capfd)
    assert grow(copied_run, grown_csv, copied_run, "overwrite=true") == 2
    assert "give another run_dir" in error_line(capfd)


def test_label_sets_keep_their_labels(tmp_path: Path) -> None:
    texts = ["a b", "b c", "a c", "a", "b", "c"] * 8
    old = [[letter for letter in text.split() if letter != "c"] for text in texts]
    new = [[letter for letter in text.split() if letter != "a"] for text in texts]
    keys: dict[str, Any] = {"baseline": False, "training": {"epochs": 1}}
    textcnn.fit(texts, old, model="ngrams", text=SMALL, run_dir=tmp_path / "old", **keys)
    grown = textcnn.fit(texts, new, init_from=str(tmp_path / "old"), **keys)
    assert grown.labels == ("a", "b", "c")
    with pytest.raises(textcnn.InputError, match=r"data\.multi_label=true, got false"):
        textcnn.fit(texts, [text[0] for text in texts], init_from=str(tmp_path / "old"), **keys)


def test_the_estimator_starts_from_a_checkpoint(tiny_run: Path) -> None:
    estimator = textcnn.TextClassifier(init_from=tiny_run, training__epochs=1)
    estimator.fit(*divided(NEW))
    assert "init_from" in estimator.get_params()
    assert estimator.predict(["goal match team"])[0] == "sport"


def test_an_ensemble_starts_each_member_from_its_own(
    origins: Callable[[str], Path], tmp_path: Path
) -> None:
    begun_run = begun(origins("members"), tmp_path / "run")
    assert isinstance(begun_run, EnsembleRun)
    assert begun_run.origin is not None
    first, second = (begun_run.origin.network_weights(member) for member in (1, 2))
    assert first.keys() == second.keys()
    assert not torch.equal(first["head.weight"], second["head.weight"])
    assert refusal(lambda: begun(origins("members"), tmp_path / "x", training__members=3)).endswith(
        "leave training.members out, or train without init_from"
    )
