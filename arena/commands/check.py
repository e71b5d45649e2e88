"""`arena check new`: the skeleton of an acceptance check, from the text of a task."""

from __future__ import annotations

import json
import textwrap

from arena import task
from arena.commands.call import Call
from arena.errors import ArenaError
from arena.evaluation import metadata, snippets
from arena.evaluation.snippets import Job
from arena.machine import store

HEAD = '''"""What must hold when this is done:

{prompt}

Five to fifteen lines are enough. Each assertion is graded by itself; at least one must fail on the base, and agents
never see this file: arena run --check {name} "..."
"""
'''
LAST = """

def test_what_must_stay_as_it_is():
    # Something nearby that works today.
    assert True
"""


def new(call: Call, file: str, prompt: str | None, prompt_file: str | None) -> int:
    """Writes the file. Raises ArenaError if it is there already, or the task has no text."""
    text = task.read(call.here, call.here, prompt, prompt_file=prompt_file).prompt
    if text is None:
        raise ArenaError("there is no task. Give a prompt or --prompt-file.")
    path = call.here / file
    if path.exists():
        raise ArenaError(f"{file} is there already. Name another one.")

    def read(name: str) -> bytes | None:
        place = call.here / name
        return place.read_bytes() if place.is_file() else None

    jobs = snippets.jobs(text, programs=metadata.programs(read, ""))
    quoted = textwrap.indent(text.strip()[:2000], "    ").replace('"""', "'''")
    head = HEAD.format(prompt=quoted.replace("\\", "\\\\"), name=path.name)
    tests = [_test(number, job) for number, job in enumerate(jobs, 1)]
    parts = [head, *(tests or [_test(1, Job(kind="script"))]), LAST]
    store.write_text(path, "\n\n\n".join(part.strip("\n") for part in parts) + "\n")
    call.tell(f"{path}\nNow say in it what must hold; then: --check {file}")
    return 0


def _test(number: int, job: Job) -> str:
    """One test with what the text shows, and a place for what it must give."""
    if job.kind == "test":
        return job.source
    lines = [f"def test_example_{number}():"]
    if job.kind == "command":
        words = json.dumps([*job.argv])
        lines += ["    import subprocess", ""]
        lines.append(f"    said = subprocess.run({words}, capture_output=True, text=True)")  # fmt: skip
        lines.append("    assert said.returncode == 0  # and: assert ... in said.stdout")  # fmt: skip
    else:
        source = "\n".join([*job.before, job.source]).strip()
        lines.append(textwrap.indent(source, "    ") or "    # What its author would try.")  # fmt: skip
        lines.append('    raise AssertionError("say what it must give")')
    return "\n".join(lines)
