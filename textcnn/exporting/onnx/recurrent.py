"""The LSTM of ONNX: PyTorch's own export of one fixes the number of steps."""

import torch
from torch import Tensor, nn


class OnnxLstm(nn.Module):
    """An `nn.LSTM` of one layer and one direction, batch first. It computes only in a graph."""

    entering: Tensor
    recurring: Tensor
    biases: Tensor

    def __init__(self, lstm: nn.LSTM):
        super().__init__()
        self.hidden_size = lstm.hidden_size
        weights = dict(lstm.named_parameters())
        of_onnx = {name: gates_of_onnx(each.detach()) for name, each in weights.items()}
        # (1, 4 x hidden, channels), (1, 4 x hidden, hidden), (1, 8 x hidden)
        self.register_buffer("entering", of_onnx["weight_ih_l0"][None])
        self.register_buffer("recurring", of_onnx["weight_hh_l0"][None])
        biases = torch.cat([of_onnx["bias_ih_l0"], of_onnx["bias_hh_l0"]])
        self.register_buffer("biases", biases[None])

    def forward(self, values: Tensor) -> tuple[Tensor, None]:
        """(batch, time, channels) to the states (batch, time, hidden)."""
        steps = values.transpose(0, 1)  # (time, batch, channels)
        time, batch, _ = steps.shape
        states = torch.onnx.ops.symbolic(
            "LSTM",
            (steps, self.entering, self.recurring, self.biases),
            {"hidden_size": self.hidden_size},
            dtype=values.dtype,
            shape=(time, 1, batch, self.hidden_size),
            version=14,
        )
        return states[:, 0].transpose(0, 1), None


def gates_of_onnx(weight: Tensor) -> Tensor:
    """PyTorch stacks the gates input, forget, cell, output; ONNX input, output, forget, cell."""
    enter, forget, cell, out = weight.chunk(4)
    return torch.cat([enter, out, forget, cell])
