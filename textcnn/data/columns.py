"""The text and label columns of a table, as strings."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from datasets import ClassLabel, Dataset, Features, Value

from textcnn.data.lines import is_empty
from textcnn.errors import InputError

COLUMNS = Features({"text": Value("string"), "label": Value("string")})


def table_rows(
    table: pa.Table, features: Features, where: str, text: Sequence[str], label: str
) -> Dataset:
    """Rows of the strings `text` and `label`.

    Args:
        features: what `datasets` knows of the columns: the names of classes.
        where: what the table is called in messages.
        text: the text columns; several are joined in this order, by a space.

    Raises:
        InputError: a cell is null, a label is empty or no class, a column holds no single values.
    """
    columns = dict.fromkeys([*text, label])
    strings = {
        name: column_strings(table.column(name), features[name], where, name) for name in columns
    }
    empty = pc.index(strings[label], "").as_py()
    if empty >= 0:
        raise InputError(is_empty(f"{where}, row {empty + 1}", label))
    space = pa.scalar(" ", pa.large_string())
    joined = pc.binary_join_element_wise(*(strings[name] for name in text), space)
    rows = pa.table({"text": joined, "label": strings[label]})
    return Dataset(rows.cast(COLUMNS.arrow_schema))


def column_strings(
    values: pa.ChunkedArray, feature: object, where: str, column: str
) -> pa.ChunkedArray:
    """A column as strings, none null; the names of classes where it holds their ids."""
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    kind = values.type
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        raise InputError(f"{where}, column {column!r} holds {kind}, not single values")
    null = pc.index(pc.is_null(values, nan_is_null=True), True).as_py()
    if null >= 0:
        raise InputError(is_empty(f"{where}, row {null + 1}", column))
    if not isinstance(feature, ClassLabel):
        return values.cast(pa.large_string())
    count = feature.num_classes
    wrong = pc.index(pc.or_(pc.less(values, 0), pc.greater_equal(values, count)), True).as_py()
    if wrong >= 0:
        raise InputError(
            f"{where}, row {wrong + 1}: column {column!r} holds {values[wrong]}, which is none of "
            f"its {count} classes; drop the row"
        )
    return pc.take(pa.chunked_array([pa.array(feature.names, pa.large_string())]), values)


def check_columns(where: str | Path, names: Sequence[str], columns: Sequence[str]) -> None:
    for column in columns:
        if column not in names:
            raise InputError(
                f"{where} has no column {column!r}; it has {', '.join(names)}; "
                "set data.text and data.label"
            )
