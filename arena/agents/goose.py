"""goose, headless, from its documentation: it was not run here."""

from arena.agents.agent import Agent, Rule

GOOSE = Agent(
    name="goose",
    install="see https://block.github.io/goose",
    argv="goose run {task} --no-session -q --output-format json {more}",
    task="-t {prompt}",
    long="-i {prompt_file}",
    # It must not ask, neither for a permission nor for the key of a key ring.
    env={"GOOSE_MODE": "auto", "GOOSE_DISABLE_KEYRING": "1"},
    keys="GOOSE_* OPENAI_API_KEY ANTHROPIC_API_KEY GOOGLE_API_KEY OPENROUTER_API_KEY",
    rules=(
        # Out of turns it asks whether to go on, and says that all is well.
        Rule(
            "messages.*.content.*.text=I.ve.reached.the.maximum.number.of.actions.*",
            "budget",
            "reached the maximum number of actions",
        ),
        Rule("metadata.status=completed", "finished"),
        Rule("metadata.status=.*", "crashed", "{metadata.status}"),
        Rule("type=error", "crashed", "{error}"),
    ),
)
