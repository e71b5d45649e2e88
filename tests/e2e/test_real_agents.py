"""Real agent programs from `arena run` to the merge, against a model of ours on loopback, without an account.

`make test` installs and runs the two smallest, `make agents-e2e` six; who is not installed is left out.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from arena.agents import AGENTS

sys.path.insert(0, str(Path(__file__).parent))
from model_server import Model

PROGRAMS = Path(os.environ.get("ARENA_AGENTS", "/nonexistent"))
pytestmark = pytest.mark.timeout(600)
PROMPT = (
    "Fix add. [[run: sed s/-/+/ calc.py > fixed && mv fixed calc.py]]"
    " [[write calc.py: def add(a, b):\n    return a + b]]"
)
Setting = dict[str, str]


def openai(model: Model, home: Path) -> Setting:
    return {
        "OPENAI_API_KEY": "dummy",
        "OPENAI_BASE_URL": f"{model.address}/v1",
        "OPENAI_API_BASE": f"{model.address}/v1",
        "OPENAI_MODEL": "stub-model",
    }


def gemini(model: Model, home: Path) -> Setting:
    settings = home / ".gemini" / "settings.json"
    settings.parent.mkdir(parents=True)
    auth = {"auth": {"selectedType": "gemini-api-key"}}
    settings.write_text(json.dumps({"security": auth}))
    return {"GEMINI_API_KEY": "dummy", "GOOGLE_GEMINI_BASE_URL": model.address}


def opencode(model: Model, home: Path) -> Setting:
    options = {"baseURL": f"{model.address}/v1", "apiKey": "dummy"}
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "options": options,
        "models": {"stub-model": {"name": "stub"}},
    }
    config = home / "opencode.json"
    told = {"model": "stub/stub-model", "permission": "allow", "autoupdate": False}
    config.write_text(json.dumps({**told, "provider": {"stub": provider}}))
    return {"OPENCODE_CONFIG": str(config), "OPENCODE_DISABLE_MODELS_FETCH": "1"}


def codex(model: Model, home: Path) -> Setting:
    config = home / ".codex" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text(
        'model = "stub-model"\nmodel_provider = "stub"\n[model_providers.stub]\nname = "stub"\n'
        f'base_url = "{model.address}/v1"\nenv_key = "OPENAI_API_KEY"\nwire_api = "responses"\n'
    )
    return {"OPENAI_API_KEY": "dummy"}


def mini(model: Model, home: Path) -> Setting:
    return openai(model, home) | {"MSWEA_MODEL_NAME": "openai/stub-model"}


def aider(model: Model, home: Path) -> Setting:
    # Where git knows no name, it writes one into the repository's configuration; three at once break each other.
    (home / ".gitconfig").write_text("[user]\nname = Ada\nemail = ada@example.org\n")
    return openai(model, home) | {"AIDER_MODEL": "openai/stub-model"}


# Who can be set up without an account, and how.
SETTINGS: dict[str, Callable[[Model, Path], Setting]] = {
    "qwen": openai,
    "gemini": gemini,
    "opencode": opencode,
    "codex": codex,
    "mini-swe-agent": mini,
    "aider": aider,
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    place = tmp_path / "project"
    place.mkdir()
    (place / "calc.py").write_text("def add(a, b):\n    return a - b\n")
    test = "from calc import add\n\n\ndef test_add():\n    assert add(2, 1) == 3\n"
    (place / "test_calc.py").write_text(test)
    git = ("git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-qm", "begin"]):  # fmt: skip
        subprocess.run([*git, *words], cwd=place, check=True)
    return place


@pytest.fixture
def home() -> Iterator[Path]:
    # Not below the temporary folder: codex refuses to start its sandbox from there.
    with tempfile.TemporaryDirectory(dir=PROGRAMS, prefix="home-") as folder:
        yield Path(folder)


def run(
    agents: str, project: Path, home: Path, *, fault: int | None = None, seconds: int
) -> dict[str, Any]:
    """What `arena run` with such entries says."""
    names = [one.partition(":")[0] for one in agents.split(",")]
    with Model(fault) as model:
        env = {
            "PATH": f"{PROGRAMS / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "ARENA_STATE_DIR": str(project.parent / "state"),
            "ARENA_CACHE_DIR": str(project.parent / "cache"),
            "ARENA_RETRIES": "0",
        }
        for name in SETTINGS.keys() & names:
            env |= SETTINGS[name](model, home)
        if "opencode" in names:
            # Its very first start makes a database; three of them at once spoil it for each other.
            first = [str(PROGRAMS / "bin" / "opencode"), "session", "list"]
            subprocess.run(
                first, cwd=home, env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False
            )  # fmt: skip
        words = ["run", "--agents", agents, "--suite", "test_calc.py"]
        words += ["--merge", "auto", "--timeout", f"{seconds}s", "--json"]
        done = subprocess.run(
            [sys.executable, "-P", "-m", "arena", *words, PROMPT],
            cwd=project, env=env, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def installed() -> list[str]:
    """Those that are here; a parameter set that is empty would count as a skip."""
    there = [
        n for n in SETTINGS if (PROGRAMS / "bin" / str(AGENTS[n].program)).exists()
    ]
    return there or ["none"]


def test_the_model_answers_an_agent_of_none() -> None:
    """Also without any agent: the server that the tests rest on speaks and refuses."""
    for fault, expected in ((None, 200), (429, 429)):
        with Model(fault) as model:
            asked = urllib.request.Request(
                f"{model.address}/v1/chat/completions", data=b'{"messages": []}'
            )
            try:
                status = urllib.request.urlopen(asked, timeout=10).status
            except urllib.error.HTTPError as error:
                status = error.code
                error.close()
        assert status == expected


def assert_merged(found: dict[str, Any], project: Path, entries: int) -> None:
    assert found["failed"] == []
    outcomes = [one["attempt"]["outcome"] for one in found["candidates"]]
    assert outcomes == ["finished"] * entries
    assert found["landed"]["target"] == "main"
    show = ("git", "show", "main:calc.py")
    assert b"return a + b" in subprocess.check_output(show, cwd=project)


@pytest.mark.parametrize("name", installed())
def test_three_entries_from_the_run_to_the_merge(
    name: str, project: Path, home: Path
) -> None:
    assert_merged(run(f"{name}:3", project, home, seconds=180), project, 3)


@pytest.mark.parametrize("names", [installed()], ids="+".join)
def test_all_that_are_here_and_the_built_in_agent_work_on_one_task(
    names: list[str], project: Path, home: Path
) -> None:
    mixed = ",".join(f"{name}:1" for name in ("repair", *names))
    found = run(mixed, project, home, seconds=180)
    assert_merged(found, project, 1 + len(names))
    sources = {one["source"].partition(",")[0] for one in found["candidates"]}
    assert sources == {f"worktree of {name}" for name in ("repair", *names)}


# Seconds: long enough that three have begun where much else runs. Those that retry go on until then.
LIMITS = {"qwen": 30, "gemini": 30}
REFUSED = {401: "auth", 429: "quota"}


# One waits through its retries for all of them, but with `make agents-e2e`.
FAULTS = [
    pytest.param(
        name,
        fault,
        id=f"{name}-{fault}",
        marks=[pytest.mark.long] * (fault == 429 and name != "qwen"),
    )
    for name in installed()
    for fault in REFUSED
]


@pytest.mark.parametrize(("name", "fault"), FAULTS)
def test_a_refusal_is_told_and_nothing_is_merged(
    name: str, fault: int, project: Path, home: Path
) -> None:
    found = run(f"{name}:3", project, home, fault=fault, seconds=LIMITS.get(name, 60))
    assert found["candidates"] == []
    assert found["landed"] is None
    assert [one["outcome"] for one in found["failed"]] == [REFUSED[fault]] * 3
