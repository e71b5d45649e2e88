"""The summary as Markdown, for a pull request or the summary page of a CI run."""

import re
from typing import Any

from arena import masking
from arena.machine import resources
from arena.report import sections, text
from arena.report.board import board
from arena.report.subject import Doc, prepare

# ASCII signs but harmless ones; a dot or colon in a word (addresses become links); what starts a list.
_MEANINGFUL = re.compile(
    r"[^A-Za-z0-9 ,';%?/=()+.:\-\x80-\U0010ffff]|[.:](?=[^\s\d])|^\s*[+-](?=[\s+-]|$)|^\s*\d+[.)](?=\s|$)"
)


def markdown(doc: Doc) -> str:
    """Verdict, scoreboard (20 rows), reasons of the first, flags and the next commands."""
    home = masking.Masker((), home=masking.home())
    made = prepare({**doc, "report": home.text(doc["report"])})
    # Whatever a template prints passes through `escape`, as it would through HTML's rules on the page.
    template = resources.environment("markdown", finalize=escape)
    return template.get_template("summary.md.j2").render(
        doc=made,
        text=text,
        board=board(made),
        flags=sections.flags(made),
        code=code,
    )


def escape(value: Any) -> Any:
    """Text that Markdown and HTML show as it is: characters with a meaning become references."""
    if hasattr(value, "__html__"):
        return value
    return resources.trusted(
        _MEANINGFUL.sub(lambda found: "".join(map(_reference, found[0])), str(value))
    )


def _reference(character: str) -> str:
    # Hosting sites see "@name" even after references are resolved; a zero-width space stops that.
    return f"&#{ord(character)};{'&#8203;' if character in '@#' else ''}"


def code(value: str) -> Any:
    """Text in a fixed font. An element, not backticks: those can't hold a backtick or a reference."""
    return resources.trusted(f"<code>{escape(value)}</code>")
