"""Hub datasets: read from a directory in their layout and from a server, and every refusal."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import Write
from datasets import Dataset, Features, Value
from datasets.exceptions import DatasetNotFoundError
from hub_layout import COMMIT, Columns, class_label, serve, write_card, write_parquet
from test_splits import classes, refusal, scored, split
from tiny_data import TINY, error_line, read_json, rows, run

from textcnn.data.sources.hub_errors import explain

pytest_plugins = ("tiny_run",)

NEWS = class_label("World", "Business")


def columns(labels: list[Any], name: str = "train") -> Columns:
    return {"text": [f"{name} {row}" for row in range(len(labels))], "label": labels}


def news(directory: Path, **splits: int) -> str:
    """Splits of the given numbers of rows; classes alternate."""
    filled = {
        name: columns([row % 2 for row in range(size)], name) for name, size in splits.items()
    }
    return write_parquet(directory / "news", filled, NEWS)


# What is read


def test_every_split_of_a_name_is_used_and_class_ids_become_sorted_names(tmp_path: Path) -> None:
    splits = split("hub", path=news(tmp_path, train=6, validation=4, test=2))
    assert splits.labels == ("Business", "World")
    assert splits.train.labels.tolist() == [1, 0] * 3
    for name, size in {"train": 6, "validation": 4, "test": 2}.items():
        assert splits.by_name()[name].texts() == [f"{name} {row}" for row in range(size)]
    assert splits.notes == ()


def test_what_the_hub_has_no_split_for_is_drawn_from_train_never_from_test(tmp_path: Path) -> None:
    splits = split("hub", path=news(tmp_path, train=40, test=20))
    assert splits.test.texts() == [f"test {row}" for row in range(20)]
    assert classes(splits.validation) == {"World": 2, "Business": 2}
    assert len(splits.train) == 36
    assert all(text.startswith("train") for text in splits.validation.texts())


def test_files_named_after_splits_need_no_readme(write: Write, tmp_path: Path) -> None:
    cells = ["", "NA", "None", "null", '"two\nlines"', "x"]
    write("repo/train.csv", "text,label\n" + "".join(f"{cell},{cell or 'NA'}\n" for cell in cells))
    write("repo/test.csv", "text,label\ny,NA\n")
    splits = split("hub", path=str(tmp_path / "repo"), validation_fraction=0.2)
    assert sorted(splits.train.texts() + splits.validation.texts()) == sorted(
        cell.strip('"') for cell in cells
    )  # cells that pandas would take for nothing
    assert splits.labels == ("NA", "None", "null", "two\nlines", "x")
    assert splits.test.texts() == ["y"]


def test_a_directory_is_found_from_where_the_user_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    news(tmp_path / "data", train=40)
    monkeypatch.chdir(tmp_path)
    assert len(split("hub", path="data/news").train) == 32


def test_a_file_that_changed_is_read_again(write: Write, tmp_path: Path) -> None:
    for word in ("old", "new!"):
        write(
            "repo/train.jsonl",
            "".join(f'{{"text": "{word}", "label": {n % 2}}}\n' for n in range(30)),
        )
        assert set(split("hub", path=str(tmp_path / "repo")).train.texts()) == {word}


def test_directories_of_one_name_are_not_taken_for_each_other(tmp_path: Path) -> None:
    for place, size in (("a", 4), ("b", 6)):
        path = news(tmp_path / place, train=size, validation=2, test=2)
        assert len(split("hub", path=path).train) == size


def test_text_columns_are_joined_in_the_order_given(tmp_path: Path) -> None:
    given: Columns = {"title": ["A", "B"], "n": [1, 2], "body": ["a", "b"], "label": ["x", "y"]}
    path = write_parquet(tmp_path / "repo", {"train": given, "validation": given, "test": given})
    assert split("hub", path=path, text=["body", "title", "n"]).train.texts() == ["a A 1", "b B 2"]


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        ([10, 9, 10], ("9", "10")),
        ([True, False, True], ("false", "true")),
        (["b", "a", "b"], ("a", "b")),
        ([-1, 1, -1], ("-1", "1")),
    ],
)
def test_labels_are_names_numbers_or_booleans(
    tmp_path: Path, labels: list[Any], names: tuple[str, ...]
) -> None:
    path = write_parquet(
        tmp_path / "repo", dict.fromkeys(("train", "validation", "test"), columns(labels))
    )
    splits = split("hub", path=path)
    assert splits.labels == names
    assert [splits.labels[id] for id in splits.test.labels] == [str(n).lower() for n in labels]


def test_a_configuration_is_chosen_by_name(write: Write, tmp_path: Path) -> None:
    path = tmp_path / "repo"
    for name in ("de", "en"):
        write(f"repo/{name}.csv", "text,label\n" + f"{name},a\n{name},b\n" * 15)
    write_card(path, [{"config_name": name, "data_files": f"{name}.csv"} for name in ("de", "en")])
    for name in ("de", "en"):
        assert set(split("hub", path=str(path), name=name).train.texts()) == {name}
    assert refusal("hub", path=str(path)) == (
        f"data.path={path} has several configurations; set data.name to one of de, en"
    )
    assert refusal("hub", path=str(path), name="fr") == (
        f"data.name=fr: {path} has no such configuration; it has de, en"
    )


def test_what_save_to_disk_wrote_is_read(tmp_path: Path) -> None:
    for name, size in {"train": 40, "test": 2}.items():
        rows = Dataset.from_dict(columns([0, 1] * (size // 2), name), features=NEWS)
        rows.save_to_disk(tmp_path / "saved" / name)
    splits = split("hub", path=str(tmp_path / "saved"))
    assert (len(splits.train), splits.test.texts()) == (36, ["test 0", "test 1"])
    assert splits.labels == ("Business", "World")


# Splits and slices of them


@pytest.mark.parametrize(
    ("given", "sizes"),
    [
        ({"train": "train[:50%]"}, (45, 5, 10)),
        ({"train": "train[20:]"}, (72, 8, 10)),
        ({"train": ["train[:10]", "train[-10:]"]}, (18, 2, 10)),
        ({"train": "train[:90]", "validation": "train[90:]"}, (90, 10, 10)),
        ({"test": "train[80%:]", "train": "train[:80%]"}, (72, 8, 20)),
    ],
)
def test_slices_are_taken(
    tmp_path: Path, given: dict[str, Any], sizes: tuple[int, int, int]
) -> None:
    splits = split("hub", path=news(tmp_path, train=100, test=10), **given)
    assert (len(splits.train), len(splits.validation), len(splits.test)) == sizes


def test_a_split_that_another_key_uses_is_not_taken_again(tmp_path: Path) -> None:
    path = news(tmp_path, train=40, validation=10, test=6)
    tested = split("hub", path=path, test="validation")
    assert all(text.startswith("validation") for text in tested.test.texts())
    assert all(text.startswith("train") for text in tested.validation.texts())
    joined = split("hub", path=path, train="train+validation")
    assert len(joined.train) + len(joined.validation) == 50
    assert len(joined.test) == 6


def test_rows_that_two_keys_share_are_refused(tmp_path: Path) -> None:
    path = news(tmp_path, train=40, test=6)
    assert refusal("hub", path=path, train="train[:60%]", test="train[50%:]") == (
        "data.train=train[:60%] and data.test=train[50%:] overlap; give splits or slices that "
        "don't, such as train[:90%] and train[90%:]"
    )


def test_a_split_that_does_not_exist_is_refused_with_those_that_do(tmp_path: Path) -> None:
    path = news(tmp_path, train=40, test=6)
    for spec in ("dev", "dev[:10%]", "train+dev"):
        assert refusal("hub", path=path, train=spec) == (
            f"data.train={spec}: {path} has no split 'dev'; it has train, test"
        )
    only = news(tmp_path / "b", valid_rows=10)
    assert refusal("hub", path=only) == (
        f"{only} has no split train, or another key uses it; set data.train"
    )


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ("train[:ten]", ""),
        ("train[", ""),
        ("train[:10%", ""),
        ("train[:200%]", " (Percent slice boundaries must be > -100 and < 100)"),
    ],
)
def test_what_is_no_slice_is_refused(tmp_path: Path, spec: str, reason: str) -> None:
    assert refusal("hub", path=news(tmp_path, train=40), train=spec) == (
        f"data.train={spec} is not a split or slice{reason}; write train, train[:10%] or "
        "train[100:200]"
    )


def test_a_slice_without_rows_is_refused(tmp_path: Path) -> None:
    message = refusal("hub", path=news(tmp_path, train=40), test="train[:0]")
    assert message == "data.test=train[:0] holds no rows"


# Rows that can't be used


def test_a_column_that_does_not_exist_is_refused_with_those_that_do(tmp_path: Path) -> None:
    path = news(tmp_path, train=40)
    for key in ("text", "label"):
        assert refusal("hub", path=path, **{key: "topic"}) == (
            f"{path}, train has no column 'topic'; it has text, label; set data.text and data.label"
        )


@pytest.mark.parametrize(("text", "label", "column"), [("x", None, "label"), (None, 1, "text")])
def test_a_null_is_refused_by_row(
    tmp_path: Path, text: str | None, label: int | None, column: str
) -> None:
    given: Columns = {"text": ["x", "y", text], "label": [0, 1, label]}
    path = write_parquet(tmp_path / "repo", {"train": given}, NEWS)
    message = f"{path}, train, row 3: column '{column}' is null; fill it"
    assert refusal("hub", path=path).startswith(message)


@pytest.mark.parametrize(
    ("features", "labels", "first"), [(NEWS, [1, -1, -1], 2), (None, [-1, -1, -1], 1)]
)
def test_rows_without_a_label_are_refused(
    tmp_path: Path, features: Features | None, labels: list[int], first: int
) -> None:
    train, test = columns([0, 1] * 20), columns(labels)
    path = write_parquet(tmp_path / "repo", {"train": train, "test": test}, features)
    assert refusal("hub", path=path) == (
        f"{path}, test: {4 - first} of 3 rows have no label (-1), first in row {first}; give "
        "data.test a split or slice that has labels"
    )
    slices = {"train": "train[:30]", "test": "train[30:]"}
    assert len(split("hub", path=path, **slices).test) == 10


def test_rows_without_a_label_are_dropped_if_asked(tmp_path: Path) -> None:
    train, test = columns([0, 1] * 20), columns([1, -1, 0, None])
    path = write_parquet(tmp_path / "repo", {"train": train, "test": test}, NEWS)
    splits = split("hub", path=path, missing_label="drop")
    assert len(splits.test) == 2
    assert "data.test: 2 of 4 rows have no label: dropped (data.missing_label)" in splits.notes


def test_a_column_of_lists_is_refused(tmp_path: Path) -> None:
    given: Columns = {"text": ["x"], "label": [["a", "b"]]}
    path = write_parquet(tmp_path / "repo", {"train": given})
    assert refusal("hub", path=path) == (
        f"{path}, train, column 'label' holds lists; set data.multi_label=true if a text may have "
        "several labels"
    )


# Paths that can't be used


def test_hub_without_a_path_is_refused() -> None:
    for path in (None, ""):
        assert refusal("hub", path=path) == (
            "data.source=hub needs data.path=<owner/name or directory>, got null"
        )


@pytest.mark.parametrize("path", ["imdb", "/no/such/directory", "csv", "a/b/c", "../x y"])
def test_what_is_neither_directory_nor_id_is_refused(path: str) -> None:
    message = refusal("hub", path=path)
    assert message.startswith(f"data.path={path}: no such directory (looked from ")
    assert message.endswith("which is owner/name, such as stanfordnlp/imdb")


def test_a_revision_of_a_directory_is_refused(tmp_path: Path) -> None:
    path = news(tmp_path, train=4)
    message = refusal("hub", path=path, revision="main")
    assert (
        message
        == f"data.revision=main is for the Hub, but data.path={path} is a directory; leave it out"
    )


def test_a_loading_script_is_not_run(write: Write, tmp_path: Path) -> None:
    write("repo/repo.py", "raise SystemExit('it was run')")
    write("repo/train.csv", "text,label\nx,a\n")
    assert refusal("hub", path=str(tmp_path / "repo")) == (
        f"data.path={tmp_path}/repo has a loading script, which is not run; keep only the data "
        "files: Parquet, JSON Lines or CSV"
    )


def test_files_that_cannot_be_read_are_refused_in_one_line(write: Write, tmp_path: Path) -> None:
    write("broken/train.parquet", b"PAR1 this is not Parquet")
    write("empty/notes.me", "no data")
    write("card/README.md", "---\nconfigs: 7\n---\n")
    write("card/train.csv", "text,label\nx,a\n")
    for name in ("broken", "empty", "card"):
        path = str(tmp_path / name)
        assert refusal("hub", path=path).startswith(f"data.path={path} can't be loaded: ")


def test_a_gated_dataset_says_where_to_ask() -> None:
    error = DatasetNotFoundError("Dataset 'a/b' is a gated dataset on the Hub.")
    assert explain(error, "a/b", None, None, local=False) == (
        "data.path=a/b is gated: ask for access on its page, then log in (hf auth login)"
    )


@pytest.mark.parametrize("cache", ["file", "file/datasets"])
def test_a_cache_that_cannot_be_written_is_named_with_its_variable(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: str
) -> None:
    write("file", "")
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / cache)
    path = news(tmp_path, train=4)
    message = refusal("hub", path=path)
    assert message.startswith(f"data.path={path}: the cache can't be written ({tmp_path}/file")
    assert message.endswith("; set HF_DATASETS_CACHE to a writable directory")


# The Hub itself

LOAD = """
import json, sys
from textcnn.data.sources.source import Source
from textcnn.data.splits import Division, load_splits
from textcnn.errors import InputError
said = []
for given in json.loads(sys.argv[1]):
    try:
        splits = load_splits(Source("hub", **given), Division(duplicates="keep"))
        notes = [note for note in splits.notes if "also occur in" not in note]
        said.append([len(splits.train), splits.test.texts(), *notes])
    except InputError as error:
        said.append(str(error))
