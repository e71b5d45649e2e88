"""The project's Python: chosen in order, described as it is, lent our plugins with nothing installed into it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from arena.errors import ArenaError
from arena.machine import environment, process
from arena.machine.environment import Environment

PYENV = Path("~/.pyenv/versions").expanduser()
MINORS = ("3.8", "3.9", "3.10", "3.12", "3.13")


def other_python(minor: str) -> Path:
    """An interpreter of another minor version; the test is skipped where there is none."""
    found = process.which(f"python{minor}")
    places = [Path(found)] if found else []
    places += sorted(PYENV.glob(f"{minor}.*/bin/python"))
    for python in places:
        told = subprocess.run(
            [python, "-c", "print(1)"], capture_output=True, check=False
        )
        if told.returncode == 0:
            return python
    pytest.skip(f"Python {minor} is not installed here")


def new_environment(python: Path, folder: Path) -> Path:
    """An environment of its own with nothing in it, not even pip; returns its interpreter."""
    command = [python, "-m", "venv", "--without-pip", folder]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "bin" / "python"


def install(site: Path, name: str, version: str, points: str = "") -> None:
    """An installed distribution, as far as its metadata goes."""
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    )
    if points:
        (info / "entry_points.txt").write_text(f"[pytest11]\n{points}\n")


def fake(folder: Path) -> Path:
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").symlink_to(sys.executable)
    return folder / "bin" / "python"


def listing(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*"))


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """No package index."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)


def test_the_interpreter_is_chosen_in_a_documented_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = tmp_path / "top"
    top.mkdir()

    def choose(configured: str | None = None) -> tuple[Path, str]:
        return environment.choose_python(top, configured=configured)

    assert choose() == (Path(sys.executable), "arena's own interpreter")
    venv = fake(top / "venv")
    assert choose() == (venv, "venv in the repository")
    dot = fake(top / ".venv")
    assert choose() == (dot, ".venv in the repository")
    active = fake(tmp_path / "active")
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "active"))
    assert choose() == (active, "the active virtual environment")
    assert choose(str(venv)) == (venv, "--python")
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "gone"))
    assert choose() == (dot, ".venv in the repository")
    dot.unlink()
    assert choose() == (venv, "venv in the repository")


def test_a_configured_interpreter_may_be_a_name_a_path_or_at_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = fake(tmp_path / "home" / "mine")
    monkeypatch.chdir(tmp_path)
    for word in ("~/mine/bin/python", "home/mine/bin/python", str(mine)):
        assert environment.choose_python(tmp_path, configured=word) == (
            mine,
            "--python",
        )
    monkeypatch.setenv("PATH", str(mine.parent))
    assert environment.choose_python(tmp_path, configured="python") == (
        mine,
        "--python",
    )


@pytest.mark.parametrize("word", ["no-such-python", "/etc/passwd", "/tmp"])
def test_a_configured_interpreter_that_is_none_is_refused(
    tmp_path: Path, word: str
) -> None:
    with pytest.raises(ArenaError, match=r"--python .*: no such interpreter"):
        environment.choose_python(tmp_path, configured=word)


def test_a_program_that_is_no_interpreter_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArenaError, match="does not work as an interpreter"):
        environment.describe(Path("/bin/true"), "--python")


def test_an_environment_is_described_and_nothing_installed_into_it(
    tmp_path: Path,
) -> None:
    python = new_environment(Path(sys.executable), tmp_path / "env")
    site = next((tmp_path / "env" / "lib").glob("python*/site-packages"))
    install(site, "My_Plugin", "1.2", "mine = my_plugin.plugin\nother = my_plugin:x")
    install(site, "plain", "3")
    (tmp_path / "src").mkdir()
    (site / "__editable__.pth").write_text(f"{tmp_path / 'src'}\n")
    before = listing(tmp_path / "env")
    env = environment.describe(python, "because")
    assert listing(tmp_path / "env") == before
    assert (env.python, env.found) == (python, "because")
    assert env.version == ".".join(map(str, sys.version_info[:3]))
    assert env.cache_tag == sys.implementation.cache_tag
    assert env.prefix == tmp_path / "env"
    assert env.base_prefix == Path(sys.base_prefix)
    assert site in env.path
    assert set(env.site) == {site}
    assert [(p.distribution, p.name, p.module) for p in env.plugins] == [
        ("My_Plugin", "mine", "my_plugin.plugin"),
        ("My_Plugin", "other", "my_plugin:x"),
    ]
    assert env.distributions == {"my-plugin": "1.2", "plain": "3"}
    assert env.editable_roots == (tmp_path / "src",)


