"""Every model preset trains from the command line, and its checkpoint predicts."""

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
    assert names == {*ENCODERS, "ngrams"}


# Layers of millions of weights, which tests/test_papers.py counts.
VDCNNS = ("vdcnn", "vdcnn17", "vdcnn29", "vdcnn49")
NARROW: dict[str, tuple[str, ...]] = dict.fromkeys(VDCNNS, ("model.hidden_sizes=[64,32]",))
NARROW["char_cnn"] = ("model.hidden_sizes=[32,32]",)
NARROW["char_cnn_large"] = (*NARROW["char_cnn"], "model.num_filters=64")


@pytest.mark.slow
@pytest.mark.parametrize("preset", SHIPPED)
def test_preset_trains_on_the_bundled_texts_and_is_loaded_again(
    preset: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run_dir = tmp_path / "run"
    few = ("data.max_examples=10", "training.batch_size=5", "training.max_steps=2")
    short = "text.max_length=128"  # the frames of flatten keep their length
    narrow = NARROW.get(preset, ())
    assert run("train", f"model={preset}", *few, short, *narrow, f"run_dir={run_dir}") == 0
    assert "receptive field" in capfd.readouterr().out
    model = read_json(run_dir / "metrics.json")["model"]
    assert sum(layer["parameters"] for layer in model["layers"]) == model["parameters"]
    assert run("evaluate", f"checkpoint={run_dir}", f"run_dir={run_dir}", "report=false") == 0
    assert "reproduced" in capfd.readouterr().out
    (prediction,) = textcnn.load(run_dir).predict([""])
    assert sum(prediction.probabilities.values()) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (
            ["model=dilated", "model.padding=valid"],
            "model.padding=valid with model=dilated: its residual connections need as many "
            "positions out as in; try model.padding=zeros",
        ),
        (
            ["model=bag", "model.pooling=kmax"],
            "model.pooling=kmax with model=bag: a bag of words has no order; try model.pooling=max",
        ),
        (
            ["model=dcnn", "model.pooling=flatten"],
            "model.pooling=flatten with model=dcnn: the number of positions in its feature "
            "maps depends on the text; try model.pooling=kmax",
        ),
        (
            ["model=transformer", "model.heads=3"],
            "model.hidden_size=64 is not divisible by model.heads=3; try model.hidden_size=66",
        ),
        (
            ["model=char_cnn", "model.kernel_sizes=[3,3]"],
            "model.pool_sizes needs one number for each of the 2 model.kernel_sizes, got "
            "[3,3,1,1,1,3]; 1 means no pooling",
        ),
        (
            ["model.embedding=static"],
            "model.embedding=static needs pretrained word vectors; try text.vectors=glove, or "
            "model.embedding=nonstatic",
        ),
        (
            ["model=char_cnn", "text=word"],
            "model.embedding=onehot needs one channel per token, too many with text=word; "
            "try text=char, or model.embedding=nonstatic",
        ),
        (
            ["model=gated", "text.max_length=null"],
            "model.position=learned needs a maximum length; try "
            "model.max_positions=500 or text.max_length=500",
        ),
        (
            ["model=vdcnn", "model.halving=kmax", "model.padding=causal"],
            "model.padding=causal with model.halving=kmax: k-max pooling looks at the "
            "whole text, so it is not causal; try model.halving=max",
        ),
        (
            ["model=onehot_cnn", "model.padding=circular"],
            "model.padding=circular with model=onehot_cnn: a one-hot network sees zero vectors "
            "beyond the ends of a text; try model.padding=full",
        ),
        (
            ["model=onehot_cnn", "model.embedding_dropout=0.1"],
            "model.embedding_dropout=0.1 with model=onehot_cnn: it has no vectors; try "
            "model.word_dropout, which drops whole tokens",
        ),
        (
            ["model=onehot_cnn", "text.vectors=glove"],
            "text.vectors=glove with model=onehot_cnn: it has weights for words, and no vectors; "
            "try text.vectors=null, or model=multi_width",
        ),
        (
            ["model=onehot_cnn", "model.position=ramp"],
            "model.position takes none, got ramp; try model.position=none",
        ),
        (
            ["model=installed", "model.name=dilated"],
            "model.name=dilated is built into textcnn; try model=dilated",
        ),
        (
            ["model=installed"],
            "model.name needs the name of an installed encoder, got ''; try model.name=<name>, "
            "as in docs/models.md",
        ),
    ],
)
@pytest.mark.parametrize("program", ["train", "describe"])
def test_incompatible_parts_are_refused_with_an_alternative(
    program: str, overrides: list[str], said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(program, *overrides) == 2
    assert error_line(capfd) == said


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (
            ["training.loss=squared"],
            "training.metric=loss with training.loss=squared: the validation loss is a "
            "cross-entropy, which training doesn't minimize; try training.metric=accuracy",
        ),
        (
            ["training.loss=hinge", "training.metric=macro_f1", "training.label_smoothing=0.1"],
            "training.label_smoothing=0.1 with training.loss=hinge, whose targets are signs; try "
            "training.label_smoothing=0, or training.loss=squared",
        ),
    ],
)
def test_losses_that_do_not_fit_are_refused(
    overrides: list[str], said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("train", *overrides) == 2
    assert error_line(capfd) == said


def test_rows_that_cannot_be_added_in_pairs_are_refused(capfd: pytest.CaptureFixture[str]) -> None:
    assert run("describe", "model=dcnn", "model.embedding_dim=50") == 2
    said = capfd.readouterr().err.splitlines()[-1]
    assert said.startswith(
        "model.add_row_pairs halves the rows in each of 2 layers, got 50 rows; try "
    )
    assert "try a model.embedding_dim larger by 2, or model.add_row_pairs=false" in said


def test_a_model_too_large_for_memory_is_refused(capfd: pytest.CaptureFixture[str]) -> None:
    huge = ("model.kernel_sizes=[65536]", "model.num_filters=65536", "model.embedding_dim=65536")
    assert run("describe", *huge) == 2
    said = capfd.readouterr().err.splitlines()[-1]
    assert said.startswith("model=multi_width with these sizes has 281,476,152,754,181 weights: ")
    assert "GB of memory are needed" in said


def test_the_documented_encoder_is_installed_described_trained_and_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    code = re.search(
        r"```python\n(import torch.*?)```", Path("docs/models.md").read_text(), re.DOTALL
    )
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
    assert run("evaluate", f"checkpoint={run_dir}", f"run_dir={run_dir}", "report=false") == 0
    assert "reproduced" in capfd.readouterr().out
    more = ("model.ngrams=2", f"run_dir={tmp_path / 'ngrams'}")
    assert run("train", *chosen, *few[:2], *more) == 0
    assert run("evaluate", f"checkpoint={tmp_path / 'ngrams'}", f"run_dir={tmp_path}") == 0
    assert "reproduced" in capfd.readouterr().out

    assert run("describe", "model=installed", "model.name=gone") == 2
    assert "gone is installed, but loading it failed" in capfd.readouterr().err
    assert run("describe", *chosen[:2], "model.options={pooling: mean}") == 2
    assert "trigrams doesn't accept them" in capfd.readouterr().err

    monkeypatch.undo()
    assert run("evaluate", f"checkpoint={run_dir}", f"run_dir={tmp_path / 'other'}") == 2
    assert "its configuration: model.name=trigrams: no such encoder; installed are multi_width" in (
        capfd.readouterr().err
    )
