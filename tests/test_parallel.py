"""One function for many texts in several processes: equal results, and no process is left."""

import os
import pickle
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from textcnn.data.tokenized import tokenize
from textcnn.errors import InputError
from textcnn.system.parallel import map_texts, text_chunks
from textcnn.text.tokenizers import Tokenizer, build_tokenizer

FOLDER = Path(__file__).parent
TOKENIZERS = {
    "whitespace": build_tokenizer("word", tokenizer="whitespace"),
    "basic_english": build_tokenizer("word", tokenizer="basic_english"),
    "basic": build_tokenizer("word", tokenizer="basic", strip_accents=True),
    "unicode": build_tokenizer("word", tokenizer="unicode", lowercase=False),
    "kim": build_tokenizer("word", tokenizer="kim"),
    "zhang": build_tokenizer("char", alphabet="zhang", lowercase=True),
    "learned": build_tokenizer("char", alphabet="learned", lowercase=False),
    "custom": build_tokenizer("char", alphabet="ab א\0", lowercase=True),
    "byte": build_tokenizer("byte"),
}
every_tokenizer = pytest.mark.parametrize("tokenizer", TOKENIZERS.values(), ids=TOKENIZERS)


def column(texts: list[str], size: int = 3) -> pa.ChunkedArray:
    parts = [texts[start : start + size] for start in range(0, len(texts), size)]
    return pa.chunked_array(parts, pa.string())


def two_processes(chunk_bytes: int = 1) -> dict[str, int]:
    """Arguments of `map_texts`: two processes, however few texts there are."""
    return {"cores": 2, "chunk_bytes": chunk_bytes, "parallel_bytes": 0}


# What the workers run: they find it by its name.


def process_of(texts: list[str]) -> int:
    return os.getpid()


def wait_if_first(folder: Path, texts: list[str]) -> list[str]:
    """The first text is done only when the second is, which takes a second process."""
    done = folder / "second"
    if texts == ["second"]:
        done.touch()
    end = time.monotonic() + 60
    while texts == ["first"] and not done.exists():
        assert time.monotonic() < end
        time.sleep(0.01)
    return texts


def refuse_the_letter_d(texts: list[str]) -> list[str]:
    if "d" in texts:
        raise InputError("row 4: no d, please")
    return texts


def on_interrupt(texts: list[str]) -> bool:
    return signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def print_id_and_hang(texts: list[str]) -> None:
    os.write(1, f"{os.getpid()}\n".encode())
    time.sleep(600)


def test_results_come_in_order_whichever_process_is_done_first(tmp_path: Path) -> None:
    texts = ["first", "second", "third"]
    parts = map_texts(partial(wait_if_first, tmp_path), column(texts), **two_processes())
    assert list(parts) == [["first"], ["second"], ["third"]]


def test_few_texts_and_a_single_core_need_no_process() -> None:
    here, texts = [os.getpid()], column(["a", "b"])
    assert list(map_texts(process_of, texts)) == here
    assert list(map_texts(process_of, texts, **two_processes(100))) != here
    assert list(map_texts(process_of, texts, **two_processes(100) | {"cores": 1})) == here


@settings(max_examples=5)
@given(st.lists(st.text(max_size=6), max_size=12), st.integers(1, 12))
@example([], 1)
@example(["", "", ""], 1)
@example([str(number) for number in range(40)], 1)  # more than wait at a time
def test_several_processes_give_what_one_gives(texts: list[str], chunk_bytes: int) -> None:
    settings = two_processes(chunk_bytes)
    parts = list(map_texts(refuse_nothing, column(texts), **settings))
    assert parts == list(map_texts(refuse_nothing, column(texts), **settings | {"cores": 1}))
    assert [text for part in parts for text in part] == [text[::-1] for text in texts]


def refuse_nothing(texts: list[str]) -> list[str]:
    return [text[::-1] for text in texts]


