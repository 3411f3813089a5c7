"""Checkpoints come back bit for bit; whatever else is found in their place is refused in a line."""

import resource
import shutil
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save, save_file
from tiny_data import forge, forge_config, forge_manifest, read_json, refusal, weights
from tiny_sets import set_checkpoint

import textcnn
from textcnn.checkpoint import (
    FILES,
    THRESHOLDS,
    Checkpoint,
    find_checkpoint,
    git_revision,
    load_checkpoint,
    load_training_state,
    save_checkpoint,
    sha256,
    update_manifest,
)
from textcnn.config.stored import parse_train_config
from textcnn.inference import load
from textcnn.text.vocabulary import Vocabulary

pytest_plugins = ("tiny_run",)


def small(**manifest: Any) -> Checkpoint:
    """A checkpoint with every kind of number that rounding could lose."""
    tensors = {
        "a.weight": torch.tensor([[0.1, -0.0], [3e38, 1e-45]]),
        "b": torch.tensor([1 / 3], dtype=torch.float64),
        "empty": torch.empty(0, 3),
    }
    tokens = ["the", "naïve", "新聞", " ", "\ud800"]  # half a surrogate pair, from bad JSON
    return Checkpoint("seed: 1\n", tensors, Vocabulary(tokens), ("no", "yes ✓"), manifest)


@pytest.fixture
def best(tiny_run: Path, tmp_path: Path) -> Path:
    """A copy of a trained checkpoint, to spoil."""
    return shutil.copytree(tiny_run / "best", tmp_path / "checkpoint")


# What is saved and comes back


def test_a_checkpoint_comes_back_bit_for_bit(tmp_path: Path) -> None:
    saved = small(epoch=3, golden=[])
    save_checkpoint(tmp_path / "c", saved)
    loaded = load_checkpoint(tmp_path / "c")
    assert loaded.weights.keys() == saved.weights.keys()
    for name, tensor in saved.weights.items():
        assert loaded.weights[name].dtype == tensor.dtype
        assert loaded.weights[name].shape == tensor.shape
        assert loaded.weights[name].numpy().tobytes() == tensor.numpy().tobytes()
    assert loaded.vocabulary.tokens == saved.vocabulary.tokens
    assert (loaded.labels, loaded.config) == (saved.labels, saved.config)
    assert loaded.manifest["epoch"] == 3


def test_manifest_tells_format_version_revision_and_the_hash_of_every_file(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "c", small(), training_state={"step": 1})
    manifest = read_json(tmp_path / "c" / "manifest.json")
    assert manifest["format"] == 2
    assert manifest["textcnn"] == textcnn.__version__
    assert manifest["git_revision"] == git_revision()
    names = {*FILES, "training_state.pt"}
    assert manifest["sha256"] == {name: sha256(tmp_path / "c" / name) for name in names}


def test_training_state_comes_back(tmp_path: Path) -> None:
    state: dict[str, Any] = {
        "optimizer": {"exp_avg": torch.tensor([0.1])},
        "state": {"history": [{"step": 1}], "best_value": 0.1, "epoch": 2},
    }
    save_checkpoint(tmp_path / "c", small(), training_state=state)
    loaded = load_training_state(tmp_path / "c")
    assert torch.equal(loaded["optimizer"]["exp_avg"], state["optimizer"]["exp_avg"])
    assert loaded["state"] == state["state"]


def test_saving_again_replaces_all_of_the_old_checkpoint(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "c", small(epoch=1), training_state={"step": 1})
    save_checkpoint(tmp_path / "c", small(epoch=2))
    assert load_checkpoint(tmp_path / "c").manifest["epoch"] == 2
    assert not (tmp_path / "c" / "training_state.pt").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["c"]


def test_a_crash_while_saving_leaves_the_old_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(*args: object) -> None:
        raise OSError("No space left on device")

    save_checkpoint(tmp_path / "c", small(epoch=1))
    monkeypatch.setattr("textcnn.checkpoint.save_file", full_disk)
    with pytest.raises(OSError, match="No space"):
        save_checkpoint(tmp_path / "c", small(epoch=2))
    assert load_checkpoint(tmp_path / "c").manifest["epoch"] == 1
    assert [path.name for path in tmp_path.iterdir()] == ["c"]


def test_thresholds_come_back_to_the_last_bit_and_have_their_hash(tmp_path: Path) -> None:
    thresholds = (1 / 3, 1e-7, 1.0)
    save_checkpoint(tmp_path / "c", set_checkpoint(thresholds))
    assert load_checkpoint(tmp_path / "c").thresholds == thresholds
    assert read_json(tmp_path / "c" / "thresholds.json") == list(thresholds)
    hashes = read_json(tmp_path / "c" / "manifest.json")["sha256"]
    assert hashes[THRESHOLDS] == sha256(tmp_path / "c" / THRESHOLDS)


