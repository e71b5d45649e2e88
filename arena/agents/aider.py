"""aider, headless. It prints text only, and ends with exit code 0 whatever happened."""

import re

from arena.agents.agent import Agent, Rule

LINE = re.compile(
    r"(?:Tokens: (?P<sent>\S+) sent(?:, (?P<write>\S+) cache write)?"
    r"(?:, (?P<hit>\S+) cache hit)?(?:, (?P<received>\S+) received)?\.?\s*)?"
    r"(?:Cost: \$(?P<cost>[\d.]+) message.*)?"
    r"|(?P<fault>.*(?:litellm\.\w*(?:Error|Exception)|The API provider).*)"
)

AIDER = Agent(
    name="aider",
    install="python -m pip install aider-install && aider-install",
    # No commits, no files of its own in the worktree, no look-ups on the network but the model's.
    argv="aider {task} --yes-always --no-auto-commits --no-gitignore --no-check-update"
    " --analytics-disable --no-show-model-warnings --map-tokens 0"
    " --chat-history-file /dev/null --input-history-file /dev/null {more}",
    task="--message {prompt}",
    long="--message-file {prompt_file}",
    env={"LITELLM_LOCAL_MODEL_COST_MAP": "True"},
    keys="AIDER_* OPENAI_API_KEY OPENAI_API_BASE OPENAI_BASE_URL ANTHROPIC_API_KEY"
    " ANTHROPIC_BASE_URL GEMINI_API_KEY DEEPSEEK_API_KEY OPENROUTER_API_KEY"
    " OLLAMA_API_BASE",
    line=LINE,
    # A fault that no answer of the model follows is final; no event says "finished".
    rules=(
        Rule("fault=.*", error="{fault}"),
        Rule("sent=.*", sent="sent,write,hit", received="received", cost="cost"),
        Rule("cost=.*", cost="cost"),
    ),
)
