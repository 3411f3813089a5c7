"""Classifiers that are copied, pickled, forked, sent to processes and shared by threads."""

import copy
import multiprocessing
import os
import pickle
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch
from tiny_models import IDS, build
from tiny_sets import set_classifier

from textcnn.inference import AnyClassifier, build_classifier
from textcnn.system.chunks import MIN_ALL_THREADS
from textcnn.text.encoder import TextEncoder
from textcnn.text.tokenizers import build_tokenizer
from textcnn.text.vocabulary import SPECIALS, Vocabulary

TEXTS = ["goal team actor", "", "chip code " * 20, "nothing known", "actor actor goal"]
LONG = ["goal chip " * (MIN_ALL_THREADS // 5)]  # one text that uses all of torch's threads
KINDS = ["one class", "label sets"]


def classifier_of(kind: str, table_memory: int) -> AnyClassifier:
    if kind == "label sets":
        sets = set_classifier()
        return build_classifier(
            sets.model, sets.encoder, sets.labels, sets.raw_thresholds, table_memory=table_memory
        )
    model = build("multi_width")
    words = ("goal", "team", "chip", "code", "actor", *"abcdefgh")[: IDS - len(SPECIALS)]
    tokenizer = build_tokenizer("word", tokenizer="basic_english")
    encoder = TextEncoder(tokenizer, Vocabulary(words), None, "head")
    return build_classifier(model.eval(), encoder, "xyz", None, table_memory=table_memory)


@pytest.fixture(params=[(kind, memory) for kind in KINDS for memory in (0, 16)], ids=str)
def classifier(request: pytest.FixtureRequest) -> AnyClassifier:
    made = classifier_of(*request.param)
    assert (made.tables is not None) == (request.param[1] > 0)
    return made


@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))],  # noqa: S301
    ids=["copy", "deepcopy", "pickle"],
)
def test_a_copy_predicts_the_same(
    classifier: AnyClassifier, copied: Callable[[AnyClassifier], AnyClassifier]
) -> None:
    expected = classifier.predict(TEXTS)
    twin = copied(classifier)
    assert type(twin) is type(classifier)
    assert twin.predict(TEXTS) == expected
    assert (twin.network is twin.tables) == (classifier.network is classifier.tables)
    assert classifier.predict(TEXTS) == expected


def test_a_deep_copy_has_weights_of_its_own(classifier: AnyClassifier) -> None:
    expected = classifier.predict(TEXTS)
    twin = copy.deepcopy(classifier)
    with torch.no_grad():
        twin.model.embedding.table.weight.zero_()
        twin.model.head.bias.add_(1)
    assert classifier.predict(TEXTS) == expected
    assert twin.predict(TEXTS) != expected


def test_a_pickle_holds_no_rows_of_tables() -> None:
    classifier = classifier_of("one class", 16)
    classifier.predict(TEXTS)
    table: Any = classifier.tables.table  # type: ignore[union-attr]
    assert table.ready.any()
    assert not any(isinstance(each, torch.Tensor) for each in table.__getstate__().values())


def test_threads_get_the_same_answers(classifier: AnyClassifier) -> None:
    texts = [text for text in TEXTS for _ in range(20)]
    expected = classifier.predict(texts)
    fresh = copy.deepcopy(classifier)  # whose tables are filled by all threads at once
    with ThreadPoolExecutor(8) as pool:
        for answers in pool.map(fresh.predict, [texts] * 16):
            assert answers == expected


def test_a_forked_process_gets_the_same_answers_although_torch_has_threads(
    classifier: AnyClassifier,
) -> None:
    torch.set_num_threads(2)
    expected = classifier.predict(LONG)  # starts torch's threads, which a fork doesn't inherit
    child = os.fork()
    if child == 0:
        same = classifier.predict(LONG) == expected and torch.get_num_threads() == 1
        os._exit(0 if same else 3)
    end = time.monotonic() + 60
    while (done := os.waitpid(child, os.WNOHANG))[0] == 0:
        if time.monotonic() > end:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            pytest.fail("the forked process hangs")
        time.sleep(0.01)
    assert os.waitstatus_to_exitcode(done[1]) == 0


def predicted(classifier: AnyClassifier, answers: Any) -> None:
    answers.put(classifier.predict(TEXTS))


def test_a_spawned_process_gets_the_same_answers() -> None:
    classifier = classifier_of("one class", 16)
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    process = context.Process(target=predicted, args=(classifier, answers))
    process.start()
    assert answers.get(timeout=120) == classifier.predict(TEXTS)
    process.join()
    assert process.exitcode == 0
