"""Qwen Code, headless: a descendant of Gemini CLI whose events look like Claude Code's."""

from arena.agents.agent import Agent, Rule

QWEN = Agent(
    name="qwen",
    install="npm install -g @qwen-code/qwen-code",
    argv="qwen {task} --approval-mode yolo --output-format stream-json {resume} {more}",
    resume="--resume {session}",
    model="-m",
    keys="OPENAI_API_KEY OPENAI_BASE_URL OPENAI_MODEL DASHSCOPE_API_KEY QWEN_*",
    session="session_id",
    rules=(
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
)
