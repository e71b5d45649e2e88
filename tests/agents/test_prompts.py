"""What agents are told: shipped templates, the user's own, and faults in them."""

from pathlib import Path
from typing import Any

import pytest

from arena import prompts
from arena.errors import ArenaError
from arena.patterns import Entry
from arena.task import Task

SUITE = {"tests/test_new.py": b"", "tests/data.json": b"{}"}


def told(folder: Path, template: str, **facts: Any) -> str:
    suite = facts.pop("suite", SUITE)
    whole = {"label": "a", "agent": "claude", "prompt": "Fix {{ add }} & <b>."} | facts
    entry, task = Entry(seed=0, **whole), Task(prompt="x", suite=suite)
    [found] = prompts.render([entry], task, template=template, folder=folder, run="r")
    return found.prompt


def test_b5_the_shipped_template_says_task_approach_suite_and_rules(tmp_path):
    said = told(tmp_path, "task", approach="Use a table.")
    assert said.startswith("Fix {{ add }} & <b>.\n"), "the task is data, word by word"
    assert "Approach to take: Use a table." in said
    assert "- tests/test_new.py" in said
    assert "data.json" not in said
    assert "Tampering with tests disqualifies" in said
    assert "RESULTS.md" in said
    alone = told(tmp_path, "task", suite={})
    assert "Approach" not in alone
    assert "must pass" not in alone


def test_none_and_agents_without_a_model_get_the_task_alone(tmp_path):
    assert told(tmp_path, "none") == "Fix {{ add }} & <b>.\n"
    assert told(tmp_path, "task", agent="repair") == "Fix {{ add }} & <b>.\n"
    with_approach = told(tmp_path, "none", approach="Use a table.")
    assert with_approach.endswith("\n\nApproach to take: Use a table.\n")


def test_a_template_of_the_users_own(tmp_path):
    (tmp_path / "mine.j2").write_text(
        "{{ label }} of {{ run }} as {{ agent }}: {{ prompt }}{% for s in suite %} {{ s }}{% endfor %}"
    )
    said = told(tmp_path, "mine.j2")
    assert said == "a of r as claude: Fix {{ add }} & <b>. tests/test_new.py"


@pytest.mark.parametrize(
    ("text", "said"),
    [("{{ nobody }}", "nobody"), ("{% if %}", "template"), (None, "no such file")],
)
def test_a_template_with_a_fault_is_told(tmp_path, text, said):
    if text is not None:
        (tmp_path / "mine.j2").write_text(text)
    with pytest.raises(ArenaError, match=said):
        told(tmp_path, "mine.j2")
