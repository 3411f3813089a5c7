"""A trained classifier: texts in, predictions out. It needs nothing but its checkpoint."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, compress
from pathlib import Path
from typing import Any, Generic, NamedTuple, Self, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from textcnn.builders.models import Model, build_stored_model
from textcnn.builders.text import build_text_encoder
from textcnn.checkpoint import Checkpoint, find_checkpoint, load_checkpoint
from textcnn.config.programs import TABLE_MEMORY, TrainConfig
from textcnn.config.stored import parse_train_config
from textcnn.data.batching import SCORED_TOKENS, Batch, sorted_batches
from textcnn.data.encoding import encode_texts
from textcnn.errors import InputError
from textcnn.explanation.explain import CLASSES, explain
from textcnn.explanation.explanation import Explanation
from textcnn.models.decision import chosen
from textcnn.models.fast.tables import build_tables
from textcnn.models.finite import finite
from textcnn.models.prediction import AnyPrediction, LabelSetPrediction, Prediction
from textcnn.system.chunks import map_chunks, split_texts
from textcnn.text.encoder import TextEncoder

T = TypeVar("T")
P = TypeVar("P", bound=AnyPrediction)
# Tokens per batch, including padding, where only maxima are kept: a tenth faster than fewer.
MAXIMA_TOKENS = 2**17


class BaseClassifier(Generic[P]):
    """A network, its text encoder and its labels: `Classifier` or `LabelSetClassifier`.

    Several threads may use one.
    """

    thresholds: tuple[float, ...] | None = None

    def __init__(
        self,
        model: Model,
        encoder: TextEncoder,
        labels: Sequence[str],
        *,
        table_memory: int = 0,
        half: bool = False,
    ):
        """
        Args:
            table_memory: memory limit in MB (2^20 bytes) for the lookup tables that replace the
                embedding and the first convolution; 0: no tables. The tables follow changes of the
                weights, except changes that PyTorch doesn't count, such as those of `weight.data`.
            half: store the tables as float16.
        """
        self.model: Any = model  # an ensemble has `members`, but no `activations`
        self.encoder = encoder
        self.labels = tuple(labels)
        self.tables = build_tables(model, table_memory * 2**20, half)

    @classmethod
    def load(
        cls, path: str | Path, *, table_memory: int = TABLE_MEMORY, half: bool = False
    ) -> Self:
        """`textcnn.load` for a checkpoint of this kind, so that type checkers know the kind.

        Raises:
            InputError: as `textcnn.load`, or the checkpoint is of the other kind.
        """
        classifier = load(path, table_memory=table_memory, half=half)
        if not isinstance(classifier, cls):
            kind = type(classifier).__name__
            raise InputError(f"{path} is not a {cls.__name__}; try textcnn.{kind}.load")
        return classifier

    def probabilities(self, logits: Tensor) -> Tensor:
        """(texts, classes) of the same shape; errors as of `finite`"""
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
        """
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


class Classifier(BaseClassifier[Prediction]):
    """Predicts the class of each text."""

    def probabilities(self, logits: Tensor) -> Tensor:
        return finite(logits).softmax(dim=1)  # (texts, classes)

    def decide(self, logits: Tensor) -> list[Prediction]:
        probabilities = self.probabilities(logits)
        named = [dict(zip(self.labels, row, strict=True)) for row in probabilities.tolist()]
        best = [self.labels[index] for index in probabilities.argmax(dim=1).tolist()]
        return list(map(Prediction._make, zip(best, named, strict=True)))


class LabelSetClassifier(BaseClassifier[LabelSetPrediction]):
    """Predicts a label set for each text, possibly an empty one."""

    thresholds: tuple[float, ...]

    def __init__(
        self,
        model: Model,
        encoder: TextEncoder,
        labels: Sequence[str],
        thresholds: Sequence[float],
        *,
        table_memory: int = 0,
        half: bool = False,
    ):
        """
        Args:
            thresholds: the probability at which each label is predicted.
            table_memory, half: as for `Classifier`.
        """
        if len(thresholds) != len(labels):
            raise ValueError(
                f"expected a threshold for each of {len(labels)} labels, got {len(thresholds)}"
            )
        super().__init__(model, encoder, labels, table_memory=table_memory, half=half)
        self.thresholds = tuple(thresholds)

    def probabilities(self, logits: Tensor) -> Tensor:
        return finite(logits).sigmoid()  # (texts, classes)

    def decide(self, logits: Tensor) -> list[LabelSetPrediction]:
        probabilities = self.probabilities(logits)
        named = [dict(zip(self.labels, row, strict=True)) for row in probabilities.tolist()]
        sets = [
            frozenset(compress(self.labels, row))
            for row in chosen(probabilities, self.thresholds).tolist()
        ]
        return list(map(LabelSetPrediction._make, zip(sets, named, strict=True)))


