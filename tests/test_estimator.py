"""Training from Python: the same recipe, keys and checkpoints, behind scikit-learn's interface."""

import pickle
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_module
from hydra.core.global_hydra import GlobalHydra
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import check_estimator
from sklearn.utils.validation import check_is_fitted, validate_data
from tiny_data import read_json, rows, run

import textcnn
from textcnn import InputError
from textcnn.config.model import DilatedConfig
from textcnn.config.stored import parse_train_config
from textcnn.estimator import TextClassifier
from textcnn.from_python import fit

pytest_plugins = ("tiny_run",)

TEXTS, LABELS = (list(column) for column in zip(*rows(120), strict=True))
NEW, TRUTH = (list(column) for column in zip(*rows(60, seed=1), strict=True))
SMALL: dict[str, Any] = {
    "model": {"embedding_dim": 8, "num_filters": 4},
    "text": {"min_frequency": 1},
    "training": {"epochs": 3, "batch_size": 20, "patience": None},
    "optimizer": {"learning_rate": 0.03},
}


@pytest.fixture(scope="module")
def fitted() -> TextClassifier:
    return TextClassifier(**SMALL).fit(TEXTS, LABELS)


# fit


def test_a_classifier_is_trained_in_one_call() -> None:
    classifier = fit(TEXTS, LABELS, **SMALL)
    assert isinstance(classifier, textcnn.Classifier)
    right = [p.label == label for p, label in zip(classifier.predict(NEW), TRUTH, strict=True)]
    assert np.mean(right) > 0.7  # one text in ten holds no word of its class


def test_label_sets_give_a_classifier_of_label_sets() -> None:
    classifier = fit(TEXTS, [{label} for label in LABELS], **SMALL)
    assert isinstance(classifier, textcnn.LabelSetClassifier)
    assert classifier.labels == ("film", "sport", "tech")
    assert isinstance(classifier.predict(["goal"])[0].labels, frozenset)


def test_the_package_offers_both_without_importing_them_first() -> None:
    assert textcnn.fit is fit
    assert textcnn.TextClassifier is TextClassifier


@pytest.mark.parametrize("kind", [int, np.bool_])
def test_numbers_are_labels_as_they_are_in_a_file(kind: type) -> None:
    classifier = fit(TEXTS, [kind(label == "film") for label in LABELS], **SMALL)
    assert isinstance(classifier, textcnn.Classifier)
    assert classifier.labels in (("0", "1"), ("False", "True"))


def test_a_trained_classifier_computes_activations_without_dropout() -> None:
    classifier = fit(TEXTS, LABELS, **SMALL)
    batch = classifier.encode(NEW[:3])
    trace = classifier.model.activations(batch.ids, batch.lengths)
    torch.testing.assert_close(trace.logits, classifier.logits(NEW[:3]))


def test_saving_replaces_checkpoints_and_nothing_else(
    fitted: TextClassifier, tmp_path: Path
) -> None:
    fitted.save(tmp_path / "new" / "model")
    fitted.save(tmp_path / "new" / "model")
    with pytest.raises(InputError, match="exists and is not a checkpoint"):
        fitted.save(tmp_path / "new")
    assert (tmp_path / "new" / "model").is_dir()


def test_a_run_directory_is_that_of_the_command_line(tmp_path: Path) -> None:
    classifier = fit(TEXTS, LABELS, run_dir=tmp_path / "run", **SMALL)
    assert {path.name for path in (tmp_path / "run").iterdir()} >= {"best", "last", "metrics.json"}
    metrics = read_json(tmp_path / "run" / "metrics.json")
    assert metrics["test"] is None  # no texts are held out from what is given
    assert metrics["validation"]["examples"] == 12
    assert metrics["data"]["splits"]["train"]["texts"] == 108
    loaded = textcnn.load(tmp_path / "run")
    assert torch.equal(loaded.logits(NEW), classifier.logits(NEW))


