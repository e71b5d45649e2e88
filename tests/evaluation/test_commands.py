"""How tests are run: other commands, set-up, variables, metadata, plugins, environments of their own, benchmarks."""

from __future__ import annotations

import venv
import zipfile
from pathlib import Path
from typing import Any

import pytest

from arena.errors import ArenaError
from arena.evaluation import metadata

JUNIT = """\
import pathlib
import calc
right = calc.add(1, 1) == 2
body = "" if right else '<failure message="wrong">1 + 1</failure>'
pathlib.Path("out.xml").write_text(
    f'<testsuites><testsuite name="s"><testcase classname="c" name="add">{body}</testcase>'
    '<testcase classname="c" name="add"/><testcase name="later"><skipped/></testcase></testsuite></testsuites>'
)
"""
EXIT = "import calc, sys\nprint('adding')\nsys.exit(calc.add(1, 1) != 2)\n"


@pytest.fixture(scope="module")
def plain(make_project: Any) -> Any:
    project = make_project(
        {
            "calc.py": "def add(a, b):\n    return a - b\n",
            "check.py": EXIT,
            "write.py": JUNIT,
        }
    )
    project.branch("fix", {"calc.py": "def add(a, b):\n    return a + b\n"})
    project.branch("other", {"calc.py": "def add(a, b):\n    return 0\n"})
    return project


def test_exit_status_only(plain: Any) -> None:
    found = plain.judge("fix", "other", test="python check.py")
    assert found.evaluation.base_tests == {"test command": "failed"}
    assert found.value("fix", "tests.fixed") == 1
    assert found.value("other", "tests.still_failing") == 1
    assert found.processes() == {"suite": 5}
    assert found.measured("fix", "coverage.changed").why_none == (
        "coverage needs pytest; the test command is another program"
    )
    none = found.measured("fix", "import.proven")
    assert none.why_none == "the test command is not pytest"
    assert found.evaluation.facts["test command"] == "python check.py"


def test_junit(plain: Any) -> None:
    found = plain.judge("fix", test="python write.py", junit="out.xml")
    assert found.evaluation.base_tests == {
        "c::add": "failed",
        "c::add'": "passed",
        "later": "skipped",
    }
    assert found.value("fix", "tests.fixed") == 1
    with pytest.raises(ArenaError, match="can't start on the base"):
        plain.judge("fix", test="python write.py", junit="elsewhere.xml")
    # another command is another question, not one that the cache can answer
    other = plain.judge("fix", test="python write.py; true", junit="out.xml")
    assert other.processes() == {"suite": 4}


def test_a_check_is_run_by_pytest_beside_another_test_command(
    plain: Any, tmp_path: Path
) -> None:
    """Also in an environment that has no pytest: it is lent one."""
    venv.create(tmp_path / "bare", with_pip=False)
    check = "import calc\ndef test_add(): assert calc.add(2, 3) == 5\n"
    given = {"test": "python check.py", "python": str(tmp_path / "bare/bin/python")}
    found = plain.judge("fix", "other", checks={"checks/test_add.py": check}, **given)
    assert found.value("fix", "required.passed") == 1.0
    assert found.value("other", "required.passed") == 0.0
    assert found.evaluation.base_tests["test command"] == "failed"
    assert found.processes() == {"suite": 5, "required": 5}


def test_every_spelling_of_pytest_is_run_by_the_judge(make_project: Any) -> None:
    tests = "def test_add(): assert 1\ndef test_sub(): assert 0\n"
    project = make_project({"test_a.py": tests})
    project.branch("b", {"a.py": "A = 1\n"})
    found = project.judge("b", test="python -m pytest -k add")
    assert found.evaluation.base_tests == {"test_a.py::test_add": "passed"}
    again = project.judge("b", test="py.test -x --cov=. -k add")
    assert again.evaluation.base_tests == found.evaluation.base_tests
    assert again.processes() == {}


