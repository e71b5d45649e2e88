"""A person who works in the worktree: a small wait stands in, so that stops and the log work as for all agents."""

import sys

from arena.agents.agent import Agent, Command, Order

# It takes the file away, so that another turn waits for another one.
WAIT = """\
import os, sys, time
print(sys.argv[2], flush=True)
while not os.path.exists(sys.argv[1]):
    time.sleep(0.2)
os.remove(sys.argv[1])
"""


def command(order: Order) -> Command:
    """Our own Python waits for the file that `arena done` makes."""
    done = str(order.scratch / f"{order.label}.done")
    told = f"Work in {order.worktree}; the task is in {order.prompt_file}. When it is done: arena done"
    return Command((sys.executable, "-I", "-S", "-c", WAIT, done, told))


HUMAN = Agent(
    name="human",
    install="built in; you work in the worktree and end it with: arena done",
    build=command,
    free=True,
    patient=True,
)
