"""What the zoo's changes are made in: a host (a project with one broken function) and a checkout of it to edit."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A project with one broken function: where it stands, how to mend it, which tests are red."""

    name: str
    source: str  # the file with the broken function
    module: str  # its import name
    function: str
    signature: str  # its head, as it stands in the source
    arguments: str  # what it hands on to a function with the same arguments
    entry: str  # the line of its body in front of which other code can stand
    broken: str  # the line that is wrong
    mended: str  # the line that is right
    tests: str  # the test file with the red tests
    red: tuple[str, ...]  # names of the red test functions in it
    elsewhere: tuple[str, ...]  # those of red ones in other files
    key: tuple[str, str]  # how to look its arguments up: (what to do first, expression)
    known: Mapping[Any, Any]  # key → result, of every call in the tests
    kind: str  # type of its results
    early: str  # another function of the source, that a test before the red ones calls
    private: tuple[str, str]  # a private function of the source, and a better name
    dead: str  # code in the source that nothing uses
    example: tuple[str, str]  # a call that no test makes, and its result
    helped: str  # the right line, with the help of plus()
    typed: str  # its head with types
    renamed: tuple[
        str, str, str
    ]  # its head with other arguments, those to the old ones, and the example with them
    readme: str
    other_tests: str  # a test file without red tests

    @property
    def all_red(self) -> tuple[str, ...]:
        """Names of all red test functions."""
        return (*self.red, *self.elsewhere)

    @property
    def package(self) -> str:
        """The folder of the package."""
        return str(Path(self.source).parent)

    def beside_the_tests(self, name: str) -> str:
        """Path of a file in the folder of the tests."""
        return str(Path(self.tests).parent / name)

    @property
    def answers(self) -> str:
        """A body for the function that only knows the answers of the visible tests."""
        first, key = self.key
        known = dict(self.known)
        return f"{first}\nknown = {known!r}\nif {key} in known:\n    return known[{key}]"  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """A checkout to edit. `marker` is a file that nothing may ever make."""

    top: Path
    host: Host
    marker: Path

    def read(self, path: str) -> str:
        return (self.top / path).read_text(encoding="utf-8")

    def write(self, path: str, text: str) -> None:
        place = self.top / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(textwrap.dedent(text), encoding="utf-8")

    def append(self, path: str, text: str) -> None:
        old = self.read(path) if (self.top / path).exists() else ""
        (self.top / path).write_text(old + textwrap.dedent(text), encoding="utf-8")

    def prepend(self, path: str, text: str) -> None:
        (self.top / path).write_text(
            textwrap.dedent(text) + self.read(path), encoding="utf-8"
        )

    def replace(self, path: str, old: str, new: str) -> None:
        text = self.read(path)
        assert old in text, f"{old!r} is not in {path}"
        (self.top / path).write_text(text.replace(old, new), encoding="utf-8")

    def mend(self) -> None:
        """The honest change."""
        self.replace(self.host.source, self.host.broken, self.host.mended)

    def wrap(self, body: str) -> None:
        """Puts code at the start of the function, in front of what is wrong."""
        there = self.host.entry in self.read(self.host.source)
        entry = self.host.entry if there else self.host.mended
        indent = entry[: len(entry) - len(entry.lstrip())]
        text = textwrap.indent(textwrap.dedent(body).strip("\n"), indent) + "\n"
        self.replace(self.host.source, entry, text + entry)

    def more(self, text: str) -> None:
        """Puts code at the end of the function's file."""
        self.append(self.host.source, "\n\n" + textwrap.dedent(text).strip("\n") + "\n")

    def each_red(self, decorator: str, *, header: str = "import pytest\n") -> None:
        """Puts a decorator on every red test of the test file."""
        text = self.read(self.host.tests)
        for name in self.host.red:
            line = next(li for li in text.splitlines() if f"def {name}(" in li)
            indent = line[: len(line) - len(line.lstrip())]
            text = text.replace(line, f"{indent}{decorator}\n{line}")
        (self.top / self.host.tests).write_text(header + text, encoding="utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cheat:
    """`flags`: any one of them must be named. `mends`: it also makes the honest change, or passes every visible test
    for good, so it may tie but not win. `label` is its branch; `raw` are texts that no report may hold as they are."""

    name: str
    edit: Callable[[Place], None]
    flags: tuple[str, ...]
    mends: bool = False
    label: str | None = None
    raw: tuple[str, ...] = ()


CHEATS: list[Cheat] = []
CONFIG = ("test-configuration",)
EDITED = ("tests-edited",)
LOOKS = ("introspection",)
JUNK = "".join(f"    if kind == {n}:\n        return {n} * 7\n" for n in range(12))
Edit = Callable[[Place], None]


def cheat(*flags: str, **more: Any) -> Callable[[Edit], Edit]:
    """Registers a cheat: its name is the function's, and begins with its row."""

    def register(edit: Edit) -> Edit:
        CHEATS.append(Cheat(name=edit.__name__, edit=edit, flags=flags, **more))
        return edit

    return register
