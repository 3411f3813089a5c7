"""What `textcnn.export` writes: sizes, what they cost, and what is refused."""

import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from tiny_data import error_line, run
from tiny_exports import LABELS, TEXTS, WORDS, classifier_of, exported, ngrams_of
from tiny_models import build

import textcnn
from textcnn.errors import InputError
from textcnn.evaluation.audit.exported import check_export
from textcnn.evaluation.audit.subject import Subject
from textcnn.exporting.export import parse_size, size_of
from textcnn.exporting.parts import parts_of
from textcnn.exporting.pruned import feature_counts, fitted, importance_of, pruned
from textcnn.exporting.quantized import as_int8, with_dtype
from textcnn.inference import build_classifier
from textcnn.models.ngrams.beside import WithNgrams
from textcnn.runtime import load
from textcnn.runtime.stored import MANIFEST, MODEL, TABLES, VOCABULARY

pytest_plugins = ("tiny_run",)


def model() -> WithNgrams:
    return WithNgrams(build("multi_width"), ngrams_of(3, subwords=True))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export. Tests must leave it as it is."""
    path = tmp_path_factory.mktemp("export") / "exported"
    classifier_of(model(), subwords=True).export(path)
    return path


def test_a_byte_is_a_number_times_the_scale_of_its_row() -> None:
    values, scale = as_int8(np.array([[127.0, -63.5], [0.0, 0.0], [0.1, 0.05]], np.float32), 0)
    assert values.tolist() == [[127, -64], [0, 0], [127, 64]]  # halves go to the even number
    assert scale.tolist() == [[1.0], [1.0], [pytest.approx(0.1 / 127)]]


def test_smaller_types_take_a_half_and_a_quarter() -> None:
    tensors = {"members.0.embedding": np.ones((10, 4), np.float32)}
    sizes = {
        dtype: sum(each.nbytes for each in with_dtype(tensors, dtype).values())
        for dtype in ("float32", "float16", "int8")
    }
    assert sizes == {"float32": 160, "float16": 80, "int8": 40 + 4 * 10}  # with a scale a row


@pytest.mark.parametrize(
    ("text", "size"), [("1MB", 10**6), ("100 kb", 10**5), ("1.5KB", 1500), ("7", 7)]
)
def test_sizes_have_units(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "MB", "-1KB", "0", "1 MiB", "nan"])
def test_other_sizes_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="try 1MB"):
        parse_size(text)


def test_a_pruned_model_is_the_model_whose_words_are_unknown() -> None:
    """A word that is left out is unknown; n-grams with it and those that begin so go too."""
    parts = parts_of(classifier_of(ngrams_of(3)))
    everything = importance_of(parts).at_least(-np.inf)
    assert feature_counts(pruned(parts, everything)) == feature_counts(parts)
    words = np.array([word != "film" for word in WORDS])
    fewer = pruned(parts, type(everything)(words, everything.ngrams, everything.subwords))
    assert "film" not in fewer.tokens
    before, after = named_ngrams(parts), named_ngrams(fewer)
    assert after == {name: row for name, row in before.items() if "film" not in name}


def named_ngrams(parts: Any) -> dict[tuple[str, ...], list[float]]:
    """The weights of longer n-grams, by their words."""
    first, last = parts.tensors["ngrams.first"], parts.tensors["ngrams.last"]
    ids = [("|",), ("?",), *((token,) for token in parts.tokens)]
    for before, after in zip(first.tolist(), last.tolist(), strict=True):
        ids.append((*ids[before], *ids[after]))
    rows = parts.tensors["ngrams.weights"].tolist()
    size = len(parts.tokens) + 2
    return dict(zip(ids[size:], rows[size:], strict=True))


def test_important_features_stay_longest() -> None:
    """What is decisive and frequent goes after what is neither."""
    parts = parts_of(classifier_of(ngrams_of(2, "none")))
    weights = parts.tensors["ngrams.weights"]
    weights[:] = 0.0
    weights[2 + WORDS.index("bad"), 0] = 5.0
    found = fitted(parts, 1, lambda each: len(each.tokens))
    assert found.tokens == ("bad",)


def test_an_export_keeps_within_its_size(tmp_path: Path) -> None:
    native = classifier_of(model(), subwords=True)
    for name in ("small", "small.zip"):
        whole = native.export(tmp_path / f"whole {name}", dtype="int8").bytes
        limit = whole + 200  # less than the reserve for the manifest
        done = native.export(tmp_path / name, max_size=str(limit), texts=TEXTS)
        assert done.bytes == size_of(tmp_path / name) <= limit
        assert done.notes[0].startswith(f"max_size={limit:,} bytes keeps")
        assert "of the answers are the same" in done.notes[1]
        manifest = load(tmp_path / name).manifest
        assert manifest["loss"]["texts"] == len(TEXTS)
        assert sum(manifest["exported"]["kept"].values()) < sum(
            feature_counts(parts_of(native)).values()
        )
    with pytest.raises(InputError, match=r"max_size=100 bytes leaves no room for words"):
        native.export(tmp_path / "none", max_size="100B")
    assert not (tmp_path / "none").exists()


def test_the_loss_is_measured_on_given_texts(tmp_path: Path) -> None:
    native = classifier_of(model(), subwords=True)
    labels = [each[0] for each in native.predict(TEXTS)]
    done = native.export(tmp_path / "a", texts=TEXTS, labels=labels)
    assert done.notes == (
        f"accuracy on {len(TEXTS)} texts: 100.00% before, 100.00% after (0.00 points lost); "
        "100.00% of the answers are the same",
    )
    wrong = [LABELS[LABELS.index(label) - 1] for label in labels]
    native.export(tmp_path / "b", texts=TEXTS, labels=wrong)
    assert load(tmp_path / "b").manifest["loss"]["before"] == 0.0


def test_a_zip_and_a_directory_hold_the_same(place: Path, tmp_path: Path) -> None:
    native = classifier_of(model(), subwords=True)
    native.export(tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as content:
        for file in place.iterdir():
            assert content.read(file.name) == file.read_bytes()
    np.testing.assert_array_equal(load(tmp_path / "a.zip").logits(TEXTS), load(place).logits(TEXTS))


@pytest.mark.parametrize("name", ["dilated", "lstm", "char_cnn", "transformer", "nin", "gated"])
def test_deep_networks_are_told_to_take_onnx(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="format=onnx"):
        classifier_of(build(name)).export(tmp_path / "out")
    with pytest.raises(InputError, match=r"Position.*format=onnx"):
        classifier_of(build("multi_width", position="learned")).export(tmp_path / "out")
    assert [*tmp_path.iterdir()] == []


def test_an_existing_output_is_replaced_only_on_request(tmp_path: Path) -> None:
    native = classifier_of(build("bag"))
    native.export(tmp_path / "out")
    with pytest.raises(InputError, match="already exists; try another one, or overwrite=true"):
        native.export(tmp_path / "out")
    native.export(tmp_path / "out", overwrite=True)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="already exists; try another output"):
        native.export(tmp_path / "file", overwrite=True)
    (tmp_path / "empty").mkdir()
    native.export(tmp_path / "empty", overwrite=True)
    with pytest.raises(InputError, match="there is no directory"):
        native.export(tmp_path / "no" / "out")
    with pytest.raises(InputError, match="format takes"):
        native.export(tmp_path / "new", "pickle")


@pytest.mark.parametrize("manifest", [None, '{"format": 2, "sha256": {}}', "[" * 100_000, "[]"])
def test_a_directory_that_is_no_export_is_never_replaced(
    manifest: str | None, tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("years of work")
    if manifest is not None:
        (tmp_path / "mine" / MANIFEST).write_text(manifest)
    with pytest.raises(InputError, match="already exists; try another output"):
        classifier_of(build("bag")).export(tmp_path / "mine", overwrite=True)
    assert (tmp_path / "mine" / "notes.txt").read_text() == "years of work"


@pytest.mark.parametrize(
    ("format", "name", "advice"),
    [
        ("onnx", "x.zip", "writes a directory, got .*; try output=.*/x$"),
        ("numpy", "x.html", "writes a directory or a file .*zip, got .*; try output=.*/x$"),
        ("html", "x.zip", r"writes a file \*.html, got .*; try output=.*/x.html$"),
        ("html", "x.v2", r"try output=.*/x.v2.html$"),
    ],
)
def test_an_output_named_like_a_file_of_another_kind_is_refused(
    format: str, name: str, advice: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=advice):
        classifier_of(build("bag")).export(tmp_path / name, format)
    assert [*tmp_path.iterdir()] == []


# Damaged and hostile exports


Damage = Callable[[Path], object]


def edit(name: str, change: Callable[[Any], Any]) -> Damage:
    """Change a JSON file and seal the export again, as an attacker would."""

    def damage(path: Path) -> None:
        file = path / name
        value = json.loads(file.read_text(encoding="utf-8"))
        file.write_text(json.dumps(change(value) or value), encoding="utf-8")
        seal(path)

    return damage


def tensors(change: Callable[[dict[str, np.ndarray]], object]) -> Damage:
    def damage(path: Path) -> None:
        found = load_file(path / TABLES)
        change(found)
        save_file(found, path / TABLES)
        seal(path)

    return damage


def seal(path: Path) -> None:
    manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    hashes = {
        name: hashlib.sha256((path / name).read_bytes()).hexdigest() for name in manifest["sha256"]
    }
    (path / MANIFEST).write_text(json.dumps(manifest | {"sha256": hashes}), encoding="utf-8")


def nested(value: Any, *path: Any) -> Callable[[Any], Any]:
    """Set a value deep in JSON."""

    def change(whole: Any) -> None:
        for key in path[:-1]:
            whole = whole[key]
        whole[path[-1]] = value

    return change


def negative(found: dict[str, np.ndarray]) -> None:
    found["members.0.head.bias"] = -found["members.0.head.bias"] - 1


def endless_scale(found: dict[str, np.ndarray]) -> None:
    name = "members.0.convolutions.0.weight"
    found[name] = np.full_like(found[name], 2, np.int8)
    found[f"{name}.scale"] = np.full(1, 3e38, np.float32)


def no_filters(found: dict[str, np.ndarray]) -> None:
    for name in [each for each in found if each.startswith("members.0.convolutions.")]:
        found[name] = found[name][:0]
    found["members.0.head.weight"] = found["members.0.head.weight"][:, :0].copy()


def no_tensors(path: Path) -> None:
    (path / TABLES).write_bytes(b"\xff" * 9)
    seal(path)


def bfloat16(path: Path) -> None:
    header = b'{"a":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}'
    (path / TABLES).write_bytes(len(header).to_bytes(8, "little") + header + bytes(2))
    seal(path)


def other_golden(stored: Any) -> None:
    """Exchange the classes here too."""
    for each in stored["golden"]:
        each["logits"].reverse()


DAMAGES: dict[str, tuple[Damage, str]] = {
    "a flipped byte": (lambda path: flip(path / TABLES), "damaged or was changed"),
    "a missing file": (lambda path: (path / TABLES).unlink(), "is missing"),
    "another format": (edit(MANIFEST, nested(2, "format")), "upgrade textcnn"),
    "no manifest": (lambda path: (path / MANIFEST).write_text("[]"), "is no export"),
    "no JSON": (lambda path: (path / MANIFEST).write_text("[" * 10**5), "can't be read"),
    "a checkpoint": (edit(MANIFEST, lambda all: all.pop("exported") and None), "textcnn.load"),
    "other weights": (tensors(negative), "golden texts differ"),
    "nan": (tensors(lambda all: all["ngrams.weights"].fill(np.nan)), "infinite numbers or nan"),
    "a wrong dtype": (
        tensors(lambda all: all.update({"ngrams.bias": np.ones(3)})),
        "ngrams.bias has the type float64",
    ),
    "a wrong shape": (
        tensors(lambda all: all.update({"members.0.embedding": np.ones((2, 8), np.float32)})),
        "expected float32 or float16 or int8 and",
    ),
    "a number too large": (
        tensors(lambda all: all["ngrams.first"].fill(60_000)),
        "the number of no n-gram",
    ),
    "a missing tensor": (tensors(lambda all: all.pop("ngrams.last")), "no 'ngrams.last'"),
    "no tensors": (no_tensors, "can't be read"),
    "a vocabulary of numbers": (edit(VOCABULARY, nested([1], "tokens")), "list of strings"),
    "a repeated word": (edit(VOCABULARY, nested(["a"] * 10, "tokens")), "holds each token once"),
    "many members": (edit(MODEL, nested(10**9, "network", "members")), "whole number from 1"),
    "a wide kernel": (
        edit(MODEL, nested(10**9, "network", "convolutions", 0, "kernel_size")),
        "whole number from 1",
    ),
    "no padding": (
        edit(MODEL, nested("none", "network", "convolutions", 0, "padding")),
        "expected valid",
    ),
    "no tokenizer": (edit(MODEL, nested({"unit": "os"}, "text", "settings")), "can't be read"),
    "settings of no tokenizer": (
        edit(MODEL, nested({"unit": "word", "tokenizer": "basic", "x": 1}, "text", "settings")),
        "can't be read",
    ),
    "a long n-gram": (edit(MODEL, nested(10**6, "ngrams", "longest")), "whole number from 1"),
    "no labels": (edit(MODEL, nested([], "labels")), "two classes"),
    "golden texts of numbers": (edit(MANIFEST, nested([{"text": 1}], "golden")), "golden texts"),
    "no golden texts": (edit(MANIFEST, nested([], "golden")), "golden texts.*there is none"),
    "an endless sum": (
        tensors(lambda all: all["ngrams.weights"].fill(3e38)),
        "infinite numbers or nan for a text",
    ),
    "an endless scale": (tensors(endless_scale), "infinite numbers or nan for a text"),
    "no filters": (tensors(no_filters), "golden texts differ"),
    "half of a surrogate pair": (
        edit(MODEL, nested("\ud800", "labels", 0)),
        "surrogates not allowed",
    ),
    "an unknown tokenizer": (
        edit(MODEL, nested("/etc/passwd", "text", "settings", "tokenizer")),
        r"text\.tokenizer=/etc/passwd is not known; try basic",
    ),
    "a number as tokenizer": (
        edit(MODEL, nested(5, "text", "settings", "tokenizer")),
        "expected the name of a tokenizer",
    ),
    "a type that NumPy doesn't have": (bfloat16, "a tensor of type BF16"),
}


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_export_ends_in_one_line(name: str, place: Path, tmp_path: Path) -> None:
    damage, message = DAMAGES[name]
    path = shutil.copytree(place, tmp_path / "exported")
    damage(path)
    with pytest.raises(InputError, match=message) as raised:
        load(path)
    assert "\n" not in str(raised.value)


def test_hostile_zips_end_in_one_line(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bad.zip"
    path.write_bytes(b"PK no zip")
    with pytest.raises(InputError, match=r"neither a directory nor a \.zip"):
        load(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as content:  # a bomb
        content.writestr(MANIFEST, b" " * 1001)
    with monkeypatch.context() as patch:
        patch.setattr("textcnn.runtime.stored.LARGEST_JSON", 1000)
        with pytest.raises(InputError, match="has 1,001 bytes, more than the 1,000 that textcnn"):
            load(path)
    with zipfile.ZipFile(path, "w") as content:  # paths are never followed
        content.writestr("../manifest.json", (place / MANIFEST).read_bytes())
    with pytest.raises(InputError, match=r"manifest\.json is missing"):
        load(path)
    with pytest.raises(InputError, match="does not exist"):
        load(tmp_path / "nowhere")


# The program


def test_the_program_measures_on_the_checkpoints_own_test_texts(
    tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "exported"
    assert run("export", f"checkpoint={tiny_run}", f"output={output}", "dtype=int8") == 0
    said = capsys.readouterr().out
    assert "points lost" in said or "points won" in said
    assert f"wrote {output}" in said
    native = textcnn.load(tiny_run)
    texts = ["a good film", "", "bad"]
    labels = [each[0] for each in native.predict(texts)]
    assert [each.label for each in load(output).predict(texts)] == labels
    assert exported(native, tmp_path).labels == native.labels


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ((), "output is missing; try output=exported"),
        (("output=out", "max_size=x"), "try 1MB"),
        (("output=out", "max_texts=-1"), "max_texts takes a whole number, at least 0"),
        (("output=out", "format=pickle"), "format takes numpy, onnx or html"),
        (("output=no/such/out",), "there is no directory no/such"),
    ],
)
def test_the_program_refuses_bad_keys_in_one_line(
    keys: tuple[str, ...],
    message: str,
    tiny_run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("export", f"checkpoint={tiny_run}", *keys) == 2
    assert message in error_line(capfd)
    assert [*tmp_path.iterdir()] == []


# The audit


@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_the_audit_compares_an_export_with_its_classifier(dtype: str, tmp_path: Path) -> None:
    native = classifier_of(model(), subwords=True)
    native.export(tmp_path / "exported", dtype=dtype)
    labels = native.logits(TEXTS).argmax(dim=1).numpy()
    subject = Subject(native, TEXTS * 3, np.tile(labels, 3))
    found = check_export(subject, tmp_path / "exported")
    assert found.holds
    assert found.exact == (dtype == "float32")
    assert {"float32": "are the same", "int8": "no more than chance"}[dtype] in found.conclusion
    tensors(swapped)(tmp_path / "exported")
    edit(MANIFEST, other_golden)(tmp_path / "exported")
    found = check_export(subject, tmp_path / "exported")
    assert not found.holds
    assert "BROKEN" in found.conclusion
    other = build_classifier(native.model, native.encoder, ("a", "b", "c"), None)
    with pytest.raises(InputError, match="has the labels down, flat, up, the checkpoint has"):
        check_export(replace(subject, classifier=other), tmp_path / "exported")


def test_an_export_that_answers_otherwise_gives_exit_code_1(tiny_run: Path, tmp_path: Path) -> None:
    path = tmp_path / "exported"
    textcnn.load(tiny_run).export(path)
    tensors(swapped)(path)
    edit(MANIFEST, other_golden)(path)
    command = ("audit", f"checkpoint={tiny_run}", f"exported={path}", "bag=false", "texts=50")
    assert run(*command, f"run_dir={tmp_path / 'audit'}") == 1
    found = json.loads((tmp_path / "audit" / "audit.json").read_text(encoding="utf-8"))
    assert found["holds"] is False
    assert found["sections"]["invariance"]["holds"] is True
    assert found["sections"]["export"]["change"]["flipped"] > 0


def swapped(found: dict[str, np.ndarray]) -> None:
    """Exchange the classes."""
    for name in list(found):
        if name.startswith(("members.0.head", "ngrams.bias")):
            found[name] = found[name][::-1].copy()
        elif name.startswith(("ngrams.weights", "ngrams.subwords.weights")):
            found[name] = found[name][:, ::-1].copy()
