"""The user's own git hooks around a landing, where the settings ask for them (`run_hooks`).

By themselves no hook runs: agents can write into the folder where they are. So hooks that changed while agents worked
are refused. What checks runs on an export of what lands, not in the checkout.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from arena import composing
from arena.composing import How, Step
from arena.errors import Refused, one_line
from arena.machine import process, scratch, store, user
from arena.machine.checkout import some
from arena.session import Session

LIMIT = 1800.0  # seconds for one hook


def before(
    session: Session, old: str, steps: Sequence[Step], how: How
) -> tuple[Step, ...]:
    """Runs what git runs before a commit on what lands, then `commit-msg`, which may change the last message.

    Raises Refused with a hook's own words if it ends with another code than 0, or if hooks changed during the run.
    """
    _refuse_changed(session)
    # As git names them: a merge has a hook of its own.
    first = "pre-merge-commit" if how.style == "merge" else "pre-commit"
    repo, inside, last = session.repo, session.quarantine, steps[-1]
    draft = inside.commit(last.tree, parents=(old,), message=last.message)
    inside.keep(draft, ref=f"refs/arena/land/{session.run}/draft")
    inside.give(draft)
    with scratch.folder() as folder:
        top, message = folder / "tree", folder / "message"
        inside.export(last.tree, top)
        message.write_text(last.message, encoding="utf-8", errors="surrogateescape")
        env = {
            "GIT_DIR": str(repo.git_dir),
            "GIT_WORK_TREE": str(top),
            "GIT_INDEX_FILE": str(folder / "index"),
        }
        repo.call("read-tree", last.tree, env=env)
        _run(session, first, (), top, env)
        _run(session, "commit-msg", (str(message),), top, env)
        words = message.read_text(encoding="utf-8", errors="surrogateescape")
    return composing.with_message(steps, words)


def after(session: Session, checkout: Path, *, style: str) -> None:
    """Runs `post-merge` in the checkout that moved. It can't stop anything any more: what it says is told."""
    try:
        _run(session, "post-merge", ("1" if style == "squash" else "0",), checkout, {})
    except Refused as error:
        session.journal.add("hook-failed", why=str(error.args[0]))


def _run(
    session: Session, name: str, words: Sequence[str], top: Path, env: dict[str, str]
) -> None:
    hook = user.hooks_dir(session.repo) / name
    if not os.access(hook, os.X_OK) or not hook.is_file():
        return
    log = session.folder / "logs" / f"hook-{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    # They are the user's programs, with what git itself would give them.
    own = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    argv = [str(hook), *words]
    done = process.run(argv, cwd=top, env=own | env, log=log, timeout=LIMIT)
    session.journal.add("hook", name=name, code=done.exit_code, seconds=done.seconds)
    if done.reason != "exited" or done.exit_code != 0:
        said = one_line(store.tail_of(log, limit=600)) or f"code {done.exit_code}"
        raise Refused(f"your hook {name} says no ({said}).")


def _refuse_changed(session: Session) -> None:
    """Raises Refused if hooks, or what names their folder, changed while the agents of this run worked."""
    folder = user.hooks_dir(session.repo)
    steering = ["/hooks/", "/config"]
    if folder.is_relative_to(session.top):  # as some tools have them, in the checkout
        steering.append(f"{folder.relative_to(session.top)}/")
    told = [
        event.data["what"]
        for event in session.journal.events()
        if event.kind == "repository-changed"
        and any(part in event.data["what"] for part in steering)
    ]
    if told:
        raise Refused(
            f"{some(told)} while agents worked, so no hook is run. Look at it, then merge without --run-hooks."
        )
