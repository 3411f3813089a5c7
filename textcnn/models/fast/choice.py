"""Which batches of which models have a faster way than the plain one.

Must agree with `TextCNN.embed`, the encoder and `TextCNN.pool`, to 1e-5 in outputs and gradients.

There are three faster ways, all on CPUs only:

- The maxima of n-grams, for convolutions side by side with max pooling (`ngram_max`).
- The maxima of regions, for one-hot networks with max pooling (`region_max`).
- A twin of the encoder, which shares all weights, but has faster layers: first convolutions that
  look up products of tokens (`lookup`), convolutions with fewer multiplications (`winograd`) and
  max pooling by comparing tiles (`tile_max`).

A faster way doesn't call all modules. So there is none if a module has a hook or was replaced by
a module of another kind.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from textcnn.models.encoders.encoder import Encoder
from textcnn.models.fast.lookup import LookupConvolution, looks_up, token_features
from textcnn.models.fast.ngram_max import max_pooled_convolutions, pool_ngrams
from textcnn.models.fast.region_max import max_pooled_regions, pool_regions
from textcnn.models.fast.tile_max import by_tiles, has_tiles
from textcnn.models.fast.winograd import by_winograd, may_pay
from textcnn.models.layers.embedding import Embedding
from textcnn.models.layers.position import Position
from textcnn.models.layers.subword_table import SubwordTable
from textcnn.system.private_torch import unobserved_modules, with_parts

if TYPE_CHECKING:
    from textcnn.models.classifier import TextCNN

Way = Callable[[Tensor, Tensor], Tensor]  # from ids and lengths to pooled features (batch, pooled)


def faster_way(model: "TextCNN", ids: Tensor) -> Way | None:
    """A faster way to the pooled features of this batch; None if the plain way is as good.

    Args:
        ids: (batch, time) int64
    """
    if torch.compiler.is_compiling() or ids.device.type != "cpu" or not len(ids):
        return None
    if model.frame_length is not None:
        ids = ids[:, : model.frame_length]
    encoder = model.encoder
    modules = unobserved_modules(
        model.embedding,
        model.word_dropout,
        model.position,
        model.embedding_dropout,
        encoder,
        model.poolings,
    )
    if modules is None:
        return None
    drops = model.training and model.embedding_dropout.p > 0
    if not drops and max_pooled_regions(model):
        return partial(pool_regions, model)
    tokens_only = not drops and encodes_tokens_only(model)
    if tokens_only:
        convolutions = max_pooled_convolutions(model)
        if convolutions:
            return partial(pool_ngrams, model, convolutions)
    parts = faster_layers(encoder) if has_faster_layers(modules) else {}
    # with fewer positions for each token a table costs more than it saves
    repetitive = tokens_only and ids.numel() >= 4 * model.embedding.vocabulary_size
    lookups = lookup_layers(encoder) if repetitive else {}
    if not parts and not lookups:
        return None
    twin = with_parts(encoder, parts | lookups)
    return partial(pool_by_twin, model, twin, bool(lookups))


def pool_by_twin(
    model: "TextCNN", twin: nn.Module, lookups: bool, ids: Tensor, lengths: Tensor
) -> Tensor:
    """The pooled features (batch, pooled), with a twin in place of the encoder.

    Args:
        lookups: the twin has convolutions that look up tokens.
    """
    features = token_features(model, ids, lengths) if lookups else model.embed(ids, lengths)
    return model.pool(twin(features))[0]


def encodes_tokens_only(model: "TextCNN") -> bool:
    """Whether the encoder's input depends on each token's vector alone, apart from dropout."""
    embedding = model.embedding
    return (
        type(embedding) is Embedding
        and all(type(table) in (nn.Embedding, SubwordTable) for table in embedding.children())
        and type(model.position) is Position
        and type(model.embedding_dropout) is nn.Dropout
    )


def has_faster_layers(modules: Iterable[nn.Module]) -> bool:
    """Whether `faster_layers` finds any, without their paths, which take longer to find."""
    return any(has_tiles(each) or may_pay(each) for each in modules)


def faster_layers(encoder: nn.Module) -> dict[str, nn.Module]:
    """By path, layers that compute the same as those of the encoder, with their weights."""
    parts: dict[str, nn.Module] = {}
    for path, module in encoder.named_modules():
        if has_tiles(module):
            parts[path] = by_tiles(module)
        elif may_pay(module):
            parts[path] = by_winograd(module)
    return parts


def lookup_layers(encoder: Encoder) -> dict[str, nn.Module]:
    """By path, first convolutions that look up products of tokens, with the same weights."""
    readers = encoder.reading_convolutions()
    return {path: LookupConvolution(layer) for path, layer in readers.items() if looks_up(layer)}
