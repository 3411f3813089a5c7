"""Networks of one convolution and pooling, as sums of table rows.

Must agree with `textcnn.models.classifier.TextCNN` in evaluation.
"""

from dataclasses import replace
from operator import mul

import numpy as np

from textcnn.runtime.blocks import Block
from textcnn.runtime.description import Convolution, Layer, Network
from textcnn.runtime.networks.activations import ACTIVATIONS, MONOTONE
from textcnn.runtime.networks.pooling import pool
from textcnn.runtime.networks.product_table import ProductTable
from textcnn.runtime.networks.windows import extended
from textcnn.runtime.tables import Tables
from textcnn.text.vocabulary import PADDING, UNKNOWN

ITSELF = Convolution(1, "valid")  # what a bag's map is: the rows of the tokens


class TextNetwork:
    """One network: rows of tokens, their sums in windows, pooling, layers and head."""

    def __init__(
        self, network: Network, tables: Tables, number: int, size: int, classes: int, memory: int
    ):
        """
        Args:
            number: of the member.
            size: of the vocabulary.
            memory: see `ProductTable`.

        Raises:
            KeyError, ValueError: the tensors don't fit the network.
        """
        prefix = f"members.{number}."
        self.network = network
        self.convolutions = network.convolutions or (ITSELF,)
        self.table = ProductTable(network, tables, prefix, size, memory)
        filters = self.table.filters
        # whether texts of different lengths may share a block
        self.keeps_maxima = network.pooling.name == "max" and network.activation in MONOTONE
        self.biases = [
            tables.floats(f"{prefix}convolutions.{i}.bias", count)
            if f"{prefix}convolutions.{i}.bias" in tables
            else np.zeros(count, np.float32)
            for i, count in enumerate(filters)
        ]
        self.bias_of_maxima = np.concatenate(self.biases)
        self.attention: list[tuple[np.ndarray, ...]] = [()] * len(filters)
        if network.pooling.name == "attention":
            self.attention = [
                (
                    tables.floats(f"{prefix}attention.{i}.weight", count, count),
                    tables.floats(f"{prefix}attention.{i}.bias", count),
                    tables.floats(f"{prefix}attention.{i}.score", count),
                )
                for i, count in enumerate(filters)
            ]
        width = sum(a * b for a, b in zip(filters, network.pooling.places, strict=True))
        self.layers: list[tuple[Layer, tuple[np.ndarray, ...]]] = []
        for i, layer in enumerate(network.hidden):
            weights = layer_weights(layer, tables, f"{prefix}hidden.{i}.", width)
            self.layers.append((layer, weights))
            width = len(weights[0]) if layer.kind == "linear" else width
        self.head = tables.floats(f"{prefix}head.weight", classes, width)
        self.bias = tables.floats(f"{prefix}head.bias", classes)

    @property
    def widest(self) -> int:
        """The numbers of a token in the widest table; at least 1."""
        return max(1, *map(mul, self.table.places, self.table.filters))

    def logits(self, block: Block) -> np.ndarray:
        """(texts, classes) float32"""
        block = in_frame(block, self.network.frame_length)
        if self.table.subwords is None or not len(block.words):
            return self.classify(self.pooled(block.ids, block.lengths))
        with self.table.alone:
            ids = self.table.number_words(block.ids, block.words)
            return self.classify(self.pooled(ids, block.lengths))

    def pooled(self, ids: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """(texts, time) to (texts, pooled features)"""
        ids, rows, nowhere = self.table.local(ids)
        pooling, activate = self.network.pooling, ACTIVATIONS[self.network.activation]
        pooled, shortest = [], int(lengths.min())
        for i, convolution in enumerate(self.convolutions):
            tokens = extended(ids, lengths, convolution, nowhere, shortest).T  # (positions, texts)
            if self.network.region == "bow":
                sums = bag_sums(rows[i], tokens, convolution.kernel_size, nowhere)
            else:
                sums = window_sums(rows[i], tokens, convolution.kernel_size)
            if self.keeps_maxima:
                pooled.append(np.maximum.reduce(sums))
            else:
                values = activate(sums + self.biases[i])
                pooled.append(pool(pooling.name, values, pooling.places[i], self.attention[i]))
        together = np.concatenate(pooled, axis=1)
        return activate(together + self.bias_of_maxima) if self.keeps_maxima else together

    def classify(self, pooled: np.ndarray) -> np.ndarray:
        """(texts, pooled features) to logits (texts, classes)"""
        for layer, weights in self.layers:
            pooled = apply(layer, weights, pooled)
        logits: np.ndarray = pooled @ self.head.T + self.bias
        return logits


def window_sums(rows: np.ndarray, tokens: np.ndarray, size: int) -> np.ndarray:
    """The sums of the rows in all windows, without bias.

    Args:
        rows: (numbers, size x filters)
        tokens: (positions, texts)

    Returns:
        (windows, texts, filters) float32
    """
    found = rows.take(tokens, axis=0)  # (positions, texts, size x filters)
    if size == 1:
        return found
    count, filters = len(tokens) - size + 1, rows.shape[1] // size
    sums: np.ndarray = found[:count, :, :filters] + found[1 : count + 1, :, filters : 2 * filters]
    for j in range(2, size):
        sums += found[j : j + count, :, j * filters : (j + 1) * filters]
    return sums


def bag_sums(rows: np.ndarray, tokens: np.ndarray, size: int, nowhere: int) -> np.ndarray:
    """As `window_sums`, where a token adds its row (filters,) once to a window."""
    count = len(tokens) - size + 1
    places = [tokens[j : j + count] for j in range(size)]
    sums = rows.take(places[0], axis=0)
    for j in range(1, size):
        again = np.logical_or.reduce([places[j] == each for each in places[:j]])
        own = np.where(again & (places[j] != nowhere), PADDING, places[j])
        sums += rows.take(own, axis=0)
    return sums


def in_frame(block: Block, frame_length: int | None) -> Block:
    """What a network reads of a block: up to `frame_length` tokens, at least one position."""
    ids, lengths, words = block.ids, block.lengths, block.words
    if frame_length is None and lengths.all():
        return block
    if frame_length is not None and ids.shape[1] > frame_length:
        kept = block.texts_of_words  # the text of each unknown word
        place = np.nonzero(ids == UNKNOWN)[1]
        words = [
            word for word, p in zip(words, place[: len(kept)], strict=False) if p < frame_length
        ]
        ids, lengths = ids[:, :frame_length], np.minimum(lengths, frame_length)
    if not ids.shape[1]:
        ids = np.full((len(ids), 1), PADDING, np.int32)
    return replace(block, ids=ids, lengths=np.maximum(lengths, 1), words=words)


def layer_weights(layer: Layer, tables: Tables, prefix: str, width: int) -> tuple[np.ndarray, ...]:
    """The weights of a layer between pooling and head, whose input has `width` numbers.

    Raises:
        KeyError, ValueError: they don't fit.
    """
    if layer.kind == "scale":
        return tables.floats(f"{prefix}scale", width), tables.floats(f"{prefix}shift", width)
    if layer.kind == "linear":
        weight = tables.floats(f"{prefix}weight", None, width)
        return weight, tables.floats(f"{prefix}bias", len(weight))
    if layer.kind == "response_norm" and sum(a * b for a, b in layer.maps) != width:
        raise ValueError(f"{prefix}maps have other numbers than the {width} pooled ones")
    return ()


def apply(layer: Layer, weights: tuple[np.ndarray, ...], pooled: np.ndarray) -> np.ndarray:
    """(texts, width) to (texts, width of the result)"""
    if layer.kind == "scale":
        return np.asarray(pooled * weights[0] + weights[1])
    if layer.kind == "linear":
        return np.asarray(pooled @ weights[0].T + weights[1])
    if layer.kind == "relu":
        return np.maximum(pooled, np.float32(0))
    first, scaled = 0, []
    for channels, places in layer.maps:  # h / √(1 + |h|²), each place on its own
        own = pooled[:, first : first + channels * places].reshape(-1, channels, places)
        norms = np.sqrt(1 + np.square(own).sum(axis=1, keepdims=True))
        scaled.append((own / norms).reshape(len(pooled), -1))
        first += channels * places
    return np.concatenate(scaled, axis=1)


def mean_logits(logits: np.ndarray, multi_label: bool) -> np.ndarray:
    """The logits of the members' mean probability; see `textcnn.models.ensemble.mean_logits`.

    Args:
        logits: (members, texts, classes)
    """
    if multi_label:
        return log_sum_exp(log_sigmoid(logits)) - log_sum_exp(log_sigmoid(-logits))
    largest = logits.max(axis=2, keepdims=True)
    totals = np.log(np.exp(logits - largest).sum(axis=2, keepdims=True))
    return log_sum_exp(logits - largest - totals) - np.float32(np.log(len(logits)))


def log_sigmoid(logits: np.ndarray) -> np.ndarray:
    return np.asarray(np.minimum(logits, 0) - np.log1p(np.exp(-np.abs(logits))))


def log_sum_exp(values: np.ndarray) -> np.ndarray:
    """Over the first axis."""
    largest = values.max(axis=0)
    return np.asarray(largest + np.log(np.exp(values - largest).sum(axis=0)))
