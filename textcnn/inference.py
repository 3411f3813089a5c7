"""A trained classifier: texts in, predictions out. Needs nothing but its checkpoint."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, compress
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor, nn

from textcnn.checkpoint import Checkpoint, find_checkpoint, load_checkpoint
from textcnn.config.programs import TABLE_MEMORY, TrainConfig
from textcnn.config.stored import parse_train_config
from textcnn.data.batching import SCORED_TOKENS, sorted_batches
from textcnn.data.encoding import encode_texts
from textcnn.errors import InputError
from textcnn.models.build import build_model
from textcnn.models.classifier import TextCNN
from textcnn.models.decision import chosen
from textcnn.models.fast.table_classifier import TableClassifier, build_table_classifier
from textcnn.system.chunks import map_chunks, split_texts
from textcnn.text.encoder import TextEncoder
from textcnn.text.tokenizers import build_tokenizer

T = TypeVar("T")
# Tokens, padding counted, of a batch of which no features are kept: a tenth faster than fewer.
MAXIMA_TOKENS = 2**17


class Prediction(NamedTuple):
    """The most probable class, and the probability of each."""

    label: str
    probabilities: dict[str, float]  # they add up to 1

    def as_json(self) -> dict[str, Any]:
        return {"label": self.label, "probabilities": self.probabilities}


class LabelSetPrediction(NamedTuple):
    """The labels whose probability is at least their threshold, and the probability of each."""

    labels: frozenset[str]
    probabilities: dict[str, float]  # each by itself, in the order of the classifier's labels

    def as_json(self) -> dict[str, Any]:
        """Its labels are in the order of the classifier's."""
        labels = [label for label in self.probabilities if label in self.labels]
        return {"labels": labels, "probabilities": self.probabilities}


class Classifier:
    """Predicts the class of texts, or with `thresholds` their sets of labels.

    Several threads may use one.
    """

    def __init__(
        self,
        model: TextCNN,
        encoder: TextEncoder,
        labels: Sequence[str],
        thresholds: Sequence[float] | None = None,
        *,
        table_memory: int = 0,
        half: bool = False,
    ):
        """
        Args:
            thresholds: the probability from which on each label is predicted.
            table_memory: megabytes (2^20 bytes) that tables may take, of which embedding and first
                convolution are looked up; 0: no tables. They follow weights that change, but for
                changes that PyTorch doesn't count, as those of a weight's `.data`.
            half: tables of float16, if there are any.
        """
        if thresholds is not None and len(thresholds) != len(labels):
            raise ValueError(
                f"expected a threshold for each of {len(labels)} labels, got {len(thresholds)}"
            )
        self.model = model
        self.encoder = encoder
        self.labels = tuple(labels)
        self.thresholds = None if thresholds is None else tuple(thresholds)
        self.tables = build_table_classifier(model, table_memory * 2**20, half)

    @property
    def network(self) -> nn.Module:
        """What computes logits: the tables made of the model where they apply, or the model."""
        return self.tables if self.tables is not None and self.tables.applies else self.model

    def logits(self, texts: Sequence[str], batch_size: int = 512) -> Tensor:
        """
        Args:
            texts: any strings, empty ones too.
            batch_size: texts at a time; changes memory and time, not the result.

        Returns:
            float32 (texts, classes), in the order of the texts.

        Raises:
            TypeError: if `texts` is one string, or holds something else than strings.
        """
        parts = self.map_logits(lambda _, logits: logits, self.split(texts), batch_size)
        return torch.cat([torch.empty(0, len(self.labels)), *parts])

    def split(self, texts: Sequence[str]) -> Iterator[Sequence[str]]:
        """Chunks to work on side by side, if there are many texts."""
        if isinstance(texts, str) or not all(issubclass(t, str) for t in set(map(type, texts))):
            raise TypeError(f"expected a list of strings, got {texts!r:.80}; try [text]")
        return split_texts(texts, 2 * torch.get_num_threads())

    def map_logits(
        self,
        function: Callable[[Sequence[str], Tensor], T],
        chunks: Iterable[Sequence[str]],
        batch_size: int = 512,
    ) -> Iterator[T]:
        """`function` of the texts and the logits of each chunk, in order.

        Chunks are worked on side by side, so that texts are split into tokens while others are in
        the network, and a few more are held than are returned.
        """
        network = self.network
        if any(module.training for module in network.modules()):  # eval() takes five times as long
            network.eval()
        cores = torch.get_num_threads()
        # small operations leave cores idle, large ones need memory for each chunk in work
        by_table = network is self.tables
        workers = cores if by_table else min(cores, 2)
        return map_chunks(
            lambda texts: function(texts, self.chunk_logits(network, texts, batch_size)),
            chunks,
            workers=workers,
            threads=cores // workers,
            share_threads=not by_table,
        )

    def chunk_logits(self, network: nn.Module, texts: Sequence[str], batch_size: int) -> Tensor:
        """(texts, classes)"""
        encoded = encode_texts(texts, self.encoder)
        device = next(self.model.parameters()).device
        light = isinstance(network, TableClassifier) and network.keeps_only_maxima
        tokens = MAXIMA_TOKENS if light else SCORED_TOKENS
        logits = torch.empty(len(texts), len(self.labels))  # (texts, classes)
        with torch.inference_mode():
            for rows in sorted_batches(encoded.lengths, batch_size, tokens):
                batch = encoded.batch(rows).to(device)
                logits[torch.from_numpy(rows)] = network(batch.ids, batch.lengths).float().cpu()
        return logits

    def probabilities(self, logits: Tensor) -> Tensor:
        """(texts, classes) of the same shape: together 1 for a text, or each by itself."""
        return logits.softmax(dim=1) if self.thresholds is None else logits.sigmoid()

    def decide(self, logits: Tensor) -> list[Any]:
        """What `predict` makes of the logits (texts, classes)."""
        probabilities = self.probabilities(logits)
        named = [dict(zip(self.labels, row, strict=True)) for row in probabilities.tolist()]
        if self.thresholds is None:
            best = [self.labels[index] for index in probabilities.argmax(dim=1).tolist()]
            return list(map(Prediction._make, zip(best, named, strict=True)))
        sets = [
            frozenset(compress(self.labels, row))
            for row in chosen(probabilities, self.thresholds).tolist()
        ]
        return list(map(LabelSetPrediction._make, zip(sets, named, strict=True)))

    def predict(self, texts: Sequence[str], batch_size: int = 512) -> list[Any]:
        """For each text, in order, a Prediction, or with thresholds a LabelSetPrediction.

        Any, because only the checkpoint knows which. Arguments as for `logits`.
        """
        parts = self.map_logits(
            lambda _, logits: self.decide(logits), self.split(texts), batch_size
        )
        return list(chain.from_iterable(parts))


