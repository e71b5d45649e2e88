"""Words and numbers of the report: cleaning of foreign text, units, and the sentence of a criterion."""

import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

NOT_MEASURED = "not measured"

# Ideographic space is ordinary text in Japanese; Python calls it unprintable.
_ORDINARY = "\u3000"
# Values of these keys are texts of several lines; everywhere else a line break is made visible.
_SEVERAL_LINES = frozenset({"prompt", "message", "tail", "log_tail"})
# Units that the figure itself shows, or that say nothing to a reader.
_SILENT_UNITS = frozenset(
    {
        "",
        "share",
        "percent",
        "seconds",
        "ratio",
        "bytes",
        "points",
        "bool",
        "text",
        "count",
    }
)

_TITLES = {
    "coverage.changed": "Changed lines covered",
    "complexity.worst": "Complexity",
    "required.passed": "Required tests",
    "tests.required": "Required tests",
    "tests.fixed": "Tests fixed",
    "no-regression": "Regressions",
    "static.new": "New findings",
    "diff.lines": "Lines",
}


def clean(text: str, keep: str = "") -> str:
    """Make control, format and bidirectional characters and lone surrogates visible: `\\x1b`, `\\u202e`.

    Characters in `keep` (usually line break and tab) stay. The result can be encoded as UTF-8 and printed.
    """
    if text.isprintable():
        return text
    if "\n" in keep:
        text = text.replace("\r\n", "\n")
    return "".join(
        c if c.isprintable() or c in keep or c in _ORDINARY else _visible(c)
        for c in text
    )


