"""The classifier: embedding, encoder, head, with its intermediates by name."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from textcnn.models.multi_width import MultiWidth
from textcnn.text.vocabulary import PADDING, UNKNOWN


@dataclass(frozen=True)
class Activations:
    """What a forward pass computes on its way, by name."""

    embedded: Tensor  # (batch, time, embedding_dim), zero behind a text's end
    features: tuple[Tensor, ...]  # for each width (batch, filters, windows), 0 beyond a text's own
    winners: Tensor  # (batch, features), the first token of the window that won
    pooled: Tensor  # (batch, features)
    logits: Tensor  # (batch, classes)


class TextClassifier(nn.Module):
    """Logits of texts, each of which depends on that text alone, however it is padded."""

    def __init__(
        self, embedding: nn.Embedding, encoder: MultiWidth, num_classes: int, dropout: float
    ):
        super().__init__()
        self.embedding = embedding
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(encoder.num_features, num_classes)

    def set_vectors(self, vectors: Tensor) -> None:
        """Begin with pretrained vectors (tokens, embedding_dim), those of the ids after the
        specials; the one of unknown tokens is random, with the same variance."""
        specials = len(self.embedding.weight) - len(vectors)
        with torch.no_grad():
            self.embedding.weight[specials:] = vectors
            bound = (3 * vectors.var()).sqrt().item()
            self.embedding.weight[UNKNOWN].uniform_(-bound, bound)

    @property
    def receptive_field(self) -> int:
        """How many tokens one feature sees."""
        return self.encoder.receptive_field

    @property
    def stride(self) -> int:
        """How many tokens lie between the windows of neighbouring features."""
        return self.encoder.stride

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """
        Args:
            ids: (batch, time) int64, PADDING behind a text's end.
            lengths: (batch,) int64, tokens of each text; 0 is welcome.

        Returns:
            logits: (batch, classes)
        """
        _, pooled, _ = self.encoder(self.embedding(ids), lengths)  # (batch, features)
        return self.head(self.dropout(pooled))  # (batch, classes)

    def activations(self, ids: Tensor, lengths: Tensor) -> Activations:
        """The forward pass with its intermediates; arguments as for `forward`."""
        embedded = self.embedding(ids)  # (batch, time, embedding_dim)
        responses, pooled, winners = self.encoder(embedded, lengths)
        features = tuple(F.relu(response) for response in responses)
        logits = self.head(self.dropout(pooled))  # (batch, classes)
        return Activations(embedded, features, winners, pooled, logits)


def build_model(
    name: str,
    *,
    vocabulary_size: int,
    num_classes: int,
    embedding_dim: int,
    kernel_sizes: Sequence[int],
    num_filters: int,
    dropout: float,
) -> TextClassifier:
    """A classifier with random weights, embeddings from U(-0.25, 0.25) as in Kim 2014."""
    # nn.Embedding would draw normal numbers first, which on the meta device takes 2 seconds
    weight = torch.empty(vocabulary_size, embedding_dim)
    embedding = nn.Embedding.from_pretrained(weight, freeze=False, padding_idx=PADDING)
    nn.init.uniform_(embedding.weight, -0.25, 0.25)
    nn.init.zeros_(embedding.weight[PADDING])
    encoders = {"multi_width": MultiWidth}
    encoder = encoders[name](embedding_dim, kernel_sizes, num_filters)
    return TextClassifier(embedding, encoder, num_classes, dropout)
