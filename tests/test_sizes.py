"""Sizes are checked before anything is allocated: of files, of models, of settings."""

import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tiny_data import error_line, forge, refusal, run, train

import textcnn
from textcnn.checkpoint import load_training_state
from textcnn.config.compose import compose
from textcnn.config.programs import TrainConfig
from textcnn.config.stored import parse_config, read_config
from textcnn.data.sources.arrow import bounded
from textcnn.errors import InputError, shortened
from textcnn.system import memory

pytest_plugins = ("tiny_run",)

MEGABYTE = 2**20


def sparse(file: Path, size: int) -> None:
    """Make a file that has a size, but takes no room on the disk."""
    with file.open("r+b") as content:
        content.truncate(size)


@pytest.fixture
def little_memory(monkeypatch: pytest.MonkeyPatch) -> int:
    """A machine with 20 MB left."""
    monkeypatch.setattr(memory, "available_memory", lambda: 20 * MEGABYTE)
    monkeypatch.setattr(bounded, "available_memory", lambda: 20 * MEGABYTE)
    return 20 * MEGABYTE


@pytest.mark.parametrize(
    ("name", "size", "limit"),
    [
        ("vocabulary.json", 3 * 10**9, "536,870,912"),
        ("labels.json", 10**9, "536,870,912"),
        ("manifest.json", 10**9, "536,870,912"),
        ("config.yaml", 10**8, "2,097,152"),
    ],
)
def test_a_checkpoint_of_gigantic_files_is_refused_before_they_are_read(
    copied_run: Path, name: str, size: int, limit: str
) -> None:
    sparse(copied_run / "best" / name, size)
    assert f"{name} has {size:,} bytes, more than the {limit} that" in refusal(
        lambda: textcnn.load(copied_run)
    )


def test_weights_that_do_not_fit_into_memory_are_refused_before_they_are_read(
    copied_run: Path, little_memory: int
) -> None:
    sparse(copied_run / "best" / "model.safetensors", 10**9)
    reason = refusal(lambda: textcnn.load(copied_run))
    assert "model.safetensors has 1,000,000,000 bytes: 1.0 GB of memory are needed" in reason


def test_a_training_state_that_was_compressed_is_refused(copied_run: Path) -> None:
    file = copied_run / "last" / "training_state.pt"
    with zipfile.ZipFile(file) as stored:
        entries = {each.filename: stored.read(each) for each in stored.infolist()}
    bomb = copied_run / "bomb.pt"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in entries.items():
            packed.writestr(name, content + bytes(MEGABYTE))
    forge(copied_run / "last", "training_state.pt", bomb.read_bytes())
    assert "can't be read" in refusal(lambda: load_training_state(copied_run / "last"))


def test_a_configuration_of_a_run_that_is_too_large_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.touch()
    sparse(file, 10**8)
    assert "100,000,000 bytes, at most" in refusal(lambda: read_config(file, TrainConfig))


@pytest.mark.parametrize(
    "yaml", ["[" * 10_000, "{a: " * 10_000, "- " * 10_000, "a:\n" + " a:\n" * 9, "? " * 10_000]
)
def test_nested_yaml_ends_in_a_line(yaml: str) -> None:
    assert len(refusal(lambda: parse_config(yaml, TrainConfig))) <= 500


def parquet(path: Path, texts: pa.Array, labels: pa.Array) -> int:
    pq.write_table(pa.table({"text": texts, "label": labels}), path, compression="zstd")
    return path.stat().st_size


def test_parquet_whose_columns_unpack_to_more_than_the_memory_is_refused(
    tmp_path: Path, little_memory: int, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bomb.parquet"
    texts = pa.array([f"{number} {'x' * 3 * MEGABYTE}" for number in range(10)])
    size = parquet(path, texts, pa.array(["a", "b"] * 5))
    assert size < MEGABYTE
    assert run("train", "data=files", f"data.train={path}") == 2
    assert f"{path} has {size:,} bytes, but unpacked" in error_line(capfd)


def test_parquet_whose_dictionary_unpacks_to_more_than_the_memory_is_refused(
    tmp_path: Path, little_memory: int, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bomb.parquet"
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * 20_000), pa.array(["x" * 10_000]))
    size = parquet(path, texts, pa.array(["a", "b"] * 10_000))
    assert size < 10_000
    assert run("train", "data=files", f"data.train={path}") == 2
    assert "the first 1,024 rows alone have 0.01 GB" in error_line(capfd)