def test_evaluate_reads_what_python_saved(
    fitted: TextClassifier, tiny_csv: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    fitted.save(tmp_path / "model")
    keys = (f"checkpoint={tmp_path / 'model'}", f"run_dir={tmp_path / 'out'}")
    assert run("evaluate", *keys, "data=files", f"data.test={tiny_csv}") == 0
    assert read_json(tmp_path / "out" / "evaluation.json")["examples"] == 200
    assert run("evaluate", *keys, "overwrite=true") == 2
    assert "given from Python; give data=files data.test=" in capfd.readouterr().err


@pytest.mark.parametrize("program", ["train", "describe"])
def test_the_command_line_has_no_rows_in_memory(
    program: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    keys = [f"run_dir={tmp_path / 'run'}"] if program == "train" else []
    assert run(program, "data.source=memory", *keys) == 2
    assert "data.source takes bundled, files or hub, got memory" in capfd.readouterr().err


def test_a_run_of_python_is_not_resumed_without_its_rows(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    fit(TEXTS, LABELS, run_dir=tmp_path / "run", **SMALL)
    assert run("train", f"resume={tmp_path / 'run'}") == 2
    assert "these rows were given from Python" in capfd.readouterr().err


def test_pandas_and_numpy_rows_are_taken_as_lists_are() -> None:
    pandas = pytest.importorskip("pandas")
    index = range(1, len(TEXTS) + 1)
    columns = pandas.DataFrame({"text": TEXTS, "label": LABELS}, index=index)
    series = fit(columns["text"], columns["label"], **SMALL)
    arrays = fit(np.array(TEXTS), np.array(LABELS), **SMALL)
    assert torch.equal(series.logits(NEW), arrays.logits(NEW))


def test_nothing_is_printed_and_random_numbers_go_on_as_before(
    capfd: pytest.CaptureFixture[str],
) -> None:
    def draw() -> tuple[float, float, float]:
        return random.random(), float(np.random.rand()), torch.rand(()).item()

    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    expected = [draw(), draw()]
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    first = draw()
    fit(TEXTS, LABELS, **SMALL)
    assert [first, draw()] == expected
    assert capfd.readouterr() == ("", "")


def test_progress_shows_what_training_shows(capfd: pytest.CaptureFixture[str]) -> None:
    fit(TEXTS, LABELS, progress=True, **SMALL)
    shown = capfd.readouterr().out
    assert "epoch 3/3" in shown
    assert "validation accuracy" in shown
    assert "saved in" not in shown  # nothing is, without run_dir


def test_validation_texts_may_be_given(tmp_path: Path) -> None:
    fit(TEXTS, LABELS, validation=(NEW, TRUTH), run_dir=tmp_path / "run", **SMALL)
    metrics = read_json(tmp_path / "run" / "metrics.json")
    assert metrics["validation"]["examples"] == 60


@pytest.mark.parametrize(
    "keys",
    [
        {"model": "dilated", "model__dilations": (1, 2)},
        {"model": {"name": "dilated", "dilations": [1, 2]}},
        {"model": {"name": "dilated"}, "model__dilations": np.array([1, 2])},
    ],
)
def test_an_option_and_its_keys_can_be_written_in_several_ways(
    keys: dict[str, Any], tmp_path: Path
) -> None:
    fit(TEXTS, LABELS, run_dir=tmp_path / "run", training__epochs=1, **keys)
    model = parse_train_config((tmp_path / "run" / "config.yaml").read_text(encoding="utf-8")).model
    assert isinstance(model, DilatedConfig)
    assert model.dilations == [1, 2]


def test_the_same_seed_gives_the_same_logits_and_another_seed_others() -> None:
    one, again, other = (fit(TEXTS, LABELS, seed=seed, **SMALL).logits(NEW) for seed in (0, 0, 1))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


def test_texts_of_no_weight_teach_nothing() -> None:
    """Every text a second time with a wrong label: weights decide which one counts."""
    wrong = [{"film": "sport", "sport": "tech", "tech": "film"}[label] for label in LABELS]
    weights = [1.0] * len(TEXTS) + [0.0] * len(TEXTS)
    settings = SMALL | {"data": {"duplicates": "keep"}, "validation": (NEW, TRUTH)}
    for labels in (LABELS + wrong, wrong + LABELS):
        classifier = fit(TEXTS * 2, labels, sample_weight=weights, **settings)
        assert isinstance(classifier, textcnn.Classifier)
        said = [prediction.label for prediction in classifier.predict(TEXTS)]
        right = [mine == given for mine, given in zip(said, labels, strict=False)]
        assert np.mean(right) > 0.7
        settings["validation"] = None


# What is refused


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"modle": "nin"}, "modle='nin' is not a key; the keys are model, text, optimizer"),
        ({"model": "nine"}, "model takes "),
        ({"model__num_filtres": 5}, "did you mean model.num_filters?"),
        ({"model__num_filters": 0}, "model.num_filters takes a whole number, at least 1"),
        ({"training": {"epochs": "many"}}, "training.epochs takes a whole number"),
        ({"data": "imdb"}, "the texts are given here"),
        ({"training": 5}, "training takes keys of its own, got 5"),
        ({"data": {"train": "x.csv"}}, "data.train is for the command line"),
        ({"data__folds": 5}, "data.folds is for the command line"),
    ],
)
def test_wrong_keys_are_refused_in_the_words_of_the_command_line(
    keys: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError) as refused:
        fit(TEXTS, LABELS, **keys)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_directory_that_holds_a_run_is_refused(tiny_run: Path) -> None:
    with pytest.raises(InputError, match="is in use; give a new directory"):
        fit(TEXTS, LABELS, run_dir=tiny_run, **SMALL)


