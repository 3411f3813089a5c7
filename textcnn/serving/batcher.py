"""Texts of many requests, answered together by one thread."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from textcnn.serving.metrics import Metrics

Options = TypeVar("Options")
# of a batch, so that no request waits long for the one before; a longer text is a batch of its own
MOST_CHARACTERS = 2**17


@dataclass(eq=False)
class Job(Generic[Options]):
    """The texts of a request, of which the first `taken` are in batches."""

    texts: Sequence[str]
    options: Options
    done: asyncio.Future[list[str]]
    taken: int = 0
    answers: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Part(Generic[Options]):
    """The texts that a batch takes from a request."""

    job: Job[Options]
    texts: Sequence[str]


Answer = Callable[[Sequence[tuple[Sequence[str], Options]]], list[list[str]]]


class Batcher(Generic[Options]):
    """Gathers the texts that wait while a batch is computed into the next batch.

    An idle batcher starts at once. Requests take turns: one with many texts is spread over many
    batches, and a later one with a single text joins the next of them.
    """

    def __init__(
        self,
        answer: Answer[Options],
        executor: Executor,
        metrics: Metrics,
        *,
        batch_size: int,
        wait: float = 0.0,
    ):
        """
        Args:
            answer: what a thread computes: for the texts of each request an answer per text.
            batch_size: texts of a batch at most.
            wait: seconds to wait for more texts before a batch that follows on another.
        """
        self.answer, self.executor, self.metrics = answer, executor, metrics
        self.batch_size, self.wait = batch_size, wait
        self.waiting: deque[Job[Options]] = deque()
        self.working: asyncio.Task[None] | None = None

    async def answers(self, texts: Sequence[str], options: Options) -> list[str]:
        """An answer per text, in order. If it is cancelled, texts that still wait are dropped."""
        if not texts:
            return []
        job = Job(texts, options, asyncio.get_running_loop().create_future())
        self.waiting.append(job)
        self.metrics.waiting.inc(len(texts))
        if self.working is None:
            self.working = asyncio.create_task(self.work())
        return await job.done

    async def work(self) -> None:
        """Compute batches until no text waits."""
        try:
            while parts := self.take():
                count = sum(len(part.texts) for part in parts)
                self.metrics.waiting.dec(count)
                self.metrics.batch_texts.observe(count)
                await self.compute(parts)
                if self.wait and self.waiting:
                    await asyncio.sleep(self.wait)
        finally:
            self.working = None

    def take(self) -> list[Part[Options]]:
        """The next batch: from each request in turn an equal share of the room."""
        parts: list[Part[Options]] = []
        room, characters = self.batch_size, MOST_CHARACTERS
        turns = len(self.waiting)
        for _ in range(turns):
            if not room:
                break
            job = self.waiting.popleft()
            if job.done.done():  # cancelled, or failed
                self.metrics.waiting.dec(len(job.texts) - job.taken)
                continue
            share = max(room // (len(self.waiting) + 1), 1)
            texts = fitting(job.texts[job.taken : job.taken + share], characters, bool(parts))
            if not texts:
                self.waiting.appendleft(job)
                break
            job.taken += len(texts)
            room -= len(texts)
            characters -= sum(map(len, texts))
            parts.append(Part(job, texts))
            if job.taken < len(job.texts):
                self.waiting.append(job)
        return parts

    async def compute(self, parts: Sequence[Part[Options]]) -> None:
        """Answer a batch. If it fails, each request is tried alone, so that only one fails."""
        loop = asyncio.get_running_loop()
        given = [(part.texts, part.job.options) for part in parts]
        try:
            answers = await loop.run_in_executor(self.executor, self.answer, given)
        except Exception as error:
            if len(parts) > 1:
                for part in parts:
                    await self.compute([part])
            elif not parts[0].job.done.done():
                parts[0].job.done.set_exception(error)
            return
        for part, own in zip(parts, answers, strict=True):
            job = part.job
            job.answers += own
            if len(job.answers) == len(job.texts) and not job.done.done():
                job.done.set_result(job.answers)


def fitting(texts: Sequence[str], characters: int, has_others: bool) -> Sequence[str]:
    """The first texts with so many characters; at least one, unless the batch has others."""
    for count, text in enumerate(texts):
        characters -= len(text)
        if characters < 0 and (count or has_others):
            return texts[:count]
    return texts
