"""Amp, headless, from its documentation: it needs an account and was not run here. Its events look like Claude
Code's."""

from arena.agents.agent import Agent, Rule

AMP = Agent(
    name="amp",
    install="npm install -g @sourcegraph/amp",
    argv="amp {resume} -x {task} --stream-json --dangerously-allow-all {more}",
    resume="threads continue {session}",
    keys="AMP_*",
    session="session_id",
    rules=(
        Rule("type=result subtype=success is_error=false", "finished", text="result"),
        Rule("type=result subtype=error_max_turns", "budget", "{error|subtype}"),
        Rule("type=result", "crashed", "{error|result|subtype}"),
        Rule(
            "type=assistant",
            sent="message.usage.input_tokens,cache_read_input_tokens,cache_creation_input_tokens",
            received="message.usage.output_tokens",
        ),
    ),
)
