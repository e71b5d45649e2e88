"""Secrets reach an agent only when allowed by name, and never what is passed on; nor does the user's home folder."""

import json
import re
from pathlib import Path

import pytest

from arena import masking

TOKEN = "tk-0123456789-very-private"
GITHUB = "ghp_" + "a1B2c3D4e5F6g7H8i9J0" * 2
AGENT = r"""
echo "seen: $MY_TOKEN, other: ${OTHER_TOKEN:-nothing}, github: %s"
sed -i 's/values\[1:\]/values/' calc.py
echo "# asked $MY_TOKEN" >> calc.py
""".strip()


@pytest.fixture
def ran(project, tmp_path):
    script = tmp_path / "agent.sh"
    script.write_text(AGENT % GITHUB)
    (project.path / "arena.toml").write_text(
        f'command = ["sh", {json.dumps(str(script))}, "{{prompt}}"]\n'
    )
    project.git("add", "-A")
    project.git("commit", "-q", "-m", "settings")
    told = project.with_env(MY_TOKEN=TOKEN, OTHER_TOKEN="other-very-private")
    done = told.json("run", "x", "--agents", "command:1", "--env", "MY_TOKEN")
    return told, done


def texts(folder):
    names = ("*.html", "*.md", "*.csv", "*.json", "*.log", "*.txt")
    found = [p for name in names for p in Path(folder).rglob(name)]
    return {
        p: p.read_text(errors="replace") for p in found if "worktrees" not in p.parts
    }


def test_no_secret_in_anything_that_a_run_writes(ran, tmp_path):
    project, done = ran
    [folder] = Path(project.env["ARENA_STATE_DIR"]).glob("*/runs/*")
    log = (folder / "logs" / "command-1.stdout.log").read_text()
    assert log == "seen: [secret], other: nothing, github: [secret]\n"
    assert done["masked"] == 1  # in the change; the log was masked before
    everything = texts(folder) | texts(project.path / "reports")
    assert len(everything) > 6
    for secret in (TOKEN, GITHUB, "other-very-private"):
        assert [p for p, text in everything.items() if secret in text] == []
    assert "[secret]" in (folder / "report.html").read_text()
    assert "masked as [secret]" in (folder / "report.html").read_text()


def test_a_report_names_neither_home_nor_user(ran):
    project, _ = ran
    home = project.env["HOME"]
    [folder] = Path(project.env["ARENA_STATE_DIR"]).glob("*/runs/*")
    for name in ("report.html", "summary.md", "scoreboard.csv"):
        assert home not in (folder / name).read_text()
    data = json.loads((folder / "result.json").read_text())
    assert Path(data.pop("report")).is_file()  # scripts open it
    assert home not in json.dumps(data)


def test_a_secret_in_a_change_is_told_without_it(project):
    project.git("checkout", "-q", "-b", "leak", "main")
    project.commit(
        "leak",
        calc_py=f'"""Sums."""\n\nTOKEN = "{GITHUB}"\n\n\ndef total(values):\n    return sum(values)\n',
        id_rsa="not really\n",
        doc_py='KEY = "AKIAIOSFODNN7EXAMPLE"\n',
    )
    project.git("checkout", "-q", "main")
    found = project.arena("judge", "leak", "good", "--json")
    flags = {c["label"]: c["flags"] for c in json.loads(found.stdout)["candidates"]}
    [flag] = [f for f in flags["leak"] if f["id"] == "secret-added"]
    assert flag["grade"] == "suspicious"
    assert flag["evidence"] == [
        "calc.py:3: GitHub token",
        "id_rsa: a file that holds secrets by custom",
    ]
    assert not [f for f in flags["good"] if f["id"] == "secret-added"]
    [folder] = Path(project.env["ARENA_STATE_DIR"]).glob("*/runs/*")
    assert [p for p, text in texts(folder).items() if GITHUB in text] == []


def test_a_set_up_that_fails_tells_no_secret(ran):
    project, _ = ran
    words = ("run", "x", "--agents", "command:1", "--env", "MY_TOKEN")
    done = project.arena(*words, "--setup", "echo $MY_TOKEN; exit 1", "--json")
    assert "set-up command failed" in done.stderr
    assert TOKEN not in done.stderr + done.stdout
    state = Path(project.env["ARENA_STATE_DIR"])
    assert [p for p, text in texts(state).items() if TOKEN in text] == []


KEYS = {
    "private key": "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
    "Hugging Face token": "hf_" + "aB1" * 11,
    "PyPI token": "pypi-" + "AgEI" * 12,
    "AWS key": "AKIA" + "A1B2C3D4" * 2,
    "GitHub token": "ghs_" + "a1B2" * 9,
    "GitLab token": "glpat-" + "a1B2" * 5,
    "Anthropic key": "sk-ant-" + "a1B2-" * 5,
    "OpenAI key": "sk-proj-" + "a1B2" * 9,
    "Google key": "AIza" + "a1B2c" * 7,
    "Slack token": "xoxb-" + "1234567890",
    "npm token": "npm_" + "a1B2" * 9,
    "Stripe key": "rk_live_" + "a1B2" * 5,
}


def test_every_known_form_of_a_secret_is_masked():
    assert KEYS.keys() == masking.FORMS.keys()
    for kind, key in KEYS.items():
        assert masking.mask(f"key='{key}' end") == "key='[secret]' end", kind
        assert re.fullmatch(masking.FORMS[kind], key), kind
    assert (
        masking.mask("sk-learn and a xoxo task_npm_ AIza")
        == "sk-learn and a xoxo task_npm_ AIza"
    )
