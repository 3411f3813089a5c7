"""The base class of encoders: from features of tokens to the features that are pooled."""

from operator import attrgetter

from torch import Tensor, nn

from textcnn.errors import InputError
from textcnn.models.layers.convolution import Convolution
from textcnn.models.layers.features import Features
from textcnn.models.layers.field import ONE_TOKEN, Field


class Encoder(nn.Module):
    """Turns one feature map into one or more, which may differ in length.

    An encoder must have `channels` and `forward`. Everything else is optional: what an encoder
    declares, textcnn can use.

    `last_activation` names an activation that the classifier applies to the maps. It does so after
    max pooling where the result is the same.

    `first_convolutions` lets textcnn replace embedding and convolution by lookup tables;
    `maps_are_first_convolutions` lets it compute max pooling without computing the maps. A subclass
    with a `forward` of its own must declare both again: they don't apply to another `forward`.
    """

    channels: tuple[int, ...]  # of each map
    last_activation: str = "none"
    # paths, as `get_submodule` takes them, of the convolutions that read the embedding, if nothing
    # else reads it
    first_convolutions: tuple[str, ...] = ()
    # whether the maps are the outputs of the first convolutions, in that order and unchanged
    maps_are_first_convolutions: bool = False
    # whether a feature depends only on the tokens of its window, in the same way everywhere
    windows_only: bool = False

    def forward(self, features: Features) -> tuple[Features, ...]:
        """(batch, channels, time) to a map (batch, channels of the map, positions) for each."""
        raise NotImplementedError

    def positions(self, lengths: Tensor) -> tuple[Tensor, ...]:
        """The number of positions in each map, for texts of these lengths; for pooling=flatten.

        Raises:
            NotImplementedError: the encoder doesn't declare it, or more than the length decides.
        """
        raise NotImplementedError

    def fields(self, field: Field = ONE_TOKEN) -> tuple[Field, ...]:
        """The tokens that each position of each map sees; arithmetic only, nothing is run.

        Args:
            field: the tokens that each position of the input sees.

        Raises:
            NotImplementedError: the encoder doesn't declare it.
        """
        raise NotImplementedError(
            f"{type(self).__name__} doesn't declare its receptive field; define its method "
            "fields(field), which returns a Field for each map"
        )

    def embedding_weights(self) -> list[Tensor]:
        """The weights (filters, dimensions, ...) that read the embedding, on the second axis.

        An empty list says that the only map is the embedding itself, which later layers read.

        Raises:
            NotImplementedError: no such weights are known; the message says why.
        """
        readers = self.reading_convolutions()
        if not readers:
            raise NotImplementedError(
                f"{type(self).__name__} doesn't declare which layers read the embedding"
            )
        return [convolution.weight for convolution in readers.values()]

    def reading_convolutions(self) -> dict[str, Convolution]:
        """The first convolutions by path; empty if they aren't known, or were replaced."""
        if not self.declares("first_convolutions"):
            return {}
        found: dict[str, Convolution] = {}
        for path in self.first_convolutions:
            try:
                module = attrgetter(path)(self)  # as get_submodule, but three times as fast
            except AttributeError:
                raise InputError(
                    f"{type(self).__name__}.first_convolutions={self.first_convolutions!r}: there "
                    f"is no module {path!r}; give a tuple of paths, such as ('convolution',)"
                ) from None
            if not isinstance(module, Convolution) or type(module).forward != Convolution.forward:
                return {}
            found[path] = module
        return found

    def declares(self, name: str) -> bool:
        """Whether a class declares that attribute for the `forward` that this encoder has."""
        if name in vars(self):
            return True
        for kind in type(self).__mro__:
            if name in vars(kind):
                return True
            if "forward" in vars(kind):
                return False
        return False
