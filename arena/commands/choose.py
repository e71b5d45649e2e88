"""`arena merge --interactive`: a person looks at the candidates and says which one to merge."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from arena import publish
from arena.commands.call import Call
from arena.errors import ArenaError
from arena.report.text import clean
from arena.session import Session

HELP = "a number merges that candidate, d NUMBER shows its changes, o opens the report, q leaves"


def choose(opened: Session, document: Mapping[str, Any], call: Call) -> str | None:
    """The label of the candidate that the user wants; None if none. `document` is the run's result."""
    rows = sorted(document["candidates"], key=lambda one: one["rank"] or 1e9)
    if not rows:
        raise ArenaError(f"run {opened.run} has no candidate to merge.")
    for number, row in enumerate(rows, 1):
        call.say(clean(_line(number, row, document["verdict"])))
    call.say(HELP)
    while True:
        answer = _ask()
        word, _, rest = answer.partition(" ")
        if answer in ("q", ""):
            return None
        if word.isdigit() and not rest and 1 <= int(word) <= len(rows):
            return str(rows[int(word) - 1]["label"])
        if word == "d" and rest.isdigit() and 1 <= int(rest) <= len(rows):
            _show(opened, str(rows[int(rest) - 1]["label"]))
        elif word == "o":
            import webbrowser

            webbrowser.open((opened.folder / "report.html").as_uri())
        else:
            call.say(HELP)


def _line(number: int, row: Mapping[str, Any], decided: Mapping[str, Any]) -> str:
    word = "winner" if row["label"] == decided["winner"] else ""
    out = row["excluded"] and f"out: {row['excluded']}"
    return f"{number:3}  {row['label']:24} {out or word}".rstrip()


def _ask() -> str:
    sys.stderr.write("merge which? ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower()


def _show(opened: Session, label: str) -> None:
    _, measured = publish.load(opened)
    commit = next(
        one.candidate.commit
        for one in measured.candidates
        if one.candidate.label == label
    )
    words = ("diff", "--stat", "-p", measured.base, commit)
    shown = opened.quarantine.git.call(*words).text
    from rich.console import Console
    from rich.syntax import Syntax

    console = Console(stderr=True)
    with console.pager(styles=True):
        console.print(Syntax(clean(shown, "\n\t"), "diff", word_wrap=True))