@pytest.mark.parametrize(
    ("texts", "labels", "message"),
    [
        ("goal", ["film"], "expected a list of strings, got 'goal'"),
        ([], [], "no rows"),
        (["a", "b"], ["x"], "2 texts, but 1 labels"),
        (["a", None], ["x", "y"], "row 2: the text must be a string, got None"),
        (["a", "b"], ["x", ""], "row 2"),
        (["a", "b"], None, "expected a list of labels, got None"),
        (["a", "b"], "xy", "expected a list of labels, got 'xy'"),
        (np.array([["a"], ["b"]]), ["x", "y"], "got an array of shape (2, 1)"),
        (TEXTS, ["one"] * len(TEXTS), "only one class"),
    ],
)
def test_wrong_rows_are_refused_by_number(texts: Any, labels: Any, message: str) -> None:
    with pytest.raises(InputError) as refused:
        fit(texts, labels, **SMALL)
    assert message in str(refused.value)


@pytest.mark.parametrize("validation", [0.2, (NEW, TRUTH, [1.0]), {"texts": NEW}])
def test_validation_takes_texts_and_labels(validation: Any) -> None:
    with pytest.raises(InputError, match=r"validation takes \(texts, labels\), got"):
        fit(TEXTS, LABELS, validation=validation, **SMALL)


# The process that trains


def test_iterators_are_read_once_and_whole() -> None:
    listed = fit(TEXTS, LABELS, **SMALL).logits(NEW)
    assert torch.equal(fit(iter(TEXTS), iter(LABELS), **SMALL).logits(NEW), listed)  # type: ignore[call-overload]


def test_threads_that_train_wait_for_each_other() -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    with ThreadPoolExecutor(3) as pool:
        trained = list(pool.map(lambda _: fit(TEXTS, LABELS, **SMALL).logits(NEW), range(3)))
    assert all(torch.equal(logits, trained[0]) for logits in trained)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_hydra_program_can_train_and_keeps_its_own_state(tmp_path: Path) -> None:
    with initialize_config_module("textcnn.configs", version_base="1.3"):
        hydra = GlobalHydra.instance().hydra
        fit(TEXTS, LABELS, **SMALL)
        assert GlobalHydra.instance().hydra is hydra
        assert compose("predict").batch_size is None


