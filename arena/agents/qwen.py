"""Qwen Code, headless: a descendant of Gemini CLI whose events look like Claude Code's."""

import re

from arena.agents.agent import Agent, Rule

QWEN = Agent(
    name="qwen",
    install="npm install -g @qwen-code/qwen-code",
    argv="qwen {task} --approval-mode yolo --output-format stream-json {resume} {more}",
    resume="--resume {session}",
    model="-m",
    # It retries a rate limit for many minutes without a word; with this, the library below it tells each request.
    env={"OPENAI_LOG": "info"},
    line=re.compile(r"\[log_.* failed with (?P<fault>status \d+) .*"),
    keys="OPENAI_API_KEY OPENAI_BASE_URL OPENAI_MODEL DASHSCOPE_API_KEY QWEN_*",
    login="qwen, then /auth",
    logins="OPENAI_API_KEY $HOME/.qwen/settings.json:[Aa]uth|[Pp]rovider|env OPENAI_* QWEN_* DASHSCOPE_* GEMINI_* "
    "GOOGLE_* ANTHROPIC_* /etc/qwen-code $HOME/.qwen/.env $HOME/.env ./.env .qwen/.env "
    ".qwen/settings.json:[Aa]uth|[Pp]rovider|env",
    session="session_id",
    sums_session=True,
    rules=(
        Rule("fault=.*", error="{fault}"),
        # With a refused key it still says success, and ends with exit code 0.
        Rule("type=result result=\\[API.Error:.*", "crashed", "{result}"),
        Rule(
            "type=result is_error=false",
            "finished",
            text="result",
            sent="usage.input_tokens",
            received="usage.output_tokens",
            total=True,
        ),
        Rule("type=result", "crashed", "{error.message|result|subtype}"),
        Rule(
            "type=assistant",
            sent="message.usage.input_tokens",
            received="message.usage.output_tokens",
            once="message.id",
        ),
    ),
    codes={41: "auth", 53: "budget"},
)
