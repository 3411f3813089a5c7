"""Where rows come from: what each source provides for train, validation and test."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import pyarrow as pa

from textcnn.data.sources.bundled import read_bundled
from textcnn.data.sources.columns import Columns
from textcnn.data.sources.files import StringOrList, read_files, stream_files
from textcnn.data.sources.memory import Rows
from textcnn.data.sources.unlabelled import read_unlabelled
from textcnn.data.synthetic.rows import SyntheticTexts
from textcnn.errors import InputError

KEYS = ("data.train", "data.validation", "data.test")
# By key, a function that reads its rows: a table of `text` and `label`, and perhaps `weight`.
Readers = dict[str, Callable[[], pa.Table]]


def read_stream(stream: Callable[[], Iterator[pa.Table]]) -> pa.Table:
    return pa.concat_tables(stream())


@dataclass(frozen=True)
class Source:
    """Where the rows are, as the keys `data.*` say, or rows in memory."""

    source: str  # bundled, files, hub, synthetic or memory
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
    unlabelled: StringOrList | None = None  # files
    memory: Mapping[str, Rows] | None = None  # by split: train, validation, test, unlabelled
    seed: int = 0  # draws synthetic texts

    @property
    def columns(self) -> Columns:
        text = (self.text,) if isinstance(self.text, str) else tuple(self.text)
        return Columns(text, self.label, self.multi_label, self.label_separator)

    @property
    def given(self) -> dict[str, StringOrList | None]:
        """The value of each key: files or a split of the Hub."""
        return dict(zip(KEYS, (self.train, self.validation, self.test), strict=True))

    def open(self) -> tuple[Readers, list[str]]:
        """A reader for each key that has rows, and notes for the user.

        Raises:
            InputError: a key doesn't apply to the source, a Hub dataset can't be loaded, or the
                settings of a synthetic task contradict each other.
        """
        self.check_keys()
        if self.source == "bundled":
            return {"data.train": read_bundled}, []
        if self.source == "synthetic":
            assert self.synthetic is not None
            texts = SyntheticTexts(**self.synthetic, seed=self.seed)
            texts.check()
            return {key: partial(texts.rows, key) for key in KEYS}, [texts.note]
        if self.memory is not None:
            rows = {f"data.{split}": rows for split, rows in self.memory.items()}
            return {k: partial(rows[k].table, k, self.multi_label) for k in KEYS if k in rows}, []
        if self.source == "files":
            files = {key: value for key, value in self.given.items() if value is not None}
            return {k: partial(read_files, k, v, self.columns) for k, v in files.items()}, []
        # imported here: `datasets` takes a second, and only this source needs it
        from textcnn.data.sources.hub import open_hub

        assert self.path is not None
        return open_hub(self.path, self.name, self.revision, self.given, self.columns)

    def open_stream(self) -> tuple[Callable[[], Iterator[pa.Table]], Readers, list[str]]:
        """A reader of the training rows block by block, readers of the others, notes for the user.

        Raises:
            InputError: as `open`, or the source can't be streamed.
        """
        self.check_keys()
        if self.source == "memory":
            raise InputError(
                "data.streaming=true is for files and Hub datasets, not for Python lists"
            )
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

    def read_unlabelled(self) -> pa.Table | None:
        """The texts without labels; None if there are none.

        Raises:
            InputError: they can't be read.
        """
        if self.memory is not None and "unlabelled" in self.memory:
            return self.memory["unlabelled"].table("unlabelled", self.multi_label)
        if self.unlabelled is None:
            return None
        return read_unlabelled("data.unlabelled", self.unlabelled, self.columns.text)

    def check_keys(self) -> None:
        hub_keys = {"data.path": self.path, "data.name": self.name, "data.revision": self.revision}
        if self.source == "memory" and self.memory is None:
            raise InputError(
                "data.source=memory: these rows were given from Python and are not stored; give "
                "data=files data.train=<file>, or call textcnn.fit again"
            )
        if self.source != "hub":
            self.check_unused(hub_keys)
        elif not self.path:
            raise InputError("data.source=hub needs data.path=<owner/name or directory>, got null")
        if self.source in ("bundled", "synthetic", "memory"):
            self.check_unused(self.given)
            if self.multi_label and self.source != "memory":
                raise InputError(
                    f"data.multi_label=true: the {self.source} texts have one label each; "
                    "leave it out"
                )

    def check_unused(self, keys: Mapping[str, StringOrList | None]) -> None:
        """Refuse a key that is given but doesn't apply to this source."""
        for key, value in keys.items():
            if value is not None:
                fitting = "files" if key in KEYS else "hub"
                raise InputError(
                    f"{key} is given, but data.source is {self.source}; add data={fitting}"
                )

    @property
    def no_train(self) -> str:
        """The message if there are no rows to train on."""
        if self.source == "hub":
            return f"{self.path} has no split train, or another key uses it; set data.train"
        if self.source == "memory":
            return "rows in memory need a train split"
        return "data.source=files needs data.train=<file>, got null"
