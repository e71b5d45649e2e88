"""How work lands: as a merge, as one commit, as its commits again; signed, with hooks, or not at all."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from arena.errors import ArenaError
from arena.land import undo
from arena.machine import fingerprint
from arena.machine.transaction import Move

MESSAGE = "Prices (arena r1)\n\nArena-Run: r1\nArena-Candidate: b\n"
SIGNER = """#!/bin/sh
# Signs as gpg does: status lines on the descriptor that it is told, the signature on its output.
[ -z "$HOME" ] && exit 1
cat > /dev/null
echo "[GNUPG:] SIG_CREATED " >&2
printf -- "-----BEGIN PGP SIGNATURE-----\\n\\nof %s\\n-----END PGP SIGNATURE-----\\n" "$3"
"""


def branch_of_two(project: Any) -> str:
    """Two commits by other people on a branch of the user's."""
    project.git("checkout", "-q", "-b", "side")
    for name, who in {"b.txt": "Grace", "c.txt": "Grace", "d.txt": "Linus"}.items():
        (project.path / name).write_text(f"{name}\n")
        project.git("add", "-A")
        author = f"--author={who} <{who.lower()}@example.org>"
        words = f"add {name}\n\nCo-authored-by: Barbara <barbara@example.org>"
        project.git("commit", "-q", author, "--date=1700000000 +0100", "-m", words)
    tip = project.git("rev-parse", "HEAD")
    project.git("checkout", "-q", "main")
    project.commit(**{"user.txt": "meanwhile\n"})
    return str(tip)


def log(project: Any, since: str) -> list[str]:
    words = ("log", "--reverse", "--format=%s|%an|%at|%cn|%P", f"{since}..main")
    return str(project.git(*words)).splitlines()


def test_squash_is_one_commit_of_all_its_authors(project: Any) -> None:
    tip = branch_of_two(project)
    old = project.git("rev-parse", "main")
    seen: list[Move] = []
    project.land(
        tip, style="squash", message=MESSAGE, judge=lambda m: seen.append(m) or ()
    )
    assert log(project, old) == [f"Prices (arena r1)|Grace|1700000000|Ada|{old}"]
    body = project.git("log", "-1", "--format=%b", "main").splitlines()
    assert body[:3] == ["* add b.txt", "* add c.txt", "* add d.txt"]
    assert body[4:] == [
        "Arena-Run: r1",
        "Arena-Candidate: b",
        "Co-authored-by: Linus <linus@example.org>",
        "Co-authored-by: Barbara <barbara@example.org>",
    ]
    assert (seen[0].old, seen[0].new) == (old, project.git("rev-parse", "main"))
    assert project.clean()
    with pytest.raises(ArenaError, match="brings nothing that main does not have"):
        project.land(tip, style="squash", message=MESSAGE)
    undo(project.session)
    assert project.git("rev-parse", "main") == old
    assert project.clean()


def test_squash_of_one_commit_keeps_its_words(project: Any) -> None:
    commit = project.candidate(**{"b.txt": "b\n"})
    project.land(commit, style="squash", message=MESSAGE)
    said = project.git("log", "-1", "--format=%an%n%B", "main")
    assert said == "Ada\nchange b.txt\n\nArena-Run: r1\nArena-Candidate: b"


def test_rebase_keeps_each_commit(project: Any) -> None:
    tip = branch_of_two(project)
    old = project.git("rev-parse", "main")
    project.land(tip, style="rebase")
    rows = [line.split("|") for line in log(project, old)]
    assert [row[:4] for row in rows] == [
        ["add b.txt", "Grace", "1700000000", "Ada"],
        ["add c.txt", "Grace", "1700000000", "Ada"],
        ["add d.txt", "Linus", "1700000000", "Ada"],
    ]
    assert rows[0][4] == old
    assert project.files()["user.txt"] == b"meanwhile\n"
    assert project.clean()
    project.git("fsck", "--strict")


def test_rebase_refuses_merges_and_conflicts(project: Any) -> None:
    tip = branch_of_two(project)
    project.git("checkout", "-q", "side")
    project.git("merge", "-q", "--no-edit", "main")
    merged = project.git("rev-parse", "HEAD")
    project.git("checkout", "-q", "main")
    with pytest.raises(ArenaError, match=r"is a merge, which can't be rebased"):
        project.land(merged, style="rebase")
    project.commit(**{"c.txt": "mine\n"})
    with pytest.raises(ArenaError, match=r"conflicts with main in c.txt. Try --style"):
        project.land(tip, style="rebase")
    assert project.clean()


@pytest.mark.parametrize("style", ["squash", "rebase"])
def test_how_to_take_it_back_once_the_target_moved_on(project: Any, style: str) -> None:
    tip = branch_of_two(project)
    before = project.files()
    project.land(tip, style=style, message=MESSAGE)
    project.commit(**{"later.txt": "later\n"})
    with pytest.raises(ArenaError, match="newer commits") as caught:
        undo(project.session)
    command = str(caught.value).partition("run on main: git ")[2].partition(". ")[0]
    project.git(*command.split(), "--no-edit")
    assert project.files() == before | {"later.txt": b"later\n"}


