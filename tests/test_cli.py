"""The command line: help, and one line per error before any data are read."""

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tiny_data import run

from textcnn import cli
from textcnn.config.keys import join_or, takes, walk
from textcnn.config.programs import EvaluateConfig, TrainConfig
from textcnn.config.schemas import GROUP_SCHEMAS, SCHEMAS
from textcnn.config.training import AdadeltaConfig
from textcnn.errors import InputError


class Recipe:
    """A stand-in for the modules that do the work; it records the arguments of its calls."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.raises: BaseException | None = None

    def __call__(self, *args: Any, **more: Any) -> None:
        self.calls.append((*args, *more.values()))
        if self.raises is not None:
            raise self.raises

    @property
    def config(self) -> TrainConfig:
        (call,) = self.calls
        assert isinstance(call[0], TrainConfig)
        return call[0]


@pytest.fixture(autouse=True)
def recipe(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Recipe:
    """An empty working directory, and stand-ins for the work of `train` and `evaluate`."""
    monkeypatch.chdir(tmp_path)
    recipe = Recipe()
    work = {
        "training.runs": "train",
        "training.many_runs.cross_validation": "cross_validate",
        "evaluation.report": "evaluate",
    }
    for name, function in work.items():
        module = ModuleType(f"textcnn.{name}")
        setattr(module, function, recipe)
        monkeypatch.setitem(sys.modules, f"textcnn.{name}", module)
    return recipe


@pytest.fixture
def refusal(recipe: Recipe, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> "Refusal":
    return Refusal(recipe, capsys, tmp_path)


class Refusal:
    """The error of a program for arguments that it can't use; it must do nothing else."""

    def __init__(self, recipe: Recipe, capsys: pytest.CaptureFixture[str], directory: Path):
        self.recipe = recipe
        self.capsys = capsys
        self.directory = directory

    def of(self, program: str, *arguments: str) -> str:
        assert run(program, *arguments) == 2
        captured = self.capsys.readouterr()
        assert captured.out == ""
        assert captured.err.count("\n") == 1, captured.err
        assert self.recipe.calls == []
        made = {path.name for path in self.directory.rglob("*") if path.is_file()}
        assert made <= {"multirun.yaml"}  # Hydra's own record of a sweep
        assert "-m" in arguments or list(self.directory.iterdir()) == []
        return captured.err.rstrip("\n")


def start(*command: str, directory: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *command], cwd=directory, capture_output=True, text=True, check=False
    )


# Help


@pytest.mark.parametrize(
    ("program", "flag"), [("train", "-h"), ("evaluate", "--help"), ("predict", "--help")]
)
def test_help_shows_every_key_with_value_and_meaning(
    program: str, flag: str, capsys: pytest.CaptureFixture[str], recipe: Recipe
) -> None:
    assert run(program, flag) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"Usage: python -m textcnn.{program} [key=value ...]\n")
    prose = " ".join(said.split())
    entries = [(key, entry) for key, entry, _ in walk(SCHEMAS[program]())]
    assert entries
    for key, entry in entries:
        assert f"\n  {key}=" in said
        # these differ between the choices of a group
        if key not in {"optimizer.name", "model.name", "text.unit", "text.max_length"}:
            assert f" {entry.metadata['meaning']} takes {takes(entry)} " in prose
    groups = {group for group, _ in GROUP_SCHEMAS} | {"data", "text"}
    shown = {group for group in groups if f"\n  {group}=" in said}
    assert shown == {"train": groups, "evaluate": {"data"}, "predict": set()}[program]
    assert recipe.calls == []


