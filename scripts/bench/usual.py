"""The usual implementation of tutorials, with which textcnn is compared."""

import random
import re
from collections import Counter
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PAD, UNKNOWN = 0, 1
ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789-,;.!?:'\"/\\|_@#$%^&*~`+-=<>()[]{}\n"  # Zhang 2015


class WordCnn(nn.Module):
    """Kim 2014: embedding, `Conv2d` over (time, embedding) for each width, maximum over time."""

    def __init__(
        self,
        vocabulary_size: int,
        embedding_dim: int,
        kernel_sizes: list[int],
        num_filters: int,
        num_classes: int,
    ):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, embedding_dim, padding_idx=PAD)
        self.convs = nn.ModuleList(
            nn.Conv2d(1, num_filters, (size, embedding_dim)) for size in kernel_sizes
        )
        self.dropout = nn.Dropout(0.5)
        self.linear = nn.Linear(len(kernel_sizes) * num_filters, num_classes)

    def forward(self, ids: Tensor) -> Tensor:
        """From ids (batch, time) to logits (batch, classes); time is at least the widest kernel."""
        embedded = self.embedding(ids).unsqueeze(1)  # (batch, 1, time, dim)
        maps = [F.relu(conv(embedded)).squeeze(3) for conv in self.convs]  # (batch, filters, time)
        pooled = [F.max_pool1d(map, map.shape[2]).squeeze(2) for map in maps]  # (batch, filters)
        logits: Tensor = self.linear(self.dropout(torch.cat(pooled, 1)))
        return logits


def with_weights_of(weights: dict[str, Tensor]) -> WordCnn:
    """A `WordCnn` with the weights of textcnn's `multi_width`: it computes the same logits."""
    table, linear = weights["embedding.table.weight"], weights["head.weight"]
    kernels = [
        weights[f"encoder.convolutions.{number}.weight"]  # (filters, dim, time)
        for number in range(sum(name.endswith("bias") for name in weights) - 1)
    ]
    sizes = [kernel.shape[2] for kernel in kernels]
    model = WordCnn(len(table), table.shape[1], sizes, len(kernels[0]), len(linear))
    copied = {
        "embedding.weight": table,
        "linear.weight": linear,
        "linear.bias": weights["head.bias"],
    }
    for number, kernel in enumerate(kernels):
        copied[f"convs.{number}.weight"] = kernel.transpose(1, 2)[:, None]
        copied[f"convs.{number}.bias"] = weights[f"encoder.convolutions.{number}.bias"]
    model.load_state_dict(copied)
    return model


class CharCnn(nn.Module):
    """Zhang 2015, small: one-hot characters, six `Conv1d`, three linear layers."""

    def __init__(self, num_characters: int, num_classes: int, num_filters: int = 256):
        super().__init__()
        self.num_characters = num_characters
        layers: list[nn.Module] = []
        channels = num_characters
        for kernel_size, pool in ((7, 3), (7, 3), (3, 1), (3, 1), (3, 1), (3, 3)):
            layers += [nn.Conv1d(channels, num_filters, kernel_size), nn.ReLU()]
            layers += [nn.MaxPool1d(pool)] if pool > 1 else []
            channels = num_filters
        self.convs = nn.Sequential(*layers)
        self.head = nn.Sequential(
            nn.Linear(34 * num_filters, 1024),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(1024, 1024),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(1024, num_classes),
        )

    def forward(self, ids: Tensor) -> Tensor:
        """From ids (batch, 1014) to logits (batch, classes); id 0 is padding or unknown."""
        onehot = F.one_hot(ids, self.num_characters + 1)[..., 1:].float()  # (batch, time, chars)
        features = self.convs(onehot.transpose(1, 2))  # (batch, filters, 34)
        logits: Tensor = self.head(features.flatten(1))
        return logits


def basic_english(text: str) -> list[str]:
    """torchtext's tokenizer of that name: lower case, punctuation marks as tokens."""
    text = text.lower().replace("<br />", " ").replace('"', "")
    text = re.sub(r"([.,()!?'])", r" \1 ", text)
    return re.sub(r"[;:]", " ", text).split()


def build_vocabulary(tokenized: list[list[str]], min_frequency: int = 2) -> dict[str, int]:
    counts = Counter(token for tokens in tokenized for token in tokens)
    kept = [token for token, count in counts.most_common() if count >= min_frequency]
    return {token: number for number, token in enumerate(kept, start=UNKNOWN + 1)}


class Reader(Protocol):
    shortest: int  # minimum number of positions that the network needs

    def ids(self, text: str) -> list[int]: ...


class WordReader:
    def __init__(self, vocabulary: dict[str, int], max_length: int, kernel_sizes: list[int]):
        self.vocabulary, self.max_length = vocabulary, max_length
        self.shortest = max(kernel_sizes)

    def ids(self, text: str) -> list[int]:
        tokens = basic_english(text)[: self.max_length]
        return [self.vocabulary.get(token, UNKNOWN) for token in tokens]


class CharReader:
    """Reads a frame of 1,014 characters."""

    shortest = 1014

    def ids(self, text: str) -> list[int]:
        ids = [ALPHABET.find(character) + 1 for character in text.lower()[: self.shortest]]
        return ids + [0] * (self.shortest - len(ids))


def pad(rows: list[list[int]], shortest: int) -> Tensor:
    """Ids (batch, time), padded to the longest row, and to `shortest` at least."""
    time = max(shortest, *(len(row) for row in rows))
    return torch.tensor([row + [PAD] * (time - len(row)) for row in rows])


class Training:
    """Training on shuffled batches, each padded to its longest text, with Adam."""

    def __init__(
        self,
        model: nn.Module,
        reader: Reader,
        rows: list[list[int]],
        labels: list[int],
        *,
        batch_size: int,
        learning_rate: float,
    ):
        self.model, self.reader, self.rows, self.labels = model, reader, rows, labels
        self.batch_size = batch_size
        self.optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
        self.order: list[int] = []
        self.steps = 0

    def step(self) -> int:
        """Train on one batch; returns its number of texts."""
        self.steps += 1
        if not self.order:
            self.order = random.sample(range(len(self.rows)), len(self.rows))
        chosen, self.order = self.order[: self.batch_size], self.order[self.batch_size :]
        ids = pad([self.rows[index] for index in chosen], self.reader.shortest)
        labels = torch.tensor([self.labels[index] for index in chosen])
        self.model.train()
        self.optimizer.zero_grad()
        loss = F.cross_entropy(self.model(ids), labels)
        loss.backward()
        self.optimizer.step()
        loss.item()
        return len(chosen)


def predict(model: nn.Module, reader: Reader, texts: list[str], batch_size: int = 50) -> list[int]:
    model.eval()
    predicted: list[int] = []
    with torch.no_grad():
        for start in range(0, len(texts), batch_size):
            rows = [reader.ids(text) for text in texts[start : start + batch_size]]
            predicted += model(pad(rows, reader.shortest)).argmax(1).tolist()
    return predicted
