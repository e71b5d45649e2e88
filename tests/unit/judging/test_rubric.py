"""Rubric files: the shipped ones load, and every fault of a bad one is told at once, with line and key."""

import pytest

from arena import rubric
from arena.commands.judge import shipped_rubrics
from arena.errors import ArenaError
from arena.evaluation import measures

GATE = '[[gate]]\nmeasure = "integrity"\nis = "clean"\n'


def load(text):
    return rubric.load(text, name="r.toml", known=measures.KNOWN)


def faults(text):
    with pytest.raises(ArenaError) as caught:
        load(text)
    return str(caught.value).splitlines()[1:]


def test_there_are_five_shipped_rubrics():
    assert sorted(shipped_rubrics()) == [
        "default", "exploration", "merge-safe", "performance", "test-first",
    ]  # fmt: skip


@pytest.mark.parametrize("name", sorted(shipped_rubrics()))
def test_a_shipped_rubric_loads_and_says_what_it_is_for(name):
    found = load(shipped_rubrics()[name])
    assert found.name == name
    assert found.about
    assert found.gates[0].measure == "integrity"
    assert (found.noise, found.clear, found.leaning) == (2.0, 0.9, 0.6)


@pytest.mark.parametrize("name", sorted(shipped_rubrics()))
def test_size_is_never_counted_by_default(name):
    found = load(shipped_rubrics()[name])
    assert not any(c.weight for c in found.criteria if c.measure.startswith("diff."))


def test_what_a_file_leaves_out_has_its_default():
    found = load(GATE)
    assert (found.name, found.about, found.merge) == ("r", "", "auto")
    gate = found.gates[0]
    assert (gate.missing, gate.base, gate.unless, gate.why) == (
        "fail",
        "absolute",
        None,
        None,
    )
    assert (found.noise, found.clear, found.leaning) == (2.0, 0.9, 0.6)


def test_the_digest_is_that_of_the_text():
    assert load(GATE).digest == load(GATE).digest
    assert load(GATE).digest != load(GATE + "# other\n").digest
    assert len(load(GATE).digest) == 12


