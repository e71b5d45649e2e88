"""Cursor's agent, headless, from its documentation: it needs an account and was not run here."""

from arena.agents.agent import Agent, Rule

CURSOR_AGENT = Agent(
    name="cursor-agent",
    install="see https://cursor.com/cli",
    # Without --force its edits are only proposed.
    argv="cursor-agent -p {task} --force --output-format stream-json {resume} {more}",
    resume="--resume={session}",
    keys="CURSOR_API_KEY",
    session="session_id",
    rules=(
        # A run that fails ends without a result: words on standard error, and the exit code.
        Rule("type=result subtype=success is_error=false", "finished", text="result"),
        Rule("type=result", "crashed", "{result|subtype}"),
    ),
)
