"""The report: one document in, five formats out. No figure is computed in a template."""

from arena.report.junit import junit
from arena.report.markdown import markdown
from arena.report.page import html, write_html
from arena.report.summary import terminal
from arena.report.table import csv

__all__ = ["csv", "html", "junit", "markdown", "terminal", "write_html"]