def test_a_checkpoint_of_one_class_per_text_has_no_thresholds(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "c", set_checkpoint())
    save_checkpoint(tmp_path / "c", small())
    assert not (tmp_path / "c" / THRESHOLDS).exists()
    assert load_checkpoint(tmp_path / "c").thresholds is None


def test_sets_may_be_of_a_single_label(tmp_path: Path) -> None:
    one = replace(small(), labels=("spam",), thresholds=(0.5,))
    save_checkpoint(tmp_path / "c", one)
    assert load_checkpoint(tmp_path / "c").labels == ("spam",)
    save_checkpoint(tmp_path / "c", replace(one, thresholds=None))
    assert "expected at least two classes" in refusal(lambda: load_checkpoint(tmp_path / "c"))


def test_a_checkpoint_from_before_a_key_existed_gets_the_default(best: Path) -> None:
    newer = ("min_texts", "smaller", "pooled_normalization")
    texts = ["good film", "bad"]
    before = load(best).predict(texts)
    stored = (best / "config.yaml").read_text(encoding="utf-8")
    lines = stored.splitlines(keepends=True)
    older = [line for line in lines if line.split(":")[0].strip() not in newer]
    assert len(older) == len(lines) - len(newer)
    forge(best, "config.yaml", "".join(older))
    assert parse_train_config("".join(older)) == parse_train_config(stored)
    assert load(best).predict(texts) == before


def test_manifest_can_be_added_to(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "c", small(epoch=1, metrics={}))
    update_manifest(tmp_path / "c", metrics={"test": {"accuracy": 0.5}})
    manifest = load_checkpoint(tmp_path / "c").manifest
    assert (manifest["epoch"], manifest["metrics"]["test"]["accuracy"]) == (1, 0.5)


def test_a_run_stands_for_its_best_checkpoint(tmp_path: Path) -> None:
    for name in ("best", "last"):
        save_checkpoint(tmp_path / name, small())
    assert find_checkpoint(tmp_path) == tmp_path / "best"
    assert find_checkpoint(tmp_path / "last") == tmp_path / "last"


def test_a_checkpoint_moved_aside_when_its_writer_was_killed_is_found(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "best", small())
    (tmp_path / "best").rename(tmp_path / ".best.old")
    assert find_checkpoint(tmp_path) == find_checkpoint(tmp_path / "best") == tmp_path / ".best.old"


