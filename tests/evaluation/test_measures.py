"""Measures of the change itself: exact coverage and complexity, size, findings, dependencies."""

from __future__ import annotations

from typing import Any

import pytest

from arena.evaluation import diff, measures, own_environment, static

CODE = '''\
"""Numbers."""


def sign(number):
    if number < 0:
        return -1
    return 1


class Box:
    def size(self, one):
        return one


def unused():
    return 1
'''
CHANGED = '''\
"""Numbers."""


def sign(number):
    if number < 0:
        return -1
    if number == 0:
        return 0
    return 1  # positive


class Box:
    def size(self, one):
        return [one for _ in range(2) if one] if one else 0


def unused():
    return 1


def fresh(a):  # pragma: no cover
    return a and 2
'''
TESTS = """\
from numbers_of import Box, sign


def test_sign():
    assert sign(2) == 1


def test_box():
    assert not Box().size(0)
"""
COMMENTS = CODE.replace('"""Numbers."""', '"""Counting."""').replace(
    "    if", "    # so\n    if"
)
SPREAD = """\
SMALL = min(
    -1,
    -2,
)
"""
REQUIREMENTS = {
    "pyproject.toml": '[project]\nname = "numbers"\ndependencies = ["packaging"]\n',
    "requirements.txt": "# nothing\npytest  # runner\n-r other.txt\n",
}


@pytest.fixture(scope="module")
def project(make_project: Any) -> Any:
    made = make_project(
        REQUIREMENTS
        | {"numbers_of.py": CODE, "test_numbers.py": TESTS, "docs/a.rst": "words\n"}
        | {
            "spread.py": SPREAD,
            "test_spread.py": "import spread\n\ndef test_it():\n    assert spread.SMALL\n",
        }
    )
    made.branch("code", {"numbers_of.py": CHANGED})
    made.branch("words", {"numbers_of.py": COMMENTS, "docs/a.rst": "more\nwords\n"})
    made.branch("syntax", {"numbers_of.py": CODE + "def x(:\n"})
    made.branch(
        "static",
        {
            "numbers_of.py": CODE.replace("return one\n", "return oen\n"),
            "extra.py": "import os\n",
            "test_numbers.py": TESTS + "import os\n",
        },
    )
    made.branch("inside", {"spread.py": SPREAD.replace("-2", "-3")})
    made.branch("empty", {"numbers_of.py": CHANGED, "made/__init__.py": ""})
    return made


@pytest.fixture(scope="module")
def judged(project: Any) -> Any:
    return project.judge("code", "words", "syntax", "static", "inside", "empty")


def test_coverage_of_changed_lines_is_exact(judged: Any) -> None:
    row = judged.one("code").details["coverage"][0]
    assert row == {
        "path": "numbers_of.py",
        "changed": [7, 8, 9, 14, 21, 22],
        "covered": [7, 9, 14, 21],
        "missed": [8, 22],
    }
    share = judged.measured("code", "coverage.changed")
    assert (share.value, share.unit, share.base) == (4 / 6, "share", None)
    # a module directly at the root: 13 statements, 9 of them ran; on the base 7 of 9
    whole = judged.measured("code", "coverage.files")
    assert (whole.value, whole.base) == (9 / 13, 7 / 9)


def test_a_change_inside_of_a_statement_is_a_change_of_the_statement(
    judged: Any,
) -> None:
    (row,) = judged.one("inside").details["coverage"]
    assert row == {"path": "spread.py", "changed": [1], "covered": [1], "missed": []}
    assert judged.value("inside", "coverage.changed") == 1


def test_an_empty_new_file_hides_no_coverage(judged: Any) -> None:
    for name in ("coverage.changed", "coverage.files"):
        assert judged.value("empty", name) == judged.value("code", name)


def test_complexity_before_and_after_is_exact(judged: Any) -> None:
    rows = judged.one("code").details["complexity"]
    assert {(r["function"], r["before"], r["after"]) for r in rows} == {
        ("sign", 2, 3),
        ("Box.size", 1, 4),
        ("fresh", None, 2),
    }
    worst, mean = (
        judged.measured("code", f"complexity.{name}") for name in ("worst", "mean")
    )
    assert (worst.value, worst.base, worst.unit) == (4, 1, "points")
    assert (mean.value, mean.base) == (9 / 3, 4 / 3)


def test_words_alone_are_no_change_of_the_code(judged: Any) -> None:
    assert judged.value("words", "effective") is True  # docs/a.rst
    assert judged.value("words", "complexity.worst") == 0
    none = judged.measured("words", "coverage.changed")
    assert none.why_none == "no executable line was changed"