def test_help_shows_the_groups_and_the_keys_and_values_of_those_chosen(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("train", "--help") == 0
    said = capsys.readouterr().out
    assert "\n  optimizer=adadelta | adam | adamw | sgd\n" in said
    assert "\n  text=byte | char | every_word | word | zhang\n" in said
    assert "\n  optimizer.betas=[0.9,0.999]\n" in said
    assert "\n  model.kernel_sizes=[1,2,3]\n" in said
    assert run("train", "--help", "optimizer=adadelta", "training.epochs=3") == 0
    said = capsys.readouterr().out
    assert (
        "\n  optimizer.rho=0.95\n      decay rate of the running means of squared gradients" in said
    )
    assert "\n  optimizer.learning_rate=1.0\n" in said
    assert "\n  training.epochs=3\n" in said
    assert "optimizer.betas" not in said


def test_help_shows_the_own_keys_of_a_program_before_those_of_its_groups(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("audit_data", "--help") == 0
    listed = capsys.readouterr().out.partition("Keys, ")[2]
    keys = re.findall(r"^  ([a-z_.]+)=", listed, re.MULTILINE)
    own = [key for key in keys if "." not in key]
    assert keys[: len(own)] == own
    assert "output" in own


def test_help_with_wrong_arguments_reports_the_error(refusal: Refusal) -> None:
    assert (
        refusal.of("train", "--help", "optimizer=sdg")
        == "optimizer takes adadelta, adam, adamw or sgd, got sdg; try optimizer=sgd"
    )


def test_a_group_without_a_choice_is_refused(refusal: Refusal) -> None:
    assert (
        refusal.of("train", "optimizer=")
        == "optimizer takes adadelta, adam, adamw or sgd, got nothing; leave it out"
    )


@pytest.mark.parametrize("program", list(SCHEMAS))
def test_the_example_in_the_help_of_a_program_is_valid(
    program: str, capsys: pytest.CaptureFixture[str]
) -> None:
    example = cli.EXAMPLES[program].split()
    assert run(program, "--help", *example) == 0
    said = capsys.readouterr().out
    assert f"python -m textcnn.{program} {' '.join(example)}\n" in said
    assert list(cli.PROGRAMS) == list(cli.EXAMPLES) == list(SCHEMAS)


# What reaches the programs


def test_without_arguments_the_defaults_are_used(recipe: Recipe) -> None:
    assert run("train") == 0
    assert recipe.config.data.source == "bundled"
    changed = {"run_dir": recipe.config.run_dir, "model.ngrams": 2}  # by the default preset
    assert asdict_of(recipe.config) == asdict_of(default_train()) | changed
    assert recipe.config.run_dir.startswith("outputs/2")


def asdict_of(config: TrainConfig) -> dict[str, Any]:
    return {key: value for key, _, value in walk(config)}


def default_train() -> TrainConfig:
    return TrainConfig(
        text=GROUP_SCHEMAS["text", "word"](),
        model=GROUP_SCHEMAS["model", "multi_width"](),
        optimizer=GROUP_SCHEMAS["optimizer", "adam"](),
    )


@pytest.mark.parametrize(
    "values",
    [
        {
            "seed=3": 3,
            "overwrite=true": True,
            "training.epochs=1": 1,
            "model.kernel_sizes=[3,4,5]": [3, 4, 5],
            "model.dropout=0": 0.0,
            "optimizer.learning_rate=1e-3": 0.001,
            "text.max_length=null": None,
            "data.train='a, b.csv'": "a, b.csv",
            "data.test=a*.csv": "a*.csv",
            "data.label=1": "1",
        },
        {
            "training.epochs=5": 5,
            "seed=${training.epochs}": 5,
            "data.train=[a.csv,b.csv]": ["a.csv", "b.csv"],
            "data.text=[title,body]": ["title", "body"],
        },
    ],
)
def test_overrides_arrive_typed(recipe: Recipe, values: dict[str, Any]) -> None:
    assert run("train", *values) == 0
    arrived = asdict_of(recipe.config)
    for argument, value in values.items():
        key = argument.partition("=")[0]
        assert arrived[key] == value
        assert type(arrived[key]) is type(value)


def test_a_group_sets_its_keys_together(recipe: Recipe) -> None:
    assert (
        run("train", "optimizer=adadelta", "data=files", "training={epochs:7,patience:null}") == 0
    )
    assert recipe.config.optimizer == AdadeltaConfig(learning_rate=1.0)
    assert recipe.config.data.source == "files"
    assert (recipe.config.training.epochs, recipe.config.training.patience) == (7, None)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("data.task=order", "it is a key of data=synthetic"),
        ("text.alphabet=learned", "it is a key of text=char"),
        ("optimizer.rho=0.9", "it is a key of optimizer=adadelta"),
    ],
)
def test_a_key_of_another_group_is_refused_with_the_group_that_has_it(
    given: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("train", given) == 2
    assert capsys.readouterr().err.rstrip().endswith(f"; {said}")


def test_evaluate_learns_which_data_keys_were_given(recipe: Recipe) -> None:
    assert (
        run("evaluate", "checkpoint=out", "data.test=b.csv", "batch_size=3", "run_dir=scores") == 0
    )
    ((config, file, given),) = recipe.calls
    assert isinstance(config, EvaluateConfig)
    assert (config.checkpoint, config.batch_size) == ("out", 3)
    assert file == Path("scores/evaluation.json")
    assert given == ["data.test"]


def test_a_multirun_runs_every_combination_in_a_directory_of_its_own(recipe: Recipe) -> None:
    assert run("train", "-m", "seed=1,2", "optimizer=adam,adadelta", "run_dir=sweep") == 0
    runs = [(config.seed, config.optimizer.name, path.name) for config, path, _ in recipe.calls]
    assert runs == [
        (1, "adam", "0"),
        (1, "adadelta", "1"),
        (2, "adam", "2"),
        (2, "adadelta", "3"),
    ]
    assert {path.parent.resolve() for _, path, _ in recipe.calls} == {Path("sweep").resolve()}


def test_hydra_leaves_no_files_of_its_own(tmp_path: Path) -> None:
    assert run("train") == 0
    assert list(tmp_path.iterdir()) == []


# Wrong arguments


@pytest.mark.parametrize(
    ("argument", "group", "meant"),
    [
        ("training.epoch=3", "training", "training.epochs"),
        ("model.kernel_size=[3]", "model", "model.kernel_sizes"),
        ("data.lable=topic", "data", "data.label"),
        ("rundir=out", "train", "run_dir"),
    ],
)
def test_a_misspelt_key_is_refused_with_the_known_keys_and_a_suggestion(
    refusal: Refusal, argument: str, group: str, meant: str
) -> None:
    said = refusal.of("train", argument)
    assert said.startswith(f"{argument}: no such key; {group} takes ")
    known, _, hint = said.partition(" takes ")[2].partition("; ")
    assert hint == f"did you mean {meant}?"
    assert len(said) < 450  # of 500, so that nothing is cut
    shown, _, more = known.partition(" and ")
    prefix = "" if group == "train" else f"{group}."
    assert all(key.startswith(prefix) for key in shown.split(", "))
    assert re.fullmatch(r"\d+ more, which --help lists", more) or not more


@pytest.mark.parametrize("argument", ["training.zzz=1", "+zzz=1", "++training.zzz=1"])
def test_a_key_without_a_similar_one_is_refused_with_the_known_keys(
    refusal: Refusal, argument: str
) -> None:
    said = refusal.of("train", argument)
    assert "zzz" in said
    assert ": no such key; " in said
    assert ("epochs" if "training" in argument else "seed") in said
    assert "did you mean" not in said


def test_a_key_of_another_optimizer_is_refused(refusal: Refusal) -> None:
    said = refusal.of("train", "optimizer.rho=0.9")
    assert said.startswith("optimizer.rho=0.9: no such key; optimizer takes optimizer.name, ")
    said = refusal.of("train", "optimizer=adadelta", "optimizer.betas=[0.9,0.9]")
    assert said.startswith("optimizer.betas=[0.9,0.9]: no such key; optimizer takes ")


WHOLE = "a whole number, at least 1"
WIDTHS = f"a list of 1 to 128, each {WHOLE}, at most 65536"
WRONG_TYPES = {
    "training.epochs=many": (WHOLE, "many"),
    "training.epochs=1.5": (WHOLE, "1.5"),
    "training.epochs=${nothing}": (WHOLE, "${nothing}"),
    "~training.epochs": (WHOLE, "nothing"),
    "model.dropout=high": ("a number, at least 0.0, below 1.0", "high"),
    "overwrite=maybe": ("true or false", "maybe"),
    "model.kernel_sizes=3": (WIDTHS, "3"),
    "model.kernel_sizes=[a]": (WIDTHS, "[a]"),
    "model.kernel_sizes=[[2]]": (WIDTHS, "[[2]]"),
    "data.weight=[a]": ("a string, or null", "[a]"),
}
IMPOSSIBLE = {
    "training.epochs=0": (WHOLE, "0"),
    "model.kernel_sizes=[]": (WIDTHS, "[]"),
    "model.dropout=1.5": ("a number, at least 0.0, below 1.0", "1.5"),
    "optimizer.learning_rate=inf": ("a number, above 0.0, at most 1e+30", "inf"),
    "training.metric=auc": ("accuracy, macro_f1, micro_f1 or loss", "auc"),
    "data.train=[]": ("a string or a list of strings, or null", "[]"),
    "data.text=": ("a string or a list of strings", "''"),
}


@pytest.mark.parametrize("argument", [*WRONG_TYPES, "training.epochs=0"])
def test_a_wrong_value_is_refused_with_its_key_the_value_and_what_is_accepted(
    refusal: Refusal, argument: str
) -> None:
    accepted, got = (WRONG_TYPES | IMPOSSIBLE)[argument]
    key = argument.lstrip("~").partition("=")[0]
    said = refusal.of("train", argument)
    assert said.startswith(f"{key} takes {accepted}, got {got}; try {key}=")


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("optimizer=sdg", "optimizer takes adadelta, adam, adamw or sgd, got sdg"),
        ("optimizer=null", "optimizer takes adadelta, adam, adamw or sgd, got null"),
        ("text=7", "text takes byte, char, every_word, word or zhang, got 7"),
        (
            "optimizer.name=adadelta",
            "optimizer.name takes adam, got adadelta; try optimizer=adadelta",
        ),
    ],
)
def test_an_unknown_choice_of_a_group_is_refused_with_the_known_ones(
    refusal: Refusal, argument: str, said: str
) -> None:
    assert refusal.of("train", argument).startswith(said)


