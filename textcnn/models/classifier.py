"""The network: embedding, encoder, pooling and head, with all intermediate results by name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from textcnn.data.unknown_words import UnknownWords
from textcnn.errors import InputError
from textcnn.models.encoders.encoder import Encoder
from textcnn.models.fast.choice import faster_way
from textcnn.models.layers.activations import ACTIVATIONS, MONOTONE
from textcnn.models.layers.embedding import Embedding, WordDropout
from textcnn.models.layers.features import Features
from textcnn.models.layers.field import ONE_TOKEN, Field
from textcnn.models.layers.pooling import Pooling
from textcnn.models.layers.position import Position
from textcnn.text.vocabulary import PADDING


@dataclass(frozen=True)
class Activations:
    """What a forward pass computes on its way, by name."""

    embedded: Tensor  # (batch, time, channels), zero after a text's end
    features: tuple[Tensor, ...]  # of each map (batch, channels, positions), zero after its end
    fields: tuple[Field, ...]  # of each map, the tokens that each position sees
    winners: Tensor | None  # (batch, pooled), the winning position; None if all contribute
    pooled: Tensor  # (batch, pooled)
    logits: Tensor  # (batch, classes)


class TextCNN(nn.Module):
    """Logits of texts. Those of a text depend on that text alone, however much it is padded.

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
            max_norm: the limit of `limit_norms` for the weights of each class; None: no limit.
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
        """After a training step, clip the weights of each class to the l2 norm `max_norm`.

        (Kim 2014.)
        """
        if self.max_norm is not None:
            with torch.no_grad():
                self.head.weight.renorm_(2, 0, self.max_norm)

    @property
    def tables(self) -> list[nn.Embedding]:
        """The tables whose rows training updates."""
        return [] if self.embedding.table is None else [self.embedding.table]

    @property
    def field(self) -> Field:
        """The tokens that a feature sees before pooling, on the map that sees most.

        Raises:
            InputError: the encoder, of an installed package, doesn't declare it.
        """
        try:
            return widest(self.encoder.fields(ONE_TOKEN))
        except NotImplementedError as error:
            raise InputError(str(error)) from error

    @property
    def receptive_field(self) -> int | None:
        """How many tokens one feature sees; None: the whole text. Raises as `field`."""
        return self.field.size

    @property
    def stride(self) -> int:
        """How many tokens lie between the starts of neighbouring windows. Raises as `field`."""
        return self.field.stride

    def forward(
        self,
        ids: Tensor,
        lengths: Tensor,
        alter: Callable[[Tensor], Tensor] | None = None,
        unknown: UnknownWords | None = None,
    ) -> Tensor:
        """
        Args:
            ids: (batch, time) int64, PADDING after a text's end.
            lengths: (batch,) int64, tokens of each text; may be 0.
            alter: what to make of the pooled features (batch, pooled) before they are classified,
                as in `textcnn.training.objectives`; it may change the number of rows.
            unknown: the words behind UNKNOWN ids, which get vectors from their subwords.

        Returns:
            logits: (batch, classes)
        """
        composes = unknown is not None and self.embedding.subwords is not None
        faster = None if composes else faster_way(self, ids)
        if faster is None:
            pooled, _ = self.pool(self.encoder(self.embed(ids, lengths, unknown)))
        else:
            pooled = faster(ids, lengths)
        return self.classify(pooled if alter is None else alter(pooled))

    def activations(
        self, ids: Tensor, lengths: Tensor, unknown: UnknownWords | None = None
    ) -> Activations:
        """The forward pass with its intermediate results, always computed the plain way.

        Arguments are those of `forward`.
        """
        embedded = self.embed(ids, lengths, unknown)
        # pooling must not change in place what is returned, or its gradients would be lost
        maps = tuple(map._knowing(disposable=False) for map in self.encoder(embedded))
        activate = ACTIVATIONS[self.encoder.last_activation]
        features = tuple(map.each(activate).zeroed().values for map in maps)
        fields = tuple(map.field for map in maps)
        pooled, winners = self.pool(maps)
        tokens = embedded.zeroed().values.transpose(1, 2)
        return Activations(tokens, features, fields, winners, pooled, self.classify(pooled))

    def embed(self, ids: Tensor, lengths: Tensor, unknown: UnknownWords | None = None) -> Features:
        """(batch, time) to (batch, channels, time), with at least one position for each text."""
        return self.place(*self.vectors(ids, lengths, unknown))

    def vectors(
        self, ids: Tensor, lengths: Tensor, unknown: UnknownWords | None = None
    ) -> tuple[Tensor, Tensor]:
        """The vectors (batch, time, dim) of the tokens that are read, and the lengths of texts."""
        composed = None if unknown is None else self.embedding.compose(unknown)  # (words, dim)
        if composed is not None and unknown is not None:
            ids = unknown.number(ids, self.embedding.vocabulary_size)
        ids, lengths = self.to_frame(ids, lengths)
        ids = self.word_dropout(ids)
        embedding = self.embedding
        # (batch, time, dim)
        embedded = embedding(ids) if composed is None else embedding.with_more(ids, composed)
        return embedded, lengths

    def place(self, embedded: Tensor, lengths: Tensor) -> Features:
        """Vectors (batch, time, dim) with their positions, as features (batch, channels, time)."""
        embedded = self.embedding_dropout(self.position(embedded, lengths))
        features = Features(embedded.transpose(1, 2), lengths.clamp(min=1))
        clean = getattr(self.position, "absent", False)  # otherwise padding has a position too
        return features._knowing(clean=clean, finite=clean)

    def to_frame(self, ids: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """The ids and lengths that are read: up to `frame_length` tokens, at least one position."""
        if self.frame_length is not None:
            ids, lengths = ids[:, : self.frame_length], lengths.clamp(max=self.frame_length)
        if not ids.shape[1]:
            ids = ids.new_full((len(ids), 1), PADDING)
        return ids, lengths

    def pool(self, maps: tuple[Features, ...]) -> tuple[Tensor, Tensor | None]:
        """Pooled features (batch, pooled) of all maps side by side, and the winning positions."""
        activation = self.encoder.last_activation
        activate = ACTIVATIONS[activation]
        pooled, winners = [], []
        for map, pooling in zip(maps, self.poolings, strict=True):
            assert isinstance(pooling, Pooling)
            if pooling.commutes and activation in MONOTONE:
                maxima, positions = pooling(map)
                pooled.append(activate(maxima))  # fewer numbers than the map has
            else:
                numbers, positions = pooling(map.each(activate))
                pooled.append(numbers)
            winners += [] if positions is None else [positions]
        return torch.cat(pooled, dim=1), torch.cat(winners, dim=1) if winners else None

    def classify(self, pooled: Tensor) -> Tensor:
        """(batch, pooled) to logits (batch, classes)."""
        logits: Tensor = self.head(self.dropout(self.hidden(pooled)))
        return logits


def widest(fields: Sequence[Field]) -> Field:
    """The field that sees most tokens."""
    return max(fields, key=lambda field: torch.inf if field.size is None else field.size)
