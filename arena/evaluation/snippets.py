"""Code in the task's text: blocks of Python, sessions, shell commands and configuration, as jobs that can be run."""

from __future__ import annotations

import ast
import re
import shlex
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass

PYTHON = ("py", "python", "python3", "pycon", "ipython", "")
CONFIGURATION = ("ini", "toml", "cfg", "conf", "yaml", "yml")
NAMED = re.compile(r"[`\s]([\w./-]+\.(?:py|ini|toml|cfg|ya?ml|txt|rst))\b")
FENCE = re.compile(
    r"^[ \t]*(`{3,}|~{3,})[ \t]*([\w+-]*)[^\n]*\n(.*?)^[ \t]*\1[ \t]*$",
    re.DOTALL | re.MULTILINE,
)
MOST = 8  # jobs of one text
DANGEROUS = (
    "rm",
    "sudo",
    "curl",
    "wget",
    "git",
    "pip",
    "python",
    "python3",
    "cd",
    "docker",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Something to run in an empty folder: `kind` is script, test or command.

    `source` is the Python text (script, test); `before` are earlier blocks whose names it may use; `argv` the words
    of a command; `files` are written first.
    """

    kind: str
    source: str = ""
    before: tuple[str, ...] = ()
    argv: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """A block of the text: its language ('' if it names none), content, and the words just before it."""

    language: str
    text: str
    lead: str


def jobs(text: str, *, programs: Iterable[str]) -> tuple[Job, ...]:
    """What a text asks to be run, in its order; `programs` are the console scripts of the project."""
    known = frozenset(programs)
    text = "\n".join(text.splitlines())
    found: list[Job] = []
    earlier: list[str] = []
    files: dict[str, str] = {}
    pending: list[tuple[str, ...]] = []
    for block in blocks(text):
        if block.language in CONFIGURATION:
            files[_config_name(block)] = block.text
            continue
        source = python_of(block)
        if source is None:
            pending += [w for w in _commands(block, known) if w not in pending]
            continue
        name = _file_name(block)
        if name is not None:
            files[name] = source
        if tests_in(source):
            found.append(Job(kind="test", source=source))
        elif _worth_running(source):
            found.append(Job(kind="script", source=source, before=tuple(earlier)))
        earlier.append(source)
    found += [_command_job(words, files, earlier) for words in pending]
    return tuple(dict.fromkeys(found))[:MOST]


def blocks(text: str) -> list[Block]:
    """Fenced blocks, and indented ones outside of them, in the order of the text."""
    found: list[tuple[int, Block]] = []
    rest = text
    for match in FENCE.finditer(text):
        body = textwrap.dedent(match[3])
        lead = text[max(0, match.start() - 200) : match.start()]
        found.append((match.start(), Block(match[2].lower(), body, lead)))
        blank = re.sub(r"[^\n]", " ", match[0])
        rest = rest[: match.start()] + blank + rest[match.end() :]
    for match in re.finditer(
        r"(?:\A|(?<=\n\n))(?:(?: {4}|\t)[^\n]*\S[^\n]*(?:\n|\Z)(?:[ \t]*\n)*)+", rest
    ):
        lead = text[max(0, match.start() - 200) : match.start()]
        found.append((match.start(), Block("", textwrap.dedent(match[0]), lead)))
    return [block for _, block in sorted(found, key=lambda pair: pair[0])]


def python_of(block: Block) -> str | None:
    """The block as a Python program, prompts of a session removed; None if it is none."""
    if block.language not in PYTHON:
        return None
    text = _without_prompts(block.text)
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return None
    if not tree.body or (not block.language and not _looks_like_python(tree)):
        return None
    return text


def _without_prompts(text: str) -> str:
    lines = text.splitlines()
    if not any(re.match(r"\s*(>>>|In \[\d+\]:)", line) for line in lines):
        return text
    kept: list[str] = []
    for line in lines:
        said = re.match(r"\s*(?:>>>|\.\.\.|In \[\d+\]:|\s+\.\.\.:) ?(.*)$", line)
        if said and (kept or not line.lstrip().startswith("...")):
            kept.append(said[1])
    return "\n".join(_whole(kept)) + "\n"


def _whole(lines: list[str]) -> list[str]:
    """The lines of a session without those that do not parse, such as a broken-off paste."""
    kept: list[str] = []
    group: list[str] = []
    for line in [*lines, ""]:
        if group and not line.startswith((" ", "\t", ")", "]", "}")) and _parses(group):
            kept += group
            group = []
        group.append(line)
        if not _could_go_on(group):
            group = []
    return kept


def _parses(lines: list[str]) -> bool:
    try:
        ast.parse("\n".join(lines))
    except (SyntaxError, ValueError):
        return False
    return True


def _could_go_on(lines: list[str]) -> bool:
    return len(lines) < 60


def _looks_like_python(tree: ast.Module) -> bool:
    """Whether a block without a language is meant as code: output such as `x` or `a, b` parses, too."""
    kinds = (
        ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.With, ast.For, ast.Assign, ast.Assert,
    )  # fmt: skip
    return any(isinstance(node, kinds) for node in tree.body) or any(
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
        for node in tree.body
    )


def tests_in(source: str) -> bool:
    """Whether pytest would find a test in this program."""
    for node in ast.parse(source).body:
        if isinstance(
            node, ast.FunctionDef | ast.AsyncFunctionDef
        ) and node.name.startswith("test"):
            return True
        if isinstance(node, ast.ClassDef):
            tests = any(getattr(n, "name", "").startswith("test") for n in node.body)
            bases = [ast.unparse(base) for base in node.bases]
            if tests and (
                node.name.startswith("Test") or any("TestCase" in b for b in bases)
            ):
                return True
    return False


def _worth_running(source: str) -> bool:
    """Definitions and imports alone show nothing."""
    quiet = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)
    return any(not isinstance(node, quiet) for node in ast.parse(source).body)


def _commands(block: Block, programs: frozenset[str]) -> list[tuple[str, ...]]:
    """Calls of the project's own programs: lines with a prompt, or whole lines of a shell block."""
    shell = block.language in ("sh", "shell", "bash", "console", "terminal", "zsh")
    found = []
    for line in block.text.splitlines():
        said = re.match(r"\s*[$%] +(.*)$", line)
        if not said and not (shell or len(block.text.splitlines()) == 1):
            continue
        words = _words(said[1] if said else line.strip())
        if words and words[0] in programs and words[0] not in DANGEROUS:
            found.append(words)
    return found


def _words(line: str) -> tuple[str, ...]:
    if re.search(r"[|;&<>`]|\$\(", line):
        return ()
    try:
        return tuple(shlex.split(line, comments=True))
    except ValueError:
        return ()


def _file_name(block: Block) -> str | None:
    """The file that the words before a block name, as in "a.py:" or "# a.py" on its first line."""
    first = re.match(r"\s*#\s*([\w./-]+\.py)\s*$", block.text.partition("\n")[0])
    if first:
        return first[1]
    line = block.lead.rstrip().rpartition("\n")[2]
    named = NAMED.findall(" " + line)
    return named[-1] if named and len(line) < 120 and ".." not in named[-1] else None


def _config_name(block: Block) -> str:
    line = block.lead.rstrip().rpartition("\n")[2]
    named = [
        n for n in NAMED.findall(" " + line) if not n.endswith(".py") and ".." not in n
    ]
    if named:
        return str(named[-1]).lstrip("/")
    return "pyproject.toml" if "[tool." in block.text else f"settings.{block.language}"


def _command_job(
    words: tuple[str, ...], files: dict[str, str], earlier: list[str]
) -> Job:
    """A command with the files that it names: those of the text, else the text's last program."""
    wanted = dict(files)
    program = earlier[-1] if earlier else '"""A module."""\n'
    for word in words[1:]:
        plain = word.partition("::")[0]
        if (
            re.fullmatch(r"[\w./-]+\.py", plain)
            and plain not in wanted
            and ".." not in plain
        ):
            wanted[plain.lstrip("/")] = program
    return Job(kind="command", argv=words, files=tuple(sorted(wanted.items())))
