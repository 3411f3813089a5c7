"""Texts in chunks: complete, in order, on all cores, and never many in memory."""

from collections.abc import Iterator, Sequence
from threading import get_ident

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from textcnn.system.chunks import MIN_ALL_THREADS, chunks_of, map_chunks, split_texts


@given(st.lists(st.integers(0, 50).map("a".__mul__)), st.integers(1, 5))
def test_split_texts_are_all_texts_in_order(texts: list[str], parts: int) -> None:
    split = list(split_texts(texts, parts, min_characters=20, max_characters=100, max_texts=7))
    assert [text for chunk in split for text in chunk] == texts
    for chunk in split:
        assert 1 <= len(chunk) <= 7
        assert len(chunk) == 1 or sum(map(len, chunk)) <= 100 + 10  # with a small rest


def test_few_texts_are_not_split() -> None:
    assert list(split_texts(["a" * 120] * 1000, 8)) == [["a" * 120] * 1000]
    assert list(split_texts([], 8)) == []


def test_many_texts_are_split_into_parts_of_one_size() -> None:
    sizes = [len(chunk) for chunk in split_texts(["a" * 100] * 8000, 4)]
    assert sizes == [2000] * 4


def test_texts_are_read_chunk_by_chunk() -> None:
    def texts() -> Iterator[str]:
        for number in range(10**9):
            read.append(number)
            yield "a" * 1000

    read: list[int] = []
    first = next(chunks_of(texts(), None, min_characters=2500))
    assert len(first) == len(read) == 5


def test_empty_texts_are_cut_into_chunks_too() -> None:
    sizes = [len(chunk) for chunk in chunks_of(iter([""] * 20), None, max_texts=8)]
    assert sizes == [8, 8, 4]


def test_chunks_have_the_size_asked_for() -> None:
    assert list(chunks_of(iter("abcde"), 2)) == [["a", "b"], ["c", "d"], ["e"]]
    assert list(chunks_of(iter(()), 2)) == list(chunks_of(iter(()), None)) == []


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("count", [0, 1, 2, 20])
def test_results_are_in_order(workers: int, count: int) -> None:
    numbers = [[str(number)] for number in range(count)]
    done = map_chunks(
        lambda chunk: chunk[0], numbers, workers=workers, threads=1, all_threads=False
    )
    assert list(done) == [str(number) for number in range(count)]


def test_no_more_are_read_than_keep_the_workers_busy() -> None:
    def source() -> Iterator[Sequence[str]]:
        for number in range(100):
            read.append(number)
            yield [str(number)]

    read: list[int] = []
    done = map_chunks(lambda chunk: chunk, source(), workers=2, threads=1, all_threads=False)
    for number, _ in enumerate(done):
        assert len(read) <= number + 4


def test_one_chunk_is_worked_on_where_it_is_asked_for() -> None:
    idents = map_chunks(lambda _: get_ident(), [["a"]], workers=4, threads=1, all_threads=False)
    assert list(idents) == [get_ident()]


def test_workers_have_threads_of_their_own_and_leave_those_of_others() -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        counts = map_chunks(
            lambda _: torch.get_num_threads(), ["a"] * 4, workers=2, threads=1, all_threads=False
        )
        assert list(counts) == [1] * 4
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_an_error_in_a_worker_is_the_callers() -> None:
    def fail(chunk: Sequence[str]) -> None:
        raise ValueError(chunk[0])

    with pytest.raises(ValueError, match="first"):
        list(
            map_chunks(
                fail, [["first"], ["second"], ["third"]], workers=2, threads=1, all_threads=False
            )
        )


@pytest.mark.parametrize(
    ("characters", "all_threads", "expected"),
    [(10, False, 1), (MIN_ALL_THREADS, False, 3), (10, True, 3)],
)
def test_a_chunk_by_itself_is_shared_if_it_is_large(
    characters: int, all_threads: bool, expected: int
) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        threads = map_chunks(
            lambda _: torch.get_num_threads(),
            [["a" * characters]],
            workers=3,
            threads=1,
            all_threads=all_threads,
        )
        assert list(threads) == [expected]
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
