"""The columns of an answer: what its row holds besides, and what the classifier says.

JSON nests probabilities. CSV, TSV and Parquet have a column for each.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from textcnn.data.input_texts import ROW
from textcnn.errors import InputError
from textcnn.runtime.prediction import Abstention, AnyPrediction, LabelSetPrediction

SUFFIX = "_column"  # of a carried column that is named like one of the answer
PROBABILITY = "probability"
AnyAnswer = AnyPrediction | Abstention


@dataclass(frozen=True)
class AnswerColumns:
    """Which columns the answers of one classifier have."""

    labels: tuple[str, ...]
    sets: bool = False  # a label set for each text
    abstains: bool = False
    unfamiliar: bool = False
    top: int | None = None  # most probable classes; None: the probabilities of all

    @property
    def own(self) -> dict[str, str]:
        """The columns of CSV, TSV and Parquet behind the carried ones, with their kinds."""
        text, number, truth = "text", "float32", "bool"
        columns = {"text": text}
        columns |= {"labels": "texts"} if self.sets else {"label": text, PROBABILITY: number}
        if self.abstains:
            columns["abstained"] = truth
        if self.unfamiliar:
            columns |= {"unfamiliar": "float64", "unlike_training": truth}
        if self.top is None:
            return columns | {f"{PROBABILITY}_{label}": number for label in self.labels}
        for rank in range(1, min(self.top, len(self.labels)) + 1):
            columns |= {f"top_{rank}": text, f"top_{rank}_{PROBABILITY}": number}
        return columns

    @property
    def json_names(self) -> set[str]:
        """The keys of an object of JSON."""
        names = {ROW, "text", "labels" if self.sets else "label"}
        names |= {"abstained"} if self.abstains else set()
        names |= {"unfamiliar", "unlike_training"} if self.unfamiliar else set()
        return names | {"probabilities" if self.top is None else "top"}

    def cells(
        self, text: str, answer: AnyAnswer, novelty: tuple[float, bool | None] | None
    ) -> list[Any]:
        """In the order of `own`.

        Args:
            novelty: the values of `unfamiliar` and `unlike_training`.
        """
        cells: list[Any] = [text]
        probabilities = answer.probabilities
        if isinstance(answer, LabelSetPrediction):
            cells.append(answer.as_json()["labels"])
        elif answer.label is None:
            cells += [None, max(probabilities.values())]
        else:
            cells += [answer.label, probabilities[answer.label]]
        if self.abstains:
            cells.append(isinstance(answer, Abstention))
        if novelty is not None:
            cells += novelty
        if self.top is None:
            cells += probabilities.values()
        else:
            for pair in answer.top(self.top):
                cells += pair
        return cells

    def json(
        self, text: str, answer: AnyAnswer, novelty: tuple[float, bool | None] | None
    ) -> dict[str, Any]:
        """The object of an answer, without row and carried columns. Arguments as `cells`."""
        # in every row, so that all have the same keys
        always = {"label": None, "abstained": False} if self.abstains else {}
        made = {"text": text, **always, **answer.as_json()}
        if self.top is not None:
            del made["probabilities"]
            made["top"] = [
                {"label": label, PROBABILITY: number} for label, number in answer.top(self.top)
            ]
        if novelty is not None:
            made["unfamiliar"], made["unlike_training"] = novelty
        return made


@dataclass(frozen=True)
class CarriedColumns:
    """Which columns of the input an answer carries, and under which names."""

    names: tuple[str, ...]
    renamed: tuple[str, ...]  # one for each of `names`
    types: tuple[Any, ...] = ()  # of Parquet: those of Arrow

    @classmethod
    def of(cls, names: Sequence[str], taken: Collection[str]) -> "CarriedColumns":
        """
        Args:
            taken: names of the answer's own columns.
        """
        return cls(tuple(names), tuple(new_name(name, names, taken) for name in names))

    def cells(self, row: Mapping[str, Any], number: int) -> list[Any]:
        """In the order of `names`; None where the row lacks a column.

        Raises:
            InputError: the row has other columns.
        """
        if row.keys() - set(self.names):
            (other, *_) = (name for name in row if name not in self.names)
            raise InputError(
                f"row {number:,} has a column {other!r} that the first row lacks; name the columns "
                f"to write, such as columns=[{other}], or write JSON Lines"
            )
        return [row.get(name) for name in self.names]


def new_name(name: str, others: Collection[str], taken: Collection[str]) -> str:
    """The name of a carried column, which neither an own column nor another carried one has."""
    made = name
    while made in taken or (made != name and made in others):
        made += SUFFIX
    return made
