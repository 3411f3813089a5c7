"""The wheel works without the source tree: from another directory, with every config in it."""

import ast
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from collections.abc import Iterable
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tiny_exports import classifier_of
from tiny_models import build

from textcnn.cli import PROGRAMS
from textcnn.system.packages import TRAINING

ROOT = Path(__file__).parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

# Run by the Python of the clean environment: composes every program's config, and with it every
# option of each of its groups. Prints each override that it tries; exits with all errors together.
COMPOSE_EVERY_CONFIG = """
import sys
from collections import defaultdict
from importlib.metadata import entry_points
from importlib.resources import as_file, files
from pathlib import Path

import hydra
from omegaconf import OmegaConf

import textcnn
import textcnn.config.schemas

prefix = Path(sys.prefix).resolve()
assert Path(textcnn.__file__).resolve().is_relative_to(prefix), textcnn.__file__
(command,) = entry_points(group="console_scripts", name="textcnn")
assert callable(command.load())
textcnn.config.schemas.register_schemas()


def groups_of(entry):
    # "override /model@package: dilated" is about the group "model"
    for default in OmegaConf.load(entry).get("defaults", []):
        if not isinstance(default, str):
            (key,) = default
            yield key.split()[-1].partition("@")[0].lstrip("/")


def included_by(option):
    # "/recipe/few_characters@_global_" includes a file of the folder "recipe"
    for default in OmegaConf.load(option).get("defaults", []):
        if isinstance(default, str) and default.startswith("/"):
            yield default.lstrip("/").rpartition("/")[0]


with as_file(files("textcnn.configs")) as configs:
    assert configs.resolve().is_relative_to(prefix), configs
    groups = {entry.stem: set(groups_of(entry)) for entry in configs.glob("*.yaml")}
    options = defaultdict(list)
    included = set()
    for option in configs.rglob("*/*.yaml"):
        included |= set(included_by(option))
        options[option.parent.relative_to(configs).as_posix()].append(option.stem)

runs = [(entry, []) for entry in groups]
errors = []
# each option in one entry config that has its group
for group, names in options.items():
    entries = [entry for entry in groups if group in groups[entry]]
    if not entries and group not in included:
        errors.append(f"no entry config has the group {group}")
    runs += [(entry, [f"{group}={name}"]) for entry in entries[:1] for name in names]

with hydra.initialize_config_module("textcnn.configs", version_base="1.3"):
    for entry, overrides in sorted(runs):
        print(entry, *overrides)
        try:
            hydra.compose(entry, overrides)
        except Exception as error:
            errors.append(f"{entry} {overrides}: {error}")
sys.exit("\\n".join(errors) or None)
"""


def run(*command: str | Path, cwd: Path) -> str:
    """Run `command` in `cwd`; return its output, or fail with all of its messages."""
    # a clean environment, without coverage and without a path to this source tree
    env = {k: v for k, v in os.environ.items() if not k.startswith(("COVERAGE_", "PYTHON"))}
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy of the sources, since a build leaves files among them."""
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("textcnn", "configs"):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, source / name, ignore=ignore)
    options = ("--no-build-isolation", "--no-deps", "--no-index", "--wheel-dir", "dist")
    run(sys.executable, "-m", "pip", "wheel", *options, ".", cwd=source)
    (built,) = source.glob("dist/*.whl")
    return built


def install(wheel: Path, home: Path, libraries: Path) -> Path:
    """The Python of a new environment with the wheel and the libraries of a folder."""
    venv.create(home, with_pip=False, symlinks=True)
    python = home / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python)
    run(*pip, "install", "--no-deps", "--no-index", wheel, cwd=home)
    # a directory named in a .pth file comes after the wheel, and its own .pth files, by which
    # an editable textcnn would come in, are not read
    (site_packages,) = home.glob("lib/python*/site-packages")
    (site_packages / "libraries.pth").write_text(str(libraries), encoding="utf-8")
    return python


@pytest.fixture(scope="module")
def clean_python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with the wheel and all libraries of this one."""
    libraries = Path(sysconfig.get_path("purelib"))
    return install(wheel, tmp_path_factory.mktemp("environment"), libraries)