def test_all_faults_of_a_file_are_told_at_once_in_the_order_of_their_lines():
    text = """\
[rubric]
name = 3
version = 2
merge = "sometimes"
[gates]
[[gate]]
measure = "regresions"
at_most = 0
[[gate]]
measure = "merges"
[[gate]]
measure = "compiles"
is = true
at_least = 1
[[gate]]
measure = "effective"
at_most = true
unless = "monday"
missing = "ask"
[[criterion]]
measure = "coverage.changed"
wieght = 1
zero = 0.8
full = 0.8
[[criterion]]
measure = "coverage.changed"
weight = "a lot"
zero = nan
full = 1
missing = "average"
base = "pool"
why = 4
[confidence]
noise = -1
clear = 0.9
leaning = 2
[[criterium]]
"""
    told = faults(text)
    for line, words in [
        (2, ["name", "text", "3"]),
        (3, ["version", "2"]),
        (4, ["merge", "auto", "ask", "never", "sometimes"]),
        (5, ['"gates"', 'did you mean "gate"']),
        (7, ['"regresions"', 'did you mean "regressions"']),
        (9, ['"merges"', "no condition", "at_least"]),
        (11, ['"compiles"', "more than one condition"]),
        (17, ["at_most", "number", "True"]),
        (18, ["unless", "no required tests", "monday"]),
        (19, ["missing", "fail", "pass", "ask"]),
        (20, ["weight", "number", "None"]),
        (22, ['"wieght"', 'did you mean "weight"']),
        (23, ["zero", "full", "0.8"]),
        (26, ['"coverage.changed"', "already"]),
        (27, ["weight", "0 to 1000", "a lot"]),
        (28, ["zero", "number", "nan"]),
        (30, ["missing", "zero", "average"]),
        (31, ["base", "delta", "pool"]),
        (32, ["why", "text", "4"]),
        (34, ["noise", "0 to 100", "-1"]),
        (36, ["leaning", "0 to 1", "2"]),
        (37, ['"criterium"', 'did you mean "criterion"']),
    ]:  # fmt: skip
        at = [t for t in told if t.startswith(f"r.toml:{line}: ")]
        assert any(all(word in t for word in words) for t in at), (line, words, told)
    lines = [int(t.split(":")[1]) for t in told]
    assert lines == sorted(lines)
    assert len(told) == len(set(told)) == 22


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "no gate"),
        ("[gate]\nmeasure = 'merges'\nis = true", 1, "[[gate]]"),
        ("[[rubric]]\nname = 'x'\n" + GATE, 1, "[rubric]"),
        ("gate = 3", 1, "[[gate]]"),
        ("rubric = 3\n" + GATE, 1, "[rubric]"),
        ("# why\nname = 'x'\n" + GATE, 2, "name"),
        ("[[gate]]\nis = true", 1, "measure"),
        ("[[gate]]\nmeasure = 7\nis = true", 2, "measure"),
        ("[[gate]]\nmeasure = 'merges'\nis = []", 3, "is"),
        ("[[gate]]\nmeasure = 'merges'\nis = nan", 3, "is"),
        ("[[gate]]\nmeasure = 'regressions'\nat_most = inf", 3, "at_most"),
        (GATE + "[[criterion]]\nmeasure='static.new'\nweight=1001\nzero=1\nfull=0", 6, "weight"),
        (GATE + "[[criterion]]\nmeasure='static.new'\nweight=-1\nzero=1\nfull=0", 6, "weight"),
        (GATE + "[[criterion]]\nmeasure='static.new'\nweight=true\nzero=1\nfull=0", 6, "weight"),
        (GATE + "[[criterion]]\nmeasure='static.new'\nweight=1\nfull=0", 4, "zero"),
        (GATE + "[[criterion]]\nmeasure='static.new'\nweight=0\nzero=1\nfull=0", 6, "all weights are 0"),
        (GATE + "[confidence]\nclear = 0.5\nleaning = 0.6", 5, "leaning"),
        ("a = \n", 1, "not TOML"),
        (GATE + "why = '''", 4, "not TOML"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_line_and_key(text, line, words):
    told = faults(text)
    assert any(t.startswith(f"r.toml:{line}: ") and words in t for t in told), told


def test_no_gate_is_told_beside_other_faults():
    told = faults("[rubric]\nmerge = 'x'\n")
    assert len(told) == 2
    assert "no gate" in told[0]


def test_lines_are_right_after_texts_over_several_lines():
    text = (
        GATE
        + 'why = """\n[[gate]]\nmeasure = 3\n"""\n[[gate]]\nmeasure = "x"\nis = 1\n'
    )
    (told,) = faults(text)
    assert told.startswith("r.toml:9: ")


def test_integrity_is_a_gate_of_every_rubric():
    found = load("[[gate]]\nmeasure = 'merges'\nis = true\n")
    assert [(g.measure, g.condition) for g in found.gates] == [
        ("integrity", "clean"),
        ("merges", "yes"),
    ]


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("is = true", "yes"),
        ("is = false", "no"),
        ("is = 1", "1"),
        ("is = 0", "0"),
        ("is = 'clean'", "clean"),
        ("at_least = 0.5", "at least 0.5"),
        ("at_most = 0", "at most 0"),
        ("at_most = 0.95\nbase = 'ratio'", "at most 0.95 of the base's"),
    ],
)
def test_a_condition_in_words(condition, words):
    found = load(f"{GATE}[[gate]]\nmeasure = 'merges'\n{condition}\n")
    assert found.gates[1].condition == words


def test_a_rubric_is_found_as_a_file_then_in_the_project_then_among_the_shipped(
    tmp_path,
):
    shipped = {"default": "shipped"}
    assert rubric.find("default", folder=tmp_path, shipped=shipped) == (
        "default.toml",
        "shipped",
    )
    own = tmp_path / ".arena" / "rubrics" / "default.toml"
    own.parent.mkdir(parents=True)
    own.write_text("own", "utf-8")
    assert rubric.find("default", folder=tmp_path, shipped=shipped) == (
        "default.toml",
        "own",
    )
    (tmp_path / "x.toml").write_bytes(b"\xef\xbb\xbffile")
    assert rubric.find("x.toml", folder=tmp_path, shipped=shipped) == ("x.toml", "file")
    assert rubric.find(str(tmp_path / "x.toml"), folder=own.parent, shipped={}) == (
        "x.toml",
        "file",
    )


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("defualt", None, 'did you mean "default"'),
        ("zzz", None, "default"),
        ("big.toml", b"#" * 65537, "65536"),
        ("raw.toml", b"\xff\xfe", "UTF-8"),
    ],
)
def test_a_rubric_that_can_not_be_had_is_refused(tmp_path, name, data, words):
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(ArenaError, match=words):
        rubric.find(name, folder=tmp_path, shipped={"default": ""})
