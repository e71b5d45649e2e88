"""Factory's droid, headless, from its documentation: it needs an account and was not run here."""

from arena.agents.agent import Agent, Rule

DROID = Agent(
    name="droid",
    install="see https://docs.factory.ai/cli",
    # Without --auto it may only read.
    argv="droid exec --auto high -o json {resume} {more} {task}",
    resume="--session-id {session}",
    long="-f {prompt_file}",
    model="-m",
    keys="FACTORY_*",
    session="session_id",
    rules=(
        Rule(
            "type=result is_error=false",
            "finished",
            text="result",
            sent="usage.input_tokens",
            received="usage.output_tokens",
        ),
        Rule("type=result", "crashed", "{result|subtype}"),
    ),
)