print(json.dumps(said))
"""


def load_all(environment: dict[str, str], *given: dict[str, str]) -> list[Any]:
    """What each of the data sets gives, in a process of its own."""
    command = [sys.executable, "-c", LOAD, json.dumps(given)]
    done = subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""  # no log line before an error's one line
    said: list[Any] = json.loads(done.stdout)
    return said


@pytest.fixture(scope="module")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, bytes]]:
    path = Path(news(tmp_path_factory.mktemp("hub"), train=40, test=2))
    parquet = {"README.md": b""}
    for file in (path / "data").iterdir():
        parquet[f"{file.name.partition('-')[0]}.parquet"] = file.read_bytes()
    table = b"text,label\n" + b"NA,a\n,b\n" * 20
    return {
        "me/news": parquet,
        "me/table": {"README.md": b"", "train.csv": table, "test.csv": b"text,label\n,a\n"},
        "me/script": {"README.md": b"", "script.py": b"raise SystemExit('it was run')"},
    }


def test_a_hub_dataset_is_downloaded_and_found_again_without_network(
    repositories: dict[str, dict[str, bytes]], tmp_path: Path
) -> None:
    good = [{"path": "me/news"}, {"path": "me/news", "revision": COMMIT}, {"path": "me/table"}]
    bad = [
        {"path": "me/news", "revision": "b" * 40},
        {"path": "me/news", "name": "x"},
        {"path": "me/nothing"},
        {"path": "me/script"},
    ]
    home = {"HF_HOME": str(tmp_path), "HF_DATASETS_CACHE": str(tmp_path / "datasets")}
    with serve(repositories) as address:
        online = home | {"HF_ENDPOINT": address, "HF_HUB_OFFLINE": "0"}
        said = load_all(online, *good, *bad)
    tested = ["test 0", "test 1"]
    commit = f"commit {COMMIT}"
    assert said == [
        [36, tested, f"me/news: {commit}; data.revision={COMMIT} pins it"],
        [36, tested, f"me/news: {commit}"],
        [36, [""], f"me/table: {commit}; data.revision={COMMIT} pins it"],
        f"data.revision={'b' * 40}: me/news has no such revision on the Hub",
        "data.name=x: me/news has no such configuration; it has default",
        "data.path=me/nothing: no such dataset on the Hub, or a private one (hf auth login), and "
        "no such directory here",
        "data.path=me/script has a loading script, which is not run; try "
        "data.revision=refs/convert/parquet, the Hub's own conversion",
    ]
    cached = f"the Hub was not reached; using {commit} from the cache"
    branch = {"path": "me/news", "revision": "dev"}
    table = {"path": "me/table", "name": "x"}
    assert load_all(home | {"HF_HUB_OFFLINE": "1"}, *good, bad[0], branch, table) == [
        [36, tested, f"me/news: {cached}"],
        [36, tested, f"me/news: {cached}"],
        [36, [""], f"me/table: {cached}"],
        f"data.revision={'b' * 40}: the Hub can't be reached, and the cache has another commit of "
        f"me/news: {COMMIT}",
        [36, tested, f"me/news: {cached}; dev may have moved since"],
        "data.name=x: me/table has no such configuration; it has default",
    ]


def test_without_network_one_line_says_so_and_what_to_do(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run_dir = tmp_path / "run"
    assert run("train", "data=hub", "data.path=me/nothing", f"run_dir={run_dir}") == 2
    assert error_line(capfd) == (
        "data.path=me/nothing: no network, or the Hub doesn't answer, and the cache has no copy; "
        "give data.path=<directory in the Hub's layout>, or fill the cache (HF_HOME) where there "
        "is a network, and set HF_HUB_OFFLINE=1 here"
    )
    assert not run_dir.exists()


# The programs


def tiny_repository(directory: Path) -> str:
    """The tiny data, with a test split of 30 rows that lacks a class."""
    splits = {"train": rows(120), "test": [row for row in rows(45, seed=1) if row[1] != "film"]}
    named = {
        name: {"body": [text for text, _ in cells], "topic": [label for _, label in cells]}
        for name, cells in splits.items()
    }
    features = Features({"body": Value("string"), "topic": Value("string")})
    return write_parquet(directory / "tiny", named, features)


def test_a_run_on_hub_data_is_reproduced_by_evaluate(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    data = [f"data.path={tiny_repository(tmp_path)}", "data.text=body", "data.label=topic"]
    settings = [*TINY[1:], "training.epochs=1", "data.max_examples=20"]
    run_dir = tmp_path / "run"
    assert run("train", "data=hub", *data, *settings, f"run_dir={run_dir}") == 0
    assert read_json(run_dir / "metrics.json")["test"]["examples"] == 20
    said = " ".join(capfd.readouterr().out.split())
    assert "data.train: 20 of 108 rows kept (data.max_examples)" in said
    assert run("evaluate", f"checkpoint={run_dir}", f"run_dir={tmp_path / 'out'}") == 0
    assert read_json(tmp_path / "out" / "evaluation.json")["reproduced"] is True


def test_other_hub_data_are_scored_with_the_checkpoints_labels(
    tiny_run: Path, tmp_path: Path
) -> None:
    path = tiny_repository(tmp_path)
    data = ["data=hub", f"data.path={path}", "data.text=body", "data.label=topic"]
    assert run("evaluate", f"checkpoint={tiny_run}", f"run_dir={tmp_path / 'out'}", *data) == 0
    result = read_json(tmp_path / "out" / "evaluation.json")
    assert result["examples"] == 30
    assert [row["label"] for row in result["classes"]] == ["film", "sport", "tech"]
    capped = scored(
        ["film", "sport", "tech"], "hub", path=path, text="body", label="topic", max_examples=8
    )
    assert capped is not None
    assert classes(capped) == {"sport": 4, "tech": 4}