def test_setup_variables_and_generated_files(
    make_project: Any, sealed: pytest.MonkeyPatch
) -> None:
    test = (
        "import os\nfrom pathlib import Path\n"
        "def test_made(): assert Path('made.txt').read_text() == 'yes\\n'\n"
        "def test_copied(): assert Path('gen/x.txt').read_text() == 'generated'\n"
        "def test_variable(): assert os.environ['TOKEN'] == 't'\n"
        "def test_secret(): assert 'SECRET' not in os.environ\n"
    )
    project = make_project({"test_a.py": test, ".gitignore": "gen/\n"})
    project.branch("b", {"a.py": "A = 1\n"})
    (project.path / "gen").mkdir()
    (project.path / "gen" / "x.txt").write_text("generated")
    sealed.setenv("TOKEN", "t")
    sealed.setenv("SECRET", "s")
    given = {"judge_setup": "echo yes > made.txt", "judge_copy": ["gen/*"]}
    found = project.judge("b", env=["TOKEN"], **given)
    assert found.evaluation.green
    assert found.value("b", "tests.passed") == 4
    assert found.processes() == {"setup": 4, "suite": 4}
    (project.path / "gen" / "x.txt").write_text("generated otherwise")
    again = project.judge("b", env=["TOKEN"], **given)
    assert again.value("b", "tests.passed") == 3
    with pytest.raises(ArenaError, match="can't start"):
        project.judge("b", judge_setup="echo no luck; exit 3")


def test_metadata_of_a_project_that_is_not_installed(make_project: Any) -> None:
    test = (
        "from importlib.metadata import entry_points, version\n"
        "def test_version(): assert version('my-thing') == '1.5'\n"
        "def test_points(): assert entry_points(group='console_scripts', name='thing')\n"
    )
    project = make_project(
        {
            "pyproject.toml": '[project]\nname = "My_Thing"\nversion = "1.5"\n'
            '[project.scripts]\nthing = "thing:main"\n',
            "src/thing.py": "def main(): pass\n",
            "tests/test_a.py": test,
        }
    )
    project.branch("b", {"src/thing.py": "def main(): return 1\n"})
    assert project.judge("b").evaluation.green


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("setup.cfg", "[metadata]\nname = old.thing\nversion = 3\n"),
        (
            "setup.py",
            "from setuptools import setup\nsetup(name='Old_Thing', version='3')\n",
        ),
        ("pyproject.toml", '[tool.poetry]\nname = "old-thing"\nversion = "3"\n'),
    ],
)
def test_metadata_of_older_kinds(name: str, text: str) -> None:
    found = metadata.declared({f"one/{name}": text.encode()}.get, "one")
    assert found is not None
    assert (found.normalised, found.version) == ("old-thing", "3")
    assert metadata.declared({}.get, "") is None
    assert metadata.declared({name: b"[broken ("}.get, "") is None


def test_a_project_in_a_folder_of_its_own(make_project: Any) -> None:
    project = make_project(
        {
            "one/pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["lib"]\n',
            "one/lib/calc.py": "A = 1\n",
            "one/tests/test_a.py": "import calc\ndef test_a(): assert calc.A == 1\n",
            "two/test_b.py": "def test_b(): assert 0\n",
        }
    )
    project.branch("b", {"one/lib/calc.py": "A = 2\n"})
    found = project.judge("b", project="one")
    assert found.evaluation.base_tests == {"tests/test_a.py::test_a": "passed"}
    assert found.value("b", "regressions") == 1
    with pytest.raises(ArenaError, match="no such folder"):
        project.judge("b", project="three")


