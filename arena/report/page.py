"""The HTML page: one file without requests, whose style and script are allowed by their hashes only."""

import base64
import hashlib
import json
from typing import Any

from arena.machine import resources
from arena.report import sections, text
from arena.report.board import board, measured
from arena.report.diffs import compare
from arena.report.subject import Doc, prepare

# A browser takes longer than anybody waits for a file larger than this: diffs leave, and the page says so.
SIZE_LIMIT = 20_000_000


def html(doc: Doc) -> str:
    """The whole page as text; the same document gives the same bytes."""
    made = prepare(doc)
    css, js = (resources.read_text("templates", f"report.{k}") for k in ("css", "js"))
    known = {
        "doc": made,
        "board": board(made),
        "tests": sections.tests(made),
        "csp": policy(css, js),
        "css": resources.trusted(css),
        "js": resources.trusted(js),
    }
    tools: dict[str, Any] = {"text": text, "sections": sections}
    tools |= {"measured": measured, "compare": compare, "json": json_for_page}
    page = resources.render("report.html.j2", with_diffs=True, **known, **tools)
    if len(page.encode()) > SIZE_LIMIT:
        page = resources.render("report.html.j2", with_diffs=False, **known, **tools)
    return page


def json_for_page(data: Any) -> str:
    """JSON that may stand inside a script element: no character in it can end the element."""
    made = json.dumps(data, allow_nan=False, sort_keys=True, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        made = made.replace(character, f"\\u{ord(character):04x}")
    return resources.trusted(made)


def policy(css: str, js: str) -> str:
    """The content security policy: nothing may load or run but this style sheet and this script."""
    sources = f"default-src 'none'; style-src {_hash(css)}; script-src {_hash(js)}"
    return f"{sources}; base-uri 'none'; form-action 'none'"


def _hash(content: str) -> str:
    digest = hashlib.sha256(content.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
