"""A rubric: the gates that a candidate must pass and the criteria that it is then scored by."""

from __future__ import annotations

import difflib
import hashlib
import math
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from arena.errors import ArenaError

VERSION = 1
LIMIT = 64 * 1024  # bytes of a rubric file
KEYS = {
    "rubric": ("name", "version", "about", "merge"),
    "gate": (
        "measure",
        "is",
        "at_least",
        "at_most",
        "unless",
        "missing",
        "base",
        "why",
    ),
    "criterion": ("measure", "weight", "zero", "full", "base", "missing", "why"),
    "confidence": ("noise", "clear", "leaning"),
}
UNLESS = (
    "no required tests",
    "no tests on the base",
    "no target branch",
    "the test command is not pytest",
    "no benchmark",
)
BASES = ("absolute", "delta", "ratio")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A condition on one measure; exactly one of `equals`, `at_least`, `at_most` is set. `unless` names a
    situation in which it does not apply; `missing` (fail, pass) says what a value that was not measured means."""

    measure: str
    equals: float | bool | str | None
    at_least: float | None
    at_most: float | None
    unless: str | None
    missing: str
    base: str
    why: str | None

    @property
    def condition(self) -> str:
        """The condition in words."""
        what = " of the base's" if self.base == "ratio" else ""
        if self.at_least is not None:
            return f"at least {self.at_least:g}{what}"
        if self.at_most is not None:
            return f"at most {self.at_most:g}{what}"
        return {True: "yes", False: "no"}.get(self.equals, str(self.equals))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """A weighted measure on a straight line from `zero` (no points) to `full` (all), clipped at both ends.

    `base` says what is put on the scale: the value, its difference to the base's, or its ratio to it."""

    measure: str
    weight: float
    zero: float
    full: float
    base: str
    missing: str
    why: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rubric:
    """Gates and criteria. `merge` can forbid merging by itself; `noise` is in points of 100; `clear` and `leaning`
    are shares of the weight space."""

    name: str
    about: str
    merge: str
    gates: tuple[Gate, ...]
    criteria: tuple[Criterion, ...]
    noise: float
    clear: float
    leaning: float
    digest: str


def load(text: str, *, name: str, known: Iterable[str]) -> Rubric:
    """Reads a rubric. `known` are the names of all measures.

    Raises ArenaError with all faults at once, each as `file:line: fault`.
    """
    checker = _Checker(text, name, tuple(known))
    rubric = checker.rubric()
    if checker.faults:
        lines = [
            f"{name}:{line}: {fault}" for line, fault in sorted(set(checker.faults))
        ]
        raise ArenaError("\n".join([f"the rubric {name} has faults:", *lines]))
    assert rubric is not None
    return rubric


def find(name: str, *, folder: Path, shipped: dict[str, str]) -> tuple[str, str]:
    """(file name, text) of a rubric: a file, then `.arena/rubrics/NAME.toml`, then the shipped ones.

    Raises ArenaError if there is none, or it is too large or no text.
    """
    for path in (folder / name, folder / ".arena" / "rubrics" / f"{name}.toml"):
        if path.is_file():
            data = path.read_bytes()
            if len(data) > LIMIT:
                raise ArenaError(
                    f"{path} has {len(data)} bytes; a rubric has at most {LIMIT}."
                )
            try:
                return path.name, data.decode("utf-8-sig")
            except UnicodeDecodeError as error:
                raise ArenaError(f"{path} is not UTF-8: {error}.") from error
    if name in shipped:
        return f"{name}.toml", shipped[name]
    near = difflib.get_close_matches(name, shipped, 1, 0.5)
    guess = f' Did you mean "{near[0]}"?' if near else ""
    raise ArenaError(
        f'no rubric "{name}". Shipped: {", ".join(sorted(shipped))}; or give a file.{guess}'
    )


HEAD = re.compile(r"^\s*(\[\[?)\s*([^\]]+?)\s*\]\]?")
KEY = re.compile(r"""^\s*("[^"]*"|'[^']*'|[A-Za-z0-9_.-]+)\s*=""")


