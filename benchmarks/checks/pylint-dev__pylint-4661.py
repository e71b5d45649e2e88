"""pylint 4661: persistent data must go to XDG base directories instead of ~/.pylint.d."""

import os
import subprocess
import sys


def _run(tmp_path, **extra):
    """Lint one module with a fresh home; give the home and the files written outside the project."""
    home, work = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    (work / "somemod.py").write_text('"""Doc."""\nVALUE = 1\n')
    env = {
        k: v
        for k, v in os.environ.items()
        if not k.startswith("XDG_") and k != "PYLINTHOME"
    }
    env["HOME"] = str(home)
    env["PYTHONPATH"] = os.pathsep.join(
        [os.getcwd()]
        + [os.path.abspath(p) for p in env.get("PYTHONPATH", "").split(os.pathsep) if p]
    )
    env.update({k: str(v) for k, v in extra.items()})
    proc = subprocess.run(
        [sys.executable, "-m", "pylint", "--persistent=y", "somemod.py"],
        cwd=str(work),
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert proc.returncode == 0, proc.stdout
    assert "Unable to create" not in proc.stdout
    stats = [p for p in tmp_path.rglob("*") if p.is_file() and work not in p.parents]
    assert stats, "no persistent data written"
    return home, stats


def test_home_directory_stays_clean(tmp_path):
    home, stats = _run(tmp_path)
    assert not (home / ".pylint.d").exists()
    allowed = [home / ".local" / "share", home / ".local" / "state", home / ".cache"]
    assert all(any(folder in p.parents for folder in allowed) for p in stats), stats


def test_xdg_variables_are_followed(tmp_path):
    xdg = {
        "XDG_%s_HOME" % n: tmp_path / "base-dirs" / n.lower()
        for n in ("DATA", "CACHE", "STATE", "CONFIG")
    }
    home, stats = _run(tmp_path, **xdg)
    assert list(home.iterdir()) == []
    assert all(tmp_path / "base-dirs" in p.parents for p in stats), stats


def test_pylinthome_still_wins(tmp_path):
    home, stats = _run(tmp_path, PYLINTHOME=tmp_path / "mydata")
    assert all(tmp_path / "mydata" in p.parents for p in stats), stats
    assert not (home / ".pylint.d").exists()
