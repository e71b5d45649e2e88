"""Projects that are more than their files: compiled or generated parts, old pytest, pytest within pytest."""

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

CODE = "def double(number):\n    return number * 2\n"
TESTS = (
    "import pytest\nimport code_\n\n"
    '@pytest.mark.parametrize("number", range(20))\n'
    "def test_double(number):\n    assert code_.double(number) == number + number\n"
)


def settings(repo, text):
    """Puts an arena.toml into the checkout; the judge reads it from there."""
    (repo.path / "arena.toml").write_text(text)


def test_a_c_extension_is_built_in_every_export(project, environment, judge):
    repo = project("markupsafe==3.0.2")
    python = environment("pytest", "setuptools")
    settings(repo, 'judge_setup = "python setup.py --quiet build_ext --inplace"\n')
    source = "src/markupsafe/_speedups.c"
    repo.branch("wrong", {source: ("*outp++ = 'a'", "*outp++ = 'b'")})
    repo.branch("harmless", {source: ("#include <Python.h>", "#include  <Python.h>")})

    judged = judge(repo, "wrong", "harmless", "--base", "main", "--python", python)

    counts = judged.said["base"]["counts"]
    assert (counts["failed"], counts["skipped"]) == (0, 0), "it was not compiled"
    assert judged.measured("harmless", "regressions") == 0
    assert judged.measured("wrong", "regressions") > 0
    assert judged.measured("harmless", "import.proven") is True


@pytest.mark.long
def test_a_generated_module_is_copied_from_the_checkout(project, environment, judge):
    version = "src/humanize/_version.py"
    repo = project("humanize==4.12.1", ignored=(version,))
    assert version not in repo.git("ls-files").split()
    python = environment("pytest", "freezegun")
    settings(repo, f'judge_copy = ["{version}"]\n')
    file = "src/humanize/lists.py"
    repo.branch("wrong", {file: ("return", "return None and")})

    judged = judge(repo, "wrong", "main", "--base", "main", "--python", python)

    assert judged.said["base"]["counts"]["failed"] == 0
    assert judged.measured("wrong", "regressions") > 0
    assert judged.measured("wrong", "import.proven") is True


def test_a_pytest_without_our_reports_is_read(small_project, environment, judge):
    """pytest-json-report needs pytest 7; before that there are our own reports only."""
    repo = small_project({"code_.py": CODE, "tests/test_code.py": TESTS})
    python = environment("pytest==6.2.5")
    repo.branch("wrong", {"code_.py": ("number * 2", "2")})

    judged = judge(repo, "wrong", "main", "--base", "main", "--python", python)

    assert judged.said["base"]["counts"]["passed"] == 20
    assert judged.measured("wrong", "regressions") == 19


def test_an_interpreter_older_than_ours(
    small_project, environment, judge, oldest_python
):
    """Our release of coverage knows no Python 3.8; an older one, or none, is lent to it."""
    repo = small_project({"code_.py": CODE, "tests/test_code.py": TESTS})
    python = environment("pytest", python=oldest_python)
    repo.branch("wrong", {"code_.py": ("number * 2", "2")})

    judged = judge(repo, "wrong", "main", "--base", "main", "--python", python)

    assert judged.said["base"]["counts"]["passed"] == 20
    assert judged.measured("wrong", "regressions") == 19
    assert judged.measured("wrong", "coverage.changed") in (None, 1)


def test_a_session_that_breaks_off_is_no_result(small_project, judge):
    """An internal error of pytest is neither "no tests" nor a pass."""
    conftest = (
        "def pytest_collection_finish(session):\n    raise RuntimeError('by design')\n"
    )
    files = {"code_.py": CODE, "tests/test_code.py": TESTS, "conftest.py": conftest}
    repo = small_project(files)
    repo.branch("other", {"code_.py": ("number * 2", "number + number")})
    refused = judge(repo, "other", "--base", "main", expected=2)
    assert "can't start on the base" in refused.errors
    assert "by design" in refused.errors


def test_a_pytest_that_a_test_starts_finds_nothing_of_ours(small_project, judge):
    """Plugins test themselves that way; an ini file of ours above their folders would change what they see."""
    inner = (
        'pytest_plugins = ["pytester"]\n\n'
        "def test_inner(pytester):\n"
        '    pytester.makepyfile(test_one="def test(pytestconfig): assert pytestconfig.inipath is None")\n'
        "    pytester.runpytest_inprocess().assert_outcomes(passed=1)\n"
    )
    files = {"code_.py": CODE, "test_inner.py": inner, "pytest.ini": "[pytest]\n"}
    repo = small_project(files)
    judged = judge(repo, "main", "--base", "main")
    assert judged.said["base"]["counts"] == {"failed": 0, "passed": 1, "skipped": 0}
