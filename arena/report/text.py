"""Words and numbers of the report: cleaning of foreign text, titles, and values with their units."""

import math
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

NOT_MEASURED = "not measured"
TITLES = {
    "bench.seconds": "Benchmark time",
    "compiles": "Parses",
    "complexity.mean": "Mean complexity",
    "complexity.worst": "Worst function",
    "coverage.changed": "Changed lines covered",
    "coverage.files": "Coverage of changed files",
    "deps.added": "Dependencies added",
    "diff.files": "Changed files",
    "diff.source_lines": "Changed lines of source",
    "diff.test_lines": "Changed lines of tests",
    "effective": "Changes code",
    "import.proven": "Own code imported",
    "merges": "Merges cleanly",
    "regressions": "Broken tests",
    "required.passed": "Required tests passed",
    "static.new": "New static findings",
    "static.undefined": "Undefined names",
    "tests.fixed": "Tests mended",
    "tests.intermittent": "Intermittent failures",
}
# Values of these keys are texts of several lines; everywhere else a line break is made visible.
_SEVERAL_LINES = ("prompt", "message", "tail", "log_tail", "job", "output", "approach")
# Units that the figure itself shows, or that say nothing to a reader.
_SILENT_UNITS = ("", "share", "seconds", "ratio", "points")


def clean(text: str, keep: str = "") -> str:
    """Make control, format and bidirectional characters and lone surrogates visible: `\\x1b`, `\\u202e`.

    Characters in `keep` (usually line break and tab) stay. The result can be encoded as UTF-8 and printed.
    """
    if text.isprintable():
        return text
    if "\n" in keep:
        text = text.replace("\r\n", "\n")
    # Ideographic space is ordinary text in Japanese; Python calls it unprintable.
    fine = keep + "\u3000"
    return "".join(
        c if c.isprintable() or c in fine else c.encode("unicode_escape").decode()
        for c in text
    )


def clean_tree(value: Any, key: str = "") -> Any:
    """A copy of JSON-like data in which every string, also of keys, went through `clean`."""
    if isinstance(value, str):
        keep = "\n\t" if key in _SEVERAL_LINES else "\t" if key == "lines" else ""
        return clean(value, keep)
    if isinstance(value, Mapping):
        return {clean(str(k)): clean_tree(v, str(k)) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [clean_tree(item, key) for item in value]
    return value


def title(measure: str) -> str:
    """Words for a measure: `diff.moved_lines` gives `Diff moved lines`."""
    words = (
        measure.removeprefix("sprint.")
        .replace(".", " ")
        .replace("_", " ")
        .replace("-", " ")
    )
    return TITLES.get(measure, words[:1].upper() + words[1:])


def plural(count: int, word: str) -> str:
    """`1 test`, `2 tests`."""
    return f"{number(count)} {word if count == 1 else word + 's'}"


def ranges(lines: Sequence[int]) -> str:
    """Line numbers as ranges: `3\u20139, 12`; `none` where there is none."""
    # In a run of numbers, each has the same distance to its place.
    placed = enumerate(sorted(set(lines)))
    runs = [[n for _, n in run] for _, run in groupby(placed, lambda p: p[1] - p[0])]
    ends = [run if run[0] == run[-1] else (run[0], run[-1]) for run in runs]
    return ", ".join("\u2013".join(map(str, end)) for end in ends) or "none"


def number(value: float, digits: int = 1) -> str:
    """A figure without unit: at most `digits` after the point, with commas from 10,000."""
    size = abs(round(float(value), digits))
    text = f"{size:{',' if size >= 10_000 else ''}.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"\u2212{text}" if size and value < 0 else text


def figure(value: float, unit: str = "") -> str:
    """A measured figure with four digits that say something, and its unit: `0.001234 ms`, `1,523 MB`."""
    digits = max(0, 3 - math.floor(math.log10(abs(value)))) if value else 0
    return f"{number(value, digits)} {unit}".rstrip()


def points(value: float) -> str:
    """Points always carry one decimal: `83.0`."""
    return f"{value:.1f}".replace("-", "\u2212")


def signed(value: float, digits: int = 1) -> str:
    """A difference with its sign: `+3`, `\u22126`, `+0`."""
    text = number(value, digits)
    return text if text.startswith("\u2212") else f"+{text}"


def step(before: float, after: float) -> str:
    """How much a figure changed."""
    return signed(after - before)


def percent(share: float) -> str:
    """A share from 0 to 1 as whole percent; never rounded to a 0 or 100 that it is not."""
    whole = round(share * 100)
    if share > 0 and whole == 0:
        return "under 1 %"
    return "over 99 %" if share < 1 and whole == 100 else f"{number(whole)} %"


def duration(seconds: float) -> str:
    """`0.42 s`, `3.2 s`, `5m 12s`, `1h 05m`."""
    if seconds < 59.95:
        return f"{seconds:.{2 if seconds < 1 else 1}f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}m {rest:02d}s"
    return f"{minutes // 60}h {minutes % 60:02d}m"


def ratio(value: float) -> str:
    """`\u00d70.95`."""
    return f"\u00d7{number(value, 2)}"


_FORMS = {"share": percent, "seconds": duration, "ratio": ratio}


def value_text(value: Any, unit: str, title: str | None = None) -> str:
    """A measured value as a table shows it, with its unit where the figure needs it (%, s).

    With `title`, as a sentence shows it: with the unit's word unless the title says it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, int | float):
        return str(value)
    text = _FORMS[unit](value) if unit in _FORMS else number(value, 2)
    if title is None or unit in _SILENT_UNITS or unit.lower() in title.lower():
        return text
    return f"{text} {unit.removesuffix('s') if value == 1 else unit}"


def why_missing(measurement: Mapping[str, Any] | None) -> str:
    """The reason why a value is absent, in words; never empty."""
    reason = measurement.get("why_none") if measurement else None
    return str(reason or "the judge recorded no reason")


def on_scale(value: float, unit: str, base: str) -> str:
    """A point on the scale on which a criterion is counted: a value, a difference or a ratio to the base."""
    if base == "ratio":
        return ratio(value)
    if base == "delta":
        part = unit == "share"
        return f"{signed(value * 100, 0)} %-points" if part else signed(value, 2)
    return value_text(value, unit)


def against_base(value: Any, base: Any, unit: str, scale: str) -> str:
    """`7 on the base, +3`: the value of the base, and the distance to it where the criterion counts it."""
    text = f"{value_text(base, unit)} on the base"
    if isinstance(value, str) or isinstance(base, str):
        return text
    if scale == "delta":
        return f"{text}, {on_scale(value - base, unit, scale)}"
    return f"{text}, {ratio(value / base)}" if scale == "ratio" and base else text
