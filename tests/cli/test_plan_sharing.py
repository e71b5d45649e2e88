"""What tasks of a plan share: contracts (E3) and hand-offs (B4)."""

import json

import pytest

from arena.contracts import Clash, additive
from arena.handoffs import Handoff, parse

from .test_plan import put, run, shop, task

__all__ = ["shop"]

CONTRACT = '[[contract]]\npath = "{path}"\npolicy = "{policy}"\n'


def shared(shop, path, text):
    (shop.path / path).write_text(text)
    shop.git("add", "-A")
    shop.git("commit", "-qm", path)


def adds(name, path, line):
    do = f"echo '{line}' >> {path}; {put(name + '.py')}"
    return task(name, do, owns=[f"/{name}.py"], contracts=[path], retries=0)


def test_e3_what_two_tasks_add_to_a_contract_is_joined(shop):
    shared(shop, "tokens.toml", 'a = "1"\n')
    contract = CONTRACT.format(path="tokens.toml", policy="additive")
    parts = [adds("x", "tokens.toml", 'x = "2"'), adds("y", "tokens.toml", 'y = "3"')]
    assert run(shop, contract, *parts)["state"] == "done"
    said = shop.git("show", "main:tokens.toml").splitlines()
    assert sorted(said) == ['a = "1"', 'x = "2"', 'y = "3"']
    assert {"x.py", "y.py"} <= set(shop.git("ls-tree", "--name-only", "main").split())


def test_e3_what_clashes_is_named_and_blocked(shop):
    shared(shop, "tokens.toml", 'a = "1"\n')
    contract = CONTRACT.format(path="tokens.toml", policy="additive")
    parts = [adds("x", "tokens.toml", 'k = "2"'), adds("y", "tokens.toml", 'k = "3"')]
    found = run(shop, contract, *parts, code=1)
    assert "tokens.toml can't be joined" in found["entries"]["y"]["why"]


@pytest.mark.parametrize(
    ("policy", "said"), [("critical", "is critical"), ("manual", "conflicts")]
)
def test_c8_e3_manual_and_critical_contracts_stop(shop, policy, said):
    shared(shop, "schema.sql", "-- tables\n")
    contract = CONTRACT.format(path="schema.sql", policy=policy)
    parts = [adds("x", "schema.sql", "x"), adds("y", "schema.sql", "y")]
    found = run(shop, contract, *parts, code=1)
    assert said in found["entries"]["y"]["why"]
    assert "schema.sql" in found["entries"]["y"]["why"]


def test_e3_only_who_declares_a_contract_may_change_it(shop):
    shared(shop, "schema.sql", "-- tables\n")
    contract = CONTRACT.format(path="schema.sql", policy="manual")
    found = run(shop, contract, task("x", "echo >> schema.sql", retries=0), code=1)
    assert "territory: 1" in found["entries"]["x"]["why"]


NOTE = """# Handoff from UI

## Required Changes

### For core:
- [ ] File: `core/api.py`
- [ ] Change needed: do: {do}
- [ ] Reason: the page shows it
- [ ] Blocking: {blocking}
"""


@pytest.mark.parametrize("blocking", ["Yes", "No"])
def test_b4_a_blocking_handoff_is_done_by_its_owner_before_the_merge(
    shop, tmp_path, blocking
):
    note = tmp_path / "note.md"
    note.write_text(NOTE.format(do=put("core/api.py", "y = 2"), blocking=blocking))
    streams = '[[stream]]\nname = "core"\nowns = ["/core/"]\n[[stream]]\nname = "ui"\nowns = ["/ui/"]\n'
    do = f"{put('ui/a.py')}; cp {note} HANDOFF_FROM_UI.md"
    found = run(shop, streams, task("page", do, stream="ui"))
    assert found["state"] == "done"
    [told] = [e["data"] for e in shop.events(found["run"]) if e["kind"] == "handoff"]
    assert (told["domain"], told["file"]) == ("core", "core/api.py")
    files = shop.git("ls-tree", "-r", "--name-only", "main").split()
    assert "HANDOFF_FROM_UI.md" not in files
    assert ("core/api.py" in files) == (blocking == "Yes")