def test_an_editable_install_by_a_finder_is_seen(tmp_path: Path) -> None:
    python = new_environment(Path(sys.executable), tmp_path / "env")
    site = next((tmp_path / "env" / "lib").glob("python*/site-packages"))
    (site / "__editable___mine_finder.py").write_text(
        f"import sys\nMAPPING = {{'mine': {str(tmp_path / 'src' / 'mine')!r}}}\n"
        "class Finder:\n    @classmethod\n    def find_spec(cls, *a): return None\n"
        "def install(): sys.meta_path.append(Finder)\n"
    )
    (site / "__editable__.mine.pth").write_text(
        "import __editable___mine_finder; __editable___mine_finder.install()\n"
    )
    env = environment.describe(python, "because")
    assert env.editable_roots == (tmp_path / "src",)


def test_what_is_installed_shows_in_the_fingerprint(tmp_path: Path) -> None:
    python = new_environment(Path(sys.executable), tmp_path / "env")
    site = next((tmp_path / "env" / "lib").glob("python*/site-packages"))
    first = environment.describe(python, "one")
    environment.describe.cache_clear()
    assert environment.describe(python, "two").fingerprint == first.fingerprint
    more = environment.with_extra_path(first, tmp_path / "a", tmp_path / "b")
    assert more.extra_path == (tmp_path / "a", tmp_path / "b")
    assert more.fingerprint != first.fingerprint
    install(site, "plain", "3")
    environment.describe.cache_clear()
    assert environment.describe(python, "one").fingerprint != first.fingerprint


def lent_works(env: Environment) -> str:
    """Imports the lent plugins as the runner does; what coverage says of a program of two lines."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\nimport coverage, pytest_metadata\n"
        "c = coverage.Coverage(data_file=None, config_file=False); c.start()\nc.stop()\n"
        "print(coverage.__file__.startswith(sys.argv[1]))"
    )
    said = process.capture([str(env.python), "-c", code, str(env.lent)], env={})
    assert said.exit_code == 0, said.stderr
    return said.stdout.strip()


def test_our_plugins_are_lent_from_a_private_folder(tmp_path: Path) -> None:
    python = new_environment(Path(sys.executable), tmp_path / "env")
    env = environment.describe(python, "because")
    assert env.lent.is_relative_to(tmp_path / "cache" / "lent")
    assert sys.implementation.cache_tag in env.lent.name
    packages = {p.name for p in env.lent.iterdir() if p.is_dir()}
    assert packages == {"coverage", "pytest_jsonreport", "pytest_metadata"}
    assert list(env.lent.parent.iterdir()) == [env.lent]
    # The process runs with a cache folder, so that nothing but ours can answer.
    assert lent_works(env) == "True"
    stamp = env.lent.stat().st_mtime_ns
    environment.describe.cache_clear()
    assert environment.describe(python, "again").lent == env.lent
    assert env.lent.stat().st_mtime_ns == stamp


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("minor", MINORS)
def test_another_minor_version_is_described_also_without_an_index(
    tmp_path: Path, minor: str
) -> None:
    python = new_environment(other_python(minor), tmp_path / "env")
    site = next((tmp_path / "env" / "lib").glob("python*/site-packages"))
    install(site, "plug-in", "1", "mine = plug_in")
    before = listing(tmp_path / "env")
    env = environment.describe(python, "because")
    assert env.version.startswith(minor + ".")
    assert env.cache_tag == "cpython-" + minor.replace(".", "")
    assert env.cache_tag in env.lent.name
    assert [p.module for p in env.plugins] == ["plug_in"]
    assert env.distributions == {"plug-in": "1"}
    assert env.editable_roots == ()
    assert (env.lent / "pytest_jsonreport").is_dir()
    # Either the copy works there, or none is lent and that is said.
    assert env.covers == (env.lent / "coverage").is_dir()
    if env.covers:
        assert lent_works(env) == "True"
    else:
        assert minor in ("3.8", "3.9", "3.10")  # older than our coverage needs
    assert listing(tmp_path / "env") == before


def test_the_variables_for_code_under_test(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SECRET_TOKEN", "PYTEST_ADDOPTS", "PYTHONPATH", "GIT_DIR", "ALLOWED"):
        monkeypatch.setenv(name, "x")
    allowed = environment.allowed_variables(["ALLOWED", "NOT_SET"])
    assert allowed == {"ALLOWED": "x"}
    found = environment.clean_variables({**allowed, "TZ": "CET"}, home=tmp_path)
    assert found["PATH"] == os.environ["PATH"]
    assert found["HOME"] == found["TMPDIR"] == str(tmp_path)
    assert (found["ALLOWED"], found["TZ"], found["PYTHONHASHSEED"]) == ("x", "CET", "0")
    assert set(found) <= {
        "PATH", "LD_LIBRARY_PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "TZ", "PYTHONHASHSEED",
        "SOURCE_DATE_EPOCH", "ALLOWED",
    }  # fmt: skip
    assert environment.clean_variables({})["HOME"] == "/nonexistent"