def test_a_value_instead_of_a_group_of_keys_is_refused(refusal: Refusal) -> None:
    assert refusal.of("train", "training=5").startswith("training takes keys of its own, got 5; ")


def test_an_argument_without_key_and_value_is_refused(refusal: Refusal) -> None:
    said = refusal.of("train", "评论.csv")
    assert said == "评论.csv is not key=value, such as seed=1; --help lists the keys"
    said = refusal.of("train", "da ta=3")
    assert said == "da ta=3: 'da ta' is not the name of a key; --help lists the keys"


def test_a_program_may_take_bare_arguments_as_one_of_its_keys(
    recipe: Recipe, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    main = cli.program("predict", positional="data.text")(recipe)
    monkeypatch.setattr(sys, "argv", ["predict", "a b=c", "${", "input=x.txt", "[d, e]"])
    main()
    assert recipe.calls[0][0].input == "x.txt"
    assert recipe.calls[0][0].data.text == ["a b=c", "${", "[d, e]"]
    monkeypatch.setattr(sys, "argv", ["predict", "a", "--help"])
    main()
    said = capsys.readouterr().out
    assert said.startswith("Usage: python -m textcnn.predict [data.text ...] [key=value ...]\n")
    assert "\n  data.text=[a]\n" in said


@pytest.mark.parametrize("path", ["a=b.csv", "评论.csv", "~/it's (1).csv"])
def test_a_path_works_as_it_is_typed(recipe: Recipe, path: str) -> None:
    run("train", "data=files", f"data.train={path}")
    assert recipe.config.data.train == path


def test_a_list_without_brackets_is_refused_with_three_corrections(refusal: Refusal) -> None:
    said = refusal.of("train", "data.train=a.csv,b.csv")
    assert said == (
        "data.train=a.csv,b.csv gives several values; for a list write data.train=[a.csv,b.csv], "
        "for one run per value add -m, for one value that contains commas write "
        "'data.train=\"a.csv,b.csv\"'"
    )
    said = refusal.of("train", "data.train=评论 1.csv,b.csv")
    assert said == (
        "data.train=评论 1.csv,b.csv gives several values; for a list write "
        "'data.train=[\"评论 1.csv\",b.csv]', for one run per value add -m, for one value that "
        "contains commas write 'data.train=\"评论 1.csv,b.csv\"'"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["seed=1,x"], "seed takes a whole number, at least 0, at most 4294967295, got x"),
        (["optimizer=adam,sdg"], "optimizer takes adadelta, adam, adamw or sgd, got sdg"),
        (
            ["optimizer=adam,adadelta", "text=7"],
            "text takes byte, char, every_word, word or zhang, got 7",
        ),
        (["optimizer=adam,adadelta", "seed=x"], "seed takes a whole number"),
    ],
)
def test_a_multirun_with_one_wrong_value_runs_nothing(
    refusal: Refusal, arguments: Sequence[str], said: str
) -> None:
    assert refusal.of("train", "-m", *arguments).startswith(said)