@pytest.fixture(scope="module")
def small_python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with the wheel and what it needs without extras."""
    few = tmp_path_factory.mktemp("few")
    for name, found in packages_distributions().items():
        if ALWAYS & set(map(canonicalize_name, found)):
            library = Path(sysconfig.get_path("purelib")) / name
            (few / name).symlink_to(library if library.is_dir() else library.with_suffix(".py"))
    for beside in Path(sysconfig.get_path("purelib")).glob("*.libs"):  # of wheels with C libraries
        (few / beside.name).symlink_to(beside)
    return install(wheel, tmp_path_factory.mktemp("small"), few)


def required(*extras: str) -> list[Requirement]:
    """The requirements of extras, with those of the extras that they name: textcnn[train]."""
    found = []
    for extra in extras:
        for requirement in map(Requirement, PYPROJECT["project"]["optional-dependencies"][extra]):
            own = requirement.name == "textcnn"
            found += required(*requirement.extras) if own else [requirement]
    return found


def distributions(*extras: str) -> set[str]:
    return {canonicalize_name(requirement.name) for requirement in required(*extras)}


ALWAYS = {
    canonicalize_name(Requirement(line).name) for line in PYPROJECT["project"]["dependencies"]
}


def test_constraints_pin_every_dependency_within_its_range() -> None:
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.]+", line)] == []
    pinned = {canonicalize_name(name): version for name, version in (x.split("==") for x in lines)}
    project = PYPROJECT["project"]
    always = map(Requirement, project["dependencies"])
    for requirement in [*always, *required(*project["optional-dependencies"])]:
        assert pinned[canonicalize_name(requirement.name)] in requirement.specifier, requirement


# the imported name and the distribution of packages that may be missing here
ELSEWHERE = {"fasttext": "fasttext-numpy2"}


def imported(folder: str) -> set[str]:
    """The distributions that the modules in a folder import."""
    names = set()
    paths = [*(ROOT / folder).rglob("*.py")]
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module.partition(".")[0])
    beside = {path.stem for path in paths}  # scripts import the modules in their folder
    return named(names - sys.stdlib_module_names - {"textcnn"} - beside)


def named(modules: Iterable[str]) -> set[str]:
    """The distributions that modules come from."""
    known = packages_distributions()
    return {canonicalize_name(known.get(each, [ELSEWHERE.get(each, each)])[0]) for each in modules}


def test_every_library_that_is_imported_is_a_dependency() -> None:
    own = ALWAYS | distributions("train")
    optional = distributions("vectors", "languages", "export", "serve")
    assert {"torch", "pyyaml", "huggingface-hub"} <= imported("textcnn") <= own | optional
    assert imported("scripts") <= own | distributions("dev", "bench")


def test_an_install_without_extras_needs_only_what_exported_models_need() -> None:
    assert {"numpy", "regex", "safetensors"} == ALWAYS
    assert named(TRAINING) == distributions("train")


def test_wheel_holds_every_module_and_every_config(wheel: Path) -> None:
    code = {path.relative_to(ROOT) for path in (ROOT / "textcnn").rglob("*.py")}
    configs = {
        "textcnn" / path.relative_to(ROOT)
        for path in (ROOT / "configs").rglob("*")
        if path.suffix in {".py", ".yaml"}
    }
    with zipfile.ZipFile(wheel) as archive:
        packed = {Path(name) for name in archive.namelist() if ".dist-info/" not in name}
    others = {
        path.relative_to(ROOT)
        for path in (ROOT / "textcnn").rglob("*")
        if path.suffix in {".j2", ".js", ".css", ".typed"}
    }
    assert packed == code | configs | others


def test_installed_wheel_composes_every_config(clean_python: Path, tmp_path: Path) -> None:
    composed = run(clean_python, "-I", "-c", COMPOSE_EVERY_CONFIG, cwd=tmp_path).splitlines()
    files = [file for file in ROOT.glob("configs/**/*.yaml") if file.parent.name != "recipe"]
    assert len(composed) == len(files) > 0  # presets include those of the folder "recipe"


PREDICT = """
import sys
from textcnn.runtime import load

(prediction,) = load(sys.argv[1]).predict(["a good film"])
print(prediction.label)
"""


def test_an_install_without_extras_predicts_with_an_exported_model(
    small_python: Path, tmp_path: Path
) -> None:
    classifier = classifier_of(build("multi_width"))
    classifier.export(tmp_path / "exported")
    said = run(small_python, "-I", "-c", PREDICT, "exported", cwd=tmp_path)
    (expected,) = classifier.predict(["a good film"])
    assert said.strip() == getattr(expected, "label")  # noqa: B009 - or a set of labels


MISSING = "torch, hydra, datasets and 17 more packages: pip install 'textcnn[train]'"
USE_EVERY_NAME = """
import sys
import textcnn

for name in textcnn.__all__:
    try:
        getattr(textcnn, name)
    except ModuleNotFoundError as error:
        print(error)
"""


def test_without_the_extra_every_name_says_what_to_install(
    small_python: Path, tmp_path: Path
) -> None:
    said = run(small_python, "-I", "-c", USE_EVERY_NAME, cwd=tmp_path).splitlines()
    assert f"textcnn.load needs {MISSING}" in said
    assert f"textcnn.fit needs {MISSING}" in said
    assert all(line.endswith(MISSING) for line in said)
    assert not any(line.startswith("textcnn.InputError") for line in said)


@pytest.mark.parametrize("program", PROGRAMS)
def test_without_the_extra_every_program_says_what_to_install(
    small_python: Path, tmp_path: Path, program: str
) -> None:
    module = f"textcnn.{program}"
    done = subprocess.run(
        [small_python, "-I", "-m", module, "--help"], cwd=tmp_path, capture_output=True, text=True
    )
    said = f"python -m {module} needs {MISSING}\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said)


def test_without_the_extra_the_command_says_what_to_install(
    small_python: Path, tmp_path: Path
) -> None:
    command = small_python.parent / "textcnn"
    done = subprocess.run([command, "--help"], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (2, f"textcnn needs {MISSING}\n")


def test_a_folder_named_textcnn_beside_a_script_does_not_hide_the_package(tmp_path: Path) -> None:
    """Such as a clone; Python would take it for a namespace package."""
    (tmp_path / "textcnn" / "tests").mkdir(parents=True)
    (tmp_path / "script.py").write_text(
        "import textcnn, textcnn.configs\nprint(textcnn.load.__name__, textcnn.__file__)\n"
    )
    for arguments in (["script.py"], ["-c", "import textcnn; print(textcnn.load.__name__)"]):
        assert run(sys.executable, *arguments, cwd=tmp_path).startswith("load")
