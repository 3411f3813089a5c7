"""Every preset of a model trains from the command line, and predicts from what it saved."""

import re
from pathlib import Path

import pytest
import yaml
from tiny_data import error_line, read_json, run

import textcnn
from textcnn.models.build import ENCODERS

PRESETS = sorted(path.stem for path in Path("configs/model").glob("*.yaml"))
# Encoders of installed packages: tests/test_build.py
SHIPPED = [name for name in PRESETS if name != "installed"]


def test_every_encoder_has_a_preset() -> None:
    names = {
        yaml.safe_load(Path(f"configs/model/{name}.yaml").read_text())["name"] for name in SHIPPED
    }
    assert names == set(ENCODERS)


@pytest.mark.slow
@pytest.mark.parametrize("preset", SHIPPED)
def test_preset_trains_on_the_bundled_texts_and_is_loaded_again(
    preset: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run_dir = tmp_path / "run"
    few = ("data.max_examples=10", "training.batch_size=5", "training.max_steps=2")
    short = "text.max_length=128"  # the frames of flatten stay as long as they are
    assert run("train", f"model={preset}", *few, short, f"run_dir={run_dir}") == 0
    assert "receptive field" in capfd.readouterr().out
    model = read_json(run_dir / "metrics.json")["model"]
    assert sum(layer["parameters"] for layer in model["layers"]) == model["parameters"]
    assert run("evaluate", f"checkpoint={run_dir}", f"run_dir={run_dir}") == 0
    assert "reproduced" in capfd.readouterr().out
    (prediction,) = textcnn.load(run_dir).predict([""])
    assert sum(prediction.probabilities.values()) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (
            ["model=dilated", "model.padding=valid"],
            "model.padding=valid with model=dilated: what comes out is added to what goes in, so "
            "it must have as many positions; try model.padding=zeros",
        ),
        (
            ["model=bag", "model.pooling=kmax"],
            "model.pooling=kmax with model=bag: the bag knows no order; try model.pooling=max",
        ),
        (
            ["model=dcnn", "model.pooling=flatten"],
            "model.pooling=flatten with model=dcnn: how many positions its maps have goes by the "
            "text, the last pooling makes them the same; try model.pooling=kmax",
        ),
        (
            ["model=transformer", "model.heads=3"],
            "model.hidden_size=64 can't be shared by model.heads=3; try model.hidden_size=66",
        ),
        (
            ["model=char_cnn", "model.kernel_sizes=[3,3]"],
            "model.pool_sizes needs a number for each of the 2 model.kernel_sizes, got "
            "[3,3,1,1,1,3]; 1 is no pooling",
        ),
        (
            ["model.embedding=static"],
            "model.embedding=static needs pretrained vectors, of words: try text.vectors=glove, or "
            "model.embedding=nonstatic",
        ),
        (
            ["model=char_cnn", "text=word"],
            "model.embedding=onehot has a channel for each token, too many with text=word; "
            "try text=char, or model.embedding=nonstatic",
        ),
        (
            ["model=gated", "text.max_length=null"],
            "model.position=learned needs to know how many tokens a text has at most: set "
            "model.max_positions or text.max_length",
        ),
        (
            ["model=vdcnn", "model.halving=kmax", "model.padding=causal"],
            "model.padding=causal with model.halving=kmax: which half is the larger goes by the "
            "whole text; try model.halving=max",
        ),
        (
            ["model=installed", "model.name=dilated"],
            "model.name=dilated is textcnn's own, not installed; try model=dilated",
        ),
        (
            ["model=installed"],
            "model.name needs the name of an installed encoder, got ''; see docs/models.md",
        ),
    ],
)
@pytest.mark.parametrize("program", ["train", "describe"])
def test_parts_that_make_no_sense_together_are_refused_with_what_would(
    program: str, overrides: list[str], said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(program, *overrides) == 2
    assert error_line(capfd) == said


def test_rows_that_can_not_be_folded_are_refused(capfd: pytest.CaptureFixture[str]) -> None:
    assert run("describe", "model=dcnn", "model.embedding_dim=50") == 2
    said = capfd.readouterr().err.splitlines()[-1]
    assert said.startswith(
        "model.add_row_pairs halves the rows in each of 2 layers, got 50 rows; try "
    )
    assert "try a model.embedding_dim larger by 2, or model.add_row_pairs=false" in said


def test_a_model_that_memory_can_not_hold_is_refused(capfd: pytest.CaptureFixture[str]) -> None:
    huge = ("model.kernel_sizes=[65536]", "model.num_filters=65536", "model.embedding_dim=65536")
    assert run("describe", *huge) == 2
    said = capfd.readouterr().err.splitlines()[-1]
    assert said.startswith(
        "the model needs 1,125,900 GB for one of its layers, more than this machine has"
    )


def test_the_documented_encoder_is_installed_described_trained_and_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    code = re.search(r"```python\n(.*?)```", Path("docs/models.md").read_text(), re.DOTALL)
    assert code is not None
    (tmp_path / "my_package.py").write_text(code[1])
    told = tmp_path / "my_package-1.dist-info"
    told.mkdir()
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: my-package\nVersion: 1\n")
    (told / "entry_points.txt").write_text(
        "[textcnn.encoders]\ntrigrams = my_package:Trigrams\ngone = my_package:Gone\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    run_dir = tmp_path / "run"
    few = ("data.max_examples=20", "training.max_steps=2", f"run_dir={run_dir}")
    chosen = ("model=installed", "model.name=trigrams", "model.options={num_filters: 32}")
    assert run("train", *chosen, *few) == 0
    assert re.search(r"  convolution +32 x 500 +6,176 +3 +1", capfd.readouterr().out)
    assert run("evaluate", f"checkpoint={run_dir}", f"run_dir={run_dir}") == 0
    assert "reproduced" in capfd.readouterr().out

    assert run("describe", "model=installed", "model.name=gone") == 2
    assert "gone is installed, but loading it failed" in capfd.readouterr().err
    assert run("describe", *chosen[:2], "model.options={pooling: mean}") == 2
    assert "trigrams doesn't accept them" in capfd.readouterr().err

    monkeypatch.undo()
    assert run("evaluate", f"checkpoint={run_dir}", f"run_dir={tmp_path}") == 2
    assert "its configuration: model.name=trigrams: no such encoder; installed are multi_width" in (
        capfd.readouterr().err
    )