def test_all_impossible_values_are_reported_one_per_line(
    recipe: Recipe, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("train", *IMPOSSIBLE) == 2
    said = {line.partition(" ")[0]: line for line in capsys.readouterr().err.splitlines()}
    assert len(said) == len(IMPOSSIBLE)
    for argument, (accepted, got) in IMPOSSIBLE.items():
        key = argument.partition("=")[0]
        assert said[key].startswith(f"{key} takes {accepted}, got {got}; try {key}=")
    assert recipe.calls == []


@pytest.mark.parametrize(
    ("program", "argument", "said"),
    [
        ("evaluate", "batch_size=0", f"batch_size takes {WHOLE}, got 0; try batch_size=2048"),
        ("evaluate", "chekpoint=out", "chekpoint=out: no such key; evaluate takes checkpoint, "),
        (
            "evaluate",
            "model=multi_width",
            "model=multi_width: no such key; evaluate takes checkpoint",
        ),
        ("predict", "format=xml", "format takes lines, jsonl, csv or tsv, or null, got xml"),
        ("predict", "text=body", "text=body: no such key; predict takes checkpoint, "),
        (
            "predict",
            "data.text=[]",
            "data.text takes a string or a list of strings, or null, got []",
        ),
    ],
)
def test_the_other_programs_refuse_in_the_same_way(
    refusal: Refusal, program: str, argument: str, said: str
) -> None:
    assert refusal.of(program, argument).startswith(said)


def test_predict_accepts_a_text_column(refusal: Refusal) -> None:
    said = "checkpoint is missing; try checkpoint=<run or checkpoint directory>"
    assert refusal.of("predict", "data.text=[title,body]") == said  # the column was accepted


# Errors at run time


def test_unreadable_data_give_one_line_and_leave_no_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, refusal: Refusal
) -> None:
    monkeypatch.undo()  # the real recipe
    monkeypatch.chdir(tmp_path)
    said = refusal.of("train", "data=files", "data.train=missing.csv", "run_dir=out")
    assert said == f"data.train=missing.csv: no such file (looked from {tmp_path})"


