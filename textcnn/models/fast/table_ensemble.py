"""Prediction of an ensemble by table look-ups.

Must agree with `Ensemble.forward` in evaluation: to 1e-5, with half precision to about 1e-2.

Members whose filters are max-pooled over time are merged into one wider network: a row of its table
holds the filters of all members, each computed with the member's own embedding, and its head has a
block for each member. So a window is looked up and summed once for all members. Other members are
computed in turn, each with tables of its own.
"""

from collections.abc import Sequence

from torch import Tensor, nn

from textcnn.data.unknown_words import UnknownWords
from textcnn.models.classifier import TextCNN
from textcnn.models.ensemble import Ensemble
from textcnn.models.fast.ngram_max import max_pooled_convolutions
from textcnn.models.fast.table_classifier import (
    LargestSums,
    TableClassifier,
    build_table_classifier,
    has_table,
    pooled_logits,
)
from textcnn.models.fast.token_table import TokenTable
from textcnn.models.layers.convolution import Convolution
from textcnn.system.memory import keep_freed_memory
from textcnn.text.vocabulary import UNKNOWN


class MergedSums(LargestSums):
    """Max-pooled members as one wider network with a block head."""

    def __init__(
        self, ensemble: Ensemble, convolutions: Sequence[Sequence[Convolution]], table: TokenTable
    ):
        """
        Args:
            convolutions: of each member; all read the same windows.
        """
        members: list[TextCNN] = list(ensemble.members)  # type: ignore[arg-type]
        super().__init__(members[0], convolutions[0], table)
        self.ensemble = ensemble
        self.blocks = list(zip(members, map(tuple, convolutions), strict=True))

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """(batch, classes). Fastest if neighbouring texts are equally long."""
        sums = self.sums(ids, lengths)  # (batch, widths x members x filters)
        by_member = sums.view(len(sums), len(self.convolutions), len(self.blocks), -1)
        of_each = by_member.transpose(1, 2).flatten(2).unbind(1)  # (batch, widths x filters)
        return self.ensemble.vote(
            [
                pooled_logits(member, convolutions, own)
                for (member, convolutions), own in zip(self.blocks, of_each, strict=True)
            ]
        )


class TablesInTurn(nn.Module):
    """Members with tables of their own; a member whose tables don't apply computes itself."""

    def __init__(self, ensemble: Ensemble, tables: Sequence[TableClassifier]):
        super().__init__()
        self.ensemble = ensemble
        self.tables = nn.ModuleList(tables)

    @property
    def applies(self) -> bool:
        """Whether any table can still replace its member."""
        return any(bool(each.applies) for each in self.tables)

    @property
    def keeps_only_maxima(self) -> bool:
        """Whether the features of a batch are never all in memory."""
        return False

    def forward(self, ids: Tensor, lengths: Tensor, unknown: UnknownWords | None = None) -> Tensor:
        """(batch, classes); arguments as for TextCNN."""
        pairs = zip(self.ensemble.members, self.tables, strict=True)
        return self.ensemble.vote(
            [
                (table if table.applies else member)(ids, lengths, unknown=unknown)
                for member, table in pairs
            ]
        )


def build_table_ensemble(
    ensemble: Ensemble, memory: int, half: bool = False
) -> TableClassifier | TablesInTurn | None:
    """A network that looks up what the ensemble computes; None if tables don't help.

    Args:
        memory, half: as for `build_table_classifier`; the limit is for the tables of all members.
    """
    members: list[TextCNN] = list(ensemble.members)  # type: ignore[arg-type]
    pooled = [max_pooled_convolutions(each) for each in members]
    if all(pooled) and all(map(has_table, members)) and alike(pooled):
        networks = [(member.embedding, own) for member, own in zip(members, pooled, strict=True)]
        table = TokenTable(networks, memory=memory, half=half)
        keep_freed_memory()  # sums of a few MB come and go
        if table.known <= UNKNOWN:
            return None
        return TableClassifier(ensemble, table, MergedSums(ensemble, pooled, table))
    tables = [build_table_classifier(each, memory // len(members), half) for each in members]
    found = [each for each in tables if each is not None]
    # members have the same shape, so all of them have tables or none
    return TablesInTurn(ensemble, found) if len(found) == len(members) else None


def alike(convolutions: Sequence[Sequence[Convolution]]) -> bool:
    """Whether the convolutions of all members read the same windows with equally many filters."""
    shapes = {
        tuple((each.kernel_size, each.padding, each.num_filters, each.bias is None) for each in own)
        for own in convolutions
    }
    return len(shapes) == 1
