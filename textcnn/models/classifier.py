"""The classifier: embedding, encoder, pooling, head, with its intermediates by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from textcnn.models.encoders.encoder import Encoder
from textcnn.models.encoders.multi_width import MultiWidth
from textcnn.models.fast.lookup import TokenFeatures
from textcnn.models.fast.ngram_max import distinct, ngram_max
from textcnn.models.layers.activations import ACTIVATIONS, MONOTONE
from textcnn.models.layers.convolution import Convolution
from textcnn.models.layers.embedding import Embedding, WordDropout
from textcnn.models.layers.features import Features
from textcnn.models.layers.field import Field
from textcnn.models.layers.pooling import MaxPooling, Pooling
from textcnn.models.layers.position import Position
from textcnn.text.vocabulary import PADDING


@dataclass(frozen=True)
class Activations:
    """What a forward pass computes on its way, by name."""

    embedded: Tensor  # (batch, time, channels), zero behind a text's end
    features: tuple[Tensor, ...]  # of each map (batch, channels, positions), 0 beyond a text's own
    fields: tuple[Field, ...]  # of each map, the tokens behind its positions
    winners: Tensor | None  # (batch, pooled), the position that won; None where none does
    pooled: Tensor  # (batch, pooled)
    logits: Tensor  # (batch, classes)


class TextCNN(nn.Module):
    """Logits of texts, each of which depends on that text alone, however it is padded.

    An empty text is read as one token of the zero vector.
    """

    def __init__(
        self,
        embedding: Embedding,
        position: Position,
        encoder: Encoder,
        poolings: Sequence[Pooling],
        hidden: nn.Sequential,
        head: nn.Linear,
        *,
        frame_length: int | None,
        word_dropout: float,
        embedding_dropout: float,
        dropout: float,
        max_norm: float | None,
    ):
        """
        Args:
            poolings: one for each map of the encoder.
            hidden: layers between pooling and head.
            frame_length: tokens that are read of a text; None: all.
            max_norm: that `limit_norms` cuts each class's weights to; None: any.
        """
        super().__init__()
        self.embedding = embedding
        self.word_dropout = WordDropout(word_dropout)
        self.position = position
        self.embedding_dropout = nn.Dropout(embedding_dropout)
        self.encoder = encoder
        self.poolings = nn.ModuleList(poolings)
        self.hidden = hidden
        self.dropout = nn.Dropout(dropout)
        self.head = head
        self.frame_length = frame_length
        self.max_norm = max_norm

    def limit_norms(self) -> None:
        """Cut the weights of each class to the l2 norm `max_norm`, after a step (Kim 2014)."""
        if self.max_norm is not None:
            with torch.no_grad():
                self.head.weight.renorm_(2, 0, self.max_norm)

    @property
    def field(self) -> Field:
        """The tokens behind one pooled-before feature, of the map that sees most."""
        training = self.training
        try:
            parameter = next(self.parameters())
            ids = torch.ones(1, 1, dtype=torch.int64, device=parameter.device)
            with torch.no_grad():
                maps = self.eval().encoder(self.embed(ids, torch.ones_like(ids[0])))
        finally:
            self.train(training)
        return max((m.field for m in maps), key=lambda f: torch.inf if f.size is None else f.size)

    @property
    def receptive_field(self) -> int | None:
        """How many tokens one feature sees; None: all of the text."""
        return self.field.size

    @property
    def stride(self) -> int:
        """How many tokens lie between the windows of neighbouring features."""
        return self.field.stride

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """
        Args:
            ids: (batch, time) int64, PADDING behind a text's end.
            lengths: (batch,) int64, tokens of each text; 0 is welcome.

        Returns:
            logits: (batch, classes)
        """
        if self.pools_ngrams(ids):
            return self.classify(self.pool_ngrams(ids, lengths))
        pooled, _ = self.pool(self.encoder(self.embed(ids, lengths)))
        return self.classify(pooled)

    def pools_ngrams(self, ids: Tensor) -> bool:
        """Whether `pool_ngrams` does for them what embedding, encoder and pooling do."""
        return (
            type(self.encoder) is MultiWidth
            and self.encoder.last_activation in MONOTONE
            and all(type(pooling) is MaxPooling for pooling in self.poolings)
            and type(self.position) is Position
            and not (self.training and self.embedding_dropout.p > 0)
            and len(ids) > 0
            and ids.device.type == "cpu"
            and not torch.compiler.is_compiling()  # nor exporting
        )

    def pool_ngrams(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """What `pool` makes of the encoder's maps, at a fraction of the cost: (batch, pooled)."""
        assert isinstance(self.encoder, MultiWidth)
        ids = self.word_dropout(at_least_one(ids))
        tokens, places = distinct(ids, self.embedding.vocabulary_size)
        largest = ngram_max(
            self.embedding.distinct(tokens),
            places,
            lengths.clamp(min=1),
            cast(Sequence[Convolution], self.encoder.convolutions),
        )
        return ACTIVATIONS[self.encoder.last_activation](largest)

    def activations(self, ids: Tensor, lengths: Tensor) -> Activations:
        """The forward pass with its intermediates, always the plain way; arguments as for it."""
        embedded = self.embed(ids, lengths)
        # pooling may not change in place what is handed out, or its gradients would be lost
        maps = tuple(map.but(disposable=False) for map in self.encoder(embedded))
        activate = ACTIVATIONS[self.encoder.last_activation]
        features = tuple(map.each(activate).zeroed().values for map in maps)
        fields = tuple(map.field for map in maps)
        pooled, winners = self.pool(maps)
        tokens = embedded.zeroed().values.transpose(1, 2)
        return Activations(tokens, features, fields, winners, pooled, self.classify(pooled))

    def embed(self, ids: Tensor, lengths: Tensor) -> Features:
        """(batch, channels, time), of at least one position for each text."""
        if self.frame_length is not None:
            ids, lengths = ids[:, : self.frame_length], lengths.clamp(max=self.frame_length)
        ids = at_least_one(ids)
        clean = type(self.position) is Position  # else padding has a place too
        if clean and not (self.training and self.embedding_dropout.p > 0):
            kept = self.word_dropout(ids)
            size = self.embedding.vocabulary_size
            return TokenFeatures(kept, lengths.clamp(min=1), self.embedding, size)
        embedded = self.embedding(self.word_dropout(ids))  # (batch, time, dim)
        embedded = self.embedding_dropout(self.position(embedded, lengths))
        return Features(embedded.transpose(1, 2), lengths.clamp(min=1), clean=clean)

    def pool(self, maps: tuple[Features, ...]) -> tuple[Tensor, Tensor | None]:
        """Pooled features of all maps side by side, and the positions that won."""
        activation = self.encoder.last_activation
        activate = ACTIVATIONS[activation]
        pooled, winners = [], []
        for map, pooling in zip(maps, self.poolings, strict=True):
            assert isinstance(pooling, Pooling)
            if pooling.commutes and activation in MONOTONE:
                largest, places = pooling(map)
                pooled.append(activate(largest))  # of one number, not of all
            else:
                numbers, places = pooling(map.each(activate))
                pooled.append(numbers)
            winners += [] if places is None else [places]
        return torch.cat(pooled, dim=1), torch.cat(winners, dim=1) if winners else None

    def classify(self, pooled: Tensor) -> Tensor:
        logits: Tensor = self.head(self.dropout(self.hidden(pooled)))  # (batch, classes)
        return logits


def at_least_one(ids: Tensor) -> Tensor:
    """Ids (batch, time) of one position at least: padding, where no text has any token."""
    return ids if ids.shape[1] else ids.new_full((len(ids), 1), PADDING)
