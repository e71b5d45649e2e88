"""Words and figures: cleaning, units, sentences."""

import html
from typing import Any

import pytest

from arena.machine import resources
from arena.report import text
from arena.report.subject import prepare

CRITERION = {
    "measure": "complexity.worst",
    "title": "Complexity: worst function",
    "weight": 15.0,
    "zero": 10.0,
    "full": -5.0,
    "base": "delta",
    "unit": "points",
}


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain", "plain"),
        ("é漢字🙂", "é漢字🙂"),
        ("a\x00b", "a\\x00b"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\u2066x\u2069", "\\u2066x\\u2069"),
        ("\u2028", "\\u2028"),
        ("\ud800", "\\ud800"),
        ("\x85\x9b", "\\x85\\x9b"),
        ("a\nb\tc", "a\\nb\\tc"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_clean_shows_what_could_deceive(raw: str, shown: str) -> None:
    assert text.clean(raw) == shown
    shown.encode()


def test_clean_keeps_only_what_is_asked() -> None:
    assert text.clean("a\r\n\tb\rc", keep="\n\t") == "a\n\tb\\rc"


def test_clean_tree_reaches_keys_and_nested_values() -> None:
    found = text.clean_tree(
        {
            "a\x00": [{"b": ["\x1b"]}],
            "log_tail": "x\ny",
            "lines": [["add", 1, 2, "\ta\n"]],
        }
    )
    assert found == {
        "a\\x00": [{"b": ["\\x1b"]}],
        "log_tail": "x\ny",
        "lines": [["add", 1, 2, "\ta\\n"]],
    }


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (0.913, "share", "91 %"),
        (0.9999, "share", "over 99 %"),
        (0.0001, "share", "under 1 %"),
        (1.0, "share", "100 %"),
        (0.0, "share", "0 %"),
        (True, "", "yes"),
        (False, "share", "no"),
        (0.42, "seconds", "0.42 s"),
        (3.2, "seconds", "3.2 s"),
        (59.97, "seconds", "1m 00s"),
        (312, "seconds", "5m 12s"),
        (3900, "seconds", "1h 05m"),
        (0.951, "ratio", "\u00d70.95"),
        (12345, "lines", "12,345"),
        (-3, "points", "\u22123"),
        ("clean", "", "clean"),
    ],
)
def test_values_carry_their_unit(value: object, unit: str, shown: str) -> None:
    assert text.value_text(value, unit) == shown


@pytest.fixture
def sentence(sample: Any) -> Any:
    """The macro of that name as the page uses it."""
    imported = '{% from "parts/words.j2" import sentence with context %}'
    made = resources.environment().from_string(imported + "{{ sentence(*given) }}")
    doc = prepare(sample.winner())
    return lambda *given: html.unescape(made.render(given=given, doc=doc, text=text))


def test_sentence_of_a_difference_to_the_base(sentence: Any) -> None:
    measured = {"value": 10, "unit": "points", "base": 7, "why_none": None}
    assert sentence(CRITERION, measured, 7.0) == (
        "Complexity: worst function 10 (7 on the base, +3), 7.0 of 15: +10 gives 0, \u22125 gives all."
    )


def test_sentence_of_a_missing_value_gives_the_reason(sentence: Any) -> None:
    missing = {
        "value": None,
        "unit": "share",
        "base": None,
        "why_none": "time limit 120 s",
    }
    said = sentence({**CRITERION, "title": "Mutants"}, missing, None)
    assert (
        said == "Mutants: not measured (time limit 120 s); dropped for all candidates."
    )
    assert "the judge recorded no reason" in sentence(CRITERION, None, None)


def test_sentence_of_a_share_and_of_weight_zero(sentence: Any) -> None:
    share = {
        **CRITERION,
        "title": "Covered",
        "base": "absolute",
        "zero": 0.0,
        "full": 0.8,
        "weight": 30.0,
    }
    measured = {"value": 0.4, "unit": "share", "base": None, "why_none": None}
    said = sentence(share, measured, 15.0)
    assert said == "Covered: 40 %, 15.0 of 30: 0 % gives 0, 80 % gives all."
    assert sentence({**share, "weight": 0}, measured, None).endswith(
        "shown, not counted."
    )


def test_sentence_of_a_ratio(sentence: Any) -> None:
    ratio = {
        **CRITERION,
        "title": "Speed",
        "base": "ratio",
        "zero": 1.0,
        "full": 0.5,
        "weight": 70.0,
    }
    measured = {"value": 1.5, "unit": "seconds", "base": 2.0, "why_none": None}
    said = sentence(ratio, measured, 35.0)
    assert (
        said
        == "Speed: 1.5 s (2.0 s on the base, \u00d70.75), 35.0 of 70: \u00d71 gives 0, \u00d70.5 gives all."
    )
