"""`arena --help` and `arena status` load nothing heavy."""

import pytest

HEAVY = {"pandas", "numpy", "git", "jinja2", "pytest", "coverage", "radon", "rich"}
WATCH = """
import atexit, os, sys

def tell():
    with open(os.environ["MODULES"], "w") as file:
        file.write("\\n".join(sys.modules))

atexit.register(tell)
"""


@pytest.mark.parametrize(
    "words", [["--help"], ["judge", "--help"], ["--version"], ["status"], ["list"]]
)
def test_no_heavy_module_is_loaded(judged, tmp_path, words):
    (tmp_path / "sitecustomize.py").write_text(WATCH)
    seen = tmp_path / "modules"
    judged.with_env(PYTHONPATH=str(tmp_path), MODULES=str(seen)).told(*words)
    modules = set(seen.read_text().split())
    assert "arena.cli" in modules
    assert not HEAVY & modules