def _visible(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def clean_tree(value: Any, key: str = "") -> Any:
    """A copy of JSON-like data in which every string, also of keys, went through `clean`."""
    if isinstance(value, str):
        return clean(
            value,
            keep="\n\t" if key in _SEVERAL_LINES else "\t" if key == "lines" else "",
        )
    if isinstance(value, Mapping):
        return {
            clean(str(name)): clean_tree(item, str(name))
            for name, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [clean_tree(item, key) for item in value]
    return value


def cells(text: str) -> int:
    """How many terminal cells a text takes: wide characters two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(_width(c) for c in text)


def _width(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) == "Mn":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def cut(text: str, limit: int, mark: str = "…") -> str:
    """The text in at most `limit` cells; `mark` stands at the end where something was left out."""
    if cells(text) <= limit:
        return text
    room, kept = limit - cells(mark), ""
    for character in text:
        room -= _width(character)
        if room < 0:
            break
        kept += character
    return kept + mark


def plural(count: int, word: str) -> str:
    """`1 test`, `2 tests`."""
    return f"{number(count)} {word if count == 1 else word + 's'}"


def number(value: float, digits: int = 1) -> str:
    """A figure without unit: whole numbers as they are (with commas from 10,000), others with `digits`."""
    rounded = round(float(value), digits)
    if rounded == int(rounded):
        text = (
            f"{abs(int(rounded)):,}"
            if abs(rounded) >= 10_000
            else str(abs(int(rounded)))
        )
    else:
        text = f"{abs(rounded):,.{digits}f}".rstrip("0")
    return f"\u2212{text}" if rounded < 0 else text


def points(value: float) -> str:
    """Points always carry one decimal: `83.0`."""
    return f"{value:.1f}".replace("-", "\u2212")


def signed(value: float, digits: int = 1) -> str:
    """A difference with its sign: `+3`, `\u22126`, `+0`."""
    text = number(value, digits)
    return text if text.startswith("\u2212") else f"+{text}"


def percent(share: float) -> str:
    """A share from 0 to 1 as whole percent; never rounded to a 0 or 100 that it is not."""
    whole = round(share * 100)
    if share > 0 and whole == 0:
        return "under 1 %"
    if share < 1 and whole == 100:
        return "over 99 %"
    return f"{number(whole)} %"


def duration(seconds: float) -> str:
    """`0.42 s`, `3.2 s`, `5m 12s`, `1h 05m`."""
    if seconds < 1:
        return f"{seconds:.2f} s"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02d}s"
    return f"{whole // 3600}h {whole % 3600 // 60:02d}m"


def _bytes(value: float) -> str:
    for unit in ("B", "kB", "MB"):
        if abs(value) < 1000:
            return f"{number(value)} {unit}"
        value /= 1000
    return f"{number(value)} GB"


def _times(value: float) -> str:
    return f"\u00d7{number(value, 2)}"


_FORMS: dict[str, Callable[[float], str]] = {
    "share": percent,
    "percent": lambda value: f"{number(value)} %",
    "seconds": duration,
    "bytes": _bytes,
    "ratio": _times,
}


def value_text(value: Any, unit: str | None = None) -> str:
    """A measured value as a table shows it; the unit stands there when the figure needs it (%, s, bytes)."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, int | float):
        return str(value)
    form = _FORMS.get(unit or "")
    return form(value) if form else number(value, 2)


def long_text(value: Any, unit: str | None, title: str = "") -> str:
    """A value as a sentence shows it: like `value_text`, with the unit's word unless the title says it."""
    text, word = value_text(value, unit), unit or ""
    plain = not isinstance(value, int | float) or isinstance(value, bool)
    if plain or word in _SILENT_UNITS or word.lower() in title.lower():
        return text
    singular = value == 1 and word.endswith("s")
    return f"{text} {word[:-1] if singular else word}"


def measure_title(measure: str) -> str:
    """Words for a measure that brings no title of its own: `diff.moved_lines` gives `Diff moved lines`."""
    words = measure.replace(".", " ").replace("_", " ").replace("-", " ")
    return _TITLES.get(measure, words[:1].upper() + words[1:])


def why_missing(measurement: Mapping[str, Any] | None) -> str:
    """The reason why a value is absent, in words; never empty."""
    reason = measurement.get("why_none") if measurement else None
    return str(reason) if reason else "the judge recorded no reason"


def _anchor(value: float, unit: str, base: str) -> str:
    """An anchor point of a criterion, on the scale on which the criterion is counted."""
    if base == "ratio":
        return _times(value)
    if base == "delta":
        return (
            f"{signed(value * 100, 0)} %-points"
            if unit == "share"
            else signed(value, 2)
        )
    return value_text(value, unit)


def scale_text(criterion: Mapping[str, Any]) -> str:
    """`+10 gives 0, \u22125 gives all`: the two anchor points in words."""
    unit, base = criterion.get("unit") or "", criterion.get("base") or "absolute"
    zero, full = (_anchor(criterion[end], unit, base) for end in ("zero", "full"))
    return f"{zero} gives 0, {full} gives all"


def against_base(criterion: Mapping[str, Any], value: Any, base_value: Any) -> str:
    """`7 on the base, +3`: the value of the base, and the distance to it where the criterion counts it."""
    if base_value is None:
        return ""
    unit, base = criterion.get("unit") or "", criterion.get("base") or "absolute"
    text = f"{value_text(base_value, unit)} on the base"
    if isinstance(value, str) or isinstance(base_value, str):
        return text
    if base == "delta":
        return f"{text}, {_anchor(value - base_value, unit, base)}"
    if base == "ratio" and base_value:
        return f"{text}, {_times(value / base_value)}"
    return text


def criterion_sentence(
    criterion: Mapping[str, Any],
    measurement: Mapping[str, Any] | None,
    earned: float | None,
) -> str:
    """What a candidate has, what the base has, and what that earns, in one sentence.

    `earned` is in points of the criterion's weight; None means that the criterion was not counted.
    """
    title = criterion.get("title") or measure_title(criterion["measure"])
    joint = " " if ":" in title else ": "
    value = measurement.get("value") if measurement else None
    if measurement is None or value is None:
        return f"{title}{joint}{NOT_MEASURED} ({why_missing(measurement)}); dropped for all candidates."
    unit = measurement.get("unit") or criterion.get("unit") or ""
    base = against_base({**criterion, "unit": unit}, value, measurement.get("base"))
    has = f"{title}{joint}{long_text(value, unit, title)}" + (
        f" ({base})" if base else ""
    )
    if not criterion["weight"]:
        return f"{has}; shown, not counted."
    if earned is None:
        return f"{has}; not counted."
    scale = scale_text({**criterion, "unit": unit})
    return f"{has}, {points(earned)} of {number(criterion['weight'])}: {scale}."
