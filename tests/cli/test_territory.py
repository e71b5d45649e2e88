"""Territories (rows B1 and B2): whatever differs outside of what an entry owns keeps it out, by whatever way."""

import pytest

from arena.territory import Territory

BLOB, RUN, LINK, MODULE = "100644", "100755", "120000", "160000"
OWNED = "src/calc.py"
# Each: what is put into the tree (mode, content, path), and what is taken out of it.
ESCAPES = {
    "edit": ([(BLOB, "x = 1\n", "other.py")], []),
    "add": ([(BLOB, "x = 1\n", "new.py")], []),
    "add-empty": ([(BLOB, "", "empty")], []),
    "add-deep": ([(BLOB, "", "a/b/c/d/src/calc.py")], []),
    "delete": ([], ["other.py"]),
    "rename-in": ([(BLOB, "x = 0\n", "src/other.py")], ["other.py"]),
    "rename-out": ([(BLOB, "y = 0\n", "lib.py")], ["src/lib.py"]),
    "rename-case": ([(BLOB, "x = 0\n", "Other.py")], ["other.py"]),
    "mode": ([(RUN, "x = 0\n", "other.py")], []),
    "link-instead": ([(LINK, "src/calc.py", "other.py")], []),
    "link-added": ([(LINK, "src", "source")], []),
    "link-of-a-folder": ([(LINK, "src", "docs")], ["docs/index.md"]),
    "link-and-write": ([(LINK, "../other.py", "src/door.py"), (BLOB, "x = 2\n", "other.py")], []),
    "folder-instead": ([(BLOB, "", "other.py/inside.py")], ["other.py"]),
    "file-instead-of-src": ([(BLOB, "", "src")], ["src/calc.py", "src/lib.py", "src/secret/key.py"]),
    "case-of-folder": ([(BLOB, "x = 1\n", "SRC/calc.py")], []),
    "case-of-one-letter": ([(BLOB, "x = 1\n", "Src/new.py")], []),
    "lookalike": ([(BLOB, "x = 1\n", "\u0455rc/calc.py")], []),
    "invisible": ([(BLOB, "x = 1\n", "src\u200b/calc.py")], []),
    "space": ([(BLOB, "x = 1\n", " src/calc.py")], []),
    "submodule": ([(MODULE, None, "vendored")], []),
    "submodule-file": ([(BLOB, "[submodule]\n", ".gitmodules")], []),
    "attributes": ([(BLOB, "* -text\n", ".gitattributes")], []),
    "ignore": ([(BLOB, "*.log\n", ".gitignore")], []),
    "conftest": ([(BLOB, "", "conftest.py")], []),
    "configuration": ([(BLOB, "[tool.x]\n", "pyproject.toml")], []),
    "binary": ([(BLOB, "\x00\x01", "data.bin")], []),
    "off-limits": ([(BLOB, "key = 2\n", "src/secret/key.py")], []),
    "off-limits-new": ([(BLOB, "key = 2\n", "src/secret/new.py")], []),
    "off-limits-gone": ([], ["src/secret/key.py"]),
}  # fmt: skip


def commit(project, changes, *, parents=("main",)):
    """A commit on main with these changes, made without a checkout."""
    puts, takes = changes
    index = str(project.path / ".git" / "index.made")
    there = project.with_env(GIT_INDEX_FILE=index)
    there.git("read-tree", parents[0])
    # An owned change as well: it would pass without the escape.
    for path in takes:
        there.git("update-index", "--force-remove", "--", path)
    for mode, content, path in [(BLOB, "y = 1\n", "src/fine.py"), *puts]:
        if mode == MODULE:
            oid = project.git("rev-parse", "main")
        elif path == "src/fine.py" and any(p == "src" for _, _, p in puts):
            continue
        else:
            made = project.program("git", "hash-object", "-w", "--stdin", input=content)
            oid = made.stdout.strip()
        there.git("update-index", "--add", "--cacheinfo", f"{mode},{oid},{path}")
    tree = there.git("write-tree")
    words = [word for parent in parents for word in ("-p", parent)]
    return project.git("commit-tree", tree, *words, "-m", "made")


@pytest.fixture
def base(project):
    files = {"src/calc.py": "y = 0\n", "src/lib.py": "y = 0\n", "other.py": "x = 0\n"}
    files |= {"src/secret/key.py": "key = 1\n", "docs/index.md": "hello\n"}
    for name, text in files.items():
        (project.path / name).parent.mkdir(parents=True, exist_ok=True)
        (project.path / name).write_text(text)
    project.git("add", "-A")
    project.git("commit", "-qm", "more files")
    return project