@every_tokenizer
def test_workers_tokenize_as_one_process_does(tokenizer: Tokenizer) -> None:
    texts = column(["Ab ba, é", "", "שלום", "b\0a b", "İ"] * 3)
    there = tokenize(texts, tokenizer, **two_processes(20))
    here = tokenize(texts, tokenizer, **two_processes(20) | {"cores": 1})
    assert there.table == here.table
    assert there.places.tolist() == here.places.tolist()
    assert there.offsets.tolist() == here.offsets.tolist()


def test_an_error_in_a_worker_arrives_here() -> None:
    parts = map_texts(refuse_the_letter_d, column(list("abcdef")), **two_processes())
    assert [next(parts) for _ in range(3)] == [["a"], ["b"], ["c"]]
    with pytest.raises(InputError, match=r"^row 4: no d, please$"):
        next(parts)


def test_workers_leave_an_interrupt_to_the_parent() -> None:
    assert all(map_texts(on_interrupt, column(["a", "b"]), **two_processes()))
    assert not on_interrupt([])


# Run as `python -c HANG`: two workers print their process ids and hang.
HANG = """
from test_parallel import column, print_id_and_hang, two_processes
from textcnn.system.parallel import map_texts

list(map_texts(print_id_and_hang, column(["a", "b", "c"]), **two_processes()))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL")
def test_workers_end_when_the_parent_is_killed() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", HANG],
        env=os.environ | {"PYTHONPATH": f"{FOLDER}{os.pathsep}{FOLDER.parent}"},
        stdout=subprocess.PIPE,
    )
    assert parent.stdout is not None
    workers = [int(parent.stdout.readline()) for _ in range(2)]
    assert len({parent.pid, *workers}) == 3
    parent.kill()
    try:
        # the pipe ends when the last process that could write to it has
        assert parent.communicate(timeout=20)[0] == b""
    except subprocess.TimeoutExpired:
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
        raise


# Chunks


@given(st.lists(st.text("aé€", max_size=5), max_size=12), st.integers(1, 20), st.integers(1, 5))
@example([], 1, 1)
@example([""] * 5, 1, 2)
def test_chunks_hold_all_texts_and_no_more_bytes_than_allowed(
    texts: list[str], chunk_bytes: int, size: int
) -> None:
    chunks = list(text_chunks(column(texts, size), chunk_bytes))
    assert [text for chunk in chunks for text in chunk] == texts
    for chunk in chunks:
        assert len(chunk) == 1 or len("".join(chunk).encode()) <= chunk_bytes
        assert chunk


def test_a_chunk_has_as_many_texts_as_fit() -> None:
    texts = ["four", "five", "€", "", "longer than all", "one", "two"]  # the third has 3 bytes
    assert list(text_chunks(column(texts), 10)) == [
        ["four", "five"],
        ["€", ""],
        ["longer than all"],
        ["one", "two"],
    ]


# Tokenizers on the way to a worker


@every_tokenizer
@given(text=st.text(st.characters(exclude_categories=[])))
@example(text="It's naïve,\nİ don't: שלום \0")
def test_a_tokenizer_that_was_sent_makes_the_same_tokens(tokenizer: Tokenizer, text: str) -> None:
    sent = pickle.loads(pickle.dumps(tokenizer))  # noqa: S301 (our own)
    assert list(sent(text)) == list(tokenizer(text))
    assert sent.join(sent(text)) == tokenizer.join(tokenizer(text))
    assert (sent.alphabet, sent.settings) == (tokenizer.alphabet, tokenizer.settings)
    assert sent.fingerprint == tokenizer.fingerprint


def test_tokenizers_that_differ_have_other_fingerprints() -> None:
    prints = {tokenizer.fingerprint for tokenizer in TOKENIZERS.values()}
    assert len(prints) == len(TOKENIZERS)
    both = [build_tokenizer("char", alphabet="learned", lowercase=lower) for lower in (True, False)]
    assert both[0].fingerprint != both[1].fingerprint
