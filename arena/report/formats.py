"""Every format of the report by name: one document in, text out."""

from arena.report.junit import junit
from arena.report.markdown import markdown
from arena.report.page import html
from arena.report.summary import terminal
from arena.report.table import csv

__all__ = ["csv", "html", "junit", "markdown", "terminal"]
