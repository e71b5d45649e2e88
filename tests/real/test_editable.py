"""Projects with a src/ layout, installed in editable mode elsewhere: the candidate's code is the one that is judged.

An editable install leads every import back to the user's checkout, so that a naive judge runs the same code for all
candidates. Nothing may be installed into the project's environment to avoid that.
"""

import re
import subprocess
from dataclasses import dataclass

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@dataclass(frozen=True)
class Case:
    """A project: its version, what its tests need, a file, and a change there that breaks tests."""

    pinned: str
    needs: tuple[str, ...]
    file: str
    right: str
    wrong: str


CASES = {
    "itsdangerous": Case(
        "itsdangerous==2.2.0",
        ("pytest", "freezegun"),
        "src/itsdangerous/encoding.py",
        'return base64.urlsafe_b64encode(string).rstrip(b"=")',
        "return base64.urlsafe_b64encode(string)[1:]",
    ),
    # Its tests need a plugin, too.
    "aiofiles": Case(
        "aiofiles==24.1.0",
        ("pytest", "pytest-asyncio"),
        "src/aiofiles/os.py",
        "rename = wrap(os.rename)",
        "rename = wrap(os.stat)",
    ),
}


def told(output, word):
    """The number before `word` in pytest's last line."""
    found = re.search(rf"(\d+) {word}", output.strip().splitlines()[-1])
    return int(found[1]) if found else 0


@pytest.mark.parametrize(
    "name", ["itsdangerous", pytest.param("aiofiles", marks=pytest.mark.long)]
)
def test_the_candidates_code_runs_and_nothing_is_installed(
    name, project, environment, judge, installed, other_python
):
    case = CASES[name]
    repo = project(case.pinned)
    python = environment("--editable", repo.path, *case.needs, python=other_python)
    repo.branch("wrong", {case.file: (case.right, case.wrong)})
    comment = f"{case.right}  # as before"
    repo.branch("harmless", {case.file: (case.right, comment)})
    plain = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    seen = subprocess.run(
        plain, cwd=repo.path, capture_output=True, text=True, check=False
    )
    # The trap: what the editable install leads to is neither candidate, and broken.
    source = repo.path / case.file
    source.write_text("raise ImportError('the checkout was imported')\n")
    before = installed(python)

    judged = judge(repo, "wrong", "harmless", "--base", "main", "--python", python)

    # What the user sees (some tests fail for root, whoever runs them) is what the judge sees.
    for word, count in judged.said["base"]["counts"].items():
        assert count == told(seen.stdout, word)
    assert judged.said["base"]["counts"]["passed"] > 50
    for label in ("wrong", "harmless"):
        assert judged.measured(label, "import.proven") is True
    assert judged.measured("wrong", "regressions") > 0
    assert judged.measured("harmless", "regressions") == 0
    assert judged.said["candidates"][0]["label"] == "harmless"
    assert installed(python) == before
    assert "coverage" not in before[0], (
        "the environment was to have none of our plugins"
    )
    assert judged.measured("wrong", "coverage.changed") == 1
