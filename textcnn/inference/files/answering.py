"""From blocks of rows to encoded answers, in one process or in several, in order."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from textcnn.errors import InputError
from textcnn.inference.files.blocks import Block
from textcnn.inference.files.columns import AnyAnswer
from textcnn.inference.files.encoding import Encoding
from textcnn.inference.kinds import AnyClassifier
from textcnn.runtime.prediction import abstaining

if TYPE_CHECKING:
    import pyarrow as pa

# Characters that this process answers alone before it starts others: fewer are done by then.
ALONE = 2**22


class Answered(NamedTuple):
    content: "bytes | pa.Table"
    rows: int


@dataclass(frozen=True)
class Answering:
    """What becomes of a block of rows."""

    classifier: AnyClassifier
    encoding: Encoding
    threshold: float | None = None

    def __call__(self, block: Block) -> Answered:
        """In a process of its own, which has one thread."""
        torch.set_num_threads(1)
        (answered,) = self.in_threads([block])
        return answered

    def in_threads(self, blocks: Iterable[Block]) -> Iterator[Answered]:
        return self.classifier.map_logits(self.encoded, blocks)

    def encoded(self, texts: Sequence[str], logits: Tensor) -> Answered:
        assert isinstance(texts, Block)
        answers: Sequence[AnyAnswer] = self.classifier.decide(logits)
        if self.threshold is not None:
            answers = abstaining(answers, self.threshold)  # type: ignore[arg-type]
        return Answered(self.encoding.encode(texts, answers, self.novelties(texts)), len(texts))

    def novelties(self, texts: Block) -> list[tuple[float, bool | None] | None]:
        """For each text the share of its n-grams that training never saw; is that unusual?"""
        if not self.encoding.columns.unfamiliar:
            return [None] * len(texts)
        limit = self.classifier.calibration.unfamiliar_limit
        shares = self.classifier.unfamiliar(texts).tolist()
        return [(share, None if limit is None else share > limit) for share in shares]


def answered_in_turn(answering: Answering, blocks: Iterable[Block]) -> Iterator[Answered]:
    """Answer each block before the next one is read."""
    for block in blocks:
        yield from answering.in_threads([block])


def answered_together(
    answering: Answering, blocks: Iterator[Block], workers: int | None, *, alone: int = ALONE
) -> Iterator[Answered]:
    """The answers to the blocks, in order; a few blocks are read ahead.

    Args:
        workers: number of processes; None: as many as torch has threads, once the input turns out
            to be large.
        alone: characters of an input that is not large.

    Raises:
        InputError: a process was killed.
    """
    if workers is None:
        workers = torch.get_num_threads()
        yield from answering.in_threads(blocks_up_to(blocks, alone) if workers > 1 else blocks)
    if workers == 1:
        yield from answering.in_threads(blocks)
        return
    if (first := next(blocks, None)) is None:
        return
    from textcnn.system.parallel import map_in_processes  # imports Arrow

    try:
        yield from map_in_processes(answering, chain([first], blocks), workers)
    except BrokenProcessPool as error:
        raise InputError(
            f"one of {workers} worker processes was killed, likely for lack of memory; try "
            "workers=1"
        ) from error


def blocks_up_to(blocks: Iterator[Block], characters: int) -> Iterator[Block]:
    """Blocks, of which the last one reaches a number of characters."""
    read = 0
    while read < characters and (block := next(blocks, None)) is not None:
        read += sum(map(len, block))
        yield block
