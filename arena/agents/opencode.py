"""opencode, headless. While it waits for a rate limit it prints nothing."""

from functools import partial

from arena.agents.agent import Agent, Rule

_step = partial(
    Rule,
    sent="part.tokens.input",
    received="part.tokens.output",
    cost="part.cost",
    once="part.id",
)

OPENCODE = Agent(
    name="opencode",
    install="npm install -g opencode-ai",
    # Without --auto a question of permission is answered "no", with exit code 0.
    argv="opencode run --format json --auto {resume} {more} {task}",
    resume="--session {session}",
    long="'Do the task that is written in the file {prompt_file}.'",
    model="-m",
    keys="OPENCODE_* OPENAI_API_KEY ANTHROPIC_API_KEY GEMINI_API_KEY OPENROUTER_API_KEY",
    session="sessionID",
    rules=(
        _step("type=step_finish part.reason=stop", "finished"),
        _step("type=step_finish", "crashed"),  # until a step says that it was the last
        Rule("type=text", text="part.text"),
        Rule(
            "type=error error.data.statusCode=.*",
            "crashed",
            "{error.data.message|error.name} (status {error.data.statusCode})",
        ),
        Rule("type=error", "crashed", "{error.data.message|error.name}"),
    ),
)
