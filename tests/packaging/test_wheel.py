"""The built wheel, installed in a fresh environment, works outside of the checkout; so does the sdist's content."""

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def run(*words, **options):
    done = subprocess.run(
        [str(w) for w in words], capture_output=True, text=True, check=False, **options
    )
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    out = tmp_path_factory.mktemp("dist")
    run(
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        out,
        ROOT,
    )
    return out


def test_the_wheel_holds_rubrics_templates_and_the_type_marker(built):
    (wheel,) = built.glob("arena_judge-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for wanted in (
        "arena/rubrics/default.toml",
        "arena/templates/report.html.j2",
        "arena/py.typed",
    ):
        assert wanted in names
    assert "arena/templates/demo/src/parcel/price.py" in names
    assert not [
        name for name in names if name.startswith(("tests/", "benchmarks/", "docs/"))
    ]


def test_the_demonstration_runs_from_an_installed_wheel(built, tmp_path):
    (wheel,) = built.glob("arena_judge-*.whl")
    run(sys.executable, "-m", "venv", tmp_path / "env")
    python = tmp_path / "env" / "bin" / "python"
    run(
        python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        wheel,
        timeout=500,
    )
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "ARENA_STATE_DIR": str(tmp_path / "state"),
        "ARENA_CACHE_DIR": str(tmp_path / "cache"),
    }
    arena = tmp_path / "env" / "bin" / "arena"
    done = run(
        arena, "demo", "--json", tmp_path / "demo" / "parcel", cwd=tmp_path, env=env
    )
    found = json.loads(done.stdout)
    assert found["verdict"]["confidence"] in ("clear", "decisive")
    assert found["landed"]["target"] == "main"
    assert Path(found["report"]).is_file()
    run(arena, "rubric", "check", "default", cwd=tmp_path, env=env)


def test_a_wheel_can_be_built_from_the_sdist(tmp_path):
    run(
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--target",
        tmp_path / "tools",
        "build",
    )
    env = {**os.environ, "PYTHONPATH": str(tmp_path / "tools")}
    run(sys.executable, "-m", "build", "--outdir", tmp_path / "dist", ROOT, env=env)
    (sdist,) = (tmp_path / "dist").glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = archive.getnames()
    assert any(name.endswith("/rubrics/default.toml") for name in names)
    assert list((tmp_path / "dist").glob("*.whl"))
