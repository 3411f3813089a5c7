"""What every encoder is: from the features of tokens to the features that are pooled."""

from torch import Tensor, nn

from textcnn.models.layers.features import Features


class Encoder(nn.Module):
    """Maps of features, side by side where they have lengths of their own.

    `channels` of each map, known without running it. `last_activation` names the function that the
    maps still lack: the classifier applies it, after max pooling where that is the same.
    """

    channels: tuple[int, ...]
    last_activation: str = "none"

    def forward(self, features: Features) -> tuple[Features, ...]:
        raise NotImplementedError

    def positions(self, lengths: Tensor) -> tuple[Tensor, ...]:
        """How many positions each map has for texts of so many tokens: for pooling=flatten.

        Raises:
            NotImplementedError: it goes by more than the length.
        """
        raise NotImplementedError
