"""A rubric: the gates that a candidate must pass and the criteria that it is then scored by."""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import math
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arena.errors import ArenaError

SPRINT = re.compile(r"sprint\.[\w-]+")  # what a sprint measures by commands of its own
LIMIT = 64 * 1024  # bytes of a rubric file
CLEAR, LEANING = 0.9, 0.6
UNLESS = (
    "no required tests",
    "no tests on the base",
    "no target branch",
    "the test command is not pytest",
    "no benchmark",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A condition on one measure; exactly one of `equals`, `at_least`, `at_most` is set. `unless` names a
    situation in which it does not apply; `missing` (fail, pass) says what a value that was not measured means."""

    measure: str
    equals: float | bool | str | None = None
    at_least: float | None = None
    at_most: float | None = None
    unless: str | None = None
    missing: str = "fail"
    base: str = "absolute"
    why: str | None = None

    @property
    def condition(self) -> str:
        """The condition in words."""
        what = " of the base's" if self.base == "ratio" else ""
        if self.at_least is not None:
            return f"at least {self.at_least:g}{what}"
        if self.at_most is not None:
            return f"at most {self.at_most:g}{what}"
        return shown(self.equals)


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """A weighted measure on a straight line from `zero` (no points) to `full` (all), clipped at both ends.

    `base` says what is put on the scale: the value, its difference to the base's, or its ratio to it."""

    measure: str
    weight: float
    zero: float
    full: float
    base: str = "absolute"
    missing: str = "none"
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rubric:
    """Gates and criteria. `merge` can forbid merging by itself, and so does `agreement` unless somebody independent
    does the same; `noise` is in points of 100; `clear` and `leaning`
    are shares of the weight space."""

    name: str
    about: str = ""
    merge: str = "auto"
    agreement: bool = False
    gates: tuple[Gate, ...]
    criteria: tuple[Criterion, ...]
    noise: float = 2.0
    clear: float = CLEAR
    leaning: float = LEANING
    digest: str


# No file can waive it: a result that was tampered with says nothing.
INTEGRITY = Gate(measure="integrity", equals="clean")
# Nor this one, wherever a territory was given.
TERRITORY = Gate(measure="territory", at_most=0)


# What a key may hold. str: a text; float: a number; object: a text, a number, true or false; a number: one from 0
# to that; a tuple: one of these.
SHARED = {"measure": str, "base": ("absolute", "delta", "ratio"), "why": str}
KEYS: dict[str, dict[str, Any]] = {
    "rubric": {
        "name": str,
        "version": (1,),
        "about": str,
        "merge": ("auto", "ask", "never"),
        "agreement": (True, False),
    },
    "gate": {
        **SHARED,
        "is": object,
        "at_least": float,
        "at_most": float,
        "unless": UNLESS,
        "missing": ("fail", "pass"),
    },
    "criterion": {
        **SHARED,
        "weight": 1000,
        "zero": float,
        "full": float,
        "missing": ("none", "zero", "base", "fail"),
    },
    "confidence": {"noise": 100, "clear": 1, "leaning": 1},
}
NEEDED = {"measure", "weight", "zero", "full"}
Place = tuple[
    str, int, str | None
]  # table, its running number, key or None for its head


def load(text: str, *, name: str, known: Iterable[str]) -> Rubric:
    """Reads a rubric. `known` are the names of all measures.

    Raises ArenaError with all faults at once, each as `file:line: fault`.
    """
    lines = line_numbers(text)
    try:
        data = tomllib.loads(text)
        faults = [
            (lines.get(place) or lines.get((*place[:2], None), 1), words)
            for place, words in _faults(data, tuple(known))
        ]
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"line (\d+)", str(error))
        line = int(at[1]) if at else text.count("\n") + 1
        faults = [(line, f"not TOML: {error}")]
    if faults:
        told = [f"{name}:{line}: {words}" for line, words in sorted(faults)]
        raise ArenaError("\n".join([f"the rubric {name} has faults:", *told]))
    gates = [Gate(equals=gate.pop("is", None), **gate) for gate in data["gate"]]
    if INTEGRITY.measure not in [gate.measure for gate in gates]:
        gates.insert(0, INTEGRITY)
    head = {"name": Path(name).stem} | data.get("rubric", {})
    head.pop("version", None)
    return Rubric(
        gates=tuple(gates),
        criteria=tuple(Criterion(**table) for table in data.get("criterion", [])),
        digest=hashlib.sha256(text.encode()).hexdigest()[:12],
        **head,
        **data.get("confidence", {}),
    )


