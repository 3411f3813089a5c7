"""A model as a graph that onnxruntime computes."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from textcnn.errors import InputError
from textcnn.runtime.blocks import Block, blocks_of
from textcnn.runtime.encoding import Encoded
from textcnn.text.vocabulary import UNKNOWN

INPUTS = ("ids", "lengths", "unknown", "characters", "offsets")
TOKENS = 2**14  # of a batch, with padding
NO_CHARACTER = -1  # follows each word


class OnnxModel:
    """Computes what `format=onnx` exported. Several threads may use one."""

    parallel = True  # onnxruntime uses all cores

    def __init__(self, graph: bytes, classes: int):
        """
        Args:
            graph: the content of model.onnx.
            classes: columns of the logits.

        Raises:
            InputError: onnxruntime is not installed.
            ValueError: it can't read the graph, or the graph is that of another model.
        """
        try:
            import onnxruntime
        except ImportError as error:
            raise InputError(
                "model.onnx needs onnxruntime, which is not installed; try pip install onnxruntime"
            ) from error
        self.graph, self.classes = graph, classes
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4  # errors are raised as well
        try:
            self.session = onnxruntime.InferenceSession(
                graph, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # its exceptions have no common class
            raise ValueError(f"onnxruntime can't read model.onnx: {error}") from error
        self.inputs = [each.name for each in self.session.get_inputs()]
        known = (list(INPUTS[:2]), list(INPUTS))
        outputs = {each.name: each.shape for each in self.session.get_outputs()}
        if self.inputs not in known or outputs.get("logits", [])[1:] != [classes]:
            raise ValueError("model.onnx has other inputs or outputs than a classifier's")

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the graph: a session of onnxruntime can't be pickled."""
        return OnnxModel, (self.graph, self.classes)

    @property
    def rounds(self) -> bool:
        """Whether it has the operators of dynamic quantization."""
        return b"DynamicQuantize" in self.graph

    def release(self) -> None:
        """Nothing: a model that is parallel is not forked."""

    def logits(self, encoded: Encoded) -> np.ndarray:
        """(texts, classes) float32"""
        logits = np.zeros((len(encoded.lengths), self.classes), np.float32)
        for block in blocks_of(encoded, TOKENS, equal=False):
            logits[block.rows] = self.compute(block)
        return logits

    def compute(self, block: Block) -> np.ndarray:
        """The logits (texts, classes) of a block."""
        values = [block.ids.astype(np.int64), block.lengths, *words_of(block)]
        # without unknown words, the model has no use for them
        feed = dict(zip(self.inputs, values, strict=False))
        logits: np.ndarray = self.session.run(["logits"], feed)[0]
        return logits


def words_of(block: Block) -> Iterator[np.ndarray]:
    """The inputs `unknown`, `characters` and `offsets`.

    unknown: (texts, time) int64: 1 + the number of the word behind an UNKNOWN id; 0 elsewhere.
    characters: (characters,) int64: the code points of all words, each between < and >, and
        NO_CHARACTER after it.
    offsets: (words + 1,) int64: where each word begins, and their end.
    """
    numbers: dict[str, int] = {}
    unknown = np.zeros(block.ids.shape, np.int64)
    if len(block.words):
        own = [numbers.setdefault(word, len(numbers) + 1) for word in block.words]
        unknown[block.ids == UNKNOWN] = own
    yield unknown
    marked = [[*map(ord, f"<{word}>"), NO_CHARACTER] for word in numbers]
    yield np.array([code for codes in marked for code in codes], np.int64)
    yield np.cumsum([0, *map(len, marked)])
