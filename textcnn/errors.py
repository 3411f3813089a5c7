"""The exception that carries a message for users, and what becomes of it."""

from collections.abc import Callable
from typing import NoReturn

LONGEST_LINE = 500  # characters


class InputError(ValueError):
    """Input from the user that can't be used.

    The message has one line per problem: what is wrong, what was given, what is accepted and what
    to type instead. Entry points print it and exit with code 2. A line that shows a long value is
    shortened in the middle.
    """

    def __init__(self, message: str):
        super().__init__("\n".join(map(shortened, message.split("\n"))))


class NoLabelsError(InputError):
    """Texts have no labels where labels are needed."""


def shortened(line: str, longest: int = LONGEST_LINE) -> str:
    """The start and the end of a line that is too long."""
    if len(line) <= longest:
        return line
    end = longest // 2
    return f"{line[: longest - end - 3]}...{line[-end:]}"


OnBadRow = Callable[[InputError], None]


def refuse(error: InputError) -> NoReturn:
    """What happens to a row that can't be used, unless such rows are skipped."""
    raise error