def line_numbers(text: str) -> dict[tuple[str, int, str | None], int]:
    """(table, its running number, key or None for its head) → line; tomllib keeps no positions."""
    found: dict[tuple[str, int, str | None], int] = {}
    count: dict[str, int] = {}
    table, number, quoted = "", 0, ""
    for position, line in enumerate(text.splitlines(), 1):
        if quoted:
            quoted = "" if quoted in line else quoted
            continue
        head, key = HEAD.match(line), KEY.match(line)
        if head:
            table = head[2]
            number = count.get(table, -1) + 1
            count[table] = number
            found[table, number, None] = position
        elif key:
            found[table, number, key[1].strip("\"'")] = position
        for mark in ('"""', "'''"):
            if line.count(mark) % 2:
                quoted = mark
    return found


class _Checker:
    """Collects all faults of one file while it reads it."""

    def __init__(self, text: str, name: str, known: tuple[str, ...]) -> None:
        self.text, self.name, self.known = text, name, known
        self.lines = line_numbers(text)
        self.faults: list[tuple[int, str]] = []

    def fault(self, table: str, number: int, key: str | None, text: str) -> None:
        line = self.lines.get((table, number, key)) or self.lines.get(
            (table, number, None), 1
        )
        self.faults.append((line, text))

    def rubric(self) -> Rubric | None:
        try:
            data = tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            self.faults.append(
                (
                    getattr(error, "lineno", None) or _line_in(str(error)),
                    f"not TOML: {error}",
                )
            )
            return None
        for table in data:
            if table not in KEYS:
                self.fault(
                    table, 0, None, f'unknown table "{table}"{_guess(table, KEYS)}'
                )
        head = self.table(data, "rubric")
        gates = tuple(g for n, t in self.tables(data, "gate") if (g := self.gate(n, t)))
        criteria = tuple(
            c for n, t in self.tables(data, "criterion") if (c := self.criterion(n, t))
        )
        if not self.faults and not gates:
            self.faults.append(
                (
                    1,
                    "no gate: a rubric without gates could let a candidate that breaks tests win",
                )
            )
        if not self.faults and criteria and not any(c.weight for c in criteria):
            self.faults.append((1, "all weights are 0: nothing could be scored"))
        limits = self.confidence(self.table(data, "confidence"))
        return Rubric(
            name=self.word("rubric", 0, head, "name", Path(self.name).stem) or "",
            about=self.word("rubric", 0, head, "about", "") or "",
            merge=self.choice("rubric", 0, head, "merge", ("auto", "ask", "never")),
            gates=gates,
            criteria=criteria,
            noise=limits[0],
            clear=limits[1],
            leaning=limits[2],
            digest=hashlib.sha256(self.text.encode()).hexdigest()[:12],
        )

    def table(self, data: dict[str, Any], name: str) -> dict[str, Any]:
        found = data.get(name, {})
        if not isinstance(found, dict):
            self.fault(name, 0, None, f"write [{name}], not [[{name}]]")
            return {}
        self.keys(name, 0, found)
        if name == "rubric" and found.get("version", VERSION) != VERSION:
            self.fault(
                name,
                0,
                "version",
                f"version {found['version']!r}: written for another arena; known: {VERSION}",
            )
        return found

    def tables(
        self, data: dict[str, Any], name: str
    ) -> list[tuple[int, dict[str, Any]]]:
        found = data.get(name, [])
        if not isinstance(found, list) or not all(isinstance(t, dict) for t in found):
            self.fault(name, 0, None, f"write [[{name}]], not [{name}]")
            return []
        seen: dict[str, int] = {}
        for number, table in enumerate(found):
            self.keys(name, number, table)
            measure = table.get("measure")
            if isinstance(measure, str) and measure in seen:
                line = self.lines.get((name, seen[measure], "measure"), 0)
                self.fault(
                    name,
                    number,
                    "measure",
                    f'measure "{measure}" already used on line {line}',
                )
            elif isinstance(measure, str):
                seen[measure] = number
        return list(enumerate(found))

    def keys(self, name: str, number: int, table: dict[str, Any]) -> None:
        for key in table:
            if key not in KEYS[name]:
                self.fault(
                    name,
                    number,
                    key,
                    f'unknown key "{key}" in {name}{_guess(key, KEYS[name])}',
                )

    def measure(self, name: str, number: int, table: dict[str, Any]) -> str:
        measure = table.get("measure")
        if not isinstance(measure, str):
            self.fault(name, number, "measure", f"{name} without a measure")
            return ""
        if measure not in self.known:
            self.fault(
                name,
                number,
                "measure",
                f'unknown measure "{measure}"{_guess(measure, self.known)}',
            )
        return measure

    def gate(self, number: int, table: dict[str, Any]) -> Gate | None:
        measure = self.measure("gate", number, table)
        given = [key for key in ("is", "at_least", "at_most") if key in table]
        if len(given) != 1:
            what = (
                "no condition: give"
                if not given
                else "more than one condition: give only one of"
            )
            self.fault(
                "gate",
                number,
                None,
                f'gate "{measure}" has {what} is, at_least or at_most',
            )
        for key in ("at_least", "at_most"):
            if key in table and not _number(table[key]):
                self.fault(
                    "gate", number, key, f"{key} must be a number, got {table[key]!r}"
                )
        if "is" in table and not isinstance(table["is"], bool | str | int | float):
            self.fault(
                "gate",
                number,
                "is",
                f"is must be true, false, a text or a number, got {table['is']!r}",
            )
        unless = table.get("unless")
        if unless is not None and unless not in UNLESS:
            self.fault(
                "gate",
                number,
                "unless",
                f"unless must be one of {', '.join(map(repr, UNLESS))}, got {unless!r}",
            )
        return Gate(
            measure=measure,
            equals=table.get("is"),
            at_least=table.get("at_least"),
            at_most=table.get("at_most"),
            unless=unless,
            missing=self.choice("gate", number, table, "missing", ("fail", "pass")),
            base=self.choice("gate", number, table, "base", BASES),
            why=self.word("gate", number, table, "why", None),
        )

    def criterion(self, number: int, table: dict[str, Any]) -> Criterion | None:
        measure = self.measure("criterion", number, table)
        weight = table.get("weight")
        if not _number(weight) or not 0 <= weight <= 1000:
            self.fault(
                "criterion",
                number,
                "weight",
                f"weight must be a number from 0 to 1000, got {weight!r}",
            )
        zero, full = table.get("zero"), table.get("full")
        for key, value in (("zero", zero), ("full", full)):
            if not _number(value):
                self.fault(
                    "criterion", number, key, f"{key} must be a number, got {value!r}"
                )
        if _number(zero) and zero == full:
            text = (
                f"zero and full are both {zero:g}: no value could tell candidates apart"
            )
            self.fault("criterion", number, "zero", text)
        if self.faults:
            return None
        return Criterion(
            measure=measure,
            weight=float(weight or 0),
            zero=float(zero or 0),
            full=float(full or 0),
            base=self.choice("criterion", number, table, "base", BASES),
            missing=self.choice(
                "criterion", number, table, "missing", ("none", "zero", "base", "fail")
            ),
            why=self.word("criterion", number, table, "why", None),
        )

    def confidence(self, table: dict[str, Any]) -> tuple[float, float, float]:
        values = []
        for key, default, most in (
            ("noise", 2.0, 100.0),
            ("clear", 0.9, 1.0),
            ("leaning", 0.6, 1.0),
        ):
            value = table.get(key, default)
            if not _number(value) or not 0 <= value <= most:
                self.fault(
                    "confidence",
                    0,
                    key,
                    f"{key} must be a number from 0 to {most:g}, got {value!r}",
                )
                value = default
            values.append(float(value))
        if values[1] < values[2]:
            self.fault("confidence", 0, "clear", "clear must not be below leaning")
        return values[0], values[1], values[2]

    def word(
        self,
        name: str,
        number: int,
        table: dict[str, Any],
        key: str,
        default: str | None,
    ) -> str | None:
        value = table.get(key, default)
        if value is not None and not isinstance(value, str):
            self.fault(name, number, key, f"{key} must be a text, got {value!r}")
            return default
        return value

    def choice(
        self,
        name: str,
        number: int,
        table: dict[str, Any],
        key: str,
        choices: tuple[str, ...],
    ) -> str:
        value = table.get(key, choices[0])
        if value not in choices:
            self.fault(
                name,
                number,
                key,
                f"{key} must be {', '.join(choices[:-1])} or {choices[-1]}, got {value!r}",
            )
            return choices[0]
        return str(value)


def _number(value: object) -> TypeGuard[float]:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and math.isfinite(value)
    )


def _guess(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(known), 1, 0.5)
    return f'; did you mean "{near[0]}"?' if near else f"; known: {', '.join(known)}"


def _line_in(message: str) -> int:
    found = re.search(r"line (\d+)", message)
    return int(found[1]) if found else 1