def test_accelerate_is_left_for_the_program_to_set_up() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import textcnn\nfrom accelerate import Accelerator\n"
            "textcnn.fit(['a b', 'c d'] * 20, ['x', 'y'] * 20, training={'epochs': 1})\n"
            "print(Accelerator(mixed_precision='bf16', cpu=True).mixed_precision)",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "bf16\n", done.stderr


@pytest.mark.parametrize("names", [("sci fi", "好"), ("null", "True"), ("a:b", "1")])
def test_classes_of_any_name_can_be_weighted(names: tuple[str, str], tmp_path: Path) -> None:
    labels = [names[label == "film"] for label in LABELS]
    settings = SMALL | {"training": {"epochs": 1, "class_weights": {names[0]: 2, names[1]: 0.5}}}
    classifier = fit(TEXTS, labels, run_dir=tmp_path / "run", **settings)
    assert set(classifier.labels) == set(names)
    stored = parse_train_config((tmp_path / "run" / "config.yaml").read_text(encoding="utf-8"))
    assert stored.training.class_weights == {names[0]: 2, names[1]: 0.5}


def test_the_names_of_the_package_are_listed() -> None:
    assert {"fit", "load", "TextClassifier", "Classifier"} <= set(dir(textcnn))


# scikit-learn


def test_probabilities_are_in_the_order_of_the_classes(fitted: TextClassifier) -> None:
    assert [*fitted.classes_] == ["film", "sport", "tech"]
    probabilities = fitted.predict_proba(NEW)
    assert probabilities.shape == (60, 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, atol=1e-6)
    said = fitted.predict(np.array(NEW, dtype=object))
    assert (said == fitted.classes_[probabilities.argmax(axis=1)]).all()
    assert fitted.score(NEW, TRUTH) == np.mean(said == np.array(TRUTH)) > 0.7


@pytest.mark.parametrize("kind", [float, bool, np.int8])
def test_labels_keep_their_type(kind: type, tmp_path: Path) -> None:
    numbers = np.array([kind(label == "film") for label in LABELS])
    estimator = TextClassifier(**SMALL).fit(TEXTS, numbers)
    assert estimator.classes_.dtype == numbers.dtype
    assert estimator.predict(NEW).dtype == numbers.dtype
    estimator.save(tmp_path / "model")
    loaded = TextClassifier.load(tmp_path / "model")
    assert (loaded.predict(NEW) == estimator.predict(NEW)).all()


def test_an_indicator_matrix_is_learned_as_label_sets() -> None:
    matrix = np.array([[label == name for name in ("film", "sport", "none")] for label in LABELS])
    estimator = TextClassifier(**SMALL).fit(TEXTS, matrix.astype(int))
    said = estimator.predict(NEW)
    assert said.shape == (60, 3)
    assert set(np.unique(said)) <= {0, 1}
    assert said[:, 2].max() == 0  # in no training text
    assert np.mean(said[:, 0] == [label == "film" for label in TRUTH]) > 0.7


def test_it_is_cloned_with_its_parameters() -> None:
    estimator = TextClassifier(model__num_filters=4, training={"epochs": 1}, seed=7)
    copy = clone(estimator)
    assert copy.get_params() == estimator.get_params()
    assert copy.get_params()["model__num_filters"] == 4
    copy.set_params(model__num_filters=6, text__unit="word")
    assert copy.get_params()["model__num_filters"] == 6
    assert estimator.get_params()["model__num_filters"] == 4
    with pytest.raises(ValueError, match="Invalid parameter 'models__depth'"):
        copy.set_params(models__depth=3)
    with pytest.raises(ValueError, match="Invalid parameter 'epochs'"):
        TextClassifier(epochs=3)


def test_a_fit_that_fails_leaves_the_earlier_one_whole(fitted: TextClassifier) -> None:
    copy = pickle.loads(pickle.dumps(fitted))  # noqa: S301 - our own
    expected = copy.predict_proba(NEW)
    with pytest.raises(InputError):
        copy.fit(TEXTS, ["one"] * len(TEXTS))
    with pytest.raises(InputError):
        copy.set_params(model__num_filters=-1).fit(TEXTS, ["u", "v"] * 60)
    np.testing.assert_array_equal(copy.predict_proba(NEW), expected)
    assert [*copy.classes_] == ["film", "sport", "tech"]