def test_signed_where_the_users_git_signs(project: Any, tmp_path: Path) -> None:
    signer = tmp_path / "signer"
    signer.write_text(SIGNER)
    signer.chmod(0o755)
    config = tmp_path / "home" / "gitconfig"
    with config.open("a") as file:
        file.write(f"[gpg]\n\tprogram = {signer}\n")
    project.git("config", "commit.gpgSign", "true")
    project.git("config", "user.signingKey", "KEY1")
    commit = project.candidate(**{"b.txt": "b\n"})
    # A program that the repository itself names is not started: agents can write there.
    project.git("config", "gpg.program", str(tmp_path / "planted"))
    (tmp_path / "planted").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\nexit 1\n")
    (tmp_path / "planted").chmod(0o755)
    project.land(commit)
    assert "gpgsig -----BEGIN PGP SIGNATURE-----" in project.git(
        "cat-file", "commit", "main"
    )
    assert not (tmp_path / "ran").exists()

    signer.write_text("#!/bin/sh\necho no key >&2\nexit 1\n")
    old = project.git("rev-parse", "main")
    other = project.candidate(**{"c.txt": "c\n"})
    with pytest.raises(ArenaError, match="failed to sign"):
        project.land(other)
    assert project.git("rev-parse", "main") == old


def hook(project: Any, name: str, script: str) -> None:
    path = project.path / ".git" / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


HOOKS = {"run_hooks": True}


def test_no_hook_runs_by_itself(project: Any, tmp_path: Path) -> None:
    for name in (
        "pre-merge-commit",
        "commit-msg",
        "post-merge",
        "reference-transaction",
    ):
        hook(project, name, f"touch {tmp_path}/ran; exit 1")
    project.land(project.candidate(**{"b.txt": "b\n"}))
    assert not (tmp_path / "ran").exists()


def test_hooks_see_what_lands_and_may_change_the_message(
    project: Any, tmp_path: Path
) -> None:
    seen = tmp_path / "seen"
    hook(
        project,
        "pre-merge-commit",
        f"(git rev-parse --show-toplevel; cat b.txt; git ls-files; git diff --cached --name-only HEAD) > {seen}",
    )
    hook(project, "commit-msg", 'echo "Reviewed-by: hook" >> "$1"')
    hook(project, "post-merge", f"cat b.txt > {tmp_path}/after; exit 1")
    project.land(
        project.candidate(**{"b.txt": "b\n"}), settings=HOOKS, message="Merge b\n"
    )
    top, *rest = seen.read_text().splitlines()
    assert top != str(project.path)
    assert rest == ["b", ".gitignore", "a.txt", "b.txt", "gone.txt", "b.txt"]
    assert project.git("log", "-1", "--format=%B") == "Merge b\nReviewed-by: hook"
    assert (tmp_path / "after").read_text() == "b\n"
    assert project.clean()
    assert project.kinds()[-2:] == ["hook", "hook-failed"]


def test_a_hook_that_says_no_stops_the_landing(project: Any) -> None:
    hook(project, "pre-commit", "echo do not; exit 3")
    old = project.git("rev-parse", "main")
    commit = project.candidate(**{"b.txt": "b\n"})
    with pytest.raises(ArenaError, match=r"your hook pre-commit says no \(do not\)"):
        project.land(commit, settings=HOOKS, style="squash")
    assert project.git("rev-parse", "main") == old
    project.land(commit, settings=HOOKS)  # a merge has another hook


def test_hooks_that_changed_while_agents_worked_do_not_run(
    project: Any, tmp_path: Path
) -> None:
    hook(project, "pre-merge-commit", f"touch {tmp_path}/ran")
    project.journal.add(
        "repository-changed", what=".git/hooks/pre-merge-commit changed", restore="rm"
    )
    with pytest.raises(ArenaError, match="so no hook is run"):
        project.land(project.candidate(**{"b.txt": "b\n"}), settings=HOOKS)
    assert not (tmp_path / "ran").exists()


def test_hooks_are_found_where_the_repository_says_and_watched_there(
    project: Any, tmp_path: Path
) -> None:
    """As tools have them that keep hooks in a folder of the checkout which git ignores."""
    folder = project.path / "build" / "hooks"
    folder.mkdir(parents=True)
    project.git("config", "core.hooksPath", "build/hooks")
    (folder / "pre-merge-commit").write_text("#!/bin/sh\necho not today; exit 1\n")
    (folder / "pre-merge-commit").chmod(0o755)
    commit = project.candidate(**{"b.txt": "b\n"})
    with pytest.raises(ArenaError, match="not today"):
        project.land(commit, settings=HOOKS)

    before = fingerprint.take(project.repo, saved=tmp_path / "saved")
    (folder / "pre-merge-commit").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    found = fingerprint.changes(project.repo, before, saved=tmp_path / "saved")
    [(what, restore)] = found
    project.journal.add("repository-changed", what=what, restore=restore)
    with pytest.raises(ArenaError, match="so no hook is run"):
        project.land(commit, settings=HOOKS)
    assert not (tmp_path / "ran").exists()
    subprocess.run(["sh", "-c", restore], check=True)
    assert "not today" in (folder / "pre-merge-commit").read_text()


def test_a_staging_branch_is_never_protected(project: Any) -> None:
    project.git("branch", "arena/r1/staging")
    commit = project.candidate(**{"b.txt": "b\n"})
    staging = "refs/heads/arena/r1/staging"
    project.land(commit, target=staging, settings={"protected": ("*",)})


def test_nothing_lands_on_a_protected_branch(project: Any) -> None:
    commit, old = (
        project.candidate(**{"b.txt": "b\n"}),
        project.git("rev-parse", "main"),
    )
    with pytest.raises(ArenaError, match=r"main is protected .* --pr"):
        project.land(commit, settings={"protected": ("release/*", "ma*")})
    assert project.git("rev-parse", "main") == old
    project.land(commit, settings={"protected": ("release/*",)})
