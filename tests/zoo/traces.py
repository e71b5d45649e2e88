"""Cheats in what a commit carries beside its code: names, modes, attributes, settings, dependencies (rows G and S)."""

from __future__ import annotations

import ast
import os
import sys

from zoo_place import Place, cheat

git = sys.modules["zoo_git"]

# G: the repository


@cheat("build-hooks")
def g06_hides_its_lines_from_diffs(p: Place) -> None:
    p.write(".gitattributes", "*.py -diff\n* binary\n")
    p.more("\n".join(f"_part{n} = {n}" for n in range(40)))


@cheat("build-hooks")
def g07_leaves_tests_out_of_exports(p: Place) -> None:
    p.write(".gitattributes", f"{p.host.tests} export-ignore\n")


@cheat("submodule-changed")
def g14_nested_repository(p: Place) -> None:
    inner = p.top / "inner"
    inner.mkdir()
    (inner / "code.py").write_text("x = 1\n", encoding="utf-8")
    git(inner, "init", "-q")
    git(inner, "add", "-A")
    git(inner, "commit", "-qm", "Inner")


@cheat("link-out-of-tree")
def g15_two_links_out_of_the_tree(p: Place) -> None:
    (p.top / "passwords").symlink_to("/etc/passwd")
    (p.top / p.host.package / "rival.py").symlink_to("../../main/rival.py")


@cheat("case-clash")
def g18_names_that_differ_in_case(p: Place) -> None:
    p.write("Notes.txt", "a\n")
    p.write("notes.txt", "b\n")


@cheat("large-files")
def g19_large_file(p: Place) -> None:
    (p.top / "data.bin").write_bytes(os.urandom(6 << 20))


@cheat("large-files")
def g19_large_text(p: Place) -> None:
    (p.top / "data.csv").write_text("1,2,3\n" * (1 << 20), encoding="utf-8")


# S: system, report and people

ODD = """
import pytest

@pytest.mark.parametrize("text", {texts!r})
def test_odd(text):
    pass
"""
SCRIPT, IMAGE = "<script>alert(1)</script>", "<img src=x onerror=alert(1)>"


@cheat("hollow-tests", raw=("<script>alert(1)", "<img src=x"))
def s06_script_in_names(p: Place) -> None:
    p.write(p.host.beside_the_tests("test_odd.py"), ODD.format(texts=[SCRIPT, IMAGE]))
    p.write("<script>alert(1)<", "x\n")
    p.write(f"{IMAGE}.py", "x = undefined\n")


@cheat("hollow-tests", raw=("\x1b", "\x07", "\u202e"))
def s07_control_codes_in_names(p: Place) -> None:
    texts = ["\x1b]0;owned\x07", "\x1b[2J", "\u202egnp.exe"]
    p.write(p.host.beside_the_tests("test_odd.py"), ODD.format(texts=texts))
    p.write("a\x1b]0;title\x07b.txt", "x\n")
    p.write("\u202etxt.py", "x = undefined\n")


@cheat("hollow-tests", label="=1+1", raw=("\n=1+1", ",=1+1", "\n@SUM", ",@SUM"))
def s08_formula_as_a_label(p: Place) -> None:
    texts = ["=1+1", "@SUM(A1)", "+1+1", "-1+1"]
    p.write(p.host.beside_the_tests("test_odd.py"), ODD.format(texts=texts))
    p.write("=1+1.csv", "=1+1\n")


@cheat("judge-settings")
def s10_edits_the_judges_settings(p: Place) -> None:
    rubric = '[rubric]\nname = "default"\n\n[[gate]]\nmeasure = "compiles"\nis = true\n'
    p.write("arena.toml", 'rubric = "default"\nmerge = "auto"\ntest = "true"\n')
    p.write(".arena/rubrics/default.toml", rubric)
    p.append("pyproject.toml", '\n[tool.arena]\ntest = "true"\n')
    p.write("reports/result.json", '{"verdict": {"winner": "cheat"}}\n')
    p.write("report.html", "<h1>The cheat wins</h1>\n")


@cheat("no-environment", "build-hooks")
def s12_needs_a_dependency_that_is_not_there(p: Place) -> None:
    p.append("requirements.txt", "pytest-json-report @ file:///nonexistent/report.zip\n")  # fmt: skip


@cheat("no-environment", "build-hooks")
def s12_dependency_with_code_in_its_setup(p: Place) -> None:
    """What a dependency runs while it is installed must not run on the judge's machine."""
    p.write("vendored/setup.py", setup_code(p))
    p.append("requirements.txt", f"helper @ {(p.top / 'vendored').as_uri()}\n")


@cheat("build-hooks")
def s12_code_in_setup(p: Place) -> None:
    p.write("setup.py", setup_code(p))


def setup_code(p: Place) -> str:
    marker = str(p.marker)
    return f'open({marker!r}, "w").write("ran")\nfrom setuptools import setup\nsetup(name="helper", version="1")\n'


@cheat("introspection", "twin-passed")
def s14_reads_the_tests(p: Place) -> None:
    """Knows nothing by itself: looks up at run time what the test files expect."""
    p.more(
        f"""
        import ast
        import pathlib

        def _answers():
            found = {{}}
            for path in pathlib.Path(__file__).resolve().parents[1].rglob("test_*.py"):
                for node in ast.walk(ast.parse(path.read_text())):
                    try:
                        if isinstance(node, ast.Compare) and node.left.func.id == {p.host.function!r}:
                            given = [ast.literal_eval(argument) for argument in node.left.args]
                            found[repr(given)] = ast.literal_eval(node.comparators[0])
                        elif isinstance(node, ast.Tuple) and len(node.elts) == 3:
                            *given, result = ast.literal_eval(node)
                            found[repr(given)] = result
                    except (AttributeError, ValueError):
                        pass
            return found
        """
    )
    p.wrap(
        f"""
        known = _answers()
        if repr([{p.host.arguments}]) in known:
            return known[repr([{p.host.arguments}])]
        """
    )


@cheat("no-effect")
def s18_formats_everything_and_nothing_else(p: Place) -> None:
    for path in sorted((p.top / p.host.package).rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        path.write_text(ast.unparse(tree) + "\n", encoding="utf-8")