AnyClassifier = Classifier | LabelSetClassifier


def check_texts(texts: Sequence[str]) -> None:
    if isinstance(texts, str) or not all(issubclass(t, str) for t in set(map(type, texts))):
        raise TypeError(f"expected a list of strings, got {texts!r:.80}; try [text]")


def build_classifier(
    model: Model,
    encoder: TextEncoder,
    labels: Sequence[str],
    thresholds: Sequence[float] | None,
    **table_settings: Any,
) -> AnyClassifier:
    """
    Args:
        thresholds: of label sets; None: each text has one class.
        table_settings: `table_memory` and `half`, as for `Classifier`.
    """
    if thresholds is None:
        return Classifier(model, encoder, labels, **table_settings)
    return LabelSetClassifier(model, encoder, labels, thresholds, **table_settings)


class Restored(NamedTuple):
    """What a checkpoint holds."""

    classifier: AnyClassifier
    config: TrainConfig  # that it was trained with
    manifest: dict[str, Any]
    directory: Path  # of the checkpoint


def load(
    path: str | Path, *, table_memory: int = TABLE_MEMORY, half: bool = False
) -> AnyClassifier:
    """The classifier in a run directory (its best checkpoint) or a checkpoint directory.

    Args:
        table_memory: memory limit in MB for the lookup tables that replace the embedding and the
            first convolution. They are filled as texts need them; 0: no tables.
        half: store the tables as float16, which changes logits by about 0.01.

    Raises:
        InputError: there is no checkpoint, or it is damaged or has another format.
    """
    return restore(path, table_memory=table_memory, half=half).classifier


def restore(path: str | Path, *, table_memory: int = TABLE_MEMORY, half: bool = False) -> Restored:
    """The classifier of a checkpoint, and what else is stored of it; as `load`."""
    directory = find_checkpoint(path)
    checkpoint = load_checkpoint(directory)
    classifier, config = rebuild(checkpoint, str(directory), table_memory=table_memory, half=half)
    return Restored(classifier, config, checkpoint.manifest, directory)


def rebuild(
    checkpoint: Checkpoint, origin: str, *, table_memory: int = TABLE_MEMORY, half: bool = False
) -> tuple[AnyClassifier, TrainConfig]:
    """The classifier of a checkpoint in memory, and the configuration that it was trained with.

    The model is built without memory of its own and takes over the stored tensors. So a
    configuration that doesn't fit them is refused before anything is allocated, however large.

    Args:
        origin: what the checkpoint is called in messages.
    """
    try:
        config = parse_train_config(checkpoint.config)
        with torch.device("meta"):
            model = build_stored_model(
                config,
                vocabulary_size=len(checkpoint.vocabulary),
                num_classes=len(checkpoint.labels),
                weights=checkpoint.weights,
            )
        types = {name: tensor.dtype for name, tensor in model.state_dict().items()}
        model.load_state_dict(checkpoint.weights, assign=True)
        for name, tensor in checkpoint.weights.items():
            if name.endswith("counts") and bool((tensor < 0).any()):
                raise ValueError(f"{name} has numbers below 0")
            if tensor.dtype != types[name]:
                raise ValueError(f"{name} is {tensor.dtype}, expected {types[name]}")
    except InputError as error:
        raise InputError(f"{origin}: its configuration: {error}") from error
    except (ValueError, TypeError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{origin}: configuration and weights don't fit: {reason}") from error
    if config.data.multi_label != (checkpoint.thresholds is not None):
        there = "lacks" if checkpoint.thresholds is None else "has"
        wanted = str(config.data.multi_label).lower()
        raise InputError(
            f"{origin} {there} a thresholds.json, but its data.multi_label is {wanted}: the "
            "checkpoint is incomplete; copy it again"
        )
    uses_subwords, copied = config.uses_subwords, checkpoint.tokenizer
    classifier = build_classifier(
        model.eval(),
        build_text_encoder(config.text, checkpoint.vocabulary, uses_subwords, copied),
        checkpoint.labels,
        checkpoint.thresholds,
        table_memory=table_memory,
        half=half,
    )
    return classifier, config