def test_size_of_the_change(judged: Any) -> None:
    assert judged.value("code", "diff.files") == 1
    assert judged.value("code", "diff.source_lines") == 10
    assert judged.value("words", "diff.files") == 2
    assert judged.value("words", "diff.source_lines") == 3
    assert judged.value("static", "diff.test_lines") == 1
    assert judged.one("static").details["files"] == [
        {"path": "extra.py", "status": "A", "added": 1, "removed": 0, "kind": "source"},
        {"path": "numbers_of.py", "status": "M", "added": 1, "removed": 1, "kind": "source"},
        {"path": "test_numbers.py", "status": "M", "added": 1, "removed": 0, "kind": "test"},
    ]  # fmt: skip
    assert [f["kind"] for f in judged.one("words").details["files"]] == [
        "docs",
        "source",
    ]


def test_a_file_that_does_not_parse_is_a_reason(judged: Any) -> None:
    assert judged.value("syntax", "compiles") is False
    assert judged.value("code", "compiles") is True
    assert judged.value("code", "merges") is True
    flag = judged.flags("syntax")["syntax-error"]
    assert flag.grade == "note"
    assert flag.evidence[0].startswith("numbers_of.py:17: invalid syntax")
    for name in ("coverage.changed", "complexity.worst", "static.new"):
        why = judged.measured("syntax", name).why_none
        assert "numbers_of.py does not parse" in why
    assert judged.value("syntax", "effective") is True


def test_new_findings_only(judged: Any) -> None:
    assert judged.value("static", "static.new") == 2  # not the one in the tests
    assert judged.value("static", "static.undefined") == 1
    assert judged.flags("static")["static-findings"].evidence == (
        "extra.py:1: 'os' imported but unused",
        "numbers_of.py:12: undefined name 'oen'",
    )
    assert judged.value("code", "static.new") == 0


def test_conflicts_with_the_target(make_project: Any) -> None:
    project = make_project({"a.py": "A = 1\n"})
    project.branch("b", {"a.py": "A = 2\n"})
    project.git("checkout", "-q", "-b", "moved")
    project.commit({"a.py": "A = 3\n"})
    found = project.judge("b", target="moved")
    assert found.value("b", "merges") is False
    flag = found.flags("b")["conflicts"]
    assert (flag.grade, flag.evidence) == ("note", ("a.py",))
    none = project.judge("b", target=None).measured("b", "merges")
    assert none.why_none == "there is no target branch"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("x = 1  # a\n", "x = (1)\n", True),
        ('def f():\n    "doc"\n', "def f():\n    pass\n", True),
        ('"doc"\nx = 1\n', "x = 1\n", False),
        ("x = 1\n", "x = 2\n", False),
    ],
)
def test_normal_form(one: str, other: str, same: bool) -> None:
    found = diff.normal_form(one.encode()) == diff.normal_form(other.encode())
    assert found is same


def test_dependencies_are_read_from_everywhere() -> None:
    files = {
        "pyproject.toml": b'[project]\ndependencies = ["a>1"]\n'
        b'optional-dependencies.x = ["b"]\n[dependency-groups]\ndev = ["c", {include-group = "x"}]\n'
        b'[tool.poetry.dependencies]\npython = "3"\nd = "^1"\n',
        "requirements.txt": b"# no\ne==1  # why\n-r x\n",
        "setup.cfg": b"[options]\ninstall_requires =\n    f\n    g>2\nzip_safe = no\n",
    }
    found = own_environment.dependencies(files.get)
    assert found == {"a>1", "b", "c", "d ^1", "e==1", "f", "g>2"}
    for odd in (b"[broken", b"project = 1", b"[project]\ndependencies = 3\n"):
        assert own_environment.dependencies({"pyproject.toml": odd}.get) == set()


def test_a_measure_that_fails_is_a_reason(
    make_project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(static, "measure", broken)
    project = make_project({"a.py": "A = 1\n"})
    project.branch("b", {"a.py": "A = 2\n"})
    found = project.judge("b")
    told = found.measured("b", "static.new")
    why = "our measure 'static' failed: ZeroDivisionError: by zero"
    assert (told.value, told.why_none, told.unit) == (None, why, "findings")
    assert "ZeroDivisionError" in found.one("b").details["fault.static"]
    assert found.value("b", "compiles") is True


def test_every_name_is_measured_once(judged: Any) -> None:
    for label in ("code", "words", "syntax", "static"):
        names = [m.name for m in judged.one(label).measurements]
        assert sorted(names) == sorted(
            n for n in measures.KNOWN if n != "bench.seconds"
        )
        for measurement in judged.one(label).measurements:
            assert (measurement.value is None) == (measurement.why_none is not None)