def test_an_input_error_gives_its_message_and_exit_code_2(
    recipe: Recipe, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe.raises = InputError("rows.csv is empty")
    assert run("train") == 2
    assert capsys.readouterr().err == "rows.csv is empty\n"


def test_an_interrupt_gives_exit_code_130(
    recipe: Recipe, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe.raises = KeyboardInterrupt()
    assert run("train") == 130
    assert "Traceback" not in capsys.readouterr().err


def test_a_bug_keeps_its_traceback(recipe: Recipe) -> None:
    recipe.raises = ValueError("a bug")
    with pytest.raises(ValueError, match="a bug"):
        run("train")


# The console command


def command(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["textcnn", *arguments])
    try:
        cli.main()
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
    return 0


def test_textcnn_train_is_python_m_textcnn_train(
    monkeypatch: pytest.MonkeyPatch, recipe: Recipe, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(monkeypatch, "train", "seed=3") == 0
    assert recipe.config.seed == 3
    assert command(monkeypatch, "train", "training.epochs=0") == 2
    assert capsys.readouterr().err.startswith("training.epochs takes")


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_textcnn_without_a_program_lists_the_programs(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: Sequence[str],
) -> None:
    assert command(monkeypatch, *arguments) == 0
    said = capsys.readouterr().out
    assert [line.split()[1] for line in said.splitlines() if line.startswith("  textcnn ")] == [
        *SCHEMAS
    ]


def test_an_unknown_program_is_refused_with_the_known_ones(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(monkeypatch, "trian") == 2
    said = f"textcnn takes {join_or(list(cli.PROGRAMS))}, got 'trian'; try textcnn --help\n"
    assert capsys.readouterr().err == said


# In new processes


def test_a_refused_program_prints_one_line_and_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import atexit, sys\n"
        "heavy = {'torch', 'datasets', 'torchtext', 'sklearn', 'matplotlib'}\n"
        "atexit.register(lambda: print(sorted(heavy & set(sys.modules))))\n"
        "sys.argv = ['train', 'training.epoch=3']\n"
        "import textcnn.train\n"
        "textcnn.train.main()\n"
    )
    done = start("-c", code, directory=tmp_path)
    assert (done.returncode, done.stdout) == (2, "[]\n")
    assert done.stderr.startswith("training.epoch=3: no such key; ")
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_help_does_not_import_torch(tmp_path: Path) -> None:
    done = start("-X", "importtime", "-m", "textcnn.train", "--help", directory=tmp_path)
    assert done.returncode == 0
    assert "training.epochs=12" in done.stdout
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "hydra" in imported
    assert imported.isdisjoint({"torch", "datasets", "torchtext", "matplotlib"})


def test_help_into_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    program = subprocess.Popen(
        [sys.executable, "-u", "-m", "textcnn.train", "--help"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert program.stdout is not None
    program.stdout.close()
    assert program.communicate()[1] == b""
    assert program.returncode == 0


@pytest.mark.parametrize("program", ["predict", "describe"])
def test_a_program_without_run_dir_refuses_multirun(refusal: Refusal, program: str) -> None:
    said = refusal.of(program, "-m", "seed=1,2")
    assert said == f"{program} has no run_dir, so it can't run several times; omit --multirun"


@pytest.mark.parametrize(("argument", "got"), [("~text", "nothing"), ("text=[1]", "[1]")])
def test_a_group_cannot_be_removed(refusal: Refusal, argument: str, got: str) -> None:
    said = refusal.of("train", argument)
    assert re.match(
        rf"text takes (byte, char, .* or zhang|word, char or byte), got {re.escape(got)}",
        said,
    )


def test_an_error_names_what_the_chosen_model_accepts(refusal: Refusal) -> None:
    said = refusal.of("train", "model=char_cnn", "model.kernel_sizes=3")
    assert said.endswith("got 3; try model.kernel_sizes=[7,7,3,3,3,3]")
    assert "multi_width" in refusal.of("train", "model=multi_with")
