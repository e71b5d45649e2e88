"""Which module may import what; no import cycle; sizes."""

import ast
import graphlib
import importlib.util
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def load(name: str, path: Path):
    """A module beside the tests: the tests are no package."""
    spec = importlib.util.spec_from_file_location(name, path)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


modules = load("architecture_modules", HERE / "modules.py")
codesize = load("codesize", HERE.parent / "codesize.py")


@pytest.mark.parametrize(
    ("library", "allowed"),
    [
        ("subprocess", {"arena.machine.process"}),
        ("git", {"arena.machine.git"}),
        ("pandas", {"arena.scores"}),
        ("jinja2", {"arena.machine.resources"}),
        (
            "click",
            {
                "arena.cli",
                "arena.commands.declared",
                "arena.commands.meanwhile",
                "arena.commands.words",
            },
        ),
        ("radon", {"arena.evaluation.complexity", "arena.evaluation.measures"}),
    ],
)
def test_a_library_has_one_door(library, allowed):
    assert modules.importers(library) <= allowed


def test_there_is_no_import_cycle():
    try:
        tuple(graphlib.TopologicalSorter(modules.graph()).static_order())
    except graphlib.CycleError as error:
        pytest.fail(f"a cycle: {' → '.join(error.args[1])}")


def test_the_machine_knows_no_stage():
    for name in modules.modules():
        if name.startswith("arena.machine"):
            known = {
                other
                for other in modules.imported(name, everywhere=True)
                if other in modules.modules() and not other.startswith("arena.machine")
            }
            assert known <= {"arena", "arena.errors"}, name


def test_the_programs_apart_stand_on_their_own():
    for name in modules.modules():
        found = modules.imported(name, everywhere=True)
        if modules.is_apart(name):
            assert not {
                n for n in found if n.startswith("arena.") and not modules.is_apart(n)
            }, name
        else:
            assert not {n for n in found if modules.is_apart(n)}, name


@pytest.mark.parametrize(
    "name", ["patterns", "patterns.compete", "patterns.test_first", "verdict"]
)
def test_pure_modules_touch_nothing(name):
    doors = {"git", "process", "quarantine", "sandbox", "executor"}
    found = modules.imported(f"arena.{name}", everywhere=True)
    assert not found & {f"arena.machine.{door}" for door in doors}
    assert not found & {"os", "pathlib", "time", "random"}


def test_functions_and_modules_stay_short():
    long = []
    for name, tree in modules.modules().items():
        path = modules.ROOT.parent.joinpath(*name.split("."))
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > (80 if name == "arena.race" else 300):
            long.append(f"{name}: {lines} lines")
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = node.end_lineno - node.lineno + 1
                if length > 60:
                    long.append(f"{name}.{node.name}: {length} lines")
    assert not long


MOST_LINES = 16445


def test_the_package_does_not_grow_unseen():
    """No blank lines, comments or docstrings, formatter defaults; the program `agents/repair/` apart."""
    total = sum(
        codesize.code_lines(path)
        for path in modules.ROOT.rglob("*.py")
        if "repair" not in path.relative_to(modules.ROOT).parts
    )
    assert total <= MOST_LINES
