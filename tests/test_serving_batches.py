"""Texts of many requests in one batch."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textcnn.serving.batcher import MOST_CHARACTERS, Batcher
from textcnn.serving.metrics import Metrics

Parts = Sequence[tuple[Sequence[str], str]]


class Recorder:
    """Answers each text with itself and the option, and records the batches."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.may_go = threading.Event()
        self.may_go.set()

    def __call__(self, parts: Parts) -> list[list[str]]:
        self.may_go.wait()
        self.batches.append([text for texts, _ in parts for text in texts])
        if any("bad" in texts for texts, _ in parts):
            raise ValueError("bad")
        return [[text + option for text in texts] for texts, option in parts]


def with_batcher(
    test: Callable[[Batcher[str], Recorder], Coroutine[Any, Any, None]], **settings: Any
) -> Metrics:
    metrics, recorder = Metrics(), Recorder()
    with ThreadPoolExecutor(1) as thread:
        batcher = Batcher(recorder, thread, metrics, **{"batch_size": 4} | settings)
        asyncio.run(test(batcher, recorder))
    return metrics


async def settle() -> None:
    """Let the tasks run until they wait for the thread."""
    for _ in range(5):
        await asyncio.sleep(0)


def waiting(metrics: Metrics) -> float | None:
    return metrics.registry.get_sample_value("textcnn_waiting_texts")


def test_texts_that_arrive_during_a_batch_are_the_next_one() -> None:
    async def test(batcher: Batcher[str], recorder: Recorder) -> None:
        recorder.may_go.clear()
        asked = [asyncio.create_task(batcher.answers([text], "!")) for text in "abcdef"]
        await settle()
        recorder.may_go.set()
        assert await asyncio.gather(*asked) == [[text + "!"] for text in "abcdef"]
        # all six ask before the first batch begins, which takes four
        assert recorder.batches == [["a", "b", "c", "d"], ["e", "f"]]

    metrics = with_batcher(test)
    assert waiting(metrics) == 0
    assert metrics.registry.get_sample_value("textcnn_batch_texts_sum") == 6


def test_a_single_text_does_not_wait_for_all_texts_of_a_request_before() -> None:
    async def test(batcher: Batcher[str], recorder: Recorder) -> None:
        recorder.may_go.clear()
        many = asyncio.create_task(batcher.answers([*"abcdefghijkl"], ""))
        await settle()
        one = asyncio.create_task(batcher.answers(["z"], ""))
        await settle()
        recorder.may_go.set()
        assert await one == ["z"]
        assert await many == [*"abcdefghijkl"]
        assert "z" in recorder.batches[1]

    with_batcher(test)


def test_a_request_that_fails_fails_alone() -> None:
    async def test(batcher: Batcher[str], recorder: Recorder) -> None:
        asked = [batcher.answers([text], "") for text in ("a", "bad", "c")]
        first, failed, last = await asyncio.gather(*asked, return_exceptions=True)
        assert (first, last) == (["a"], ["c"])
        assert isinstance(failed, ValueError)
        assert await batcher.answers(["d"], "") == ["d"]

    with_batcher(test)


def test_the_rest_of_a_failed_request_is_dropped() -> None:
    async def test(batcher: Batcher[str], recorder: Recorder) -> None:
        with pytest.raises(ValueError, match="bad"):
            await batcher.answers(["bad", *"abcdefgh"], "")
        await settle()
        assert recorder.batches == [["bad", "a", "b", "c"]]

    assert waiting(with_batcher(test)) == 0


def test_a_cancelled_request_is_not_computed() -> None:
    async def test(batcher: Batcher[str], recorder: Recorder) -> None:
        recorder.may_go.clear()
        first = asyncio.create_task(batcher.answers(["a"], ""))
        await settle()
        cancelled = asyncio.create_task(batcher.answers(["b"], ""))
        await settle()
        cancelled.cancel()
        recorder.may_go.set()
        assert await first == ["a"]
        assert await batcher.answers(["c"], "") == ["c"]
        assert recorder.batches == [["a"], ["c"]]

    assert waiting(with_batcher(test)) == 0


def test_long_texts_are_batches_of_their_own() -> None:
    long = "x" * MOST_CHARACTERS

    async def test(batcher: Batcher[str], recorder: Recorder) -> None:
        await batcher.answers([long, long, "a", "b"], "")
        assert [len(batch) for batch in recorder.batches] == [1, 1, 2]

    with_batcher(test)


def test_waiting_between_batches_gathers_more_texts_and_an_idle_server_does_not_wait() -> None:
    async def test(batcher: Batcher[str], recorder: Recorder) -> None:
        loop = asyncio.get_running_loop()
        start = loop.time()
        await batcher.answers(["a"], "")
        assert loop.time() - start < batcher.wait
        recorder.may_go.clear()
        asked = [asyncio.create_task(batcher.answers([text], "")) for text in "bcdef"]
        await settle()
        recorder.may_go.set()
        await asyncio.sleep(0)
        await asked[0]  # the first batch of four
        asked.append(asyncio.create_task(batcher.answers(["g"], "")))
        await asyncio.gather(*asked)
        assert recorder.batches[1:] == [["b", "c", "d", "e"], ["f", "g"]]

    with_batcher(test, wait=0.2)


@given(st.lists(st.lists(st.text(max_size=5), max_size=9), max_size=9), st.integers(1, 5))
def test_every_request_gets_its_own_answers_in_order(
    requests: list[list[str]], batch_size: int
) -> None:
    async def test(batcher: Batcher[str], recorder: Recorder) -> None:
        asked = [batcher.answers(texts, str(place)) for place, texts in enumerate(requests)]
        for place, answers in enumerate(await asyncio.gather(*asked)):
            assert answers == [f"{text}{place}" for text in requests[place]]
        assert max(map(len, recorder.batches), default=0) <= batch_size

    requests = [[text.replace("bad", "") for text in texts] for texts in requests]
    assert waiting(with_batcher(test, batch_size=batch_size)) == 0