def find(name: str, *, folder: Path, shipped: Mapping[str, str]) -> tuple[str, str]:
    """(file name, text) of a rubric: a file, then `.arena/rubrics/NAME.toml`, then the shipped ones.

    Raises ArenaError if there is none, or it is too large or no text.
    """
    for path in (folder / name, folder / ".arena" / "rubrics" / f"{name}.toml"):
        if path.is_file():
            data = path.read_bytes()
            with contextlib.suppress(UnicodeDecodeError):
                if len(data) <= LIMIT:
                    return path.name, data.decode("utf-8-sig")
            raise ArenaError(f"{path} is no UTF-8 text of at most {LIMIT} bytes.")
    if name in shipped:
        return f"{name}.toml", shipped[name]
    guess = _guess(name, sorted(shipped))
    raise ArenaError(f'no rubric file "{name}", and no shipped one{guess}')


def shown(value: object) -> str:
    """A value of a measure in words."""
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


HEAD = re.compile(r"^\s*(\[\[?)\s*([^\]]+?)\s*\]\]?")
KEY = re.compile(r"""^\s*("[^"]*"|'[^']*'|[A-Za-z0-9_.-]+)\s*=""")


def line_numbers(text: str) -> dict[Place, int]:
    """The line of every table's head and every key; tomllib keeps no positions."""
    found: dict[Place, int] = {}
    table, number, quoted = "", 0, ""
    for position, line in enumerate(text.splitlines(), 1):
        if quoted:
            quoted = "" if quoted in line else quoted
            continue
        if head := HEAD.match(line):
            table = head[2]
            number = sum(t == table and key is None for t, _, key in found)
            found[table, number, None] = position
        elif key := KEY.match(line):
            word = key[1].strip("\"'")
            found[(table, number, word) if table else (word, 0, None)] = position
        quoted = next((m for m in ('"""', "'''") if line.count(m) % 2), "")
    return found


def _faults(
    data: dict[str, Any], known: tuple[str, ...]
) -> Iterator[tuple[Place, str]]:
    for kind in data.keys() - KEYS:
        yield (kind, 0, None), f'unknown table "{kind}"{_guess(kind, KEYS)}'
    if not data.get("gate"):
        yield ("", 0, None), "no gate: a candidate that breaks tests could win"
    for kind, keys in KEYS.items():
        many = "measure" in keys
        tables = data.get(kind, []) if many else [data.get(kind, {})]
        if type(tables) is not list or not all(isinstance(t, dict) for t in tables):
            right = f"[[{kind}]]" if many else f"[{kind}]"
            yield (kind, 0, None), f"write it as {right}"
            continue
        measures = [table.get("measure", number) for number, table in enumerate(tables)]
        for number, table in enumerate(tables):
            for key, words in _table_faults(kind, table, known):
                yield (kind, number, key), words
            if (measure := measures[number]) in measures[:number]:
                line = (kind, number, "measure")
                yield line, f'measure "{measure}" is used already'
        if (
            kind == "criterion"
            and tables
            and not any(t.get("weight", 1) for t in tables)
        ):
            yield (kind, 0, "weight"), "all weights are 0: nothing could be scored"


def _table_faults(
    kind: str, table: dict[str, Any], known: tuple[str, ...]
) -> Iterator[tuple[str | None, str]]:
    keys = KEYS[kind]
    for key in table.keys() | (NEEDED & keys.keys()):
        value = table.get(key)
        if key not in keys:
            yield key, f'unknown key "{key}" in {kind}{_guess(key, keys)}'
        elif wanted := _wanted(keys[key], value):
            yield key, f"{key} must be {wanted}, got {value!r}"
        elif (
            key == "measure" and value not in known and SPRINT.match(str(value)) is None
        ):
            yield key, f'unknown measure "{value}"{_guess(value, known)}'
    conditions = table.keys() & {"is", "at_least", "at_most"}
    if kind == "gate" and len(conditions) != 1:
        what = "more than one condition" if conditions else "no condition"
        words = f"{what}: give one of is, at_least, at_most"
        yield None, f'gate "{table.get("measure")}" has {words}'
    if "zero" in table and table["zero"] == table.get("full"):
        yield "zero", f"zero and full are both {table['zero']}: no value could tell"
    clear, leaning = table.get("clear", CLEAR), table.get("leaning", LEANING)
    if not _wanted(1, clear) and not _wanted(1, leaning) and clear < leaning:
        yield "clear", "clear must not be below leaning"


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _wanted(allowed: Any, value: Any) -> str | None:
    """In words, what the value should be; None if it is."""
    number = _is_number(value)
    kinds = {
        str: (isinstance(value, str), "a text"),
        float: (number, "a number"),
        object: (number or isinstance(value, bool | str), "a text, a number or true"),
    }
    if isinstance(allowed, tuple):
        good, words = value in allowed, " or ".join(map(str, allowed))
    elif isinstance(allowed, int):
        good = number and 0 <= value <= allowed
        words = f"a number from 0 to {allowed}"
    else:
        good, words = kinds[allowed]
    return None if good else words


def _guess(word: Any, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(known), 1, 0.5)
    return f'; did you mean "{near[0]}"?' if near else f"; known: {', '.join(known)}"
