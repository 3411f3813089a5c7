"""The linear baselines of `make reproduce`."""

import numpy as np
import pytest
from baselines import BASELINES, fit, log_ratio, tokens
from scipy.sparse import csr_matrix
from tiny_data import rows


def test_the_log_ratio_of_naive_bayes_by_hand() -> None:
    counts = csr_matrix(np.array([[1, 0], [1, 1], [0, 1]]))
    # p = 1 + (2, 1), q = 1 + (0, 1): r = log((3/5) / (1/3)), log((2/5) / (2/3))
    ratio = log_ratio(counts, np.array([True, True, False]))
    np.testing.assert_allclose(ratio, np.log([9 / 5, 3 / 5]))


def test_tokens_are_words_and_single_punctuation_marks() -> None:
    assert tokens("It's NOT bad!! 3.5") == ["it's", "not", "bad", "!", "!", "3", ".", "5"]


@pytest.mark.parametrize("name", ["svm", "nbsvm", "fasttext"])
@pytest.mark.parametrize("classes", [2, 3])
def test_a_baseline_learns_the_words_of_a_class(name: str, classes: int) -> None:
    if not BASELINES[name].installed:
        pytest.skip(f"needs {BASELINES[name].module}")
    names = ("film", "sport", "tech")[:classes]
    drawn = [(text, names.index(label)) for text, label in rows(300) if label in names]
    texts, labels = [text for text, _ in drawn], np.array([label for _, label in drawn])
    fitted = fit(name, (texts[20:], labels[20:]), (texts[:20], labels[:20]), 2, seed=0)
    words = ["actor scene plot", "goal match team", "chip code disk"][:classes]
    assert fitted.model.predict(words).tolist() == list(range(classes))
    assert fitted.choice in BASELINES[name].choices
    assert fitted.model.size > 0
