"""The command line: words in, progress and one JSON line out."""

import argparse
import importlib.util
import json
import shlex
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

if (
    not __package__
):  # started as a folder: make it a package, without putting its modules on the path
    _here = Path(__file__).resolve().parent
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != _here]
    _spec = importlib.util.spec_from_file_location(
        "repair", _here / "__init__.py", submodule_search_locations=[str(_here)]
    )
    assert _spec is not None
    assert _spec.loader is not None
    sys.modules["repair"] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules["repair"])
    __package__ = "repair"

from .progress import Progress
from .repair import Result, Task, repair


class Terminated(BaseException):
    """SIGTERM: unwind everything, so that all is put back."""


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="repair", description="Mend failing tests by small changes of the source."
    )
    parser.add_argument(
        "--worktree", type=Path, required=True, help="the project's checkout"
    )
    parser.add_argument(
        "--python",
        required=True,
        help="the interpreter that runs its tests; has pytest",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=0,
        help="another seed tries changes in another order",
    )
    parser.add_argument("--seconds", type=float, default=300.0, help="time limit")
    parser.add_argument("--attempts", type=int, help="how many changes to try at most")
    parser.add_argument(
        "--suite",
        action="append",
        default=[],
        help="a failing test file; may be repeated",
    )
    parser.add_argument("--test-args", default="", help="further options for pytest")
    parser.add_argument(
        "--prompt-file", type=Path, help="text that may name failing tests"
    )
    return parser.parse_args(arguments)


def task_from(options: argparse.Namespace) -> Task:
    """The task that the command line describes."""
    prompt = (
        options.prompt_file.read_text(encoding="utf-8", errors="replace")
        if options.prompt_file
        else ""
    )
    return Task(
        worktree=options.worktree.resolve(),
        python=options.python,
        seed=options.seed,
        seconds=options.seconds,
        attempts=options.attempts,
        suite=tuple(Path(name).as_posix() for name in options.suite),
        test_args=tuple(shlex.split(options.test_args)),
        prompt=prompt,
    )


def terminate(_number: int, _frame: FrameType | None) -> NoReturn:
    """Only the first signal counts; tidying up must not be cut off by a second."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Terminated


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the agent; 0 when a change was committed."""
    options = parse(arguments)
    task = task_from(options)
    with Progress() as progress:
        try:
            signal.signal(signal.SIGTERM, terminate)
            result = repair(task, progress)
        except (Terminated, KeyboardInterrupt):
            result = Result(outcome="timeout", why="ended by a signal")
        print(json.dumps(result.document(task, seconds=progress.seconds)), flush=True)
    return 0 if result.outcome == "patched" else 1


if __name__ == "__main__":
    sys.exit(main())
