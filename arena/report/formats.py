"""Every format of the report by name: one document in, text out."""

from arena.machine import resources
from arena.report import text
from arena.report.markdown import markdown
from arena.report.page import html
from arena.report.subject import Doc, prepare
from arena.report.summary import terminal
from arena.report.table import csv

__all__ = ["csv", "html", "junit", "markdown", "terminal"]


def junit(doc: Doc) -> str:
    """XML for CI servers, a suite per candidate: failed gates are failures, open ones are skipped."""
    return resources.render("junit.xml.j2", doc=prepare(doc), text=text)
