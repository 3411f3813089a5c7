"""The multi-width CNN of Kim 2014, "Convolutional Neural Networks for Sentence Classification"."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from textcnn.models.pooling import max_over_time


class MultiWidth(nn.Module):
    """Convolutions of several widths side by side, ReLU, max over time.

    The windows are those that lie wholly inside a text. A text shorter than a kernel has one
    window, filled up with zero vectors; so an empty text's features are the biases.
    """

    def __init__(self, channels: int, kernel_sizes: Sequence[int], num_filters: int):
        """
        Args:
            channels: numbers per token of the input.
            kernel_sizes: tokens per window, one convolution for each.
            num_filters: filters of each width.
        """
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Conv1d(channels, num_filters, kernel_size) for kernel_size in kernel_sizes
        )
        self.kernel_sizes = tuple(kernel_sizes)
        self.num_features = num_filters * len(kernel_sizes)
        self.receptive_field = max(kernel_sizes)  # tokens that one feature sees
        self.stride = 1  # tokens from one feature to the next

    def forward(
        self, embedded: Tensor, lengths: Tensor
    ) -> tuple[tuple[Tensor, ...], Tensor, Tensor]:
        """
        Args:
            embedded: (batch, time, channels), zero behind a text's end.
            lengths: (batch,) tokens of each text.

        Returns:
            responses: for each width (batch, filters, windows), before the ReLU; -inf beyond a
                text's own windows.
            pooled: (batch, widths x filters)
            winners: (batch, widths x filters), the first token of the window that won.
        """
        missing = max(self.receptive_field - embedded.shape[1], 0)
        channels_first = F.pad(embedded.transpose(1, 2), (0, missing))  # (batch, channels, time)
        responses, pooled, winners = [], [], []
        for kernel_size, convolution in zip(self.kernel_sizes, self.convolutions, strict=True):
            responses.append(convolution(channels_first))  # (batch, filters, windows)
            windows = (lengths - kernel_size + 1).clamp(min=1)
            largest, winner = max_over_time(responses[-1], windows)  # (batch, filters)
            pooled.append(F.relu(largest))  # of one number, not of all: max and ReLU commute
            winners.append(winner)
        return tuple(responses), torch.cat(pooled, dim=1), torch.cat(winners, dim=1)
