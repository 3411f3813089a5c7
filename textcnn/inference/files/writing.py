"""The file of answers: its format by the ending of its name, whole rows at any time."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from textcnn.data.sources.formats import PARQUET
from textcnn.errors import InputError
from textcnn.inference.files.answering import Answered
from textcnn.inference.files.encoding import Encoding
from textcnn.system.output import Growing, PartialFile, open_growing

if TYPE_CHECKING:
    import pyarrow as pa

GROUP_ROWS = 2**16  # of Parquet; smaller groups are larger files


class TextWriter:
    """Answers as lines."""

    def __init__(self, output: Growing, encoding: Encoding):
        self.output, self.encoding = output, encoding
        self.blocks = 0
        output.write(encoding.header())

    def write(self, answered: Answered) -> None:
        self.output.write(answered.content, answered.rows)
        self.blocks += 1

    def end(self) -> None:
        self.output.write(self.encoding.footer(self.blocks))

    def give_up(self) -> None:
        pass


class ParquetWriter:
    """Answers in groups of rows. The file can be read once it is closed, complete or not."""

    def __init__(self, output: Growing, encoding: Encoding):
        import pyarrow.parquet as pq

        from textcnn.inference.files.tables import schema

        assert isinstance(output, PartialFile)
        self.output = output
        # by its path: Arrow writes without Python, so that no signal interrupts it
        try:
            self.writer: Any = pq.ParquetWriter(str(output.path), schema(encoding))
        except NotImplementedError as error:  # Arrow's too
            raise InputError(
                f"{output.path}: {error}; choose the columns to write, such as columns=[id]"
            ) from error
        self.waiting: list[pa.Table] = []

    def write(self, answered: Answered) -> None:
        self.waiting.append(answered.content)
        if sum(map(len, self.waiting)) >= GROUP_ROWS:
            self.write_group()

    def write_group(self) -> None:
        import pyarrow as pa

        if self.waiting:
            group, self.waiting = pa.concat_tables(self.waiting), []
            self.writer.write_table(group, row_group_size=len(group))

    def end(self) -> None:
        self.write_group()
        self.writer.close()

    def give_up(self) -> None:
        """Close the file with the rows so far, if that is possible."""
        import pyarrow.parquet as pq

        with suppress(OSError, ValueError):  # Arrow's errors are ValueErrors
            self.end()
            # not counted by us: a signal may have come between a group and its count
            self.output.cut(pq.read_metadata(str(self.output.path)).num_rows)


@contextmanager
def open_answers(
    output: str, overwrite: bool, encoding: Encoding
) -> Iterator[TextWriter | ParquetWriter]:
    """Errors as of `open_growing`."""
    with open_growing(output, overwrite) as growing:
        kind = ParquetWriter if encoding.format == PARQUET else TextWriter
        writer = kind(growing, encoding)
        try:
            yield writer
            writer.end()
        except BaseException:
            writer.give_up()
            raise
