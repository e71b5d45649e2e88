"""OpenAI Codex, headless. Its own sandbox confines it to the worktree."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from arena.agents.agent import Agent, Rule


def caution(env: Mapping[str, str]) -> str | None:
    """Why its sandbox can't start here: it ends well then, having edited nothing. None if it can."""
    home = Path(env.get("CODEX_HOME") or env.get("HOME") or "/")
    temporary = Path(tempfile.gettempdir()).resolve()
    if not home.resolve().is_relative_to(temporary):
        return None
    why = (
        f"codex can't start its sandbox while its home ({home}) lies below {temporary}"
    )
    return f"{why}: set CODEX_HOME elsewhere"


CODEX = Agent(
    name="codex",
    install="npm install -g @openai/codex",
    argv="codex exec --json --skip-git-repo-check -s workspace-write"
    " -o {scratch}/{label}.last.txt {more} {resume} {task}",
    long="-",
    resume="resume {session}",
    model="-m",
    keys="OPENAI_API_KEY OPENAI_BASE_URL CODEX_API_KEY CODEX_HOME",
    caution=caution,
    login="codex login",
    # Settings may name a provider that needs no key, or a key ring.
    logins="CODEX_API_KEY $HOME/.codex/auth.json CODEX_ACCESS_TOKEN OPENAI_* $CODEX_HOME/auth.json /etc/codex "
    "$CODEX_HOME/config.toml:provider|auth|profile $HOME/.codex/config.toml:provider|auth|profile "
    ".codex/config.toml:provider|auth|profile",
    session="thread_id",
    sums_session=True,
    rules=(
        Rule("type=turn.started", "crashed"),  # until it is completed
        Rule("type=item.completed item.type=agent_message", text="item.text"),
        # An item of type error may be a mere warning, an `error` event a mere retry.
        Rule("type=item.completed item.type=(?!error$).*"),
        Rule("type=error", error="{message}"),
        Rule(
            "type=turn.completed",
            "finished",
            sent="usage.input_tokens",
            received="usage.output_tokens",
        ),
        Rule("type=turn.failed", "crashed", "{error.message}"),
    ),
)