def test_parquet_that_compresses_well_but_fits_is_read(tmp_path: Path) -> None:
    path = tmp_path / "small.parquet"
    texts = pa.DictionaryArray.from_arrays(pa.array([0, 1] * 5_000), pa.array(["one", "two"]))
    size = parquet(path, texts, pa.array(["a", "b"] * 5_000))
    with pq.ParquetFile(path) as file:
        table = bounded.read_bounded(file, ["text", "label"], "small.parquet", size // 100)
        assert table.to_pylist() == file.read(["text", "label"]).to_pylist()


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("model.num_filters=1000000000000000000", "at most 65536"),
        ("text.max_length=1000000000000000000", "at most 2147483647"),
        ("training.batch_size=99999999999", "at most 2147483647"),
        ("model.hidden_sizes=[" + ",".join(["1"] * 2000) + "]", "a list of 0 to 128"),
    ],
)
def test_settings_beyond_any_machine_are_refused_in_a_short_line(override: str, said: str) -> None:
    reason = refusal(lambda: compose("train", [override, "model=multi_width"]))
    assert said in reason
    assert len(reason) <= 500


def test_an_override_that_hydra_reads_for_minutes_is_refused_at_once(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert run("train", "model.hidden_sizes=[" + ",".join(["1"] * 200_000) + "]") == 2
    assert "has 400,020 characters; a value takes at most 20,000" in error_line(capfd)


def test_as_many_processes_as_no_machine_has_are_refused(capfd: pytest.CaptureFixture[str]) -> None:
    assert run("illustrate", "workers=99999999") == 2
    assert "workers takes a whole number, at least 1, at most 1024, or null" in error_line(capfd)


def test_more_positions_than_vectors_for_them_are_refused() -> None:
    keys = ["model=multi_width", "model.position=learned", "text.max_length=2000000000"]
    assert "takes at most 1,000,000 positions" in refusal(lambda: compose("train", keys))


@pytest.mark.parametrize(
    "keys",
    [
        ("model.num_filters=65536", "model.kernel_sizes=[65536]", "model.embedding_dim=65536"),
        ("model.hidden_sizes=[65536,65536,65536,65536]", "model.num_filters=65536"),
    ],
)
def test_a_network_beyond_memory_is_refused_before_it_is_built(
    tiny_csv: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], keys: tuple[str, ...]
) -> None:
    assert train(tiny_csv, tmp_path / "run", *keys) == 2
    line = error_line(capfd)
    assert "GB of memory are needed" in line or "can't be built" in line
    assert not (tmp_path / "run").exists()


def test_available_memory_is_that_of_the_container(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal:  900 kB\nMemAvailable:  500 kB\nHugePages_Total: 0\n")
    assert memory.available_memory(tmp_path, meminfo) == 500 * 1024
    for name, content in (
        ("memory.max", "300000"),
        ("memory.current", "200000"),
        ("memory.stat", "anon 5\ninactive_file 1000\n"),
    ):
        (tmp_path / name).write_text(f"{content}\n")
    assert memory.available_memory(tmp_path, meminfo) == 101_000
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.available_memory(tmp_path, meminfo) == 500 * 1024
    assert memory.available_memory(tmp_path / "no", tmp_path / "no") is None


def test_messages_keep_start_and_end_of_a_long_line() -> None:
    message = str(InputError("key=" + "x" * 10_000 + "; try key=1"))
    assert len(message) == 500
    assert message.startswith("key=xxx")
    assert message.endswith("xxx; try key=1")
    assert shortened("short") == "short"
    assert str(InputError("a\nb")) == "a\nb"
