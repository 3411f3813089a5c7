"""Which weights share a learning rate and a weight decay."""

from typing import Any

from torch import nn

from textcnn.models.layers.position import Position
from textcnn.models.layers.region_table import RegionTable

REST = "rest"  # all weights but those of a named group


def parameter_groups(
    network: Any,
    *,
    learning_rate: float,
    weight_decay: float,
    table_name: str = "embedding",
    table_rate: float | None = None,
    matrices_only: bool = False,
) -> list[dict[str, Any]]:
    """The trained parameters as a PyTorch optimizer takes them, in groups with names.

    Weights with equal settings share a group, so there is only one, `rest`, by default. Pretrained
    vectors don't decay: most of their words occur in no training text, and would fade to zero.

    Args:
        network: TextCNN, Ngrams or WithNgrams.
        table_name: the name of the group of the embedding's learned table; `vectors` if it
            starts from pretrained ones.
        table_rate: the learning rate of that table, as a multiple of `learning_rate`; None: no
            group of its own.
        matrices_only: only the weights of convolutions and linear layers decay, not embeddings,
            biases and normalizations. The table of a one-hot network is a convolution's.
    """
    tables = network.tables
    table = tables[0].weight if tables else None
    groups: dict[tuple[str, float], dict[str, Any]] = {}
    for name, weight in network.named_parameters():
        if not weight.requires_grad:
            continue
        own = table_rate is not None and weight is table
        rate = learning_rate * table_rate if own and table_rate is not None else learning_rate
        pretrained = table_name == "vectors" and weight is table
        decays = not pretrained and (not matrices_only or is_matrix(network, name))
        decay = weight_decay if decays else 0.0
        group = groups.setdefault(
            (table_name if own else REST, decay),
            {
                "params": [],
                "name": table_name if own else REST,
                "lr": rate,
                "initial_lr": rate,  # schedules multiply it
                "weight_decay": decay,
            },
        )
        group["params"].append(weight)
    return [*groups.values()]


def is_matrix(network: nn.Module, name: str) -> bool:
    """Whether a parameter is the weight of a convolution or of a linear layer."""
    path = name.rpartition(".")[0]
    owner = network.get_submodule(path)
    onehot = isinstance(network.get_submodule(path.rpartition(".")[0]), RegionTable)
    lookup = isinstance(owner, nn.Embedding | Position) and not onehot
    return network.get_parameter(name).ndim > 1 and not lookup
