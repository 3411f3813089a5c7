"""What every trained classifier does: texts in, logits, predictions and explanations out."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from textcnn.builders.models import Model
from textcnn.config.programs import TABLE_MEMORY
from textcnn.data.batching import SCORED_TOKENS, Batch, sorted_batches
from textcnn.data.encoding import encode_texts
from textcnn.errors import InputError
from textcnn.explanation.explain import CLASSES, explain
from textcnn.explanation.explanation import Explanation
from textcnn.exporting.export import export, parse_size
from textcnn.exporting.subject import Exported, Measured, Named, Options, Subject
from textcnn.models.fast.tables import build_tables
from textcnn.models.unfamiliar import unseen_shares
from textcnn.runtime.calibration import Calibration
from textcnn.runtime.prediction import (
    AnyPrediction,
)
from textcnn.system.chunks import map_chunks, split_texts
from textcnn.text.encoder import TextEncoder

T = TypeVar("T")
P = TypeVar("P", bound=AnyPrediction)
# Tokens per batch, including padding, where only maxima are kept: a tenth faster than fewer.
MAXIMA_TOKENS = 2**17
# Tokens of the longest n-grams that may be unfamiliar: nearly all longer ones of any text are.
LONGEST_WORDS, LONGEST_CHARACTERS = 2, 5


class BaseClassifier(Generic[P]):
    """A network, its text encoder and its labels: `Classifier` or `LabelSetClassifier`.

    Several threads may use one.
    """

    # of label sets: the probability before calibration from which each label is predicted
    raw_thresholds: tuple[float, ...] | None = None

    def __init__(
        self,
        model: Model,
        encoder: TextEncoder,
        labels: Sequence[str],
        *,
        calibration: Calibration | None = None,
        table_memory: int = 0,
        half: bool = False,
    ):
        """
        Args:
            calibration: corrects the probabilities; None: they are those of the logits.
            table_memory: memory limit in MB (2^20 bytes) for the lookup tables that replace the
                embedding and the first convolution; 0: no tables. The tables follow changes of the
                weights, except changes that PyTorch doesn't count, such as those of `weight.data`.
            half: store the tables as float16.
        """
        self.model: Any = model  # an ensemble has `members`, but no `activations`
        self.encoder = encoder
        self.labels = tuple(labels)
        self.calibration = calibration or Calibration()
        self.tables = build_tables(model, table_memory * 2**20, half)

    @classmethod
    def load(
        cls, path: str | Path, *, table_memory: int = TABLE_MEMORY, half: bool = False
    ) -> Self:
        """`textcnn.load` for a checkpoint of this kind, so that type checkers know the kind.

        Raises:
            InputError: as `textcnn.load`, or the checkpoint is of the other kind.
        """
        from textcnn.inference.loading import load  # which builds on this module

        classifier = load(path, table_memory=table_memory, half=half)
        if not isinstance(classifier, cls):
            kind = type(classifier).__name__
            raise InputError(f"{path} is not a {cls.__name__}; try textcnn.{kind}.load")
        return classifier

    @property
    def thresholds(self) -> tuple[float, ...] | None:
        """The probability from which each label is predicted; None: one class per text."""
        return None

    @thresholds.setter
    def thresholds(self, thresholds: Sequence[float] | None) -> None:
        assert thresholds is None, "one class per text has no thresholds"

    def probabilities(self, logits: Tensor) -> Tensor:
        """(texts, classes) of the same shape, calibrated; errors as of `finite`"""
        raise NotImplementedError

    def decide(self, logits: Tensor) -> list[P]:
        """The predictions that the logits (texts, classes) stand for."""
        raise NotImplementedError

    @property
    def network(self) -> nn.Module:
        """The module that computes logits: the model, or the tables made from it if they apply."""
        if self.tables is not None and self.tables.applies:
            return self.tables
        model: nn.Module = self.model
        return model

    def encode(self, texts: Sequence[str]) -> Batch:
        """The texts as ids. `**batch.inputs` are the arguments of the model and its `activations`.

        `encoder.vocabulary.decode` turns ids back into tokens.
        """
        check_texts(texts)
        return encode_texts(texts, self.encoder).batch(np.arange(len(texts)))

    def logits(self, texts: Sequence[str], batch_size: int = 2048) -> Tensor:
        """What the model computes, before calibration.

        Args:
            texts: any strings, empty ones too.
            batch_size: texts at a time; changes memory and time, not the result.

        Returns:
            float32 (texts, classes), in the order of the texts.

        Raises:
            TypeError: `texts` is a single string, or holds something other than strings.
        """
        parts = self.map_logits(lambda _, logits: logits, self.split(texts), batch_size)
        return torch.cat([torch.empty(0, len(self.labels)), *parts])

    def predict(self, texts: Sequence[str], batch_size: int = 2048) -> list[P]:
        """The predictions, in the order of the texts. Arguments and errors as for `logits`."""
        parts = self.map_logits(
            lambda _, logits: self.decide(logits), self.split(texts), batch_size
        )
        return list(chain.from_iterable(parts))

    def explain(
        self,
        texts: Sequence[str],
        *,
        method: str = "auto",
        classes: int | None = CLASSES,
        flip: bool = False,
    ) -> list[Explanation]:
        """What each n-gram of each text adds to the logits, in the order of the texts.

        Arguments are those of `textcnn.explanation.explain.explain`.

        Raises:
            TypeError: as `logits`.
            InputError: the method doesn't apply to this model.
        """
        check_texts(texts)
        return explain(self, texts, method=method, classes=classes, flip=flip)

    def unfamiliar(self, texts: Sequence[str]) -> Tensor:
        """The share of the n-grams of each text that training never saw: (texts,) float64.

        Above `calibration.unfamiliar_limit` a text is unlike those of training. Errors as for
        `logits`; see `unseen_shares`.
        """
        check_texts(texts)
        encoded = encode_texts(texts, self.encoder)
        shares = torch.empty(len(texts), dtype=torch.float64)
        for rows in sorted_batches(encoded.lengths, None, SCORED_TOKENS):
            batch = encoded.batch(rows).to(next(self.model.parameters()).device)
            shares[torch.from_numpy(rows)] = self.unseen_shares(batch, self.calibration.seen_ids)
        return shares

    def unseen_shares(self, batch: Batch, seen_ids: int | None) -> Tensor:
        """`unfamiliar` of encoded texts: (batch,) float64; `seen_ids` as in `Calibration`."""
        words = dict(self.encoder.tokenizer.settings).get("unit", "word") == "word"
        return unseen_shares(
            self.model,
            batch.ids,
            batch.lengths,
            longest=LONGEST_WORDS if words else LONGEST_CHARACTERS,
            seen_ids=seen_ids,
        ).cpu()

    def export(
        self,
        output: str | Path,
        format: str = "numpy",
        *,
        dtype: str | None = None,
        max_size: str | None = None,
        texts: Sequence[str] = (),
        labels: Sequence[Any] = (),
        name: str = "model",
        beside: Mapping[str, Subject] | None = None,
        overwrite: bool = False,
    ) -> Exported:
        """Write the classifier for another program, as `python -m textcnn.export` does.

        Args:
            output: a directory, with `numpy` also a file *.zip, with `html` a file *.html.
            format: `numpy` for `textcnn.runtime`, which needs no torch; `onnx`; `html`.
            dtype: `float32`, `float16` or `int8`; None: what the format prefers.
            max_size: such as "1MB"; None: no limit.
            texts: measure what dtype and max_size cost; with none, nothing is measured.
            labels: of these texts, classes or label sets; with none, agreement is measured.
            name: what the page of `html` calls this classifier.
            beside: other classifiers on that page, by name.

        Raises:
            InputError: the format can't hold this model, or the output exists or can't be written.
        """
        check_texts(texts)
        size = None if max_size is None else parse_size(max_size)
        others = tuple(Named(each, other) for each, other in (beside or {}).items())
        measured = Measured(texts, labels)
        options = Options(dtype, size, measured, name=name, beside=others)
        return export(self, output, format, options, overwrite=overwrite)

    def split(self, texts: Sequence[str]) -> Iterator[Sequence[str]]:
        """Chunks to process in parallel, if there are many texts."""
        check_texts(texts)
        return split_texts(texts, 2 * torch.get_num_threads())

    def map_logits(
        self,
        function: Callable[[Sequence[str], Tensor], T],
        chunks: Iterable[Sequence[str]],
        batch_size: int = 2048,
    ) -> Iterator[T]:
        """`function` of the texts and the logits of each chunk, in order.

        Chunks run in parallel, so that some texts are tokenized while others are in the network.
        A few more chunks are in memory than are returned.
        """
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {batch_size}")
        network = self.network
        if any(module.training for module in network.modules()):  # eval() takes five times as long
            network.eval()
        cores = torch.get_num_threads()
        # small operations leave cores idle; large ones need memory for each chunk
        by_table = network is self.tables
        workers = cores if by_table else min(cores, 2)
        return map_chunks(
            lambda texts: function(texts, self.chunk_logits(network, texts, batch_size)),
            chunks,
            workers=workers,
            threads=cores // workers,
            all_threads=not by_table,
        )

    def chunk_logits(self, network: nn.Module, texts: Sequence[str], batch_size: int) -> Tensor:
        """(texts, classes)"""
        encoded = encode_texts(texts, self.encoder)
        device = next(self.model.parameters()).device
        light = network is self.tables and network.keeps_only_maxima
        tokens = MAXIMA_TOKENS if light else SCORED_TOKENS
        logits = torch.empty(len(texts), len(self.labels))  # (texts, classes)
        with torch.inference_mode():
            for rows in sorted_batches(encoded.lengths, batch_size, tokens):
                batch = encoded.batch(rows).to(device)
                logits[torch.from_numpy(rows)] = network(**batch.inputs).float().cpu()
        return logits


def check_texts(texts: Sequence[str]) -> None:
    if isinstance(texts, str) or not all(issubclass(t, str) for t in set(map(type, texts))):
        raise TypeError(f"expected a list of strings, got {texts!r:.80}; try [text]")
