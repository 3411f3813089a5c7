"""Presets that choose how they are trained, and presets that need more texts than there are."""

from pathlib import Path

import pytest
from tiny_data import CLASS_WORDS, run, write_csv

from textcnn.config.compose import compose
from textcnn.config.model_keys import NetworkConfig

pytest_plugins = ("tiny_run",)

SMALL = ("char_cnn_tiny", "vdcnn_tiny", "dpcnn_tiny")
LARGE = {
    **dict.fromkeys(("char_cnn", "char_cnn_large"), "char_cnn_tiny"),
    **dict.fromkeys(("vdcnn", "vdcnn17", "vdcnn29", "vdcnn49"), "vdcnn_tiny"),
}


@pytest.mark.parametrize("preset", SMALL)
@pytest.mark.parametrize("program", ["train", "describe"])
def test_a_preset_chooses_schedule_batches_patience_and_length(preset: str, program: str) -> None:
    config = compose(program, [f"model={preset}"])
    assert config.schedule.name == "cosine"
    assert (config.training.batch_size, config.training.patience) == (16, None)
    assert (config.text.unit, config.text.max_length) == ("char", 2048)


def test_the_users_own_choices_win_whatever_their_order() -> None:
    own = ["schedule=plateau", "training.patience=5", "text=byte", "text.max_length=99"]
    preset = "model=char_cnn_tiny"
    for overrides in ([*own, preset], [preset, *own]):
        config = compose("train", overrides)
        assert (config.schedule.name, config.training.patience) == ("plateau", 5)
        assert (config.text.unit, config.text.max_length) == ("byte", 99)


def test_other_presets_are_trained_as_ever() -> None:
    usual = compose("train", [])
    for preset in ("multi_width", "kim2014", "dilated", "char_cnn"):
        config = compose("train", [f"model={preset}"])
        assert (config.training, config.schedule) == (usual.training, usual.schedule)


@pytest.mark.parametrize(("preset", "smaller"), LARGE.items())
def test_large_presets_over_characters_name_a_smaller_one(preset: str, smaller: str) -> None:
    model = compose("train", [f"model={preset}"]).model
    assert isinstance(model, NetworkConfig)
    warning = model.too_few(1700)
    assert warning is not None
    assert warning.startswith(f"this {model.name} needs 100,000 training texts or more, got 1,700")
    assert warning.endswith(f"try model={smaller}")
    assert model.too_few(100_000) is None
    suggested = compose("train", [f"model={smaller}"]).model
    assert isinstance(suggested, NetworkConfig)
    assert suggested.too_few(1700) is None


@pytest.mark.parametrize("program", ["train", "describe"])
def test_the_warning_comes_before_training(
    program: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    words = [(word, name) for name, own in CLASS_WORDS.items() for word in own * 4]
    file = write_csv(tmp_path / "train.csv", words)
    keys = [
        *("data=files", f"data.train={file}", "data.duplicates=keep", "model=char_cnn"),
        *("model.num_filters=2", "model.hidden_sizes=[2]"),
    ]
    if program == "train":
        keys += ["training.max_steps=1", f"run_dir={tmp_path / 'run'}"]
    assert run(program, *keys) == 0
    said = capfd.readouterr().out
    warning = said.index("warning: this char_cnn needs 100,000 training texts or more, got ")
    assert "try model=char_cnn_tiny" in said
    if program == "train":
        assert warning < said.index("training starts")
