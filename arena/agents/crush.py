"""Crush, headless, from its source: it prints text only, approves everything itself, and was not run here."""

from arena.agents.agent import Agent

CRUSH = Agent(
    name="crush",
    install="see https://github.com/charmbracelet/crush",
    argv="crush run -q {more} {task}",
    model="-m",
    keys="CRUSH_* OPENAI_API_KEY ANTHROPIC_API_KEY GEMINI_API_KEY OPENROUTER_API_KEY",
)
