"""Tokenizers of the library `tokenizers`, from their file `tokenizer.json`."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from textcnn.errors import InputError
from textcnn.system.paths import expanded

SUFFIX = ".json"
# the largest tokenizers, of 500,000 pieces in all languages, have 40 MB
LARGEST = 256 << 20  # bytes
LONGEST_REASON = 200  # characters


def is_file(tokenizer: str) -> bool:
    """Whether `text.tokenizer` is the path of a file."""
    return tokenizer.endswith(SUFFIX)


def read_definition(path: str | Path) -> str:
    """The text of a tokenizer file.

    Raises:
        InputError: it is missing, too large or not UTF-8.
    """
    file = expanded(path)
    if file.is_dir():
        raise InputError(
            f"text.tokenizer={path} is a directory; give the file tokenizer.json in it"
        )
    if not file.is_file():
        raise InputError(f"text.tokenizer={path}: no such file (looked from {Path.cwd()})")
    if (size := file.stat().st_size) > LARGEST:
        raise InputError(
            f"{file} has {size:,} bytes; a tokenizer file has at most {LARGEST:,}: give another one"
        )
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{file} is not a tokenizer file: it is not UTF-8; give another"
        ) from error


def parse_definition(name: str, definition: str) -> Any:
    """A tokenizer that neither pads nor cuts.

    Args:
        name: of the file, for messages.

    Raises:
        InputError: the package is missing, or the file is none of a tokenizer.
    """
    try:
        from tokenizers import Tokenizer
    except ModuleNotFoundError:
        raise InputError(
            f"text.tokenizer={name} needs the package tokenizers: pip install 'textcnn[tokenizers]'"
        ) from None
    tokenizer = guarded(
        lambda: Tokenizer.from_str(definition),
        f"text.tokenizer={name} is not a file of the library tokenizers",
        "give its tokenizer.json",
    )
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


class FileSplitter:
    """The tokens of a text as strings, without special tokens."""

    def __init__(self, name: str, tokenizer: Any):
        """
        Args:
            name: of the file, for messages.
        """
        self.name, self.tokenizer = name, tokenizer

    def __call__(self, text: str) -> list[str]:
        tokens: list[str] = self.encode(text).tokens
        return tokens

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """The first character of each token in the text, and the one after its last."""
        offsets: list[tuple[int, int]] = self.encode(text).offsets
        return offsets

    def encode(self, text: str) -> Any:
        return guarded(
            # half of a surrogate pair has no place in UTF-8
            lambda: self.tokenizer.encode(
                text.encode("utf-8", "replace").decode(), add_special_tokens=False
            ),
            f"text.tokenizer={self.name} can't split {text!r:.60}",
            "give another tokenizer",
        )


def joiner(tokenizer: Any) -> Callable[[Sequence[str]], str]:
    """The text of tokens, as the tokenizer's decoder says."""
    if tokenizer.decoder is None:
        return " ".join
    return lambda tokens: str(tokenizer.decoder.decode(list(tokens)))


def guarded(function: Callable[[], Any], wrong: str, advice: str) -> Any:
    """
    Raises:
        InputError: the library fails: it raises nothing more special than `Exception`, and a panic
            of Rust, which is none.
    """
    try:
        return function()
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError):
            raise
        reason = " ".join(str(error).split())[:LONGEST_REASON]
        raise InputError(f"{wrong} ({reason}); {advice}") from error
