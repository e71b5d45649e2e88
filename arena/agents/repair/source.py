"""A source file as text, tokens and syntax tree with one system of positions, and edits of that text.

Edits replace the fewest characters, so that formatting and comments stay as they are.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One replacement of text[start:end]; `prior` says how promising its kind is, apart from the place."""

    start: int
    end: int
    text: str
    line: int
    note: str
    prior: float


@dataclass(frozen=True, slots=True)
class Token:
    """A token with offsets into the text."""

    start: int
    end: int
    string: str
    kind: int


Function = ast.FunctionDef | ast.AsyncFunctionDef
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_SHOWN = 60  # characters of code quoted in a note


class Source:
    """One parsed file. Raises SyntaxError or UnicodeDecodeError when it can't be read as Python."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.data = path.read_bytes()
        self.encoding, _ = tokenize.detect_encoding(io.BytesIO(self.data).readline)
        self.text = self.data.decode(self.encoding)
        self.tree = ast.parse(self.text)
        self.lines = _LINE.findall(self.text)
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line))
        self.tokens = list(self._tokens())
        self.parents: dict[ast.AST, ast.AST] = {}
        for parent in ast.walk(self.tree):
            for child in ast.iter_child_nodes(parent):
                self.parents[child] = parent

    def _tokens(self) -> Iterator[Token]:
        silent = {
            tokenize.NL,
            tokenize.NEWLINE,
            tokenize.INDENT,
            tokenize.DEDENT,
            tokenize.COMMENT,
        }
        rows = iter(self.lines)
        try:
            for token in tokenize.generate_tokens(lambda: next(rows, "")):
                if token.type not in silent:
                    start = self.starts[token.start[0] - 1] + token.start[1]
                    end = self.starts[token.end[0] - 1] + token.end[1]
                    yield Token(start, end, token.string, token.type)
        except (tokenize.TokenError, IndexError):  # what was read until here is usable
            return

    def offset(self, line: int, column: int) -> int:
        """The character offset of a position of the syntax tree, whose columns count UTF-8 bytes."""
        row = self.lines[line - 1] if line <= len(self.lines) else ""
        if not row.isascii():
            column = len(row.encode()[:column].decode("utf-8", "ignore"))
        return self.starts[line - 1] + column

    def span(self, node: ast.AST) -> tuple[int, int]:
        """Where a node's text starts and ends."""
        line, end = getattr(node, "lineno", 1), getattr(node, "end_lineno", 1)
        start = self.offset(line, getattr(node, "col_offset", 0))
        return start, self.offset(end, getattr(node, "end_col_offset", 0))

    def segment(self, node: ast.AST) -> str:
        """A node's text."""
        start, end = self.span(node)
        return self.text[start:end]

    def between(self, start: int, end: int) -> list[Token]:
        """The tokens that lie wholly in text[start:end]."""
        return [
            token for token in self.tokens if start <= token.start and token.end <= end
        ]

    def line_of(self, offset: int) -> int:
        """The line that holds an offset."""
        return self.text.count("\n", 0, offset) + 1

    def indent_of(self, node: ast.AST) -> str:
        """The white space before a statement; empty when something else stands before it on its line."""
        start, _ = self.span(node)
        before = self.text[self.starts[getattr(node, "lineno", 1) - 1] : start]
        return before if not before.strip() else ""

    def function_of(self, node: ast.AST) -> Function | None:
        """The innermost function around a node."""
        around: ast.AST | None = self.parents.get(node)
        while around is not None and not isinstance(around, Function):
            around = self.parents.get(around)
        return around

    def replace(self, node: ast.AST, text: str, prior: float) -> Edit:
        """The edit that puts other text in a node's place."""
        return self.replace_span(*self.span(node), text, prior)

    def replace_span(self, start: int, end: int, text: str, prior: float) -> Edit:
        """The edit that puts other text in place of text[start:end]."""
        note = f"replaced `{short(self.text[start:end])}` by `{short(text)}`"
        return Edit(
            start=start,
            end=end,
            text=text,
            line=self.line_of(start),
            note=note,
            prior=prior,
        )

    def noted(self, start: int, end: int, text: str, prior: float, note: str) -> Edit:
        """An edit with words of its own."""
        return Edit(
            start=start,
            end=end,
            text=text,
            line=self.line_of(start),
            note=note,
            prior=prior,
        )


def short(text: str) -> str:
    """Code on one line, cut to what a note can hold."""
    flat = " ".join(text.split())
    return flat if len(flat) <= _SHOWN else flat[: _SHOWN - 3] + "..."


def apply(text: str, edits: Iterable[Edit]) -> str:
    """The text with all the edits, which must not overlap."""
    for edit in sorted(edits, key=lambda e: e.start, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def overlap(one: Edit, other: Edit) -> bool:
    """Whether two edits touch the same characters (or insert at the same place)."""
    return one.start <= other.end and other.start <= one.end


def parses(text: str) -> bool:
    """Whether the text is a Python program; cheaper than finding out by a test run."""
    try:
        compile(text, "<candidate>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, OverflowError, MemoryError, RecursionError):
        return False
    return True


def own_nodes(statement: ast.stmt) -> Iterator[ast.AST]:
    """The statement's node and the nodes of its own header or expression: nothing of statements inside it."""
    todo: list[ast.AST] = [statement]
    while todo:
        node = todo.pop()
        yield node
        children = list(ast.iter_child_nodes(node))
        todo.extend(
            c for c in reversed(children) if not isinstance(c, ast.stmt | ast.JoinedStr)
        )


def is_condition(source: Source, node: ast.AST) -> bool:
    """Whether an expression decides something: the test of if, while, assert, a conditional, a filter."""
    parent = source.parents.get(node)
    if isinstance(parent, ast.If | ast.While | ast.Assert | ast.IfExp):
        return parent.test is node
    return isinstance(parent, ast.comprehension) and node in parent.ifs
