"""Prediction by table look-ups, for every kind of model that has any."""

from torch import Tensor, nn

from textcnn.data.unknown_words import UnknownWords
from textcnn.models.classifier import TextCNN
from textcnn.models.ensemble import Ensemble
from textcnn.models.fast.table_classifier import TableClassifier, build_table_classifier
from textcnn.models.fast.table_ensemble import TablesInTurn, build_table_ensemble
from textcnn.models.ngrams.beside import WithNgrams
from textcnn.system.private_torch import unobserved_modules


class TablesWithNgrams(nn.Module):
    """A model with n-grams, whose network looks up tables."""

    def __init__(self, model: WithNgrams, tables: TableClassifier | TablesInTurn):
        super().__init__()
        self.model, self.tables = model, tables
        self.parts = unobserved_modules(model)

    @property
    def applies(self) -> bool:
        """Whether the tables can still replace the network, as for `TableClassifier`."""
        modules = unobserved_modules(self.model)
        return modules is not None and modules == self.parts and bool(self.tables.applies)

    @property
    def keeps_only_maxima(self) -> bool:
        """Whether the features of a batch are never all in memory."""
        return bool(self.tables.keeps_only_maxima)

    def forward(self, ids: Tensor, lengths: Tensor, unknown: UnknownWords | None = None) -> Tensor:
        """(batch, classes); arguments as for WithNgrams."""
        ngrams = self.model.ngrams(ids, lengths, unknown=unknown)
        return self.model.weighted(self.tables(ids, lengths, unknown=unknown), ngrams)


Tables = TableClassifier | TablesInTurn | TablesWithNgrams


def build_tables(model: nn.Module, memory: int, half: bool = False) -> Tables | None:
    """What looks up tables in place of the model; None if they don't help.

    Args:
        model: TextCNN, Ensemble, Ngrams or WithNgrams.
        memory, half: as for `build_table_classifier`.
    """
    match model:
        case TextCNN():
            return build_table_classifier(model, memory, half)
        case Ensemble():
            return build_table_ensemble(model, memory, half)
        case WithNgrams():
            tables = build_tables(model.network, memory, half)
            assert not isinstance(tables, TablesWithNgrams)
            return None if tables is None else TablesWithNgrams(model, tables)
        case _:  # n-grams are looked up anyway
            return None
