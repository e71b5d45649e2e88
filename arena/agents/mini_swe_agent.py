"""mini-swe-agent, headless. It prints text only; its own record of the run stays in the scratch folder."""

import re

from arena.agents.agent import Agent, Rule

# What it has spent so far stands above each step, as 0.00 also where the price is not known; why it ended, at the end.
LINE = re.compile(
    r"mini-swe-agent \(step \d+, \$(?P<cost>(?!0\.00\))[\d.]+)\):"
    r"|(?P<exit>LimitsExceeded|TimeExceeded|RepeatedFormatError)"
)

MINI_SWE_AGENT = Agent(
    name="mini-swe-agent",
    install="python -m pip install mini-swe-agent mcp",
    argv="mini -y --exit-immediately -o {scratch}/{label}.trajectory.json {more} -t {task}",
    # The task can only be an argument.
    long="'Do the task that is written in the file {prompt_file}.'",
    model="-m",
    # No dialogue at its first start, no stop at a model without a price, no look-ups of prices on the network.
    env={
        "MSWEA_CONFIGURED": "true",
        "MSWEA_COST_TRACKING": "ignore_errors",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    },
    keys="MSWEA_* OPENAI_API_KEY OPENAI_API_BASE OPENAI_BASE_URL ANTHROPIC_API_KEY GEMINI_API_KEY OPENROUTER_API_KEY",
    line=LINE,
    rules=(
        Rule("cost=.*", cost="cost", total=True),
        Rule("exit=LimitsExceeded", "budget", "{exit}"),
        Rule("exit=TimeExceeded", "timed-out", "{exit}"),
        Rule("exit=.*", "crashed", "{exit}"),
    ),
)
