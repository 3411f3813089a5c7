"""The structure that CONTRIBUTING.md describes: who may import whom, and how long files are."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "textcnn"
# every room imports only from itself and from rooms before it
ROOMS = (
    *("errors", "system", "config", "text", "runtime", "hub", "data", "models", "builders"),
    *("checkpoint", "explanation", "live_page", "exporting", "inference", "evaluation"),
    *("training", "from_python", "estimator", "studies", "serving", "cli"),
)
PROGRAMS = (
    *("train", "evaluate", "predict", "describe", "illustrate", "audit", "audit_data"),
    *("explain", "compare", "export", "serve", "push", "label"),
)
# who sees the classes of the configuration, besides textcnn/config itself
DOORS = {
    *(f"{program}.py" for program in PROGRAMS),
    "cli.py",
    "builders/data.py",
    "builders/models.py",
    "builders/text.py",
    "estimator.py",
    "from_python.py",
    "inference/classifier.py",  # the default of a key
    "inference/kinds.py",
    "inference/loading.py",  # a stored configuration
    # what the programs run:
    "training/finishing.py",
    "training/recipe.py",
    "training/parts.py",
    "training/initial.py",
    "training/growing/forgetting.py",
    "training/growing/origin.py",
    "training/growing/settings.py",
    "training/many_runs/cross_validation.py",
    "training/many_runs/members.py",
    "training/many_runs/out_of_fold.py",
    "training/many_runs/jobs.py",
    "training/ngrams/parts.py",
    "training/ngrams/run.py",
    "training/runs.py",
    "training/many_runs/students.py",
    "evaluation/chosen_data.py",
    "evaluation/report.py",
    "evaluation/audit/run.py",
    "evaluation/comparison/collect.py",
    "evaluation/comparison/compare.py",
    "evaluation/comparison/stored.py",
    "studies/tour/run.py",
    "studies/tour/command.py",
}
KEYS = {"textcnn.config.keys"}  # text about keys, without any configuration
MODULES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in ROOT.rglob("*.py")
    if "configs" not in path.relative_to(ROOT).parts
)


def imports(module: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every module of textcnn that a module imports, with the names it takes."""
    for node in ast.walk(ast.parse((ROOT / module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("textcnn."):
            yield node.module, tuple(alias.name for alias in node.names)


def room_of(dotted: str) -> str:
    return dotted.split(".")[1]


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_from_later_rooms_to_earlier_ones(module: str) -> None:
    room = module.partition("/")[0].removesuffix(".py")
    if room in (*PROGRAMS, "__init__"):
        return
    allowed = ROOMS[: ROOMS.index(room) + 1]
    assert [name for name, _ in imports(module) if room_of(name) not in allowed] == []


@pytest.mark.parametrize("module", MODULES)
def test_nobody_imports_an_entry_point(module: str) -> None:
    assert [name for name, _ in imports(module) if room_of(name) in PROGRAMS] == []


@pytest.mark.parametrize("module", [name for name in MODULES if not name.startswith("config/")])
def test_configuration_stops_at_the_door(module: str) -> None:
    if module in DOORS:
        return
    seen = {name for name, _ in imports(module) if name.startswith("textcnn.config.")}
    assert seen <= KEYS


def test_the_plain_path_of_a_model_asks_one_function_for_a_faster_way() -> None:
    plain = [
        name
        for name in MODULES
        if name.startswith("models/") and not name.startswith("models/fast/")
    ]
    taken = [
        (module, names)
        for module in plain
        for name, names in imports(module)
        if name.startswith("textcnn.models.fast")
    ]
    assert len(taken) == 1
    (module, names) = taken[0]
    assert module == "models/classifier.py"
    assert len(names) == 1


@pytest.mark.parametrize("module", MODULES)
def test_files_and_functions_fit_in_the_head(module: str) -> None:
    source = (ROOT / module).read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 350
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    long = [
        node.name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, functions) and (node.end_lineno or 0) - node.lineno + 1 > 60
    ]
    assert long == []


def test_a_folder_holds_about_a_dozen_rooms() -> None:
    folders = {path.parent for path in ROOT.rglob("*.py")}
    crowded = {folder: len([*folder.glob("*.py")]) for folder in folders}
    assert {folder.name: count for folder, count in crowded.items() if count > 20} == {}