def test_revision_is_unknown_where_there_is_no_git(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert git_revision() is None


# What is refused


def test_missing_directory_is_refused(tmp_path: Path) -> None:
    assert refusal(lambda: load(tmp_path / "nowhere")) == (
        f"checkpoint {tmp_path / 'nowhere'} does not exist; give a run or a checkpoint directory"
    )


def test_directory_or_file_that_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "weights.bin"
    file.touch()
    for path in (tmp_path, file):
        assert refusal(lambda path=path: load(path)) == (  # type: ignore[misc]
            f"{path} is not a checkpoint and holds none: no manifest.json in it or in "
            f"{path / 'best'}"
        )


@pytest.mark.parametrize("name", FILES)
def test_missing_file_is_refused(best: Path, name: str) -> None:
    (best / name).unlink()
    assert refusal(lambda: load(best)) == (
        f"{best / name} is missing: the checkpoint is incomplete; copy it again"
    )


@pytest.mark.parametrize("name", FILES)
def test_truncated_file_is_refused(best: Path, name: str) -> None:
    content = (best / name).read_bytes()
    (best / name).write_bytes(content[: len(content) // 2])
    assert refusal(lambda: load(best)) == (
        f"{best / name} is damaged or was changed (its SHA-256 differs from the manifest)"
    )


@pytest.mark.parametrize("name", FILES)
def test_changed_file_is_refused(best: Path, name: str) -> None:
    content = bytearray((best / name).read_bytes())
    content[-1] ^= 1
    (best / name).write_bytes(content)
    assert "is damaged or was changed" in refusal(lambda: load(best))


@pytest.mark.parametrize(("format", "mend"), [(3, "upgrade textcnn"), (1, "train again")])
def test_another_format_is_refused_with_what_to_do(best: Path, format: int, mend: str) -> None:
    forge_manifest(best, format=format, textcnn="9.9")
    assert refusal(lambda: load(best)) == (
        f"{best} has format {format}, written by textcnn 9.9; this version reads format 2: {mend}"
    )


def test_an_export_is_no_checkpoint(best: Path) -> None:
    forge_manifest(best, format=1, exported={})
    assert refusal(lambda: load(best)) == (
        f"{best} is an export, for textcnn.runtime; give its checkpoint"
    )


@pytest.mark.parametrize(
    "manifest",
    [
        "",
        "{",
        "[]",
        '"x"',
        "null",
        "{}",
        '{"format": "1"}',
        '{"format": null}',
        b"\xff",
        "[" * 10**4,
    ],
    ids=lambda manifest: repr(manifest[:12]),
)
def test_manifest_that_is_none_is_refused(best: Path, manifest: str | bytes) -> None:
    content = manifest if isinstance(manifest, bytes) else manifest.encode()
    (best / "manifest.json").write_bytes(content)
    message = refusal(lambda: load(best))
    assert message.startswith(f"{best / 'manifest.json'} ")


@pytest.mark.parametrize("hashes", [None, [], "x", 1, {}, {"config.yaml": 1}])
def test_manifest_without_hashes_is_refused(best: Path, hashes: Any) -> None:
    forge_manifest(best, sha256=hashes)
    assert str(best) in refusal(lambda: load(best))


def test_truncated_weights_are_refused_even_with_their_hash(best: Path) -> None:
    content = (best / "model.safetensors").read_bytes()
    forge(best, "model.safetensors", content[:-10])
    assert refusal(lambda: load(best)).startswith(f"{best} can't be read: ")


@pytest.mark.parametrize(
    "vocabulary",
    ['["a"]', '"a"', "null", "{}", '{"tokens": "a"}', '{"tokens": [1]}', '{"tokens": {"a": 2}}',
     '{"tokens": ["a", "a"]}', "[" * 10**4],
    ids=lambda vocabulary: vocabulary[:20],
)  # fmt: skip
def test_vocabulary_of_another_type_is_refused(best: Path, vocabulary: str) -> None:
    forge(best, "vocabulary.json", vocabulary)
    assert str(best) in refusal(lambda: load(best))


@pytest.mark.parametrize(
    "labels",
    ['{"film": 0}', '"abc"', "null", "[0, 1, 2]", '["a", "b", null]', '["a", "a", "b"]', "[]"],
)
def test_labels_of_another_type_or_twice_the_same_are_refused(best: Path, labels: str) -> None:
    forge(best, "labels.json", labels)
    assert str(best) in refusal(lambda: load(best))


@pytest.mark.parametrize(
    "thresholds",
    ["null", "0.5", '"0.5"', "{}", "[]", "[0.5, 0.5]", "[0.5, 0.5, 0.5, 0.5]", "[0.5, 0.5, null]",
     '[0.5, 0.5, "0.5"]', "[0.5, 0.5, true]", "[0.5, 0.5, NaN]", "[0.5, 0.5, Infinity]",
     "[0.5, 0.5, -0.1]", "[0.5, 0.5, 1.1]", "[0.5, 0.5, [0.5]]", f"[0.5, 0.5, {10**400}]"],
    ids=lambda thresholds: thresholds[:20],
)  # fmt: skip
def test_thresholds_that_are_no_probabilities_are_refused(tmp_path: Path, thresholds: str) -> None:
    save_checkpoint(tmp_path / "c", set_checkpoint())
    forge(tmp_path / "c", THRESHOLDS, thresholds)
    assert refusal(lambda: load(tmp_path / "c")) == (
        f"{tmp_path / 'c'} can't be read: expected 3 numbers from 0 to 1 in thresholds.json, one "
        "per label"
    )


@pytest.mark.parametrize(
    "thresholds",
    ["", "[0.5", "[" * 10**4, f"[0.5, 0.5, {'9' * 5000}]"],
    ids=lambda thresholds: thresholds[:20],
)
def test_thresholds_that_are_no_json_are_refused(tmp_path: Path, thresholds: str) -> None:
    save_checkpoint(tmp_path / "c", set_checkpoint())
    forge(tmp_path / "c", THRESHOLDS, thresholds)
    assert str(tmp_path / "c") in refusal(lambda: load(tmp_path / "c"))


def test_thresholds_that_are_missing_or_changed_are_refused(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "c", set_checkpoint())
    file = tmp_path / "c" / THRESHOLDS
    file.write_text("[0, 0, 0]", encoding="utf-8")
    assert refusal(lambda: load(tmp_path / "c")) == (
        f"{file} is damaged or was changed (its SHA-256 differs from the manifest)"
    )
    file.unlink()
    assert refusal(lambda: load(tmp_path / "c")) == (
        f"{file} is missing: the checkpoint is incomplete; copy it again"
    )


@pytest.mark.parametrize("labels", ['["a", "b"]', '["a", "b", "c", "d"]'])
def test_labels_that_do_not_fit_the_weights_are_refused(best: Path, labels: str) -> None:
    forge(best, "labels.json", labels)
    message = refusal(lambda: load(best))
    assert message.startswith(f"{best}: configuration and weights don't fit: ")
    assert "head.weight" in message


@pytest.mark.parametrize("change", ["missing", "extra", "shape", "float64", "float16", "int32"])
def test_weights_that_do_not_fit_the_configuration_are_refused(best: Path, change: str) -> None:
    tensors = weights(best)
    name = "encoder.convolutions.0.weight"
    if change == "missing":
        del tensors[name]
    elif change == "extra":
        tensors["extra"] = torch.zeros(1)
    elif change == "shape":
        tensors[name] = tensors[name][:-1].contiguous()
    else:
        tensors[name] = tensors[name].to(getattr(torch, change))
    forge(best, "model.safetensors", save(tensors))
    message = refusal(lambda: load(best))
    assert message.startswith(f"{best}: configuration and weights don't fit: ")
    assert (name if change != "extra" else "extra") in message


@pytest.mark.parametrize(
    "config",
    ["", "a: [", "- a", "text", "{}", "model: 1", "model: {name: multi_width}", "seed: &a [*a]",
     "[" * 10**4, b"\xff\xfe\xfa", "seed: " + "9" * 5000],
    ids=lambda config: repr(config[:12]),
)  # fmt: skip
def test_configuration_that_is_none_is_refused(best: Path, config: str | bytes) -> None:
    forge(best, "config.yaml", config)
    start = time.perf_counter()
    assert str(best) in refusal(lambda: load(best))
    assert time.perf_counter() - start < 10  # deep nesting took PyYAML 20 seconds


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("name: multi_width", "name: os.system"),
        ("name: multi_width", "name: multi_width\n  _target_: os.system"),
        ("seed: 0", "seed: !!python/object/apply:os.system [exit]"),
        ("unit: word", "unit: bytes"),
        ("num_filters: 4", "num_filters: 0"),
        ("num_filters: 4", "num_filters: many"),
        ("max_length: 500", "max_length: -1"),
    ],
)
def test_configuration_with_unknown_names_or_values_is_refused(
    best: Path, before: str, after: str
) -> None:
    forge_config(best, before, after)
    assert str(best) in refusal(lambda: load(best))


def test_configuration_with_an_interpolation_is_refused(best: Path) -> None:
    forge_config(best, "unit: word", "unit: ${oc.env:HOME}")
    assert "holds plain values, got ${" in refusal(lambda: load(best))


def test_configuration_with_an_escaped_interpolation_is_refused(best: Path) -> None:
    forge_config(best, "resume: null", 'resume: "\\x24{oc.env:HOME}"')
    assert "holds plain values, got ${" in refusal(lambda: load(best))


def test_configuration_whose_aliases_multiply_is_refused_before_they_are_followed(
    best: Path,
) -> None:
    # 5 ** 30 values: followed, they would never end
    lines = ["x0: &x0 [1, 1, 1, 1, 1]"]
    lines += [f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 5)}]" for n in range(1, 31)]
    forge_config(best, "resume: null", "resume: null\n" + "\n".join(lines))
    assert "holds plain values, got an alias" in refusal(lambda: load(best))


