"""Gemini CLI, headless; for users of an API key (personal accounts are no longer served)."""

from functools import partial

from arena.agents.agent import Agent, Rule

_result = partial(
    Rule,
    # Where `prompt` is told as well, `input` leaves out what came from the cache.
    sent="stats.input_tokens|stats.models.*.tokens.prompt|stats.models.*.tokens.input",
    received="stats.output_tokens|stats.models.*.tokens.candidates",
)

GEMINI = Agent(
    name="gemini",
    install="npm install -g @google/gemini-cli",
    argv="gemini -p {task} --approval-mode yolo --output-format stream-json {resume} {more}",
    resume="--resume {session}",
    # Standard input comes before the prompt, which must not be missing.
    long="'Do the task that stands above.'",
    model="-m",
    # Without trust in the folder it silently falls back to asking, which hangs.
    env={"GEMINI_CLI_TRUST_WORKSPACE": "true"},
    keys="GEMINI_API_KEY GEMINI_MODEL GOOGLE_API_KEY GOOGLE_GEMINI_BASE_URL"
    " GOOGLE_CLOUD_* GOOGLE_GENAI_USE_*",
    login="gemini, then /auth",
    logins="GEMINI_API_KEY $HOME/.gemini/settings.json:[Aa]uth GEMINI_* GOOGLE_* CLOUD_SHELL /etc/gemini-cli "
    "$HOME/.gemini/.env $HOME/.env .gemini/settings.json:[Aa]uth .gemini/.env ./.env",
    session="session_id",
    rules=(
        Rule("type=message role=assistant", text="content", joins=True),
        Rule("type=tool_use|tool_result"),  # what follows the last tool is the answer
        _result("type=result status=success", "finished"),
        _result("type=result", "crashed", "{error.message}"),
        # The one object of the `json` format, on standard error when it failed.
        _result("error.message=.*", "crashed", "{error.message}"),
        _result("response=.*", "finished", text="response"),
    ),
    # The fault's code modulo 256 (401, 403 and 429), and some of its own.
    codes={41: "auth", 53: "budget", 145: "auth", 147: "auth", 173: "quota"},
)
