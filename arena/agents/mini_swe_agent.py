"""mini-swe-agent, headless. It prints text only; its own record of the run stays in the scratch folder."""

from arena.agents.agent import Agent

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
)
