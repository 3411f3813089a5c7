"""Where rows come from: what each source provides for train, validation and test."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import pyarrow as pa

from textcnn.data.labels.spelling import same_label
from textcnn.data.sources.bundled import read_bundled
from textcnn.data.sources.carried import numbered
from textcnn.data.sources.columns import Columns
from textcnn.data.sources.corrections import Corrections, read_corrections
from textcnn.data.sources.files import StringOrList, holds_objects, read_files, stream_files
from textcnn.data.sources.memory import Rows
from textcnn.data.sources.unlabelled import read_unlabelled
from textcnn.data.synthetic.rows import SyntheticTexts
from textcnn.errors import InputError

KEYS = ("data.train", "data.validation", "data.test")
FOREIGN = ("files", "hub")  # sources whose labels other programs and people wrote
# By key, a function that reads its rows: a table as `label_texts` takes it.
Readers = dict[str, Callable[[], pa.Table]]


def as_tuple(value: StringOrList) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def read_numbered(read: Callable[[], pa.Table]) -> pa.Table:
    return next(numbered([read()]))


def numbered_stream(stream: Callable[[], Iterator[pa.Table]]) -> Iterator[pa.Table]:
    return numbered(stream())


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
    label: StringOrList = "label"
    label_kind: str | None = None  # names, probabilities, votes, indicators; None: see `kind`
    classes: StringOrList | None = None
    weight: str | None = None  # the column of the weights
    encoding: str | None = None  # of text files; None: see `decode`
    header: bool = True  # of CSV and TSV
    missing_label: str = "error"  # rows without a label: error or drop
    multi_label: bool = False
    label_separator: str | None = None
    synthetic: dict[str, Any] | None = None  # the settings of `SyntheticTexts`
    unlabelled: StringOrList | None = None  # files
    exclude: str | None = None  # a file, see `Corrections`
    relabel: str | None = None
    memory: Mapping[str, Rows] | None = None  # by split: train, validation, test, unlabelled
    seed: int = 0  # draws synthetic texts
    carry: bool = False  # other columns, and in streams the numbers of rows, see `carried`

    @cached_property
    def columns(self) -> Columns:
        return replace(self.plain_columns, kind=self.kind)

    @property
    def plain_columns(self) -> Columns:
        """The columns as if the labels were names."""
        return Columns(
            as_tuple(self.text),
            as_tuple(self.label),
            self.multi_label,
            self.label_separator,
            classes=None if self.classes is None else as_tuple(self.classes),
            weight=self.weight,
            encoding=self.encoding,
            header=self.header,
            missing_label=self.missing_label,
            carry=self.carry,
        )

    @property
    def kind(self) -> str:
        """What the label columns hold.

        Raises:
            InputError: files are missing.
        """
        if self.label_kind is not None:
            return self.label_kind
        labels = as_tuple(self.label)
        if len(labels) > 1:  # the configuration is checked: with data.multi_label
            return "indicators"
        files = [(k, v) for k, v in self.given.items() if v is not None and self.source == "files"]
        objects = any(holds_objects(key, value, self.plain_columns) for key, value in files)
        return "probabilities" if objects else "names"

    @property
    def given(self) -> dict[str, StringOrList | None]:
        """The value of each key: files or a split of the Hub."""
        return dict(zip(KEYS, (self.train, self.validation, self.test), strict=True))

    def open(self) -> tuple[Readers, list[str]]:
        """A reader for each key that has rows, and notes for the user.

        Raises:
            InputError: a key doesn't apply to the source, a Hub dataset can't be loaded, the
                settings of a synthetic task contradict each other, or corrections can't be read.
        """
        readers, notes = self.open_uncorrected()
        corrections = self.corrections
        if not corrections.notes:
            return readers, notes
        corrections.check_splits(readers)
        return {key: partial(corrections.corrected, key, read) for key, read in readers.items()}, [
            *notes,
            *corrections.notes,
        ]

    @cached_property
    def corrections(self) -> Corrections:
        return read_corrections(self.exclude, self.relabel, self.label_separator)

    def open_uncorrected(self) -> tuple[Readers, list[str]]:
        """`open` without `exclude` and `relabel`."""
        readers, notes = self.open_unnumbered()
        # numbered before rows are left out
        return {key: partial(read_numbered, read) for key, read in readers.items()}, notes

    def open_unnumbered(self) -> tuple[Readers, list[str]]:
        """`open_uncorrected` without the numbers of rows."""
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
            # not before they are called: `columns` may have to look into the files
            return {k: partial(self.read_files, k, v) for k, v in files.items()}, []
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
            streams = {k: partial(self.stream_files, k, v) for k, v in files.items()}
            notes = []
        if "data.train" not in streams:
            raise InputError(self.no_train)
        if self.carry:
            streams = {key: partial(numbered_stream, stream) for key, stream in streams.items()}
        train = streams.pop("data.train")
        readers: Readers = {key: partial(read_stream, stream) for key, stream in streams.items()}
        return train, readers, notes

    def read_files(self, key: str, given: StringOrList) -> pa.Table:
        return read_files(key, given, self.columns)

    def stream_files(self, key: str, given: StringOrList) -> Iterator[pa.Table]:
        return stream_files(key, given, self.columns)

    @property
    def notes(self) -> list[str]:
        """For the user, once the rows are read: what was found out about their labels."""
        new = self.corrections.new_classes
        if self.source != "files" or self.label_kind or self.columns.kind != "probabilities":
            return new
        return [
            *new,
            f"data.label={self.label} holds objects: read as data.label_kind=probabilities",
        ]

    def check_classes(self, names: Collection[str], rows: str = "no row of data.train") -> None:
        """
        Args:
            names: of the classes in the training rows.

        Raises:
            InputError: a class that the configuration names is not among them.
        """
        if self.source not in FOREIGN:
            return
        known = set(map(same_label, names))
        for name in self.columns.known_classes:
            if same_label(name) not in known:
                key = "data.label" if self.classes is None else "data.classes"
                raise InputError(f"{rows} has the class {name!r}; leave it out of {key}")

    def read_unlabelled(self) -> pa.Table | None:
        """The texts without labels; None if there are none.

        Raises:
            InputError: they can't be read.
        """
        if self.memory is not None and "unlabelled" in self.memory:
            return self.memory["unlabelled"].table("unlabelled", self.multi_label)
        if self.unlabelled is None:
            return None
        return read_unlabelled("data.unlabelled", self.unlabelled, self.columns)

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
        if self.source != "files":
            self.check_unused(
                {"data.encoding": self.encoding, "data.header": None if self.header else "false"}
            )
        if self.source in ("bundled", "synthetic", "memory"):
            columns = {"label_kind": self.label_kind, "classes": self.classes}
            columns["weight"] = self.weight
            self.check_unused(self.given | {f"data.{key}": each for key, each in columns.items()})
            if self.multi_label and self.source != "memory":
                raise InputError(
                    f"data.multi_label=true: the {self.source} texts have one label each; "
                    "leave it out"
                )

    def check_unused(self, keys: Mapping[str, StringOrList | None]) -> None:
        """Refuse a key that is given but doesn't apply to this source."""
        for key, value in keys.items():
            if value is not None:
                fitting = "hub" if key in ("data.path", "data.name", "data.revision") else "files"
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