def peak_memory() -> int:
    """Bytes that this process has held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("num_filters: 4", "num_filters: 20_000_000"),  # 8 numbers x 6 tokens x 4 bytes: 3.8 GB
        ("embedding_dim: 8", "embedding_dim: 20_000_000"),
        ("num_filters: 4", f"num_filters: {10**18}"),
        ("num_filters: 4", f"num_filters: {10**30}"),
        ("embedding_dim: 8", f"embedding_dim: {10**30}"),
        ("- 3\n", f"- {10**30}\n"),
    ],
)
def test_configuration_of_gigantic_sizes_is_refused_before_anything_is_allocated(
    best: Path, before: str, after: str
) -> None:
    forge_config(best, before, after)
    held = peak_memory()
    message = refusal(lambda: load(best))
    reasons = (f"{best}: configuration and weights don't fit: ", f"{best}: its configuration: ")
    assert message.startswith(reasons)
    assert peak_memory() - held < 100e6


def test_weights_are_written_without_pickle(tiny_run: Path, tmp_path: Path) -> None:
    save_file(weights(tiny_run / "best"), tmp_path / "again.safetensors")
    again = (tmp_path / "again.safetensors").read_bytes()
    assert (tiny_run / "best" / "model.safetensors").read_bytes() == again
    assert not (tiny_run / "best" / "training_state.pt").exists()


def test_loading_a_checkpoint_imports_no_module_of_its_choosing(
    best: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (best / "evil.py").write_text("raise SystemExit('ran')", encoding="utf-8")
    monkeypatch.chdir(best)
    load(best)
    assert "evil" not in sys.modules
