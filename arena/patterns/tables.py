"""Files of the user's (TOML) as records: all faults at once, each with its key."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, fields
from difflib import get_close_matches
from typing import Any

from arena.errors import ArenaError

KINDS: dict[str, tuple[type, str]] = {
    "str": (str, "a text"),
    "int": (int, "a whole number from 0"),
    "bool": (bool, "true or false"),
    "Texts": (list, "a list of texts"),
}
Fault = tuple[str, str]  # key, what is wrong
Tables = Mapping[str, Any]  # name of a table → its record, whose fields are the keys


def loads(text: str, *, name: str) -> dict[str, Any]:
    """The tables in the text of a file called `name`. Raises ArenaError if it is no TOML."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ArenaError(f"{name}: not TOML: {error}") from error


def complain(what: str, name: str, faults: Sequence[Fault]) -> None:
    """Raises ArenaError with all faults of a file, each as `file: key: fault`; none: does nothing."""
    if faults:
        told = [f"{name}: {key}: {words}" for key, words in faults]
        raise ArenaError("\n  ".join([f"{what} has faults:", *told]))


def shape(
    data: Mapping[str, Any], tables: Tables, called: Mapping[str, str]
) -> Iterator[Fault]:
    """What is wrong with keys and types; `called` gives the keys of fields that are called otherwise in a file."""
    for table, record in tables.items():
        rows = data.get(table, [])
        if not isinstance(rows, list) or not all(isinstance(r, dict) for r in rows):
            yield table, f"write it as [[{table}]]"
            continue
        known = {called.get(f.name, f.name): str(f.type) for f in fields(record)}
        needed = {f.name for f in fields(record) if f.default is MISSING}
        for number, row in enumerate(rows, 1):
            where = row.get("id") or row.get("name") or row.get("path") or number
            yield from keys(f"{table} {where}", row, known, needed)


def keys(
    where: str, row: Mapping[str, Any], known: Mapping[str, str], needed: set[str]
) -> Iterator[Fault]:
    """What is wrong with one table; `known` are the types of its keys, `needed` those that must be there."""
    for key in sorted(needed - row.keys()):
        yield f"{where}.{key}", "missing"
    for key, value in row.items():
        if key not in known:
            yield f"{where}.{key}", f"unknown key{near(key, known)}"
            continue
        kind, words = KINDS[known[key].removesuffix(" | None")]
        good = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
        if kind is list:
            good = good and all(isinstance(one, str) and one for one in value)
        elif kind is int:
            good = good and 0 <= value <= 100_000
        if not good or (key in needed and not value):
            yield f"{where}.{key}", f"must be {words}, not {value!r}"


def records(
    data: Mapping[str, Any], tables: Tables, called: Mapping[str, str]
) -> dict[str, tuple[Any, ...]]:
    """Name of a table → its records, once `shape` has found nothing wrong."""
    named = {key: field for field, key in called.items()}
    return {
        table: tuple(
            record(**frozen({named.get(k, k): v for k, v in row.items()}))
            for row in data.get(table, [])
        )
        for table, record in tables.items()
    }


def frozen(row: Mapping[str, Any]) -> dict[str, Any]:
    """A table with tuples for its lists."""
    return {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}


def near(word: str, known: Any) -> str:
    """The known word that was probably meant, as the end of a message; '' if none is near."""
    found = get_close_matches(word, list(known), 1, 0.5)
    return f'; did you mean "{found[0]}"?' if found else ""
