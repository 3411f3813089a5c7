"""The l2 norms of the weights and gradients of each layer."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from textcnn.training.optimization.rows import seen_rows

LARGE = 2**22  # weights whose norm takes milliseconds
MOST_LAYERS = 30  # beyond, layers are summed up by the modules that hold them


def layers_of(model: nn.Module, most: int = MOST_LAYERS) -> dict[str, list[nn.Parameter]]:
    """The weights that learn, by the module that holds them.

    Args:
        most: of more layers, those with the same first parts of their names are one.
    """
    learned = [
        (name.removeprefix("module.").split(".")[:-1], weight)
        for name, weight in model.named_parameters()
        if weight.requires_grad
    ]
    deepest = max((len(path) for path, _ in learned), default=1)
    layers: dict[str, list[nn.Parameter]] = {}
    for parts in range(max(deepest, 1), 0, -1):
        layers = {}
        for path, weight in learned:
            layers.setdefault(".".join(path[:parts]) or "model", []).append(weight)
        if len(layers) <= most:
            break
    return layers


def norms(layers: dict[str, list[nn.Parameter]], *, large: bool = True) -> dict[str, float]:
    """`weights/<layer>` and `gradients/<layer>`; layers without a gradient have none.

    Gradients are those of the update: after clipping, if there is any.

    Args:
        large: of layers with more than LARGE weights, too.
    """
    found: dict[str, Tensor] = {}
    with torch.no_grad():
        for name, weights in layers.items():
            if large or sum(weight.numel() for weight in weights) <= LARGE:
                found[f"weights/{name}"] = norm(weights)
            gradients = [weight.grad for weight in weights if weight.grad is not None]
            if gradients:
                found[f"gradients/{name}"] = norm(
                    seen_rows(each)[1] if each.is_sparse else each for each in gradients
                )
        # one transfer from a GPU, not one for each layer
        values = torch.stack([*found.values()]).tolist() if found else []
    return dict(zip(found, values, strict=True))


def norm(tensors: Iterable[Tensor]) -> Tensor:
    return nn.utils.get_total_norm(list(tensors)).float()
