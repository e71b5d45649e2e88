"""sphinx 9320: sphinx-quickstart in a folder with a conf.py must exit when Enter is pressed."""

import os
import subprocess
import sys


def _env():
    env = dict(os.environ, LC_ALL="C.UTF-8", LANGUAGE="C")
    env["PYTHONPATH"] = os.pathsep.join(
        [os.getcwd()]
        + [os.path.abspath(p) for p in env.get("PYTHONPATH", "").split(os.pathsep) if p]
    )
    return env


def _quickstart(cwd, answers, *args):
    proc = subprocess.run(
        [sys.executable, "-m", "sphinx.cmd.quickstart"] + list(args),
        cwd=str(cwd),
        env=_env(),
        input=answers,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
    )
    assert "Traceback" not in proc.stdout, proc.stdout
    return proc.stdout


def test_enter_exits(tmp_path):
    (tmp_path / "conf.py").write_text("# mine\n")
    out = _quickstart(tmp_path, "\n")
    assert "existing conf.py" in out
    assert "valid path name" not in out, out
    assert "Interrupted" not in out, out
    assert [p.name for p in tmp_path.iterdir()] == ["conf.py"]
    assert (tmp_path / "conf.py").read_text() == "# mine\n"


def test_enter_exits_for_a_path_argument_with_source_folder(tmp_path):
    docs = tmp_path / "docs"
    (docs / "source").mkdir(parents=True)
    (docs / "source" / "conf.py").write_text("# mine\n")
    out = _quickstart(tmp_path, "\n", str(docs))
    assert "valid path name" not in out, out
    assert "Interrupted" not in out, out
    assert [p.name for p in docs.iterdir()] == ["source"]


def test_other_path_is_still_taken(tmp_path):
    (tmp_path / "conf.py").write_text("")
    (tmp_path / "fresh").mkdir()
    out = _quickstart(tmp_path, "fresh\n")
    assert "Separate source and build" in out, out


def test_wrong_path_is_still_refused(tmp_path):
    (tmp_path / "conf.py").write_text("")
    out = _quickstart(tmp_path, "no/such/folder\n")
    assert "valid path name" in out and "Separate source and build" not in out, out
