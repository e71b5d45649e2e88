"""Known before the start: no login is there. A wrong refusal is worse than none, so every doubt counts as a login."""

import sys
from pathlib import Path

import pytest

from arena.agents import AGENTS, not_logged_in, survey

KNOWN = [name for name, agent in AGENTS.items() if agent.logins]
PLACES = [
    (name, place)
    for name in KNOWN
    for place in AGENTS[name].logins.split()
    if not place.startswith("/")
]


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """A user who never logged in anywhere, on a machine where others may have."""
    (tmp_path / "home").mkdir()
    return {"HOME": str(tmp_path / "home"), "PATH": "/usr/bin", "LANG": "C.UTF-8"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


def test_who_is_known():
    assert KNOWN == ["claude", "codex", "gemini", "qwen", "copilot"]


@pytest.mark.parametrize("name", KNOWN)
def test_no_login_is_told_in_a_sentence_that_says_what_to_do(name, env, project):
    why = not_logged_in(AGENTS[name], env, project)
    variable, file = AGENTS[name].logins.split()[:2]
    assert why is not None
    file = file.partition(":")[0].replace("$HOME", "~")
    begin = (
        f"{name} is not logged in: neither {variable} nor a login in {file} is there"
    )
    assert why.startswith(begin)
    assert why.endswith(f"or set {variable}")
    assert AGENTS[name].login in why
    assert "\n" not in why


@pytest.mark.parametrize(("name", "place"), PLACES)
def test_each_place_alone_is_enough(name, place, env, project):
    path, _, words = place.partition(":")
    if "/" in place:
        head, _, rest = path.partition("/")
        if head.startswith("$"):
            env.setdefault(head[1:], str(project.parent / "elsewhere"))
            head = env[head[1:]]
        file = project / head / rest
        file.parent.mkdir(parents=True, exist_ok=True)
        if words:
            file.write_text('{"theme": "dark"}')
            assert not_logged_in(AGENTS[name], env, project), "says nothing of logins"
        word = words.split("|")[0].replace("[Aa]", "A").replace("[Pp]", "p")
        file.write_text(f'{{"{word}": ""}}')
    else:
        env[path.replace("*", "X")] = ""
        assert not_logged_in(AGENTS[name], env, project), "an empty one is none"
        env[path.replace("*", "X")] = "x"
    assert not_logged_in(AGENTS[name], env, project) is None


def test_what_can_not_be_read_may_be_a_login(env, project):
    (Path(env["HOME"]) / ".codex" / "auth.json").mkdir(parents=True)
    assert not_logged_in(AGENTS["codex"], env, project) is None


def test_settings_that_are_no_text_raise_nothing(env, project):
    settings = Path(env["HOME"]) / ".gemini" / "settings.json"
    settings.parent.mkdir()
    settings.write_bytes(b"\xff\xfe\0")
    assert not_logged_in(AGENTS["gemini"], env, project)
    settings.write_bytes(b"\xff auth")
    assert not_logged_in(AGENTS["gemini"], env, project) is None


@pytest.mark.parametrize("name", sorted(set(AGENTS) - set(KNOWN)))
def test_of_the_others_nothing_is_said(name, env, project):
    assert not_logged_in(AGENTS[name], env, project) is None


def test_where_a_key_chain_may_hold_it_nothing_is_said(env, project, monkeypatch):
    assert not_logged_in(AGENTS["claude"], {"PATH": "/usr/bin"}, project) is None
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not_logged_in(AGENTS["claude"], env, project) is None


def test_the_survey_tells_it_of_those_that_are_there(arena):
    arena.install("claude", "print('2.1.197')")
    arena.install("codex", "print('0.169.0')")
    home = arena.scratch / "home"  # below the temporary folder, which codex minds too
    found = {one.name: one for one in survey(arena.environ(HOME=str(home)))}
    assert "claude is not logged in" in found["claude"].caution
    both = found["codex"].caution
    assert "CODEX_HOME" in both
    assert "codex is not logged in" in both
    assert found["gemini"].caution is None, "it is not installed"
    key = arena.environ(HOME=str(home), ANTHROPIC_API_KEY="x")
    found = {one.name: one for one in survey(key)}
    assert found["claude"].caution is None
