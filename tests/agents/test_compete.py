"""Task → entries."""

import pytest

from arena.errors import ArenaError
from arena.patterns import compete
from arena.task import Task

APPROACHES = ("Use a table.", "Use a regular expression, please", "Use a table.")


@pytest.mark.parametrize(
    ("agents", "labels"),
    [
        ([("claude", 1)], ["claude-1"]),
        ([("repair", 3)], ["repair-1", "repair-2", "repair-3"]),
        ([("claude", 2), ("codex", 1)], ["claude-1", "claude-2", "codex-1"]),
    ],
)
def test_the_same_prompt_for_all(agents, labels):
    found = compete.entries(Task(prompt="Fix add."), agents, seed=7)
    assert [entry.label for entry in found] == labels
    assert [entry.agent for entry in found] == [x.split("-")[0] for x in labels]
    assert [entry.seed for entry in found] == [7 + n for n in range(len(labels))]
    assert {(entry.prompt, entry.approach) for entry in found} == {("Fix add.", None)}


@pytest.mark.parametrize(
    ("agents", "names"),
    [
        ([("claude", 1)], ["claude"] * 3),
        ([("claude", 2)], ["claude"] * 3),
        ([("claude", 2), ("codex", 1)], ["claude", "claude", "codex"]),
    ],
)
def test_an_approach_each(agents, names):
    task = Task(prompt="Fix add.", approaches=APPROACHES)
    found = compete.entries(task, agents, seed=0)
    assert [entry.agent for entry in found] == names
    assert [entry.approach for entry in found] == list(APPROACHES)
    assert [entry.label for entry in found] == [
        "use-a-table-1", "use-a-regular-expression", "use-a-table-2",
    ]  # fmt: skip
    assert {entry.prompt for entry in found} == {"Fix add."}


def test_approaches_that_do_not_fit_the_agents():
    task = Task(prompt="Fix add.", approaches=APPROACHES)
    with pytest.raises(ArenaError, match="3 approaches but 2 agents"):
        compete.entries(task, [("claude", 1), ("codex", 1)], seed=0)


def test_without_a_prompt_the_suite_is_the_task():
    [entry] = compete.entries(Task(prompt=None), [("repair", 1)], seed=0)
    assert "failing tests pass" in entry.prompt


@pytest.mark.parametrize(
    ("approaches", "labels"),
    [
        (("a-1", "a", "a"), ["a-1", "a-2", "a-3"]),
        (("用表格", "正则"), ["approach-1", "approach-2"]),
        (("用表格",), ["approach"]),
    ],
)
def test_labels_are_names_and_differ(approaches, labels):
    task = Task(prompt="Fix add.", approaches=approaches)
    found = compete.entries(task, [("claude", 1)], seed=0)
    assert [entry.label for entry in found] == labels