def test_no_way_leads_out_of_a_territory(base):
    names = []
    for name, changes in ESCAPES.items():
        base.git("branch", name, commit(base, changes))
        names.append(name)
    # Brought in by a merge, and spread over two commits.
    base.git("branch", "side", commit(base, ([(BLOB, "x = 3\n", "other.py")], [])))
    merged = commit(base, ([(BLOB, "x = 3\n", "other.py")], []), parents=("main", "side"))  # fmt: skip
    base.git("branch", "merged", merged)
    base.git("branch", "first", commit(base, ([(BLOB, "", "late.py")], [])))
    base.git("branch", "second", commit(base, ([(BLOB, "z", "src/z.py")], []), parents=("first",)))  # fmt: skip
    base.git("branch", "honest", commit(base, ([], [])))
    names += ["merged", "second", "honest"]
    words = ["--owns", "src/**", "--off-limits", "src/secret/", "--fast", "--base", "main"]  # fmt: skip
    told = base.json("judge", *names, *words)
    passed = {
        one["label"]
        for one in told["candidates"]
        for gate in one["gates"]
        if gate["name"] == "territory" and gate["passed"]
    }
    assert len(names) - 1 >= 25
    assert passed == {"honest"}
    assert told["verdict"]["winner"] == "honest"
    [edit] = [one for one in told["candidates"] if one["label"] == "edit"]
    [flag] = [one for one in edit["flags"] if one["id"] == "outside-territory"]
    assert flag["evidence"] == ["other.py"]


def test_without_a_territory_there_is_no_such_gate(base):
    base.git("branch", "edit", commit(base, ESCAPES["edit"]))
    told = base.json("judge", "edit", "--fast")
    assert "territory" not in [gate["name"] for gate in told["candidates"][0]["gates"]]


def test_an_exception_is_allowed_and_the_gate_holds_for_the_merge(base):
    base.git("branch", "edit", commit(base, ESCAPES["edit"]))
    base.git("branch", "key", commit(base, ESCAPES["off-limits"]))
    words = ["--owns", "src/**", "--off-limits", "src/secret/"]
    told = base.json("judge", "edit", *words, "--except", "other.py", "--fast")
    assert told["verdict"]["winner"] == "edit"
    told = base.json("judge", "key", *words, "--fast", code=1)
    main = base.git("rev-parse", "main")
    refused = base.arena("merge", told["run"], "key")
    assert refused.returncode == 1
    assert "territory: 1" in refused.stderr
    assert base.git("rev-parse", "main") == main


def test_an_agent_is_told_its_territory_and_kept_to_it(project, tmp_path):
    program = tmp_path / "agent.sh"
    program.write_text(
        "#!/bin/sh\nif [ $ARENA_LABEL = command-1 ]; then echo > calc.py; fi\n"
        'mkdir -p docs; echo "$1" > docs/told.md\n'
    )
    program.chmod(0o755)
    (project.path / "arena.toml").write_text(f'command = ["{program}", "{{prompt}}"]\n')
    words = ["run", "Write docs", "--agents", "command:2", "--base", "HEAD"]
    told = project.json(*words, "--owns", "docs/", "--merge", "never")
    assert told["verdict"]["winner"] == "command-2"
    [winner] = [c for c in told["candidates"] if c["label"] == "command-2"]
    said = project.git("show", f"{winner['commit']}:docs/told.md")
    assert "- yours: docs/" in said


@pytest.mark.parametrize(
    ("facts", "path", "held"),
    [
        ({}, "a.py", True),
        ({"owns": ("src/",)}, "src/a/b.py", True),
        ({"owns": ("src/",)}, "lib/src/a.py", True),
        ({"owns": ("/src/",)}, "lib/src/a.py", False),
        ({"owns": ("*.md",)}, "docs/a.md", True),
        ({"owns": ("src/*.py",)}, "src/a/b.py", False),
        ({"off_limits": ("*.lock",)}, "a/b.lock", False),
        ({"owns": ("src/",), "off_limits": ("src/x/",)}, "src/x/a", False),
        ({"owns": ("src/",), "off_limits": ("src/x/",), "excepted": ("src/x/a",)}, "src/x/a", True),
        ({"owns": ("src/",), "excepted": ("a.py",)}, "a.py", True),
    ],
)  # fmt: skip
def test_patterns_are_gits_own(facts, path, held):
    assert Territory(**facts).holds(path) == held