def test_it_takes_part_in_pipelines_and_searches() -> None:
    strip = FunctionTransformer(lambda texts: [text.strip() for text in texts])
    search = GridSearchCV(
        make_pipeline(strip, TextClassifier(**SMALL)),
        {"textclassifier__model__num_filters": [1, 4], "textclassifier__seed": [3]},
        cv=2,
    )
    search.fit(TEXTS, LABELS)
    assert set(search.best_params_) == {
        "textclassifier__model__num_filters",
        "textclassifier__seed",
    }
    assert search.score(NEW, TRUTH) > 0.5


def test_cross_validated_predictions_are_probabilities() -> None:
    made = cross_val_predict(TextClassifier(**SMALL), TEXTS, LABELS, cv=2, method="predict_proba")
    assert made.shape == (120, 3)


def test_it_is_pickled_by_its_checkpoint(fitted: TextClassifier) -> None:
    copy = pickle.loads(pickle.dumps(fitted))  # noqa: S301 - our own
    np.testing.assert_allclose(copy.predict_proba(NEW), fitted.predict_proba(NEW), atol=1e-6)


def test_loaded_estimators_predict_as_before(fitted: TextClassifier, tmp_path: Path) -> None:
    fitted.save(tmp_path / "model")
    loaded = TextClassifier.load(tmp_path / "model")
    assert loaded.classes_.tolist() == fitted.classes_.tolist()
    assert (loaded.predict(NEW) == fitted.predict(NEW)).all()
    assert loaded.get_params() == fitted.get_params()
    log = loaded.predict_log_proba(NEW)
    np.testing.assert_allclose(np.exp(log), loaded.predict_proba(NEW))


# scikit-learn's own checks


class WordsOfNumbers(TextClassifier):
    """Takes rows of numbers, as the checks give them, and reads a word for each number."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "WordsOfNumbers":  # type: ignore[override]  # noqa: N803
        super().fit(words(validate_data(self, X)), y, sample_weight)
        return self

    def predict_proba(self, X: Any) -> np.ndarray:  # noqa: N803
        check_is_fitted(self)
        return super().predict_proba(words(validate_data(self, X, reset=False)))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = tags.input_tags.one_d_array = False
        tags.input_tags.two_d_array = True
        tags.classifier_tags.poor_score = True  # one epoch, and words say little of numbers
        return tags


def words(numbers: np.ndarray) -> list[str]:
    return [
        " ".join(f"column{column}_{value:.0f}" for column, value in enumerate(row))
        for row in numbers.astype(float)
    ]


EXCLUDED = {
    "check_do_not_raise_errors_in_init_or_set_params": (
        "a key that doesn't exist is refused when it is given, not when the model is fitted"
    ),
    "check_sample_weight_equivalence_on_dense_data": (
        "batches and validation texts are drawn at random, so a weight of 2 is not bit for bit a "
        "text given twice"
    ),
}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_it_passes_the_checks_of_scikit_learn() -> None:
    """All of them but EXCLUDED and, for text, those that are about rows of numbers.

    The checks give rows of numbers, so a subclass turns them into words.
    """
    quick: dict[str, Any] = {
        "model": {"embedding_dim": 4, "num_filters": 4, "ngrams": 0},
        "text": {"min_frequency": 1},
        "training": {"epochs": 1},
    }
    results = check_estimator(
        WordsOfNumbers(**quick), on_fail=None, on_skip=None, expected_failed_checks=EXCLUDED
    )
    failed = {each["check_name"] for each in results if each["status"] == "failed"}
    excluded = {each["check_name"] for each in results if each["status"] == "xfail"}
    assert failed == set()
    assert excluded == set(EXCLUDED)
    assert sum(each["status"] == "passed" for each in results) > 50
