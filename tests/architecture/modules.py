"""The package read as syntax trees: who imports whom, and how long things are."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2] / "arena"
# Programs of their own: they run as processes and nothing of arena imports them.
APART = ("arena.agents.repair", "arena.machine.inside")


@functools.cache
def modules() -> dict[str, ast.Module]:
    """Dotted name → syntax tree of every module of the package."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT.parent).with_suffix("").parts
        name = ".".join(parts).removesuffix(".__init__")
        found[name] = ast.parse(path.read_text(encoding="utf-8"))
    return found


def is_apart(name: str) -> bool:
    return any(name == root or name.startswith(root + ".") for root in APART)


def imported(name: str, *, everywhere: bool) -> set[str]:
    """What a module imports, as dotted names: at its top, or `everywhere` in it. TYPE_CHECKING blocks count not."""
    tree, found = modules()[name], set()
    for node in _nodes(tree, everywhere=everywhere):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            start = _absolute(name, node)
            found |= {start, *(f"{start}.{alias.name}" for alias in node.names)}
    return found


def _absolute(name: str, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = name if _is_package(name) else name.rpartition(".")[0]
    for _ in range(node.level - 1):
        package = package.rpartition(".")[0]
    return f"{package}.{node.module}" if node.module else package


def _is_package(name: str) -> bool:
    return ROOT.parent.joinpath(*name.split("."), "__init__.py").exists()


def _nodes(node: ast.AST, *, everywhere: bool) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            continue
        function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
        if function and not everywhere:
            continue
        yield child
        yield from _nodes(child, everywhere=everywhere)


def importers(library: str) -> set[str]:
    """The modules that import a library anywhere, the programs apart left out."""
    return {
        name
        for name in modules()
        if not is_apart(name)
        and any(
            found == library or found.startswith(library + ".")
            for found in imported(name, everywhere=True)
        )
    }


def graph() -> dict[str, set[str]]:
    """Module → modules of the package that it imports at its top."""
    return {
        name: {
            other for other in imported(name, everywhere=False) if other in modules()
        }
        - {name}
        for name in modules()
    }