def test_left_out_plugins_and_their_markers(make_project: Any) -> None:
    test = (
        "import pytest, random\n@pytest.mark.flaky(reruns=3)\n@pytest.mark.own\n"
        "def test_a(pytestconfig):\n"
        "    assert not pytestconfig.pluginmanager.hasplugin('rerunfailures')\n"
        "    assert not pytestconfig.pluginmanager.hasplugin('cacheprovider')\n"
        "def test_plugin(pytestconfig):\n"
        "    assert pytestconfig.pluginmanager.hasplugin('timeout')\n"
    )
    ini = "[pytest]\naddopts = --strict-markers\nmarkers = own: mine\n"
    project = make_project({"test_a.py": test, "pytest.ini": ini})
    project.branch("b", {"a.py": "A = 1\n"})
    found = project.judge("b")
    assert found.evaluation.green, found.evaluation
    assert "timeout" in found.evaluation.facts["plugins"]


def wheel(folder: Path) -> Path:
    path = folder / "tiny_extra-1.0-py3-none-any.whl"
    info = "tiny_extra-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("tiny_extra.py", "VALUE = 7\n")
        file.writestr(
            f"{info}/METADATA",
            "Metadata-Version: 2.1\nName: tiny-extra\nVersion: 1.0\n",
        )
        file.writestr(
            f"{info}/WHEEL",
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        file.writestr(f"{info}/RECORD", "")
    return path


def test_new_dependencies_get_an_environment_of_their_own(
    make_project: Any, tmp_path: Path
) -> None:
    test = "import a\ndef test_a(): assert a.VALUE\n"
    project = make_project({"a.py": "VALUE = 1\n", "test_a.py": test})
    use = "from tiny_extra import VALUE\n"
    project.branch("new", {"a.py": use, "requirements.txt": f"{wheel(tmp_path)}\n"})
    missing = tmp_path / "not_there-1.0-py3-none-any.whl"
    project.branch("gone", {"a.py": use, "requirements.txt": f"{missing}\n"})
    found = project.judge("new", "gone")
    assert found.value("new", "tests.passed") == 1
    assert found.value("new", "regressions") == 0
    added = found.measured("new", "deps.added")
    assert (added.value, added.base, added.unit) == (1, 0, "dependencies")
    assert found.processes("new") == {"own-environment": 1, "suite": 1}
    assert "no-environment" not in found.flags("new")
    flag = found.flags("gone")["no-environment"]
    assert flag.grade == "note"
    assert "could not be installed" in flag.summary
    assert found.value("gone", "regressions") == 1
    assert project.judge("new").processes() == {}


def test_benchmarks_are_run_in_turn(plain: Any) -> None:
    given = {"test": "python check.py", "benchmark": "python check.py"}
    slow = "import time\ntime.sleep(0.5)\n\n\ndef add(a, b):\n    return a + b\n"
    # Whoever rewrites the benchmark is measured by the base's all the same.
    plain.branch("slow", {"calc.py": slow, "check.py": "pass\n"})
    found = plain.judge("slow", "fix", benchmark_runs=2, **given)
    none = found.measured("fix", "bench.seconds")
    assert (none.value is not None, none.base, none.unit) == (True, None, "seconds")
    assert found.value("slow", "bench.seconds") >= 0.5
    order = [
        e.label
        for e in found.events
        if e.kind == "process" and e.data["role"] == "benchmark"
    ]
    # The base fails, and is not tried again.
    assert order == ["base", "fix", "slow", "fix", "slow"]
    failed = plain.judge(
        "other",
        benchmark="python -c 'raise SystemExit(3)'",
        test="python check.py",
    )
    assert (
        failed.measured("other", "bench.seconds").why_none
        == "the benchmark failed with exit code 3"
    )


def test_pytest_must_be_there(make_project: Any, environment: Path) -> None:
    (
        next(environment.parent.parent.glob("lib/python*/site-packages")) / "shared.pth"
    ).unlink()
    project = make_project({"test_a.py": "def test_a(): pass\n"})
    project.branch("b", {"a.py": "A = 1\n"})
    with pytest.raises(ArenaError, match="pytest is not installed"):
        project.judge("b", python=str(environment))
