"""Where rows come from: what each source gives for train, validation and test."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import pyarrow as pa

from textcnn.data.sources.bundled import read_bundled
from textcnn.data.sources.columns import Columns
from textcnn.data.sources.files import StringOrList, read_files, stream_files
from textcnn.data.synthetic.rows import SyntheticTexts
from textcnn.errors import InputError

KEYS = ("data.train", "data.validation", "data.test")
# By key, how to read its rows: a table of `text` and `label`.
Readers = dict[str, Callable[[], pa.Table]]


def read_stream(stream: Callable[[], Iterator[pa.Table]]) -> pa.Table:
    return pa.concat_tables(stream())


@dataclass(frozen=True)
class Source:
    """Where the rows are, as the keys `data.*` say."""

    source: str  # bundled, files, hub or synthetic
    path: str | None = None
    name: str | None = None
    revision: str | None = None
    train: StringOrList | None = None
    validation: StringOrList | None = None
    test: StringOrList | None = None
    text: StringOrList = "text"
    label: str = "label"
    multi_label: bool = False
    label_separator: str | None = None
    synthetic: dict[str, Any] | None = None  # the settings of `SyntheticTexts`
    seed: int = 0  # draws synthetic texts

    @property
    def columns(self) -> Columns:
        text = (self.text,) if isinstance(self.text, str) else tuple(self.text)
        return Columns(text, self.label, self.multi_label, self.label_separator)

    @property
    def given(self) -> dict[str, StringOrList | None]:
        """What each key names: files, or a split of the Hub."""
        return dict(zip(KEYS, (self.train, self.validation, self.test), strict=True))

    def open(self) -> tuple[Readers, list[str]]:
        """How to read the rows of each key that there are rows for, and notes for the user.

        Raises:
            InputError: keys that the source doesn't use, a Hub dataset that can't be had, or a
                synthetic task that can't be.
        """
        self.check_keys()
        if self.source == "bundled":
            return {"data.train": read_bundled}, []
        if self.source == "synthetic":
            assert self.synthetic is not None
            texts = SyntheticTexts(**self.synthetic, seed=self.seed)
            texts.check()
            return {key: partial(texts.rows, key) for key in KEYS}, [texts.promise]
        if self.source == "files":
            files = {key: value for key, value in self.given.items() if value is not None}
            return {k: partial(read_files, k, v, self.columns) for k, v in files.items()}, []
        # imported here: `datasets` takes a second, and other sources don't need it
        from textcnn.data.sources.hub import open_hub

        assert self.path is not None
        return open_hub(self.path, self.name, self.revision, self.given, self.columns)

    def open_stream(self) -> tuple[Callable[[], Iterator[pa.Table]], Readers, list[str]]:
        """How to read the training rows some at a time, how the others, and notes for the user.

        Raises:
            InputError: as `open`.
        """
        self.check_keys()
        if self.source == "hub":
            from textcnn.data.sources.hub import stream_hub

            assert self.path is not None
            streams, notes = stream_hub(
                self.path, self.name, self.revision, self.given, self.columns
            )
        else:
            files = {key: value for key, value in self.given.items() if value is not None}
            streams = {k: partial(stream_files, k, v, self.columns) for k, v in files.items()}
            notes = []
        if "data.train" not in streams:
            raise InputError(self.no_train)
        train = streams.pop("data.train")
        readers: Readers = {key: partial(read_stream, stream) for key, stream in streams.items()}
        return train, readers, notes

    def check_keys(self) -> None:
        hub_keys = {"data.path": self.path, "data.name": self.name, "data.revision": self.revision}
        if self.source != "hub":
            self.check_unused(hub_keys)
        elif not self.path:
            raise InputError("data.source=hub needs data.path=<owner/name or directory>, got null")
        if self.source in ("bundled", "synthetic"):
            self.check_unused(self.given)
            if self.multi_label:
                raise InputError(
                    f"data.multi_label=true: the {self.source} texts have one label each"
                )

    def check_unused(self, keys: Mapping[str, StringOrList | None]) -> None:
        """Refuse a key that says something, but not to this source."""
        for key, value in keys.items():
            if value is not None:
                fitting = "files" if key in KEYS else "hub"
                raise InputError(
                    f"{key} is given, but data.source is {self.source}; add data={fitting}"
                )

    @property
    def no_train(self) -> str:
        """What to say where there is nothing to train on."""
        if self.source == "hub":
            return (
                f"{self.path} has no split train to train on, or another key has it; set data.train"
            )
        return "data.source=files needs data.train=<file>, got null"
