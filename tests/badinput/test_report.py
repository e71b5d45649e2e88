"""Rows X1 to X12: what people and programs say must stay text wherever arena shows it."""

from __future__ import annotations

import csv
import io
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

worlds = sys.modules["badinput_world"]
LANDED, MENDED, CALC = worlds.LANDED, worlds.MENDED, worlds.CALC
MADE = r"\.git/(logs/)?refs/heads/arena(/.*)?|\.git/worktrees(/.*)?"
SCRIPT = "<script>alert(1)</script>"
IMAGE = '"><img src=x onerror=alert(1)>'
MENTION = "@team #1 | `tick` ![i](http://x.invalid/i.png) [l](javascript:alert(1)) <b>"
TEMPLATE = "{{7*7}} {% include 'x' %}"
CODES = "\x1b]0;owned\x07\x1b[2J \x08 \x9b31m"
HIDDEN = "\u202e\u200b"
TOKEN = "ghp_" + "a1B2c3D4e5" * 4
VALUE = "s3cret-of-the-user"
PROMPT = f"=HYPERLINK(1) {SCRIPT} {IMAGE} {MENTION} {TEMPLATE} {CODES} {HIDDEN} file:///etc/passwd"  # fmt: skip
AGENT = f"""
import os, sys
from pathlib import Path
Path("calc.py").write_text({MENDED!r})
Path("<img src=x>.txt").write_text({PROMPT!r} + "]]>")
Path("test_own.py").write_text('''import pytest
@pytest.mark.parametrize("text", [{SCRIPT!r}, {TEMPLATE!r}, "]]>", chr(0x1b), chr(0xd800), "=1+1"])
def test_text(text):
    assert not text, chr(0) + chr(0xd800) + "]]>" + {SCRIPT!r}
''')
print({PROMPT!r})
print("token", {TOKEN!r}, os.environ["MY_SECRET"])
os.write(1, b"bad \\xff\\xed\\xa0\\x80 bytes\\n")
os.write(1, b"y" * 99 + b"\\n")
for _ in range(2000):
    os.write(1, b"x" * 999 + b"\\n")
os.write(1, b"the end " + {TOKEN!r}.encode() + b" " + os.environ["MY_SECRET"].encode() + b" bad \\xff\\n")
print({PROMPT!r})
"""


@pytest.fixture(scope="module")
def seen(shared):
    """A run whose agent, prompt, files, tests and output are all hostile; with each format of its report."""
    there = shared.with_agent(AGENT, env=["MY_SECRET"], fast=False)
    there = there.with_env(MY_SECRET=VALUE)
    done = there.call("run", PROMPT, "--merge", "never", "--json", code=None, may=[MADE])  # fmt: skip
    formats = {"terminal": done.err, "json": done.out}
    for kind in ("html", "md", "csv", "junit", "text"):
        formats[kind] = there.call("report", "--format", kind).out
    return there, done, formats


ROWS = {}


def row(function):
    ROWS[function.__name__.upper()] = function
    return function


@pytest.mark.parametrize("name", [f"X{n}" for n in range(1, 11) if n not in (1, 5)] + ["X12"])  # fmt: skip
def test_row(seen, name):
    there, done, formats = seen
    assert done.candidate("command-1")["measurements"]["tests.fixed"]["value"] == 1
    page = (there.run_folder() / "report.html").read_bytes().decode("utf-8")
    ROWS[name](formats | {"page": page}, done)


@row
def x2(formats, done):
    for text in formats.values():
        assert " 49 " not in text
    assert "{{7*7}}" in formats["page"]
    assert done.document["task"]["prompt"].count("{{7*7}}") == 1


@row
def x3(formats, done):
    rows = list(csv.reader(io.StringIO(formats["csv"])))
    cells = [cell for line in rows for cell in line]
    for cell in cells:
        number = cell.lstrip("-").replace(".", "", 1).isdigit()
        assert number or not cell.startswith(("=", "+", "-", "@", "\t", "\r"))


@row
def x4(formats, done):
    for name, text in formats.items():
        assert not set(text) & set("\x1b\x07\x08\x9b"), name
    assert "\\x1b" in formats["page"]


@row
def x6(formats, done):
    for text in (formats["page"], formats["html"]):
        assert 'href="javascript:' not in text
        assert 'href="file:' not in text


@row
def x7(formats, done):
    from markdown_it import MarkdownIt

    shown = MarkdownIt("commonmark").enable("table").render(formats["md"])
    for raw in ("<script", "<img", "<b>", "javascript:alert"):
        assert f'"{raw}' not in shown
    assert "<script>" not in shown
    assert "<img" not in shown
    assert "@team" not in formats["md"].replace("@\u200bteam", "").replace("&#64;team", "")  # fmt: skip


@row
def x8(formats, done):
    tree = ET.fromstring(formats["junit"])
    assert list(tree.iter("testcase"))


@row
def x9(formats, done):
    assert len(formats["page"]) < 1_000_000
    assert "the end" in formats["page"]
    assert "logs/command-1.stdout.log" in formats["page"]


@row
def x10(formats, done):
    for text in formats.values():
        text.encode("utf-8")
    assert "\ufffd" in formats["page"] or "\\xff" in formats["page"]


@row
def x12(formats, done):
    for name, text in formats.items():
        assert TOKEN not in text, name
        assert VALUE not in text, name
    assert "[secret]" in formats["page"]


def test_row_x11(world):
    """Where no report may be written it is in the run's folder, whose path is told; no link is followed."""
    outside = world.place / "outside"
    outside.mkdir()
    there = world.at(world.path, outside)
    reports = world.path / "reports"

    def told(done):
        path = Path(done.document["report"])
        assert path.is_relative_to(world.place / "state")
        assert path.read_bytes()

    reports.write_text("of the user\n")
    told(there.judge("good"))
    reports.unlink()
    reports.symlink_to(outside)
    told(there.judge("good"))
    assert not list(outside.iterdir())
    reports.unlink()
    reports.mkdir()
    (reports / "own.txt").write_text("of the user\n")
    told(there.judge("good"))
    assert [path.name for path in reports.iterdir()] == ["own.txt"]
    (reports / "own.txt").unlink()
    (reports / ".gitignore").symlink_to(outside / "made")
    told(there.judge("good"))
    assert not list(outside.iterdir())
