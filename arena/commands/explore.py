"""`arena explore`: one entry for each approach to a question; nothing is merged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from arena.agents import AGENTS
from arena.commands import run as running
from arena.commands.call import Call
from arena.errors import ArenaError
from arena.patterns import explore as sprints

ASKED = {"rubric": "exploration", "prompt_template": "approach"}
LIMIT = 1 << 20  # bytes of a sprint file


def explore(
    call: Call,
    question: str | None,
    *,
    sprint: str | None,
    approaches: Sequence[str],
    **asked: Any,
) -> int:
    """Tries approaches side by side and compares them; the exit code says whether one looks best."""
    given = {**ASKED, **call.given, "merge": "never"}
    if sprint is not None:
        if question or approaches:
            why = f"{sprint} names question and approaches."
            raise ArenaError(f"{why} Give the file alone, or write them into it.")
        found = _read(call, sprint)
        question = found.prompt
        approaches = [f"{one.name}: {one.do}" for one in found.approaches]
        asked["measures"] = found.measures
        asked["who"] = [one.agent for one in found.approaches]
        if not any(asked["who"]):
            del asked["who"]
    if not question or not approaches:
        raise ArenaError(
            'say what to find out, and how: arena explore "QUESTION" --approach TEXT --approach TEXT'
        )
    asked |= {"mode": "explore", "approaches": approaches}
    return running.run(replace(call, given=given), question, **asked)


def _read(call: Call, file: str) -> sprints.Sprint:
    path = call.here / file
    if not path.is_file():
        raise ArenaError(f"--sprint {file}: no such file.")
    if path.stat().st_size > LIMIT:
        raise ArenaError(f"{file} is larger than {LIMIT >> 20} MiB.")
    text = path.read_text(encoding="utf-8", errors="replace")
    return sprints.read(text, name=path.name, agents=AGENTS)
