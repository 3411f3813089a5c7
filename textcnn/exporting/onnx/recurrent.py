"""The LSTM of ONNX: PyTorch's own export of one fixes the number of steps."""

import torch
from torch import Tensor, nn


class OnnxLstm(nn.Module):
    """An `nn.LSTM` of one layer and one direction, batch first. It computes only in a graph."""

    def __init__(self, lstm: nn.LSTM):
        super().__init__()
        self.hidden_size = lstm.hidden_size
        stacked = {"w": lstm.weight_ih_l0, "r": lstm.weight_hh_l0}
        for name, weight in stacked.items():  # (4 x hidden, channels) to (1, 4 x hidden, channels)
            self.register_buffer(name, gates_of_onnx(weight.detach())[None])
        biases = [gates_of_onnx(each.detach()) for each in (lstm.bias_ih_l0, lstm.bias_hh_l0)]
        self.register_buffer("b", torch.cat(biases)[None])  # (1, 8 x hidden)

    def forward(self, values: Tensor) -> tuple[Tensor, None]:
        """(batch, time, channels) to the states (batch, time, hidden)."""
        steps = values.transpose(0, 1)  # (time, batch, channels)
        time, batch, _ = steps.shape
        states = torch.onnx.ops.symbolic(
            "LSTM",
            (steps, self.w, self.r, self.b),
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
