"""Parquet that unpacks to more than memory holds."""

import pyarrow as pa
import pyarrow.parquet as pq

from textcnn.errors import InputError
from textcnn.system.memory import GIGABYTE, available_memory, lacking

SUSPICIOUS = 50  # times the size of the file, unpacked: text compresses to a third or a tenth
BYTES_PER_ROW = 16  # of an offset and a number, at least
BATCH_ROWS = 256  # a value may have megabytes, and stand for a million rows in a few bytes


def read_bounded(file: pq.ParquetFile, names: list[str], path: str, size: int) -> pa.Table:
    """Columns of a file, unless they don't fit into memory.

    Args:
        size: of the file, in bytes.

    Raises:
        InputError: they don't fit.
    """
    metadata = file.metadata
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    columns = [group.column(number) for group in groups for number in range(group.num_columns)]
    unpacked = metadata.num_rows * BYTES_PER_ROW + sum(
        column.total_uncompressed_size
        for column in columns
        if column.path_in_schema.partition(".")[0] in names
    )
    if lack := lacking(unpacked):
        raise InputError(too_large(path, size, lack))
    if unpacked <= SUSPICIOUS * size:
        return file.read(columns=names)
    # the sizes in the file leave out how often a value of a dictionary is used
    available = available_memory()
    batches: list[pa.RecordBatch] = []
    read = 0
    for batch in file.iter_batches(BATCH_ROWS, columns=names):
        read += sum(map(decoded_bytes, batch.columns))
        if available is not None and read > available // 2:
            rows = sum(map(len, batches))
            lack = f"the first {rows:,} rows alone have {read / GIGABYTE:,.2f} GB"
            raise InputError(too_large(path, size, lack))
        batches.append(batch)
    return pa.Table.from_batches(batches) if batches else file.read(columns=names)


def decoded_bytes(column: pa.Array) -> int:
    """The size of a column once each row has its own value."""
    dictionary = pa.types.is_dictionary(column.type)
    size: int = (column.dictionary_decode() if dictionary else column).nbytes
    return size


def too_large(path: str, size: int, reason: str) -> str:
    return (
        f"{path} has {size:,} bytes, but unpacked {reason}; try data.streaming=true, or a part of "
        "the rows"
    )