def load(path: str | Path, *, table_memory: int = TABLE_MEMORY, half: bool = False) -> Classifier:
    """The classifier in a run directory (its best checkpoint) or a checkpoint directory.

    Args:
        table_memory: megabytes that tables may take, of which embedding and first convolution are
            looked up, as far as texts need them; 0: no tables.
        half: tables of float16, with which logits are off by about 0.01.

    Raises:
        InputError: there is no checkpoint, or it is damaged or of a newer format.
    """
    directory = find_checkpoint(path)
    checkpoint = load_checkpoint(directory)
    return restore(checkpoint, directory, table_memory=table_memory, half=half)[0]


def restore(
    checkpoint: Checkpoint, directory: Path, *, table_memory: int = TABLE_MEMORY, half: bool = False
) -> tuple[Classifier, TrainConfig]:
    """The classifier of a checkpoint, and the configuration that it was trained with.

    The model is built without memory of its own and takes the stored tensors, so that a
    configuration that doesn't fit them, however large, is refused before anything is allocated.
    """
    try:
        config = parse_train_config(checkpoint.config)
        with torch.device("meta"):
            model = build_model(
                vocabulary_size=len(checkpoint.vocabulary),
                num_classes=len(checkpoint.labels),
                **config.model.settings(config.text.max_length),
            )
        types = {name: tensor.dtype for name, tensor in model.state_dict().items()}
        model.load_state_dict(checkpoint.weights, assign=True)
        for name, tensor in checkpoint.weights.items():
            if tensor.dtype != types[name]:
                raise ValueError(f"{name} is {tensor.dtype}, expected {types[name]}")
    except InputError as error:
        raise InputError(f"{directory}: its configuration: {error}") from error
    except (ValueError, TypeError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{directory}: configuration and weights don't fit: {reason}") from error
    if config.data.multi_label != (checkpoint.thresholds is not None):
        there = "lacks" if checkpoint.thresholds is None else "has"
        wanted = str(config.data.multi_label).lower()
        raise InputError(
            f"{directory} {there} a thresholds.json, but its data.multi_label is {wanted}: the "
            "checkpoint is not whole; copy it again"
        )
    tokenizer = build_tokenizer(config.text.unit, **config.text.tokenizer_settings())
    encoder = TextEncoder(
        tokenizer, checkpoint.vocabulary, config.text.max_length, config.text.truncate
    )
    classifier = Classifier(
        model,
        encoder,
        checkpoint.labels,
        checkpoint.thresholds,
        table_memory=table_memory,
        half=half,
    )
    return classifier, config