@pytest.mark.parametrize("file", ["**", "/", "other.py"])
def test_b4_what_no_stream_owns_is_no_agents_to_give_away(shop, tmp_path, file):
    note = tmp_path / "note.md"
    said = NOTE.format(do="echo > stray.py", blocking="Yes")
    note.write_text(said.replace("core/api.py", file).replace("core:", "nobody:"))
    stream = '[[stream]]\nname = "ui"\nowns = ["/ui/"]\n'
    do = f"{put('ui/a.py')}; cp {note} HANDOFF_FROM_UI.md"
    found = run(shop, stream, task("page", do, stream="ui", retries=0), code=1)
    assert "which no stream owns" in found["entries"]["page"]["why"]
    staging = f"arena/{found['run']}/staging"
    assert "stray.py" not in shop.git("ls-tree", "--name-only", staging)


def test_b4_the_documents_own_format_is_read():
    text = NOTE.format(do="x", blocking="Yes") + "- [x] **File**: b.py\n- Change: y\n"
    first, second = parse(text)
    facts = {"change": "do: x", "reason": "the page shows it", "blocking": True}
    assert first == Handoff(domain="core", file="core/api.py", **facts)
    assert second == Handoff(domain="core", file="b.py", change="y")
    assert list(parse("nothing here")) == []


@pytest.mark.parametrize(
    ("path", "base", "ours", "theirs", "merged"),
    [
        ("a.json", {"a": 1}, {"a": 1, "b": 2}, {"a": 1, "c": 3}, {"a": 1, "b": 2, "c": 3}),
        ("a.json", {"a": {}}, {"a": {"x": 1}}, {"a": {"y": 2}}, {"a": {"x": 1, "y": 2}}),
        ("a.json", {"a": 1}, {"a": 1, "b": 2}, {"a": 1, "b": 2}, {"a": 1, "b": 2}),
        ("a.json", {"a": 1}, {"a": 2}, {"a": 1, "b": 1}, {"a": 2, "b": 1}),
        ("a.json", {"a": 1}, {"a": 2}, {"a": 3}, "both change a"),
        ("a.json", {"a": 1}, {"a": 1, "b": 2}, {"a": 1, "b": 3}, "both change b"),
        ("a.json", {"a": 1}, {"b": 2}, {"a": 1, "c": 3}, "takes away a"),
        ("a.toml", "a = 1\n", "a = 1\nb = 2\n", "a = 1\nb = 3\n", "no TOML"),
        ("a.toml", "a = 1\n", "a = 2\n", "a = 1\nb = 3\n", "changes 'a = 1'"),
        ("a.yaml", "a: 1\n", "a: 1\nb: 2\n", "a: 1\nb: 3\n", "both add b"),
        ("a.txt", "a", "a\nb", "a\nc", "changes 'a'"),
        ("a.txt", "1\n2\n", "0\n1\n2\n", "1\n2\n3\n", "0\n1\n2\n3\n"),
        ("a.txt", "", "x\n", "y\n", "x\ny\n"),
    ],
)  # fmt: skip
def test_what_is_added_is_joined_and_what_clashes_is_named(path, base, ours, theirs, merged):  # fmt: skip
    def as_bytes(side):
        return (side if isinstance(side, str) else json.dumps(side)).encode()

    sides = [as_bytes(side) for side in (base, ours, theirs)]
    if isinstance(merged, str) and (" " in merged):
        with pytest.raises(Clash, match=merged):
            additive(path, *sides)
    elif path.endswith(".json"):
        assert json.loads(additive(path, *sides)) == merged
    else:
        assert additive(path, *sides).decode() == merged
