"""The document of a real judgement: real commits, real tests, the command line; then every format of it."""

import html
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from arena.report import formats as report
from arena.report import patch

ODD = "odd näme b/two words.txt"
SUM = "def total(items):\n    return sum(items[1:])\n"
TEST = "from shop import total\n\ndef test_total():\n    assert total([1, 2]) == 3\n\n"
KEEP = "def test_empty():\n    assert total([]) == 0\n"


def run(place: Path, *words: str) -> str:
    done = subprocess.run(words, cwd=place, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def commit(repo: Path, branch: str, files: dict[str, bytes | None]) -> None:
    """A commit on a new branch of main; None deletes a file."""
    run(repo, "git", "switch", "-q", "-c", branch, "main")
    for name, data in files.items():
        path = repo / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink() if data is None else path.write_bytes(data)
    run(repo, "git", "add", "-A")
    run(repo, "git", "commit", "-q", "-m", f"{branch}: add up\n\nAll of them.")


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A project with a failing test and three branches that answer it."""
    place = tmp_path_factory.mktemp("document")
    with pytest.MonkeyPatch.context() as patcher:
        for name in [n for n in os.environ if n.startswith(("GIT_", "ARENA_", "XDG_"))]:
            patcher.delenv(name)
        patcher.setenv("HOME", str(place))
        patcher.setenv("ARENA_STATE_DIR", str(place / "state"))
        patcher.setenv("ARENA_CACHE_DIR", str(place / "cache"))
        for who in ("AUTHOR", "COMMITTER"):
            patcher.setenv(f"GIT_{who}_NAME", "Ada")
            patcher.setenv(f"GIT_{who}_EMAIL", "ada@example.org")
            # Which of two equal trees is shown goes by commit id: with this date it is "right".
            patcher.setenv(f"GIT_{who}_DATE", "2026-01-02T03:04:06Z")
        run(place, "git", "init", "-q", "-b", "main", "shop")
        repo = place / "shop"
        (repo / "shop.py").write_text(SUM)
        (repo / "test_shop.py").write_text(TEST + KEEP)
        (repo / "old.txt").write_text("the same\n" * 9)
        (repo / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
        run(repo, "git", "add", "-A")
        run(repo, "git", "commit", "-q", "-m", "begin")
        right = SUM.replace("[1:]", "").encode()
        odd = {ODD: b"x\n" * 900, "new.txt": b"the same\n" * 9, "old.txt": None}
        commit(repo, "right", {"shop.py": right, "blob.bin": bytes(99), **odd})
        commit(repo, "twin", {"shop.py": right, "blob.bin": bytes(99), **odd})
        commit(repo, "wrong", {"shop.py": b"def total(items):\n    return 3\n"})
        yield repo


@pytest.fixture(scope="module")
def judged(repo: Path) -> dict[str, Any]:
    arena = (sys.executable, "-P", "-m", "arena", "judge", "--json")
    suite = ("--suite", "test_shop.py", "--merge", "never")
    found = json.loads(run(repo, *arena, "right", "twin", "wrong", *suite))
    (folder,) = (repo.parent / "state").glob("*/runs/*")
    whole: dict[str, Any] = json.loads((folder / "document.json").read_text())
    assert {k: v for k, v in whole.items() if k != "details"} == found
    return whole


def test_the_verdict_in_words(judged: dict[str, Any]) -> None:
    assert judged["verdict"]["winner"] == "right"
    assert judged["verdict"]["headline"].startswith("right ")
    what = "tests the merged tree, then moves main"
    assert [item["what"] for item in judged["next"]] == [what]
    assert judged["next"][0]["command"].startswith(f"arena merge {judged['run']}")
    assert judged["undo"] is None
    order = [(c["label"], c["rank"], c["excluded"]) for c in judged["candidates"]]
    assert order[:2] == [("right", 1, None), ("twin", None, "the same change as right")]
    assert order[2][:2] == ("wrong", None)
    assert order[2][2]


def test_base_and_tests(judged: dict[str, Any]) -> None:
    assert judged["base"]["name"] == "main"
    assert judged["base"]["counts"] == {"passed": 1, "failed": 1, "skipped": 0}
    tests = judged["details"]["tests"]
    assert tests["columns"] == ["base", "right", "twin", "wrong"]
    assert dict(zip(tests["ids"], tests["rows"], strict=True)) == {
        "test_shop.py::test_empty": "PPPF",
        "test_shop.py::test_total": "FPPP",
    }
    assert tests["required"] == [0, 1]


def test_calls_that_are_answered_differently(judged: dict[str, Any]) -> None:
    found = judged["details"]["behaviour"]
    assert found["columns"] == ["base", "right", "twin", "wrong"]
    rows = {row["call"]: row["results"] for row in found["rows"]}
    assert rows
    for call, answers in rows.items():
        assert len(answers) == 4
        assert answers[1] != answers[3], call
        assert answers[3] in ("3", None)


def test_measurements_carry_value_unit_base_and_reason(judged: dict[str, Any]) -> None:
    first = judged["candidates"][0]
    assert first["measurements"]["tests.fixed"] == {
        "value": 1,
        "unit": "tests",
        "base": 0,
        "why_none": None,
    }
    assert all(set(g) == {"name", "passed", "why"} for g in first["gates"])
    weights = {c["measure"]: c["weight"] for c in judged["rubric"]["criteria"]}
    assert set(first["points"]) == set(first["fractions"])
    assert all(weights[name] for name in first["points"])
    assert all(c["title"] and "unit" in c for c in judged["rubric"]["criteria"])
    assert all(g["title"] and g["condition"] for g in judged["rubric"]["gates"])


def test_provenance_and_replay(judged: dict[str, Any]) -> None:
    names = [name for name, _ in judged["provenance"]]
    assert names[:4] == ["base", "rubric", "seed", "arena"]
    assert {"interpreter", "isolation", "test command"} <= set(names)
    assert judged["replay"].startswith("arena judge right=")


def test_diffs_of_odd_files(judged: dict[str, Any]) -> None:
    files = {f["path"]: f for f in judged["details"]["diffs"]["right"]}
    assert set(files) == {"shop.py", "blob.bin", "new.txt", ODD}
    assert files["new.txt"]["old_path"] == "old.txt"
    assert files["blob.bin"]["lines"][0][0] == "hunk"
    assert (len(files[ODD]["lines"]), files[ODD]["cut"]) == (400, 501)
    assert [line[:3] for line in files["shop.py"]["lines"]] == [
        ["hunk", None, None],
        ["ctx", 1, 1],
        ["del", 2, None],
        ["add", None, 2],
    ]
    assert "twin" not in judged["details"]["diffs"]


def test_the_page_of_it(judged: dict[str, Any]) -> None:
    page = Path(judged["report"]).read_text(encoding="utf-8")
    assert page == report.html(judged)
    text = html.unescape(re.sub(r"</?(mark|code|span)[^>]*>", "", page))
    assert judged["verdict"]["headline"] in text
    assert "old.txt → new.txt" in text
    assert "501 more lines: git diff " in text
    assert "return sum(items[1:])" in text
    assert "In the author's words: <q>right: add up" in text
    assert "1 passed, 1 failed, 0 skipped" in text
    commits = {c["commit"] for c in judged["candidates"]}
    assert all(text.count(f"{c} (tree ") == 1 for c in commits)


def test_every_format_from_the_command_line(repo: Path, judged: dict[str, Any]) -> None:
    made: dict[str, Callable[[Any], str]] = {
        "html": report.html,
        "md": report.markdown,
        "csv": report.csv,
        "junit": report.junit,
        "text": lambda doc: report.terminal(doc, 100),
    }
    for kind, function in made.items():
        arena = (sys.executable, "-P", "-m", "arena", "report", "--format", kind)
        said = run(repo, *arena).replace("\r", "")
        assert said.strip() == function(judged).replace("\r", "").strip(), kind


def test_patches_as_git_writes_them(repo: Path) -> None:
    """Headers are never taken for lines, and lines that look like headers are never taken for those."""
    commit(repo, "tricky", {"shop.py": b"-- a\n++ b\ndiff --git a/x b/x\n@@ -1 +1 @@"})
    (file,) = patch.parse(run(repo, "git", "diff", "main", "tricky").encode())
    assert [line[3] for line in file["lines"] if line[0] == "add"] == [
        "-- a",
        "++ b",
        "diff --git a/x b/x",
        "@@ -1 +1 @@",
    ]
    assert (file["path"], file["old_path"], file["cut"]) == ("shop.py", None, 0)


# These make runs of their own or write this one anew: they stand last.


def test_nobody_passes_in_words(repo: Path) -> None:
    arena = (sys.executable, "-P", "-m", "arena", "judge", "--json", "--merge", "never")
    alone = json.loads(run(repo, *arena, "wrong", "--suite", "test_shop.py"))
    why = alone["candidates"][0]["excluded"]
    assert alone["verdict"]["headline"] == f"wrong does not pass: {why}."
    assert alone["next"] == []
    commit(repo, "worse", {"shop.py": b"def total(items):\n    return 4\n"})
    both = json.loads(run(repo, *arena, "wrong", "worse", "--suite", "test_shop.py"))
    assert re.fullmatch(
        r"Nobody passes: 2 of 2 fail at [\w.]+\.", both["verdict"]["headline"]
    )


def test_an_exploration_never_offers_to_merge(
    repo: Path, judged: dict[str, Any]
) -> None:
    arena = (sys.executable, "-P", "-m", "arena", "rescore", judged["run"], "--json")
    found = json.loads(run(repo, *arena, "--rubric", "exploration"))
    assert "right" in found["verdict"]["headline"]
    assert "win" not in found["verdict"]["headline"]
    assert found["next"] == []
    assert found["rubric"]["merge"] == "never"
